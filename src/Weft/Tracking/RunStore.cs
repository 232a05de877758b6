using System.Collections.Immutable;
using System.Text.Json;
using Weft.Records;
using Weft.Values;

namespace Weft.Tracking;

/// <summary>What a new run starts with.</summary>
/// <param name="Experiment">An active experiment.</param>
/// <param name="Name">Null: the tag <c>mlflow.runName</c>, else a memorable name is made.</param>
/// <param name="Started">Unix milliseconds; 0 when unknown.</param>
public sealed record NewRun(long Experiment, string? Name = null, string User = "", long Started = 0)
{
    public ImmutableArray<Label> Labels { get; init; } = [];

    /// <summary>The node of an execution that the run belongs to.</summary>
    public (ExecutionId Execution, NodePath Path)? Node { get; init; }

    /// <summary>Where its artifacts are, when another server keeps them; null: below the experiment's location.</summary>
    public string? ArtifactUri { get; init; }

    /// <summary>An id given by the caller (an import); null: a new one.</summary>
    public RunId? Id { get; init; }
}

/// <summary>What changes of a run; null means unchanged.</summary>
public sealed record RunChange(RunStatus? Status = null, long? Ended = null, string? Name = null);

/// <summary>The points, params and labels of one request. All of it is written, or nothing.</summary>
public sealed class Batch
{
    public ReadOnlyMemory<MetricPoint> Metrics { get; init; }

    public IReadOnlyList<Param> Params { get; init; } = [];

    public IReadOnlyList<Label> Labels { get; init; } = [];
}

/// <summary>Runs: made, changed, marked and filled with values. Reading lists and searching is <see cref="RunSearch"/>.</summary>
public sealed class RunStore
{
    internal const string Columns = "r.id, r.run_id, r.experiment, r.name, r.user_id, r.status, r.started, r.ended, r.uri, r.stage";

    private readonly WriteLoop _writer;
    private readonly ReaderPool _readers;
    private readonly Settling _settling;
    private readonly bool _truncates;

    internal RunStore(WriteLoop writer, ReaderPool readers, Settling settling, bool truncates)
    {
        _settling = settling;
        _writer = writer;
        _readers = readers;
        _truncates = truncates;
    }

    public Task<Run> CreateAsync(NewRun run)
    {
        string? name = string.IsNullOrEmpty(run.Name) ? null : run.Name;
        var labels = new List<Label>(run.Labels.Length + 1);
        foreach (Label label in run.Labels)
        {
            Rules.CheckKey(label.Key, "key");
            labels.RemoveAll(other => other.Key == label.Key);
            labels.Add(label with { Value = Rules.Fit(label.Value, Rules.LabelLength, "value", _truncates) });
        }
        int nameLabel = labels.FindIndex(label => label.Key == Rules.RunNameLabel);
        if (name is not null && nameLabel >= 0 && labels[nameLabel].Value != name)
        {
            throw TrackingException.Invalid($"Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='{name}', mlflow.runName='{labels[nameLabel].Value}').");
        }
        if (nameLabel < 0)
            labels.Add(new Label(Rules.RunNameLabel, name ?? RunNames.New()));
        RunId id = run.Id ?? new RunId(RunNames.NewId());
        return _writer.WriteAsync(turn => Insert(turn, run, id, labels));
    }

    /// <summary>The run with everything but the points of its metrics.</summary>
    public Run Get(RunId id) => Find(id) ?? throw NotFound(id);

    public Run? Find(RunId id)
    {
        _settling.Settle(id);
        return _readers.Read(reader => FindInfo(reader.Database, id) is { } info ? RunReader.Complete(reader.Database, info) : null, oneState: true);
    }

    public RunInfo GetInfo(RunId id) => _readers.Read(reader => FindInfo(reader.Database, id)) ?? throw NotFound(id);

