using System.Net.Http.Headers;
using Weft.Support;
using Weft.Tracking;
using Weft.Tracking.Exchange;

namespace Weft.Server.Tests;

/// <summary>A server's experiments are read through its REST API, as any MLflow server's.</summary>
public sealed class ImportFromServerTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private TestServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync(options => options with { Access = new Access.Token("secret") });

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Everything_a_server_tells_is_taken_over()
    {
        TrackingStore there = _server.Server.Store;
        long experiment = await there.Experiments.CreateAsync("it's \"iris\"", null, [new Label("k", "v")]);
        RunId id = (await there.Runs.CreateAsync(new NewRun(experiment, "owl", "anna", 5))).Info.Id;
        await there.Runs.LogBatchAsync(id, new Batch
        {
            Params = [new Param("lr", "0.1"), new Param("größe", "😀")],
            Metrics = new[] { new MetricPoint("a/b c", double.NaN, 1, -1), new MetricPoint("a/b c", 0.1, 2, 0), new MetricPoint("z", double.PositiveInfinity, 3, long.MaxValue) },
        });
        for (int i = 0; i < 30; i++)
        {
            await there.Runs.LogBatchAsync(id, new Batch { Metrics = Enumerable.Range(i * 1000, 1000).Select(step => new MetricPoint("long", step / 7.0, step, step)).ToArray() });
        }
        await there.Inputs.LogInputsAsync(id, [new DatasetInput(new Dataset("train", "abc", "local", "x", "{}", null), [new Label("mlflow.data.context", "eval")])], []);
        await there.Runs.UpdateAsync(id, new RunChange(RunStatus.Finished, 9));
        RunId deleted = (await there.Runs.CreateAsync(new NewRun(0, "deleted"))).Info.Id;
        await there.Runs.DeleteAsync(deleted);
        await there.Registry.CreateAsync("it's a model", "d", [new Label("t", "u")]);
        await there.Registry.CreateVersionAsync(new NewModelVersion("it's a model", "s3://b/m") { Run = id.Value });
        await there.Registry.SetAliasAsync("it's a model", "best", 1);
        LoggedModel logged = await there.LoggedModels.CreateAsync(experiment, "forest", "sklearn", id.Value, [new Param("depth", "7")], [new Label("team", "a")]);
        await there.Runs.LogMetricAsync(id, new MetricPoint("acc", 0.5, 1, 2) { Subject = new MetricSubject(logged.Id, null, null) });
        _server.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "secret");
        using var file = new ByteArrayContent([1, 2, 3]);
        (await _server.Client.PutAsync($"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{id}/artifacts/model/w%20eights.bin", file, TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();

        await using TrackingStore here = TrackingStore.Open(_folder.Path("weft.db"), new TrackingOptions("mlflow-artifacts:/"), TimeProvider.System);
        using (var source = new MlflowServer(_server.Address, new AuthenticationHeaderValue("Bearer", "secret")))
        await using (var target = new StoreTarget(here, _folder.Path("artifacts")))
        {
            CopyProgress done = await Copying.RunAsync(source, target, new CopyOptions(CopiesArtifacts: true), _ => { }, default);
            Assert.Equal((2, 2, 30_004, 1, 1), (done.Experiments, done.Runs, done.Points, done.Models, done.LoggedModels));
        }
        Run before = there.Runs.Get(id);
        Run after = here.Runs.Get(id);
        Assert.Equal(before.Info with { Row = 0, ArtifactUri = "" }, after.Info with { Row = 0, ArtifactUri = "" });
        Assert.Equal(before.Params, after.Params);
        Assert.Equal(before.Labels, after.Labels);
        Assert.Equal(before.Metrics, after.Metrics);
        Assert.Equal(before.Datasets[0].Dataset, after.Datasets[0].Dataset);
        Assert.Equal(before.Datasets[0].Labels, after.Datasets[0].Labels);
        Assert.Equal(LifecycleStage.Deleted, here.Runs.GetInfo(deleted).Stage);
        Assert.Equal(there.Experiments.Get(experiment).Labels, here.Experiments.FindByName("it's \"iris\"")!.Labels);
        LoggedModel taken = here.LoggedModels.Get(logged.Id), asked = there.LoggedModels.Get(logged.Id);
        Assert.Equal(asked with { Experiment = 0, Labels = [], Params = [], Metrics = [] }, taken with { Experiment = 0, Labels = [], Params = [], Metrics = [] });
        Assert.Equal((asked.Labels[0], asked.Params[0], asked.Metrics[0]), (taken.Labels[0], taken.Params[0], taken.Metrics[0]));
        Assert.Equal("s3://b/m", here.Registry.GetByAlias("it's a model", "best").Source);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(_folder.Path($"artifacts/{experiment}/{id}/artifacts/model/w eights.bin")));
    }

    [Fact]
    public async Task A_refusal_is_said_in_the_servers_words()
    {
        await using TrackingStore here = TrackingStore.Open(_folder.Path("weft.db"), new TrackingOptions("mlflow-artifacts:/"), TimeProvider.System);
        using var source = new MlflowServer(_server.Address, null);
        TrackingException refused = Assert.Throws<TrackingException>(source.Experiments);
        Assert.EndsWith("experiments/search answered 401: You are not authenticated. Send a bearer token, or a user name and password.", refused.Message, StringComparison.Ordinal);
    }
}
