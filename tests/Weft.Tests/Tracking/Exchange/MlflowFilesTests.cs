using Weft.Support;
using Weft.Tracking;
using Weft.Tracking.Exchange;

namespace Weft.Tests.Tracking.Exchange;

/// <summary>File stores as MLflow writes them, put down by hand.</summary>
public sealed class MlflowFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_run_is_read_from_its_files()
    {
        Experiment("1", "iris");
        Run("1", "a1b2", """
            artifact_uri: file:///data/mlruns/1/a1b2/artifacts
            end_time: 1700000001000
            entry_point_name: ''
            experiment_id: '1'
            lifecycle_stage: active
            run_id: a1b2
            run_name: wise-owl-12
            run_uuid: a1b2
            source_name: ''
            source_type: 4
            source_version: ''
            start_time: 1700000000000
            status: 3
            tags: []
            user_id: anna
            """);
        _folder.Write("mlruns/1/a1b2/params/opt/lr", "0.1");
        _folder.Write("mlruns/1/a1b2/params/text", "two\nlines");
        _folder.Write("mlruns/1/a1b2/tags/mlflow.runName", "wise-owl-12");
        _folder.Write("mlruns/1/a1b2/metrics/loss", "1700000000001 0.5 0\n1700000000002 nan 1\n1700000000003 -inf -2\n1700000000004 1e-07 3\n1700000000004 1e-07 3\n");
        _folder.Write("mlruns/1/a1b2/metrics/old", "1700000000005 7\n");
        _folder.Write("mlruns/1/a1b2/metrics/on/data", "1700000000006 0.25 4 train abc\n");
        using var source = new MlflowFiles(_folder.Path("mlruns"));
        RunEntry run = Assert.Single(source.Runs(source.Experiments()[0], _ => false));
        Assert.Equal(
            new RunInfo(new RunId("a1b2"), 0, "wise-owl-12", "anna", RunStatus.Finished, 1_700_000_000_000, 1_700_000_001_000, "file:///data/mlruns/1/a1b2/artifacts", LifecycleStage.Active),
            run.Run.Info);
        Assert.Equal([new Param("opt/lr", "0.1"), new Param("text", "two\nlines")], run.Run.Params);
        Assert.Equal([new Label("mlflow.runName", "wise-owl-12")], run.Run.Labels);
        Assert.Equal(
            [
                new MetricPoint("loss", 0.5, 1_700_000_000_001, 0), new MetricPoint("loss", double.NaN, 1_700_000_000_002, 1),
                new MetricPoint("loss", double.NegativeInfinity, 1_700_000_000_003, -2), new MetricPoint("loss", 1e-7, 1_700_000_000_004, 3),
                new MetricPoint("loss", 1e-7, 1_700_000_000_004, 3), new MetricPoint("old", 7, 1_700_000_000_005, 0), new MetricPoint("on/data", 0.25, 1_700_000_000_006, 4),
            ],
            source.Points(run).SelectMany(page => page.ToArray()));
        Assert.Empty(source.Skipped);
    }

    [Fact]
    public void Old_and_deleted_runs_are_read()
    {
        Experiment("0", "Default");
        Run("0", "0ld", "{artifact_uri: ./mlruns/0/0ld/artifacts, end_time: null, experiment_id: '0', lifecycle_stage: deleted, deleted_time: 99, name: first, run_uuid: 0ld, start_time: 5, status: 1, user_id: x}");
        using var source = new MlflowFiles(_folder.Path("mlruns"));
        RunEntry run = Assert.Single(source.Runs(source.Experiments()[0], _ => false));
        Assert.Equal((RunStatus.Running, null, "first", LifecycleStage.Deleted, 99L), (run.Run.Info.Status, run.Run.Info.Ended, run.Run.Info.Name, run.Run.Info.Stage, run.Deleted!.Value));
        Assert.Equal(_folder.Path("mlruns/0/0ld/artifacts"), run.Run.Info.ArtifactUri);
    }

    [Fact]
    public void Deleted_experiments_lie_in_the_trash()
    {
        Experiment("123456789012345678", "living", tag: ("team/name", "blue"));
        Experiment(".trash/876543210987654321", "dead", stage: "deleted");
        using var source = new MlflowFiles(_folder.Path("mlruns"));
        Assert.Equal([("123456789012345678", "living", LifecycleStage.Active), ("876543210987654321", "dead", LifecycleStage.Deleted)],
            source.Experiments().Select(entry => (entry.Key, entry.Experiment.Name, entry.Experiment.Stage)));
        Assert.Equal([new Label("team/name", "blue")], source.Experiments()[0].Experiment.Labels);
    }

    [Fact]
    public void Datasets_and_models_are_read()
    {
        Experiment("1", "iris");
        Run("1", "r1", "{artifact_uri: /a, experiment_id: '1', lifecycle_stage: active, run_id: r1, run_name: n, start_time: 1, status: 4}");
        _folder.Write("mlruns/1/datasets/d1/meta.yaml", "digest: abc\nname: train\nprofile: '{\"num_rows\": 3}'\nschema: null\nsource: '{\"uri\": \"x\"}'\nsource_type: local\n");
        _folder.Write("mlruns/1/r1/inputs/i1/meta.yaml", "destination_id: r1\ndestination_type: RUN\nsource_id: d1\nsource_type: DATASET\ntags:\n  mlflow.data.context: training\n");
        _folder.Write("mlruns/1/r1/outputs/m-1/meta.yaml", "destination_id: m-1\ndestination_type: MODEL_OUTPUT\nsource_id: r1\nsource_type: RUN_OUTPUT\nstep: 4\ntags: {}\n");
        _folder.Write("mlruns/models/clf/meta.yaml", "aliases: {}\ncreation_timestamp: 10\ndescription: what\nlast_updated_timestamp: 20\nlatest_versions: []\nname: clf\ntags: {}\n");
        _folder.Write("mlruns/models/clf/aliases/best", "2");
        _folder.Write("mlruns/models/clf/tags/team", "blue");
        foreach (int version in (int[])[1, 2, 10])
        {
            _folder.Write($"mlruns/models/clf/version-{version}/meta.yaml",
                $"creation_timestamp: {version}\ncurrent_stage: None\ndescription: null\nlast_updated_timestamp: 5\nname: clf\nrun_id: r1\nrun_link: null\nsource: /a/m{version}\nstatus: READY\nstatus_message: null\nstorage_location: /b/m{version}\nuser_id: null\nversion: {version}\n");
        }
        using var source = new MlflowFiles(_folder.Path("mlruns"));
        Run run = Assert.Single(source.Runs(source.Experiments()[0], _ => false)).Run;
        DatasetInput input = Assert.Single(run.Datasets);
        Assert.Equal(new Dataset("train", "abc", "local", """{"uri": "x"}""", null, """{"num_rows": 3}"""), input.Dataset);
        Assert.Equal([new Label("mlflow.data.context", "training")], input.Labels);
        Assert.Equal([new ModelOutput("m-1", 4)], run.ModelOutputs);
        ModelEntry model = Assert.Single(source.Models());
        Assert.Equal([("best", 2L)], model.Model.Aliases);
        Assert.Equal([1L, 2, 10], model.Versions.Select(version => version.Version));
        Assert.Equal(("None", "/a/m10", "/b/m10", "r1", null), (model.Versions[2].Stage, model.Versions[2].Source, model.Versions[2].Storage, model.Versions[2].Run, model.Versions[2].Description));
    }

    [Fact]
    public void What_is_broken_is_skipped_and_named()
    {
        Experiment("1", "iris");
        Run("1", "good", "{experiment_id: '1', run_id: good, run_name: n, start_time: 1, status: 3, artifact_uri: /a, lifecycle_stage: active}");
        Run("1", "broken", "run_id: [");
        Run("1", "other", "{experiment_id: '1', run_id: another, status: 3}");
        _folder.Write("mlruns/1/good/metrics/m", "1 2 3\nwhat is this\n");
        _folder.Write("mlruns/2/notes.txt", "no experiment");
        _folder.Write("mlruns/3/meta.yaml", "experiment_id: '4'\nname: moved\n");
        using var source = new MlflowFiles(_folder.Path("mlruns"));
        RunEntry run = Assert.Single(source.Runs(Assert.Single(source.Experiments()), _ => false));
        Assert.Single(source.Points(run).SelectMany(page => page.ToArray()));
        Assert.Equal(5, source.Skipped.Count);
        Assert.Contains(source.Skipped, text => text.EndsWith("mlruns/2: there is no meta.yaml", StringComparison.Ordinal));
        Assert.Contains(source.Skipped, text => text.EndsWith("mlruns/3: its meta.yaml is of the experiment `4`", StringComparison.Ordinal));
        Assert.Contains(source.Skipped, text => text.EndsWith("mlruns/1/other: its meta.yaml is of the run `another`", StringComparison.Ordinal));
        Assert.Contains(source.Skipped, text => text.EndsWith("metrics/m: the line `what is this` is no point of a metric", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_written_is_what_the_layout_says()
    {
        await using TrackingStore store = TrackingStore.Open(_folder.Path("weft.db"), new TrackingOptions("mlflow-artifacts:/"), TimeProvider.System);
        Run made = await store.Runs.CreateAsync(new NewRun(0, "owl", "anna", 5));
        string id = made.Info.Id.Value;
        await store.Runs.LogBatchAsync(made.Info.Id, new Batch
        {
            Params = [new Param("a/b", "x\ny")],
            Metrics = new[] { new MetricPoint("m", 1, 10, 0), new MetricPoint("m", double.PositiveInfinity, 11, 1), new MetricPoint("m", double.NaN, 12, 2), new MetricPoint("m", 1e-7, 13, 3) },
        });
        using (var source = new StoreSource(store, ""))
        await using (RunTarget target = new MlflowFilesTarget(_folder.Path("out"), copiesArtifacts: false))
            await Copying.RunAsync(source, target, new CopyOptions(), _ => { }, default);
        Assert.Equal("10 1.0 0\n11 inf 1\n12 nan 2\n13 1e-07 3\n", File.ReadAllText(_folder.Path($"out/0/{id}/metrics/m")));
        Assert.Equal("x\ny", File.ReadAllText(_folder.Path($"out/0/{id}/params/a/b")));
        Assert.Equal("owl", File.ReadAllText(_folder.Path($"out/0/{id}/tags/mlflow.runName")));
        Assert.Equal($"""
            artifact_uri: "mlflow-artifacts:/0/{id}/artifacts"
            end_time: null
            entry_point_name: ""
            experiment_id: "0"
            lifecycle_stage: "active"
            run_id: "{id}"
            run_name: "owl"
            source_name: ""
            source_type: 4
            source_version: ""
            start_time: 5
            status: 1
            tags: []
            user_id: "anna"

            """, File.ReadAllText(_folder.Path($"out/0/{id}/meta.yaml")));
        Assert.True(Directory.Exists(_folder.Path($"out/0/{id}/artifacts")));
    }

    private void Experiment(string folder, string name, string stage = "active", (string Key, string Value)? tag = null)
    {
        _folder.Write($"mlruns/{folder}/meta.yaml",
            $"artifact_location: file:///data/mlruns/{folder}\ncreation_time: 1700000000000\nexperiment_id: '{Path.GetFileName(folder)}'\nlast_update_time: 1700000000001\nlifecycle_stage: {stage}\nname: {name}\n");
        if (tag is { } given)
            _folder.Write($"mlruns/{folder}/tags/{given.Key}", given.Value);
    }

    private void Run(string experiment, string id, string meta) => _folder.Write($"mlruns/{experiment}/{id}/meta.yaml", meta);
}
