using Weft.Text;

namespace Weft.Config.Overrides;

/// <summary>What an override does to its key.</summary>
public enum OverrideKind
{
    /// <summary><c>key=value</c>: changes what is there.</summary>
    Change,

    /// <summary><c>+key=value</c>: adds what is not there.</summary>
    Add,

    /// <summary><c>++key=value</c>: changes or adds.</summary>
    ForceAdd,

    /// <summary><c>~key</c> or <c>~key=value</c>: removes.</summary>
    Delete,

    /// <summary><c>key=extend_list(…)</c>: appends to a list.</summary>
    ExtendList,
}

/// <summary>
/// One override of a configuration, as typed: <c>lr=0.1</c>, <c>+db@backup=mysql</c>, <c>~callbacks.early_stop</c>.
/// </summary>
public sealed record Override
{
    public required OverrideKind Kind { get; init; }

    /// <summary>The dotted path (<c>optimizer.lr</c>) or the group (<c>db</c>, <c>hydra/launcher</c>); empty for the root.</summary>
    public required string Key { get; init; }

    /// <summary>The package after <c>@</c>; null when there is none.</summary>
    public string? Package { get; init; }

    /// <summary>Null only for a deletion without a value.</summary>
    public Element? Value { get; init; }

    /// <summary>The whole word.</summary>
    public required Span At { get; init; }

    /// <summary>The key with its package.</summary>
    public required Span KeyAt { get; init; }

    /// <summary>The word as typed.</summary>
    public string Text => At.Source.Text;

    /// <summary>Whether it stands for several values, of which each job of a sweep gets one.</summary>
    public bool IsSweep => Value is { IsSweep: true };

    /// <summary>Whether it is about Hydra's own node or groups.</summary>
    public bool IsHydra => Key.StartsWith("hydra.", StringComparison.Ordinal) || Key.StartsWith("hydra/", StringComparison.Ordinal);

    /// <summary>The key with its package: <c>db@backup</c>.</summary>
    public string KeyWithPackage => Package is null ? Key : $"{Key}@{Package}";

    /// <summary>The key with prefix and package, by which a sweeper tells overrides apart: <c>+db@backup</c>.</summary>
    public string KeyElement => Prefix + KeyWithPackage;

    private string Prefix => Kind switch
    {
        OverrideKind.Add => "+",
        OverrideKind.ForceAdd => "++",
        OverrideKind.Delete => "~",
        _ => "",
    };

    /// <summary>Reads one override; null when it is not one (then a diagnostic says why). Never throws on any text.</summary>
    public static Override? Parse(Source source, Diagnostics diagnostics) => OverrideParser.Parse(source, diagnostics);

    /// <summary>Reads the words of a command line, as the sources <c>&lt;argument 1&gt;</c>, <c>&lt;argument 2&gt;</c>, …; broken ones are diagnosed and left out.</summary>
    public static IReadOnlyList<Override> ParseAll(IReadOnlyList<string> words, Diagnostics diagnostics) =>
        ParseAll(words.Select((word, i) => Source.OfArgument(i + 1, word)), diagnostics);

    /// <summary>Reads words that know their places; broken ones are diagnosed and left out.</summary>
    public static IReadOnlyList<Override> ParseAll(IEnumerable<Source> words, Diagnostics diagnostics)
    {
        var overrides = new List<Override>();
        foreach (Source word in words)
        {
            if (Parse(word, diagnostics) is { } parsed)
                overrides.Add(parsed);
        }
        return overrides;
    }

    public override string ToString() => Text;
}
