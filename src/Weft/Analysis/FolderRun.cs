using System.Collections.Immutable;
using System.Text;
using Weft.Config.Nodes;
using Weft.Platform;
using Weft.Tracking;

namespace Weft.Analysis;

/// <summary>An experiment of MLflow's file store: a folder with a <c>meta.yaml</c>, and a folder for each run.</summary>
internal sealed record FolderExperiment(string Folder, string Name, bool IsDeleted)
{
    /// <summary>Of a folder that is none (no <c>meta.yaml</c>) the name is empty.</summary>
    public static FolderExperiment Of(string folder)
    {
        string path = Path.Combine(folder, "meta.yaml");
        MetaFile? meta = File.Exists(path) ? MetaFile.Parse(File.ReadAllText(path)) : null;
        return new FolderExperiment(folder, meta?["name"] ?? "", meta?["lifecycle_stage"] == "deleted");
    }

    /// <summary>Names of the folders in it, in ordinal order; not all need be runs.</summary>
    public List<string> Folders()
    {
        var folders = new List<string>();
        foreach ((string name, bool isFolder) in new FolderEntries(Folder))
        {
            if (isFolder && name[0] != '.')
                folders.Add(name);
        }
        folders.Sort(StringComparer.Ordinal);
        return folders;
    }

    /// <summary>Those of its folders that are runs: they hold artifacts, or a <c>meta.yaml</c> of their own.</summary>
    public IEnumerable<string> Runs() => Folders().Where(name => File.Exists(Path.Combine(Folder, name, "meta.yaml")) || Directory.Exists(Path.Combine(Folder, name, "artifacts")));
}

/// <summary>A run in a folder of MLflow's file store.</summary>
/// <param name="image">What an index knows of it already; null: its files are read when they are asked for.</param>
internal sealed class FolderRun(string folder, FolderExperiment experiment, RunImage? image = null) : RunSource
{
    private RunImage? _image = image;

    public override string Id { get; } = Path.GetFileName(folder);

    public override string Experiment => experiment.Name;

    public override string ArtifactFolder { get; } = Path.Combine(folder, "artifacts");

    public override bool HasFacts => Image.HasFacts;

    public override ImmutableArray<Leaf>? KnownLeaves => _image?.Leaves;

    public override Tracking.Run ReadFacts() => Image.Facts;

    public override ImmutableArray<Label> ReadLabels() => FolderRunReader.ReadLabels(folder);

    private RunImage Image => _image ??= new FolderRunReader().Read(folder, withLeaves: false);
}

/// <summary>All of a run's folder that lists need.</summary>
/// <param name="Facts">Without labels.</param>
/// <param name="HasFacts">Whether it has a <c>meta.yaml</c>.</param>
internal sealed record RunImage(Tracking.Run Facts, bool HasFacts)
{
    /// <summary>The leaves of its composed configuration; null when they were not read, or cannot be.</summary>
    public ImmutableArray<Leaf>? Leaves { get; init; }

    /// <summary>Made from the touch of every file that was read; equal as long as none has changed.</summary>
    public ulong Stamp { get; init; }

    /// <summary>The newest touch of a file that was read, in Unix nanoseconds: what was touched just now may be touched again within one tick of the clock.</summary>
    public long Newest { get; init; }
}

/// <summary>Reads the folders of runs: <c>meta.yaml</c>, <c>params/KEY</c>, <c>metrics/KEY</c>, <c>artifacts/.hydra/config.yaml</c>. For one thread.</summary>
internal sealed class FolderRunReader
{
    private const string ConfigPath = "artifacts/" + RunSource.ConfigFile;

    private readonly PathWalk _walk = new();
    private readonly ConfigLines _lines = new();
    private ulong _stamp;
    private long _newest;

    public RunImage Read(string folder, bool withLeaves)
    {
        _walk.Enter(folder);
        _stamp = 0;
        _newest = 0;
        Look("meta.yaml");
        MetaFile? meta = _walk.TryRead("meta.yaml", out ReadOnlySpan<byte> text) ? MetaFile.Parse(Encoding.UTF8.GetString(text)) : null;
        if (withLeaves)
            Look(ConfigPath);
        var parameters = ImmutableArray.CreateBuilder<Param>();
        foreach (string key in Keys(folder, "params"))
        {
            if (_walk.TryRead("params/" + key, out ReadOnlySpan<byte> value))
                parameters.Add(new Param(key, Encoding.UTF8.GetString(value)));
        }
        var metrics = ImmutableArray.CreateBuilder<MetricSummary>();
        bool isSettled = true;
        foreach (string key in Keys(folder, "metrics"))
        {
            Look("metrics/" + key);
            if (_walk.TryRead("metrics/" + key, out ReadOnlySpan<byte> points) && MetricFile.Summarize(key, points) is { } summary)
                metrics.Add(summary);
            else
                isSettled = false;
        }
        var facts = new Tracking.Run(InfoOf(folder, meta)) { Params = parameters.DrainToImmutable(), Metrics = metrics.DrainToImmutable() };
        return new RunImage(facts, meta is not null)
        {
            Leaves = withLeaves ? ReadLeaves(folder) : null,
            Stamp = _stamp,
            // A metric without points leaves no trace in the image by which its next change would be seen.
            Newest = isSettled ? _newest : long.MaxValue,
        };
    }