    /// <summary>The run as MLflow's JSON, written to <paramref name="json"/> as the members of an object: info, data, inputs, outputs.</summary>
    public void Write(RunId id, Utf8JsonWriter json)
    {
        _settling.Settle(id);
        _readers.Read(reader =>
        {
            RunInfo info = FindInfo(reader.Database, id) ?? throw NotFound(id);
            RunJson.Write(json, info, RunReader.Summary(reader.Database, info));
            return true;
        }, oneState: true);
    }

    /// <summary>The runs that belong to a node of an execution, oldest first.</summary>
    public ImmutableArray<RunInfo> OfNode(ExecutionId execution, NodePath path) => _readers.Read(reader =>
    {
        var found = ImmutableArray.CreateBuilder<RunInfo>();
        Statement select = reader.Database.Prepare($"SELECT {Columns} FROM run r WHERE r.execution = ?1 AND r.path = ?2 ORDER BY r.id");
        foreach (Row row in select.Bind(1, execution.Value).Bind(2, path.Text).Query())
            found.Add(RunReader.Info(row));
        return found.DrainToImmutable();
    });

    /// <summary>The active runs that belong to an execution, oldest first.</summary>
    public ImmutableArray<RunInfo> OfExecution(ExecutionId execution) => _readers.Read(reader =>
    {
        var found = ImmutableArray.CreateBuilder<RunInfo>();
        Statement select = reader.Database.Prepare($"SELECT {Columns} FROM run r WHERE r.execution = ?1 AND r.stage = 'active' ORDER BY r.id");
        foreach (Row row in select.Bind(1, execution.Value).Query())
            found.Add(RunReader.Info(row));
        return found.DrainToImmutable();
    });

    /// <summary>The node of an execution that made a run; null when none did.</summary>
    public (ExecutionId Execution, NodePath Path)? NodeOf(RunInfo run) => _readers.Read<(ExecutionId, NodePath)?>(reader =>
    {
        foreach (Row row in reader.Database.Prepare("SELECT execution, path FROM run WHERE id = ?1 AND execution IS NOT NULL").Bind(1, run.Row).Query())
            return (new ExecutionId(row.Text(0)), new NodePath(row.TextOrNull(1) ?? ""));
        return null;
    });

    /// <summary>The active runs whose id begins so; two at most, since two are ambiguous.</summary>
    public ImmutableArray<RunInfo> FindByPrefix(string prefix) => _readers.Read(reader =>
    {
        var found = ImmutableArray.CreateBuilder<RunInfo>();
        Statement select = reader.Database.Prepare($"SELECT {Columns} FROM run r WHERE r.run_id >= ?1 AND r.run_id < ?2 AND r.stage = 'active' LIMIT 2");
        foreach (Row row in select.Bind(1, prefix).Bind(2, prefix + "~").Query())
            found.Add(RunReader.Info(row));
        return found.DrainToImmutable();
    });

    /// <summary>Ends the runs that a node's programs left running, and says how many runs the node has in all.</summary>
    public Task<int> EndNodeAsync(ExecutionId execution, NodePath path, RunStatus status)
    {
        ImmutableArray<RunInfo> runs = OfNode(execution, path);
        return _writer.WriteAsync(turn =>
        {
            foreach (RunInfo run in runs)
            {
                if (turn.Database.Prepare("UPDATE run SET status = ?2, ended = ?3 WHERE id = ?1 AND status IN ('RUNNING', 'SCHEDULED')")
                    .Bind(1, run.Row).Bind(2, Words.Of(status)).Bind(3, turn.Now).Run() > 0)
                {
                    RunReader.StoreSummary(turn, run);
                }
            }
            return runs.Length;
        });
    }

    public Task<RunInfo> UpdateAsync(RunId id, RunChange change) => _writer.WriteAsync(turn =>
    {
        RunInfo run = RequireActive(turn.Database, id);
        if (!string.IsNullOrEmpty(change.Name) && change.Name != run.Name)
        {
            SetLabel(turn, run, new Label(Rules.RunNameLabel, change.Name));
            run = run with { Name = change.Name };
        }
        run = run with { Status = change.Status ?? run.Status, Ended = change.Ended ?? run.Ended };
        turn.Database.Prepare("UPDATE run SET status = ?2, ended = ?3 WHERE id = ?1").Bind(1, run.Row).Bind(2, Words.Of(run.Status)).Bind(3, run.Ended).Run();
        if (change.Status is RunStatus.Finished or RunStatus.Failed or RunStatus.Killed)
            RunReader.StoreSummary(turn, run);
        return run;
    });

