using System.Collections.Immutable;
using Weft.Text;

namespace Weft.Config.Overrides;

/// <summary>One argument of a call; <paramref name="Name"/> is null for a positional one.</summary>
internal readonly record struct Argument(Span? Name, Element Value);

/// <summary>The functions of the override grammar: who they are, how arguments are bound to their parameters, and what the sweeping ones give.</summary>
internal static class OverrideFunctions
{
    private delegate Element? Body(Call call);

    /// <param name="Positional">Parameters in order; those after <paramref name="Required"/> have a default.</param>
    /// <param name="IsVariadic">Any number of positional arguments; the parameters are then by name only.</param>
    private sealed record Function(Body Body, string[] Positional, int Required = 0, bool IsVariadic = false);

    private static readonly Dictionary<string, Function> Functions = new(StringComparer.Ordinal)
    {
        ["bool"] = new(call => Casts.Cast(call, CastType.Bool), ["value"], IsVariadic: true),
        ["choice"] = new(Choice, [], IsVariadic: true),
        ["extend_list"] = new(call => new Element.Extension([.. call.Positional.Select(WithoutQuotes)]), [], IsVariadic: true),
        ["float"] = new(call => Casts.Cast(call, CastType.Float), ["value"], IsVariadic: true),
        ["glob"] = new(Glob, ["include", "exclude"], Required: 1),
        ["int"] = new(call => Casts.Cast(call, CastType.Int), ["value"], IsVariadic: true),
        ["interval"] = new(Interval, ["start", "end"], Required: 2),
        ["json_str"] = new(call => Casts.Cast(call, CastType.Json), ["value"], IsVariadic: true),
        ["range"] = new(Range, ["start", "stop", "step"], Required: 1),
        ["shuffle"] = new(Ordering.Shuffle, ["sweep", "list"], IsVariadic: true),
        ["sort"] = new(Ordering.Sort, ["sweep", "list", "reverse"], IsVariadic: true),
        ["str"] = new(call => Casts.Cast(call, CastType.Text), ["value"], IsVariadic: true),
        ["tag"] = new(Tag, ["sweep"], IsVariadic: true),
    };

    public static IReadOnlyCollection<string> Names => Functions.Keys;

    /// <summary>The value of a call; null when it has none (then a diagnostic says why).</summary>
    public static Element? Call(Span name, Span call, List<Argument> arguments, Diagnostics diagnostics)
    {
        string called = name.Text.ToString();
        if (!Functions.TryGetValue(called, out Function? function))
        {
            diagnostics.Error("override/unknown-function", $"no function `{called}`", name, Suggest.Hint(called, Functions.Keys) ?? $"known: {Suggest.List(Functions.Keys, "and")}");
            return null;
        }
        var bound = new Call(called, call, diagnostics);
        return Bind(function, bound, arguments) && function.Body(bound) is { } value ? value with { At = call } : null;
    }

    private static bool Bind(Function function, Call call, List<Argument> arguments)
    {
        foreach (Argument argument in arguments)
        {
            if (argument.Name is { } name)
            {
                string parameter = name.Text.ToString();
                if (!function.Positional.Contains(parameter))
                    return call.Fail($"`{call.Name}` has no parameter `{parameter}`", name, Suggest.HintOrList(parameter, function.Positional, "parameters"));
                if (!call.Named.TryAdd(parameter, argument.Value))
                    return call.Fail($"`{parameter}` is given twice", name);
            }
            else if (call.Named.Count > 0 && arguments.Exists(other => other.Name is { } earlier && earlier.Start < argument.Value.At.Start))
            {
                return call.Fail("an argument without a name stands after one with a name", argument.Value.At);
            }
            else
            {
                call.Positional.Add(argument.Value);
            }
        }
        if (function.IsVariadic)
            return true;
        if (call.Positional.Count > function.Positional.Length)
            return call.Fail($"`{call.Name}` takes at most {function.Positional.Length} arguments, found {call.Positional.Count}", call.Positional[function.Positional.Length].At);
        for (int i = 0; i < call.Positional.Count; i++)
        {
            if (!call.Named.TryAdd(function.Positional[i], call.Positional[i]))
                return call.Fail($"`{function.Positional[i]}` is given twice", call.Positional[i].At);
        }
        foreach (string required in function.Positional.Take(function.Required))
        {
            if (!call.Named.ContainsKey(required))
                return call.Fail($"`{call.Name}` needs `{required}`", call.At);
        }
        return true;
    }

    /// <summary><c>choice(a, b, …)</c>; around one simple choice (<c>choice(sort(3,1))</c>) it makes that a full one.</summary>
    private static Element.Choice? Choice(Call call)
    {
        if (call.Positional is [])
            return call.FailAs<Element.Choice>("`choice` needs at least one value", call.At);
        if (call.Positional is [Element.Choice only])
            return only.IsSimple ? only with { IsSimple = false } : call.FailAs<Element.Choice>("a choice of a choice is the inner choice", only.At, $"write `{only.At.Text}`");
        foreach (Element item in call.Positional)
        {
            if (item is Element.Null or Element.Range or Element.Interval or Element.Glob or Element.Extension)
                return call.FailAs<Element.Choice>($"`choice` takes plain values, found {item.Kind}", item.At, item is Element.Null ? "null may stand in the short form: `key=a,null`" : null);
        }
        return new Element.Choice([.. call.Positional.Select(WithoutQuotes)]);
    }

