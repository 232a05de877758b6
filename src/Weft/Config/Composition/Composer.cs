using Weft.Config.Editing;
using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Config.Overrides;
using Weft.Config.Structured;
using Weft.Text;

namespace Weft.Config.Composition;

/// <summary>What a composition is told by the application, not by its configurations.</summary>
internal sealed record ComposerOptions
{
    /// <summary>The release whose defaults apply: <c>1.1</c>, <c>1.2</c> or <c>1.3</c>.</summary>
    public string VersionBase { get; init; } = "1.3";

    /// <summary>Name of the job unless the configuration gives one.</summary>
    public string JobName { get; init; } = "app";

    /// <summary>Folder in which the application was started; appears as <c>hydra.runtime.cwd</c>.</summary>
    public string WorkingFolder { get; init; } = "";

    /// <summary>What <c>oc.env</c> and <c>hydra.job.env_copy</c> read.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The keys and types of the application's configuration: what is composed is validated by them. Null for any.</summary>
    public ConfigSchema? Schema { get; init; }

    /// <summary>Resolvers of the application's own are added here.</summary>
    public Action<Resolvers.Resolvers>? AddResolvers { get; init; }
}

/// <summary>
/// Composes configurations: primary configuration, defaults lists, overrides, the <c>hydra</c> node. Files are read once, and what is composed
/// before the overrides of values are applied is kept for the next composition with the same choices: the points of a sweep cost little more
/// than a copy. For one thread at a time; a new composer sees changed files.
/// </summary>
internal sealed class Composer
{
    /// <summary>Compatible release of Hydra, as <c>hydra.runtime.version</c> shows it.</summary>
    public const string HydraVersion = "1.3.5";

    /// <summary>Compositions without overrides of values that are kept.</summary>
    internal const int MaxKept = 64;

    private const string SearchPathKey = "hydra.searchpath";

    private readonly SearchPath _searchPath;
    private readonly ComposerOptions _options;
    private readonly Resolvers.Resolvers _resolvers;
    private readonly Dictionary<string, ConfigRepository> _repositories = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Base> _kept = new(StringComparer.Ordinal);
    private ConfigSchema? _rootSchema;

    public Composer(SearchPath searchPath, ComposerOptions? options = null)
    {
        _searchPath = searchPath;
        _options = options ?? new ComposerOptions();
        _resolvers = Resolvers.Resolvers.Standard(_options.Environment).AddHydra(_options.Time);
        _options.AddResolvers?.Invoke(_resolvers);
    }

    /// <summary>A composer of a folder of files.</summary>
    public static Composer OfFolder(string folder, ComposerOptions? options = null) => new(new SearchPath { Main = new FileConfigSource("main", folder) }, options);

    /// <summary>How many defaults lists were expanded and merged; the others were kept ones. The measure of work in tests.</summary>
    public int Expansions { get; private set; }

    /// <summary>How many compositions are kept for later ones; the measure of memory in tests.</summary>
    internal int Kept => _kept.Count;

    /// <summary>How many entries of configurations were merged.</summary>
    internal long Merged { get; private set; }

    /// <summary>Composes one job, as Hydra's <c>compose</c> does; what it warns of is not said.</summary>
    /// <param name="configName">Path of the primary configuration; null for none.</param>
    /// <param name="words">Overrides as on a command line: <c>db=postgres</c>, <c>+lr=0.1</c>.</param>
    /// <exception cref="DiagnosticException">All that keeps it from composing.</exception>
    public Composition Compose(string? configName, params string[] words)
    {
        var diagnostics = new Diagnostics();
        return Compose(configName, words, RunMode.Run, diagnostics) ?? throw new DiagnosticException(diagnostics);
    }

