using System.Globalization;
using System.Text;
using Weft.Support;
using Weft.Text;
using Weft.Tracking;
using Weft.Tracking.Exchange;

namespace Weft.Tests.Tracking.Exchange;

/// <summary>
/// A store goes out and comes back: what is in the second is what was in the first, to the last point. Both are compared as text that names
/// everything, so that a field that nobody carries over shows.
/// </summary>
public sealed class ExchangeTests : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TrackingStore _store;

    public ExchangeTests() => _store = Open("first.db");

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("database")]
    [InlineData("files")]
    public async Task What_goes_out_comes_back(string form)
    {
        await FillAsync(_store, withLoggedModels: form == "files");
        await ExportAsync(form);
        await using TrackingStore second = Open("second.db");
        await ImportAsync(form, second);
        Assert.Equal(Print(_store), Print(second));
    }

    [Theory]
    [InlineData("database")]
    [InlineData("files")]
    public async Task Once_more_changes_nothing(string form)
    {
        await FillAsync(_store, withLoggedModels: false);
        CopyProgress first = await ExportAsync(form);
        CopyProgress again = await ExportAsync(form);
        Assert.Equal((5, 0), (first.Runs, first.Present));
        Assert.Equal((0, 5), (again.Runs, again.Present));
        await using TrackingStore second = Open("second.db");
        await ImportAsync(form, second);
        string once = Print(second);
        Assert.Equal(5, (await ImportAsync(form, second)).Present);
        Assert.Equal(once, Print(second));
    }

    [Theory]
    [InlineData("database")]
    [InlineData("files")]
    public async Task A_copy_that_dies_anywhere_is_gone_on_with(string form)
    {
        var pointByPoint = new CopyOptions { PointsPerTurn = 1 };
        await FillAsync(_store, withLoggedModels: false);
        for (int dieAt = 1; ; dieAt++)
        {
            using (var dying = new DyingSource(Source(), dieAt))
            await using (RunTarget target = Target(form))
            {
                try
                {
                    await Copying.RunAsync(dying, target, pointByPoint, _ => { }, default);
                    break;
                }
                catch (DiedException)
                {
                }
            }
        }
        await using TrackingStore second = Open("second.db");
        for (int dieAt = 1; ; dieAt++)
        {
            using var dying = new DyingSource(Origin(form), dieAt);
            await using RunTarget target = new StoreTarget(second, _folder.Path("artifacts"));
            try
            {
                await Copying.RunAsync(dying, target, pointByPoint, _ => { }, default);
                break;
            }
            catch (DiedException)
            {
            }
        }
        Assert.Equal(Print(_store), Print(second));
    }

    [Theory]
    [InlineData("database")]
    [InlineData("files")]
    public async Task Files_of_runs_are_copied_and_named_where_they_are_now(string form)
    {
        string location = _folder.Path("there");
        long experiment = await _store.Experiments.CreateAsync("with files", location, []);
        Run run = await _store.Runs.CreateAsync(new NewRun(experiment));
        _folder.Write($"there/{run.Info.Id}/artifacts/model/MLmodel", "flavors: {}");
        _folder.Write($"there/{run.Info.Id}/artifacts/größe.txt", "5");
        await ExportAsync(form, copies: true);
        await using TrackingStore second = Open("second.db");
        await ImportAsync(form, second, copies: true);
        long id = second.Experiments.FindByName("with files")!.Id;
        Assert.Equal($"mlflow-artifacts:/{id}/{run.Info.Id}/artifacts", second.Runs.GetInfo(run.Info.Id).ArtifactUri);
        Assert.Equal("flavors: {}", File.ReadAllText(_folder.Path($"artifacts/{id}/{run.Info.Id}/artifacts/model/MLmodel")));
        Assert.Equal("5", File.ReadAllText(_folder.Path($"artifacts/{id}/{run.Info.Id}/artifacts/größe.txt")));
    }

    [Fact]
    public async Task An_experiment_whose_number_is_taken_gets_another_and_one_whose_name_is_known_joins_it()
    {
        long a = await _store.Experiments.CreateAsync("a", null, []);
        long b = await _store.Experiments.CreateAsync("b", null, []);
        RunId ofA = (await _store.Runs.CreateAsync(new NewRun(a))).Info.Id;
        RunId ofB = (await _store.Runs.CreateAsync(new NewRun(b))).Info.Id;
        await ExportAsync("database");
        await using TrackingStore second = Open("second.db");
        long other = await second.Experiments.CreateAsync("b", null, []);
        await ImportAsync("database", second);
        Assert.Equal(other, second.Runs.GetInfo(ofB).Experiment);
        Assert.Equal("a", second.Experiments.Get(second.Runs.GetInfo(ofA).Experiment).Name);
        Assert.True(await second.Experiments.CreateAsync("c", null, []) > second.Runs.GetInfo(ofA).Experiment);
    }

    [Theory]
    [InlineData("../../evil")]
    [InlineData("a/b")]
    public async Task A_key_that_is_no_file_of_its_own_is_refused_before_anything_lies_elsewhere(string key)
    {
        using (var source = new OneRunSource([new Label("a", "1"), new Label(key, "x")]))
        await using (RunTarget target = new MlflowFilesTarget(_folder.Path("deep/down/mlruns"), copiesArtifacts: false))
        {
            DiagnosticException refused = await Assert.ThrowsAsync<DiagnosticException>(() => Copying.RunAsync(source, target, new CopyOptions(), _ => { }, default));
            Assert.Equal("export/file-name", refused.Diagnostics.Single().Id);
        }
        Assert.DoesNotContain(Directory.EnumerateFiles(_folder.Root, "*", SearchOption.AllDirectories), file => file.EndsWith("evil", StringComparison.Ordinal));
    }

    internal static async Task FillAsync(TrackingStore store, bool withLoggedModels)
    {
        long iris = await store.Experiments.CreateAsync("iris 花", "/data/iris", [new Label("mlflow.note.content", "two\nlines: \"quoted\" 'so' \\ # not a comment")]);
        long gone = await store.Experiments.CreateAsync("gone", null, []);
        RunId parent = (await store.Runs.CreateAsync(new NewRun(iris, "parent", "anna", 1_700_000_000_000))).Info.Id;
        Run child = await store.Runs.CreateAsync(new NewRun(iris, "child", "anna", 5) { Labels = [new Label("mlflow.parentRunId", parent.Value)] });
        RunId id = child.Info.Id;
        await store.Runs.LogBatchAsync(id, new Batch
        {
            Params = [new Param("lr", "0.1"), new Param("empty", ""), new Param("opt/name", "adam\nw"), new Param("emoji", "😀 größe\r\n"), new Param("colon:key", "yes")],
            Labels = [new Label("null", "null"), new Label("ünï/côde", "~")],
            Metrics = new[]
            {
                new MetricPoint("loss", 0.1, 1, 0), new MetricPoint("loss", double.NaN, 2, 1), new MetricPoint("loss", double.PositiveInfinity, 3, 2),
                new MetricPoint("loss", double.NegativeInfinity, 3, 3), new MetricPoint("loss", 1e-7, 4, -5), new MetricPoint("loss", 5e-324, 4, 4),
                new MetricPoint("loss", 0.3, 4, 4), new MetricPoint("val/acc", 1.0 / 3, 1_700_000_000_123, long.MaxValue),
            },
        });
        await store.Runs.UpdateAsync(id, new RunChange(RunStatus.Failed, 1_700_000_000_999));
        var dataset = new Dataset("train", "abc123", "local", """{"uri": "x"}""", """{"mlflow_colspec": []}""", null);
        await store.Inputs.LogInputsAsync(id, [new DatasetInput(dataset, [new Label("mlflow.data.context", "training")]), new DatasetInput(dataset with { Name = "eval", Schema = null }, [])],
            withLoggedModels ? ["m-0123456789abcdef0123456789abcdef"] : []);
        await store.Inputs.LogInputsAsync(parent, [new DatasetInput(dataset, [])], []);
        if (withLoggedModels)
            await store.Inputs.LogOutputsAsync(id, [new ModelOutput(await LogModelAsync(store, iris, id), 7)]);
        await TraceAsync(store, iris, withLoggedModels);
        RunId deleted = (await store.Runs.CreateAsync(new NewRun(iris, "deleted", Started: 7))).Info.Id;
        await store.Runs.DeleteAsync(deleted);
        await store.Runs.CreateAsync(new NewRun(gone, "in a deleted one", Started: 9));
        await store.Experiments.DeleteAsync(gone);
        await store.Runs.CreateAsync(new NewRun(0, "in the first", Started: 8));
        await store.Registry.CreateAsync("iris model", "what it is\nand more", [new Label("team", "a: b")]);
        await store.Registry.CreateVersionAsync(new NewModelVersion("iris model", "/data/iris/m") { Run = id.Value, Description = "d", Labels = [new Label("k", "v")] });
        await store.Registry.CreateVersionAsync(new NewModelVersion("iris model", "s3://bucket/m2") { RunLink = "http://x" });
        await store.Registry.TransitionAsync("iris model", 2, "Production", archivesOthers: false);
        await store.Registry.SetAliasAsync("iris model", "champion", 2);
        await store.Registry.CreateAsync("empty", null, []);
    }

    /// <summary>A logged model with values that were measured on a dataset and on none, and one that was deleted.</summary>
    private static async Task<string> LogModelAsync(TrackingStore store, long experiment, RunId run)
    {
        LoggedModel model = await store.LoggedModels.CreateAsync(experiment, "forest", "sklearn", run.Value, [new Param("depth", "7\n")], [new Label("team", "a: b")]);
        await store.LoggedModels.FinalizeAsync(model.Id, LoggedModelStatus.Ready);
        foreach (MetricPoint point in new[] { new MetricPoint("val/acc", 0.1 + 0.2, 5, 1), new MetricPoint("val/acc", double.NaN, 6, 2) { Subject = new MetricSubject(null, "train", "abc123") } })
            await store.Runs.LogMetricAsync(run, point with { Subject = new MetricSubject(model.Id, point.Subject?.DatasetName, point.Subject?.DatasetDigest) });
        await store.LoggedModels.DeleteAsync((await store.LoggedModels.CreateAsync(experiment, "gone", null, null, [], [])).Id);
        return model.Id;
    }

    /// <param name="isNew">With what MLflow's version 3 added.</param>
    private static Task TraceAsync(TrackingStore store, long experiment, bool isNew) => store.Traces.StartAsync(new Trace("tr-1", experiment, 1_700_000_000_123, 1500, "ERROR")
    {
        Labels = [new Label("k", "größe\n")],
        Metadata = [new Label("mlflow.trace.session", "s")],
        ClientId = isNew ? "c" : null,
        RequestPreview = isNew ? "{\"q\": \"why: \\\"x\\\"\"}" : null,
        ResponsePreview = isNew ? "because" : null,
    });

    /// <summary>Everything of a store as text.</summary>
    internal static string Print(TrackingStore store)
    {
        var text = new StringBuilder();
        using var source = new StoreSource(store, "/nowhere");
        foreach (ExperimentEntry entry in source.Experiments())
        {
            Experiment experiment = entry.Experiment;
            text.AppendLine(CultureInfo.InvariantCulture, $"{entry.Key} {experiment with { Labels = [] }} {string.Join(';', experiment.Labels)}");
            foreach (RunEntry run in source.Runs(entry, _ => false).OrderBy(run => run.Id.Value, StringComparer.Ordinal))
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"  {run.Run.Info} deleted {run.Deleted}");
                text.AppendLine($"    {string.Join(';', run.Run.Params)}").AppendLine($"    {string.Join(';', run.Run.Labels)}").AppendLine($"    {string.Join(';', run.Run.Metrics)}");
                text.AppendLine($"    {string.Join(';', run.Run.Datasets.Select(input => $"{input.Dataset} {string.Join(',', input.Labels)}"))}");
                text.AppendLine($"    {string.Join(';', run.Run.ModelInputs)} {string.Join(';', run.Run.ModelOutputs)}");
                foreach (MetricPoint point in source.Points(run).SelectMany(page => page.ToArray()).OrderBy(point => (point.Key, point.Step, point.Timestamp, point.Value)))
                    text.AppendLine(CultureInfo.InvariantCulture, $"      {point}");
            }
            foreach (LoggedModel model in source.LoggedModels(entry))
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"  {model with { Labels = [], Params = [], Metrics = [] }}");
                text.AppendLine($"    {string.Join(';', model.Labels)} {string.Join(';', model.Params)} {string.Join(';', model.Metrics)}");
            }
            foreach (TraceEntry trace in source.Traces(entry))
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"  {trace.Trace with { Labels = [], Metadata = [], Assessments = [] }}");
                text.AppendLine($"    {string.Join(';', trace.Trace.Labels)} {string.Join(';', trace.Trace.Metadata)} {string.Join(';', trace.Spans)} {string.Join(';', trace.Runs)}");
            }
        }
        foreach (ModelEntry model in source.Models())
        {
            text.AppendLine($"{model.Model with { Labels = [], Latest = [], Aliases = [] }} {string.Join(';', model.Model.Labels)} {string.Join(';', model.Model.Aliases)}");
            foreach (ModelVersion version in model.Versions)
                text.AppendLine($"  {version with { Labels = [], Aliases = [] }} {string.Join(';', version.Labels)} {string.Join(';', version.Aliases)}");
        }
        return text.ToString();
    }

    private TrackingStore Open(string name) => TrackingStore.Open(_folder.Path(name), new TrackingOptions("mlflow-artifacts:/"), TimeProvider.System);

    private StoreSource Source() => new(_store, _folder.Path("artifacts-of-first"));

    private RunTarget Target(string form, bool copies = false) => form == "database"
        ? new MlflowDatabaseTarget(_folder.Path("mlflow.db"), copies ? _folder.Path("mlartifacts") : null, TimeProvider.System)
        : new MlflowFilesTarget(_folder.Path("mlruns"), copies);

    private RunSource Origin(string form) => form == "database" ? new MlflowDatabase(_folder.Path("mlflow.db"), TimeProvider.System) : new MlflowFiles(_folder.Path("mlruns"));

    private async Task<CopyProgress> ExportAsync(string form, bool copies = false)
    {
        using StoreSource source = Source();
        await using RunTarget target = Target(form, copies);
        return await Copying.RunAsync(source, target, new CopyOptions(copies), _ => { }, default);
    }

    private async Task<CopyProgress> ImportAsync(string form, TrackingStore store, bool copies = false)
    {
        using RunSource source = Origin(form);
        await using RunTarget target = new StoreTarget(store, _folder.Path("artifacts"));
        CopyProgress done = await Copying.RunAsync(source, target, new CopyOptions(copies), _ => { }, default);
        Assert.Empty(source.Skipped);
        return done;
    }

    /// <summary>A source whose process dies at the n-th thing that is read from it. Each page of points has one point, so that runs come in parts.</summary>
    private sealed class DyingSource(RunSource inner, int dieAt) : RunSource
    {
        private int _read;

        public override IReadOnlyList<ExperimentEntry> Experiments() => inner.Experiments();

        public override long? CountRuns(ExperimentEntry experiment) => inner.CountRuns(experiment);

        public override IEnumerable<RunEntry> Runs(ExperimentEntry experiment, Predicate<RunId> skips) => inner.Runs(experiment, skips).Select(Count);

        public override IEnumerable<ReadOnlyMemory<MetricPoint>> Points(RunEntry run) =>
            inner.Points(run).SelectMany(page => Enumerable.Range(0, page.Length).Select(i => page.Slice(i, 1))).Select(Count);

        public override IEnumerable<ModelEntry> Models() => inner.Models().Select(Count);

        public override IEnumerable<LoggedModel> LoggedModels(ExperimentEntry experiment) => inner.LoggedModels(experiment).Select(Count);

        public override IEnumerable<TraceEntry> Traces(ExperimentEntry experiment) => inner.Traces(experiment).Select(Count);

        public override void Dispose()
        {
            inner.Dispose();
            base.Dispose();
        }

        private T Count<T>(T item) => ++_read == dieAt ? throw new DiedException() : item;
    }

    /// <summary>One run with some params.</summary>
    private sealed class OneRunSource(Label[] parameters) : RunSource
    {
        public override IReadOnlyList<ExperimentEntry> Experiments() => [new ExperimentEntry("1", new Experiment(1, "e", "/e", LifecycleStage.Active, 0, 0, []))];

        public override long? CountRuns(ExperimentEntry experiment) => 1;

        public override IEnumerable<RunEntry> Runs(ExperimentEntry experiment, Predicate<RunId> skips) =>
            [new RunEntry(new Run(new RunInfo(new RunId("r1"), 1, "n", "", RunStatus.Finished, 0, null, "/e/r1/artifacts", LifecycleStage.Active)) { Params = [.. parameters.Select(label => new Param(label.Key, label.Value))] })];

        public override IEnumerable<ReadOnlyMemory<MetricPoint>> Points(RunEntry run) => [];

        public override IEnumerable<ModelEntry> Models() => [];
    }
}