    /// <summary><c>range(stop)</c>, <c>range(start, stop, step = 1)</c>: the end is not part of it.</summary>
    private static Element.Range? Range(Call call)
    {
        foreach ((string name, Element value) in call.Named)
        {
            bool isDefault = name == "stop" && value is Element.Null;
            if (!isDefault && !IsNumber(value))
                return call.FailAs<Element.Range>($"`{name}` of `range` is a number, found {value.Kind}", value.At);
        }
        Element start = call.Named["start"];
        Element? stop = call.Optional("stop");
        Element step = call.Optional("step") ?? new Element.Int(1);
        return stop is null ? new Element.Range(new Element.Int(0), start, step) : new Element.Range(start, stop, step);
    }

    /// <summary><c>interval(start, end)</c>; both ends become floats.</summary>
    private static Element.Interval? Interval(Call call)
    {
        foreach ((string name, Element value) in call.Named)
        {
            if (!IsNumber(value))
                return call.FailAs<Element.Interval>($"`{name}` of `interval` is a number, found {value.Kind}", value.At);
        }
        return Casts.ToFloat(call, call.Named["start"]) is { } start && Casts.ToFloat(call, call.Named["end"]) is { } end ? new Element.Interval(start, end) : null;
    }

    /// <summary><c>glob(include, exclude = [])</c>; each a pattern or a list of patterns.</summary>
    private static Element.Glob? Glob(Call call) =>
        Patterns(call, "include") is { IsDefault: false } include && Patterns(call, "exclude") is { IsDefault: false } exclude ? new Element.Glob(include, exclude) : null;

    /// <returns>Default when it is not patterns.</returns>
    private static ImmutableArray<string> Patterns(Call call, string parameter)
    {
        switch (parameter == "include" ? call.Named[parameter] : call.Optional(parameter))
        {
            case null:
                return [];
            case Element.Text text:
                return [text.Content];
            case Element.List list when list.Items.All(item => item is Element.Text):
                return [.. list.Items.Select(item => ((Element.Text)item).Content)];
            case var other:
                call.Fail($"`{parameter}` of `glob` is a pattern or a list of patterns, found {(other is Element.List ? "other values in the list" : other.Kind)}", other.At);
                return default;
        }
    }

    /// <summary><c>tag(t1, t2, …, sweep)</c>: marks a sweep; earlier marks of it are replaced.</summary>
    private static Element? Tag(Call call)
    {
        if (call.Positional is [])
            return call.FailAs<Element>("`tag` takes tags and then a sweep", call.At);
        foreach (Element argument in call.Positional)
        {
            if (argument is not (Element.Text or Element.Choice or Element.Range or Element.Interval))
                return call.FailAs<Element>($"`tag` takes tags and then a sweep, found {argument.Kind}", argument.At);
        }
        Element? named = call.Optional("sweep");
        Element sweep = named ?? call.Positional[^1];
        var tags = ImmutableSortedSet.CreateBuilder<string>(StringComparer.Ordinal);
        foreach (Element argument in named is null ? call.Positional.SkipLast(1) : call.Positional)
        {
            if (argument is not Element.Text tag)
                return call.FailAs<Element>($"a tag is a text, found {argument.Kind}", argument.At);
            tags.Add(tag.Content);
        }
        return sweep switch
        {
            Element.Choice choice => choice with { Tags = tags.ToImmutable() },
            Element.Range range => range with { Tags = tags.ToImmutable() },
            Element.Interval interval => interval with { Tags = tags.ToImmutable() },
            _ => call.FailAs<Element>($"the last argument of `tag` is a choice, range or interval, found {sweep.Kind}", sweep.At),
        };
    }

    public static bool IsNumber(Element element) => element is Element.Int or Element.Float or Element.Bool;

    /// <summary>Quotes of an argument itself (not of what a list in it holds) do not outlive the call.</summary>
    public static Element WithoutQuotes(Element element) => element is Element.Text { Quote: not Quote.None } text ? text with { Quote = Quote.None } : element;
}

/// <summary>A call while it is evaluated: its bound arguments, and where to report.</summary>
internal sealed class Call(string name, Span at, Diagnostics diagnostics)
{
    public string Name { get; } = name;

    public Span At { get; } = at;

    public List<Element> Positional { get; } = [];

    public Dictionary<string, Element> Named { get; } = new(StringComparer.Ordinal);

    /// <summary>A named argument; null when it is absent or written as null.</summary>
    public Element? Optional(string parameter) => Named.GetValueOrDefault(parameter) is { } value and not Element.Null ? value : null;

    public bool Fail(string message, Span at, string? hint = null)
    {
        diagnostics.Error("override/function", message, at, hint);
        return false;
    }

    public T? FailAs<T>(string message, Span at, string? hint = null) where T : Element
    {
        Fail(message, at, hint);
        return null;
    }
}
