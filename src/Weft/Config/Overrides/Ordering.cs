using System.Collections.Immutable;

namespace Weft.Config.Overrides;

/// <summary><c>sort</c> and <c>shuffle</c>.</summary>
internal static class Ordering
{
    /// <summary><c>sort(list)</c>, <c>sort(sweep)</c>, <c>sort(3,1,2)</c>, each with <c>reverse=true</c>.</summary>
    public static Element? Sort(Call call)
    {
        Element? reverse = call.Optional("reverse");
        if (reverse is not (null or Element.Bool))
            return call.FailAs<Element>($"`reverse` of `sort` is true or false, found {reverse.Kind}", reverse.At);
        bool isReverse = reverse is Element.Bool { Is: true };
        if (!TrySubject(call, out Element? subject))
            return null;
        switch (subject)
        {
            case Element.Range range:
                return SortRange(range, isReverse);
            case Element.Choice choice:
                return SortItems(call, choice.Items, isReverse) is { IsDefault: false } choices ? choice with { Items = choices } : null;
            case Element.List list:
                return SortItems(call, list.Items, isReverse) is { IsDefault: false } items ? new Element.List(items) : null;
            case not null:
                return OverrideFunctions.WithoutQuotes(subject);
        }
        if (call.Positional is [])
            return call.FailAs<Element>("`sort` needs a list, a sweep or values", call.At);
        foreach (Element item in call.Positional)
        {
            if (item is not (Element.Text or Element.Int or Element.Float or Element.Bool))
                return call.FailAs<Element>($"`sort` of several values takes numbers or texts, found {item.Kind}", item.At);
        }
        return SortItems(call, [.. call.Positional.Select(OverrideFunctions.WithoutQuotes)], isReverse) is { IsDefault: false } sorted ? new Element.Choice(sorted) { IsSimple = true } : null;
    }

    /// <summary>
    /// <c>shuffle(list)</c> gives the list in another order; <c>shuffle(sweep)</c> and <c>shuffle(a,b,c)</c> mark a sweep to be run in another
    /// order. The order follows from the text of the override, so that a plan stays what was shown.
    /// </summary>
    public static Element? Shuffle(Call call)
    {
        if (!TrySubject(call, out Element? subject))
            return null;
        switch (subject)
        {
            case Element.Range range:
                return range with { IsShuffled = true };
            case Element.Choice choice:
                return choice with { IsShuffled = true };
            case Element.List list:
                int[] order = Permutation.Of(list.Items.Length, call.At.Source.Text);
                return new Element.List([.. order.Select(i => list.Items[i])]);
            case not null:
                return new Element.List([OverrideFunctions.WithoutQuotes(subject)]);
        }
        return new Element.Choice([.. call.Positional.Select(OverrideFunctions.WithoutQuotes)]) { IsSimple = true, IsShuffled = true };
    }

    /// <summary>The one thing that is put in order: by name, or as the only argument; null when there are several or none.</summary>
    private static bool TrySubject(Call call, out Element? subject)
    {
        subject = null;
        foreach (Element item in call.Positional)
        {
            if (item is Element.Null or Element.Interval or Element.Glob or Element.Extension)
                return call.Fail($"`{call.Name}` cannot be taken of {item.Kind}", item.At);
        }
        if (call.Optional("sweep") is { } sweep and not (Element.Choice or Element.Range))
            return call.Fail($"`sweep` of `{call.Name}` is a choice or a range, found {sweep.Kind}", sweep.At);
        if (call.Optional("list") is { } list and not Element.List)
            return call.Fail($"`list` of `{call.Name}` is a list, found {list.Kind}", list.At);
        subject = call.Optional("list") ?? call.Optional("sweep") ?? (call.Positional is [var only] ? only : null);
        return true;
    }

    /// <returns>Default when two of them have no order.</returns>
    private static ImmutableArray<Element> SortItems(Call call, ImmutableArray<Element> items, bool isReverse)
    {
        for (int i = 1; i < items.Length; i++)
        {
            if (PythonEquality.Compare(items[i - 1], items[i]) is null)
            {
                call.Fail($"`{items[i - 1]}` and `{items[i]}` have no order: {items[i - 1].Kind} and {items[i].Kind}", items[i].At);
                return default;
            }
        }
        Comparer<Element> comparer = Comparer<Element>.Create((x, y) => PythonEquality.Compare(x, y) ?? 0);
        return isReverse ? [.. items.OrderDescending(comparer)] : [.. items.Order(comparer)];
    }

    /// <summary>Turns a range round when it runs the other way; it then starts at its last value.</summary>
    private static Element.Range SortRange(Element.Range range, bool isReverse)
    {
        if (RangeValues.Of(range, out _) is not { } values || values.Count <= 1 || values.IsDescending == isReverse)
            return range;
        return values.Turned(range);
    }
}
