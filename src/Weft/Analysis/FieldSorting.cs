using Weft.Values;

namespace Weft.Analysis;

/// <summary>The order of a column's values: null last in both directions; values of several kinds by their text.</summary>
internal sealed class FieldSorting : IComparer<Value>
{
    private readonly bool _isReversed;
    private readonly bool _isMixed;

    private FieldSorting(bool isReversed, bool isMixed)
    {
        _isReversed = isReversed;
        _isMixed = isMixed;
    }

    public static FieldSorting Of(Column column, bool isReversed = false)
    {
        Value? first = column.FirstOrDefault(value => value is not Value.Null);
        bool isMixed = first is not null && column.Any(value => value is not Value.Null && (FieldOrder.NumberOf(value) is null) != (FieldOrder.NumberOf(first) is null));
        return new FieldSorting(isReversed, isMixed);
    }

    public int Compare(Value? x, Value? y)
    {
        if (x is Value.Null or null || y is Value.Null or null)
            return (x is Value.Null or null ? 1 : 0) - (y is Value.Null or null ? 1 : 0);
        int order = _isMixed ? FieldOrder.Compare(Value.Of(ConfigFields.TextOf(x)), Value.Of(ConfigFields.TextOf(y)))!.Value : Condition.Ordered(x, y);
        return _isReversed ? -order : order;
    }
}
