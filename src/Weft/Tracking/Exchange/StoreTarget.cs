using System.Globalization;
using Weft.Records;

namespace Weft.Tracking.Exchange;

/// <summary>
/// Our own store as the target. Experiments keep their numbers where these are free. A run that comes in several parts has a stage of its own
/// until the last, so that no list shows half of it.
/// </summary>
/// <param name="artifactFolder">Where <c>mlflow-artifacts:/</c> lies on this machine.</param>
internal sealed class StoreTarget(TrackingStore store, string artifactFolder) : RunTarget
{
    private const string Unfinished = "importing";

    private readonly HashSet<RunId> _existing = store.Readers.Read(reader =>
    {
        var ids = new HashSet<RunId>();
        foreach (Row row in reader.Database.Prepare("SELECT run_id FROM run WHERE stage <> ?1").Bind(1, Unfinished).Query())
            ids.Add(new RunId(row.Text(0)));
        return ids;
    });

    public override IReadOnlySet<RunId> Existing => _existing;

    public override async Task<string> AddExperimentAsync(ExperimentEntry experiment) =>
        (await store.Writer.WriteAsync(turn => AddExperiment(turn, experiment))).ToString(CultureInfo.InvariantCulture);

    public override async Task AddRunsAsync(string experiment, IReadOnlyList<RunPart> parts)
    {
        long id = long.Parse(experiment, CultureInfo.InvariantCulture);
        await store.Writer.WriteAsync(turn =>
        {
            foreach (RunPart part in parts)
                AddPart(turn, id, part);
        });
        foreach (RunPart part in parts)
        {
            if (part.IsLast)
                _existing.Add(part.Entry.Id);
        }
    }

    public override Task AddModelAsync(ModelEntry model) => store.Writer.WriteAsync(turn => AddModel(turn.Database, model));

    public override Task<bool> AddLoggedModelAsync(string experiment, LoggedModel model) =>
        store.Writer.WriteAsync(turn => AddLoggedModel(turn.Database, long.Parse(experiment, CultureInfo.InvariantCulture), model));

    public override Task AddTraceAsync(string experiment, TraceEntry trace) =>
        store.Writer.WriteAsync(turn => AddTrace(turn.Database, long.Parse(experiment, CultureInfo.InvariantCulture), trace));

    public override (string Folder, string Location)? ArtifactPlace(string experiment, RunId run) => Rules.IsRunId(run.Value)
        ? (Path.Combine(artifactFolder, experiment, run.Value, "artifacts"), $"mlflow-artifacts:/{experiment}/{run.Value}/artifacts")
        : null;

    /// <summary>Ties children to their parents, which may have come after them.</summary>
    public override Task FinishAsync() => store.Writer.WriteAsync(turn =>
    {
        turn.Database.ReserveIds("experiment");
        if (turn.Keys.Find(Rules.ParentLabel) is not { } key)
            return;
        turn.Database.Prepare("""
            UPDATE run SET parent = (SELECT p.id FROM label l JOIN run p ON p.run_id = l.value WHERE l.run = run.id AND l.key = ?1)
            WHERE parent IS NULL AND EXISTS (SELECT 1 FROM label l JOIN run p ON p.run_id = l.value WHERE l.run = run.id AND l.key = ?1)
            """).Bind(1, key).Run();
    });

