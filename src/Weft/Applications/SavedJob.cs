using Weft.Config.Composition;
using Weft.Config.Nodes;
using Weft.Config.Overrides;
using Weft.Text;

namespace Weft.Applications;

/// <summary>
/// A job as its <c>.hydra</c> folder keeps it: <c>config.yaml</c>, <c>hydra.yaml</c> and <c>overrides.yaml</c>. Together they are the
/// composition, interpolations as written, so a job can be run again without the configurations that it was composed of.
/// </summary>
/// <param name="Folder">The folder of the job, absolute: where the files are now, not where they were when it ran.</param>
internal sealed record SavedJob(Composition Composition, string Folder, long? Number)
{
    /// <param name="path">The folder of the job, its <c>.hydra</c> folder, or one of the files in that.</param>
    /// <returns>Null when something is missing or broken; diagnostics say what.</returns>
    public static SavedJob? Read(string path, Composer composer, Diagnostics diagnostics)
    {
        int before = diagnostics.Errors;
        string folder = File.Exists(path) ? Path.GetDirectoryName(path)! : File.Exists(Path.Combine(path, "config.yaml")) ? path : Path.Combine(path, ".hydra");
        if (path.EndsWith(".pickle", StringComparison.Ordinal))
            diagnostics.Error("rerun/pickle", $"`{path}` is a pickle, which only Python reads", null, "give the `.hydra` folder of the job");
        else if (!File.Exists(Path.Combine(folder, "config.yaml")))
            diagnostics.Error("rerun/not-found", $"there is no `{Path.Combine(folder, "config.yaml")}`", null, "give the folder of a job, in which `.hydra` stands");
        if (diagnostics.Errors > before)
            return null;
        DictConfig? config = ReadFile<DictConfig>(folder, "config.yaml", diagnostics);
        DictConfig? hydra = ReadFile<DictConfig>(folder, "hydra.yaml", diagnostics);
        ListConfig? words = ReadFile<ListConfig>(folder, "overrides.yaml", diagnostics);
        if (config is null || words is null || hydra?["hydra"] is not DictConfig { IsSpecial: false } node)
            return null;
        hydra.Remove(node.Key);
        config.Put("hydra", node);
        string job = Path.GetDirectoryName(folder)!;
        (node["runtime"] as DictConfig)?.Put("output_dir", new ValueNode(Scalar.Of(job)));
        long? number = (node["job"] as DictConfig)?["num"] is { } saved && saved.Content.TryGetInt64(out long num) ? num : null;
        IReadOnlyList<Override> overrides = [.. words.Select(word => Override.Parse(new Source("overrides.yaml", word.Content.ToString()), diagnostics)).OfType<Override>()];
        return composer.Restore(config, overrides, diagnostics) is { } composition && diagnostics.Errors == before ? new SavedJob(composition, job, number) : null;
    }

    private static T? ReadFile<T>(string folder, string name, Diagnostics diagnostics) where T : ConfigNode
    {
        string path = Path.Combine(folder, name);
        if (TextFile.Read(path, path, diagnostics) is not { } source || ConfigReader.Read(source, diagnostics) is not { } node)
            return null;
        // An empty document is an empty dictionary, and an empty list of overrides is written as `[]`.
        if (node is T fits)
            return fits;
        diagnostics.Error("rerun/broken", $"`{path}` is not what a job saves there", source.Whole);
        return null;
    }
}
