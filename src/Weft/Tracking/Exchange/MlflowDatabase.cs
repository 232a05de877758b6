using System.Collections.Immutable;
using System.Globalization;
using Weft.Records;
using Weft.Records.Sqlite;

namespace Weft.Tracking.Exchange;

/// <summary>
/// A database that MLflow made, in a SQLite file. Tables and columns that its version does not have yet, or has in addition, do no harm: what is
/// read is asked for by name, and a missing column reads as null.
/// </summary>
internal sealed class MlflowDatabase : RunSource
{
    private readonly SqliteDatabase _db;
    private readonly Dictionary<string, HashSet<string>> _columns = [];

    /// <exception cref="DatabaseException">The file cannot be read, or MLflow did not make it.</exception>
    public MlflowDatabase(string path, TimeProvider clock)
    {
        _db = SqliteDatabase.OpenForeign(path, mustExist: true, clock, CancellationToken.None);
        if (IsMlflow(_db))
            return;
        _db.Dispose();
        throw new DatabaseException(DatabaseFault.Format, $"the database {path} is not MLflow's: it has no tables `experiments`, `runs` and `metrics`");
    }

    /// <summary>Whether a file holds MLflow's tables.</summary>
    public static bool IsMlflow(Database db) =>
        db.Prepare("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('experiments', 'runs', 'metrics')").QueryLong() == 3;

    public override IReadOnlyList<ExperimentEntry> Experiments()
    {
        var found = new List<ExperimentEntry>();
        string select = Select("experiments", "experiment_id", "name", "artifact_location", "lifecycle_stage", "creation_time", "last_update_time", "workspace");
        foreach (Row row in _db.Prepare($"{select} ORDER BY experiment_id").Query())
        {
            // Names are unique within a workspace only.
            string name = row.TextOrNull(6) is { Length: > 0 } and not "default" ? $"{row.Text(1)} ({row.Text(6)})" : row.Text(1);
            long id = row.Long(0);
            ImmutableArray<Label> labels = Labels("experiment_tags", "experiment_id = ?1", statement => statement.Bind(1, id));
            found.Add(new ExperimentEntry(
                id.ToString(CultureInfo.InvariantCulture),
                new Experiment(id, name, row.Text(2), Words.Stage(row.Text(3)), row.Long(4), row.Long(5), labels)));
        }
        return found;
    }

    public override long? CountRuns(ExperimentEntry experiment) =>
        _db.Prepare("SELECT count(*) FROM runs WHERE experiment_id = ?1").Bind(1, experiment.Experiment.Id).QueryLong();

    public override IEnumerable<RunEntry> Runs(ExperimentEntry experiment, Predicate<RunId> skips)
    {
        var ids = new List<RunId>();
        foreach (Row row in _db.Prepare("SELECT run_uuid FROM runs WHERE experiment_id = ?1 ORDER BY start_time, run_uuid").Bind(1, experiment.Experiment.Id).Query())
            ids.Add(new RunId(row.Text(0)));
        foreach (RunId id in ids)
        {
            if (!skips(id))
                yield return ReadRun(id);
        }
    }

    public override IEnumerable<ReadOnlyMemory<MetricPoint>> Points(RunEntry run)
    {
        string select = Select("metrics", "key", "step", "timestamp", "value", "is_nan");
        Statement statement = _db.Prepare($"""
            {select} WHERE run_uuid = ?1 AND (key, step, timestamp, value, is_nan) > (?2, ?3, ?4, ?5, ?6)
            ORDER BY key, step, timestamp, value, is_nan LIMIT {PageLength}
            """);
        var last = new PointRow(0, long.MinValue, long.MinValue, double.NegativeInfinity, false);
        string key = "";
        var page = new List<MetricPoint>();
        do
        {
            page = new List<MetricPoint>(page.Count);
            statement.Bind(1, run.Id.Value).Bind(2, key).Bind(3, last.Step).Bind(4, last.Timestamp).Bind(5, last.Value).Bind(6, last.IsNan);
            foreach (Row row in statement.Query())
            {
                if (!row.Utf8(0).SequenceEqual(System.Text.Encoding.UTF8.GetBytes(key)))
                    key = row.Text(0);
                last = new PointRow(0, row.Long(1), row.Long(2), row.Double(3), row.Bool(4));
                page.Add(new MetricPoint(key, last.IsNan ? double.NaN : last.Value, last.Timestamp, last.Step));
            }
            if (page.Count > 0)
                yield return page.ToArray();
        }
        while (page.Count == PageLength);
    }

