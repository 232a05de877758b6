using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Weft.Config.Editing;
using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Config.Resolvers;
using Weft.Text;
using Weft.Tracking;
using Weft.Values;

namespace Weft.Analysis;

/// <summary>
/// A recorded run: its composed configuration, params, metrics, labels and artifacts. Every part is read when it is first asked for. A run belongs to one thread at a time.
/// </summary>
/// <example><code>
/// Run run = Run.Load("mlruns/1/4f0c…");
/// double rate = run.Number("optimizer.lr");       // from .hydra/config.yaml
/// double accuracy = run.Number("accuracy");       // the last value of the metric
/// </code></example>
public sealed class Run
{
    private static readonly string[] Attributes =
        ["run_id", "run_name", "job_name", "run_dir", "status", "start_time", "end_time", "user_id", "artifact_uri", "cfg", "info", "impl"];

    private readonly RunSource _source;
    private readonly Func<Run, object?>? _open;
    private Tracking.Run? _facts;
    private Dictionary<string, string>? _params;
    private Dictionary<string, MetricSummary>? _metrics;
    private Dictionary<string, string>? _labels;
    private DictConfig? _config;
    private Resolution? _resolution;
    private object? _implementation;

    internal Run(RunSource source, Func<Run, object?>? open = null)
    {
        _source = source;
        _open = open;
    }

    /// <summary>Opens one run of MLflow's file store. Nothing is read yet.</summary>
    /// <param name="folder">The run's folder, which holds <c>artifacts</c>: <c>mlruns/EXPERIMENT/RUN</c>.</param>
    /// <param name="open">Makes <see cref="Implementation"/> when it is first asked for; null: it is null.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public static Run Load(string folder, Func<Run, object?>? open = null)
    {
        string path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (!Directory.Exists(path))
            throw new DirectoryNotFoundException($"there is no folder `{folder}`");
        return new Run(new FolderRun(path, FolderExperiment.Of(Path.GetDirectoryName(path)!)), open);
    }

    /// <summary>The run's id: 32 hexadecimal digits, unless it was imported; of a folder, its name.</summary>
    public string Id => _source.Id;

    /// <summary>The name of its experiment, which is HydraFlow's and Hydra's job name; empty when unknown.</summary>
    public string Experiment => _source.Experiment;

    /// <summary>Its own name; its id when it has none.</summary>
    public string Name => Facts.Info.Name is { Length: > 0 } name ? name : Id;

    /// <summary>Who ran it; empty when unknown.</summary>
    public string User => Facts.Info.User;

    /// <summary>How far it is; null when only its artifacts are known.</summary>
    public RunStatus? Status => _source.HasFacts ? Facts.Info.Status : null;

    /// <summary>When it began, in UTC; null when unknown.</summary>
    public DateTimeOffset? Started => Facts.Info.Started > 0 ? DateTimeOffset.FromUnixTimeMilliseconds(Facts.Info.Started) : null;

    /// <summary>When it ended, in UTC; null when it has not, or that is unknown.</summary>
    public DateTimeOffset? Ended => Facts.Info.Ended is { } ended ? DateTimeOffset.FromUnixTimeMilliseconds(ended) : null;

    /// <summary>The folder of its artifacts, absolute; null when they are not on this machine. The folder may not exist: a run without artifacts has none.</summary>
    public string? ArtifactFolder => _source.ArtifactFolder;

    /// <summary>The configuration that Hydra composed for it, from <c>.hydra/config.yaml</c> among its artifacts; empty when there is none.</summary>
    /// <exception cref="DiagnosticException">The file cannot be read as a configuration.</exception>
    public DictConfig Config => _config ??= _source.ReadConfig();

    /// <summary>Logged params, as texts.</summary>
    public IReadOnlyDictionary<string, string> Params => _params ??= Facts.Params.ToDictionary(param => param.Key, param => param.Value, StringComparer.Ordinal);

    /// <summary>Logged metrics: of each the last point, the least and the greatest value, and the number of points.</summary>
    public IReadOnlyDictionary<string, MetricSummary> Metrics => _metrics ??= Facts.Metrics.ToDictionary(metric => metric.Last.Key, StringComparer.Ordinal);

