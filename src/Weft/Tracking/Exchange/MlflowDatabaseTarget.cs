using System.Globalization;
using System.Runtime.InteropServices;
using Weft.Records;
using Weft.Records.Sqlite;

namespace Weft.Tracking.Exchange;

/// <summary>
/// A SQLite file that MLflow 2.13 opens, new or begun before. What its tables have no place for, logged models, is left out. The transaction of
/// a run that comes in parts stays open until the last.
/// </summary>
internal sealed class MlflowDatabaseTarget : RunTarget
{
    private readonly SqliteDatabase _db;
    private readonly string? _artifactRoot;
    private readonly HashSet<RunId> _existing = [];
    private readonly Dictionary<string, PointRow> _latest = new(StringComparer.Ordinal);
    private Transaction? _open;

    /// <param name="artifactRoot">A folder for the files of runs; null: they stay where they are.</param>
    /// <exception cref="DatabaseException">The file is something else, or a version of MLflow's that is not written here.</exception>
    public MlflowDatabaseTarget(string path, string? artifactRoot, TimeProvider clock)
    {
        _artifactRoot = artifactRoot is null ? null : Path.GetFullPath(artifactRoot);
        _db = SqliteDatabase.OpenForeign(path, mustExist: false, clock, CancellationToken.None);
        try
        {
            _db.Execute("PRAGMA foreign_keys = ON");
            Prepare(path);
            foreach (Row row in _db.Prepare("SELECT run_uuid FROM runs").Query())
                _existing.Add(new RunId(row.Text(0)));
        }
        catch
        {
            _db.Dispose();
            throw;
        }
    }

    public override IReadOnlySet<RunId> Existing => _existing;

    public override Task<string> AddExperimentAsync(ExperimentEntry experiment)
    {
        using Transaction change = _db.BeginWrite(CancellationToken.None);
        long id = AddExperiment(experiment);
        change.Commit();
        return Task.FromResult(id.ToString(CultureInfo.InvariantCulture));
    }

    public override Task AddRunsAsync(string experiment, IReadOnlyList<RunPart> parts)
    {
        long id = long.Parse(experiment, CultureInfo.InvariantCulture);
        _open ??= _db.BeginWrite(CancellationToken.None);
        foreach (RunPart part in parts)
            AddPart(id, part);
        if (parts[^1].IsLast)
        {
            _open.Commit();
            _open = null;
        }
        return Task.CompletedTask;
    }

    public override Task AddModelAsync(ModelEntry model)
    {
        using Transaction change = _db.BeginWrite(CancellationToken.None);
        AddModel(model.Model);
        foreach (ModelVersion version in model.Versions)
            AddVersion(version);
        change.Commit();
        return Task.CompletedTask;
    }

    /// <summary>MLflow 2.13 has no tables for them.</summary>
    public override Task<bool> AddLoggedModelAsync(string experiment, LoggedModel model) => Task.FromResult(false);

    /// <summary>What that version knows of a trace: spans and assessments have no tables there.</summary>
    public override Task AddTraceAsync(string experiment, TraceEntry entry)
    {
        Trace trace = entry.Trace;
        using Transaction change = _db.BeginWrite(CancellationToken.None);
        int added = _db.Prepare("INSERT OR IGNORE INTO trace_info (request_id, experiment_id, timestamp_ms, execution_time_ms, status) VALUES (?1, ?2, ?3, ?4, ?5)")
            .Bind(1, trace.Id).Bind(2, long.Parse(experiment, CultureInfo.InvariantCulture)).Bind(3, trace.Started).Bind(4, trace.Duration)
            .Bind(5, trace.State == Trace.NoState ? Trace.OldNoState : trace.State).Run();
        if (added > 0)
        {
            foreach (Label label in trace.Labels)
                _db.Prepare("INSERT INTO trace_tags (key, value, request_id) VALUES (?1, ?2, ?3)").Bind(1, label.Key).Bind(2, label.Value).Bind(3, trace.Id).Run();
            foreach (Label label in trace.Metadata)
                _db.Prepare("INSERT INTO trace_request_metadata (key, value, request_id) VALUES (?1, ?2, ?3)").Bind(1, label.Key).Bind(2, label.Value).Bind(3, trace.Id).Run();
        }
        change.Commit();
        return Task.CompletedTask;
    }

    public override (string Folder, string Location)? ArtifactPlace(string experiment, RunId run)
    {
        if (_artifactRoot is null || !Rules.IsRunId(run.Value))
            return null;
        string folder = Path.Combine(_artifactRoot, experiment, run.Value, "artifacts");
        return (folder, folder);
    }

