using Weft.Config.Nodes;
using Weft.Config.Overrides;
using Weft.Text;

namespace Weft.Config.Composition;

/// <summary>Fills what only a composition knows into the <c>hydra</c> node: overrides, choices, sources, the name of the job.</summary>
internal sealed class HydraNode(Composition composition, ComposerOptions options, Diagnostics diagnostics)
{
    public void Fill(string? configName)
    {
        if (Map("hydra") is not { } hydra || Map("hydra.runtime") is not { } runtime || Map("hydra.runtime.choices") is not { } choices || Map("hydra.job") is not { } job
            || List("hydra.overrides.hydra") is not { } own || List("hydra.overrides.task") is not { } task)
            return;
        foreach (Override item in composition.Overrides)
            (item.IsHydra ? own : task).Add(Text(item.Text));
        foreach ((string key, string? choice) in composition.Defaults.Choices)
            choices.Put(key, choice is null ? new ValueNode(Scalar.Null) : Text(choice));
        runtime.Put("version", Text(Composer.HydraVersion));
        runtime.Put("version_base", Text(options.VersionBase));
        runtime.Put("cwd", Text(options.WorkingFolder));
        runtime.Put("config_sources", Sources());
        CopyEnvironment();
        if (job["name"] is not { IsMissing: false })
            job.Put("name", Text(options.JobName));
        if (OverrideFolderName() is { } name)
            job.Put("override_dirname", Text(name));
        job.Put("config_name", configName is null ? new ValueNode(Scalar.Null) : Text(configName));
    }

    /// <summary>The overrides of the job as the name of a folder: sorted, joined, without the excluded keys.</summary>
    private string? OverrideFolderName()
    {
        const string Rules = "hydra.job.config.override_dirname";
        if (List($"{Rules}.exclude_keys") is not { } excludedKeys || Read($"{Rules}.item_sep") is not { } between || Read($"{Rules}.kv_sep") is not { } equals)
            return null;
        var excluded = new HashSet<string>(excludedKeys.Select(key => key.Content.ToString()), StringComparer.Ordinal);
        IEnumerable<string> lines = composition.Overrides.Where(item => !item.IsHydra && !excluded.Contains(item.Key)).Select(item => item.Text).Order(StringComparer.Ordinal);
        return string.Join(between, lines).Replace("=", equals, StringComparison.Ordinal);
    }

    private void CopyEnvironment()
    {
        if (Map("hydra.job.env_set") is not { } variables || List("hydra.job.env_copy") is not { } names)
            return;
        foreach (ConfigNode item in names)
        {
            string name = item.Content.ToString();
            if (options.Environment.TryGetValue(name, out string? value))
                variables.Put(name, Text(value));
            else
                diagnostics.Error("compose/env-copy", $"`hydra.job.env_copy` names the environment variable `{name}`, which is not set", PlaceOf(item));
        }
    }

    private ListConfig Sources()
    {
        var sources = new ListConfig();
        foreach (IConfigSource source in composition.Sources)
        {
            int scheme = source.Path.IndexOf("://", StringComparison.Ordinal);
            var entry = new DictConfig();
            entry.Put("path", Text(scheme < 0 ? source.Path : source.Path[(scheme + 3)..]));
            entry.Put("schema", Text(scheme < 0 ? "file" : source.Path[..scheme]));
            entry.Put("provider", Text(source.Provider));
            sources.Add(entry);
        }
        return sources;
    }

    private DictConfig? Map(string path) => Part(path) as DictConfig ?? Wrong<DictConfig>(path, "a map");

    private ListConfig? List(string path) => Part(path) as ListConfig ?? Wrong<ListConfig>(path, "a list");

    private string? Read(string path) => (Part(path) as ValueNode ?? Wrong<ValueNode>(path, "a text"))?.Content.ToString();

    /// <summary>A part that has a value; null when a configuration replaced it by something else.</summary>
    private ConfigNode? Part(string path) => composition.Resolution.Select(composition.Config, path).Node is { IsSpecial: false } node ? node : null;

    private T? Wrong<T>(string path, string expected) where T : ConfigNode
    {
        string parent = path.Contains('.') ? path[..path.LastIndexOf('.')] : "";
        ConfigNode? place = composition.Resolution.Select(composition.Config, path).Node ?? (parent.Length == 0 ? null : composition.Resolution.Select(composition.Config, parent).Node);
        diagnostics.Error("compose/hydra-node", $"`{path}` is {expected}; a configuration or an override replaced it", place is null ? null : PlaceOf(place));
        return null;
    }

    private static Span? PlaceOf(ConfigNode node) => node.At.Source is null ? null : node.At;

    private static ValueNode Text(string text) => new(Scalar.Of(text));
}
