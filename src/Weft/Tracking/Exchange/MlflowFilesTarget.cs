using System.Globalization;
using System.Text;
using Weft.Text;
using Weft.Values;

namespace Weft.Tracking.Exchange;

/// <summary>
/// MLflow's file store as the target, new or begun before. A run is written beside its place and moved there when it is whole. A value that
/// stands for infinity in a database is written as <c>inf</c>, as MLflow does here.
/// </summary>
internal sealed class MlflowFilesTarget : RunTarget
{
    private const string PartEnd = MlflowFiles.PartEnd;

    private static readonly object s_emptyList = new();

    private readonly string _root;
    private readonly bool _copiesArtifacts;
    private readonly HashSet<RunId> _existing = [];
    private readonly Dictionary<string, string> _keys = [];
    private readonly Dictionary<string, string> _folders = [];

    /// <param name="copiesArtifacts">Whether runs get their files into their folders; without, they name where these are.</param>
    public MlflowFilesTarget(string root, bool copiesArtifacts)
    {
        _root = Path.GetFullPath(root);
        _copiesArtifacts = copiesArtifacts;
        Directory.CreateDirectory(_root);
        using var present = new MlflowFiles(_root);
        foreach (ExperimentEntry experiment in present.Experiments())
        {
            _keys[experiment.Experiment.Name] = experiment.Key;
            _folders[experiment.Key] = Path.Combine(_root, experiment.Experiment.Stage == LifecycleStage.Deleted ? ".trash" : "", experiment.Key);
            _existing.UnionWith(present.RunIds(experiment));
        }
    }

    public override IReadOnlySet<RunId> Existing => _existing;

    public override Task<string> AddExperimentAsync(ExperimentEntry entry)
    {
        Experiment experiment = entry.Experiment;
        if (_keys.TryGetValue(experiment.Name, out string? existing))
            return Task.FromResult(existing);
        string key = Rules.IsRunId(entry.Key) && !_folders.ContainsKey(entry.Key) ? entry.Key : NewKey();
        string folder = Path.Combine(_root, experiment.Stage == LifecycleStage.Deleted ? ".trash" : "", key);
        string location = _copiesArtifacts ? folder : experiment.Location;
        WriteLabels(Path.Combine(folder, "tags"), experiment.Labels);
        WriteMeta(folder, ("artifact_location", location), ("creation_time", experiment.Created), ("experiment_id", key),
            ("last_update_time", experiment.Updated), ("lifecycle_stage", Words.Of(experiment.Stage)), ("name", experiment.Name));
        _keys[experiment.Name] = key;
        _folders[key] = folder;
        return Task.FromResult(key);
    }

    public override Task AddRunsAsync(string experiment, IReadOnlyList<RunPart> parts)
    {
        foreach (RunPart part in parts)
            AddPart(experiment, part);
        return Task.CompletedTask;
    }

    public override Task AddModelAsync(ModelEntry entry)
    {
        RegisteredModel model = entry.Model;
        string folder = Below(Path.Combine(_root, "models"), model.Name);
        if (!File.Exists(Path.Combine(folder, "meta.yaml")))
        {
            WriteLabels(Path.Combine(folder, "tags"), model.Labels);
            WriteLabels(Path.Combine(folder, "aliases"), model.Aliases.Select(alias => new Label(alias.Alias, alias.Version.ToString(CultureInfo.InvariantCulture))));
            WriteMeta(folder, ("creation_timestamp", model.Created), ("description", model.Description), ("last_updated_timestamp", model.Updated), ("name", model.Name));
        }
        foreach (ModelVersion version in entry.Versions)
        {
            string below = Path.Combine(folder, $"version-{version.Version}");
            if (File.Exists(Path.Combine(below, "meta.yaml")))
                continue;
            WriteLabels(Path.Combine(below, "tags"), version.Labels);
            WriteMeta(below, ("creation_timestamp", version.Created), ("current_stage", version.Stage), ("description", version.Description),
                ("last_updated_timestamp", version.Updated), ("name", version.Name), ("run_id", version.Run), ("run_link", version.RunLink),
                ("source", version.Source), ("status", version.Status), ("status_message", null), ("storage_location", version.Storage),
                ("user_id", version.User), ("version", version.Version));
        }
        return Task.CompletedTask;
    }

