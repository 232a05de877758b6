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

    /// <summary>The same keys with values that are made of the others; <paramref name="none"/> when there are none. What the framework has for this sorts the keys again.</summary>
    public static ImmutableSortedDictionary<string, TTo> Map<TFrom, TTo>(ImmutableSortedDictionary<string, TFrom> from, ImmutableSortedDictionary<string, TTo> none, Func<TFrom, TTo> make)
    {
        if (from.IsEmpty)
            return none;
        ImmutableSortedDictionary<string, TTo>.Builder made = none.ToBuilder();
        foreach ((string key, TFrom value) in from)
            made.Add(key, make(value));
        return made.ToImmutable();
    }
}
