using System.Collections.Immutable;
using Weft.Sweeps;
using Weft.Text;

namespace Weft.Applications;

/// <summary>What the user typed, taken apart and nothing more: the flags of a Hydra application, and its overrides.</summary>
internal sealed record HydraArguments
{
    /// <summary>The overrides, each a source that knows its place among the arguments.</summary>
    public ImmutableArray<Source> Words { get; init; } = [];

    public ImmutableArray<string> Overrides => [.. Words.Select(word => word.Text)];

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

    /// <summary><c>--zip</c>, <c>--when</c>, <c>--then</c> and <c>--where</c>: how the words of a sweep are put together.</summary>
    public SweepShape Shape { get; init; } = new();

    /// <summary>Every flag, in the order in which help shows them.</summary>
    internal static ImmutableArray<Flag> Flags { get; } =
    [
        new("--help", "-h", null, "Help of the application", (arguments, _) => arguments with { IsHelp = true }),
        new("--hydra-help", null, null, "Help about these flags", (arguments, _) => arguments with { IsHydraHelp = true }),
        new("--version", null, null, "Version", (arguments, _) => arguments with { IsVersion = true }),
        new("--cfg", "-c", ["job", "hydra", "all"], "Show the configuration instead of running: job, hydra or all", (arguments, value) => arguments with { Cfg = value?.Text }),
        new("--resolve", null, null, "With --cfg or --help: show values in place of interpolations", (arguments, _) => arguments with { IsResolve = true }),
        new("--package", "-p", [], "With --cfg: show only this package", (arguments, value) => arguments with { Package = value?.Text }),
        new("--run", "-r", null, "Run one job", (arguments, _) => arguments with { IsRun = true }),
        new("--multirun", "-m", null, "Run a sweep of jobs", (arguments, _) => arguments with { IsMultiRun = true }),
        new("--shell-completion", "-sc", null, "Install or remove completion: install=bash, uninstall=bash (or zsh, fish)", (arguments, _) => arguments with { IsShellCompletion = true }),
        new("--config-path", "-cp", [], "Folder of configurations, in place of the application's own", (arguments, value) => arguments with { ConfigPath = value?.Text }),
        new("--config-name", "-cn", [], "Primary configuration, in place of the application's own", (arguments, value) => arguments with { ConfigName = value?.Text }),
        new("--config-dir", "-cd", [], "A further folder of configurations", (arguments, value) => arguments with { ConfigDir = value?.Text }),
        new("--experimental-rerun", null, [], "Run again from the .hydra folder of a job", (arguments, value) => arguments with { Rerun = value?.Text }),
        new("--info", "-i", ["all", "config", "defaults", "defaults-tree", "plugins", "searchpath"], "Tell about the composition", (arguments, value) => arguments with { Info = value?.Text }) { ValueIfNone = "all" },
        new("--zip", null, [], "In a sweep: the values of these keys go together (--zip lr,batch)", (arguments, value) => arguments with { Shape = arguments.Shape with { Zip = arguments.Shape.Zip.Add(value!) } }),
        new("--when", null, [], "In a sweep: a key has its values only where a condition holds (--when \"momentum: opt == 'sgd'\")", (arguments, value) => arguments with { Shape = arguments.Shape with { When = arguments.Shape.When.Add(value!) } }),
        new("--then", null, [], "After a sweep: the same with these words in place of others (--then \"model=large lr=0.01\")", (arguments, value) => arguments with { Shape = arguments.Shape with { Then = arguments.Shape.Then.Add(value!) } }),
        new("--where", null, [], "In a sweep: only the jobs for which a condition holds (--where \"lr < 0.1\")", (arguments, value) => arguments with { Shape = arguments.Shape with { Where = value } }),
    ];

    /// <returns>Null when the words do not fit the flags; diagnostics say what is wrong.</returns>
    public static HydraArguments? Parse(IReadOnlyList<string> words, Diagnostics diagnostics)
    {
        int before = diagnostics.Errors;
        var arguments = new HydraArguments();
        var overrides = ImmutableArray.CreateBuilder<Source>();
        for (int i = 0; i < words.Count; i++)
        {
            string word = words[i];
            if (word == "--")
            {
                overrides.AddRange(words.Skip(i + 1).Select((rest, n) => Source.OfArgument(i + 2 + n, rest)));
                break;
            }
            if (word.Length < 2 || word[0] != '-')
            {
                overrides.Add(Source.OfArgument(i + 1, word));
                continue;
            }
            Span at = Source.OfArgument(i + 1, word).Whole;
            (string name, Excerpt? value) = Split(word, at);
            if (Flags.FirstOrDefault(flag => flag.Long == name || flag.Short == name) is not { } known)
            {
                diagnostics.Error("arguments/unknown-flag", $"no flag `{name}`", at, Suggest.Hint(name, Flags.Select(flag => flag.Long)));
                continue;
            }
            if (known.Choices is not null && value is null && i + 1 < words.Count && !words[i + 1].StartsWith('-'))
                value = Excerpt.OfArgument(++i + 1, words[i]);
            if (Check(known, value?.Text, at, diagnostics))
                arguments = known.Set(arguments, value ?? (known.ValueIfNone is { } meant ? Excerpt.Computed(meant, at) : null));
        }
        return diagnostics.Errors > before ? null : arguments with { Words = overrides.ToImmutable() };
    }

    private static (string Name, Excerpt? Value) Split(string word, Span at)
    {
        int equal = word.IndexOf('=');
        return equal < 0 || !word.StartsWith("--", StringComparison.Ordinal) ? (word, null) : (word[..equal], Excerpt.Of(at).Part(equal + 1));
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
    internal sealed record Flag(string Long, string? Short, string[]? Choices, string Doc, Func<HydraArguments, Excerpt?, HydraArguments> Set)
    {
        /// <summary>What a missing value means; null when there must be one.</summary>
        public string? ValueIfNone { get; init; }
    }
}
