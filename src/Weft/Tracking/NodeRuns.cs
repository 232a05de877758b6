using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Weft.Records;
using Weft.Values;

namespace Weft.Tracking;

/// <summary>
/// The runs that nodes of an execution have of their own: one for each that ended and whose program made none. They are written by the process
/// that records the end, within its transaction, so a run is there exactly when the end is. A node that ran again continues its run.
/// </summary>
/// <param name="database">A connection; every call of <see cref="Record"/> stands in a write transaction of it.</param>
/// <param name="artifactRoot">Where artifacts of new experiments go.</param>
/// <param name="projectFolder">What relative locations start from.</param>
internal sealed class NodeRuns(Database database, string artifactRoot, string projectFolder, TimeProvider clock)
{
    /// <summary>Runs of a node that its program made: ours have the node's name, or begin with it and a point.</summary>
    private const string IsAnother = "execution = ?1 AND path = ?2 AND name <> ?3 AND substr(name, 1, length(?3) + 1) <> ?3 || '.'";

    private readonly WriteTurn _turn = new(database, clock);
    private readonly Dictionary<string, (long Id, string Location)> _experiments = new(StringComparer.Ordinal);

    /// <param name="putArtifacts">Puts files into the folder of the run's artifacts, when that is on this machine; null: there are none.</param>
    /// <returns>False when the node's program made runs itself: these are ended, and none is made.</returns>
    public bool Record(NodeRun run, Action<string>? putArtifacts = null)
    {
        if (HasOthers(run))
        {
            EndOthers(run);
            AddResults(run);
            return false;
        }
        (long experiment, string location) = Experiment(run.Experiment);
        RunInfo info = Find(run) is { } row ? Continue(run, row) : Insert(run, experiment, location);
        foreach (Param param in run.Params)
        {
            database.Prepare("INSERT INTO param (run, key, value) VALUES (?1, ?2, ?3) ON CONFLICT (run, key) DO UPDATE SET value = excluded.value")
                .Bind(1, info.Row).Bind(2, _turn.Keys.FindOrAdd(param.Key)).Bind(3, param.Value).Run();
        }
        foreach (Label label in LabelsOf(run))
        {
            database.Prepare("INSERT INTO label (run, key, value) VALUES (?1, ?2, ?3) ON CONFLICT (run, key) DO UPDATE SET value = excluded.value")
                .Bind(1, info.Row).Bind(2, _turn.Keys.FindOrAdd(label.Key)).Bind(3, label.Value).Run();
        }
        MetricLog.Write(_turn, info, run.Metrics.AsSpan());
        if (putArtifacts is not null && FolderOf(info) is { } artifacts)
        {
            putArtifacts(artifacts);
            var layout = new Experiment(experiment, run.Experiment, location, LifecycleStage.Active, run.Started, run.Started, []);
            new RunsFolder(Path.GetFullPath(artifactRoot, projectFolder)).Write(layout, info with { Status = run.Status, Ended = run.Ended });
        }
        return true;
    }

    /// <summary>The last value of each metric of a node's runs; of several runs the one that started last counts.</summary>
    public ImmutableSortedDictionary<string, Value> LastMetrics(ExecutionId execution, NodePath path)
    {
        Settle(execution, path);
        var metrics = Value.NoEntries.ToBuilder();
        Statement select = database.Prepare("""
            SELECT k.name, m.value, m.nan FROM run r JOIN metric_last m ON m.run = r.id JOIN key k ON k.id = m.key
            WHERE r.execution = ?1 AND r.path = ?2 AND r.deleted IS NULL ORDER BY r.started, r.id
            """);
        foreach (Row row in select.Bind(1, execution.Value).Bind(2, path.Text).Query())
            metrics[row.Text(0)] = Value.Of(row.Long(2) != 0 ? double.NaN : row.Double(1));
        return metrics.ToImmutable();
    }

    /// <summary>Puts the points that the node's programs logged a moment ago in their places, within the open write or in one of its own.</summary>
    private void Settle(ExecutionId execution, NodePath path)
    {
        var runs = new List<long>();
        Statement select = database.Prepare("SELECT DISTINCT r.id FROM run r JOIN staged s ON s.run = r.id WHERE r.execution = ?1 AND r.path = ?2");
        foreach (Row row in select.Bind(1, execution.Value).Bind(2, path.Text).Query())
            runs.Add(row.Long(0));
        if (runs.Count == 0)
            return;
        using Transaction? own = database.InTransaction ? null : database.BeginWrite(CancellationToken.None);
        foreach (long run in runs)
            StagedPoints.Settle(_turn, run);
        own?.Commit();
    }

