using System.Text.Json;
using Weft.Expressions;
using Weft.Text;
using Weft.Values;

namespace Weft.Sweeps;

/// <summary>
/// The points for which a condition holds, at their raw indices: <c>not (model == 'large' and lr &gt; 0.002)</c>. The condition sees the
/// parameters of this space as <c>item</c>; a point for which it has no truth value is not there, see <see cref="Check"/>.
/// </summary>
public sealed record Where(Space Of, Expr Condition, Span At) : Space(At)
{
    /// <summary>So many points are looked at before a sweep starts.</summary>
    public const int CheckedPoints = 10_000;

    public override long Size => Of.Size;

    internal override bool HasHoles => true;

    internal override bool Append(long index, ref PointParts parts)
    {
        if (Of.PointAt(index) is not { } point || Judge(point) is not Evaluated.Is { Value: Value.Bool { Is: true } })
            return false;
        return Of.Append(index, ref parts);
    }

    /// <summary>Reports a condition that has no truth value for one of the first points, or that leaves none of them.</summary>
    public void Check(Diagnostics diagnostics)
    {
        bool isAnyLeft = false;
        for (long i = 0; i < Size && i < CheckedPoints; i++)
        {
            if (Of.PointAt(i) is not { } point)
                continue;
            string shown = string.Join(' ', point.Words.Select(word => word.Text));
            switch (Judge(point))
            {
                case Evaluated.Is { Value: Value.Bool keeps }:
                    isAnyLeft |= keeps.Is;
                    break;
                case Evaluated.Is other:
                    diagnostics.Error("sweep/condition", $"expected this condition to be true or false, found {Operators.Describe(other.Value)} for `{shown}`", Condition.At);
                    return;
                case Evaluated.Wrong wrong:
                    diagnostics.Add((wrong.Why.At is null ? wrong.Why with { At = Condition.At } : wrong.Why).WithNote($"for the point `{shown}`", At));
                    return;
                default:
                    diagnostics.Error("sweep/condition", "this condition can only use the parameters of the sweep", Condition.At);
                    return;
            }
        }
        if (!isAnyLeft && Size is > 0 and <= CheckedPoints)
            diagnostics.Warning("sweep/empty", $"this condition holds for none of the {Size:N0} points", Condition.At);
    }

    public override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("kind", "where");
        json.WritePropertyName("of");
        Of.Write(json);
        json.WritePropertyName("condition");
        ExprJson.Write(json, Condition);
        json.WriteEndObject();
    }

    internal static Where Read(JsonElement json, Span at) =>
        new(SpaceJson.Read(json.GetProperty("of")), ExprJson.Read(json.GetProperty("condition")), at);

    public bool Equals(Where? other) => other is not null && Of == other.Of && Condition == other.Condition;

    public override int GetHashCode() => HashCode.Combine(Of, Condition);

    private Evaluated Judge(Point point) => Evaluator.Evaluate(Condition, reference => Find(point, reference));

    private static Evaluated Find(Point point, Expr.Ref reference)
    {
        if (reference.Root != Root.Item)
            return new Evaluated.Awaits([reference]);
        return Evaluator.Follow(reference, 0, new Value.Map(point.Values));
    }
}
