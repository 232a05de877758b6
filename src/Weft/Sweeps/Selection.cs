using System.Collections.Immutable;
using Weft.Expressions;
using Weft.Text;
using Weft.Values;

namespace Weft.Sweeps;

/// <summary>Which point of a sweep is the best one: <c>max(val_acc)</c>, <c>max(mean(val_acc) over seed)</c>.</summary>
/// <param name="Result">The name of the result that is compared.</param>
public sealed record Selection(Sense Sense, string Result)
{
    /// <summary>Parameters over whose values the mean of the result is compared; the best is then the first point of the best group.</summary>
    public ImmutableArray<string> Over { get; init; } = [];

    /// <summary>
    /// Reads <c>max(RESULT)</c>, <c>min(RESULT)</c> or <c>max(mean(RESULT) over PARAMETER, …)</c>, parsed with bare names as parameters of the point.
    /// </summary>
    /// <returns>Null when it is none of these; <paramref name="problems"/> says so.</returns>
    public static Selection? Of(Expr expression, Diagnostics problems)
    {
        if (expression is Expr.Apply { Op: Op.Max or Op.Min, Arguments: [var inner] } outer)
        {
            Sense sense = outer.Op == Op.Max ? Sense.Max : Sense.Min;
            if (NameOf(inner) is { } result)
                return new Selection(sense, result);
            if (inner is Expr.Apply { Op: Op.Over, Arguments: [Expr.Apply { Op: Op.Mean, Arguments: [var averaged] }, .. var names] } && NameOf(averaged) is { } mean)
                return new Selection(sense, mean) { Over = [.. names.Select(name => ((Value.Text)((Expr.Literal)name).Value).Content)] };
        }
        problems.Error("sweep/select", $"`{ExprPrinter.Print(expression, Root.Item)}` selects nothing", expression.At, "write `max(RESULT)`, `min(RESULT)` or `max(mean(RESULT) over PARAMETER)`");
        return null;
    }

    /// <summary>The number that is compared; null when a point gave none.</summary>
    public double? ResultOf(ImmutableSortedDictionary<string, Value> outputs) => outputs.GetValueOrDefault(Result) switch
    {
        Value.Int i => (double)i.Number,
        Value.Float f => f.Number,
        _ => null,
    };

    private static string? NameOf(Expr expression) => expression is Expr.Ref { Root: Root.Item or Root.Node, Path: [{ Name: { } name }] } ? name : null;

    /// <summary>True when <paramref name="value"/> beats <paramref name="best"/>; NaN never does, and everything beats NaN.</summary>
    public bool Better(double value, double best) =>
        !double.IsNaN(value) && (double.IsNaN(best) || (Sense == Sense.Max ? value > best : value < best));
}

public enum Sense
{
    Min,
    Max,
}

/// <summary>How many points may fail. Two numbers: when no more start, and what the node's verdict is.</summary>
/// <param name="StopAfter">
/// So many may fail; at the next failure no more points start. Null: never for that reason alone; a node over lists then stops as soon as
/// <paramref name="MinSuccess"/> cannot be reached any more.
/// </param>
/// <param name="MinSuccess">The share of points that must succeed, from 0 to 1.</param>
/// <param name="MinCount">The number of points that must succeed; when given it counts instead of the share.</param>
/// <param name="RunAll">Every point is run, whatever fails.</param>
public sealed record FailureBudget(long? StopAfter = 3, double MinSuccess = 1, long? MinCount = null, bool RunAll = false)
{
    public static FailureBudget Default { get; } = new();

    /// <summary>How many of <paramref name="size"/> points must succeed.</summary>
    public long Needed(long size) => Math.Min(size, MinCount ?? (long)Math.Ceiling(MinSuccess * size));
}
