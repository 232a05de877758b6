using Weft.Config.Nodes;
using Weft.Text;

namespace Weft.Config.Composition;

/// <summary>
/// Expands defaults lists into a tree and flattens it. A list's <c>override</c> items count from the moment the list is entered, and its other
/// items are expanded from last to first: so an item sees the overrides of everything that stands behind it. Items whose option is an
/// interpolation come when all others of their list are expanded.
/// </summary>
internal sealed class DefaultsTreeBuilder(ConfigRepository repository, GroupOverrides overrides, CompositionRules rules, Diagnostics diagnostics)
{
    /// <summary>Levels of configurations that bring configurations.</summary>
    private const int MaxDepth = 200;

    /// <summary>So often a configuration may stand inside itself, in ever deeper packages: an override may end that.</summary>
    private const int MaxRepetitions = 20;

    /// <summary>Configurations of one composition.</summary>
    private const int MaxNodes = 50_000;

    private readonly HashSet<string> _open = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _repetitions = new(StringComparer.Ordinal);
    private int _count;

    /// <summary>The lists never end, which was reported: what else is in them does not matter.</summary>
    private bool _isEndless;

    /// <returns>Null when something is wrong; diagnostics say what.</returns>
    public DefaultsList? Build(string? configName)
    {
        int before = diagnostics.Errors;
        var root = new DefaultsNode(null, null, "", null, Choice.None) { Kind = DefaultsNodeKind.Root };
        DefaultsNode hydra = Config(root, "hydra/config", null, null);
        DefaultsNode primary = Config(root, configName ?? ConfigRepository.Empty, null, null, isPrimary: true);
        Expand(primary, isInterpolated: false);
        if (diagnostics.Errors > before)
            return null;
        Expand(hydra, isInterpolated: false);
        root.Children = [hydra, primary];
        if (diagnostics.Errors > before)
            return null;
        var entries = new List<ResultDefault>();
        Flatten(root, entries);
        ReportDuplicates(entries);
        overrides.ReportUnused(diagnostics);
        return diagnostics.Errors > before ? null : new DefaultsList(entries, root, overrides.Known);
    }

    private void Expand(DefaultsNode node, bool isInterpolated)
    {
        if (_isEndless)
            return;
        if (++_count > MaxNodes)
        {
            _isEndless = true;
            diagnostics.Error("compose/too-many-configs", $"the defaults lists bring more than {MaxNodes:N0} configurations", node.ChosenAt);
            return;
        }
        if (!node.IsPrimary && node.Name is not null && !node.IsMissing && Load(node) is { Package: { } header } && !(rules.IsVersion11 && header == "_group_"))
            node.Header = node.PackageOfHeader(header);
        if (node.Kind == DefaultsNodeKind.Group)
        {
            if (overrides.Delete(node))
            {
                node.IsDeleted = true;
                return;
            }
            if (!overrides.Know(node, diagnostics) || node.Name is null)
                return;
        }
        if (node.IsMissing)
        {
            ReportMissing(node);
            return;
        }
        if (!Exists(node) || Load(node) is not { } config)
            return;
        if (node.IsPrimary && config.Package is { } own)
            node.Header = node.PackageOfHeader(own);
        if (!Enter(node))
            return;
        List<DefaultsNode>? items = Items(node, config, isInterpolated);
        if (items is not null)
            ExpandItems(node, items, isInterpolated);
        _open.Remove(PlaceOf(node));
        _repetitions[node.ConfigPath]--;
    }

