using Weft.Analysis;
using Weft.Support;
using Weft.Text;
using Weft.Tracking;
using Weft.Values;
using Run = Weft.Analysis.Run;

namespace Weft.Tests.Analysis;

public sealed class RunCollectionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly MlrunsFolder _mlruns;

    public RunCollectionTests()
    {
        _mlruns = new MlrunsFolder(_folder.Path("mlruns"));
        _mlruns.AddExperiment("1", "train");
        _mlruns.AddRun("1", "a", [("note", "π, \"quoted\"")], [("acc", 0.5), ("val/acc", 0.4)], "model: cnn\nopt: {lr: 0.1, betas: [0.9, 0.99]}\nseed: 1\ncopy: ${seed}\n");
        _mlruns.AddRun("1", "b", [("lr", "1e-3")], [("acc", 0.75)], "model: vit\nopt: {lr: 0.01, betas: null}\nseed: 2\n");
        _mlruns.AddRun("1", "c", metrics: [("acc", double.NaN)], config: "model: cnn\nopt: {lr: 1e-3}\nseed: ???\n");
        _mlruns.AddExperiment("2", "gone", isActive: false);
        _mlruns.AddRun("2", "d");
    }

    public void Dispose() => _folder.Dispose();

    private RunCollection Runs => RunCollection.FromFolder(_mlruns.Root);

    private static string Ids(IEnumerable<Run> runs) => string.Concat(runs.Select(run => run.Id));

    [Fact]
    public void Runs_of_active_experiments_are_found_with_their_facts()
    {
        Run run = Runs[0];
        Assert.Equal("abc", Ids(Runs));
        Assert.Equal(("train", "wise-fox-a", "ada", RunStatus.Finished), (run.Experiment, run.Name, run.User, run.Status));
        Assert.Equal(TimeSpan.FromSeconds(5), run.Ended - run.Started);
        Assert.Equal(0.4, run.Metrics["val/acc"].Last.Value);
        Assert.Equal("π, \"quoted\"", run.Params["note"]);
        Assert.Equal("ada", run.Labels["mlflow.user"]);
    }

    [Fact]
    public void A_field_is_looked_for_in_the_configuration_then_params_then_metrics_then_attributes()
    {
        Run run = Runs[1];
        Assert.Equal(Value.Of(0.01), run["opt.lr"]);
        Assert.Equal(Value.Of(0.001), run["lr"]);
        Assert.Equal(Value.Of(0.75), run["acc"]);
        Assert.Equal(Value.Of(0.75), run["metrics.acc"]);
        Assert.Equal(Value.Of("b"), run["run_id"]);
        Assert.Equal(Value.Of("ada"), run["mlflow.user"]);
        Assert.Equal(Value.None, run["opt__betas"]);
        Assert.Equal(Value.Of(1), Runs[0]["copy"]);
        Assert.Equal(0.99, Runs[0].Number("opt.betas[1]"));
    }

    [Fact]
    public void A_missing_field_names_the_nearest_one()
    {
        var error = Assert.Throws<KeyNotFoundException>(() => Runs[0]["modle"]);
        Assert.Equal("the run wise-fox-a has no field `modle`; did you mean `model`?", error.Message);
        Assert.Throws<KeyNotFoundException>(() => Runs[2]["seed"]);
        Assert.Equal(Value.Of(7), Runs[2].Get("seed", Value.Of(7)));
        Assert.Throws<InvalidCastException>(() => Runs[0].Number("model"));
    }

    [Fact]
    public void A_run_of_which_only_artifacts_are_left_has_a_configuration_and_no_status()
    {
        Directory.CreateDirectory(_folder.Path("mlruns/1/e/artifacts/.hydra"));
        _folder.Write("mlruns/1/e/artifacts/.hydra/config.yaml", "model: rnn\n");
        Run run = Runs.Get(("model", "rnn"));
        Assert.Equal(("e", "e"), (run.Id, run.Name));
        Assert.Null(run.Status);
        Assert.Null(run.Started);
    }

    [Fact]
    public void A_configuration_that_cannot_be_read_is_a_diagnostic_of_that_run_alone()
    {
        _folder.Write("mlruns/1/b/artifacts/.hydra/config.yaml", "model: [\n");
        Assert.Throws<DiagnosticException>(() => Runs[1].Config);
        Assert.Equal("cnn", Runs[2].Text("model"));
    }

    [Fact]
    public void Criteria_of_all_kinds_narrow_a_collection()
    {
        Assert.Equal("ac", Ids(Runs.Filter(("model", "cnn"))));
        Assert.Equal("ab", Ids(Runs.Filter(("opt.lr", (0.005, 0.1)))));
        Assert.Equal("bc", Ids(Runs.Filter(("opt.lr", new[] { 0.01, 0.001 }))));
        Assert.Equal("b", Ids(Runs.Exclude(("model", "cnn"))));
        Assert.Equal("b", Ids(Runs.Filter(run => run.Number("acc") > 0.6)));
        Assert.Equal("ac", Ids(Runs.Filter([true, false, true])));
        Assert.Equal("a", Ids(Runs.Filter(Fields.StartsWith("opt.lr", "0.1"))));
        Assert.Throws<ArgumentException>(() => Runs.Filter([true]));
        Assert.Throws<InvalidOperationException>(() => Runs.Get(("model", "cnn")));
    }

    [Fact]
    public void The_search_language_of_MLflow_works_on_folders()
    {
        Assert.Equal("b", Ids(Runs.Search("metrics.acc > 0.6 and params.model != 'cnn'")));
        Assert.Equal("bac", Ids(Runs.Search("", "metrics.acc DESC")));
        Assert.Equal("ac", Ids(Runs.Search("params.model LIKE 'c%'")));
        Assert.Equal("cba", Ids(Runs.Search("tags.`mlflow.user` = 'ada'", "params.opt.lr ASC")));
        Assert.Throws<TrackingException>(() => Runs.Search("metrics.acc >"));
    }

    [Fact]
    public void Sorting_keeps_null_last_in_both_directions()
    {
        RunCollection some = Runs.Update("rank", run => run.Id switch { "a" => Value.Of(2), "b" => Value.None, _ => Value.Of(1) });
        Assert.Equal("cab", Ids(some.Sort("rank")));
        Assert.Equal("acb", Ids(some.Sort(["rank"], isReversed: true)));
        Assert.Equal("cab", Ids(some.Sort("model", "rank")));
    }

    [Fact]
    public void Groups_are_aggregated_into_a_frame_of_typed_columns()
    {
        RunCollection runs = Runs.Update("seed", Value.Of(3));
        Frame frame = runs.GroupBy("model").Aggregate(Aggregation.Count, Aggregation.Mean("seed"), Aggregation.Max("opt.lr"), Aggregation.Deviation("seed"), Aggregation.List("run_id"));
        Assert.Equal(
            """
            model,count,mean(seed),max(opt.lr),std(seed),run_id
            cnn,2,2.0,0.1,1.4142135623730951,"['a', 'c']"
            vit,1,2.0,0.01,0.0,['b']

            """, frame.ToString());
        Assert.Equal([ColumnType.Text, ColumnType.Int, ColumnType.Float, ColumnType.Float, ColumnType.Float, ColumnType.List], frame.Columns.Select(column => column.Type));
    }

    [Fact]
    public void A_frame_without_keys_has_every_field_and_null_where_a_run_has_none()
    {
        Frame frame = Runs.ToFrame();
        Assert.Equal(["note", "model", "opt.lr", "opt.betas", "seed", "copy", "lr", "acc", "val/acc"], frame.Columns.Select(column => column.Name));
        using var lines = new MemoryStream();
        frame.WriteJsonLines(lines);
        string[] written = System.Text.Encoding.UTF8.GetString(lines.ToArray()).Split('\n');
        Assert.Equal("""{"note":"π, \"quoted\"","model":"cnn","opt.lr":0.1,"opt.betas":[0.9,0.99],"seed":1,"copy":1,"lr":null,"acc":0.5,"val/acc":0.4}""", written[0]);
        Assert.EndsWith("\"acc\":\"nan\",\"val/acc\":null}", written[2], StringComparison.Ordinal);
    }

    [Fact]
    public void Frames_of_runs_are_put_below_each_other_with_constant_columns()
    {
        Frame curves = Runs.Concat(run => new Frame([new Column("step", [Value.Of(0), Value.Of(1)])]), "model", ("seed", Value.Of(-1)));
        Assert.Equal(6, curves.Rows);
        Assert.Equal("cnn cnn vit vit cnn cnn", string.Join(' ', curves["model"].ToTexts()));
        Assert.Equal([1, 1, 2, 2, -1, -1], curves["seed"].ToNumbers());
        Assert.Throws<ArgumentException>(() => new Frame([new Column("a", [Value.None]), new Column("a", [Value.None])]));
    }

    [Fact]
    public void A_sample_is_decided_by_its_seed()
    {
        Assert.Equal(Ids(Runs.Sample(2, seed: 4)), Ids(Runs.Sample(2, seed: 4)));
        Assert.Equal("abc", Ids(Runs.Shuffle(seed: 1).OrderBy(run => run.Id)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Runs.Sample(4, seed: 0));
    }

    [Fact]
    public void What_a_run_is_opened_with_is_made_once()
    {
        int made = 0;
        RunCollection runs = RunCollection.FromFolder(_mlruns.Root, new FolderOptions { Open = run => new Model($"{++made}:{run.Text("model")}") });
        Assert.Equal("1:cnn", ((Model)runs[0].Implementation!).Name);
        Assert.Equal("Run[Model]('a')", runs[0].ToString());
        Assert.Equal("RunCollection(Run[Model], n=3)", runs.ToString());
        Assert.Equal(1, made);
    }

    [Fact]
    public void Runs_of_a_store_are_read_like_those_of_a_folder()
    {
        TrackingStore store = TrackingStore.Open(_folder.Path("weft.db"), new TrackingOptions(_folder.Path("artifacts")), TimeProvider.System);
        try
        {
            long experiment = store.Experiments.CreateAsync("train", null, []).Result;
            Weft.Tracking.Run run = store.Runs.CreateAsync(new NewRun(experiment, "first")).Result;
            store.Runs.LogParamAsync(run.Info.Id, new Param("lr", "0.1")).Wait();
            store.Runs.LogMetricAsync(run.Info.Id, new MetricPoint("acc", 0.5, 1, 0)).Wait();
            RunCollection runs = RunCollection.FromStore(store, ["tr*"], "metrics.acc > 0.1");
            Assert.Equal(0.1, runs.Get(("lr", 0.1)).Number("lr"));
            Assert.Equal("train", runs[0].Experiment);
            Assert.Empty(RunCollection.FromStore(store, ["other"]));
        }
        finally
        {
            store.DisposeAsync().AsTask().Wait();
        }
    }

    private sealed record Model(string Name);
}
