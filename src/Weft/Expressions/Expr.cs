using System.Collections.Immutable;
using Weft.Text;
using Weft.Values;

namespace Weft.Expressions;

/// <summary>
/// An expression over values: one language for bindings, conditions, filters of a sweep, stop conditions and the parts of a command. It is
/// data: it is checked, printed, stored in a plan and evaluated, wholly or in part, by the same code at plan time and on a node.
/// Two expressions are equal when they mean the same; where they were written does not count.
/// </summary>
/// <param name="At">Where it was written; an expression read back from a plan has an empty place.</param>
public abstract record Expr(Span At)
{
    public static ImmutableSortedDictionary<string, Expr> NoBindings { get; } = Sorted.None<Expr>();

    /// <summary>The place of expressions that no person wrote.</summary>
    public static Span Nowhere { get; } = new Source("", "").Whole;

    public virtual bool Equals(Expr? other) => other is not null && EqualityContract == other.EqualityContract;

    public override int GetHashCode() => EqualityContract.GetHashCode();

    public sealed record Literal(Value Value, Span At) : Expr(At)
    {
        public bool Equals(Literal? other) => other is not null && Value == other.Value;

        public override int GetHashCode() => Value.GetHashCode();
    }

    /// <summary>A value from elsewhere: an input, an output of a node, a parameter of the point.</summary>
    public sealed record Ref(Root Root, ImmutableArray<Segment> Path, Span At) : Expr(At)
    {
        public bool Equals(Ref? other) => other is not null && Root == other.Root && Path.AsSpan().SequenceEqual(other.Path.AsSpan());

        public override int GetHashCode() => Path.Aggregate(Root.GetHashCode(), HashCode.Combine);

        /// <summary>Of <see cref="Root.Node"/>: the node that is meant.</summary>
        public NodeId Node => new(Path[0].Name ?? "");
    }

    public sealed record ListOf(ImmutableArray<Expr> Items, Span At) : Expr(At)
    {
        public bool Equals(ListOf? other) => other is not null && Items.AsSpan().SequenceEqual(other.Items.AsSpan());

        public override int GetHashCode() => Items.Aggregate(1, HashCode.Combine);
    }

    /// <summary>Text keys; later entries of one key replace earlier ones.</summary>
    public sealed record MapOf(ImmutableArray<KeyValuePair<string, Expr>> Entries, Span At) : Expr(At)
    {
        public bool Equals(MapOf? other) => other is not null && Entries.SequenceEqual(other.Entries);

        public override int GetHashCode() => Entries.Aggregate(2, HashCode.Combine);
    }

    /// <summary>An operator or a function with its arguments.</summary>
    public sealed record Apply(Op Op, ImmutableArray<Expr> Arguments, Span At) : Expr(At)
    {
        public bool Equals(Apply? other) => other is not null && Op == other.Op && Arguments.AsSpan().SequenceEqual(other.Arguments.AsSpan());

        public override int GetHashCode() => Arguments.Aggregate(Op.GetHashCode(), HashCode.Combine);
    }

    /// <summary>Text made of parts, values without quotes: <c>--lr=${{ inputs.lr }}</c>.</summary>
    public sealed record Concat(ImmutableArray<Expr> Parts, Span At) : Expr(At)
    {
        public bool Equals(Concat? other) => other is not null && Parts.AsSpan().SequenceEqual(other.Parts.AsSpan());

        public override int GetHashCode() => Parts.Aggregate(3, HashCode.Combine);
    }

    /// <summary>The first of several that has a value; the result of a branch, whose other sides were skipped.</summary>
    public sealed record First(ImmutableArray<Expr> Options, Span At) : Expr(At)
    {
        public bool Equals(First? other) => other is not null && Options.AsSpan().SequenceEqual(other.Options.AsSpan());

        public override int GetHashCode() => Options.Aggregate(4, HashCode.Combine);
    }

    public static Expr Of(Value value) => new Literal(value, Nowhere);

    public static Expr Of(string text) => new Literal(Value.Of(text), Nowhere);

    public static Ref To(Root root, params ReadOnlySpan<string> path)
    {
        var segments = ImmutableArray.CreateBuilder<Segment>(path.Length);
        foreach (string name in path)
            segments.Add(new Segment(name));
        return new Ref(root, segments.MoveToImmutable(), Nowhere);
    }

    public sealed override string ToString() => ExprPrinter.Print(this);
}

/// <summary>Where the value of a reference comes from.</summary>
public enum Root
{
    /// <summary><c>inputs.NAME</c> (or <c>params.NAME</c>): an input of the workflow, in a task's own words an input of the task.</summary>
    Input,

    /// <summary><c>NODE.OUTPUT</c>: an output of a node of the same workflow.</summary>
    Node,

    /// <summary><c>item.NAME</c>: a parameter of the point that runs; <c>item</c> all of them.</summary>
    Item,

    /// <summary><c>words</c>: the words of the point as they go on a command line, a list of texts; <c>words.flags</c>: as <c>--key value</c>.</summary>
    Words,

    /// <summary><c>outputs.NAME</c>: the path at which the task shall write this output.</summary>
    Output,

    /// <summary><c>best.NAME</c>: the best point so far, in a stop condition.</summary>
    Best,

    /// <summary><c>run.NAME</c>: what is only known of this run: <c>ulid</c>, <c>index</c>, <c>attempt</c>, <c>execution</c>, <c>failure</c>.</summary>
    Run,

    /// <summary><c>secrets.NAME</c>: known on the task host only, never stored.</summary>
    Secret,

    /// <summary><c>outside.KIND…</c>: a file, or an output of an earlier execution; see <see cref="Expressions.Outside"/>.</summary>
    Outside,
}

/// <summary>One step of a path: a name, or an index when <see cref="Name"/> is null. A negative index counts from the end.</summary>
public readonly record struct Segment(string? Name, long Index = 0)
{
    public static Segment Of(long index) => new(null, index);

    public override string ToString() => Name ?? $"[{Index}]";
}

/// <summary>What <see cref="Expr.Apply"/> applies. Operators first, then the functions by their names.</summary>
public enum Op
{
    Or, And, Not,
    Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual, In, NotIn,
    Add, Subtract, Multiply, Divide, FloorDivide, Modulo, Power, Negate,

    /// <summary>The item at an index or a key: <c>x[i]</c>.</summary>
    Item,

    /// <summary>The value if the condition holds, else the other: arguments condition, then, else.</summary>
    If,

    Abs, Bool, Count, First, Float, Int, Last, Len, Max, Mean,

    /// <summary>A map with the values of another put over it; a key with points is a path into it.</summary>
    Merge,

    Min, Round, Str, Sum,

    /// <summary>
    /// An aggregate over the values of parameters, only in a selection: <c>mean(val_acc) over seed</c>. Arguments: the aggregate, then the
    /// names as literals.
    /// </summary>
    Over,
}
