using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Weft.Config.Yaml;
using Weft.Text;

namespace Weft.Tracking.Exchange;

/// <summary>
/// MLflow's file store, <c>mlruns/</c>: a folder for each experiment, in it one for each run, with a file for each param, tag and metric. Folders
/// that hold no valid <c>meta.yaml</c> are skipped, and named in <see cref="RunSource.Skipped"/>.
/// </summary>
internal sealed class MlflowFiles(string root) : RunSource
{
    /// <summary>Ends the name of a run that is being written.</summary>
    public const string PartEnd = ".weft-part";

    /// <summary>Describes a trace in its folder.</summary>
    public const string TraceFile = "trace_info.yaml";

    private static readonly string[] s_notRuns = ["tags", "datasets", "models", "traces"];

    private readonly string _root = Path.GetFullPath(root);

    /// <summary>Whether a folder looks like a file store: it holds an experiment, or a registered model.</summary>
    public static bool IsOne(string folder) =>
        Directory.Exists(folder) && (Directory.Exists(Path.Combine(folder, "models")) || Directory.EnumerateDirectories(folder).Any(below => File.Exists(Path.Combine(below, "meta.yaml"))));

    public override IReadOnlyList<ExperimentEntry> Experiments()
    {
        var found = new List<ExperimentEntry>();
        foreach ((string folder, LifecycleStage stage) in Folders(_root).Where(folder => Path.GetFileName(folder) is not ("models" or ".trash")).Select(folder => (folder, LifecycleStage.Active))
            .Concat(Folders(Path.Combine(_root, ".trash")).Select(folder => (folder, LifecycleStage.Deleted))))
        {
            if (TryReadMeta(folder) is not { } meta)
                continue;
            string key = Text(meta, "experiment_id") ?? "";
            if (key != Path.GetFileName(folder))
            {
                Skip($"{folder}: its meta.yaml is of the experiment `{key}`");
                continue;
            }
            var experiment = new Experiment(0, Text(meta, "name") ?? key, Resolve(Text(meta, "artifact_location") ?? folder), stage,
                Number(meta, "creation_time") ?? 0, Number(meta, "last_update_time") ?? 0, Labels(Path.Combine(folder, "tags")));
            found.Add(new ExperimentEntry(key, experiment));
        }
        return found;
    }

    public override long? CountRuns(ExperimentEntry experiment) => RunFolders(experiment).Count();

    /// <summary>The ids of an experiment's runs, by their folders.</summary>
    public IEnumerable<RunId> RunIds(ExperimentEntry experiment) => RunFolders(experiment).Select(folder => new RunId(Path.GetFileName(folder)));

    public override IEnumerable<RunEntry> Runs(ExperimentEntry experiment, Predicate<RunId> skips)
    {
        foreach (string folder in RunFolders(experiment))
        {
            if (skips(new RunId(Path.GetFileName(folder))) || TryReadMeta(folder) is not { } meta)
                continue;
            string id = Text(meta, "run_id") ?? Text(meta, "run_uuid") ?? "";
            if (id == Path.GetFileName(folder))
                yield return ReadRun(FolderOf(experiment), folder, id, meta);
            else
                Skip($"{folder}: its meta.yaml is of the run `{id}`");
        }
    }

    public override IEnumerable<ReadOnlyMemory<MetricPoint>> Points(RunEntry run)
    {
        string folder = Path.Combine(((FolderRun)run).Folder, "metrics");
        var page = new List<MetricPoint>();
        foreach ((string key, string file) in Files(folder))
        {
            foreach (string line in File.ReadLines(file))
            {
                if (line.Length == 0)
                    continue;
                if (TryReadPoint(key, line) is { } point)
                    page.Add(point);
                else
                    Skip($"{file}: the line `{line}` is no point of a metric");
                if (page.Count < PageLength)
                    continue;
                yield return page.ToArray();
                page.Clear();
            }
        }
        if (page.Count > 0)
            yield return page.ToArray();
    }

