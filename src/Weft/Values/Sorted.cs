using System.Collections.Immutable;

namespace Weft.Values;

/// <summary>Maps whose keys are sorted by their UTF-16 units, as all maps of values and definitions are.</summary>
internal static class Sorted
{
    /// <summary>
    /// The empty map. <c>ImmutableSortedDictionary.Create</c> copies an empty one through interfaces, for which code must be made at run time: a
    /// millisecond of every start.
    /// </summary>
    public static ImmutableSortedDictionary<string, T> None<T>()
    {
        ImmutableSortedDictionary<string, T>.Builder builder = ImmutableSortedDictionary<string, T>.Empty.ToBuilder();
        builder.KeyComparer = StringComparer.Ordinal;
        return builder.ToImmutable();
    }
}
