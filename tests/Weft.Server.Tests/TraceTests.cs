using System.Text.Json;

namespace Weft.Server.Tests;

public sealed class TraceTests : IAsyncLifetime
{
    private TestServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_trace_is_started_read_marked_searched_and_deleted()
    {
        const string V3 = "/api/3.0/mlflow/traces";
        Answer started = await _server.Post(V3, """
            {"trace":{"trace_info":{"trace_id":"tr-1","trace_location":{"type":"MLFLOW_EXPERIMENT","mlflow_experiment":{"experiment_id":"0"}},
             "request_time":"2026-01-02T03:04:05.678Z","execution_duration":"1.500s","state":"OK","trace_metadata":{"mlflow.sourceRun":"r"},"tags":{"mlflow.traceName":"n"},
             "request_preview":"q"}}}
            """);
        Assert.Equal(
            """{"trace_id":"tr-1","trace_location":{"type":"MLFLOW_EXPERIMENT","mlflow_experiment":{"experiment_id":"0"}},"request_preview":"q","request_time":"2026-01-02T03:04:05.678Z","execution_duration":"1.500s","state":"OK","trace_metadata":{"mlflow.sourceRun":"r"},"tags":{"mlflow.artifactLocation":"mlflow-artifacts:/0/traces/tr-1/artifacts","mlflow.traceName":"n"}}""",
            started.Json.GetProperty("trace").GetProperty("trace_info").GetRawText());
        Assert.Equal(started.Body, (await _server.Get(V3 + "/tr-1")).Body);
        Assert.Equal("{}", (await _server.Send("PATCH", V3 + "/tr-1/tags", """{"key":"k","value":"v"}""")).Body);
        foreach (string filter in new[] { "", "tag.k = 'v'", "trace.status = 'OK'", "attributes.name LIKE 'n%'", "run_id = 'r'", "execution_time_ms > 1000", "metadata.`mlflow.sourceRun` = 'r'" })
            Assert.Equal("tr-1", await Found(filter));
        Assert.Equal("", await Found("tag.k = 'w'"));
        Assert.Equal("{}", (await _server.Send("DELETE", V3 + "/tr-1/tags", """{"key":"k"}""")).Body);
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Send("DELETE", V3 + "/tr-1/tags", """{"key":"k"}""")).Error);
        foreach (string which in new[] { "", ""","request_ids":["tr-1"],"max_timestamp_millis":1""", ""","request_ids":["tr-1"],"max_traces":1""", ""","max_timestamp_millis":1,"max_traces":0""" })
            Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Post(V3 + "/delete-traces", $$"""{"experiment_id":"0"{{which}}}""")).Error);
        Assert.Equal("""{"traces_deleted":1}""", (await _server.Post(V3 + "/delete-traces", """{"experiment_id":"0","request_ids":["tr-1","tr-2"]}""")).Body);
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Get(V3 + "/tr-1")).Error);

        async Task<string> Found(string filter)
        {
            Answer answer = await _server.Post(V3 + "/search", $$$"""{"locations":[{"type":"MLFLOW_EXPERIMENT","mlflow_experiment":{"experiment_id":"0"}}],"filter":{{{JsonSerializer.Serialize(filter)}}}}""");
            Assert.Equal(200, answer.Status);
            return answer.Json.TryGetProperty("traces", out JsonElement list) ? string.Join(' ', list.EnumerateArray().Select(trace => trace.GetProperty("trace_id").GetString())) : "";
        }
    }

    [Fact]
    public async Task Older_clients_start_and_end_a_trace()
    {
        JsonElement info = (await _server.Post("traces", """{"experiment_id":"0","timestamp_ms":100,"request_metadata":[{"key":"a","value":"b"}],"tags":[]}""")).Json.GetProperty("trace_info");
        string id = info.GetProperty("request_id").GetString()!;
        Assert.Matches("^tr-[0-9a-f]{32}$", id);
        Assert.Equal("IN_PROGRESS", info.GetProperty("status").GetString());
        info = (await _server.Send("PATCH", "traces/" + id, """{"timestamp_ms":250,"status":"OK","tags":[{"key":"k","value":"v"}]}""")).Json.GetProperty("trace_info");
        Assert.Equal(("OK", 150), (info.GetProperty("status").GetString(), info.GetProperty("execution_time_ms").GetInt64()));
        Assert.Equal(info.GetRawText(), (await _server.Get($"traces/{id}/info")).Json.GetProperty("trace_info").GetRawText());
        Assert.Equal(1, (await _server.Get("traces?experiment_ids=0")).Json.GetProperty("traces").GetArrayLength());
    }

    [Fact]
    public async Task What_is_left_out_says_so()
    {
        foreach (string path in new[] { "/api/3.0/mlflow/scorers/list", "/ajax-api/3.0/jobs/x", "/api/2.0/mlflow/webhooks", "/api/2.0/mlflow/get-online-trace-details", "/api/3.0/mlflow/gateway/secrets/list" })
            Assert.Equal("501 NOT_IMPLEMENTED", (await _server.Get(path)).Error);
        Assert.Equal("501 NOT_IMPLEMENTED", (await _server.Post("/ajax-api/3.0/mlflow/genai/evaluate/invoke", "{}")).Error);
        Assert.Equal("501 NOT_IMPLEMENTED", (await _server.Post("/api/3.0/mlflow/datasets/create", "{}")).Error);
        Assert.Equal("501 NOT_IMPLEMENTED", (await _server.Post("/api/3.0/mlflow/traces/metrics", "{}")).Error);
    }

    [Fact]
    public async Task A_logged_model_is_made_marked_measured_searched_and_deleted()
    {
        JsonElement made = (await _server.Post("logged-models", """{"experiment_id":"0","name":"net","model_type":"t","params":[{"key":"p","value":"1"}],"tags":[{"key":"a","value":"b"}]}""")).Json.GetProperty("model");
        string id = made.GetProperty("info").GetProperty("model_id").GetString()!;
        Assert.Matches("^m-[0-9a-f]{32}$", id);
        Assert.Equal($"mlflow-artifacts:/0/models/{id}/artifacts", made.GetProperty("info").GetProperty("artifact_uri").GetString());
        Assert.Equal("LOGGED_MODEL_PENDING", made.GetProperty("info").GetProperty("status").GetString());
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Send("PATCH", "logged-models/" + id, """{"status":"LOGGED_MODEL_READY"}""")).Error);
        Assert.Equal("LOGGED_MODEL_READY", (await _server.Send("PATCH", "logged-models/" + id, $$"""{"model_id":"{{id}}","status":"LOGGED_MODEL_READY"}""")).Json.GetProperty("model").GetProperty("info").GetProperty("status").GetString());
        Assert.Equal(200, (await _server.Send("PATCH", $"logged-models/{id}/tags", """{"tags":[{"key":"c/d","value":"e"}]}""")).Status);
        Assert.Equal("{}", (await _server.Send("DELETE", $"logged-models/{id}/tags/c%2Fd")).Body);
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Send("DELETE", $"logged-models/{id}/tags/c%2Fd")).Error);
        Assert.Equal("{}", (await _server.Post($"logged-models/{id}/params", """{"params":[{"key":"q","value":"2"}]}""")).Body);
        string run = await _server.NewRun();
        Assert.Equal("{}", (await _server.Post("runs/log-metric", $$"""{"run_id":"{{run}}","key":"acc","value":0.5,"timestamp":1,"model_id":"{{id}}","dataset_name":"d","dataset_digest":"x"}""")).Body);
        JsonElement data = (await _server.Get("logged-models/" + id)).Json.GetProperty("model").GetProperty("data");
        Assert.Equal(
            $$"""[{"key":"acc","value":0.5,"timestamp":1,"step":0,"model_id":"{{id}}","dataset_name":"d","dataset_digest":"x","run_id":"{{run}}"}]""",
            data.GetProperty("metrics").GetRawText());
        await _server.Post("logged-models", """{"experiment_id":"0","name":"other"}""");
        Assert.Equal("net", await Found("\"filter\":\"metrics.acc > 0.4\""));
        Assert.Equal("net", await Found("\"filter\":\"name = 'net' AND params.q = '2' AND tags.a = 'b'\""));
        Assert.Equal("net", await Found("\"datasets\":[{\"dataset_name\":\"d\"}]"));
        Assert.Equal("net other", await Found("\"order_by\":[{\"field_name\":\"metrics.acc\"}]"));
        Assert.Equal("other net", await Found("\"order_by\":[{\"field_name\":\"name\",\"ascending\":false}]"));
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Post("logged-models/search", """{"experiment_ids":["0"],"filter":"metric.acc > 1"}""")).Error);
        string token = (await _server.Post("logged-models/search", """{"experiment_ids":["0"],"max_results":1}""")).Json.GetProperty("next_page_token").GetString()!;
        Assert.Equal(200, (await _server.Post("logged-models/search", $$"""{"experiment_ids":["0"],"max_results":1,"page_token":"{{token}}"}""")).Status);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Post("logged-models/search", $$"""{"experiment_ids":["0"],"filter":"name = 'net'","page_token":"{{token}}"}""")).Error);
        Assert.Equal("{}", (await _server.Send("DELETE", "logged-models/" + id)).Body);
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Get("logged-models/" + id)).Error);

        async Task<string> Found(string query)
        {
            Answer answer = await _server.Post("logged-models/search", $$"""{"experiment_ids":["0"],{{query}}}""");
            Assert.True(answer.Status == 200, answer.Body);
            return string.Join(' ', answer.Json.GetProperty("models").EnumerateArray().Select(model => model.GetProperty("info").GetProperty("name").GetString()));
        }
    }
}