    /// <summary>Labels, which MLflow calls tags.</summary>
    public IReadOnlyDictionary<string, string> Labels => _labels ??= _source.ReadLabels().ToDictionary(label => label.Key, label => label.Value, StringComparer.Ordinal);

    /// <summary>What the function given on loading made of the run, such as a trained model; null when none was given.</summary>
    public object? Implementation => _implementation ??= _open?.Invoke(this);

    internal Tracking.Run Facts => _facts ??= _source.ReadFacts();

    internal RunSource Origin => _source;

    /// <summary>As <see cref="Get(string)"/>.</summary>
    public Value this[string key] => Get(key);

    /// <summary>
    /// The field of a name: a key of the configuration (dotted, <c>l[0]</c> or <c>l.0</c> for an item of a list), else a param, the last value of a metric, a label, or
    /// one of <c>run_id</c>, <c>run_name</c>, <c>job_name</c>, <c>run_dir</c>, <c>status</c>, <c>start_time</c>, <c>end_time</c> (Unix milliseconds), <c>user_id</c>,
    /// <c>artifact_uri</c>, <c>cfg</c>, <c>info</c>. The prefixes <c>params.</c>, <c>metrics.</c> and <c>tags.</c> ask for that kind alone. Interpolations are followed. Params are
    /// typed as YAML would read them. An empty key is the whole configuration.
    /// </summary>
    /// <param name="key">The name; <c>__</c> in it stands for a dot.</param>
    /// <exception cref="KeyNotFoundException">There is no such field, or it is the marker <c>???</c>.</exception>
    public Value Get(string key) => TryGet(key, out Value? value)
        ? value
        : throw new KeyNotFoundException($"the run {Name} has no field `{key}`{(Suggest.Nearest(key, Names()) is { } near ? $"; did you mean `{near}`?" : "")}");

    /// <summary>The field of a name, or <paramref name="other"/> when there is none. A stored null is a value.</summary>
    public Value Get(string key, Value other) => TryGet(key, out Value? value) ? value : other;

    /// <summary>The field of a name, or what <paramref name="other"/> makes of the run when there is none.</summary>
    public Value Get(string key, Func<Run, Value> other) => TryGet(key, out Value? value) ? value : other(this);

    /// <summary>The field of a name, see <see cref="Get(string)"/>; false when there is none.</summary>
    public bool TryGet(string key, [NotNullWhen(true)] out Value? value) => (value = Find(key)) is not null;

    /// <summary>A field that is a number.</summary>
    /// <exception cref="KeyNotFoundException">There is no such field.</exception>
    /// <exception cref="InvalidCastException">It is no number.</exception>
    public double Number(string key) => FieldOrder.NumberOf(Get(key)) ?? throw new InvalidCastException($"`{key}` of the run {Name} is no number: {ConfigFields.TextOf(Get(key))}");

    /// <summary>A field as text: <c>adam</c>, <c>0.1</c>, <c>True</c>, <c>[1, 2]</c>.</summary>
    /// <exception cref="KeyNotFoundException">There is no such field.</exception>
    public string Text(string key) => ConfigFields.TextOf(Get(key));

    /// <summary>
    /// Sets a key of the configuration in memory, for later filters and columns; no file changes. Without <paramref name="force"/> a value that is there stays (null is one, <c>???</c>
    /// is not). Parents are made; a parent that is a plain value becomes a map. A map is merged into the one that is there.
    /// </summary>
    /// <param name="key">A dotted path; <c>__</c> in it stands for a dot.</param>
    /// <param name="value">Called with the run, only when it is needed.</param>
    /// <param name="force">Replaces a value that is there. Default false.</param>
    public void Update(string key, Func<Run, Value> value, bool force = false)
    {
        string path = PathOf(key);
        if (!force && IsInConfig(path))
            return;
        var problems = new Diagnostics();
        new ConfigEditor(Resolution, problems).Update(Config, path, ConfigFields.NodeOf(value(this)), merge: true, forceAdd: true);
        if (problems.HasErrors)
            throw new DiagnosticException(problems);
        _resolution = null;
    }

    /// <summary>As the other, with the value at hand.</summary>
    public void Update(string key, Value value, bool force = false) => Update(key, _ => value, force);

