using System.Text.RegularExpressions;
using Weft.Values;

namespace Weft.Analysis;

/// <summary>Predicates over the fields of one run, for <see cref="RunCollection.Filter(Func{Run, bool})"/>: two fields with each other, or the text of one.</summary>
/// <example><code>
/// runs.Filter(Fields.Greater("val_acc", "train_acc")).Filter(Fields.StartsWith("model", "resnet"));
/// </code></example>
public static class Fields
{
    /// <summary>Both fields are equal, see <see cref="Condition.Equal"/>. This and all others throw <see cref="KeyNotFoundException"/> on a run without the field.</summary>
    public static Func<Run, bool> Equal(string left, string right) => run => Condition.Equal(run[right]).Holds(run[left]);

    /// <summary>Both fields differ.</summary>
    public static Func<Run, bool> NotEqual(string left, string right) => run => !Condition.Equal(run[right]).Holds(run[left]);

    /// <summary>The left field is less than the right one; two of unlike kinds are an <see cref="InvalidOperationException"/>.</summary>
    public static Func<Run, bool> Less(string left, string right) => run => Condition.Ordered(run[left], run[right]) < 0;

    /// <summary>The left field is at most the right one; two of unlike kinds are an <see cref="InvalidOperationException"/>.</summary>
    public static Func<Run, bool> LessOrEqual(string left, string right) => run => Condition.Ordered(run[left], run[right]) <= 0;

    /// <summary>The left field is greater than the right one; two of unlike kinds are an <see cref="InvalidOperationException"/>.</summary>
    public static Func<Run, bool> Greater(string left, string right) => run => Condition.Ordered(run[left], run[right]) > 0;

    /// <summary>The left field is at least the right one; two of unlike kinds are an <see cref="InvalidOperationException"/>.</summary>
    public static Func<Run, bool> GreaterOrEqual(string left, string right) => run => Condition.Ordered(run[left], run[right]) >= 0;

    /// <summary>The text of the field begins so.</summary>
    public static Func<Run, bool> StartsWith(string key, string text) => run => run.Text(key).StartsWith(text, StringComparison.Ordinal);

    /// <summary>The text of the field ends so.</summary>
    public static Func<Run, bool> EndsWith(string key, string text) => run => run.Text(key).EndsWith(text, StringComparison.Ordinal);

    /// <summary>The text of the field matches from its beginning; what follows the match may be anything.</summary>
    public static Func<Run, bool> Matches(string key, Regex pattern) => run => pattern.Match(run.Text(key)) is { Success: true, Index: 0 };

    /// <summary>The numbers of a column; null for what is none.</summary>
    internal static IEnumerable<double> Numbers(IEnumerable<Value> values)
    {
        foreach (Value value in values)
        {
            if (FieldOrder.NumberOf(value) is { } number)
                yield return number;
        }
    }
}