    /// <summary>The stamp that <see cref="Read"/> would give now, by looking at the files and folders that the image was made of.</summary>
    public ulong StampOf(string folder, RunImage image)
    {
        _walk.Enter(folder);
        _stamp = 0;
        Look("meta.yaml");
        Look(ConfigPath);
        LookAtFolders("params", image.Facts.Params.AsSpan(), param => param.Key);
        LookAtFolders("metrics", image.Facts.Metrics.AsSpan(), metric => metric.Last.Key);
        foreach (MetricSummary metric in image.Facts.Metrics)
            Look("metrics/" + metric.Last.Key);
        return _stamp;
    }

    public static ImmutableArray<Label> ReadLabels(string folder)
    {
        string labels = Path.Combine(folder, "tags");
        return Directory.Exists(labels)
            ? [.. Directory.EnumerateFiles(labels, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(path => new Label(Path.GetRelativePath(labels, path), File.ReadAllText(path)))]
            : [];
    }

    private static RunInfo InfoOf(string folder, MetaFile? meta)
    {
        var status = (RunStatus)(meta?.Long("status") ?? (long)RunStatus.Finished);
        return new RunInfo(
            new RunId(meta?["run_id"] ?? Path.GetFileName(folder)), meta?.Long("experiment_id") ?? 0, meta?["run_name"] ?? "", meta?["user_id"] ?? "",
            Enum.IsDefined(status) ? status : RunStatus.Finished, meta?.Long("start_time") ?? 0, meta?.Long("end_time"),
            meta?["artifact_uri"] ?? Path.Combine(folder, "artifacts"), Words.Stage(meta?["lifecycle_stage"] ?? "active"));
    }

    /// <summary>A configuration that cannot be read says so when it is asked for: a list of ten thousand runs does not fail because of one of them.</summary>
    private ImmutableArray<Leaf>? ReadLeaves(string folder)
    {
        if (!_walk.TryRead(ConfigPath, out ReadOnlySpan<byte> text))
            return [];
        if (_lines.Cut(text) is { } cut)
            return cut;
        var problems = new Text.Diagnostics();
        string path = Path.Combine(folder, ConfigPath);
        return ConfigReader.Read(new Text.Source(path, Encoding.UTF8.GetString(text)), problems) is DictConfig config && !problems.HasErrors
            ? ConfigFields.Remember(config, Run.NewResolution())
            : null;
    }

    /// <summary>The names of all files below a folder of the run, in ordinal order; a name with a slash lies in a folder of its own.</summary>
    private List<string> Keys(string folder, string kind)
    {
        var keys = new List<string>();
        Gather(folder, kind, "", keys);
        keys.Sort(StringComparer.Ordinal);
        return keys;
    }

    private void Gather(string folder, string kind, string below, List<string> keys)
    {
        if (!Look(below.Length == 0 ? kind : $"{kind}/{below}"))
            return;
        foreach ((string name, bool isFolder) in new FolderEntries(Path.Combine(folder, kind, below)))
        {
            string key = below.Length == 0 ? name : $"{below}/{name}";
            if (isFolder)
                Gather(folder, kind, key, keys);
            else
                keys.Add(key);
        }
    }

    /// <summary>The folders that hold these keys. One with nothing in it leaves no trace in the image, so such a run is read again each time.</summary>
    private void LookAtFolders<T>(string kind, ReadOnlySpan<T> items, Func<T, string> keyOf)
    {
        Look(kind);
        HashSet<string>? seen = null;
        foreach (T item in items)
        {
            string key = keyOf(item);
            for (int slash = key.LastIndexOf('/'); slash > 0; slash = key.LastIndexOf('/', slash - 1))
            {
                if ((seen ??= []).Add(key[..slash]))
                    Look($"{kind}/{key[..slash]}");
            }
        }
    }

    /// <summary>The order of looking does not matter, so that reading and checking may go different ways.</summary>
    /// <returns>Whether it is there.</returns>
    private bool Look(string relative)
    {
        if (_walk.Look(relative) is not { } touch)
            return false;
        _newest = Math.Max(_newest, touch.ChangedNanoseconds);
        ulong mixed = unchecked((ulong)touch.ChangedNanoseconds * 0x9E3779B97F4A7C15 ^ touch.Inode * 0xC2B2AE3D27D4EB4F ^ (ulong)touch.Size);
        mixed ^= mixed >> 29;
        _stamp = unchecked(_stamp + mixed * 0x165667B19E3779F9);
        return true;
    }
}