    /// <summary>Composes one configuration.</summary>
    /// <param name="configName">Path of the primary configuration; null for none.</param>
    /// <param name="mode">In a sweep's frame sweeping overrides are allowed and left out, and choices may be left open.</param>
    /// <returns>Null when something is wrong; diagnostics say what.</returns>
    public Composition? Compose(string? configName, IReadOnlyList<Override> overrides, RunMode mode, Diagnostics diagnostics)
    {
        int before = diagnostics.Errors;
        if (Open(configName, overrides, diagnostics) is not { } repository)
            return null;
        CheckSweeps(overrides, mode, diagnostics);
        if (diagnostics.Errors > before)
            return null;
        var groups = new List<Override>();
        var values = new List<Override>();
        foreach (Override item in overrides)
        {
            if (!item.IsSweep)
                (GroupOverrides.IsOfGroup(item, repository) ? groups : values).Add(item);
        }
        if (FindBase(configName, repository, groups, mode, diagnostics) is not { } known)
            return null;
        var config = (DictConfig)known.Config.Copy();
        config.Struct = true;
        var resolution = new Resolution(_resolvers);
        var applier = new OverrideApplier(config, resolution, known.Defaults.Choices.Keys, diagnostics);
        foreach (Override item in values)
            applier.Apply(item);
        if (diagnostics.Errors > before)
            return null;
        var composition = new Composition(config, resolution, known.Defaults, overrides, repository, _resolvers);
        new HydraNode(composition, _options, diagnostics).Fill(configName);
        return diagnostics.Errors > before ? null : composition;
    }

    /// <summary>Composes from the words of a command line; broken ones are diagnosed.</summary>
    public Composition? Compose(string? configName, IReadOnlyList<string> words, RunMode mode, Diagnostics diagnostics)
    {
        var sources = new Source[words.Count];
        for (int i = 0; i < sources.Length; i++)
            sources[i] = Source.OfArgument(i + 1, words[i]);
        return Compose(configName, sources, mode, diagnostics);
    }

    /// <summary>Composes from words that know where they were typed. Broken ones are diagnosed, and what is wrong with the others too, as far as it is about them.</summary>
    public Composition? Compose(string? configName, IReadOnlyList<Source> words, RunMode mode, Diagnostics diagnostics)
    {
        int before = diagnostics.Errors;
        var overrides = new List<Override>(words.Count);
        foreach (Source word in words)
        {
            if (Override.Parse(word, diagnostics) is { } parsed)
                overrides.Add(parsed);
        }
        if (diagnostics.Errors == before)
            return Compose(configName, overrides, mode, diagnostics);
        var others = new Diagnostics();
        Compose(configName, overrides, mode, others);
        foreach (Diagnostic problem in others.Where(problem => problem.At is { } at && words.Contains(at.Source)))
            diagnostics.Add(problem);
        return null;
    }

    /// <summary>The options of a group with the search path that overrides and the primary configuration give; none when that is wrong.</summary>
    public IReadOnlyList<string> Options(string group, string? configName, IReadOnlyList<Override> overrides) =>
        Open(configName, overrides, [])?.Options(group) ?? [];

    /// <summary>The groups directly in a group; the empty name is the root.</summary>
    public IReadOnlyList<string> Groups(string group, string? configName, IReadOnlyList<Override> overrides) =>
        Open(configName, overrides, [])?.Groups(group) ?? [];