    /// <summary>The nodes of a defaults list with <c>_self_</c> in its place; its overrides are registered. Null when the list is wrong.</summary>
    private List<DefaultsNode>? Items(DefaultsNode node, LoadedConfig config, bool isInterpolated)
    {
        bool isExtended = node.IsPrimary && overrides.Appended.Count > 0;
        var items = new List<DefaultsNode>(config.Defaults.Length + 1);
        if (config.Defaults.IsEmpty && !isExtended)
            return items;
        bool hasSelf = false;
        bool hasOthers = false;
        foreach (DefaultsEntry entry in config.Defaults)
        {
            if (entry is DefaultsEntry.Self)
            {
                if (hasSelf)
                {
                    diagnostics.Error("compose/duplicate-self", $"`_self_` stands twice in the defaults list of `{node.ConfigPath}`", entry.At);
                    return null;
                }
                hasSelf = true;
            }
            hasOthers |= entry is not DefaultsEntry.Group { IsOverride: true };
            items.Add(Of(node, entry));
        }
        // A list without _self_ merges the own content last. One of override items only has no place for it: then the content is the configuration itself,
        // unless items are appended to it, and then it needs its place.
        if (!hasSelf && (hasOthers || isExtended))
        {
            if (node.IsPrimary && hasOthers && !config.Defaults.IsEmpty && config.HasContent)
                diagnostics.Warning("compose/no-self", $"the defaults list of `{node.ConfigPath}` has no `_self_`: its own content is merged last", config.Defaults[0].At, "write `- _self_` where it belongs");
            items.Add(new DefaultsNode(null, node, "", null, Choice.None) { Kind = DefaultsNodeKind.Self });
        }
        int own = items.Count;
        if (isExtended)
            items.AddRange(overrides.Appended.Select(entry => Of(node, entry)));
        return RegisterOverrides(node, items, own, isInterpolated) ? items : null;
    }

    /// <param name="own">How many items stand in the list itself; those behind were appended from outside.</param>
    private bool RegisterOverrides(DefaultsNode node, List<DefaultsNode> items, int own, bool isInterpolated)
    {
        DefaultsNode? last = null;
        for (int i = 0; i < items.Count; i++)
        {
            DefaultsNode item = items[i];
            if (item.Kind == DefaultsNodeKind.Self)
                continue;
            bool isLegacy = rules.IsVersion11 && item.Entry is DefaultsEntry.Group { IsOverride: false } group && group.Name.StartsWith("hydra/", StringComparison.Ordinal);
            bool isOverride = item.Entry is DefaultsEntry.Group { IsOverride: true };
            if (last is not null && !isOverride && !isLegacy && i < own)
            {
                diagnostics.Add(new Diagnostic("compose/override-order", $"`{item}` stands behind an `override`; overrides are the end of a defaults list", item.ChosenAt).WithNote("the override is here", last.Entry!.At));
                return false;
            }
            if (!isOverride && !isLegacy)
                continue;
            if (isOverride)
                last = item;
            if (isInterpolated)
            {
                diagnostics.Add(new Diagnostic("compose/override-below-interpolation", $"`{node.ConfigPath}` was chosen by an interpolation, when all other choices were made; it cannot override `{item.OverrideKey}`", item.Entry!.At)
                    .WithNote("it was chosen here", node.ChosenAt));
                return false;
            }
            overrides.Add(item, node.ConfigPath);
            item.IsReplaced = true;
        }
        return true;
    }

    private void ExpandItems(DefaultsNode node, List<DefaultsNode> items, bool isInterpolated)
    {
        if (items.Count == 0)
            return;
        var children = new List<DefaultsNode>(items.Count);
        for (int i = items.Count - 1; i >= 0; i--)
        {
            DefaultsNode item = items[i];
            if (item.IsReplaced)
                continue;
            if (item.Kind == DefaultsNodeKind.Group)
                overrides.Apply(item);
            if (item.Choice.IsList)
            {
                ExpandOptions(node, item, children, isInterpolated);
                continue;
            }
            children.Add(item);
            if (item.Kind != DefaultsNodeKind.Self && !IsInterpolation(item))
                Expand(item, isInterpolated);
        }
        foreach (DefaultsNode child in children)
        {
            if (child.Kind != DefaultsNodeKind.Self && IsInterpolation(child) && Interpolate(child))
                Expand(child, isInterpolated: true);
        }
        if (children.Count == 0)
            return;
        children.Reverse();
        node.Children = children;
    }

    /// <summary>A list of options becomes one configuration per option.</summary>
    private void ExpandOptions(DefaultsNode node, DefaultsNode item, List<DefaultsNode> children, bool isInterpolated)
    {
        var group = (DefaultsEntry.Group)item.Entry!;
        foreach (string option in item.Choice.Options.Reverse())
        {
            if (option.Contains("${", StringComparison.Ordinal))
            {
                diagnostics.Error("compose/interpolated-option", $"an interpolation cannot stand in a list of options: `{option}`", item.ChosenAt);
                continue;
            }
            DefaultsNode config = Config(node, $"{group.Name}/{option}", group.Package, group, isOptional: group.IsOptional);
            config.ChosenAt = item.ChosenAt;
            children.Add(config);
            Expand(config, isInterpolated);
        }
    }