    public override IEnumerable<ModelEntry> Models()
    {
        foreach (string folder in Folders(Path.Combine(_root, "models")))
        {
            if (TryReadMeta(folder) is not { } meta || Text(meta, "name") is not { } name)
                continue;
            var aliases = ImmutableArray.CreateBuilder<(string, long)>();
            foreach (Label alias in Labels(Path.Combine(folder, "aliases")))
            {
                if (long.TryParse(alias.Value, NumberStyles.None, CultureInfo.InvariantCulture, out long version))
                    aliases.Add((alias.Key, version));
            }
            var model = new RegisteredModel(name, Text(meta, "description"), Number(meta, "creation_timestamp") ?? 0, Number(meta, "last_updated_timestamp") ?? 0)
            {
                Labels = Labels(Path.Combine(folder, "tags")),
                Aliases = aliases.DrainToImmutable(),
            };
            yield return new ModelEntry(model, [.. Folders(folder)
                .Where(below => Path.GetFileName(below).StartsWith("version-", StringComparison.Ordinal))
                .Select(below => ReadVersion(name, below)).OfType<ModelVersion>().OrderBy(version => version.Version)]);
        }
    }

    public override IEnumerable<LoggedModel> LoggedModels(ExperimentEntry experiment)
    {
        foreach (string folder in Folders(Path.Combine(FolderOf(experiment), "models")))
        {
            if (TryReadMeta(folder) is not { } meta || Text(meta, "model_id") is not { } id || Text(meta, "lifecycle_stage") == "deleted")
                continue;
            yield return new LoggedModel(id, 0, Text(meta, "name") ?? id, Resolve(Text(meta, "artifact_location") ?? Path.Combine(folder, "artifacts")),
                Number(meta, "creation_timestamp") ?? 0, Number(meta, "last_updated_timestamp") ?? 0, (LoggedModelStatus)Math.Clamp(Number(meta, "status") ?? 1, 1, 3))
            {
                Type = Text(meta, "model_type"),
                SourceRun = Text(meta, "source_run_id"),
                StatusMessage = Text(meta, "status_message"),
                Labels = Labels(Path.Combine(folder, "tags")),
                Params = [.. Labels(Path.Combine(folder, "params")).Select(label => new Param(label.Key, label.Value))],
                Metrics = [.. ModelMetrics(id, folder)],
            };
        }
    }