    private static long AddExperiment(WriteTurn turn, ExperimentEntry entry)
    {
        Database db = turn.Database;
        Experiment experiment = entry.Experiment;
        // The experiment that every store is made with gives way to the source's, unless it was used.
        bool isFirst = entry.Key == "0" && !db.Prepare("SELECT 1 FROM run WHERE experiment = 0").Any()
            && !db.Prepare("SELECT 1 FROM experiment WHERE name = ?1 AND id <> 0").Bind(1, experiment.Name).Any();
        if (!isFirst && db.Prepare("SELECT id FROM experiment WHERE name = ?1").Bind(1, experiment.Name).QueryLong() is { } existing)
            return existing;
        long id;
        if (isFirst)
        {
            id = 0;
            db.Prepare("DELETE FROM experiment_label WHERE experiment = 0").Run();
            db.Prepare("DELETE FROM experiment WHERE id = 0").Run();
        }
        else
        {
            bool isNumber = long.TryParse(entry.Key, NumberStyles.None, CultureInfo.InvariantCulture, out id);
            if (!isNumber || db.Prepare("SELECT 1 FROM experiment WHERE id = ?1").Bind(1, id).Any())
                id = 1 + (db.Prepare("SELECT max(id) FROM experiment").QueryLong() ?? 0);
        }
        db.Prepare("INSERT INTO experiment (id, name, location, stage, created, updated) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
            .Bind(1, id).Bind(2, experiment.Name).Bind(3, experiment.Location).Bind(4, Words.Of(experiment.Stage)).Bind(5, experiment.Created).Bind(6, experiment.Updated).Run();
        foreach (Label label in experiment.Labels)
        {
            db.Prepare("INSERT INTO experiment_label (experiment, key, value) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")
                .Bind(1, id).Bind(2, label.Key).Bind(3, label.Value).Post();
        }
        return id;
    }

    private static void AddPart(WriteTurn turn, long experiment, RunPart part)
    {
        Database db = turn.Database;
        Run run = part.Entry.Run;
        RunInfo info = run.Info with { Experiment = experiment };
        // A first part finds its run there when a copy before was killed in the middle of it.
        long row = FindRow(db, info.Id) ?? Insert(db, info, part);
        info = info with { Row = row };
        MetricLog.Write(turn, info, part.Points.Span);
        if (!part.IsLast)
            return;
        foreach (Param param in run.Params)
        {
            db.Prepare("INSERT INTO param (run, key, value) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")
                .Bind(1, row).Bind(2, turn.Keys.FindOrAdd(param.Key)).Bind(3, param.Value).Post();
        }
        foreach (Label label in run.Labels)
        {
            db.Prepare("INSERT INTO label (run, key, value) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")
                .Bind(1, row).Bind(2, turn.Keys.FindOrAdd(label.Key)).Bind(3, label.Value).Post();
        }
        foreach (DatasetInput input in run.Datasets)
            InputStore.Tie(db, info, input);
        foreach (string model in run.ModelInputs)
            db.Prepare("INSERT INTO model_input (run, model) VALUES (?1, ?2) ON CONFLICT DO NOTHING").Bind(1, row).Bind(2, model).Post();
        foreach (ModelOutput output in run.ModelOutputs)
        {
            db.Prepare("INSERT INTO model_output (run, model, step) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")
                .Bind(1, row).Bind(2, output.ModelId).Bind(3, output.Step).Post();
        }
        db.Prepare("UPDATE run SET stage = ?2 WHERE id = ?1 AND stage <> ?2").Bind(1, row).Bind(2, Words.Of(info.Stage)).Post();
    }

    private static long? FindRow(Database db, RunId id) => db.Prepare("SELECT id FROM run WHERE run_id = ?1").Bind(1, id.Value).QueryLong();

    private static long Insert(Database db, RunInfo info, RunPart part) =>
        db.Prepare("""
            INSERT INTO run (run_id, experiment, name, status, stage, started, ended, user_id, uri, deleted)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) RETURNING id
            """)
            .Bind(1, info.Id.Value).Bind(2, info.Experiment).Bind(3, info.Name).Bind(4, Words.Of(info.Status))
            .Bind(5, part.IsLast ? Words.Of(info.Stage) : Unfinished).Bind(6, info.Started).Bind(7, info.Ended).Bind(8, info.User).Bind(9, info.ArtifactUri)
            .Bind(10, part.Entry.Deleted).QueryLong()!.Value;

    private static void AddModel(Database db, ModelEntry entry)
    {
        RegisteredModel model = entry.Model;
        long last = entry.Versions.Length > 0 ? entry.Versions.Max(version => version.Version) : 0;
        long? existing = db.Prepare("SELECT id FROM registered_model WHERE name = ?1").Bind(1, model.Name).QueryLong();
        long id = existing ?? 0;
        if (existing is null)
        {
            id = db.Prepare("INSERT INTO registered_model (name, description, created, updated, last_version) VALUES (?1, ?2, ?3, ?4, 0) RETURNING id")
                .Bind(1, model.Name).Bind(2, model.Description).Bind(3, model.Created).Bind(4, model.Updated).QueryLong()!.Value;
            foreach (Label label in model.Labels)
            {
                db.Prepare("INSERT INTO registered_model_label (model, key, value) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")
                    .Bind(1, id).Bind(2, label.Key).Bind(3, label.Value).Post();
            }
            foreach ((string alias, long version) in model.Aliases)
            {
                db.Prepare("INSERT INTO registered_model_alias (model, alias, version) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")
                    .Bind(1, id).Bind(2, alias).Bind(3, version).Post();
            }
        }
        foreach (ModelVersion version in entry.Versions)
            AddVersion(db, id, version);
        db.Prepare("UPDATE registered_model SET last_version = {greatest}(last_version, ?2) WHERE id = ?1").Bind(1, id).Bind(2, last).Post();
    }

    private static bool AddLoggedModel(Database db, long experiment, LoggedModel model)
    {
        int added = db.Prepare("""
            INSERT INTO logged_model (id, experiment, name, location, created, updated, status, type, source_run, status_message, stage)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'active') ON CONFLICT DO NOTHING
            """)
            .Bind(1, model.Id).Bind(2, experiment).Bind(3, model.Name).Bind(4, model.ArtifactUri).Bind(5, model.Created).Bind(6, model.Updated)
            .Bind(7, (long)model.Status).Bind(8, model.Type).Bind(9, model.SourceRun).Bind(10, model.StatusMessage).Run();
        if (added == 0)
            return true;
        foreach (Param param in model.Params)
            db.Prepare("INSERT INTO logged_model_param (model, key, value) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING").Bind(1, model.Id).Bind(2, param.Key).Bind(3, param.Value).Post();
        foreach (Label label in model.Labels)
            db.Prepare("INSERT INTO logged_model_label (model, key, value) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING").Bind(1, model.Id).Bind(2, label.Key).Bind(3, label.Value).Post();
        foreach ((MetricPoint point, string run) in model.Metrics)
        {
            db.Prepare("""
                INSERT INTO logged_model_metric (model, name, ts, step, run, value, nan, dataset_name, dataset_digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                ON CONFLICT DO NOTHING
                """)
                .Bind(1, model.Id).Bind(2, point.Key).Bind(3, point.Timestamp).Bind(4, point.Step).Bind(5, run)
                .Bind(6, double.IsNaN(point.Value) ? 0 : Math.Clamp(point.Value, double.MinValue, double.MaxValue)).Bind(7, double.IsNaN(point.Value))
                .Bind(8, point.Subject?.DatasetName).Bind(9, point.Subject?.DatasetDigest).Post();
        }
        return true;
    }

    private static void AddTrace(Database db, long experiment, TraceEntry entry)
    {
        Trace trace = entry.Trace;
        int added = db.Prepare("""
            INSERT INTO trace (id, experiment, started, duration, state, client_id, request, response) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING
            """)
            .Bind(1, trace.Id).Bind(2, experiment).Bind(3, trace.Started).Bind(4, trace.Duration).Bind(5, trace.State).Bind(6, trace.ClientId)
            .Bind(7, trace.RequestPreview).Bind(8, trace.ResponsePreview).Run();
        if (added == 0)
            return;
        TraceStore.SetMarks(db, "trace_metadata", trace.Id, trace.Metadata);
        TraceStore.SetMarks(db, "trace_label", trace.Id, trace.Labels);
        foreach (Assessment assessment in trace.Assessments)
            AssessmentStore.Insert(db, assessment);
        foreach (TraceSpan span in entry.Spans)
            SpanStore.Store(db, span);
        foreach (string run in entry.Runs)
            db.Prepare("INSERT INTO trace_run (trace, run) VALUES (?1, ?2) ON CONFLICT DO NOTHING").Bind(1, trace.Id).Bind(2, run).Post();
    }

    private static void AddVersion(Database db, long model, ModelVersion version)
    {
        int added = db.Prepare("""
            INSERT INTO model_version (model, version, created, updated, description, user_id, stage, source, storage, run_id, run_link, status, logged_model)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT DO NOTHING
            """)
            .Bind(1, model).Bind(2, version.Version).Bind(3, version.Created).Bind(4, version.Updated).Bind(5, version.Description).Bind(6, version.User)
            .Bind(7, version.Stage).Bind(8, version.Source).Bind(9, version.Storage).Bind(10, version.Run).Bind(11, version.RunLink).Bind(12, version.Status)
            .Bind(13, version.LoggedModel).Run();
        if (added == 0)
            return;
        foreach (Label label in version.Labels)
        {
            db.Prepare("INSERT INTO model_version_label (model, version, key, value) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")
                .Bind(1, model).Bind(2, version.Version).Bind(3, label.Key).Bind(4, label.Value).Post();
        }
    }
}
