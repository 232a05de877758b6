using System.Text.Json;

namespace Weft.Server.Tests;

/// <summary>The rules that hold for every call: paths, bodies, members, errors, headers.</summary>
public sealed class TransportTests : IAsyncLifetime
{
    private TestServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Health_and_version_are_plain_text()
    {
        Answer health = await _server.Get("/health");
        Assert.Equal((200, "OK"), (health.Status, health.Body));
        Answer version = await _server.Get("/version");
        Assert.Matches(@"^3\.11\.\d+$", version.Body);
        Assert.Equal("""{"store_type":"SqlStore","workspaces_enabled":false}""", (await _server.Get("/api/3.0/mlflow/server-info")).Body);
    }

    [Fact]
    public async Task Requests_are_counted_for_prometheus()
    {
        await _server.Get("experiments/get?experiment_id=0");
        await _server.Get("experiments/get?experiment_id=77");
        string text = (await _server.Get("/metrics")).Body;
        Assert.Contains("weft_http_requests_total{status=\"2xx\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("weft_http_requests_total{status=\"4xx\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("weft_http_request_seconds_count 2\n", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", "/api/2.0/mlflow/nothing", 404)]
    [InlineData("GET", "/api/9.0/mlflow/runs/get", 404)]
    [InlineData("GET", "/", 404)]
    [InlineData("GET", "/api/2.0/mlflow/runs/create", 405)]
    [InlineData("DELETE", "/ajax-api/2.0/mlflow/experiments/search", 405)]
    public async Task Unknown_paths_and_verbs_are_told_apart(string verb, string path, int status) =>
        Assert.Equal(status, (await _server.Send(verb, path)).Status);

    [Fact]
    public async Task The_paths_of_web_pages_answer_the_same()
    {
        Answer answer = await _server.Get("/ajax-api/2.0/mlflow/experiments/get?experiment_id=0");
        Assert.Equal("Default", answer.Json.GetProperty("experiment").GetProperty("name").GetString());
        Assert.Equal("application/json", answer.Headers["Content-Type"]);
        Assert.Equal("nosniff", answer.Headers["X-Content-Type-Options"]);
        Assert.Equal("SAMEORIGIN", answer.Headers["X-Frame-Options"]);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("")]
    public async Task A_body_must_say_that_it_is_json(string type)
    {
        Answer answer = await _server.Send("POST", "experiments/create", """{"name":"a"}""", type);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", answer.Error);
        Assert.Contains("Content-Type", answer.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Parameters_of_the_media_type_do_not_matter() =>
        Assert.Equal(200, (await _server.Send("POST", "experiments/create", """{"name":"a"}""", "application/json; charset=utf-8")).Status);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("""{"name":null}""")]
    [InlineData("""{"name":""}""")]
    public async Task What_is_required_and_absent_is_named(string? body)
    {
        Answer answer = await _server.Send("POST", "experiments/create", body);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", answer.Error);
        Assert.StartsWith("Missing value for required parameter 'name'.", answer.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("3")]
    [InlineData("""{"name":"a"} x""")]
    [InlineData("""{"name":"\ud800"}""")]
    public async Task What_is_not_an_object_of_json_is_refused(string body) =>
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Post("experiments/create", body)).Error);

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"run_id":"x","metrics":[{]}""")]
    public async Task A_broken_batch_is_refused(string body) => Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Post("runs/log-batch", body)).Error);

    [Fact]
    public async Task Json_within_a_string_is_read_again()
    {
        Answer answer = await _server.Post("experiments/create", JsonSerializer.Serialize("""{"name":"twice"}"""));
        Assert.Equal(200, answer.Status);
    }

    [Fact]
    public async Task Deep_json_is_refused()
    {
        string deep = string.Concat(Enumerable.Repeat("[", 10_000)) + string.Concat(Enumerable.Repeat("]", 10_000));
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Post("experiments/create", $$"""{"name":"a","tags":{{deep}}}""")).Error);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Post("runs/log-batch", $$"""{"run_id":"a","other":{{deep}}}""")).Error);
    }

    [Fact]
    public async Task A_long_body_is_refused() =>
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Post("experiments/create", new string(' ', 17 * 1024 * 1024))).Error);

    [Fact]
    public async Task Names_are_snake_case_or_camel_case_and_others_are_ignored()
    {
        string run = await _server.NewRun("""{"experimentId":"0","runName":"camel","startTime":"12","userId":"","unknown":{"a":[1]}}""");
        JsonElement info = (await _server.Get("runs/get?run_id=" + run)).Json.GetProperty("run").GetProperty("info");
        Assert.Equal("camel", info.GetProperty("run_name").GetString());
        Assert.Equal(12, info.GetProperty("start_time").GetInt64());
        Assert.Equal("", info.GetProperty("user_id").GetString());
    }

    [Theory]
    [InlineData("5", "5")]
    [InlineData("\"5\"", "5")]
    [InlineData("5.0", "5")]
    [InlineData("-3", "-3")]
    public async Task Integers_are_numbers_or_digits(string step, string read)
    {
        string run = await _server.NewRun();
        Assert.Equal("{}", (await _server.Post("runs/log-metric", $$"""{"run_id":"{{run}}","key":"m","value":1,"timestamp":"1","step":{{step}}}""")).Body);
        Assert.Contains($"\"step\":{read}}}", (await _server.Get($"metrics/get-history?run_id={run}&metric_key=m")).Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1", "1.0")]
    [InlineData("1e300", "1e+300")]
    [InlineData("\"0.25\"", "0.25")]
    [InlineData("\"NaN\"", "\"NaN\"")]
    [InlineData("\"Infinity\"", "1.7976931348623157e+308")]
    [InlineData("\"-Infinity\"", "-1.7976931348623157e+308")]
    [InlineData("true", "1.0")]
    public async Task Doubles_have_a_point_or_an_exponent(string value, string read)
    {
        string run = await _server.NewRun();
        Assert.Equal("{}", (await _server.Post("runs/log-metric", $$"""{"run_id":"{{run}}","key":"m","value":{{value}},"timestamp":1}""")).Body);
        Assert.Equal("{}", (await _server.Post("runs/log-batch", $$"""{"run_id":"{{run}}","metrics":[{"key":"b","value":{{value}},"timestamp":1}]}""")).Body);
        Assert.Equal($$"""{"metrics":[{"key":"m","value":{{read}},"timestamp":1,"step":0}]}""", (await _server.Get($"metrics/get-history?run_id={run}&metric_key=m")).Body);
        Assert.Contains($"\"value\":{read},", (await _server.Get($"metrics/get-history?run_id={run}&metric_key=b")).Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("runs/update", """{"run_id":"RUN","status":"NOPE"}""", "status")]
    [InlineData("runs/log-metric", """{"run_id":"RUN","key":"m","value":"x","timestamp":1}""", "value")]
    [InlineData("runs/log-metric", """{"run_id":"RUN","key":"m","value":1,"timestamp":"x"}""", "timestamp")]
    [InlineData("runs/log-metric", """{"run_id":"RUN","key":3,"value":1,"timestamp":1}""", "key")]
    [InlineData("runs/log-parameter", """{"run_id":"RUN","key":"p","value":3}""", "value")]
    [InlineData("runs/search", """{"experiment_ids":"0"}""", "experiment_ids")]
    [InlineData("runs/search", """{"experiment_ids":["0"],"max_results":"many"}""", "max_results")]
    [InlineData("runs/log-batch", """{"run_id":"RUN","metrics":[{"key":"m","value":"x","timestamp":1}]}""", "metrics[0].value")]
    [InlineData("runs/log-batch", """{"run_id":"RUN","metrics":{}}""", "metrics")]
    [InlineData("runs/log-batch", """{"run_id":"RUN","params":[{"key":"p","value":1}]}""", "params[0].value")]
    public async Task A_value_of_the_wrong_type_is_named(string path, string body, string field)
    {
        string run = await _server.NewRun();
        Answer answer = await _server.Post(path, body.Replace("RUN", run, StringComparison.Ordinal));
        Assert.Equal("400 INVALID_PARAMETER_VALUE", answer.Error);
        Assert.Matches($"^Invalid value .* for parameter '{System.Text.RegularExpressions.Regex.Escape(field)}' supplied", answer.Message);
    }

    [Fact]
    public async Task Run_uuid_stands_for_run_id_and_run_id_wins()
    {
        string run = await _server.NewRun();
        Assert.Equal(200, (await _server.Get("runs/get?run_uuid=" + run)).Status);
        Assert.Equal(404, (await _server.Get($"runs/get?run_uuid={run}&run_id=other")).Status);
    }

    [Fact]
    public async Task A_repeated_parameter_may_be_written_with_brackets()
    {
        string run = await _server.NewRun();
        await _server.Post("runs/log-metric", $$"""{"run_id":"{{run}}","key":"m","value":1,"timestamp":1}""");
        Answer answer = await _server.Get($"/ajax-api/2.0/mlflow/metrics/get-history-bulk?run_id[]={run}&metric_key=m");
        Assert.Equal($$"""{"metrics":[{"key":"m","value":1.0,"timestamp":1,"step":0,"run_id":"{{run}}"}]}""", answer.Body);
    }

    [Fact]
    public async Task Requests_are_logged_counted_and_traced()
    {
        using var lines = new StringWriter();
        using var log = new LineLog(lines, TimeProvider.System, Microsoft.Extensions.Logging.LogLevel.Information);
        var activities = new System.Collections.Concurrent.ConcurrentQueue<System.Diagnostics.Activity>();
        using var listener = new System.Diagnostics.ActivityListener
        {
            ShouldListenTo = source => source.Name == "Weft.Server",
            Sample = (ref System.Diagnostics.ActivityCreationOptions<System.Diagnostics.ActivityContext> _) => System.Diagnostics.ActivitySamplingResult.AllData,
            ActivityStopped = activities.Enqueue,
        };
        System.Diagnostics.ActivitySource.AddActivityListener(listener);
        await using (TestServer server = await TestServer.StartAsync(options => options, log))
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/2.0/mlflow/experiments/get?experiment_id=99");
            request.Headers.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
            Assert.Equal(404, (await server.Send(request)).Status);
            Assert.Equal((200, "OK"), ((await server.Get("/healthz")).Status, (await server.Get("/healthz")).Body));
            string metrics = (await server.Get("/metrics")).Body;
            Assert.Contains("weft_http_requests_total{status=\"4xx\"} 1\n", metrics, StringComparison.Ordinal);
            Assert.Contains("process_resident_memory_bytes ", metrics, StringComparison.Ordinal);
        }
        Assert.Contains("GET /api/2.0/mlflow/experiments/get 404 ", lines.ToString(), StringComparison.Ordinal);
        Assert.All(lines.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries), line => System.Text.Json.JsonDocument.Parse(line).Dispose());
        System.Diagnostics.Activity traced = Assert.Single(activities, activity => activity.TraceId.ToString() == "0af7651916cd43dd8448eb211c80319c");
        Assert.Equal(404, traced.GetTagItem("http.response.status_code"));
    }
}