    public override Task<bool> AddLoggedModelAsync(string experiment, LoggedModel model)
    {
        string folder = Below(Path.Combine(_folders[experiment], "models"), model.Id);
        if (File.Exists(Path.Combine(folder, "meta.yaml")))
            return Task.FromResult(true);
        WriteLabels(Path.Combine(folder, "params"), model.Params.Select(param => new Label(param.Key, param.Value)));
        WriteLabels(Path.Combine(folder, "tags"), model.Labels);
        WriteLabels(Path.Combine(folder, "metrics"), model.Metrics.GroupBy(metric => metric.Point.Key).Select(points => new Label(points.Key, string.Concat(points.Select(Line)))));
        WriteMeta(folder, ("artifact_location", model.ArtifactUri), ("creation_timestamp", model.Created), ("experiment_id", experiment),
            ("last_updated_timestamp", model.Updated), ("lifecycle_stage", "active"), ("model_id", model.Id), ("model_type", model.Type), ("name", model.Name),
            ("source_run_id", model.SourceRun), ("status", (long)model.Status), ("status_message", model.StatusMessage));
        return Task.FromResult(true);

        static string Line((MetricPoint Point, string Run) metric)
        {
            string dataset = metric.Point.Subject is { DatasetName: { } name, DatasetDigest: { } digest } ? $" {name} {digest}" : "";
            return string.Create(CultureInfo.InvariantCulture, $"{metric.Point.Timestamp} {Number(metric.Point.Value)} {metric.Point.Step} {metric.Run}{dataset}\n");
        }
    }

