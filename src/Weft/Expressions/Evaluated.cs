using System.Collections.Immutable;
using Weft.Text;
using Weft.Values;

namespace Weft.Expressions;

/// <summary>What is known of an expression now.</summary>
public abstract record Evaluated
{
    private Evaluated()
    {
    }

    public sealed record Is(Value Value) : Evaluated;

    /// <summary>It depends on values that do not exist yet.</summary>
    public sealed record Awaits(ImmutableArray<Expr.Ref> On) : Evaluated
    {
        public bool Equals(Awaits? other) => other is not null && On.AsSpan().SequenceEqual(other.On.AsSpan());

        public override int GetHashCode() => On.Aggregate(1, HashCode.Combine);
    }

    /// <summary>It will never have a value: what it refers to was not taken, or failed.</summary>
    /// <param name="Failed">True when something failed, false when it was skipped.</param>
    public sealed record Absent(Expr.Ref On, bool Failed) : Evaluated;

    /// <summary>It has no value because it is wrong: a text minus a number, an index past the end.</summary>
    public sealed record Wrong(Diagnostic Why) : Evaluated;
}

/// <summary>What is known of a reference now; the one way in which expressions see the world.</summary>
public delegate Evaluated Lookup(Expr.Ref reference);