    /// <summary>Moves a run to the waste-paper basket. Idempotent.</summary>
    public Task DeleteAsync(RunId id) => _writer.WriteAsync(turn =>
    {
        RunInfo run = Require(turn.Database, id);
        if (run.Stage == LifecycleStage.Active)
            turn.Database.Prepare("UPDATE run SET stage = 'deleted', deleted = ?2 WHERE id = ?1").Bind(1, run.Row).Bind(2, turn.Now).Run();
    });

    public Task RestoreAsync(RunId id) => _writer.WriteAsync(turn =>
    {
        RunInfo run = Require(turn.Database, id);
        turn.Database.Prepare("UPDATE run SET stage = 'active', deleted = NULL WHERE id = ?1").Bind(1, run.Row).Run();
    });

    public Task SetLabelAsync(RunId id, Label label)
    {
        Rules.CheckKey(label.Key, "key");
        Label fitted = label with { Value = Rules.Fit(label.Value, Rules.LabelLength, "value", _truncates) };
        return _writer.WriteAsync(turn =>
        {
            RunInfo run = RequireActive(turn.Database, id);
            SetLabel(turn, run, fitted);
            Touch(turn, run);
        });
    }

    public Task DeleteLabelAsync(RunId id, string key) => _writer.WriteAsync(turn =>
    {
        RunInfo run = RequireActive(turn.Database, id);
        if (turn.Keys.Find(key) is not { } number
            || turn.Database.Prepare("DELETE FROM label WHERE run = ?1 AND key = ?2").Bind(1, run.Row).Bind(2, number).Run() == 0)
        {
            throw TrackingException.Missing($"No tag with name: {key} in run with id {id}");
        }
        Touch(turn, run);
    });

    public Task LogParamAsync(RunId id, Param param)
    {
        Rules.CheckKey(param.Key, "key");
        Param fitted = param with { Value = Rules.Fit(param.Value, Rules.ParamLength, "value", _truncates) };
        return LogCheckedAsync(id, new Batch { Params = [fitted] });
    }

    public Task LogMetricAsync(RunId id, MetricPoint point)
    {
        MetricLog.Check(point, "");
        return LogCheckedAsync(id, new Batch { Metrics = new[] { point } });
    }

    /// <summary>
    /// Logs a batch in one transaction. Everything is checked before anything is written. The memory of the metrics must not change until the
    /// task completes.
    /// </summary>
    public Task LogBatchAsync(RunId id, Batch batch) => LogCheckedAsync(id, Checked(batch));

    /// <summary>Appends the description of a logged model to the tag that lists them.</summary>
    /// <param name="model">A JSON object.</param>
    public Task LogModelAsync(RunId id, string model) => _writer.WriteAsync(turn =>
    {
        RunInfo run = RequireActive(turn.Database, id);
        string? history = turn.Keys.Find(Rules.ModelHistoryLabel) is { } number
            ? turn.Database.Prepare("SELECT value FROM label WHERE run = ?1 AND key = ?2").Bind(1, run.Row).Bind(2, number).QueryText()
            : null;
        string list = history is { Length: > 2 } && history.EndsWith(']') ? $"{history[..^1]}, {model}]" : $"[{model}]";
        SetLabel(turn, run, new Label(Rules.ModelHistoryLabel, list));
        Touch(turn, run);
    });

    internal static TrackingException NotFound(RunId id) => TrackingException.Missing($"Run with id={id} not found");