    /// <summary>An option, or the path of a configuration; the name of a group is taken as it is written.</summary>
    private static bool IsInterpolation(DefaultsNode node) =>
        !node.IsResolved && (node.Name?.Contains("${", StringComparison.Ordinal) == true || (node.Kind == DefaultsNodeKind.Config && node.GroupName.Contains("${", StringComparison.Ordinal)));

    /// <summary>Puts what the interpolation gives in the place of the option: its variables are the choices made so far.</summary>
    private bool Interpolate(DefaultsNode node)
    {
        string text = node.Kind == DefaultsNodeKind.Group ? node.Name! : node.ConfigPath;
        if (text.StartsWith("${defaults.", StringComparison.Ordinal))
        {
            diagnostics.Error("compose/old-interpolation", $"`{text}` is the form of Hydra 1.0", node.ChosenAt, "name the group: `${GROUP}`");
            return false;
        }
        var problems = new Diagnostics();
        string? option = rules.Interpolate(text, overrides.Variables, problems);
        if (option is null)
        {
            string known = overrides.Known.Count == 0 ? "no group is chosen here" : $"groups chosen here: {Suggest.List(overrides.Known.Keys.Where(key => !key.StartsWith("hydra/", StringComparison.Ordinal)), "and")}";
            diagnostics.Error("compose/interpolation", $"`{text}` does not give an option: {problems.FirstOrDefault()?.Message ?? "it gives no text"}", node.ChosenAt, known);
            return false;
        }
        node.Resolve(option);
        return true;
    }

    /// <summary>A configuration with the package it goes to; no path has a line break.</summary>
    private static string PlaceOf(DefaultsNode node) => node.ConfigPath + '\n' + node.Package;

    /// <summary>Guards against configurations that bring themselves.</summary>
    private bool Enter(DefaultsNode node)
    {
        int repetitions = _repetitions[node.ConfigPath] = _repetitions.GetValueOrDefault(node.ConfigPath) + 1;
        if (_open.Count < MaxDepth && repetitions <= MaxRepetitions && _open.Add(PlaceOf(node)))
            return true;
        _isEndless = true;
        var chain = new List<string>();
        for (DefaultsNode? current = node; current is { Kind: not DefaultsNodeKind.Root } && chain.Count < 8; current = current.Parent)
        {
            chain.Insert(0, current.ConfigPath);
            if (chain.Count > 1 && current.ConfigPath == node.ConfigPath)
                break;
        }
        diagnostics.Error("compose/cycle", $"the defaults list of `{node.ConfigPath}` leads back to it: {string.Join(" -> ", chain)}", node.ChosenAt);
        return false;
    }

    private bool Exists(DefaultsNode node)
    {
        if (repository.HasConfig(node.ConfigPath))
            return true;
        if (node.IsOptional)
            node.IsDeleted = true;
        else
            MissingConfig.Report(node, repository, diagnostics);
        return false;
    }

    private LoadedConfig? Load(DefaultsNode node)
    {
        var problems = new Diagnostics();
        LoadedConfig? config = repository.Load(node.ConfigPath, problems);
        if (!node.HasReported)
        {
            foreach (Diagnostic problem in problems)
                diagnostics.Add(node.ChosenAt is { } chosen ? problem.WithNote($"`{node.ConfigPath}` was chosen here", chosen) : problem);
        }
        node.HasReported = problems.Count > 0;
        return config;
    }

    private void ReportMissing(DefaultsNode node)
    {
        if (rules.SkipsMissing)
            return;
        if (node.Kind == DefaultsNodeKind.Group)
        {
            IReadOnlyList<string> options = repository.Options(node.GroupPath);
            diagnostics.Error("compose/must-choose", $"an option of `{node.OverrideKey}` must be chosen: `{node.OverrideKey}=OPTION`", node.ChosenAt, options.Count == 0 ? null : $"options: {Suggest.List(options)}");
        }
        else
        {
            diagnostics.Error("compose/missing-config-name", $"`{node.ConfigPath}` names no configuration", node.ChosenAt, "only the option of a group can be left open with `???`");
        }
    }

