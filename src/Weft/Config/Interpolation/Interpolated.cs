using System.Collections.Immutable;
using Weft.Config.Nodes;

namespace Weft.Config.Interpolation;

/// <summary>
/// Text with <c>${</c> in it, parsed once: the tree is kept with the text and shared by all copies of the node that holds it.
/// </summary>
public sealed class Interpolated
{
    private Interpolated(string text, InterpolationTree tree)
    {
        Text = text;
        Tree = tree;
    }

    /// <summary>As written.</summary>
    public string Text { get; }

    public InterpolationTree Tree { get; }

    /// <summary>Whether text means an interpolation at all (an escaped one too: it still must be unescaped).</summary>
    public static bool IsInterpolation(string text) => text.Contains("${", StringComparison.Ordinal);

    /// <returns>Null when the text breaks the grammar; <paramref name="error"/> says where.</returns>
    public static Interpolated? Parse(string text, out GrammarError error)
    {
        InterpolationTree? tree = InterpolationParser.ParseConfigValue(text, out error);
        return tree is null ? null : new Interpolated(text, tree);
    }

    public bool Equals(Interpolated? other) => other is not null && Text == other.Text;

    public override bool Equals(object? obj) => Equals(obj as Interpolated);

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);
}

/// <summary>Where and why a text breaks the grammar; offsets in UTF-16 units of that text.</summary>
public readonly record struct GrammarError(int Start, int Length, string Message);

/// <summary>What the grammar reads; <paramref name="Start"/> and <paramref name="Length"/> point into the text.</summary>
public abstract record InterpolationTree(int Start, int Length)
{
    /// <summary>A primitive of one token, or unquoted text without interpolations.</summary>
    public sealed record Literal(int Start, int Length, Scalar Value) : InterpolationTree(Start, Length);

    /// <summary>Parts whose text forms are joined. <paramref name="IsQuoted"/>: written in quotes in an argument.</summary>
    public sealed record Joined(int Start, int Length, ImmutableArray<InterpolationTree> Parts, bool IsQuoted) : InterpolationTree(Start, Length);

    /// <summary><c>${..a.b[0]}</c>. <paramref name="Dots"/> leading dots: none is absolute.</summary>
    public sealed record Node(int Start, int Length, int Dots, ImmutableArray<PathStep> Steps) : InterpolationTree(Start, Length)
    {
        /// <summary>The keys, when no step is itself an interpolation.</summary>
        public string[]? Keys { get; } = Steps.All(step => step.Inner is null) ? [.. Steps.Select(step => step.Text)] : null;
    }

    /// <summary><c>${name:arguments}</c>. A part of the name is text or an interpolation.</summary>
    public sealed record Call(int Start, int Length, ImmutableArray<PathStep> Name, ImmutableArray<InterpolationTree> Arguments) : InterpolationTree(Start, Length)
    {
        /// <summary>The name, when no part is an interpolation.</summary>
        public string? PlainName { get; } = Name.All(part => part.Inner is null) ? string.Join('.', Name.Select(part => part.Text)) : null;
    }

    public sealed record List(int Start, int Length, ImmutableArray<InterpolationTree> Items) : InterpolationTree(Start, Length);

    public sealed record Dict(int Start, int Length, ImmutableArray<KeyValuePair<Scalar, InterpolationTree>> Entries) : InterpolationTree(Start, Length);
}

/// <summary>A key of a path or a part of a resolver's name: its text, or an interpolation that must evaluate to text.</summary>
public sealed record PathStep(string Text, bool IsBracketed, InterpolationTree? Inner);