    /// <summary>What MLflow's file store knows of a trace; its spans are a file among its artifacts, where clients keep them when no server does.</summary>
    public override Task AddTraceAsync(string experiment, TraceEntry entry)
    {
        Trace trace = entry.Trace;
        string folder = Below(Path.Combine(_folders[experiment], "traces"), trace.Id);
        if (File.Exists(Path.Combine(folder, MlflowFiles.TraceFile)))
            return Task.CompletedTask;
        IEnumerable<Label> labels = trace.Labels;
        if (!entry.Spans.IsEmpty)
        {
            string artifacts = Directory.CreateDirectory(Path.Combine(folder, "artifacts")).FullName;
            File.WriteAllText(Path.Combine(artifacts, "traces.json"), $"{{\"spans\": [{string.Join(", ", entry.Spans.Select(span => span.Content))}]}}");
            labels = labels.Where(label => label.Key is not (SpanStore.LocationLabel or TraceStore.LocationLabel)).Append(new Label(TraceStore.LocationLabel, artifacts));
        }
        WriteLabels(Path.Combine(folder, "tags"), labels);
        WriteLabels(Path.Combine(folder, "request_metadata"), trace.Metadata);
        WriteYaml(folder, MlflowFiles.TraceFile, ("client_request_id", trace.ClientId), ("execution_duration_ms", trace.Duration), ("request_preview", trace.RequestPreview),
            ("request_time", DateTimeOffset.FromUnixTimeMilliseconds(trace.Started).ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture)),
            ("response_preview", trace.ResponsePreview), ("state", trace.State), ("trace_id", trace.Id),
            ("trace_location", new TracePlace(experiment)));
        return Task.CompletedTask;
    }

    public override (string Folder, string Location)? ArtifactPlace(string experiment, RunId run)
    {
        if (!_copiesArtifacts || !Rules.IsRunId(run.Value))
            return null;
        return (Path.Combine(_folders[experiment], run.Value + PartEnd, "artifacts"), Path.Combine(_folders[experiment], run.Value, "artifacts"));
    }

    private void AddPart(string experiment, RunPart part)
    {
        Run run = part.Entry.Run;
        string place = Below(_folders[experiment], run.Info.Id.Value);
        string folder = place + PartEnd;
        if (part.IsFirst)
        {
            if (Directory.Exists(Path.Combine(folder, "metrics")))
                Directory.Delete(Path.Combine(folder, "metrics"), recursive: true);
            Directory.CreateDirectory(Path.Combine(folder, "metrics"));
            Directory.CreateDirectory(Path.Combine(folder, "artifacts"));
        }
        WritePoints(Path.Combine(folder, "metrics"), part.Points.Span);
        if (!part.IsLast)
            return;
        WriteLabels(Path.Combine(folder, "params"), run.Params.Select(param => new Label(param.Key, param.Value)));
        WriteLabels(Path.Combine(folder, "tags"), run.Labels);
        WriteInputs(experiment, folder, run);
        RunInfo info = run.Info;
        (string, object?)[] deleted = part.Entry.Deleted is { } time ? [("deleted_time", time)] : [];
        WriteMeta(folder, [("artifact_uri", info.ArtifactUri), ("end_time", info.Ended), ("entry_point_name", ""), ("experiment_id", experiment),
            ("lifecycle_stage", Words.Of(info.Stage)), ("run_id", info.Id.Value), ("run_name", info.Name), ("source_name", ""), ("source_type", 4L),
            ("source_version", ""), ("start_time", info.Started), ("status", (long)info.Status), ("tags", s_emptyList), ("user_id", info.User), .. deleted]);
        Directory.Move(folder, place);
        _existing.Add(info.Id);
    }

    private static void WritePoints(string folder, ReadOnlySpan<MetricPoint> points)
    {
        var text = new StringBuilder();
        for (int i = 0; i < points.Length; i++)
        {
            ref readonly MetricPoint point = ref points[i];
            text.Append(CultureInfo.InvariantCulture, $"{point.Timestamp} ");
            text.Append(Number(point.Value)).Append(CultureInfo.InvariantCulture, $" {point.Step}\n");
            if (i + 1 < points.Length && points[i + 1].Key == point.Key)
                continue;
            string file = Below(folder, point.Key);
            Make(Path.GetDirectoryName(file)!, point.Key);
            if (Directory.Exists(file))
                throw Clash(point.Key);
            File.AppendAllText(file, text.ToString());
            text.Clear();
        }
    }

    private static string Number(double value)
    {
        Span<byte> number = stackalloc byte[40];
        return value switch
        {
            double.NaN => "nan",
            >= double.MaxValue => "inf",
            <= double.MinValue => "-inf",
            _ => Encoding.ASCII.GetString(number[..TrackingJson.FormatDouble(value, number)]),
        };
    }

    private static void WriteLabels(string folder, IEnumerable<Label> labels)
    {
        Directory.CreateDirectory(folder);
        foreach (Label label in labels)
        {
            string file = Below(folder, label.Key);
            Make(Path.GetDirectoryName(file)!, label.Key);
            if (Directory.Exists(file))
                throw Clash(label.Key);
            File.WriteAllText(file, label.Value);
        }
    }

    private void WriteInputs(string experiment, string folder, Run run)
    {
        foreach (DatasetInput input in run.Datasets)
        {
            Dataset dataset = input.Dataset;
            string source = Digest.Of($"{dataset.Name}\n{dataset.Digest}").Hex[..32];
            WriteMeta(Path.Combine(_folders[experiment], "datasets", source), ("digest", dataset.Digest), ("name", dataset.Name), ("profile", dataset.Profile),
                ("schema", dataset.Schema), ("source", dataset.Source), ("source_type", dataset.SourceType));
            WriteMeta(Path.Combine(folder, "inputs", Digest.Of($"{source}\n{run.Info.Id}").Hex[..32]), ("destination_id", run.Info.Id.Value),
                ("destination_type", "RUN"), ("source_id", source), ("source_type", "DATASET"), ("tags", input.Labels.ToArray()));
        }
        foreach (string model in run.ModelInputs)
        {
            WriteMeta(Path.Combine(folder, "inputs", Digest.Of($"{model}\n{run.Info.Id}").Hex[..32]), ("destination_id", model), ("destination_type", "MODEL_INPUT"),
                ("source_id", run.Info.Id.Value), ("source_type", "RUN_INPUT"), ("tags", Array.Empty<Label>()));
        }
        foreach (ModelOutput output in run.ModelOutputs)
        {
            WriteMeta(Below(Path.Combine(folder, "outputs"), output.ModelId), ("destination_id", output.ModelId), ("destination_type", "MODEL_OUTPUT"),
                ("source_id", run.Info.Id.Value), ("source_type", "RUN_OUTPUT"), ("step", output.Step), ("tags", Array.Empty<Label>()));
        }
    }

    /// <summary>Keys in their order; text in double quotes, what YAML would read otherwise escaped.</summary>
    private static void WriteMeta(string folder, params ReadOnlySpan<(string Key, object? Value)> entries) => WriteYaml(folder, "meta.yaml", entries);

    private static void WriteYaml(string folder, string name, params ReadOnlySpan<(string Key, object? Value)> entries)
    {
        Directory.CreateDirectory(folder);
        var text = new StringBuilder();
        foreach ((string key, object? value) in entries)
        {
            text.Append(key).Append(':');
            switch (value)
            {
                case null:
                    text.Append(" null");
                    break;
                case long number:
                    text.Append(CultureInfo.InvariantCulture, $" {number}");
                    break;
                case Label[] { Length: 0 }:
                    text.Append(" {}");
                    break;
                case Label[] labels:
                    foreach (Label label in labels)
                        text.Append("\n  ").Append(Quote(label.Key)).Append(": ").Append(Quote(label.Value));
                    break;
                case TracePlace place:
                    text.Append("\n  mlflow_experiment:\n    experiment_id: ").Append(Quote(place.Experiment)).Append("\n  type: MLFLOW_EXPERIMENT");
                    break;
                case string words:
                    text.Append(' ').Append(Quote(words));
                    break;
                default:
                    text.Append(" []");
                    break;
            }
            text.Append('\n');
        }
        string file = Path.Combine(folder, name);
        File.WriteAllText(file + PartEnd, text.ToString());
        File.Move(file + PartEnd, file, overwrite: true);
    }

    /// <summary>Where a trace belongs, as MLflow nests it.</summary>
    private sealed record TracePlace(string Experiment);

    private static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (char c in text)
        {
            if (c is '"' or '\\')
                quoted.Append('\\').Append(c);
            else if (char.IsControl(c) || c is '\u2028' or '\u2029' or '\uFEFF')
                quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}");
            else
                quoted.Append(c);
        }
        return quoted.Append('"').ToString();
    }

    /// <summary>The file of a key; a key that is no path of its own would write somewhere else.</summary>
    private static string Below(string folder, string key)
    {
        foreach (string part in key.Split('/'))
        {
            if (part is "" or "." or ".." || part.Contains('\0', StringComparison.Ordinal))
                throw new DiagnosticException("export/file-name", $"`{key}` cannot be the name of a file", null, "export into a database, which has no files: `weft export mlflow FILE.db`");
        }
        return Path.Combine(folder, key);
    }

    private static void Make(string folder, string key)
    {
        for (string? above = folder; above is not null; above = Path.GetDirectoryName(above))
        {
            if (File.Exists(above))
                throw Clash(key);
            if (Directory.Exists(above))
                break;
        }
        Directory.CreateDirectory(folder);
    }

    private static DiagnosticException Clash(string key) => new("export/file-name",
        $"`{key}` would be a file and a folder: another key of the run is a part of it", null, "export into a database, which has no files: `weft export mlflow FILE.db`");

    private string NewKey()
    {
        for (long key = 1 + _folders.Keys.Select(text => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : 0).DefaultIfEmpty().Max(); ; key++)
        {
            string text = key.ToString(CultureInfo.InvariantCulture);
            if (!_folders.ContainsKey(text))
                return text;
        }
    }
}
