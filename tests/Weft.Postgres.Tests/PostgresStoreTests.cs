using Weft.Support;
using Weft.Tests;
using Weft.Tracking;

namespace Weft.Postgres.Tests;

/// <summary>The tracking store where SQLite's suite cannot go: several processes' stores at once, and connections that break under it.</summary>
public sealed class PostgresStoreTests : IDisposable
{
    private static readonly TrackingOptions Options = new("mlflow-artifacts:/");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Two_servers_on_one_store_name_the_same_keys_and_lose_nothing()
    {
        await using TrackingStore one = Open(TestRecords.Address(_folder));
        await using TrackingStore two = Open(TestRecords.Address(_folder));
        RunId shared = (await one.Runs.CreateAsync(new NewRun(0, "shared"))).Info.Id;
        await Task.WhenAll(Enumerable.Range(0, 60).Select(i => Task.Run(async () =>
        {
            TrackingStore store = i % 2 == 0 ? one : two;
            long experiment = await store.Experiments.CreateAsync($"e{i / 6}", null, [], mayExist: true);
            RunId run = (await store.Runs.CreateAsync(new NewRun(experiment, $"r{i}"))).Info.Id;
            await store.Runs.LogBatchAsync(run, new Batch { Params = [new Param($"p{i % 7}", "1")], Metrics = new[] { new MetricPoint($"m{i % 5}", i, i, i) } });
            await store.Runs.LogMetricAsync(shared, new MetricPoint("loss", i, i, i));
        })));
        Assert.Equal(Enumerable.Range(0, 60).Select(step => (long)step), Steps(two, shared, "loss"));
        Assert.Equal(59, one.Runs.Get(shared).Metrics[0].Last.Step);
        long[] experiments = [.. Enumerable.Range(0, 10).Select(i => one.Experiments.FindByName($"e{i}")!.Id)];
        Assert.Equal(60, two.Search.Find(new RunQuery(experiments)).Items.Length);
        Assert.Equal(12, one.Search.Find(new RunQuery(experiments, "metrics.m3 >= 0")).Items.Length);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Commits_that_are_cut_off_are_done_again_and_nothing_twice(bool isHeard)
    {
        await using (Open(TestRecords.Address(_folder)))
        {
        }
        using var proxy = new CuttingProxy(TestRecords.Address(_folder), PostgresServer.Shared.Folder) { CutsAnswer = isHeard };
        await using TrackingStore store = Open(proxy.Address);
        RunId run = (await store.Runs.CreateAsync(new NewRun(0))).Info.Id;
        for (int i = 0; i < 5; i++)
        {
            proxy.Cut(1);
            // Creating is what could not be repeated blindly: the name would be taken.
            long id = await store.Experiments.CreateAsync($"e{i}", null, []);
            Assert.Equal($"e{i}", store.Experiments.Get(id).Name);
            proxy.Cut(1);
            await store.Runs.LogMetricAsync(run, new MetricPoint("m", i, i, i));
        }
        Assert.Equal([0, 1, 2, 3, 4], Steps(store, run, "m"));
    }

    [Fact]
    public async Task More_readers_than_connections_take_turns()
    {
        await using TrackingStore store = Open(TestRecords.Address(_folder));
        Task<string>[] reads = [.. Enumerable.Range(0, 64).Select(_ => Task.Factory.StartNew(() => store.Experiments.Get(0).Name, TaskCreationOptions.LongRunning))];
        Assert.All(await Task.WhenAll(reads), name => Assert.Equal("Default", name));
    }

    private static TrackingStore Open(string address) => PostgresStore.Open(address, Options, TimeProvider.System);

    private static List<long> Steps(TrackingStore store, RunId run, string key)
    {
        var steps = new List<long>();
        store.History.Read(run, key, null, null, (RunId _, in MetricPoint point) => steps.Add(point.Step));
        return steps;
    }
}