    internal static RunInfo? FindInfo(Database database, RunId id)
    {
        foreach (Row row in database.Prepare($"SELECT {Columns} FROM run r WHERE r.run_id = ?1").Bind(1, id.Value).Query())
            return RunReader.Info(row);
        return null;
    }

    internal static RunInfo Require(Database database, RunId id) => FindInfo(database, id) ?? throw NotFound(id);

    internal static RunInfo RequireActive(Database database, RunId id)
    {
        RunInfo run = Require(database, id);
        return run.Stage == LifecycleStage.Active
            ? run
            : throw TrackingException.Invalid($"The run {id} must be in the 'active' state. Current state is deleted.");
    }

    /// <summary>Drops the ready-made summary: the next reader makes a new one.</summary>
    internal static void Touch(WriteTurn turn, RunInfo run) =>
        turn.Database.Prepare("UPDATE run SET summary = NULL WHERE id = ?1 AND summary IS NOT NULL").Bind(1, run.Row).Post();

    private Batch Checked(Batch batch)
    {
        CheckCounts(batch);
        ReadOnlySpan<MetricPoint> metrics = batch.Metrics.Span;
        for (int i = 0; i < metrics.Length; i++)
        {
            if (!MetricLog.IsFine(metrics[i]))
                MetricLog.Check(metrics[i], $"metrics[{i}].");
        }
        var values = new Dictionary<string, string>(batch.Params.Count, StringComparer.Ordinal);
        var parameters = new Param[batch.Params.Count];
        List<string>? duplicates = null;
        for (int i = 0; i < parameters.Length; i++)
        {
            Param param = batch.Params[i];
            Rules.CheckKey(param.Key, $"params[{i}].key");
            parameters[i] = param with { Value = Rules.Fit(param.Value, Rules.ParamLength, $"params[{i}].value", _truncates) };
            if (!values.TryAdd(param.Key, param.Value))
                (duplicates ??= []).Add(param.Key);
        }
        if (duplicates is not null)
            throw TrackingException.Invalid($"Duplicate parameter keys have been submitted: [{string.Join(", ", duplicates.Distinct().Select(key => $"'{key}'"))}]. Please ensure the request contains only one param value per param key.");
        var labels = new Label[batch.Labels.Count];
        for (int i = 0; i < labels.Length; i++)
        {
            Label label = batch.Labels[i];
            Rules.CheckKey(label.Key, $"tags[{i}].key");
            labels[i] = label with { Value = Rules.Fit(label.Value, Rules.LabelLength, $"tags[{i}].value", _truncates) };
        }
        return new Batch { Metrics = batch.Metrics, Params = parameters, Labels = labels };
    }

    private static void CheckCounts(Batch batch)
    {
        Check("metrics", batch.Metrics.Length, Rules.BatchMetrics);
        Check("params", batch.Params.Count, Rules.BatchParams);
        Check("tags", batch.Labels.Count, Rules.BatchLabels);
        int total = batch.Metrics.Length + batch.Params.Count + batch.Labels.Count;
        if (total > Rules.BatchTotal)
            throw TrackingException.Invalid($"A batch logging request can contain at most {Rules.BatchTotal} metrics, params, and tags in total. Got {total} metrics, params, and tags. Please split up metrics, params, and tags across multiple requests and try again.");

        static void Check(string what, int count, int most)
        {
            if (count > most)
                throw TrackingException.Invalid($"A batch logging request can contain at most {most} {what}. Got {count} {what}. Please split up {what} across multiple requests and try again.");
        }
    }

    private Task LogCheckedAsync(RunId id, Batch batch) => _writer.WriteAsync(turn =>
    {
        RunInfo run = RequireActive(turn.Database, id);
        List<Param> news = NewParams(turn, run, batch.Params);
        if (news.Count > 0)
        {
            Statement insert = turn.Database.Prepare("INSERT INTO param (run, key, value) VALUES (?1, ?2, ?3)");
            foreach (Param param in news)
                insert.Bind(1, run.Row).Bind(2, turn.Keys.FindOrAdd(param.Key)).Bind(3, param.Value).Post();
        }
        MetricLog.Take(turn, run, batch.Metrics.Span);
        foreach (Label label in batch.Labels)
            SetLabel(turn, run, label);
        Touch(turn, run);
    });

