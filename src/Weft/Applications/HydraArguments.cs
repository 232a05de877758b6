using System.Collections.Immutable;
using Weft.Text;

namespace Weft.Applications;

/// <summary>What the user typed, taken apart and nothing more: the flags of a Hydra application, and its overrides.</summary>
public sealed record HydraArguments
{
    public ImmutableArray<string> Overrides { get; init; } = [];

    /// <summary><c>--cfg</c>: <c>job</c>, <c>hydra</c> or <c>all</c>.</summary>
    public string? Cfg { get; init; }

    /// <summary><c>--info</c>: what to tell; <c>all</c> when nothing is named.</summary>
    public string? Info { get; init; }

    public string? Package { get; init; }

    public string? ConfigPath { get; init; }

    public string? ConfigName { get; init; }

    public string? ConfigDir { get; init; }

    /// <summary><c>--experimental-rerun</c>: the saved configuration to run again.</summary>
    public string? Rerun { get; init; }

    public bool IsHelp { get; init; }

    public bool IsHydraHelp { get; init; }

    public bool IsVersion { get; init; }

    public bool IsResolve { get; init; }

    public bool IsRun { get; init; }

    public bool IsMultiRun { get; init; }

    public bool IsShellCompletion { get; init; }

    /// <summary>Every flag, in the order in which help shows them.</summary>
    internal static ImmutableArray<Flag> Flags { get; } =
    [
        new("--help", "-h", null, "Help of the application", (arguments, _) => arguments with { IsHelp = true }),
        new("--hydra-help", null, null, "Help about these flags", (arguments, _) => arguments with { IsHydraHelp = true }),
        new("--version", null, null, "Version", (arguments, _) => arguments with { IsVersion = true }),
        new("--cfg", "-c", ["job", "hydra", "all"], "Show the configuration instead of running: job, hydra or all", (arguments, value) => arguments with { Cfg = value }),
        new("--resolve", null, null, "With --cfg or --help: show values in place of interpolations", (arguments, _) => arguments with { IsResolve = true }),
        new("--package", "-p", [], "With --cfg: show only this package", (arguments, value) => arguments with { Package = value }),
        new("--run", "-r", null, "Run one job", (arguments, _) => arguments with { IsRun = true }),
        new("--multirun", "-m", null, "Run a sweep of jobs", (arguments, _) => arguments with { IsMultiRun = true }),
        new("--shell-completion", "-sc", null, "Install or remove completion: install=bash, uninstall=bash", (arguments, _) => arguments with { IsShellCompletion = true }),
        new("--config-path", "-cp", [], "Folder of configurations, in place of the application's own", (arguments, value) => arguments with { ConfigPath = value }),
        new("--config-name", "-cn", [], "Primary configuration, in place of the application's own", (arguments, value) => arguments with { ConfigName = value }),
        new("--config-dir", "-cd", [], "A further folder of configurations", (arguments, value) => arguments with { ConfigDir = value }),
        new("--experimental-rerun", null, [], "Run again from a saved configuration", (arguments, value) => arguments with { Rerun = value }),
        new("--info", "-i", ["all", "config", "defaults", "defaults-tree", "plugins", "searchpath"], "Tell about the composition", (arguments, value) => arguments with { Info = value }) { ValueIfNone = "all" },
    ];

    /// <returns>Null when the words do not fit the flags; diagnostics say what is wrong.</returns>
    public static HydraArguments? Parse(IReadOnlyList<string> words, Diagnostics diagnostics)
    {
        int before = diagnostics.Errors;
        var arguments = new HydraArguments();
        var overrides = ImmutableArray.CreateBuilder<string>();
        for (int i = 0; i < words.Count; i++)
        {
            string word = words[i];
            if (word == "--")
            {
                overrides.AddRange(words.Skip(i + 1));
                break;
            }
            if (word.Length < 2 || word[0] != '-')
            {
                overrides.Add(word);
                continue;
            }
            Span at = Source.OfArgument(i + 1, word).Whole;
            (string name, string? value) = Split(word);
            if (Flags.FirstOrDefault(flag => flag.Long == name || flag.Short == name) is not { } known)
            {
                diagnostics.Error("arguments/unknown-flag", $"no flag `{name}`", at, Suggest.Hint(name, Flags.Select(flag => flag.Long)));
                continue;
            }
            if (known.Choices is not null && value is null && i + 1 < words.Count && !words[i + 1].StartsWith('-'))
                value = words[++i];
            if (Check(known, value, at, diagnostics))
                arguments = known.Set(arguments, value ?? known.ValueIfNone);
        }
        return diagnostics.Errors > before ? null : arguments with { Overrides = overrides.ToImmutable() };
    }

    private static (string Name, string? Value) Split(string word)
    {
        int equal = word.IndexOf('=');
        return equal < 0 || !word.StartsWith("--", StringComparison.Ordinal) ? (word, null) : (word[..equal], word[(equal + 1)..]);
    }

    private static bool Check(Flag flag, string? value, Span at, Diagnostics diagnostics)
    {
        int before = diagnostics.Errors;
        if (flag.Choices is null && value is not null)
            diagnostics.Error("arguments/value", $"`{flag.Long}` takes no value", at);
        else if (flag.Choices is not null && value is null && flag.ValueIfNone is null)
            diagnostics.Error("arguments/value", $"`{flag.Long}` needs a value", at);
        else if (flag.Choices is { Length: > 0 } choices && value is not null && !choices.Contains(value))
            diagnostics.Error("arguments/value", $"`{flag.Long}` is {Suggest.List(choices)}, found `{value}`", at, Suggest.Hint(value, choices));
        return diagnostics.Errors == before;
    }

    /// <param name="Choices">Values that it takes: null for no value, empty for any.</param>
    internal sealed record Flag(string Long, string? Short, string[]? Choices, string Doc, Func<HydraArguments, string?, HydraArguments> Set)
    {
        /// <summary>What a missing value means; null when there must be one.</summary>
        public string? ValueIfNone { get; init; }
    }
}
