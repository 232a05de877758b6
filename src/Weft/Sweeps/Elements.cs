using System.Collections.Immutable;
using Weft.Expressions;

namespace Weft.Sweeps;

/// <summary>What an <c>Each</c> goes over.</summary>
public abstract record Elements
{
    private Elements()
    {
    }

    /// <summary>A space that is known before anything runs.</summary>
    public sealed record Known(Space Space) : Elements;

    /// <summary>
    /// Lists that are known when the node is reached, taken together: element i gets the i-th item of each. Lists of different length are
    /// a failure of the node.
    /// </summary>
    public sealed record Listed(ImmutableSortedDictionary<string, Expr> Zip) : Elements;
}