    /// <summary>Whether the node's program made runs itself: then these are its runs.</summary>
    public bool HasOthers(NodeRun run) => Bind(database.Prepare($"SELECT 1 FROM run WHERE {IsAnother}"), run).Any();

    /// <summary>The runs that the node's program made itself.</summary>
    public IReadOnlyList<RunInfo> Others(NodeRun run)
    {
        var others = new List<RunInfo>();
        foreach (Row row in Bind(database.Prepare($"SELECT {RunStore.Columns} FROM run r WHERE {IsAnother}"), run).Query())
            others.Add(RunReader.Info(row));
        return others;
    }

    /// <summary>
    /// Whether a program has made a run of an experiment with all of these params that finished: then one that looks for such a run, as HydraFlow's decorator does, does not
    /// do its work again.
    /// </summary>
    /// <param name="parameters">At least one; the first should be the one that the fewest runs share.</param>
    public bool HasFinished(string experiment, ImmutableArray<Param> parameters)
    {
        var clauses = new StringBuilder("""
            SELECT 1 FROM param p JOIN run r ON r.id = p.run JOIN experiment x ON x.id = r.experiment
            WHERE p.key = ?2 AND p.value = ?3 AND x.name = ?1 AND r.status = 'FINISHED' AND r.stage = 'active'
            AND NOT EXISTS (SELECT 1 FROM execution e WHERE e.id = r.execution AND substr(r.name, 1, length(e.name) + 1) = e.name || '/')
            """);
        for (int i = 1; i < parameters.Length; i++)
            clauses.Append(CultureInfo.InvariantCulture, $" AND EXISTS (SELECT 1 FROM param o WHERE o.run = r.id AND o.key = ?{2 * i + 2} AND o.value = ?{2 * i + 3})");
        Statement select = database.Prepare(clauses.Append(" LIMIT 1").ToString()).Bind(1, experiment);
        for (int i = 0; i < parameters.Length; i++)
        {
            if (_turn.Keys.Find(parameters[i].Key) is not { } key)
                return false;
            select.Bind(2 * i + 2, key).Bind(2 * i + 3, parameters[i].Value);
        }
        return select.Any();
    }

    /// <summary>Gives a run the params that it lacks; those that its program logged stay.</summary>
    public void AddParams(RunInfo info, ImmutableArray<Param> parameters)
    {
        foreach (Param param in parameters)
        {
            database.Prepare("INSERT INTO param (run, key, value) VALUES (?1, ?2, ?3) ON CONFLICT (run, key) DO NOTHING")
                .Bind(1, info.Row).Bind(2, _turn.Keys.FindOrAdd(param.Key)).Bind(3, param.Value).Run();
        }
        RunStore.Touch(_turn, info);
    }

    /// <summary>The folder of a run's artifacts; null when they are not on this machine.</summary>
    public string? FolderOf(RunInfo info) =>
        Locations.PathOf(info.ArtifactUri) is var path && !path.Contains("://", StringComparison.Ordinal) && !path.Contains(":/", StringComparison.Ordinal) ? Path.GetFullPath(path, projectFolder) : null;

    /// <summary>A program that was killed left its runs running.</summary>
    private void EndOthers(NodeRun run) =>
        Bind(database.Prepare($"UPDATE run SET status = ?4, ended = ?5, summary = NULL WHERE {IsAnother} AND status IN ('RUNNING', 'SCHEDULED')"), run).Bind(4, Words.Of(run.Status)).Bind(5, run.Ended).Run();

    /// <summary>When the last attempt's program made one run, what it gave as results belongs there; values that it logged itself stay.</summary>
    private void AddResults(NodeRun run)
    {
        if ((run.Metrics.IsEmpty && run.Labels.IsEmpty) || Others(run).Where(other => other.Started >= run.LastStarted).ToList() is not [var only])
            return;
        Statement logged = database.Prepare("SELECT 1 FROM metric_last m JOIN key k ON k.id = m.key WHERE m.run = ?1 AND k.name = ?2");
        MetricLog.Write(_turn, only, [.. run.Metrics.Where(point => !logged.Bind(1, only.Row).Bind(2, point.Key).Any())]);
        foreach (Label label in run.Labels)
        {
            database.Prepare("INSERT INTO label (run, key, value) VALUES (?1, ?2, ?3) ON CONFLICT (run, key) DO NOTHING")
                .Bind(1, only.Row).Bind(2, _turn.Keys.FindOrAdd(label.Key)).Bind(3, label.Value).Run();
        }
        RunStore.Touch(_turn, only);
    }

    private static Statement Bind(Statement statement, NodeRun run) => statement.Bind(1, run.Execution.Value).Bind(2, run.Path.Text).Bind(3, run.Name);

