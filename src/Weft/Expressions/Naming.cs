namespace Weft.Expressions;

/// <summary>How the names in an expression are read.</summary>
/// <param name="Bare">What a path without a known first word is: one of a node, or, in a filter, a parameter of the point.</param>
/// <param name="Dashed">
/// Names that hold a <c>-</c> and are read as one where they stand: <c>my-data</c>. Everywhere else, and with blanks around it, <c>-</c> subtracts.
/// </param>
public sealed record Naming(Root Bare = Root.Node, IReadOnlySet<string>? Dashed = null)
{
    /// <summary>A path is one of a node, and <c>-</c> always subtracts.</summary>
    public static Naming Plain { get; } = new();

    public static implicit operator Naming(Root bare) => new(bare);
}
