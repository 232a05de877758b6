using Weft.Expressions;
using Weft.Text;
using Weft.Values;

namespace Weft.Sweeps;

/// <summary>
/// A condition over the parameters of a point. It names them as the words do, dots included (<c>optimizer.lr &gt; 0.1</c>); a name that no
/// expression can hold stands in back quotes (<c>`db/engine`</c>). A parameter that some points have and this one has not is <c>null</c>.
/// </summary>
internal sealed class PointCondition(Expr condition, Space of)
{
    /// <summary>So many points are looked at before a sweep starts.</summary>
    public const int CheckedPoints = 10_000;

    private readonly Lazy<HashSet<string>> _known = new(() => new HashSet<string>(of.Parameters, StringComparer.Ordinal));

    /// <summary>A point for which the condition has no truth value does not meet it; see <see cref="Check"/>.</summary>
    public bool Holds(Point point) => Judge(point) is Evaluated.Is { Value: Value.Bool { Is: true } };

    /// <summary>Reports names that are no parameters, and a condition that has no truth value for one of the first points.</summary>
    /// <returns>The number of points among the first for which it holds; null when something was reported.</returns>
    public long? Check(Diagnostics diagnostics)
    {
        if (!CheckNames(diagnostics))
            return null;
        long holds = 0;
        for (long i = 0; i < of.Size && i < CheckedPoints; i++)
        {
            if (of.PointAt(i) is not { } point)
                continue;
            switch (Judge(point))
            {
                case Evaluated.Is { Value: Value.Bool keeps }:
                    holds += keeps.Is ? 1 : 0;
                    break;
                case Evaluated.Is other:
                    diagnostics.Error("sweep/condition", $"expected this condition to be true or false, found {Operators.Describe(other.Value)} for `{Show(point)}`", condition.At);
                    return null;
                case Evaluated.Wrong wrong:
                    diagnostics.Add((wrong.Why.At is null ? wrong.Why with { At = condition.At } : wrong.Why).WithNote($"for the point `{Show(point)}`", of.At));
                    return null;
                default:
                    diagnostics.Error("sweep/condition", "this condition can only use the parameters of the sweep", condition.At);
                    return null;
            }
        }
        return holds;
    }

    private static string Show(Point point) => string.Join(' ', point.Words.Select(word => word.Text));

    private bool CheckNames(Diagnostics diagnostics)
    {
        bool isGood = true;
        foreach (Expr.Ref reference in Evaluator.References(condition))
        {
            if (reference.Root != Root.Item || reference.Path.IsEmpty || Find(reference) is not null)
                continue;
            string name = string.Join('.', reference.Path);
            diagnostics.Error("sweep/unknown-parameter", $"`{name}` is no parameter of this sweep", reference.At, Suggest.HintOrList(name, _known.Value, "its parameters"));
            isGood = false;
        }
        return isGood;
    }

    private Evaluated Judge(Point point) => Evaluator.Evaluate(condition, reference => Look(point, reference));

    private Evaluated Look(Point point, Expr.Ref reference)
    {
        if (reference.Root != Root.Item)
            return new Evaluated.Awaits([reference]);
        if (reference.Path.IsEmpty)
            return new Evaluated.Is(new Value.Map(point.Values));
        if (Find(reference) is not { } found)
            return Evaluator.Follow(reference, 0, new Value.Map(point.Values));
        return point.Values.TryGetValue(found.Name, out Value? value) ? Evaluator.Follow(reference, found.Segments, value) : new Evaluated.Is(Value.None);
    }

    /// <summary>The parameter with the longest name that the path begins with.</summary>
    private (string Name, int Segments)? Find(Expr.Ref reference)
    {
        for (int segments = reference.Path.Length; segments > 0; segments--)
        {
            string? name = segments == 1 ? reference.Path[0].Name : string.Join('.', reference.Path.Take(segments));
            if (name is not null && _known.Value.Contains(name))
                return (name, segments);
        }
        return null;
    }
}
