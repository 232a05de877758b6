using System.Globalization;

namespace Weft.Tracking.Search;

/// <summary>
/// Beyond MLflow's language, params are compared with numbers (<c>params.lr &lt; 0.01</c>) and by their order as texts. A param that is no number differs from all numbers.
/// No index answers that: the values of one param are read and looked at.
/// </summary>
internal static class SettingComparison
{
    /// <summary>Whether a clause is such a comparison.</summary>
    public static bool Is(Clause clause) => clause.Field.Kind == FieldKind.Param
        && (clause.Operand is Operand.Number || clause.Comparison is Comparison.Less or Comparison.LessOrEqual or Comparison.Greater or Comparison.GreaterOrEqual);

    /// <summary>Whether a clause that <see cref="Is"/> one holds for a param as it is written.</summary>
    public static bool Holds(Clause clause, string written)
    {
        if (clause.Operand is not Operand.Number { Value: var number })
            return Holds(clause.Comparison, string.CompareOrdinal(written, clause.Text), isNaN: false);
        return NumberOf(written) is { } param ? Holds(clause.Comparison, param.CompareTo(number), double.IsNaN(param)) : clause.Comparison == Comparison.NotEqual;
    }

    public static double? NumberOf(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : null;

    /// <param name="order">Of the value beside the operand.</param>
    /// <param name="isNaN">The value is no number: it only differs.</param>
    public static bool Holds(Comparison comparison, int order, bool isNaN) => comparison switch
    {
        Comparison.NotEqual => order != 0 || isNaN,
        _ when isNaN => false,
        Comparison.Equal => order == 0,
        Comparison.Less => order < 0,
        Comparison.LessOrEqual => order <= 0,
        Comparison.Greater => order > 0,
        _ => order >= 0,
    };
}
