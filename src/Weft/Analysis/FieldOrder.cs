using System.Numerics;
using Weft.Values;

namespace Weft.Analysis;

/// <summary>
/// When two fields of runs are equal and which comes first, by the rules of Python, which wrote them: integers, floats and booleans compare by
/// number (1, 1.0 and true are one value), texts by code point, lists item by item, maps by content. All values may be equal; only two of a kind
/// have an order.
/// </summary>
internal sealed class FieldOrder : IEqualityComparer<Value>
{
    public static readonly FieldOrder Instance = new();

    public bool Equals(Value? x, Value? y) => (x, y) switch
    {
        (Value.List a, Value.List b) => a.Items.AsSpan().SequenceEqual(b.Items.AsSpan(), this),
        (Value.Map a, Value.Map b) => SameEntries(a, b),
        _ when IsNumber(x) && IsNumber(y) => CompareNumbers(x!, y!) == 0,
        _ => object.Equals(x, y),
    };

    public int GetHashCode(Value value)
    {
        if (IsNumber(value))
            return AsDouble(value).GetHashCode();
        var hash = new HashCode();
        switch (value)
        {
            case Value.List list:
                foreach (Value item in list.Items)
                    hash.Add(item, this);
                return hash.ToHashCode();
            case Value.Map map:
                foreach ((string key, Value item) in map.Entries)
                {
                    hash.Add(key, StringComparer.Ordinal);
                    hash.Add(item, this);
                }
                return hash.ToHashCode();
            default:
                return value.GetHashCode();
        }
    }

    /// <summary>Negative, zero or positive; null when the two have no order.</summary>
    public static int? Compare(Value x, Value y)
    {
        if (IsNumber(x) && IsNumber(y))
            return CompareNumbers(x, y);
        switch (x, y)
        {
            case (Value.Text a, Value.Text b):
                return CompareCodePoints(a.Content, b.Content);
            case (Value.Time a, Value.Time b):
                return a.Instant.CompareTo(b.Instant);
            case (Value.List a, Value.List b):
                for (int i = 0; i < Math.Min(a.Items.Length, b.Items.Length); i++)
                {
                    if (!Instance.Equals(a.Items[i], b.Items[i]))
                        return Compare(a.Items[i], b.Items[i]);
                }
                return a.Items.Length.CompareTo(b.Items.Length);
            default:
                return null;
        }
    }

    /// <summary>The number of an integer, a float or a boolean; null of anything else.</summary>
    public static double? NumberOf(Value value) => IsNumber(value) ? AsDouble(value) : null;

    private static bool IsNumber(Value? value) => value is Value.Int or Value.Float or Value.Bool;

    /// <summary>NaN comes before all numbers and is itself, so that sorting ends and groups are whole.</summary>
    private static int CompareNumbers(Value x, Value y) =>
        x is Value.Float || y is Value.Float ? AsDouble(x).CompareTo(AsDouble(y)) : AsInteger(x).CompareTo(AsInteger(y));

    private static BigInteger AsInteger(Value value) => value is Value.Int integer ? integer.Number : value is Value.Bool { Is: true } ? 1 : 0;

    private static double AsDouble(Value value) => value is Value.Float number ? number.Number : (double)AsInteger(value);

    private static bool SameEntries(Value.Map a, Value.Map b)
    {
        if (a.Entries.Count != b.Entries.Count)
            return false;
        foreach ((string key, Value value) in a.Entries)
        {
            if (!b.Entries.TryGetValue(key, out Value? other) || !Instance.Equals(value, other))
                return false;
        }
        return true;
    }

    /// <summary>UTF-16 units above the surrogates stand for smaller code points than surrogate pairs do.</summary>
    private static int CompareCodePoints(string a, string b)
    {
        for (int i = 0; i < Math.Min(a.Length, b.Length); i++)
        {
            if (a[i] != b[i])
                return char.IsSurrogate(a[i]) != char.IsSurrogate(b[i]) ? (char.IsSurrogate(a[i]) ? 1 : -1) : a[i].CompareTo(b[i]);
        }
        return a.Length.CompareTo(b.Length);
    }
}
