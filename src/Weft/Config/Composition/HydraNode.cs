using Weft.Config.Nodes;
using Weft.Config.Overrides;
using Weft.Text;

namespace Weft.Config.Composition;

/// <summary>Fills what only a composition knows into the <c>hydra</c> node: overrides, choices, sources, the name of the job.</summary>
internal sealed class HydraNode(Composition composition, ComposerOptions options, Diagnostics diagnostics)
{
    public void Fill(string? configName)
    {
        if (composition.Config["hydra"] is not DictConfig { IsSpecial: false } hydra)
        {
            diagnostics.Error("compose/no-hydra", "the `hydra` node is a map; it was replaced", composition.Config["hydra"]?.At);
            return;
        }
        foreach (Override item in composition.Overrides)
            ((ListConfig)Part(hydra, "overrides", item.IsHydra ? "hydra" : "task")).Add(Text(item.Text));

        var runtime = (DictConfig)Part(hydra, "runtime");
        var choices = (DictConfig)Part(runtime, "choices");
        foreach ((string key, string? choice) in composition.Defaults.Choices)
            choices.Put(key, choice is null ? new ValueNode(Scalar.Null) : Text(choice));
        Set(runtime, "version", Composer.HydraVersion);
        Set(runtime, "version_base", options.VersionBase);
        Set(runtime, "cwd", options.WorkingFolder);
        var sources = new ListConfig();
        foreach (IConfigSource source in composition.Sources)
            sources.Add(Describe(source));
        runtime.Put("config_sources", sources);

        var job = (DictConfig)Part(hydra, "job");
        CopyEnvironment(job);
        if (job["name"] is not { IsMissing: false })
            Set(job, "name", options.JobName);
        Set(job, "override_dirname", OverrideFolderName(job));
        job.Put("config_name", configName is null ? new ValueNode(Scalar.Null) : Text(configName));
    }

    /// <summary>The overrides of the job as the name of a folder: sorted, joined, without the excluded keys.</summary>
    private string OverrideFolderName(DictConfig job)
    {
        var rules = (DictConfig)Part(job, "config", "override_dirname");
        string between = Read(rules, "item_sep");
        var excluded = new HashSet<string>(((ListConfig)Part(rules, "exclude_keys")).Select(ReadText), StringComparer.Ordinal);
        IEnumerable<string> lines = composition.Overrides.Where(item => !item.IsHydra && !excluded.Contains(item.Key)).Select(item => item.Text).Order(StringComparer.Ordinal);
        return string.Join(between, lines).Replace("=", Read(rules, "kv_sep"), StringComparison.Ordinal);
    }

    private void CopyEnvironment(DictConfig job)
    {
        var variables = (DictConfig)Part(job, "env_set");
        foreach (ConfigNode item in (ListConfig)Part(job, "env_copy"))
        {
            string name = ReadText(item);
            if (options.Environment.TryGetValue(name, out string? value))
                variables.Put(name, Text(value));
            else
                diagnostics.Error("compose/env-copy", $"`hydra.job.env_copy` names the environment variable `{name}`, which is not set", item.At.Source is null ? null : item.At);
        }
    }

    /// <summary>A container of the typed node; what a user put in its place is reported when it is used, not here.</summary>
    private static ConfigNode Part(DictConfig node, params ReadOnlySpan<string> path)
    {
        ConfigNode current = node;
        foreach (string key in path)
            current = ((DictConfig)current)[key]!;
        return current;
    }

    private string Read(DictConfig rules, string key) => ReadText(rules[key]!);

    private string ReadText(ConfigNode node)
    {
        if (composition.Resolution.Dereference(node, out Diagnostic? error) is { } value)
            return value.Content.ToString();
        diagnostics.Add(error!);
        return "";
    }

    private static DictConfig Describe(IConfigSource source)
    {
        int scheme = source.Path.IndexOf("://", StringComparison.Ordinal);
        var entry = new DictConfig();
        entry.Put("path", Text(source.Path[(scheme + 3)..]));
        entry.Put("schema", Text(source.Path[..scheme]));
        entry.Put("provider", Text(source.Provider));
        return entry;
    }

    private static void Set(DictConfig node, string key, string value) => node.Put(key, Text(value));

    private static ValueNode Text(string text) => new(Scalar.Of(text));
}