    private void ReportDuplicates(List<ResultDefault> entries)
    {
        var keys = new Dictionary<string, ResultDefault>(StringComparer.Ordinal);
        foreach (ResultDefault entry in entries)
        {
            if (entry.IsSelf || entry.Node.Kind != DefaultsNodeKind.Group || keys.TryAdd(entry.Node.OverrideKey, entry))
                continue;
            string key = entry.Node.OverrideKey;
            diagnostics.Add(new Diagnostic("compose/duplicate-group", $"`{key}` stands more than once in the final defaults list", entry.Node.ChosenAt) { Hint = $"to replace the option, write `override {key}: {entry.Node.Name}`" }
                .WithNote("it stands here too", keys[key].Node.ChosenAt));
        }
    }

    private static void Flatten(DefaultsNode node, List<ResultDefault> entries)
    {
        if (node.Children is { Count: > 0 } children)
        {
            foreach (DefaultsNode child in children)
                Flatten(child, entries);
            return;
        }
        if (node.IsDeleted || node.Kind == DefaultsNodeKind.Root)
            return;
        if (node.Kind == DefaultsNodeKind.Self)
        {
            if (node.ConfigPath != ConfigRepository.Empty)
                entries.Add(new ResultDefault(node.ConfigPath, node.Package, node.Parent!.Parent?.ConfigPath, true, node));
        }
        else if (node.Name is not null && !node.IsMissing && node.ConfigPath != ConfigRepository.Empty)
        {
            entries.Add(new ResultDefault(node.ConfigPath, node.Package, node.Parent?.ConfigPath, false, node));
        }
    }

    private DefaultsNode Of(DefaultsNode parent, DefaultsEntry entry) => entry switch
    {
        DefaultsEntry.Group group => new DefaultsNode(entry, parent, group.Name, group.Package, group.Choice)
        {
            Kind = DefaultsNodeKind.Group,
            IsOptional = group.IsOptional,
            ExpandsNames = rules.IsVersion11,
            ChosenAt = entry.At,
        },
        DefaultsEntry.Config config => Config(parent, config.Path, config.Package, entry),
        _ => new DefaultsNode(entry, parent, "", null, Choice.None) { Kind = DefaultsNodeKind.Self, ChosenAt = entry.At },
    };

    private DefaultsNode Config(DefaultsNode parent, string path, string? package, DefaultsEntry? entry, bool isPrimary = false, bool isOptional = false)
    {
        int slash = path.LastIndexOf('/');
        string group = slash < 0 ? "" : slash == 0 ? "/" : path[..slash];
        return new DefaultsNode(entry, parent, group, package, Choice.Of(path[(slash + 1)..]))
        {
            Kind = DefaultsNodeKind.Config,
            IsPrimary = isPrimary,
            IsOptional = isOptional,
            ExpandsNames = rules.IsVersion11,
            ChosenAt = entry?.At,
        };
    }
}

/// <summary>What of a composition's surroundings bears on the defaults list.</summary>
/// <param name="IsVersion11">Version base 1.1: <c>_group_</c> and <c>_name_</c> stand for names, <c>hydra/…</c> items override.</param>
/// <param name="SkipsMissing">Groups without a choice are left out instead of reported: the outer composition of a sweep.</param>
/// <param name="Interpolate">What a text with interpolations gives, with the choices as variables; null with an error.</param>
internal sealed record CompositionRules(bool IsVersion11, bool SkipsMissing, Func<string, DictConfig, Diagnostics, string?> Interpolate);

/// <summary>Says that a configuration is not there, and what is.</summary>
internal static class MissingConfig
{
    public static void Report(DefaultsNode node, ConfigRepository repository, Diagnostics diagnostics)
    {
        string searched = string.Join(", ", repository.Sources.Where(source => source.Provider is not ("hydra" or "schema")).Select(source => source.Path));
        string path = node.ConfigPath;
        if (node.IsPrimary)
        {
            diagnostics.Error("compose/config-not-found", $"there is no primary configuration `{path}` on the search path ({searched})", null, Suggest.HintOrList(path, repository.Options(""), "configurations there"));
            return;
        }
        IReadOnlyList<string> options = repository.Options(node.GroupPath);
        string hint = node.Name is { } name && Suggest.HintOrList(name, options, "options") is { } near ? near
            : options.Count > 0 ? $"options: {Suggest.List(options.Take(12))}, …"
            : repository.HasGroup(node.GroupPath) ? $"the group `{node.GroupPath}` is empty" : $"there is no group `{node.GroupPath}` on the search path ({searched})";
        diagnostics.Error("compose/config-not-found", $"there is no configuration `{path}`", node.ChosenAt, hint);
    }
}