    public override IEnumerable<TraceEntry> Traces(ExperimentEntry experiment)
    {
        foreach (string folder in Folders(Path.Combine(FolderOf(experiment), "traces")))
        {
            if (TryReadMeta(folder, TraceFile) is not { } meta || (Text(meta, "trace_id") ?? Text(meta, "request_id")) is not { } id)
                continue;
            // Before version 3 times were numbers, and the state was called status.
            long started = Number(meta, "timestamp_ms")
                ?? (DateTimeOffset.TryParse(Text(meta, "request_time"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time) ? time.ToUnixTimeMilliseconds() : 0);
            string state = Text(meta, "state") ?? Text(meta, "status") ?? Trace.NoState;
            yield return new TraceEntry(new Trace(id, 0, started, Number(meta, "execution_duration_ms") ?? Number(meta, "execution_time_ms"), state == Trace.OldNoState ? Trace.NoState : state)
            {
                ClientId = Text(meta, "client_request_id"),
                RequestPreview = Text(meta, "request_preview"),
                ResponsePreview = Text(meta, "response_preview"),
                Labels = Labels(Path.Combine(folder, "tags")),
                Metadata = Labels(Path.Combine(folder, "request_metadata")),
            }, [], []);
        }
    }

    /// <summary>The values of a logged model: a point, the run that measured it, and maybe a dataset, on each line.</summary>
    private IEnumerable<(MetricPoint, string)> ModelMetrics(string model, string folder)
    {
        foreach ((string key, string file) in Files(Path.Combine(folder, "metrics")))
        {
            foreach (string line in File.ReadLines(file).Where(line => line.Length > 0))
            {
                string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (words.Length < 4 || TryReadPoint(key, line) is not { } point)
                    Skip($"{file}: the line `{line}` is no point of a metric");
                else
                    yield return (point with { Subject = new MetricSubject(model, words.ElementAtOrDefault(4), words.ElementAtOrDefault(5)) }, words[3]);
            }
        }
    }

    private static MetricPoint? TryReadPoint(string key, string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        long step = 0;
        if (words.Length < 2 || !long.TryParse(words[0], CultureInfo.InvariantCulture, out long timestamp)
            || (words.Length > 2 && !long.TryParse(words[2], CultureInfo.InvariantCulture, out step)))
        {
            return null;
        }
        double value = words[1] switch
        {
            "nan" => double.NaN,
            "inf" => double.PositiveInfinity,
            "-inf" => double.NegativeInfinity,
            _ => double.TryParse(words[1], NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : double.NaN,
        };
        return new MetricPoint(key, value, timestamp, step);
    }

    private static IEnumerable<string> Folders(string folder) =>
        Directory.Exists(folder) ? Directory.GetDirectories(folder).Order(StringComparer.Ordinal) : [];

    /// <summary>The files below a folder by their path in it, which is a key: a slash in a key made a folder.</summary>
    private static IEnumerable<(string Key, string File)> Files(string folder)
    {
        if (!Directory.Exists(folder))
            return [];
        return Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(file => (Path.GetRelativePath(folder, file), file)).OrderBy(pair => pair.Item1, StringComparer.Ordinal);
    }

    private static ImmutableArray<Label> Labels(string folder) => [.. Files(folder).Select(pair => new Label(pair.Key, ReadText(pair.File)))];

    /// <summary>The whole file as it is: a mark at its start belongs to the value.</summary>
    private static string ReadText(string file) => Encoding.UTF8.GetString(File.ReadAllBytes(file));

    private static string? Text(YamlMapping meta, string key) => meta[key] switch
    {
        YamlScalar { IsPlain: true, Text: "" or "null" or "~" or "Null" or "NULL" } => null,
        YamlScalar scalar => scalar.Text,
        _ => null,
    };

    private static long? Number(YamlMapping meta, string key) =>
        long.TryParse(Text(meta, key), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? number : null;

    private string FolderOf(ExperimentEntry experiment) =>
        Path.Combine(_root, experiment.Experiment.Stage == LifecycleStage.Deleted ? ".trash" : "", experiment.Key);

    private IEnumerable<string> RunFolders(ExperimentEntry experiment) =>
        Folders(FolderOf(experiment)).Where(folder =>
            !s_notRuns.Contains(Path.GetFileName(folder)) && !folder.EndsWith(PartEnd, StringComparison.Ordinal) && File.Exists(Path.Combine(folder, "meta.yaml")));

    private FolderRun ReadRun(string experiment, string folder, string id, YamlMapping meta)
    {
        ImmutableArray<Label> labels = Labels(Path.Combine(folder, "tags"));
        string name = Text(meta, "run_name") ?? labels.FirstOrDefault(label => label.Key == Rules.RunNameLabel).Value ?? Text(meta, "name") ?? "";
        RunStatus status = Text(meta, "status") is { } word
            ? int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? (RunStatus)Math.Clamp(number, 1, 5) : Words.Status(word)
            : RunStatus.Running;
        var info = new RunInfo(new RunId(id), 0, name, Text(meta, "user_id") ?? "", status, Number(meta, "start_time") ?? 0, Number(meta, "end_time"),
            Resolve(Text(meta, "artifact_uri") ?? Path.Combine(folder, "artifacts")), Words.Stage(Text(meta, "lifecycle_stage") ?? "active"));
        var run = new Run(info)
        {
            Params = [.. Files(Path.Combine(folder, "params")).Select(pair => new Param(pair.Key, ReadText(pair.File)))],
            Labels = labels,
            Datasets = Datasets(experiment, folder),
            ModelInputs = [.. Edges(Path.Combine(folder, "inputs"), "MODEL_INPUT").Select(edge => edge.ModelId)],
            ModelOutputs = [.. Edges(Path.Combine(folder, "outputs"), "MODEL_OUTPUT")],
        };
        return new FolderRun(run, folder) { Deleted = Number(meta, "deleted_time") };
    }

    private ImmutableArray<DatasetInput> Datasets(string experiment, string folder)
    {
        var found = new List<DatasetInput>();
        foreach (string below in Folders(Path.Combine(folder, "inputs")))
        {
            if (TryReadMeta(below) is not { } edge || Text(edge, "source_type") != "DATASET" || Text(edge, "source_id") is not { } source)
                continue;
            if (source.Contains('/', StringComparison.Ordinal) || TryReadMeta(Path.Combine(experiment, "datasets", source)) is not { } meta)
            {
                Skip($"{below}: there is no dataset `{source}`");
                continue;
            }
            Label[] labels = edge["tags"] is YamlMapping tags
                ? [.. tags.Entries.Select(entry => new Label(((YamlScalar)entry.Key).Text, entry.Value is YamlScalar value ? value.Text : "")).OrderBy(label => label.Key, StringComparer.Ordinal)]
                : [];
            found.Add(new DatasetInput(
                new Dataset(Text(meta, "name") ?? "", Text(meta, "digest") ?? "", Text(meta, "source_type") ?? "", Text(meta, "source") ?? "", Text(meta, "schema"), Text(meta, "profile")),
                [.. labels]));
        }
        return [.. found.OrderBy(input => input.Dataset.Name, StringComparer.Ordinal).ThenBy(input => input.Dataset.Digest, StringComparer.Ordinal)];
    }

    private IEnumerable<ModelOutput> Edges(string folder, string kind) => Folders(folder).Select(TryReadMeta).OfType<YamlMapping>()
        .Where(meta => Text(meta, "destination_type") == kind && Text(meta, "destination_id") is not null)
        .Select(meta => new ModelOutput(Text(meta, "destination_id")!, Number(meta, "step") ?? 0)).OrderBy(edge => (edge.Step, edge.ModelId));

    private ModelVersion? ReadVersion(string model, string folder)
    {
        if (TryReadMeta(folder) is not { } meta || Number(meta, "version") is not { } number || Text(meta, "current_stage") == "Deleted_Internal")
            return null;
        string source = Text(meta, "source") ?? "";
        return new ModelVersion(model, number, Number(meta, "creation_timestamp") ?? 0, Number(meta, "last_updated_timestamp") ?? 0,
            Text(meta, "current_stage") ?? "None", source, Text(meta, "storage_location") ?? source)
        {
            Description = Text(meta, "description"),
            User = Text(meta, "user_id"),
            Run = Text(meta, "run_id"),
            RunLink = Text(meta, "run_link"),
            Status = Text(meta, "status") is { } status && !int.TryParse(status, out _) ? status : "READY",
            Labels = Labels(Path.Combine(folder, "tags")),
        };
    }

    /// <summary>A relative location lies where MLflow was started, which is above the store.</summary>
    private string Resolve(string location) => location.Contains(':', StringComparison.Ordinal) || Path.IsPathRooted(location)
        ? location
        : Path.GetFullPath(location, Path.GetDirectoryName(_root)!);

    private YamlMapping? TryReadMeta(string folder) => TryReadMeta(folder, "meta.yaml");

    private YamlMapping? TryReadMeta(string folder, string name)
    {
        string file = Path.Combine(folder, name);
        if (!File.Exists(file))
        {
            Skip($"{folder}: there is no {name}");
            return null;
        }
        var diagnostics = new Diagnostics();
        if (YamlReader.Read(new Source(file, File.ReadAllText(file, Encoding.UTF8)), diagnostics) is YamlMapping meta && !diagnostics.HasErrors)
            return meta;
        Skip($"{file}: {diagnostics.FirstOrDefault()?.Message ?? "it is no map"}");
        return null;
    }

    /// <summary>A run that knows the folder of its points.</summary>
    private sealed record FolderRun(Run Run, string Folder) : RunEntry(Run);
}