    /// <summary>The configurations of the search path, to which <c>hydra.searchpath</c> adds.</summary>
    internal ConfigRepository? Open(string? configName, IReadOnlyList<Override> overrides, Diagnostics diagnostics)
    {
        if (_searchPath.Main is { IsAvailable: false } main)
        {
            diagnostics.Error("compose/folder-not-found", $"there is no folder `{main.Path}` of configurations");
            return null;
        }
        ConfigRepository plain = Repository("", () => []);
        ListConfig? items = null;
        string provider = "hydra.searchpath in main";
        if (overrides.FirstOrDefault(item => item.KeyElement == SearchPathKey) is { } given)
        {
            if (!TryItems(ElementNodes.ToNode(given.Value!, diagnostics), given.Value!.At, diagnostics, out items))
                return null;
            provider = "hydra.searchpath in command-line";
        }
        else if (configName is not null && plain.HasConfig(configName))
        {
            // What it warns of is said when its defaults list is expanded.
            var problems = new Diagnostics();
            LoadedConfig? primary = plain.Load(configName, problems);
            if (problems.HasErrors)
            {
                diagnostics.AddRange(problems);
                return null;
            }
            if (primary?.Root is not DictConfig root)
            {
                diagnostics.Error("compose/primary-not-a-map", $"the primary configuration `{configName}` is a map, found a list", primary?.Root.At);
                return null;
            }
            Selected selected = new Resolution(_resolvers).Select(root, SearchPathKey);
            if (selected.Error is { } error)
            {
                diagnostics.Add(error);
                return null;
            }
            if (selected.Node is { IsNull: false } node && !TryItems(node, node.At.Source is null ? null : node.At, diagnostics, out items))
                return null;
        }
        if (items is null || items.Count == 0)
            return plain;
        return WithItems(provider, items, diagnostics);
    }

    private ConfigRepository? WithItems(string provider, ListConfig items, Diagnostics diagnostics)
    {
        // Interpolations of the items see the environment; there is no configuration yet.
        var resolution = new Resolution(_resolvers);
        var paths = new List<(string Path, Span? At)>();
        foreach (ConfigNode item in items)
        {
            if (resolution.Dereference(item, out Diagnostic? error) is not { } value)
                diagnostics.Add(error!);
            else
                paths.Add((value.Content.ToString(), item.At.Source is null ? null : item.At));
        }
        string key = provider + "\n" + string.Join('\n', paths.Select(path => path.Path));
        if (_repositories.TryGetValue(key, out ConfigRepository? known))
            return known;
        var sources = new List<IConfigSource>();
        foreach ((string path, Span? at) in paths)
        {
            if (_searchPath.Open(provider, path, at, diagnostics) is not { } source)
                return null;
            if (!source.IsAvailable)
                diagnostics.Warning("compose/source-not-available", $"`{path}` of `{SearchPathKey}` is not there", at);
            sources.Add(source);
        }
        return Repository(key, () => sources);
    }

    private static bool TryItems(ConfigNode? node, Span? at, Diagnostics diagnostics, out ListConfig? items)
    {
        items = node as ListConfig;
        if (items is { IsSpecial: false } && items.All(item => item.Content.Kind is ScalarKind.Str or ScalarKind.Interpolation))
            return true;
        if (node is not null)
            diagnostics.Error("compose/searchpath", $"`{SearchPathKey}` is a list of texts, found `{PythonText.Str(node)}`", at, "write `hydra.searchpath=[PATH]`");
        return false;
    }

    private ConfigRepository Repository(string key, Func<IEnumerable<IConfigSource>> added)
    {
        if (!_repositories.TryGetValue(key, out ConfigRepository? repository))
            _repositories.Add(key, repository = new ConfigRepository(_searchPath.Sources(added())));
        return repository;
    }

    private string KeyOf(ConfigRepository repository)
    {
        foreach ((string key, ConfigRepository known) in _repositories)
        {
            if (known == repository)
                return key;
        }
        throw new ArgumentException("it was not made here", nameof(repository));
    }

    private static void CheckSweeps(IReadOnlyList<Override> overrides, RunMode mode, Diagnostics diagnostics)
    {
        foreach (Override item in overrides)
        {
            if (!item.IsSweep)
                continue;
            if (mode == RunMode.MultiRun)
            {
                if (item.IsHydra)
                    diagnostics.Error("compose/hydra-sweep", "Hydra's own configuration is the same for all jobs of a sweep", item.At);
            }
            else if (item.Value is Element.Choice { IsSimple: true })
            {
                diagnostics.Error("compose/sweep-in-run", "several values are a sweep, and this is a single run", item.Value.At,
                    $"for a list, write `{item.KeyElement}=[{item.Value.At.Text}]`; for a text with commas, quote it; to sweep, add `--multirun`");
            }
            else
            {
                diagnostics.Error("compose/sweep-in-run", $"{item.Value!.Kind} stands in a single run", item.Value.At, "to sweep, add `--multirun`");
            }
        }
    }