    public override IEnumerable<ModelEntry> Models()
    {
        if (Columns("registered_models").Count == 0)
            yield break;
        var models = new List<RegisteredModel>();
        foreach (Row row in _db.Prepare(Select("registered_models", "name", "description", "creation_time", "last_updated_time") + " ORDER BY name").Query())
            models.Add(new RegisteredModel(row.Text(0), row.TextOrNull(1), row.Long(2), row.Long(3)));
        foreach (RegisteredModel model in models)
        {
            Statement ByName(Statement statement) => statement.Bind(1, model.Name);
            var aliases = ImmutableArray.CreateBuilder<(string, long)>();
            if (Columns("registered_model_aliases").Count > 0)
            {
                foreach (Row row in ByName(_db.Prepare("SELECT alias, version FROM registered_model_aliases WHERE name = ?1 ORDER BY alias")).Query())
                    aliases.Add((row.Text(0), row.Long(1)));
            }
            yield return new ModelEntry(
                model with { Labels = Labels("registered_model_tags", "name = ?1", ByName), Aliases = aliases.DrainToImmutable() }, Versions(model.Name));
        }
    }

    public override IEnumerable<LoggedModel> LoggedModels(ExperimentEntry experiment)
    {
        if (Columns("logged_models").Count == 0)
            return [];
        var found = new List<LoggedModel>();
        string select = Select("logged_models", "model_id", "name", "artifact_location", "creation_timestamp_ms", "last_updated_timestamp_ms", "status", "model_type",
            "source_run_id", "status_message", "lifecycle_stage");
        foreach (Row row in _db.Prepare($"{select} WHERE experiment_id = ?1 ORDER BY model_id").Bind(1, experiment.Experiment.Id).Query())
        {
            if (row.TextOrNull(9) == "deleted")
                continue;
            found.Add(new LoggedModel(row.Text(0), 0, row.Text(1), row.Text(2), row.Long(3), row.Long(4), (LoggedModelStatus)row.Int(5))
            {
                Type = row.TextOrNull(6),
                SourceRun = row.TextOrNull(7),
                StatusMessage = row.TextOrNull(8),
            });
        }
        return found.Select(Complete);
    }

    public override IEnumerable<TraceEntry> Traces(ExperimentEntry experiment)
    {
        if (Columns("trace_info").Count == 0)
            return [];
        var found = new List<Trace>();
        string select = Select("trace_info", "request_id", "timestamp_ms", "execution_time_ms", "status", "client_request_id", "request_preview", "response_preview");
        foreach (Row row in _db.Prepare($"{select} WHERE experiment_id = ?1 ORDER BY request_id").Bind(1, experiment.Experiment.Id).Query())
        {
            found.Add(new Trace(row.Text(0), 0, row.Long(1), row.LongOrNull(2), row.Text(3) == Trace.OldNoState ? Trace.NoState : row.Text(3))
            {
                ClientId = row.TextOrNull(4),
                RequestPreview = row.TextOrNull(5),
                ResponsePreview = row.TextOrNull(6),
            });
        }
        return found.Select(Complete);
    }

    public override void Dispose()
    {
        _db.Dispose();
        base.Dispose();
    }

    private LoggedModel Complete(LoggedModel model)
    {
        Statement ById(Statement statement) => statement.Bind(1, model.Id);
        var metrics = ImmutableArray.CreateBuilder<(MetricPoint, string)>();
        string select = Select("logged_model_metrics", "metric_name", "metric_value", "metric_timestamp_ms", "metric_step", "run_id", "dataset_name", "dataset_digest");
        foreach (Row row in ById(_db.Prepare($"{select} WHERE model_id = ?1 ORDER BY metric_name, metric_step, metric_timestamp_ms")).Query())
        {
            // MLflow has no mark for NaN here: SQLite keeps it as NULL.
            metrics.Add((new MetricPoint(row.Text(0), row.IsNull(1) ? double.NaN : row.Double(1), row.Long(2), row.Long(3))
            {
                Subject = new MetricSubject(model.Id, row.TextOrNull(5), row.TextOrNull(6)),
            }, row.Text(4)));
        }
        return model with
        {
            Labels = Pairs("SELECT tag_key, tag_value FROM logged_model_tags WHERE model_id = ?1 ORDER BY tag_key", ById),
            Params = [.. Pairs("SELECT param_key, param_value FROM logged_model_params WHERE model_id = ?1 ORDER BY param_key", ById).Select(pair => new Param(pair.Key, pair.Value))],
            Metrics = metrics.DrainToImmutable(),
        };
    }