    /// <summary>The params that are not there yet; one that is there with another value is refused, with all the others like it.</summary>
    private static List<Param> NewParams(WriteTurn turn, RunInfo run, IReadOnlyList<Param> parameters)
    {
        var news = new List<Param>(parameters.Count);
        List<(Param Param, string Old)>? changed = null;
        foreach (Param param in parameters)
        {
            string? old = turn.Keys.Find(param.Key) is { } number
                ? turn.Database.Prepare("SELECT value FROM param WHERE run = ?1 AND key = ?2").Bind(1, run.Row).Bind(2, number).QueryText()
                : null;
            if (old is null)
                news.Add(param);
            else if (old != param.Value)
                (changed ??= []).Add((param, old));
        }
        if (changed is null)
            return news;
        if (changed is [var (one, was)])
            throw TrackingException.Invalid($"Changing param values is not allowed. Param with key='{one.Key}' was already logged with value='{was}' for run ID='{run.Id}'. Attempted logging new value '{one.Value}'.");
        string all = string.Join(", ", changed.Select(change => $"{{'key': '{change.Param.Key}', 'old_value': '{change.Old}', 'new_value': '{change.Param.Value}'}}"));
        throw TrackingException.Invalid($"Changing param values is not allowed. Params were already logged='[{all}]' for run ID='{run.Id}'.");
    }

    private static void SetLabel(WriteTurn turn, RunInfo run, Label label)
    {
        PutLabel(turn, run, label);
        if (label.Key == Rules.RunNameLabel)
            turn.Database.Prepare("UPDATE run SET name = ?2, summary = NULL WHERE id = ?1").Bind(1, run.Row).Bind(2, label.Value).Post();
    }

    /// <summary>Sets a label and the parent that it may name, but not the run's name.</summary>
    private static void PutLabel(WriteTurn turn, RunInfo run, Label label)
    {
        turn.Database.Prepare("INSERT INTO label (run, key, value) VALUES (?1, ?2, ?3) ON CONFLICT (run, key) DO UPDATE SET value = excluded.value")
            .Bind(1, run.Row).Bind(2, turn.Keys.FindOrAdd(label.Key)).Bind(3, label.Value).Post();
        if (label.Key == Rules.ParentLabel)
            turn.Database.Prepare("UPDATE run SET parent = (SELECT id FROM run WHERE run_id = ?2) WHERE id = ?1").Bind(1, run.Row).Bind(2, label.Value).Post();
    }

    private static Run Insert(WriteTurn turn, NewRun run, RunId id, List<Label> labels)
    {
        Experiment experiment = ExperimentStore.Require(turn.Database, run.Experiment);
        string name = labels.Find(label => label.Key == Rules.RunNameLabel).Value;
        string uri = run.ArtifactUri ?? Locations.Join(experiment.Location, id.Value, "artifacts");
        long row = turn.Database.Prepare("""
            INSERT INTO run (run_id, experiment, name, status, stage, started, user_id, uri, execution, path)
            VALUES (?1, ?2, ?3, 'RUNNING', 'active', ?4, ?5, ?6, ?7, ?8) RETURNING id
            """)
            .Bind(1, id.Value).Bind(2, run.Experiment).Bind(3, name).Bind(4, run.Started).Bind(5, run.User).Bind(6, uri)
            .Bind(7, run.Node?.Execution.Value).Bind(8, run.Node?.Path.Text).QueryLong()!.Value;
        var info = new RunInfo(id, run.Experiment, name, run.User, RunStatus.Running, run.Started, null, uri, LifecycleStage.Active) { Row = row };
        foreach (Label label in labels)
            PutLabel(turn, info, label);
        return new Run(info) { Labels = [.. labels.OrderBy(label => label.Key, StringComparer.Ordinal)] };
    }
}