    /// <summary>What is composed before overrides of values are applied, kept or made.</summary>
    private Base? FindBase(string? configName, ConfigRepository repository, List<Override> groups, RunMode mode, Diagnostics diagnostics)
    {
        string key = string.Join('\n', [configName, mode == RunMode.MultiRun ? "sweep" : "run", KeyOf(repository), .. groups.Select(item => item.Text)]);
        if (!_kept.TryGetValue(key, out Base? known))
        {
            var problems = new Diagnostics();
            known = Expand(configName, repository, groups, mode, problems);
            if (_kept.Count >= MaxKept)
                _kept.Clear();
            if (known is null)
            {
                diagnostics.AddRange(problems);
                return null;
            }
            _kept.Add(key, known);
        }
        diagnostics.AddRange(known.Warnings);
        return known;
    }

    private Base? Expand(string? configName, ConfigRepository repository, List<Override> groups, RunMode mode, Diagnostics diagnostics)
    {
        Expansions++;
        var overrides = new GroupOverrides();
        overrides.Take(groups, diagnostics);
        if (diagnostics.HasErrors)
            return null;
        var rules = new CompositionRules(_options.VersionBase == "1.1", mode == RunMode.MultiRun, Interpolate);
        if (new DefaultsTreeBuilder(repository, overrides, rules, diagnostics).Build(configName) is not { } defaults)
            return null;
        DictConfig config = NewRoot(diagnostics);
        var merger = new ConfigMerger(repository, config, new Resolution(_resolvers), diagnostics);
        foreach (ResultDefault entry in defaults.Entries)
            merger.Merge(entry);
        Merged += merger.Merged;
        return diagnostics.HasErrors ? null : new Base(config, defaults, diagnostics);
    }

    /// <summary>What everything is merged into: the schema's defaults when there is one, beside which the <c>hydra</c> node may stand.</summary>
    private DictConfig NewRoot(Diagnostics diagnostics)
    {
        if (_options.Schema is not { } schema)
            return new DictConfig();
        return Typed.Create(_rootSchema ??= new ConfigSchema(schema.Name, [new ConfigField("hydra", ConfigType.Any)], schema), diagnostics);
    }

    /// <summary>A configuration that was composed before and saved, its <c>hydra</c> node included.</summary>
    /// <param name="overrides">The words of the job, as saved.</param>
    /// <returns>Null when it does not fit the schema; diagnostics say why.</returns>
    internal Composition? Restore(DictConfig saved, IReadOnlyList<Override> overrides, Diagnostics diagnostics)
    {
        int before = diagnostics.Errors;
        var resolution = new Resolution(_resolvers);
        DictConfig config = NewRoot(diagnostics);
        new ConfigEditor(resolution, diagnostics).Merge(config, saved);
        var defaults = new DefaultsList([], new DefaultsNode(null, null, "", null, Choice.None) { Kind = DefaultsNodeKind.Root }, new Dictionary<string, string?>());
        return diagnostics.Errors > before ? null : new Composition(config, resolution, defaults, overrides, new ConfigRepository(_searchPath.Sources([])), _resolvers);
    }

    /// <summary>What the option of a defaults item gives.</summary>
    private string? Interpolate(string text, DictConfig variables, Diagnostics diagnostics)
    {
        if (ConfigReader.OfText(text, null, diagnostics) is not { } scalar)
            return null;
        // Evaluated as one more entry beside the choices; no group has such a name.
        var node = new ValueNode(scalar);
        variables.Put("${}", node);
        ConfigNode? value = new Resolution(_resolvers).Dereference(node, out Diagnostic? error);
        variables.Remove(node.Key);
        if (error is not null)
            diagnostics.Add(error);
        return value?.Content.AsString;
    }

    private sealed record Base(DictConfig Config, DefaultsList Defaults, Diagnostics Warnings);
}