    private TraceEntry Complete(Trace trace)
    {
        Statement ById(Statement statement) => statement.Bind(1, trace.Id);
        var spans = ImmutableArray.CreateBuilder<TraceSpan>();
        if (Columns("spans").Count > 0)
        {
            string select = Select("spans", "span_id", "parent_span_id", "name", "type", "status", "start_time_unix_nano", "end_time_unix_nano", "content");
            foreach (Row row in ById(_db.Prepare($"{select} WHERE trace_id = ?1 ORDER BY start_time_unix_nano, span_id")).Query())
                spans.Add(new TraceSpan(trace.Id, row.Text(0), row.TextOrNull(1), row.Text(2), row.TextOrNull(3), row.Text(4), row.Long(5), row.LongOrNull(6), row.Text(7)));
        }
        var runs = ImmutableArray.CreateBuilder<string>();
        if (Columns("entity_associations").Count > 0)
        {
            foreach (Row row in ById(_db.Prepare("SELECT destination_id FROM entity_associations WHERE source_type = 'trace' AND destination_type = 'run' AND source_id = ?1 ORDER BY destination_id")).Query())
                runs.Add(row.Text(0));
        }
        return new TraceEntry(trace with
        {
            Labels = Labels("trace_tags", "request_id = ?1", ById),
            Metadata = Labels("trace_request_metadata", "request_id = ?1", ById),
            Assessments = Assessments(trace.Id),
        }, spans.DrainToImmutable(), runs.DrainToImmutable());
    }

    private ImmutableArray<Assessment> Assessments(string trace)
    {
        if (Columns("assessments").Count == 0)
            return [];
        var found = ImmutableArray.CreateBuilder<Assessment>();
        string select = Select("assessments", "assessment_id", "name", "assessment_type", "value", "error", "created_timestamp", "last_updated_timestamp", "source_type", "source_id",
            "span_id", "rationale", "overrides", "valid", "assessment_metadata");
        foreach (Row row in _db.Prepare($"{select} WHERE trace_id = ?1 ORDER BY created_timestamp, assessment_id").Bind(1, trace).Query())
        {
            var columns = new AssessmentColumns(row.Text(1), row.Text(2), row.Text(3), row.TextOrNull(4), row.TextOrNull(7), row.TextOrNull(8), row.TextOrNull(9), row.TextOrNull(10), row.TextOrNull(11), row.TextOrNull(13));
            found.Add(columns.ToAssessment(row.Text(0), trace, row.Long(5), row.Long(6), row.Bool(12)));
        }
        return found.DrainToImmutable();
    }

    private ImmutableArray<ModelVersion> Versions(string name)
    {
        var versions = ImmutableArray.CreateBuilder<ModelVersion>();
        string select = Select("model_versions", "version", "creation_time", "last_updated_time", "current_stage", "source", "storage_location",
            "description", "user_id", "run_id", "run_link", "status");
        foreach (Row row in _db.Prepare($"{select} WHERE name = ?1 ORDER BY version").Bind(1, name).Query())
        {
            // What MLflow keeps of a deleted version is only its number.
            if (row.Text(3) == "Deleted_Internal")
                continue;
            long version = row.Long(0);
            versions.Add(new ModelVersion(name, version, row.Long(1), row.Long(2), row.TextOrNull(3) ?? "None", row.Text(4), row.TextOrNull(5) ?? row.Text(4))
            {
                Description = row.TextOrNull(6),
                User = row.TextOrNull(7),
                Run = row.TextOrNull(8),
                RunLink = row.TextOrNull(9),
                Status = row.TextOrNull(10) ?? "READY",
                Labels = Labels("model_version_tags", "name = ?1 AND version = ?2", statement => statement.Bind(1, name).Bind(2, version)),
            });
        }
        return versions.DrainToImmutable();
    }

