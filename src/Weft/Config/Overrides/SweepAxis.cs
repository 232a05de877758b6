using System.Collections.Immutable;
using System.Numerics;
using Weft.Text;

namespace Weft.Config.Overrides;

/// <summary>
/// One dimension of a sweep: the values that an override takes, by index, without a list of them. An override that is no sweep has one.
/// </summary>
public sealed class SweepAxis
{
    /// <summary>A shuffled range of more values is refused, as its order must be held in memory.</summary>
    public const int MaxShuffled = 10_000_000;

    private readonly Func<BigInteger, Element> _at;

    private SweepAxis(Override source, BigInteger count, Func<BigInteger, Element> at)
    {
        Override = source;
        Count = count;
        _at = at;
    }

    public Override Override { get; }

    public BigInteger Count { get; }

    /// <summary>Of a glob sweep: the options that it was given to choose from; default for others.</summary>
    public ImmutableArray<string> Options { get; private init; }

    /// <param name="index">From 0 up to <see cref="Count"/>.</param>
    public Element this[BigInteger index] => _at(index);

    public IEnumerable<Element> Values
    {
        get
        {
            for (BigInteger i = 0; i < Count; i++)
                yield return _at(i);
        }
    }

    /// <summary>The word of a job for one of the values: <c>key=value</c>, with the override's prefix and package.</summary>
    public string Word(BigInteger index) => $"{Override.KeyElement}={ElementPrinter.Print(_at(index))}";

    /// <param name="options">The options of a group, for glob sweeps.</param>
    /// <returns>Null when the values cannot be listed; then a diagnostic says why.</returns>
    public static SweepAxis? Of(Override source, Func<string, IReadOnlyList<string>> options, Diagnostics diagnostics)
    {
        switch (source.Value)
        {
            case null:
                return new SweepAxis(source, 1, _ => new Element.Null());
            case Element.Interval interval:
                diagnostics.Error("sweep/interval", "an interval has no separate values; the basic sweeper cannot run it", interval.At, "give values: `choice(…)` or `range(…)`, or choose a sweeper that searches");
                return null;
            case Element.Glob glob:
                ImmutableArray<string> all = [.. options(source.Key)];
                ImmutableArray<Element> found = [.. all.Where(name => glob.Matches(name)).Select(name => new Element.Text(name))];
                return new SweepAxis(source, found.Length, index => found[(int)index]) { Options = all };
            case Element.Choice choice:
                if (Nested(choice.Items, diagnostics))
                    return null;
                return Shuffled(source, choice.Items.Length, index => choice.Items[(int)index], choice.IsShuffled, diagnostics);
            case Element.Range range:
                if (RangeValues.Of(range, out string? problem) is not { } values)
                {
                    diagnostics.Error("sweep/range", problem!, range.At);
                    return null;
                }
                return Shuffled(source, values.Count, index => values[index], range.IsShuffled, diagnostics);
            case var value:
                return Nested([value], diagnostics) ? null : new SweepAxis(source, 1, _ => value);
        }
    }

    private static SweepAxis? Shuffled(Override source, BigInteger count, Func<BigInteger, Element> at, bool isShuffled, Diagnostics diagnostics)
    {
        if (!isShuffled)
            return new SweepAxis(source, count, at);
        if (count > MaxShuffled)
        {
            diagnostics.Error("sweep/too-many-to-shuffle", $"{count:N0} values, more than {MaxShuffled:N0}, cannot be shuffled", source.Value!.At);
            return null;
        }
        int[] order = Permutation.Of((int)count, source.Text);
        return new SweepAxis(source, count, index => at(order[(int)index]));
    }

    /// <summary>Reports the sweeps that stand inside a list, map or other sweep: a job could not be given one of their values.</summary>
    private static bool Nested(ImmutableArray<Element> items, Diagnostics diagnostics)
    {
        bool found = false;
        foreach (Element item in items)
        {
            if (item.IsSweep)
            {
                diagnostics.Error("sweep/nested", $"{item.Kind} inside another value is not swept: only a whole value is", item.At);
                found = true;
            }
            else if (item is Element.List list)
            {
                found |= Nested(list.Items, diagnostics);
            }
            else if (item is Element.Map map)
            {
                found |= Nested([.. map.Entries.Select(entry => entry.Value)], diagnostics);
            }
        }
        return found;
    }
}
