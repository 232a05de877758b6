using Weft.Config.Nodes;
using Weft.Config.Overrides;
using Weft.Text;

namespace Weft.Config.Composition;

/// <summary>
/// Checks a folder of configurations as a whole: every file can be read; every primary configuration composes, and so does it with every option
/// of every group that it or one of those options uses, one at a time; all interpolations resolve. What must still be given, and options that
/// nothing can reach, are told as warnings.
/// </summary>
internal sealed class ConfigCheck
{
    /// <summary>The source of words that the check makes up.</summary>
    private const string Made = "<check>";

    private readonly Composer _composer;
    private readonly string? _configName;
    private readonly IReadOnlyList<Override> _overrides;
    private readonly Diagnostics _diagnostics;
    private readonly HashSet<(string Id, string Message, Span? At)> _reported;
    private readonly HashSet<string> _used;

    /// <summary>Configurations that others bring by their path: what they leave open, those fill.</summary>
    private readonly HashSet<string> _bases;
    private readonly HashSet<string> _keys = new(StringComparer.Ordinal);
    private readonly Queue<Trial> _trials = new();

    private ConfigCheck(Composer composer, string? configName, IReadOnlyList<Override> overrides, Diagnostics diagnostics, HashSet<(string, string, Span?)> reported, HashSet<string> used, HashSet<string> bases)
    {
        _composer = composer;
        _configName = configName;
        _overrides = overrides;
        _diagnostics = diagnostics;
        _reported = reported;
        _used = used;
        _bases = bases;
    }

    /// <param name="configName">The primary configuration; null for all that the folder has: files at its root that no other brings.</param>
    /// <param name="overrides">Words that hold for every composition.</param>
    /// <returns>The primary configurations, and how many compositions were made.</returns>
    public static (IReadOnlyList<string> ConfigNames, int Compositions) Run(Composer composer, string? configName, IReadOnlyList<Override> overrides, Diagnostics diagnostics)
    {
        if (composer.Open(configName, overrides, diagnostics) is not { } repository)
            return ([], 0);
        var reported = new HashSet<(string, string, Span?)>();
        var used = new HashSet<string>(StringComparer.Ordinal);
        var bases = new HashSet<string>(StringComparer.Ordinal);
        IReadOnlyList<string> primary = ReadAll(repository, bases, reported, diagnostics);
        IReadOnlyList<string> names = configName is null ? primary : [configName];
        int count = 0;
        foreach (string name in names)
            count += new ConfigCheck(composer, name, overrides, diagnostics, reported, used, bases).Run();
        if (names.Count > 0)
            count += new ConfigCheck(composer, names[0], overrides, diagnostics, reported, used, bases).RunUnused(names);
        return (names, count);
    }

    /// <summary>Reads every file of the application, whether anything leads to it or not.</summary>
    /// <returns>The configurations at the root that no other one there brings.</returns>
    private static List<string> ReadAll(ConfigRepository repository, HashSet<string> bases, HashSet<(string, string, Span?)> reported, Diagnostics diagnostics)
    {
        var atRoot = new List<string>();
        foreach (IConfigSource source in repository.Sources.Where(source => source.Provider is not ("hydra" or "schema")))
        {
            foreach (string path in PathsOf(source, ""))
            {
                var problems = new Diagnostics();
                LoadedConfig? config = repository.Load(path, problems);
                foreach (Diagnostic problem in problems)
                    Report(problem, null, reported, diagnostics);
                string group = path[..(path.LastIndexOf('/') + 1)];
                if (group.Length == 0)
                    atRoot.Add(path);
                foreach (DefaultsEntry.Config entry in (config?.Defaults ?? []).OfType<DefaultsEntry.Config>())
                {
                    string brought = entry.Path.StartsWith('/') ? entry.Path[1..] : group + entry.Path;
                    if (brought != path)
                        bases.Add(brought);
                }
            }
        }
        List<string> primary = [.. atRoot.Where(name => !bases.Contains(name)).Distinct()];
        return primary.Count > 0 ? primary : atRoot;
    }

    private static IEnumerable<string> PathsOf(IConfigSource source, string group) =>
        source.Options(group.TrimEnd('/')).Order(StringComparer.Ordinal).Select(name => group + name)
            .Concat(source.Groups(group.TrimEnd('/')).Order(StringComparer.Ordinal).SelectMany(name => PathsOf(source, $"{group}{name}/")));

    /// <summary>Composes as it is, then every option of every group that comes up on the way.</summary>
    private int Run()
    {
        int count = 0;
        _trials.Enqueue(new Trial([], null));
        while (_trials.TryDequeue(out Trial? trial))
        {
            count++;
            Composition? composition = Compose(trial);
            // A choice that must be made keeps a configuration from composing; its options can be tried nevertheless.
            if ((composition ?? Frame(trial)) is { } known)
                Enqueue(known, trial);
        }
        return count;
    }

    private void Enqueue(Composition composition, Trial trial)
    {
        foreach (ResultDefault entry in composition.Defaults.Entries)
            _used.Add(entry.Path);
        foreach (string key in Keys(composition))
        {
            string group = key.Split('@')[0];
            if (group == "hydra" || group.StartsWith("hydra/", StringComparison.Ordinal) || !_keys.Add(key))
                continue;
            foreach (string option in _composer.Options(group, _configName, _overrides))
            {
                _used.Add($"{group}/{option}");
                if (composition.Defaults.Choices.GetValueOrDefault(key) != option && trial.With(key, option) is { } next)
                    _trials.Enqueue(next);
            }
        }
    }