    private RunEntry ReadRun(RunId id)
    {
        RunInfo? info = null;
        long? deleted = null;
        string select = Select("runs", "name", "user_id", "status", "start_time", "end_time", "artifact_uri", "lifecycle_stage", "deleted_time");
        foreach (Row row in ById(select + " WHERE run_uuid = ?1").Query())
        {
            info = new RunInfo(id, 0, row.Text(0), row.Text(1), Words.Status(row.Text(2)), row.Long(3), row.LongOrNull(4), row.Text(5), Words.Stage(row.Text(6)));
            deleted = row.LongOrNull(7);
        }
        ImmutableArray<Label> labels = Labels("tags", "run_uuid = ?1", statement => statement.Bind(1, id.Value));
        // Runs of old versions have their name in the tag alone.
        if (info!.Name.Length == 0)
            info = info with { Name = labels.FirstOrDefault(label => label.Key == Rules.RunNameLabel).Value ?? "" };
        ImmutableArray<Label> parameters = Labels("params", "run_uuid = ?1", statement => statement.Bind(1, id.Value));
        return new RunEntry(new Run(info)
        {
            Params = [.. parameters.Select(label => new Param(label.Key, label.Value))],
            Labels = labels,
            Datasets = Datasets(id),
            ModelInputs = [.. Edges(id, "RUN_INPUT", "MODEL_INPUT").Select(edge => edge.ModelId)],
            ModelOutputs = Edges(id, "RUN_OUTPUT", "MODEL_OUTPUT"),
        })
        {
            Deleted = deleted,
        };

        Statement ById(string sql) => _db.Prepare(sql).Bind(1, id.Value);
    }

    private ImmutableArray<DatasetInput> Datasets(RunId run)
    {
        var found = ImmutableArray.CreateBuilder<DatasetInput>();
        if (Columns("inputs").Count == 0)
            return [];
        Statement select = _db.Prepare("""
            SELECT d.name, d.digest, d.dataset_source_type, d.dataset_source, d.dataset_schema, d.dataset_profile, i.input_uuid
            FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id
            WHERE i.destination_type = 'RUN' AND i.destination_id = ?1 AND i.source_type = 'DATASET' ORDER BY d.name, d.digest
            """).Bind(1, run.Value);
        foreach (Row row in select.Query())
        {
            var labels = ImmutableArray.CreateBuilder<Label>();
            foreach (Row tag in _db.Prepare("SELECT name, value FROM input_tags WHERE input_uuid = ?1 ORDER BY name").Bind(1, row.Text(6)).Query())
                labels.Add(new Label(tag.Text(0), tag.Text(1)));
            found.Add(new DatasetInput(
                new Dataset(row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.TextOrNull(4), row.TextOrNull(5)), labels.DrainToImmutable()));
        }
        return found.DrainToImmutable();
    }

    /// <summary>Logged models of a run, which MLflow knows from version 3.</summary>
    private ImmutableArray<ModelOutput> Edges(RunId run, string from, string to)
    {
        if (!Columns("inputs").Contains("step"))
            return [];
        var found = ImmutableArray.CreateBuilder<ModelOutput>();
        Statement select = _db.Prepare("SELECT destination_id, step FROM inputs WHERE source_type = ?1 AND source_id = ?2 AND destination_type = ?3 ORDER BY step, destination_id");
        foreach (Row row in select.Bind(1, from).Bind(2, run.Value).Bind(3, to).Query())
            found.Add(new ModelOutput(row.Text(0), row.Long(1)));
        return found.DrainToImmutable();
    }

    private ImmutableArray<Label> Labels(string table, string where, Func<Statement, Statement> bind)
    {
        return Columns(table).Count == 0 ? [] : Pairs($"SELECT key, value FROM {table} WHERE {where} ORDER BY key", bind);
    }

    private ImmutableArray<Label> Pairs(string select, Func<Statement, Statement> bind)
    {
        var found = ImmutableArray.CreateBuilder<Label>();
        foreach (Row row in bind(_db.Prepare(select)).Query())
            found.Add(new Label(row.Text(0), row.Text(1)));
        return found.DrainToImmutable();
    }

    /// <summary><c>SELECT … FROM table</c>, with <c>NULL</c> for a column that this version does not have, and 0 for those of a point.</summary>
    private string Select(string table, params ReadOnlySpan<string> columns)
    {
        HashSet<string> present = Columns(table);
        var list = new List<string>();
        foreach (string column in columns)
            list.Add(present.Contains(column) ? column : $"{(column is "step" or "is_nan" ? "0" : "NULL")} AS {column}");
        return $"SELECT {string.Join(", ", list)} FROM {table}";
    }

    private HashSet<string> Columns(string table)
    {
        if (!_columns.TryGetValue(table, out HashSet<string>? names))
        {
            names = [];
            foreach (Row row in _db.Prepare($"PRAGMA table_info({table})").Query())
                names.Add(row.Text(1));
            _columns.Add(table, names);
        }
        return names;
    }
}
