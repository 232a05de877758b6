using Weft.Config.Editing;
using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Text;

namespace Weft.Config.Composition;

/// <summary>Merges the configurations of a flattened defaults list, each under its package, in their order.</summary>
internal sealed class ConfigMerger(ConfigRepository repository, DictConfig result, Resolution resolution, Diagnostics diagnostics)
{
    /// <summary>How many entries were merged.</summary>
    public long Merged { get; private set; }

    public void Merge(ResultDefault entry)
    {
        if (repository.Load(entry.Path, []) is not { } config)
            return;
        var problems = new Diagnostics();
        ConfigNode? content = config.IsTyped ? config.Root : Validated(entry, config, problems);
        if (content is not null && !(entry.IsPrimary || entry.Path == "hydra/config") && SearchPathOf(content, entry.Package) is { } searchPath)
            problems.Error("compose/searchpath-place", "`hydra.searchpath` is taken from the primary configuration only", searchPath.KeyAt.Source is null ? null : searchPath.KeyAt);
        else if (content is not null)
        {
            var editor = new ConfigEditor(resolution, problems);
            editor.Merge(result, Wrap(entry.Package, content));
            Merged += editor.Merged;
        }
        foreach (Diagnostic problem in problems)
        {
            var composed = problem with { Id = Identify(problem) };
            diagnostics.Add(entry.Node.ChosenAt is { } chosen ? composed.WithNote($"`{entry.Path}` was chosen here", chosen) : composed);
        }
    }

    /// <summary>A file whose path is also an entry of the store is validated by merging it into that entry.</summary>
    private ConfigNode? Validated(ResultDefault entry, LoadedConfig config, Diagnostics problems)
    {
        IConfigSource store = repository.Sources[^1];
        if (!store.HasConfig(entry.Path) || store.Load(entry.Path, problems) is not { Root: DictConfig schema } || config.Root is not DictConfig content)
            return config.Root;
        if (schema.Contains("defaults"))
        {
            problems.Error("compose/schema-with-defaults", $"the entry `{entry.Path}` of the store validates the file of this path, and may have no defaults list", config.Root.At);
            return null;
        }
        // Hydra's own keys may stand in any primary configuration, whatever the schema says.
        ConfigNode? hydra = entry.IsPrimary ? content["hydra"]?.Copy() : null;
        if (hydra is not null)
        {
            content = (DictConfig)content.Copy();
            content.Remove(Scalar.Of("hydra"));
        }
        if (!new ConfigEditor(resolution, problems).Merge(schema, content))
            return null;
        if (hydra is not null)
            schema.Put("hydra", hydra);
        return schema;
    }

    private static ConfigNode? SearchPathOf(ConfigNode content, string package)
    {
        ConfigNode? hydra = package switch
        {
            "" => (content as DictConfig)?["hydra"],
            "hydra" => content,
            _ => null,
        };
        return (hydra as DictConfig)?["searchpath"] is { IsNull: false } found ? found : null;
    }

    /// <summary>The content below the dictionaries of its package.</summary>
    private static ConfigNode Wrap(string package, ConfigNode content)
    {
        if (package.Length == 0)
            return content;
        ConfigNode wrapped = content.Copy();
        foreach (string key in package.Split('.').Reverse())
        {
            var outer = new DictConfig(content.At);
            outer.Put(key, wrapped);
            wrapped = outer;
        }
        return wrapped;
    }

    private static string Identify(Diagnostic problem) => problem.Id.StartsWith("config/", StringComparison.Ordinal) ? "compose/merge" : problem.Id;
}
