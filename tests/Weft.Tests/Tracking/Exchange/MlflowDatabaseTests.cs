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