    /// <summary>Sets several keys at once; the function is called only when one of them is absent, and then only absent ones are set.</summary>
    /// <param name="keys">Dotted paths.</param>
    /// <param name="values">Gives one value for each key.</param>
    /// <param name="force">Replaces values that are there. Default false.</param>
    /// <exception cref="ArgumentException">There are not as many values as keys.</exception>
    public void Update(IReadOnlyList<string> keys, Func<Run, IReadOnlyList<Value>> values, bool force = false)
    {
        if (!force && keys.All(key => IsInConfig(PathOf(key))))
            return;
        IReadOnlyList<Value> all = values(this);
        if (all.Count != keys.Count)
            throw new ArgumentException($"{keys.Count} keys were given {all.Count} values", nameof(values));
        for (int i = 0; i < keys.Count; i++)
            Update(keys[i], all[i], force);
    }

    /// <summary>The configuration as a dictionary.</summary>
    /// <param name="flatten">Dotted paths as keys: lists are kept whole, empty maps vanish. Otherwise only the keys of the first level.</param>
    /// <returns>Values in the order of the configuration; interpolations are not followed.</returns>
    public IReadOnlyDictionary<string, Value> ToDictionary(bool flatten = true)
    {
        var fields = new OrderedDictionary<string, Value>(StringComparer.Ordinal);
        IEnumerable<KeyValuePair<string, ConfigNode>> nodes = flatten
            ? ConfigFields.Leaves(Config)
            : Config.Select(child => KeyValuePair.Create(child.Key.ToString(), child));
        foreach ((string key, ConfigNode node) in nodes)
            fields[key] = ConfigFields.ValueOf(node, resolution: null);
        return fields;
    }

    /// <summary>Whether it was run with this configuration: the rule by which HydraFlow skips what is done. Order of keys does not matter, 1 is 1.0 and true, interpolations compare resolved.</summary>
    public bool HasConfig(DictConfig config) =>
        FieldOrder.Instance.Equals(ConfigFields.ValueOf(Config, Resolution), ConfigFields.ValueOf(config, NewResolution()));

    /// <summary>Whether it was run with these overrides, in any order.</summary>
    /// <param name="overrides">As typed: <c>lr=0.1</c>, <c>+a=1</c>.</param>
    public bool HasOverrides(IEnumerable<string> overrides) =>
        _source.ReadArtifact(RunSource.OverridesFile) is ListConfig stored
        && stored.Select(item => ConfigFields.TextOf(ConfigFields.ValueOf(item, resolution: null))).Order(StringComparer.Ordinal).SequenceEqual(overrides.Order(StringComparer.Ordinal));

    /// <summary>The path of an artifact, there or not.</summary>
    /// <param name="relative">Below the folder of artifacts.</param>
    /// <exception cref="InvalidOperationException">Its artifacts are not on this machine.</exception>
    public string ArtifactPath(string relative) =>
        Path.Combine(ArtifactFolder ?? throw new InvalidOperationException($"the artifacts of the run {Name} lie at {Facts.Info.ArtifactUri}, not on this machine"), relative);