    public override ValueTask DisposeAsync()
    {
        _open?.Dispose();
        _db.Dispose();
        return base.DisposeAsync();
    }

    private void Prepare(string path)
    {
        if (!_db.Prepare("SELECT 1 FROM sqlite_master LIMIT 1").Any())
        {
            using Transaction change = _db.BeginWrite(CancellationToken.None);
            _db.Execute(MlflowSchema.Tables);
            _db.Prepare("INSERT INTO alembic_version (version_num) VALUES (?1)").Bind(1, MlflowSchema.Head).Run();
            _db.Prepare("INSERT INTO experiments VALUES (0, 'Default', ?1, 'active', 0, 0)").Bind(1, (_artifactRoot ?? Path.GetFullPath("mlruns")) + "/0").Run();
            change.Commit();
            return;
        }
        string? head = _db.Prepare("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").Any()
            ? _db.Prepare("SELECT version_num FROM alembic_version").QueryText()
            : null;
        if (head != MlflowSchema.Head)
        {
            throw new DatabaseException(DatabaseFault.Format, head is null
                ? $"the database {path} is not MLflow's: choose a new file"
                : $"the database {path} has MLflow's format {head}; only {MlflowSchema.Head} (MLflow 2.13) is written: choose a new file");
        }
    }

    private long AddExperiment(ExperimentEntry entry)
    {
        Experiment experiment = entry.Experiment;
        if (entry.Key == "0" && !_db.Prepare("SELECT 1 FROM runs WHERE experiment_id = 0").Any())
        {
            _db.Prepare("DELETE FROM experiment_tags WHERE experiment_id = 0").Run();
            _db.Prepare("DELETE FROM experiments WHERE experiment_id = 0").Run();
        }
        else if (_db.Prepare("SELECT experiment_id FROM experiments WHERE name = ?1").Bind(1, experiment.Name).QueryLong() is { } existing)
        {
            return existing;
        }
        bool isNumber = long.TryParse(entry.Key, NumberStyles.None, CultureInfo.InvariantCulture, out long id);
        if (!isNumber || _db.Prepare("SELECT 1 FROM experiments WHERE experiment_id = ?1").Bind(1, id).Any())
            id = 1 + (_db.Prepare("SELECT max(experiment_id) FROM experiments").QueryLong() ?? 0);
        _db.Prepare("INSERT INTO experiments VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
            .Bind(1, id).Bind(2, experiment.Name).Bind(3, experiment.Location).Bind(4, Words.Of(experiment.Stage)).Bind(5, experiment.Created).Bind(6, experiment.Updated).Run();
        foreach (Label label in experiment.Labels)
            _db.Prepare("INSERT INTO experiment_tags VALUES (?1, ?2, ?3)").Bind(1, label.Key).Bind(2, label.Value).Bind(3, id).Run();
        return id;
    }

    private void AddPart(long experiment, RunPart part)
    {
        Run run = part.Entry.Run;
        string id = run.Info.Id.Value;
        if (part.IsFirst)
            AddRun(experiment, part.Entry);
        Statement insert = _db.Prepare("INSERT OR IGNORE INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?1, ?2, ?3, ?4, ?5, ?6)").Bind(4, id);
        foreach (ref readonly MetricPoint point in part.Points.Span)
        {
            bool isNan = double.IsNaN(point.Value);
            double value = isNan ? 0 : Math.Clamp(point.Value, double.MinValue, double.MaxValue);
            insert.Bind(1, point.Key).Bind(2, value).Bind(3, point.Timestamp).Bind(5, point.Step).Bind(6, isNan).Run();
            ref PointRow latest = ref CollectionsMarshal.GetValueRefOrAddDefault(_latest, point.Key, out bool isKnown);
            if (!isKnown || (point.Step, point.Timestamp, value).CompareTo((latest.Step, latest.Timestamp, latest.Value)) > 0)
                latest = new PointRow(0, point.Step, point.Timestamp, value, isNan);
        }
        if (!part.IsLast)
            return;
        foreach ((string key, PointRow point) in _latest)
        {
            _db.Prepare("INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
                .Bind(1, key).Bind(2, point.Value).Bind(3, point.Timestamp).Bind(4, point.Step).Bind(5, point.IsNan).Bind(6, id).Run();
        }
        _latest.Clear();
        _existing.Add(run.Info.Id);
    }

    private void AddRun(long experiment, RunEntry entry)
    {
        RunInfo info = entry.Run.Info;
        string id = info.Id.Value;
        _latest.Clear();
        _db.Prepare("""
            INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time, source_version,
                lifecycle_stage, artifact_uri, experiment_id, deleted_time)
            VALUES (?1, ?2, 'UNKNOWN', '', '', ?3, ?4, ?5, ?6, '', ?7, ?8, ?9, ?10)
            """)
            .Bind(1, id).Bind(2, info.Name).Bind(3, info.User).Bind(4, Words.Of(info.Status)).Bind(5, info.Started).Bind(6, info.Ended)
            .Bind(7, Words.Of(info.Stage)).Bind(8, info.ArtifactUri).Bind(9, experiment).Bind(10, entry.Deleted).Run();
        foreach (Param param in entry.Run.Params)
            _db.Prepare("INSERT OR IGNORE INTO params VALUES (?1, ?2, ?3)").Bind(1, param.Key).Bind(2, param.Value).Bind(3, id).Run();
        foreach (Label label in entry.Run.Labels)
            _db.Prepare("INSERT OR IGNORE INTO tags VALUES (?1, ?2, ?3)").Bind(1, label.Key).Bind(2, label.Value).Bind(3, id).Run();
        foreach (DatasetInput input in entry.Run.Datasets)
            AddInput(experiment, id, input);
    }

    private void AddInput(long experiment, string run, DatasetInput input)
    {
        Dataset dataset = input.Dataset;
        string? number = _db.Prepare("SELECT dataset_uuid FROM datasets WHERE experiment_id = ?1 AND name = ?2 AND digest = ?3")
            .Bind(1, experiment).Bind(2, dataset.Name).Bind(3, dataset.Digest).QueryText();
        if (number is null)
        {
            number = RunNames.NewId();
            _db.Prepare("INSERT INTO datasets VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
                .Bind(1, number).Bind(2, experiment).Bind(3, dataset.Name).Bind(4, dataset.Digest).Bind(5, dataset.SourceType).Bind(6, dataset.Source)
                .Bind(7, dataset.Schema).Bind(8, dataset.Profile).Run();
        }
        string edge = RunNames.NewId();
        if (_db.Prepare("INSERT OR IGNORE INTO inputs VALUES (?1, 'DATASET', ?2, 'RUN', ?3)").Bind(1, edge).Bind(2, number).Bind(3, run).Run() == 0)
            return;
        foreach (Label label in input.Labels)
            _db.Prepare("INSERT OR IGNORE INTO input_tags VALUES (?1, ?2, ?3)").Bind(1, edge).Bind(2, label.Key).Bind(3, label.Value).Run();
    }

    private void AddModel(RegisteredModel model)
    {
        if (_db.Prepare("INSERT OR IGNORE INTO registered_models VALUES (?1, ?2, ?3, ?4)")
            .Bind(1, model.Name).Bind(2, model.Created).Bind(3, model.Updated).Bind(4, model.Description).Run() == 0)
        {
            return;
        }
        foreach (Label label in model.Labels)
            _db.Prepare("INSERT OR IGNORE INTO registered_model_tags VALUES (?1, ?2, ?3)").Bind(1, label.Key).Bind(2, label.Value).Bind(3, model.Name).Run();
        foreach ((string alias, long version) in model.Aliases)
            _db.Prepare("INSERT OR IGNORE INTO registered_model_aliases VALUES (?1, ?2, ?3)").Bind(1, alias).Bind(2, version).Bind(3, model.Name).Run();
    }

    private void AddVersion(ModelVersion version)
    {
        int added = _db.Prepare("""
            INSERT OR IGNORE INTO model_versions (name, version, creation_time, last_updated_time, description, user_id, current_stage, source, run_id,
                status, status_message, run_link, storage_location)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, NULL, ?11, ?12)
            """)
            .Bind(1, version.Name).Bind(2, version.Version).Bind(3, version.Created).Bind(4, version.Updated).Bind(5, version.Description).Bind(6, version.User)
            .Bind(7, version.Stage).Bind(8, version.Source).Bind(9, version.Run).Bind(10, version.Status).Bind(11, version.RunLink).Bind(12, version.Storage).Run();
        if (added == 0)
            return;
        foreach (Label label in version.Labels)
        {
            _db.Prepare("INSERT OR IGNORE INTO model_version_tags VALUES (?1, ?2, ?3, ?4)")
                .Bind(1, label.Key).Bind(2, label.Value).Bind(3, version.Name).Bind(4, version.Version).Run();
        }
    }
}
