using System.Text.Json;

namespace Weft.Server.Tests;

public sealed class RunTests : IAsyncLifetime
{
    private TestServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_new_run_is_running_and_knows_its_place()
    {
        JsonElement run = (await _server.Post("runs/create", """{"experiment_id":"0","user_id":"u","run_name":"n","start_time":5,"tags":[{"key":"a","value":"b"}]}""")).Json.GetProperty("run");
        JsonElement info = run.GetProperty("info");
        string id = info.GetProperty("run_id").GetString()!;
        Assert.Matches("^[0-9a-f]{32}$", id);
        Assert.Equal(
            $$"""{"run_id":"{{id}}","run_uuid":"{{id}}","run_name":"n","experiment_id":"0","user_id":"u","status":"RUNNING","start_time":5,"artifact_uri":"mlflow-artifacts:/0/{{id}}/artifacts","lifecycle_stage":"active"}""",
            info.GetRawText());
        Assert.Equal("""[{"key":"a","value":"b"},{"key":"mlflow.runName","value":"n"}]""", run.GetProperty("data").GetProperty("tags").GetRawText());
        Assert.Equal(run.GetRawText(), (await _server.Get("runs/get?run_id=" + id)).Json.GetProperty("run").GetRawText());
    }

    [Fact]
    public async Task A_name_comes_from_the_argument_the_tag_or_the_server()
    {
        Assert.Equal("t", await Name("""{"experiment_id":"0","tags":[{"key":"mlflow.runName","value":"t"}]}"""));
        Assert.Equal("n", await Name("""{"experiment_id":"0","run_name":"n","tags":[{"key":"mlflow.runName","value":"n"}]}"""));
        string made = await Name("""{"experiment_id":"0"}""");
        Assert.Matches(@"^[a-z]+-[a-z]+-\d{1,4}$", made);
        Assert.InRange(made.Length, 1, 20);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Post("runs/create", """{"experiment_id":"0","run_name":"n","tags":[{"key":"mlflow.runName","value":"t"}]}""")).Error);

        async Task<string> Name(string body)
        {
            JsonElement run = (await _server.Get("runs/get?run_id=" + await _server.NewRun(body))).Json.GetProperty("run");
            string name = run.GetProperty("info").GetProperty("run_name").GetString()!;
            Assert.Contains($$"""{"key":"mlflow.runName","value":"{{name}}"}""", run.GetProperty("data").GetProperty("tags").GetRawText(), StringComparison.Ordinal);
            return name;
        }
    }

    [Fact]
    public async Task Only_what_is_given_is_updated()
    {
        string run = await _server.NewRun("""{"experiment_id":"0","run_name":"n"}""");
        JsonElement info = (await _server.Post("runs/update", $$"""{"run_id":"{{run}}","status":"FINISHED","end_time":9,"run_name":""}""")).Json.GetProperty("run_info");
        Assert.Equal(("FINISHED", 9, "n"), (info.GetProperty("status").GetString(), info.GetProperty("end_time").GetInt64(), info.GetProperty("run_name").GetString()));
        info = (await _server.Post("runs/update", $$"""{"run_id":"{{run}}","run_name":"m"}""")).Json.GetProperty("run_info");
        Assert.Equal(("FINISHED", 9, "m"), (info.GetProperty("status").GetString(), info.GetProperty("end_time").GetInt64(), info.GetProperty("run_name").GetString()));
        Assert.Equal("KILLED", (await _server.Post("runs/update", $$"""{"run_id":"{{run}}","status":5}""")).Json.GetProperty("run_info").GetProperty("status").GetString());
    }

    [Theory]
    [InlineData("runs/create", """{"experiment_id":"77"}""", "404 RESOURCE_DOES_NOT_EXIST")]
    [InlineData("runs/delete", """{"run_id":"nobody"}""", "404 RESOURCE_DOES_NOT_EXIST")]
    [InlineData("runs/update", """{"run_id":"nobody"}""", "404 RESOURCE_DOES_NOT_EXIST")]
    [InlineData("runs/log-batch", """{"run_id":"nobody"}""", "404 RESOURCE_DOES_NOT_EXIST")]
    [InlineData("runs/log-batch", """{"run_id":"../nobody"}""", "400 INVALID_PARAMETER_VALUE")]
    [InlineData("runs/log-inputs", """{"run_id":"-nobody"}""", "400 INVALID_PARAMETER_VALUE")]
    [InlineData("runs/log-metric", """{"run_id":"nobody","key":"m","value":1,"timestamp":1}""", "404 RESOURCE_DOES_NOT_EXIST")]
    [InlineData("runs/update", "{}", "400 INVALID_PARAMETER_VALUE")]
    public async Task What_is_not_there_is_told(string path, string body, string error) => Assert.Equal(error, (await _server.Post(path, body)).Error);

    [Theory]
    [InlineData("runs/update", """{"run_id":"RUN","status":"FAILED"}""")]
    [InlineData("runs/log-metric", """{"run_id":"RUN","key":"m","value":1,"timestamp":1}""")]
    [InlineData("runs/log-parameter", """{"run_id":"RUN","key":"p","value":"1"}""")]
    [InlineData("runs/set-tag", """{"run_id":"RUN","key":"t","value":"1"}""")]
    [InlineData("runs/delete-tag", """{"run_id":"RUN","key":"mlflow.runName"}""")]
    [InlineData("runs/log-batch", """{"run_id":"RUN"}""")]
    [InlineData("runs/log-inputs", """{"run_id":"RUN","datasets":[{"dataset":{"name":"d","digest":"x","source_type":"s","source":"s"}}]}""")]
    [InlineData("runs/log-model", """{"run_id":"RUN","model_json":"{\"artifact_path\":\"m\",\"flavors\":{},\"utc_time_created\":\"x\"}"}""")]
    public async Task A_deleted_run_takes_no_writes_until_it_is_restored(string path, string body)
    {
        string run = await _server.NewRun();
        body = body.Replace("RUN", run, StringComparison.Ordinal);
        Assert.Equal("{}", (await _server.Post("runs/delete", $$"""{"run_id":"{{run}}"}""")).Body);
        Assert.Equal("{}", (await _server.Post("runs/delete", $$"""{"run_id":"{{run}}"}""")).Body);
        Answer refused = await _server.Post(path, body);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", refused.Error);
        Assert.Contains("must be in the 'active' state", refused.Message, StringComparison.Ordinal);
        await _server.Post("runs/restore", $$"""{"run_id":"{{run}}"}""");
        Assert.Equal(200, (await _server.Post(path, body)).Status);
    }

    [Theory]
    [InlineData("{}", "run_id")]
    [InlineData("""{"run_id":"RUN"}""", "key")]
    [InlineData("""{"run_id":"RUN","key":"m"}""", "value")]
    [InlineData("""{"run_id":"RUN","key":"m","value":1}""", "timestamp")]
    public async Task A_metric_needs_all_its_members(string body, string field)
    {
        string run = await _server.NewRun();
        Answer answer = await _server.Post("runs/log-metric", body.Replace("RUN", run, StringComparison.Ordinal));
        Assert.StartsWith($"Missing value for required parameter '{field}'", answer.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a b-c.d/e_f:g", true)]
    [InlineData("größe", true)]
    [InlineData("日本", true)]
    [InlineData("a,b", false)]
    [InlineData("a=b", false)]
    [InlineData("/a", false)]
    [InlineData("a/", false)]
    [InlineData("a//b", false)]
    [InlineData("a/../b", false)]
    [InlineData("./a", false)]
    [InlineData("..", false)]
    public async Task Keys_have_rules(string key, bool isFine)
    {
        string run = await _server.NewRun();
        string json = JsonSerializer.Serialize(key);
        Answer metric = await _server.Post("runs/log-metric", $$"""{"run_id":"{{run}}","key":{{json}},"value":1,"timestamp":1}""");
        Answer param = await _server.Post("runs/log-parameter", $$"""{"run_id":"{{run}}","key":{{json}},"value":"1"}""");
        Answer tag = await _server.Post("runs/set-tag", $$"""{"run_id":"{{run}}","key":{{json}},"value":"1"}""");
        Answer batch = await _server.Post("runs/log-batch", $$"""{"run_id":"{{run}}","metrics":[{"key":"ok","value":1,"timestamp":1},{"key":{{json}},"value":1,"timestamp":1}]}""");
        if (isFine)
        {
            Assert.All([metric, param, tag, batch], answer => Assert.Equal("{}", answer.Body));
            return;
        }
        Assert.StartsWith($"Invalid value \"{key}\" for parameter 'name' supplied", metric.Message, StringComparison.Ordinal);
        Assert.StartsWith($"Invalid value \"{key}\" for parameter 'key' supplied", param.Message, StringComparison.Ordinal);
        Assert.StartsWith($"Invalid value \"{key}\" for parameter 'key' supplied", tag.Message, StringComparison.Ordinal);
        Assert.StartsWith($"Invalid value \"{key}\" for parameter 'metrics[1].name' supplied", batch.Message, StringComparison.Ordinal);
        Assert.Equal("{}", (await _server.Get($"metrics/get-history?run_id={run}&metric_key=ok")).Body);
    }

    [Fact]
    public async Task Long_keys_are_refused_and_long_values_cut()
    {
        string run = await _server.NewRun();
        string key = new('k', 250);
        Assert.Equal(200, (await _server.Post("runs/log-parameter", $$"""{"run_id":"{{run}}","key":"{{key}}","value":"{{new string('v', 6001)}}"}""")).Status);
        Assert.Equal(200, (await _server.Post("runs/set-tag", $$"""{"run_id":"{{run}}","key":"{{key}}","value":"{{new string('v', 8001)}}"}""")).Status);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Post("runs/set-tag", $$"""{"run_id":"{{run}}","key":"{{key}}k","value":""}""")).Error);
        JsonElement data = (await _server.Get("runs/get?run_id=" + run)).Json.GetProperty("run").GetProperty("data");
        Assert.Equal(6000, data.GetProperty("params")[0].GetProperty("value").GetString()!.Length);
        Assert.Equal(8000, data.GetProperty("tags")[0].GetProperty("value").GetString()!.Length);
    }

    [Fact]
    public async Task A_tag_is_replaced_and_deleted_once()
    {
        string run = await _server.NewRun();
        await _server.Post("runs/set-tag", $$"""{"run_id":"{{run}}","key":"t"}""");
        await _server.Post("runs/set-tag", $$"""{"run_id":"{{run}}","key":"t","value":"2"}""");
        Assert.Contains("""{"key":"t","value":"2"}""", (await _server.Get("runs/get?run_id=" + run)).Body, StringComparison.Ordinal);
        Assert.Equal("{}", (await _server.Post("runs/delete-tag", $$"""{"run_id":"{{run}}","key":"t"}""")).Body);
        Answer gone = await _server.Post("runs/delete-tag", $$"""{"run_id":"{{run}}","key":"t"}""");
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", gone.Error);
        Assert.StartsWith("No tag with name: t", gone.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"run_id":"RUN","metrics":[{"value":1,"timestamp":1}]}""", "Missing value for required parameter 'metrics[0].key'")]
    [InlineData("""{"run_id":"RUN","metrics":[{"key":"a","timestamp":1}]}""", "Missing value for required parameter 'metrics[0].value'")]
    [InlineData("""{"run_id":"RUN","metrics":[{"key":"a","value":1}]}""", "Missing value for required parameter 'metrics[0].timestamp'")]
    [InlineData("""{"run_id":"RUN","metrics":[{"key":"a","value":1,"timestamp":-1}]}""", "Invalid value -1 for parameter 'metrics[0].timestamp' supplied")]
    [InlineData("""{"run_id":"RUN","params":[{"value":"1"}]}""", "Missing value for required parameter 'params[0].key'")]
    [InlineData("""{"run_id":"RUN","tags":[{"key":"a//b","value":"1"}]}""", "Invalid value \"a//b\" for parameter 'tags[0].key' supplied")]
    [InlineData("""{"run_id":"RUN","params":[{"key":"p","value":"1"},{"key":"p","value":"1"}]}""", "Duplicate parameter keys have been submitted: ['p']")]
    [InlineData("""{"metrics":[{"value":1}]}""", "Missing value for required parameter 'run_id'")]
    public async Task A_batch_is_checked_before_anything_is_written(string body, string message)
    {
        string run = await _server.NewRun();
        Answer answer = await _server.Post("runs/log-batch", body.Replace("RUN", run, StringComparison.Ordinal));
        Assert.Equal("400 INVALID_PARAMETER_VALUE", answer.Error);
        Assert.StartsWith(message, answer.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1000, 0, 0, null)]
    [InlineData(800, 100, 100, null)]
    [InlineData(0, 0, 0, null)]
    [InlineData(1001, 0, 0, "A batch logging request can contain at most 1000 metrics. Got 1001 metrics.")]
    [InlineData(0, 101, 0, "A batch logging request can contain at most 100 params. Got 101 params.")]
    [InlineData(0, 0, 101, "A batch logging request can contain at most 100 tags. Got 101 tags.")]
    [InlineData(901, 100, 0, "A batch logging request can contain at most 1000 metrics, params, and tags in total. Got 1001 metrics, params, and tags.")]
    public async Task A_batch_has_limits(int metrics, int parameters, int tags, string? message)
    {
        string run = await _server.NewRun();
        Answer answer = await _server.Post("runs/log-batch", JsonSerializer.Serialize(new
        {
            run_id = run,
            metrics = Enumerable.Range(0, metrics).Select(i => new { key = "m", value = i, timestamp = i, step = i }),
            @params = Enumerable.Range(0, parameters).Select(i => new { key = "p" + i, value = "v" }),
            tags = Enumerable.Range(0, tags).Select(i => new { key = "t" + i, value = "v" }),
        }));
        if (message is null)
            Assert.Equal("{}", answer.Body);
        else
            Assert.StartsWith(message, answer.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_batch_names_a_run_keeps_the_last_tag_and_collapses_equal_points()
    {
        string run = await _server.NewRun();
        Assert.Equal("{}", (await _server.Post("runs/log-batch", $$"""
            {"runId":"{{run}}","metrics":[{"key":"m","value":1,"timestamp":1},{"key":"m","value":1,"timestamp":1,"step":0}],
             "tags":[{"key":"t","value":"1"},{"key":"t","value":"2"},{"key":"mlflow.runName","value":"new"}]}
            """)).Body);
        JsonElement read = (await _server.Get("runs/get?run_id=" + run)).Json.GetProperty("run");
        Assert.Equal("new", read.GetProperty("info").GetProperty("run_name").GetString());
        Assert.Contains("""{"key":"t","value":"2"}""", read.GetRawText(), StringComparison.Ordinal);
        Assert.Single((await _server.Get($"metrics/get-history?run_id={run}&metric_key=m")).Json.GetProperty("metrics").EnumerateArray());
    }

    [Fact]
    public async Task A_model_is_appended_to_the_history_tag()
    {
        string run = await _server.NewRun();
        for (int i = 0; i < 2; i++)
        {
            string model = JsonSerializer.Serialize($$$"""{"artifact_path":"m{{{i}}}","flavors":{},"utc_time_created":"t","run_id":"{{{run}}}"}""");
            Assert.Equal("{}", (await _server.Post("runs/log-model", $$"""{"run_id":"{{run}}","model_json":{{model}}}""")).Body);
        }
        string history = (await _server.Get("runs/get?run_id=" + run)).Json.GetProperty("run").GetProperty("data").GetProperty("tags").EnumerateArray()
            .First(tag => tag.GetProperty("key").GetString() == "mlflow.log-model.history").GetProperty("value").GetString()!;
        Assert.Equal(["m0", "m1"], JsonElement.Parse(history).EnumerateArray().Select(model => model.GetProperty("artifact_path").GetString()));
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Post("runs/log-model", $$"""{"run_id":"{{run}}","model_json":"{"}""")).Error);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Post("runs/log-model", $$$"""{"run_id":"{{{run}}}","model_json":"{\"flavors\":{}}"}""")).Error);
    }

    [Fact]
    public async Task Inputs_are_tied_once_and_can_be_searched()
    {
        string run = await _server.NewRun();
        string body = $$$"""
            {"run_id":"{{{run}}}","datasets":[{"dataset":{"name":"d","digest":"x","source_type":"local","source":"s","schema":"{}"},"tags":[{"key":"mlflow.data.context","value":"train"}]},
             {"dataset":{"name":"d","digest":"x","source_type":"other","source":"o"}}],"models":[{"model_id":"m-1"}]}
            """;
        Assert.Equal("{}", (await _server.Post("runs/log-inputs", body)).Body);
        Assert.Equal("{}", (await _server.Post("runs/log-inputs", body)).Body);
        Assert.Equal("{}", (await _server.Post("runs/outputs", $$"""{"run_id":"{{run}}","models":[{"model_id":"m-2","step":"3"}]}""")).Body);
        JsonElement read = (await _server.Get("runs/get?run_id=" + run)).Json.GetProperty("run");
        Assert.Equal(
            """{"dataset_inputs":[{"tags":[{"key":"mlflow.data.context","value":"train"}],"dataset":{"name":"d","digest":"x","source_type":"local","source":"s","schema":"{}"}}],"model_inputs":[{"model_id":"m-1"}]}""",
            read.GetProperty("inputs").GetRawText());
        Assert.Equal("""{"model_outputs":[{"model_id":"m-2","step":3}]}""", read.GetProperty("outputs").GetRawText());
        Assert.Equal(
            """{"dataset_summaries":[{"experiment_id":"0","name":"d","digest":"x","context":"train"}]}""",
            (await _server.Post("/ajax-api/2.0/mlflow/experiments/search-datasets", """{"experiment_ids":["0"]}""")).Body);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Post("experiments/search-datasets", """{"experiment_ids":[]}""")).Error);
        foreach (string filter in new[] { "dataset.name = 'd'", "datasets.digest LIKE 'x%'", "dataset.context IN ('train', 'eval')" })
            Assert.Contains(run, (await _server.Post("runs/search", $$"""{"experiment_ids":["0"],"filter":"{{filter}}"}""")).Body, StringComparison.Ordinal);
        Assert.Equal("{}", (await _server.Post("runs/search", """{"experiment_ids":["0"],"filter":"dataset.name = 'other'"}""")).Body);
    }

    [Theory]
    [InlineData("""{"experiment_ids":["0"],"max_results":50001}""")]
    [InlineData("""{"experiment_ids":["0"],"max_results":0}""")]
    [InlineData("""{"experiment_ids":["0"],"filter":"metrics.a > 1 OR metrics.b > 1"}""")]
    [InlineData("""{"experiment_ids":["0"],"filter":"params.a = b"}""")]
    [InlineData("""{"experiment_ids":["0"],"order_by":["metrics.a UP"]}""")]
    [InlineData("""{"experiment_ids":["0"],"order_by":["metrics.a","metrics.a"]}""")]
    [InlineData("""{"experiment_ids":["0"],"page_token":"!"}""")]
    [InlineData("""{"experiment_ids":["0"],"run_view_type":"NONE"}""")]
    public async Task A_wrong_search_is_refused(string query) => Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Post("runs/search", query)).Error);

    [Fact]
    public async Task Without_experiments_there_are_no_runs()
    {
        await _server.NewRun();
        Assert.Equal("{}", (await _server.Post("runs/search", "{}")).Body);
        Assert.Equal("{}", (await _server.Post("runs/search", """{"experiment_ids":[]}""")).Body);
    }

    [Fact]
    public async Task A_page_has_a_token_only_when_more_follow()
    {
        string first = await _server.NewRun("""{"experiment_id":"0","start_time":1}"""), second = await _server.NewRun("""{"experiment_id":"0","start_time":2}""");
        JsonElement page = (await _server.Post("runs/search", """{"experiment_ids":["0"],"max_results":1}""")).Json;
        Assert.Contains(second, page.GetProperty("runs").GetRawText(), StringComparison.Ordinal);
        Assert.Equal("eyJvZmZzZXQiOiAxfQ==", page.GetProperty("next_page_token").GetString());
        page = (await _server.Post("runs/search", """{"experiment_ids":["0"],"max_results":1,"page_token":"eyJvZmZzZXQiOiAxfQ=="}""")).Json;
        Assert.Contains(first, page.GetProperty("runs").GetRawText(), StringComparison.Ordinal);
        Assert.False(page.TryGetProperty("next_page_token", out _));
    }

    [Fact]
    public async Task What_was_deleted_long_ago_is_removed_for_good_and_nothing_else()
    {
        string gone = await _server.NewRun(), kept = await _server.NewRun();
        foreach (string run in new[] { gone, kept })
            await _server.Post("runs/log-batch", $$"""{"run_id":"{{run}}","metrics":[{"key":"m","value":1,"timestamp":1}],"params":[{"key":"p","value":"v"}],"tags":[{"key":"t","value":"v"}]}""");
        string old = (await _server.Post("experiments/create", """{"name":"old"}""")).Json.GetProperty("experiment_id").GetString()!;
        await _server.NewRun($$"""{"experiment_id":"{{old}}"}""");
        await _server.Post("runs/delete", $$"""{"run_id":"{{gone}}"}""");
        await _server.Post("experiments/delete", $$"""{"experiment_id":"{{old}}"}""");
        Weft.Tracking.Cleaning cleaning = _server.Server.Store.Cleaning;
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        Assert.Equal((0, 0), Counts(await cleaning.RemoveAsync(now - TimeSpan.FromDays(1), isDry: false)));
        Assert.Equal((2, 1), Counts(await cleaning.RemoveAsync(now + TimeSpan.FromDays(1), isDry: true)));
        Assert.Equal(200, (await _server.Get("runs/get?run_id=" + gone)).Status);
        Assert.Equal((2, 1), Counts(await cleaning.RemoveAsync(now + TimeSpan.FromDays(1), isDry: false)));
        Assert.Equal((0, 0), Counts(await cleaning.RemoveAsync(now + TimeSpan.FromDays(1), isDry: false)));
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Get("runs/get?run_id=" + gone)).Error);
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Get("experiments/get?experiment_id=" + old)).Error);
        Assert.Equal(1, (await _server.Get("runs/get?run_id=" + kept)).Json.GetProperty("run").GetProperty("data").GetProperty("metrics").GetArrayLength());
        Assert.Equal(200, (await _server.Post("experiments/create", """{"name":"old"}""")).Status);

        static (int, int) Counts(Weft.Tracking.Cleaned cleaned) => (cleaned.Runs, cleaned.Experiments);
    }
}