    /// <summary>The files among its artifacts whose names match, in ordinal order.</summary>
    /// <param name="pattern">As .NET's files are searched for: <c>*.log</c>.</param>
    public IReadOnlyList<string> Artifacts(string pattern = "*") => ArtifactFolder is { } folder && Directory.Exists(folder)
        ? [.. Directory.EnumerateFiles(folder, pattern, SearchOption.AllDirectories).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>A frame that <paramref name="make"/> draws from the run, with one more column for each key that holds the same field in every row.</summary>
    public Frame ToFrame(Func<Run, Frame> make, params IEnumerable<FrameField> keys)
    {
        Frame frame = make(this);
        return new Frame([.. frame.Columns, .. keys.Select(key => new Column(key.Name, [.. Enumerable.Repeat(key.Of(this), frame.Rows)]))]);
    }

    /// <summary><c>Run('4f0c…')</c>, with the type of its <see cref="Implementation"/> if it has one.</summary>
    public override string ToString() => Implementation is { } made ? $"Run[{made.GetType().Name}]('{Id}')" : $"Run('{Id}')";

    /// <summary>The leaves of its configuration: what a list shows beside its params.</summary>
    internal IEnumerable<(string Path, Value Value)> ConfigLeaves()
    {
        if (_config is null && _source.HasLeavesInParams)
            return [];
        return _config is null && _source.KnownLeaves is { } known
            ? known.Where(leaf => !leaf.IsEmptyMap).Select(leaf => (leaf.Path, leaf.Value))
            : ConfigFields.Leaves(Config).Select(leaf => (leaf.Key, ConfigFields.ValueOf(leaf.Value, Resolution)));
    }

    private Resolution Resolution => _resolution ??= NewResolution();

    /// <summary>Environment variables of this process say nothing of the run: what refers to them is kept as written.</summary>
    internal static Resolution NewResolution() => new(Resolvers.Standard(ImmutableDictionary<string, string>.Empty));

    private static string PathOf(string key) => key.Replace("__", ".", StringComparison.Ordinal).TrimStart('.');

    private Value? Find(string key)
    {
        if (key.Length == 0)
            return ConfigFields.ValueOf(Config, Resolution);
        string path = PathOf(key);
        if (_source.PrefersFacts && (FindParam(path) ?? (Metrics.TryGetValue(path, out MetricSummary logged) ? Value.Of(logged.Last.Value) : null)) is { } fact)
            return fact;
        if (FindInConfig(path) is { } field)
            return field;
        if (path.StartsWith("params.", StringComparison.Ordinal) && FindParam(path["params.".Length..]) is { } param)
            return param;
        if (path.StartsWith("metrics.", StringComparison.Ordinal) && Metrics.TryGetValue(path["metrics.".Length..], out MetricSummary metric))
            return Value.Of(metric.Last.Value);
        if (path.StartsWith("tags.", StringComparison.Ordinal) && Labels.TryGetValue(path["tags.".Length..], out string? label))
            return Value.Of(label);
        return FindParam(key) ?? FindParam(path)
            ?? (Metrics.TryGetValue(key, out metric) || Metrics.TryGetValue(path, out metric) ? Value.Of(metric.Last.Value) : null)
            ?? FindAttribute(key)
            ?? (Labels.TryGetValue(key, out label) ? Value.Of(label) : null);
    }

    internal Value? FindInConfig(string path)
    {
        if (_config is null && _source.KnownLeaves is { } known && Leaf.Find(known, path, out bool isDecided) is var found && (isDecided || found is not null))
            return found is Value.Text { Content: "???" } ? null : found;
        return Config.Count > 0 && Resolution.Select(Config, path) is { Node: { IsMissing: false } node } ? ConfigFields.ValueOf(node, Resolution) : null;
    }

    private bool IsInConfig(string path) => Resolution.Select(Config, path) is { Node.IsMissing: false };

    private Value? FindParam(string key) => Params.TryGetValue(key, out string? text) ? ConfigFields.ValueOf(PlainScalar.Resolve(text)) : null;

    private Value? FindAttribute(string name) => name switch
    {
        "run_id" => Value.Of(Id),
        "run_name" => Value.Of(Name),
        "job_name" => Value.Of(Experiment),
        "run_dir" => ArtifactFolder is { } folder ? Value.Of(Path.GetDirectoryName(folder)!) : Value.None,
        "status" => Status is { } status ? Value.Of(Words.Of(status)) : Value.None,
        "start_time" => Facts.Info.Started > 0 ? Value.Of(Facts.Info.Started) : Value.None,
        "end_time" => Facts.Info.Ended is { } ended ? Value.Of(ended) : Value.None,
        "user_id" => Value.Of(User),
        "artifact_uri" => Value.Of(Facts.Info.ArtifactUri),
        "cfg" => ConfigFields.ValueOf(Config, Resolution),
        "impl" => Implementation is { } made ? Value.Of(made.ToString() ?? "") : Value.None,
        "info" => Value.MapOf(((string[])["run_dir", "run_id", "job_name"]).Select(part => KeyValuePair.Create(part, FindAttribute(part)!))),
        _ => null,
    };

    private IEnumerable<string> Names() => [.. ConfigFields.Leaves(Config).Select(leaf => leaf.Key), .. Params.Keys, .. Metrics.Keys, .. Attributes];
}