    private RunInfo? Find(NodeRun run)
    {
        Statement own = database.Prepare($"SELECT {RunStore.Columns} FROM run r WHERE r.execution = ?1 AND r.path = ?2 AND r.name = ?3");
        foreach (Row row in own.Bind(1, run.Execution.Value).Bind(2, run.Path.Text).Bind(3, run.RunName).Query())
            return RunReader.Info(row);
        return null;
    }

    private RunInfo Continue(NodeRun run, RunInfo info)
    {
        database.Prepare("UPDATE run SET status = ?2, ended = ?3, summary = NULL WHERE id = ?1").Bind(1, info.Row).Bind(2, Words.Of(run.Status)).Bind(3, run.Ended).Run();
        return info;
    }

    private RunInfo Insert(NodeRun run, long experiment, string location)
    {
        var id = new RunId(RunNames.NewId());
        string uri = Locations.Join(location, id.Value, "artifacts");
        var info = new RunInfo(id, experiment, run.RunName, run.User, run.Status, run.Started, run.Ended, uri, LifecycleStage.Active);
        long row = database.Prepare("""
            INSERT INTO run (run_id, experiment, name, status, stage, started, ended, user_id, uri, execution, path, summary)
            VALUES (?1, ?2, ?3, ?4, 'active', ?5, ?6, ?7, ?8, ?9, ?10, ?11) RETURNING id
            """)
            .Bind(1, id.Value).Bind(2, experiment).Bind(3, run.RunName).Bind(4, Words.Of(run.Status)).Bind(5, run.Started).Bind(6, run.Ended)
            .Bind(7, run.User).Bind(8, uri).Bind(9, run.Execution.Value).Bind(10, run.Path.Text).BindBlob(11, Summary(run, info)).QueryLong()!.Value;
        return info with { Row = row };
    }

    /// <summary>The summary is made from what is at hand, so that nothing is read back.</summary>
    private static byte[] Summary(NodeRun run, RunInfo info)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        RunJson.WriteSummary(buffer, new Run(info)
        {
            Metrics = SummariesOf(run.Metrics.Sort((one, other) => string.CompareOrdinal(one.Key, other.Key))),
            Params = run.Params.Sort((one, other) => string.CompareOrdinal(one.Key, other.Key)),
            Labels = LabelsOf(run).Sort((one, other) => string.CompareOrdinal(one.Key, other.Key)),
        });
        return buffer.WrittenSpan.ToArray();
    }

    private static ImmutableArray<Label> LabelsOf(NodeRun run) => run.Labels.Add(new Label(Rules.RunNameLabel, run.RunName));

    private static ImmutableArray<MetricSummary> SummariesOf(ImmutableArray<MetricPoint> points)
    {
        var summaries = ImmutableArray.CreateBuilder<MetricSummary>(points.Length);
        foreach (MetricPoint point in points)
            summaries.Add(new MetricSummary(point, point.Value, point.Value));
        return summaries.MoveToImmutable();
    }

    private (long Id, string Location) Experiment(string name)
    {
        if (_experiments.TryGetValue(name, out (long, string) known))
            return known;
        foreach (Row row in database.Prepare("SELECT id, location FROM experiment WHERE name = ?1").Bind(1, name).Query())
            return _experiments[name] = (row.Long(0), row.Text(1));
        long id = database.Prepare("INSERT INTO experiment (name, location, stage, created, updated) VALUES (?1, '', 'active', ?2, ?2) RETURNING id")
            .Bind(1, name).Bind(2, _turn.Now).QueryLong()!.Value;
        string location = $"{artifactRoot}/{id}";
        database.Prepare("UPDATE experiment SET location = ?2 WHERE id = ?1").Bind(1, id).Bind(2, location).Run();
        return _experiments[name] = (id, location);
    }
}

/// <summary>What is recorded of a node that ended.</summary>
/// <param name="Experiment">The name of its experiment, made if it is new.</param>
/// <param name="Name">The node's address.</param>
/// <param name="Started">Unix milliseconds of its first attempt.</param>
internal sealed record NodeRun(string Experiment, ExecutionId Execution, NodePath Path, string Name, RunStatus Status, long Started, long Ended)
{
    public string User { get; init; } = "";

    /// <summary>When its last attempt began, in Unix milliseconds.</summary>
    public long LastStarted { get; init; }

    /// <summary>Of a job of its program: what it is called there. Null: the run is the node's own.</summary>
    public string? Job { get; init; }

    /// <summary>The name of the run.</summary>
    public string RunName => Job is null ? Name : $"{Name}.{Job}";

    public ImmutableArray<Param> Params { get; init; } = [];

    public ImmutableArray<MetricPoint> Metrics { get; init; } = [];

    public ImmutableArray<Label> Labels { get; init; } = [];
}
