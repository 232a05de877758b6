using System.Collections.Immutable;
using Weft.Sweeps;
using Weft.Text;

namespace Weft.Dialects;

/// <summary>What was typed behind the name of what is run.</summary>
public sealed record Arguments
{
    public static Arguments None { get; } = new();

    /// <summary>Words such as <c>lr=0.1</c> that replace parameters.</summary>
    public ImmutableArray<Excerpt> Overrides { get; init; } = [];

    /// <summary>The words after <c>--</c>, handed to the program as they are.</summary>
    public ImmutableArray<string> Extra { get; init; } = [];

    /// <summary>
    /// <c>--expand-inner</c>: what a program would sweep itself becomes points of their own, and the words that only Hydra understands are left out.
    /// </summary>
    public bool ExpandsInner { get; init; }

    /// <summary><c>-m</c>: the values of the overrides are sweeps.</summary>
    public bool IsMultirun { get; init; }

    /// <summary>How the values of a sweep are put together, when not as their product.</summary>
    public SweepShape Shape { get; init; } = new();
}
