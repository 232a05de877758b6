using System.Text.Json;
using Weft.Expressions;
using Weft.Text;

namespace Weft.Sweeps;

/// <summary>
/// The points for which a condition holds, at their raw indices: <c>not (model == 'large' and lr &gt; 0.002)</c>. The condition sees the
/// parameters of this space as <c>item</c>; a point for which it has no truth value is not there, see <see cref="Check"/>.
/// </summary>
public sealed record Where(Space Of, Expr Condition, Span At) : Space(At)
{
    private readonly PointCondition _condition = new(Condition, Of);

    // Not settable in a copy, since the condition would stay as it was.
    public Space Of { get; } = Of;

    public Expr Condition { get; } = Condition;

    public override long Size => Of.Size;

    internal override bool HasHoles => true;

    internal override IEnumerable<string> Parameters => Of.Parameters;

    internal override bool Append(long index, ref PointParts parts) =>
        Of.PointAt(index) is { } point && _condition.Holds(point) && Of.Append(index, ref parts);

    /// <summary>Reports names that are no parameters, a condition that has no truth value for one of the first points, and one that leaves no point.</summary>
    public void Check(Diagnostics diagnostics)
    {
        if (_condition.Check(diagnostics) == 0 && Size is > 0 and <= PointCondition.CheckedPoints)
            diagnostics.Error("sweep/empty", $"this condition holds for none of the {Size:N0} points", Condition.At);
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
}

/// <summary>
/// Parameters that only some points have: each point of a space for which the condition holds comes with each point of another, the others come
/// alone. Index i is of the point i / n of the first space, n being the size of the other; a point that comes alone is at the first of its n
/// indices, and the rest of them are holes.
/// </summary>
public sealed record Given(Space Of, Expr Condition, Space Then, Span At) : Space(At)
{
    private readonly PointCondition _condition = new(Condition, Of);

    // Not settable in a copy, since what is computed from them would stay as it was.
    public Space Of { get; } = Of;

    public Expr Condition { get; } = Condition;

    public Space Then { get; } = Then;

    public override long Size { get; } = Multiply(Of.Size, Math.Max(1, Then.Size));

    internal override bool HasHoles => true;

    internal override IEnumerable<string> Parameters => Of.Parameters.Concat(Then.Parameters);

    internal override bool Append(long index, ref PointParts parts)
    {
        (long first, long then) = Math.DivRem(index, Math.Max(1, Then.Size));
        if (Of.PointAt(first) is not { } point)
            return false;
        if (!_condition.Holds(point))
            return then == 0 && Of.Append(first, ref parts);
        return then < Then.Size && Of.Append(first, ref parts) && Then.Append(then, ref parts);
    }

    /// <summary>Reports names that are no parameters, and a condition that has no truth value for one of the first points.</summary>
    public void Check(Diagnostics diagnostics) => _condition.Check(diagnostics);

    public override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("kind", "given");
        json.WritePropertyName("of");
        Of.Write(json);
        json.WritePropertyName("condition");
        ExprJson.Write(json, Condition);
        json.WritePropertyName("then");
        Then.Write(json);
        json.WriteEndObject();
    }

    internal static Given Read(JsonElement json, Span at) =>
        new(SpaceJson.Read(json.GetProperty("of")), ExprJson.Read(json.GetProperty("condition")), SpaceJson.Read(json.GetProperty("then")), at);

    public bool Equals(Given? other) => other is not null && Of == other.Of && Condition == other.Condition && Then == other.Then;

    public override int GetHashCode() => HashCode.Combine(Of, Condition, Then);
}