    /// <summary>The groups of which an option is chosen, or must be; the last item of a list is met first.</summary>
    private static IEnumerable<string> Keys(Composition composition) =>
        composition.Defaults.Choices.Keys.Reverse().Concat(Below(composition.Defaults.Tree).Where(node => node.Kind == DefaultsNodeKind.Group && node.IsMissing).Select(node => node.OverrideKey));

    private static IEnumerable<DefaultsNode> Below(DefaultsNode node) => (node.Children ?? []).SelectMany(child => Below(child).Prepend(child));

    /// <summary>Options that no primary configuration reached: each is tried on its own, and said to be unused.</summary>
    private int RunUnused(IReadOnlyList<string> configNames)
    {
        int count = 0;
        foreach (string group in GroupsBelow(""))
        {
            string[] unused = [.. _composer.Options(group, _configName, _overrides).Where(option => !_used.Contains($"{group}/{option}"))];
            if (unused.Length == 0)
                continue;
            foreach (string option in unused)
            {
                if (new Trial([], null).With("+" + group, option) is not { } trial)
                    continue;
                count++;
                Compose(trial);
            }
            bool isWhole = unused.Length == _composer.Options(group, _configName, _overrides).Count;
            string what = isWhole ? $"the group `{group}`" : $"{Suggest.List(unused.Select(option => $"{group}/{option}"), "and")}";
            _diagnostics.Warning(isWhole ? "check/unused-group" : "check/unused-option", $"no defaults list of {Suggest.List(configNames)} leads to {what}", null, $"to choose from it, write `+{group}=OPTION`");
        }
        return count;
    }

    private Composition? Compose(Trial trial)
    {
        var problems = new Diagnostics();
        Composition? composition = _composer.Compose(_configName, [.. _overrides, .. trial.Words], RunMode.Run, problems);
        if (composition is not null)
        {
            composition.JobResolution.Resolve(composition.Job, problems, keepMissing: true);
            if (trial.Option is null || !_bases.Contains(trial.Option))
                ReportMissing(composition, trial);
        }
        foreach (Diagnostic problem in problems)
            Report(problem, trial.Choice, _reported, _diagnostics);
        return composition;
    }

    /// <summary>With open choices left open.</summary>
    private Composition? Frame(Trial trial) => _composer.Compose(_configName, [.. _overrides, .. trial.Words], RunMode.MultiRun, []);

    private void ReportMissing(Composition composition, Trial trial)
    {
        foreach (ConfigNode missing in MissingBelow(composition.Job))
        {
            var problem = new Diagnostic("check/missing-value", $"`{missing.FullKey}` must be given a value: it is `???`", Explanation.PlaceOf(missing)) { Severity = Severity.Warning };
            Report(problem, trial.Choice, _reported, _diagnostics);
        }
    }

    /// <summary>A problem comes back with every choice that leads to it; one report of it is enough.</summary>
    private static void Report(Diagnostic problem, string? choice, HashSet<(string, string, Span?)> reported, Diagnostics diagnostics)
    {
        if (!reported.Add((problem.Id, problem.Message, problem.At)))
            return;
        if (problem.At is { Source.Name: Made })
            problem = problem with { At = null };
        problem = problem with { Notes = [.. problem.Notes.Where(note => note.At is not { Source.Name: Made })] };
        diagnostics.Add(choice is null ? problem : problem.WithNote($"with `{choice}`", null));
    }

    private static IEnumerable<ConfigNode> MissingBelow(ConfigNode node)
    {
        if (node.IsMissing)
            return [node];
        return node switch
        {
            DictConfig dict => dict.SelectMany(MissingBelow),
            ListConfig list => list.SelectMany(MissingBelow),
            _ => [],
        };
    }

    /// <summary>The application's groups; Hydra's own are not checked.</summary>
    private IEnumerable<string> GroupsBelow(string parent)
    {
        foreach (string name in _composer.Groups(parent, _configName, _overrides))
        {
            string group = parent.Length == 0 ? name : $"{parent}/{name}";
            if (group == "hydra")
                continue;
            yield return group;
            foreach (string below in GroupsBelow(group))
                yield return below;
        }
    }

    /// <summary>A composition to be tried.</summary>
    /// <param name="Choice">The words as a user types them; null for none.</param>
    /// <param name="Option">Path of the configuration that the last word chose; null for none.</param>
    private sealed record Trial(IReadOnlyList<Override> Words, string? Choice, string? Option = null)
    {
        /// <summary>With one more choice; null when the group has a name that no word can give.</summary>
        public Trial? With(string key, string option)
        {
            string word = $"{key}={ElementPrinter.Print(new Element.Text(option))}";
            if (Override.Parse(new Source(Made, word), []) is not { Value: Element.Text } made)
            {
                word = $"{key}={ElementPrinter.Print(new Element.Text(option, Quote.Single))}";
                made = Override.Parse(new Source(Made, word), []);
            }
            return made is null ? null : new Trial([.. Words, made], Choice is null ? word : $"{Choice} {word}", $"{key.TrimStart('+').Split('@')[0]}/{option}");
        }
    }
}
