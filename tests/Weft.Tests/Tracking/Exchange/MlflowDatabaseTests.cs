using Weft.Records;
using Weft.Records.Sqlite;
using Weft.Support;
using Weft.Tracking;
using Weft.Tracking.Exchange;

namespace Weft.Tests.Tracking.Exchange;

/// <summary>Databases as MLflow's versions make them, put down by hand, and what is written for MLflow 2.13.</summary>
public sealed class MlflowDatabaseTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_database_of_version_3_is_read_with_its_additions()
    {
        Make("""
            CREATE TABLE experiments (experiment_id INTEGER NOT NULL, name VARCHAR(256) NOT NULL, artifact_location VARCHAR(256), lifecycle_stage VARCHAR(32),
                creation_time BIGINT, last_update_time BIGINT, workspace VARCHAR(63) NOT NULL DEFAULT 'default', PRIMARY KEY (experiment_id));
            CREATE TABLE experiment_tags (key VARCHAR(250) NOT NULL, value VARCHAR(5000), experiment_id INTEGER NOT NULL, PRIMARY KEY (key, experiment_id));
            CREATE TABLE runs (run_uuid VARCHAR(32) NOT NULL, name VARCHAR(250), source_type VARCHAR(20), source_name VARCHAR(500), entry_point_name VARCHAR(50),
                user_id VARCHAR(256), status VARCHAR(9), start_time BIGINT, end_time BIGINT, source_version VARCHAR(50), lifecycle_stage VARCHAR(20),
                artifact_uri VARCHAR(200), experiment_id INTEGER, deleted_time BIGINT, PRIMARY KEY (run_uuid));
            CREATE TABLE metrics (key VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT NOT NULL, run_uuid VARCHAR(32) NOT NULL,
                step BIGINT NOT NULL DEFAULT '0', is_nan BOOLEAN NOT NULL DEFAULT '0', PRIMARY KEY (key, timestamp, step, run_uuid, value, is_nan));
            CREATE TABLE params (key VARCHAR(250) NOT NULL, value VARCHAR(8000) NOT NULL, run_uuid VARCHAR(32) NOT NULL, PRIMARY KEY (key, run_uuid));
            CREATE TABLE tags (key VARCHAR(250) NOT NULL, value VARCHAR(8000), run_uuid VARCHAR(32) NOT NULL, PRIMARY KEY (key, run_uuid));
            CREATE TABLE datasets (dataset_uuid VARCHAR(36) NOT NULL, experiment_id INTEGER NOT NULL, name VARCHAR(500) NOT NULL, digest VARCHAR(36) NOT NULL,
                dataset_source_type VARCHAR(36) NOT NULL, dataset_source TEXT NOT NULL, dataset_schema TEXT, dataset_profile TEXT);
            CREATE TABLE inputs (input_uuid VARCHAR(36) NOT NULL, source_type VARCHAR(36) NOT NULL, source_id VARCHAR(36) NOT NULL,
                destination_type VARCHAR(36) NOT NULL, destination_id VARCHAR(36) NOT NULL, step BIGINT NOT NULL DEFAULT '0');
            CREATE TABLE input_tags (input_uuid VARCHAR(36) NOT NULL, name VARCHAR(255) NOT NULL, value VARCHAR(500) NOT NULL);
            CREATE TABLE registered_models (name VARCHAR(256) NOT NULL, creation_time BIGINT, last_updated_time BIGINT, description VARCHAR(5000), workspace VARCHAR(63));
            CREATE TABLE model_versions (name VARCHAR(256) NOT NULL, version INTEGER NOT NULL, creation_time BIGINT, last_updated_time BIGINT, current_stage VARCHAR(20),
                source VARCHAR(500), run_id VARCHAR(32), status VARCHAR(20), storage_location VARCHAR(500), workspace VARCHAR(63));
            INSERT INTO experiments VALUES (0, 'Default', '/a/0', 'active', 1, 2, 'default'), (7, 'iris', '/a/7', 'deleted', 3, 4, 'team-a');
            INSERT INTO experiment_tags VALUES ('k', 'v', 7);
            INSERT INTO runs VALUES ('r1', 'owl', 'UNKNOWN', '', '', 'anna', 'KILLED', 10, NULL, '', 'deleted', '/a/7/r1/artifacts', 7, 99);
            INSERT INTO metrics VALUES ('m', 0, 5, 'r1', 1, 1), ('m', 1.7976931348623157e308, 6, 'r1', 2, 0), ('a', 3, 7, 'r1', -3, 0);
            INSERT INTO params VALUES ('p', '1', 'r1');
            INSERT INTO tags VALUES ('mlflow.runName', 'owl', 'r1');
            INSERT INTO datasets VALUES ('d1', 7, 'train', 'abc', 'local', 'x', NULL, NULL);
            INSERT INTO inputs VALUES ('i1', 'DATASET', 'd1', 'RUN', 'r1', 0), ('i2', 'RUN_INPUT', 'r1', 'MODEL_INPUT', 'm-1', 0), ('i3', 'RUN_OUTPUT', 'r1', 'MODEL_OUTPUT', 'm-2', 5);
            INSERT INTO input_tags VALUES ('i1', 'mlflow.data.context', 'eval');
            INSERT INTO registered_models VALUES ('clf', 1, 2, NULL, 'default');
            INSERT INTO model_versions VALUES ('clf', 1, 1, 1, 'Deleted_Internal', '', NULL, 'READY', NULL, 'default'), ('clf', 2, 1, 1, 'Staging', '/m', 'r1', 'READY', NULL, 'default');
            """);
        using var source = new MlflowDatabase(_folder.Path("mlflow.db"), TimeProvider.System);
        IReadOnlyList<ExperimentEntry> experiments = source.Experiments();
        Assert.Equal([("0", "Default"), ("7", "iris (team-a)")], experiments.Select(entry => (entry.Key, entry.Experiment.Name)));
        Assert.Equal((LifecycleStage.Deleted, 3L, 4L), (experiments[1].Experiment.Stage, experiments[1].Experiment.Created, experiments[1].Experiment.Updated));
        Assert.Equal(1, source.CountRuns(experiments[1]));
        RunEntry run = Assert.Single(source.Runs(experiments[1], _ => false));
        Assert.Equal(new RunInfo(new RunId("r1"), 0, "owl", "anna", RunStatus.Killed, 10, null, "/a/7/r1/artifacts", LifecycleStage.Deleted), run.Run.Info);
        Assert.Equal(99, run.Deleted);
        Assert.Equal([new MetricPoint("a", 3, 7, -3), new MetricPoint("m", double.NaN, 5, 1), new MetricPoint("m", double.MaxValue, 6, 2)], source.Points(run).SelectMany(page => page.ToArray()));
        Assert.Equal("train", Assert.Single(run.Run.Datasets).Dataset.Name);
        Assert.Equal([new Label("mlflow.data.context", "eval")], run.Run.Datasets[0].Labels);
        Assert.Equal((string[])["m-1"], run.Run.ModelInputs);
        Assert.Equal([new ModelOutput("m-2", 5)], run.Run.ModelOutputs);
        Assert.Equal([(2L, "Staging", "/m")], Assert.Single(source.Models()).Versions.Select(version => (version.Version, version.Stage, version.Storage)));
    }

    [Fact]
    public async Task Logged_models_and_traces_of_version_3_are_taken_over()
    {
        Make("""
            CREATE TABLE experiments (experiment_id INTEGER NOT NULL, name VARCHAR(256), artifact_location VARCHAR(256), lifecycle_stage VARCHAR(32), creation_time BIGINT, last_update_time BIGINT);
            CREATE TABLE runs (run_uuid VARCHAR(32) NOT NULL, experiment_id INTEGER, start_time BIGINT);
            CREATE TABLE metrics (key VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT NOT NULL, run_uuid VARCHAR(32) NOT NULL);
            CREATE TABLE logged_models (model_id VARCHAR(36) NOT NULL, experiment_id INTEGER NOT NULL, name VARCHAR(500) NOT NULL, artifact_location VARCHAR(1000) NOT NULL,
                creation_timestamp_ms BIGINT NOT NULL, last_updated_timestamp_ms BIGINT NOT NULL, status INTEGER NOT NULL, lifecycle_stage VARCHAR(32), model_type VARCHAR(500),
                source_run_id VARCHAR(32), status_message VARCHAR(1000));
            CREATE TABLE logged_model_metrics (model_id VARCHAR(36) NOT NULL, metric_name VARCHAR(500) NOT NULL, metric_timestamp_ms BIGINT NOT NULL, metric_step BIGINT NOT NULL,
                metric_value FLOAT, experiment_id INTEGER NOT NULL, run_id VARCHAR(32) NOT NULL, dataset_uuid VARCHAR(36), dataset_name VARCHAR(500), dataset_digest VARCHAR(36));
            CREATE TABLE logged_model_params (model_id VARCHAR(36) NOT NULL, experiment_id INTEGER NOT NULL, param_key VARCHAR(255) NOT NULL, param_value TEXT NOT NULL);
            CREATE TABLE logged_model_tags (model_id VARCHAR(36) NOT NULL, experiment_id INTEGER NOT NULL, tag_key VARCHAR(255) NOT NULL, tag_value TEXT NOT NULL);
            CREATE TABLE trace_info (request_id VARCHAR(50) NOT NULL, experiment_id INTEGER NOT NULL, timestamp_ms BIGINT NOT NULL, execution_time_ms BIGINT, status VARCHAR(50) NOT NULL,
                client_request_id VARCHAR(50), request_preview VARCHAR(1000), response_preview VARCHAR(1000));
            CREATE TABLE trace_tags (key VARCHAR(250) NOT NULL, value VARCHAR(8000), request_id VARCHAR(50) NOT NULL);
            CREATE TABLE trace_request_metadata (key VARCHAR(250) NOT NULL, value VARCHAR(8000), request_id VARCHAR(50) NOT NULL);
            CREATE TABLE spans (trace_id VARCHAR(50) NOT NULL, experiment_id INTEGER NOT NULL, span_id VARCHAR(50) NOT NULL, parent_span_id VARCHAR(50), name TEXT, type VARCHAR(500),
                status VARCHAR(50) NOT NULL, start_time_unix_nano BIGINT NOT NULL, end_time_unix_nano BIGINT, content TEXT NOT NULL);
            CREATE TABLE assessments (assessment_id VARCHAR(50) NOT NULL, trace_id VARCHAR(50) NOT NULL, name VARCHAR(250) NOT NULL, assessment_type VARCHAR(20) NOT NULL, value TEXT NOT NULL,
                error TEXT, created_timestamp BIGINT NOT NULL, last_updated_timestamp BIGINT NOT NULL, source_type VARCHAR(50) NOT NULL, source_id VARCHAR(250), run_id VARCHAR(32),
                span_id VARCHAR(50), rationale TEXT, overrides VARCHAR(50), valid BOOLEAN NOT NULL, assessment_metadata TEXT);
            CREATE TABLE entity_associations (association_id VARCHAR(36) NOT NULL, source_type VARCHAR(36) NOT NULL, source_id VARCHAR(36) NOT NULL, destination_type VARCHAR(36) NOT NULL,
                destination_id VARCHAR(36) NOT NULL, created_time BIGINT);
            INSERT INTO experiments VALUES (0, 'Default', '/a/0', 'active', 1, 2);
            INSERT INTO logged_models VALUES ('m-1', 0, 'forest', '/a/0/models/m-1/artifacts', 3, 4, 2, 'active', 'sklearn', 'r1', NULL), ('m-2', 0, 'gone', '/x', 3, 4, 2, 'deleted', NULL, NULL, NULL);
            INSERT INTO logged_model_metrics VALUES ('m-1', 'acc', 5, 1, 0.25, 0, 'r1', 'd', 'train', 'abc'), ('m-1', 'acc', 6, 2, NULL, 0, 'r1', NULL, NULL, NULL);
            INSERT INTO logged_model_params VALUES ('m-1', 0, 'depth', '7');
            INSERT INTO logged_model_tags VALUES ('m-1', 0, 'team', 'a');
            INSERT INTO trace_info VALUES ('tr-1', 0, 9, 2, 'OK', NULL, 'why', 'because'), ('tr-2', 0, 10, NULL, 'TRACE_STATUS_UNSPECIFIED', NULL, NULL, NULL);
            INSERT INTO trace_tags VALUES ('k', 'v', 'tr-1');
            INSERT INTO trace_request_metadata VALUES ('mlflow.trace.session', 's', 'tr-1');
            INSERT INTO spans VALUES ('tr-1', 0, '0000000000000001', NULL, 'root', 'LLM', 'OK', 9000000, 11000000, '{"name": "root"}');
            INSERT INTO assessments VALUES ('a-1', 'tr-1', 'good', 'feedback', '0.5', NULL, 1, 2, 'HUMAN', 'anna', NULL, NULL, 'so', NULL, 1, '{"m": "n"}'),
                ('a-2', 'tr-1', 'facts', 'expectation', '{"a": 1}', NULL, 2, 2, 'CODE', NULL, NULL, NULL, NULL, NULL, 1, NULL);
            INSERT INTO entity_associations VALUES ('x', 'trace', 'tr-1', 'run', 'r1', 1);
            """);
        await using TrackingStore store = TrackingStore.Open(_folder.Path("weft.db"), new TrackingOptions("mlflow-artifacts:/"), TimeProvider.System);
        for (int i = 0; i < 2; i++)
        {
            using var source = new MlflowDatabase(_folder.Path("mlflow.db"), TimeProvider.System);
            await using var target = new StoreTarget(store, _folder.Path("artifacts"));
            CopyProgress done = await Copying.RunAsync(source, target, new CopyOptions(), _ => { }, default);
            Assert.Equal((1, 2), (done.LoggedModels, done.Traces));
        }
        LoggedModel model = store.LoggedModels.Get("m-1");
        Assert.Equal(("forest", "sklearn", "r1", LoggedModelStatus.Ready, 3L, 4L), (model.Name, model.Type, model.SourceRun, model.Status, model.Created, model.Updated));
        Assert.Equal([new MetricPoint("acc", 0.25, 5, 1), new MetricPoint("acc", double.NaN, 6, 2)], model.Metrics.Select(metric => metric.Point with { Subject = null }));
        Assert.Equal(("train", "abc", "r1"), (model.Metrics[0].Point.Subject!.DatasetName, model.Metrics[0].Point.Subject!.DatasetDigest, model.Metrics[0].Run));
        Trace trace = store.Traces.Get("tr-1");
        Assert.Equal((9L, 2L, "OK", "why", "because"), (trace.Started, trace.Duration, trace.State, trace.RequestPreview, trace.ResponsePreview));
        Assert.Equal([new Label("k", "v")], trace.Labels);
        Assert.Equal("STATE_UNSPECIFIED", store.Traces.Get("tr-2").State);
        Assert.Equal(new TraceSpan("tr-1", "0000000000000001", null, "root", "LLM", "OK", 9000000, 11000000, """{"name": "root"}"""), Assert.Single(store.Spans.Of("tr-1")));
        Assert.Equal(["tr-1"], store.Traces.Search([0], "feedback.good > 0.4", [], 10, null).Items.Select(found => found.Id));
        Assert.Equal("""{"assessment_name":"good","source":{"source_type":"HUMAN","source_id":"anna"},"feedback":{"value":0.5},"rationale":"so","metadata":{"m":"n"}}""",
            System.Text.Encoding.UTF8.GetString(trace.Assessments[0].Body));
        Assert.Equal("""{"assessment_name":"facts","source":{"source_type":"CODE"},"expectation":{"serialized_value":{"serialization_format":"JSON_FORMAT","value":"{\"a\": 1}"}}}""",
            System.Text.Encoding.UTF8.GetString(trace.Assessments[1].Body));
    }

    [Fact]
    public void A_database_of_version_1_is_read_with_what_it_has()
    {
        Make("""
            CREATE TABLE experiments (experiment_id INTEGER NOT NULL, name VARCHAR(256), artifact_location VARCHAR(256), lifecycle_stage VARCHAR(32));
            CREATE TABLE runs (run_uuid VARCHAR(32) NOT NULL, name VARCHAR(250), user_id VARCHAR(256), status VARCHAR(20), start_time BIGINT, end_time BIGINT,
                lifecycle_stage VARCHAR(20), artifact_uri VARCHAR(200), experiment_id INTEGER);
            CREATE TABLE metrics (key VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT NOT NULL, run_uuid VARCHAR(32) NOT NULL);
            CREATE TABLE params (key VARCHAR(250) NOT NULL, value VARCHAR(250) NOT NULL, run_uuid VARCHAR(32) NOT NULL);
            CREATE TABLE tags (key VARCHAR(250) NOT NULL, value VARCHAR(250), run_uuid VARCHAR(32) NOT NULL);
            INSERT INTO experiments VALUES (0, 'Default', './mlruns/0', 'active');
            INSERT INTO runs VALUES ('r1', '', 'x', 'FINISHED', 1, 2, 'active', './mlruns/0/r1/artifacts', 0);
            INSERT INTO metrics VALUES ('m', 0.5, 3, 'r1'), ('m', 0.25, 4, 'r1');
            INSERT INTO tags VALUES ('mlflow.runName', 'owl', 'r1');
            """);
        using var source = new MlflowDatabase(_folder.Path("mlflow.db"), TimeProvider.System);
        RunEntry run = Assert.Single(source.Runs(source.Experiments()[0], _ => false));
        Assert.Equal("owl", run.Run.Info.Name);
        Assert.Equal([new MetricPoint("m", 0.5, 3, 0), new MetricPoint("m", 0.25, 4, 0)], source.Points(run).SelectMany(page => page.ToArray()));
        Assert.Empty(source.Models());
    }

    [Fact]
    public void A_file_that_is_not_MLflows_is_refused_and_stays_as_it_is()
    {
        Make("CREATE TABLE t (a INTEGER)");
        byte[] before = File.ReadAllBytes(_folder.Path("mlflow.db"));
        Assert.Equal(DatabaseFault.Format, Assert.Throws<DatabaseException>(() => new MlflowDatabase(_folder.Path("mlflow.db"), TimeProvider.System)).Fault);
        Assert.Equal(DatabaseFault.Format, Assert.Throws<DatabaseException>(() => new MlflowDatabaseTarget(_folder.Path("mlflow.db"), null, TimeProvider.System)).Fault);
        Assert.Equal(before, File.ReadAllBytes(_folder.Path("mlflow.db")));
        Assert.Equal(DatabaseFault.Unreachable, Assert.Throws<DatabaseException>(() => new MlflowDatabase(_folder.Path("none.db"), TimeProvider.System)).Fault);
    }

    [Fact]
    public void A_database_of_another_version_is_not_written_to()
    {
        Make("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL); INSERT INTO alembic_version VALUES ('7d34483879f0')");
        DatabaseException refused = Assert.Throws<DatabaseException>(() => new MlflowDatabaseTarget(_folder.Path("mlflow.db"), null, TimeProvider.System));
        Assert.Equal($"the database {_folder.Path("mlflow.db")} has MLflow's format 7d34483879f0; only 5b0e9adcef9c (MLflow 2.13) is written: choose a new file", refused.Message);
    }

    [Fact]
    public async Task What_is_written_has_exactly_the_tables_of_2_13_and_keeps_its_rules()
    {
        await using (TrackingStore store = TrackingStore.Open(_folder.Path("weft.db"), new TrackingOptions("mlflow-artifacts:/"), TimeProvider.System))
        {
            await ExchangeTests.FillAsync(store, withLoggedModels: false);
            using var source = new StoreSource(store, "");
            await using RunTarget target = new MlflowDatabaseTarget(_folder.Path("out.db"), null, TimeProvider.System);
            await Copying.RunAsync(source, target, new CopyOptions(), _ => { }, default);
        }
        using SqliteDatabase db = SqliteDatabase.OpenForeign(_folder.Path("out.db"), mustExist: true, TimeProvider.System, default);
        Assert.Equal(
            "alembic_version datasets experiment_tags experiments input_tags inputs latest_metrics metrics model_version_tags model_versions params registered_model_aliases registered_model_tags registered_models runs tags trace_info trace_request_metadata trace_tags",
            db.Prepare("SELECT group_concat(name, ' ') FROM (SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name)").QueryText());
        Assert.Equal("5b0e9adcef9c", db.Prepare("SELECT version_num FROM alembic_version").QueryText());
        Assert.False(db.Prepare("PRAGMA foreign_key_check").Any());
        Assert.Equal("ok", db.Prepare("PRAGMA integrity_check").QueryText());
        Assert.Equal("run_uuid name source_type source_name entry_point_name user_id status start_time end_time source_version lifecycle_stage artifact_uri experiment_id deleted_time",
            db.Prepare("SELECT group_concat(name, ' ') FROM pragma_table_info('runs')").QueryText());
        Assert.Equal(
            "index_datasets_dataset_uuid index_datasets_experiment_id_dataset_source_type index_inputs_destination_type_destination_id_source_type index_inputs_input_uuid index_latest_metrics_run_uuid index_metrics_run_uuid index_metrics_run_uuid_key_step index_params_run_uuid index_tags_run_uuid index_trace_info_experiment_id_timestamp_ms index_trace_request_metadata_request_id index_trace_tags_request_id",
            db.Prepare("SELECT group_concat(name, ' ') FROM (SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name)").QueryText());
        // The last by step, time and value: of two at step 4, the greater.
        Assert.Equal(0.3, Double(db, "SELECT value FROM latest_metrics WHERE key = 'loss'"));
        Assert.Equal(1, db.Prepare("SELECT count(*) FROM metrics WHERE is_nan = 1 AND value = 0").QueryLong());
        Assert.Equal(double.MaxValue, Double(db, "SELECT max(value) FROM metrics WHERE key = 'loss'"));
        Assert.Equal("UNKNOWN", db.Prepare("SELECT DISTINCT source_type FROM runs").QueryText());
    }

    private static double Double(Database db, string sql)
    {
        foreach (Row row in db.Prepare(sql).Query())
            return row.Double(0);
        return double.NaN;
    }

    private void Make(string script)
    {
        using SqliteDatabase db = SqliteDatabase.OpenForeign(_folder.Path("mlflow.db"), mustExist: false, TimeProvider.System, default);
        db.Execute(script);
    }
}
