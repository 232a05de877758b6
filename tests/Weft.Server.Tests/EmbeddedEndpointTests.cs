using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Weft.Server.Embedded;
using Weft.Support;
using Weft.Tracking;
using Weft.Values;

namespace Weft.Server.Tests;

/// <summary>The endpoint inside a run, called as MLflow's clients in its programs call it.</summary>
public sealed class EmbeddedEndpointTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly AttemptTokens _tokens = new(AttemptTokens.NewSecret());
    private readonly AttemptId _attempt = new(new ExecutionId("01J"), new NodePath("train[3]"), 1);
    private EmbeddedEndpoint _endpoint = null!;
    private bool _isOpened;

    public ValueTask InitializeAsync()
    {
        _endpoint = EmbeddedEndpoint.Open(new EmbeddedOptions
        {
            Tokens = _tokens,
            RunsFolder = _folder.Path("mlruns"),
            OpenStore = () =>
            {
                _isOpened = true;
                return OpenStore();
            },
        });
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _endpoint.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Nothing_is_opened_before_the_first_connection()
    {
        Assert.False(_isOpened);
        Assert.Equal("Default", (await Call("GET", "experiments/get?experiment_id=0")).GetProperty("experiment").GetProperty("name").GetString());
        Assert.True(_isOpened);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("abcd")]
    [InlineData("00112233445566778899aabbccddeeff303120312030207478")]
    public async Task A_stranger_is_turned_away(string? token)
    {
        using var client = new HttpClient { BaseAddress = _endpoint.Address };
        if (token is not null)
            client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", "Bearer " + token);
        using HttpResponseMessage response = await client.GetAsync("/api/2.0/mlflow/experiments/get?experiment_id=0");
        Assert.Equal(401, (int)response.StatusCode);
    }

    [Fact]
    public void A_token_names_its_attempt_and_cannot_be_changed()
    {
        var attempt = new AttemptId(new ExecutionId("01J"), new NodePath("a b/c[1]"), 2, 1);
        string token = _tokens.Make(attempt);
        Assert.Equal(attempt, _tokens.Read(token));
        Assert.Null(_tokens.Read(token[..^1] + (token[^1] == '0' ? '1' : '0')));
        Assert.Null(new AttemptTokens(AttemptTokens.NewSecret()).Read(token));
    }

    [Fact]
    public async Task Runs_belong_to_the_node_of_the_attempt_and_lie_in_the_file_layout()
    {
        string experiment = (await Call("POST", "experiments/create", """{"name":"iris \"ü\""}""")).GetProperty("experiment_id").GetString()!;
        JsonElement info = (await Call("POST", "runs/create", $$"""{"experiment_id":"{{experiment}}","start_time":7,"run_name":"a: b"}""")).GetProperty("run").GetProperty("info");
        string run = info.GetProperty("run_id").GetString()!;
        string home = _folder.Path($"mlruns/{experiment}");
        Assert.Equal($"{home}/{run}/artifacts", info.GetProperty("artifact_uri").GetString());
        Assert.True(Directory.Exists($"{home}/{run}/artifacts"));
        await Call("POST", "runs/update", $$"""{"run_id":"{{run}}","status":"FINISHED","end_time":9}""");
        string meta = await File.ReadAllTextAsync($"{home}/{run}/meta.yaml");
        Assert.Contains("status: 3\n", meta, StringComparison.Ordinal);
        Assert.Contains("run_name: \"a: b\"\n", meta, StringComparison.Ordinal);
        Assert.Contains("name: \"iris \\\"ü\\\"\"\n", await File.ReadAllTextAsync($"{home}/meta.yaml"), StringComparison.Ordinal);
        await _endpoint.DisposeAsync();
        await using TrackingStore store = OpenStore();
        Assert.Equal([new RunId(run)], store.Runs.OfNode(_attempt.Execution, _attempt.Path).Select(found => found.Id));
    }

    [Fact]
    public async Task Sixty_four_programs_connect_at_once()
    {
        string run = (await Call("POST", "runs/create", """{"experiment_id":"0","start_time":1}""")).GetProperty("run").GetProperty("info").GetProperty("run_id").GetString()!;
        await Task.WhenAll(Enumerable.Range(0, 64).Select(async i =>
        {
            using var client = new HttpClient { BaseAddress = _endpoint.Address };
            for (int n = 0; n < 5; n++)
                await Call(client, "POST", "runs/log-metric", $$"""{"run_id":"{{run}}","key":"m{{i}}","value":{{n}},"timestamp":{{n}},"step":{{n}}}""");
        }));
        JsonElement data = (await Call("GET", "runs/get?run_id=" + run)).GetProperty("run").GetProperty("data");
        Assert.Equal(64, data.GetProperty("metrics").GetArrayLength());
        Assert.All(data.GetProperty("metrics").EnumerateArray(), metric => Assert.Equal(4, metric.GetProperty("step").GetInt64()));
    }

    [Fact]
    public async Task Programs_that_make_one_experiment_at_once_all_get_it()
    {
        JsonElement[] made = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Call("POST", "experiments/create", """{"name":"iris"}""")));
        Assert.Single(made.Select(answer => answer.GetProperty("experiment_id").GetString()).Distinct());
    }

    [Fact]
    public async Task Runs_that_a_killed_program_left_are_ended()
    {
        string run = (await Call("POST", "runs/create", """{"experiment_id":"0","start_time":1}""")).GetProperty("run").GetProperty("info").GetProperty("run_id").GetString()!;
        await using TrackingStore store = OpenStore();
        Assert.Equal(1, await store.Runs.EndNodeAsync(_attempt.Execution, _attempt.Path, RunStatus.Killed));
        Assert.Equal(RunStatus.Killed, store.Runs.GetInfo(new RunId(run)).Status);
    }

    [Fact]
    public async Task An_heir_takes_the_port_and_the_tokens()
    {
        await Call("GET", "experiments/get?experiment_id=0");
        int port = _endpoint.Address.Port;
        await _endpoint.DisposeAsync();
        _endpoint = EmbeddedEndpoint.Open(new EmbeddedOptions { Port = port, Tokens = _tokens, RunsFolder = _folder.Path("mlruns"), OpenStore = OpenStore });
        Assert.Equal(port, _endpoint.Address.Port);
        await Call("GET", "experiments/get?experiment_id=0");
    }

    /// <summary>As <c>set_experiment(name); start_run()</c> does: the name is asked for, made when it is not there, and asked for again.</summary>
    [Fact]
    public async Task A_program_may_set_an_experiment_of_its_own_before_its_run()
    {
        string name = "mine/ü & more";
        using var client = new HttpClient();
        using HttpResponseMessage missing = await Send(client, "GET", "experiments/get-by-name?experiment_name=" + Uri.EscapeDataString(name), null);
        Assert.Equal(404, (int)missing.StatusCode);
        string id = (await Call("POST", "experiments/create", JsonSerializer.Serialize(new Dictionary<string, string> { ["name"] = name }))).GetProperty("experiment_id").GetString()!;
        Assert.Equal(id, (await Call("GET", "experiments/get-by-name?experiment_name=" + Uri.EscapeDataString(name))).GetProperty("experiment").GetProperty("experiment_id").GetString());
        string run = await NewRun(id);
        Assert.Equal(id, (await Call("GET", "runs/get?run_id=" + run)).GetProperty("run").GetProperty("info").GetProperty("experiment_id").GetString());
        Assert.Equal([run], RunsOfNode());
    }

    /// <summary>One run per fold, one after the other, below one of their own, as cross-validation is written.</summary>
    [Fact]
    public async Task Folds_and_nested_runs_are_runs_of_the_same_node()
    {
        string parent = await NewRun("0");
        var folds = new List<string>();
        for (int fold = 0; fold < 5; fold++)
        {
            string run = await NewRun("0", $$"""[{"key":"mlflow.parentRunId","value":"{{parent}}"}]""");
            await Call("POST", "runs/log-metric", $$"""{"run_id":"{{run}}","key":"acc","value":0.{{fold}},"timestamp":1}""");
            await Call("POST", "runs/update", $$"""{"run_id":"{{run}}","status":"FINISHED","end_time":2}""");
            folds.Add(run);
        }
        await Call("POST", "runs/update", $$"""{"run_id":"{{parent}}","status":"FINISHED","end_time":3}""");
        Assert.Equal([parent, .. folds], RunsOfNode());
        JsonElement found = await Call("POST", "runs/search", $$"""{"experiment_ids":["0"],"filter":"tags.mlflow.parentRunId = '{{parent}}' AND metrics.acc > 0.25","order_by":["metrics.acc"]}""");
        Assert.Equal(folds.Skip(3), found.GetProperty("runs").EnumerateArray().Select(run => run.GetProperty("info").GetProperty("run_id").GetString()));
    }

    /// <summary>Worker processes inherit the environment, and so the token: each makes its own run, all at once.</summary>
    [Fact]
    public async Task Workers_of_one_program_each_make_their_run()
    {
        string[] runs = await Task.WhenAll(Enumerable.Range(0, 16).Select(async _ =>
        {
            await Call("POST", "experiments/create", """{"name":"pool"}""");
            string run = await NewRun("1");
            await Call("POST", "runs/log-batch", $$"""{"run_id":"{{run}}","params":[{"key":"p","value":"v"}]}""");
            return run;
        }));
        Assert.Equal(runs.Order(), RunsOfNode().Order());
    }

    /// <summary>What autologging sends in one go: full batches of params, tags and metrics, and a model.</summary>
    [Fact]
    public async Task A_burst_of_full_batches_is_kept()
    {
        string run = await NewRun("0");
        await Task.WhenAll(Enumerable.Range(0, 10).Select(batch => Call("POST", "runs/log-batch", $$"""
            {"run_id":"{{run}}","params":[{{string.Join(',', Enumerable.Range(0, 100).Select(i => $$"""{"key":"p{{batch * 100 + i}}","value":"{{i}}"}"""))}}],
             "tags":[{{string.Join(',', Enumerable.Range(0, 100).Select(i => $$"""{"key":"t{{batch * 100 + i}}","value":"{{i}}"}"""))}}],
             "metrics":[{{string.Join(',', Enumerable.Range(0, 800).Select(i => $$"""{"key":"m","value":{{i}},"timestamp":{{i}},"step":{{batch * 800 + i}}}"""))}}]}
            """)));
        await Call("POST", "runs/log-model", $$"""{"run_id":"{{run}}","model_json":"{\"artifact_path\":\"model\",\"flavors\":{},\"utc_time_created\":\"x\"}"}""");
        JsonElement data = (await Call("GET", "runs/get?run_id=" + run)).GetProperty("run").GetProperty("data");
        Assert.Equal((1000, 1002), (data.GetProperty("params").GetArrayLength(), data.GetProperty("tags").GetArrayLength()));
        Assert.Equal(8000, (await Call("GET", $"metrics/get-history?run_id={run}&metric_key=m&max_results=25000")).GetProperty("metrics").GetArrayLength());
    }

    /// <summary>While nobody owns the execution its programs are refused, and clients try again; the heir answers them as if nothing had been.</summary>
    [Fact]
    public async Task A_program_that_outlives_its_weft_goes_on_with_the_heir()
    {
        string run = await NewRun("0");
        int port = _endpoint.Address.Port;
        await _endpoint.DisposeAsync();
        await Assert.ThrowsAsync<HttpRequestException>(() => Call("POST", "runs/log-metric", $$"""{"run_id":"{{run}}","key":"m","value":1,"timestamp":1}"""));
        _endpoint = EmbeddedEndpoint.Open(new EmbeddedOptions { Port = port, Tokens = _tokens, RunsFolder = _folder.Path("mlruns"), OpenStore = OpenStore });
        await Call("POST", "runs/log-metric", $$"""{"run_id":"{{run}}","key":"m","value":1,"timestamp":1}""");
        await Call("POST", "runs/update", $$"""{"run_id":"{{run}}","status":"FINISHED","end_time":2}""");
        Assert.Equal([run], RunsOfNode());
    }

    private async Task<string> NewRun(string experiment, string tags = "[]") =>
        (await Call("POST", "runs/create", $$"""{"experiment_id":"{{experiment}}","start_time":1,"tags":{{tags}}}""")).GetProperty("run").GetProperty("info").GetProperty("run_id").GetString()!;

    private IReadOnlyList<string> RunsOfNode()
    {
        TrackingStore store = OpenStore();
        try
        {
            return [.. store.Runs.OfNode(_attempt.Execution, _attempt.Path).Select(run => run.Id.Value)];
        }
        finally
        {
            store.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private TrackingStore OpenStore() =>
        TrackingStore.Open(_folder.Path("weft.db"), new TrackingOptions(_folder.Path("mlruns")), TimeProvider.System);

    private async Task<JsonElement> Call(string verb, string path, string? json = null)
    {
        using var client = new HttpClient { BaseAddress = _endpoint.Address };
        return await Call(client, verb, path, json);
    }

    private async Task<JsonElement> Call(HttpClient client, string verb, string path, string? json)
    {
        using HttpResponseMessage response = await Send(client, verb, path, json);
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, body);
        return JsonElement.Parse(body);
    }

    private async Task<HttpResponseMessage> Send(HttpClient client, string verb, string path, string? json)
    {
        var variables = _endpoint.Variables(_attempt, "iris").ToDictionary();
        using var request = new HttpRequestMessage(new HttpMethod(verb), $"{variables["MLFLOW_TRACKING_URI"]}/api/2.0/mlflow/{path}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", variables["MLFLOW_TRACKING_TOKEN"]);
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        return await client.SendAsync(request);
    }
}
