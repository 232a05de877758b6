using System.Text.Json;

namespace Weft.Server.Tests;

public sealed class MetricTests : IAsyncLifetime
{
    private TestServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_history_is_ordered_by_time_step_and_value()
    {
        string run = await _server.NewRun();
        await Log(run, (3, 5, 1), (1, 5, 1), (2, 4, 9), (0, 5, 0));
        Assert.Equal("2@4/9 0@5/0 1@5/1 3@5/1", Points(await _server.Get($"metrics/get-history?run_id={run}&metric_key=m")));
    }

    [Fact]
    public async Task A_history_is_read_in_pages()
    {
        string run = await _server.NewRun();
        await Log(run, [.. Enumerable.Range(0, 5).Select(i => ((double)i, (long)i, (long)i))]);
        var all = new List<string>();
        string path = $"metrics/get-history?run_id={run}&metric_key=m&max_results=2";
        for (string? token = ""; token is not null;)
        {
            Answer page = await _server.Get(path + (token.Length > 0 ? "&page_token=" + Uri.EscapeDataString(token) : ""));
            all.Add(Points(page));
            token = page.Json.TryGetProperty("next_page_token", out JsonElement next) ? next.GetString() : null;
        }
        Assert.Equal(["0@0/0 1@1/1", "2@2/2 3@3/3", "4@4/4"], all);
        Assert.Equal("3@3/3 4@4/4", Points(await _server.Get(path + "&page_token=" + Token("""{"offset": 3}"""))));
        foreach (string place in new[] { "5", "[1, 2]", """[1, 2, 3, 4, "x", 0]""", "[1, 2, 3, 4, 5.5, 0]" })
            Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Get(path + "&page_token=" + Token($$"""{"offset": 3, "place": {{place}}}"""))).Error);

        static string Token(string json) => Uri.EscapeDataString(Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(json)));
    }

    [Fact]
    public async Task An_unknown_metric_has_no_points_and_an_unknown_run_is_told()
    {
        string run = await _server.NewRun();
        Assert.Equal("{}", (await _server.Get($"metrics/get-history?run_id={run}&metric_key=nobody")).Body);
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Get("metrics/get-history?run_id=nobody&metric_key=m")).Error);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Get($"metrics/get-history?run_id={run}")).Error);
    }

    [Fact]
    public async Task Bulk_is_by_run_then_time_and_cut_in_total()
    {
        string[] runs = [.. new[] { await _server.NewRun(), await _server.NewRun() }.Order(StringComparer.Ordinal)];
        foreach (string run in runs)
            await Log(run, (2, 2, 2), (1, 1, 1));
        Answer answer = await _server.Get($"/ajax-api/2.0/mlflow/metrics/get-history-bulk?run_id={runs[1]}&run_id={runs[0]}&metric_key=m&max_results=3");
        Assert.Equal("1@1/1 2@2/2 1@1/1", Points(answer));
        Assert.Equal([runs[0], runs[0], runs[1]], answer.Json.GetProperty("metrics").EnumerateArray().Select(point => point.GetProperty("run_id").GetString()));
        string many = string.Join('&', Enumerable.Range(0, 101).Select(i => "run_id=r" + i));
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Get($"/ajax-api/2.0/mlflow/metrics/get-history-bulk?{many}&metric_key=m")).Error);
    }

    [Fact]
    public async Task An_interval_samples_the_same_steps_of_all_runs_and_keeps_each_end()
    {
        string longer = await _server.NewRun(), shorter = await _server.NewRun();
        await Log(longer, [.. Enumerable.Range(0, 10).Select(i => ((double)i, (long)i, (long)i))]);
        await Log(shorter, [.. Enumerable.Range(1, 4).Select(i => ((double)i, (long)i, (long)i))]);
        // Ten steps in all, three of them: 0, 3, 6 and the last, 9; and the second run's own ends, 1 and 4.
        Answer answer = await Interval(longer, shorter, "&max_results=3");
        Assert.Equal("0 1 3 4 6 9", Steps(answer, longer));
        Assert.Equal("1 3 4", Steps(answer, shorter));
        answer = await Interval(longer, shorter, "&start_step=2&end_step=3");
        Assert.Equal("2 3", Steps(answer, longer));
        Assert.Equal("2 3", Steps(answer, shorter));
    }

    [Theory]
    [InlineData("&start_step=1")]
    [InlineData("&end_step=1")]
    [InlineData("&start_step=2&end_step=1")]
    [InlineData("&max_results=0")]
    [InlineData("&max_results=2501")]
    public async Task A_wrong_interval_is_refused(string query) =>
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await Interval("a", "b", query)).Error);

    private Task<Answer> Interval(string first, string second, string query) =>
        _server.Get($"/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?run_ids={first}&run_ids={second}&metric_key=m{query}");

    private async Task Log(string run, params (double Value, long Timestamp, long Step)[] points) => Assert.Equal("{}", (await _server.Post("runs/log-batch", JsonSerializer.Serialize(new
    {
        run_id = run,
        metrics = points.Select(point => new { key = "m", value = point.Value, timestamp = point.Timestamp, step = point.Step }),
    }))).Body);

    private static string Points(Answer answer) => string.Join(' ', answer.Json.GetProperty("metrics").EnumerateArray()
        .Select(point => $"{point.GetProperty("value").GetDouble()}@{point.GetProperty("timestamp").GetInt64()}/{point.GetProperty("step").GetInt64()}"));

    private static string Steps(Answer answer, string run) => string.Join(' ', answer.Json.GetProperty("metrics").EnumerateArray()
        .Where(point => point.GetProperty("run_id").GetString() == run).Select(point => point.GetProperty("step").GetInt64()));
}
