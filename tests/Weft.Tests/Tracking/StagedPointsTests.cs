using Weft.Records;
using Weft.Support;
using Weft.Tracking;

namespace Weft.Tests.Tracking;

/// <summary>Points wait in a table of their own before they stand where they are read: nobody who reads may see that.</summary>
public sealed class StagedPointsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Points_that_a_killed_process_left_are_seen_by_the_next()
    {
        RunInfo run = await NewRun();
        Leave(run, [Point("loss", 0.5, 1), Point("loss", double.NaN, 2), Point("acc", 0.25, 1)]);
        await using TrackingStore store = OpenStore();
        Assert.Equal(["acc 0.25@1", "loss NaN@2"], store.Runs.Get(run.Id).Metrics.Select(Show));
        Assert.Equal(run.Id, Assert.Single(store.Search.Find(new RunQuery([0], "metrics.acc = 0.25")).Items).Info.Id);
    }

    [Theory]
    [InlineData("history")]
    [InlineData("bulk")]
    [InlineData("interval")]
    [InlineData("search")]
    [InlineData("json")]
    [InlineData("name")]
    public async Task Every_way_to_read_sees_them(string way)
    {
        RunInfo run = await NewRun();
        Leave(run, [Point("m", 0.5, 1)]);
        await using TrackingStore store = OpenStore();
        var seen = new List<double>();
        void See(RunId id, in MetricPoint point) => seen.Add(point.Value);
        switch (way)
        {
            case "history":
                store.History.Read(run.Id, "m", null, null, See);
                break;
            case "bulk":
                store.History.ReadBulk([run.Id], "m", 10, See);
                break;
            case "interval":
                store.History.ReadInterval([run.Id], "m", null, null, 10, See);
                break;
            case "search":
                seen.AddRange(store.Search.Find(new RunQuery([0])).Items[0].Metrics.Select(metric => metric.Last.Value));
                break;
            case "json":
                store.Search.Visit(new RunQuery([0]), (_, json) => seen.Add(json.IndexOf("0.5"u8) > 0 ? 0.5 : 0));
                break;
            default:
                seen.Add(store.Search.IsMetric("m") ? 0.5 : 0);
                break;
        }
        Assert.Equal([0.5], seen);
    }

    [Fact]
    public async Task More_points_than_are_moved_at_once_all_find_their_place()
    {
        RunInfo run = await NewRun();
        // Each batch repeats the last thousand steps of the one before.
        for (int batch = 0; batch < 5; batch++)
            Leave(run, [.. Enumerable.Range(batch * 6000, 7000).SelectMany(step => new[] { Point("a", step, step), Point("b", -step, step) })]);
        await using TrackingStore store = OpenStore();
        MetricSummary[] metrics = [.. store.Runs.Get(run.Id).Metrics];
        Assert.Equal(["a 30999@30999", "b -30999@30999"], metrics.Select(Show));
        Assert.Equal((0, 30999, -30999, 0), (metrics[0].Min, metrics[0].Max, metrics[1].Min, metrics[1].Max));
        int count = 0;
        store.History.Read(run.Id, "b", null, null, (RunId _, in MetricPoint point) => Assert.Equal(-count++, point.Value));
        Assert.Equal(31000, count);
    }

    [Fact]
    public async Task Points_of_a_run_that_is_gone_are_dropped()
    {
        RunInfo run = await NewRun();
        Leave(run with { Row = run.Row + 1000 }, [Point("m", 1, 1)]);
        await using (TrackingStore store = OpenStore())
            store.Settling.SettleAll();
        Assert.Equal((0, 0), (Count("staged"), Count("series")));
    }

    [Fact]
    public async Task Nothing_waits_in_a_run_that_ended_nor_in_a_store_that_was_closed()
    {
        RunInfo first = await NewRun(), second = await NewRun();
        await using (TrackingStore store = OpenStore())
        {
            await store.Runs.LogMetricAsync(first.Id, Point("m", 1, 1));
            await store.Runs.UpdateAsync(first.Id, new RunChange(RunStatus.Finished, 5));
            Assert.Equal(0, Count("staged"));
            await store.Runs.LogMetricAsync(second.Id, Point("m", 1, 1));
        }
        Assert.Equal((0, 2), (Count("staged"), Count("series")));
    }

    [Fact]
    public async Task What_was_acknowledged_is_found_at_once()
    {
        RunInfo run = await NewRun();
        await using TrackingStore store = OpenStore();
        for (int step = 0; step < 100; step++)
        {
            await store.Runs.LogMetricAsync(run.Id, Point("m", step, step));
            Assert.Single(store.Search.Find(new RunQuery([0], $"metrics.m = {step}")).Items);
        }
    }

    private async Task<RunInfo> NewRun()
    {
        await using TrackingStore store = OpenStore();
        return (await store.Runs.CreateAsync(new NewRun(0))).Info;
    }

    private TrackingStore OpenStore() => TestRecords.OpenStore(_folder, new TrackingOptions("mlflow-artifacts:/"));

    /// <summary>Takes points as a process that is killed right after its commit.</summary>
    private void Leave(RunInfo run, MetricPoint[] points)
    {
        using Database database = TestRecords.Open(_folder);
        using Transaction write = database.BeginWrite(CancellationToken.None);
        MetricLog.Take(new WriteTurn(database, TimeProvider.System), run, points);
        write.Commit();
    }

    private int Count(string table)
    {
        using Database database = TestRecords.Open(_folder);
        return (int)database.Prepare($"SELECT count(*) FROM {table}").QueryLong()!.Value;
    }

    private static MetricPoint Point(string key, double value, long step) => new(key, value, 1000 + step, step);

    private static string Show(MetricSummary metric) => $"{metric.Last.Key} {metric.Last.Value}@{metric.Last.Step}";
}
