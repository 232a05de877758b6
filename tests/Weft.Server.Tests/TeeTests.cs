using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Weft.Server.Embedded;
using Weft.Support;
using Weft.Tracking;
using Weft.Values;

namespace Weft.Server.Tests;

/// <summary>The endpoint inside a run of a user who had set a server: it answers, we keep a copy, and its death is not the program's.</summary>
public sealed class TeeTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly AttemptTokens _tokens = new(AttemptTokens.NewSecret());
    private readonly AttemptId _attempt = new(new ExecutionId("01J"), new NodePath("train[3]"), 1);
    private TestServer _primary = null!;

    public async ValueTask InitializeAsync() => _primary = await TestServer.StartAsync(options => options with { Access = new Access.Token("theirs") });

    public async ValueTask DisposeAsync()
    {
        await _primary.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Records_go_to_both()
    {
        await using EmbeddedEndpoint endpoint = Open(_primary.Address);
        // Numbers of experiments differ between the two servers: names tie them.
        await CallPrimary("experiments/create", """{"name":"other"}""");
        string experiment = (await Call(endpoint, "POST", "experiments/create", """{"name":"iris"}""")).GetProperty("experiment_id").GetString()!;
        Assert.Equal("2", experiment);
        string run = await NewRun(endpoint, experiment);
        await Call(endpoint, "POST", "runs/log-batch", $$"""{"run_id":"{{run}}","metrics":[{"key":"m","value":1.5,"timestamp":7,"step":3}],"params":[{"key":"p","value":"v"}],"tags":[{"key":"t","value":"u"}]}""");
        await Call(endpoint, "POST", "runs/update", $$"""{"run_id":"{{run}}","status":"FINISHED","end_time":9}""");
        JsonElement theirs = (await Call(endpoint, "GET", "runs/get?run_id=" + run)).GetProperty("run");
        Assert.Equal($"mlflow-artifacts:/2/{run}/artifacts", theirs.GetProperty("info").GetProperty("artifact_uri").GetString());
        Assert.Contains(run, await CallPrimary("runs/search", $$"""{"experiment_ids":["{{experiment}}"]}"""));

        Run ours = await Copied(endpoint, run);
        Assert.Equal((RunStatus.Finished, 9L, $"mlflow-artifacts:/2/{run}/artifacts"), (ours.Info.Status, ours.Info.Ended, ours.Info.ArtifactUri));
        Assert.Equal((1.5, "v"), (ours.Metrics[0].Last.Value, ours.Params[0].Value));
        Assert.Contains(new Label("t", "u"), ours.Labels);
        await using TrackingStore store = OpenStore();
        Assert.Equal("iris", store.Experiments.Get(ours.Info.Experiment).Name);
        Assert.Equal([new RunId(run)], store.Runs.OfNode(_attempt.Execution, _attempt.Path).Select(found => found.Id));
    }

    [Fact]
    public async Task A_run_that_was_there_before_is_copied_from_its_first_new_value_on()
    {
        string run = JsonElement.Parse(await CallPrimary("runs/create", """{"experiment_id":"0","run_name":"before"}""")).GetProperty("run").GetProperty("info").GetProperty("run_id").GetString()!;
        await using EmbeddedEndpoint endpoint = Open(_primary.Address);
        await Call(endpoint, "POST", "runs/log-metric", $$"""{"run_id":"{{run}}","key":"m","value":2,"timestamp":1}""");
        Run ours = await Copied(endpoint, run);
        Assert.Equal(("before", 2.0), (ours.Info.Name, ours.Metrics[0].Last.Value));
    }

    [Fact]
    public async Task What_the_primary_refuses_is_refused_and_not_copied()
    {
        await using EmbeddedEndpoint endpoint = Open(_primary.Address);
        string run = await NewRun(endpoint, "0");
        await Call(endpoint, "POST", "runs/log-parameter", $$"""{"run_id":"{{run}}","key":"p","value":"a"}""");
        using HttpResponseMessage refused = await Send(endpoint, "POST", "runs/log-parameter", $$"""{"run_id":"{{run}}","key":"p","value":"b"}""");
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains("INVALID_PARAMETER_VALUE", await refused.Content.ReadAsStringAsync());
        Assert.Equal("a", (await Copied(endpoint, run)).Params.Single().Value);
    }

    [Fact]
    public async Task Files_go_to_the_primary_alone()
    {
        await using EmbeddedEndpoint endpoint = Open(_primary.Address);
        using (HttpResponseMessage put = await Send(endpoint, "PUT", "/api/2.0/mlflow-artifacts/artifacts/a/ü.txt", "content"))
            Assert.Equal(HttpStatusCode.OK, put.StatusCode);
        Assert.Equal("content", await File.ReadAllTextAsync(Path.Combine(_primary.Root, "mlartifacts/a/ü.txt")));
        using HttpResponseMessage got = await Send(endpoint, "GET", "/api/2.0/mlflow-artifacts/artifacts/a/%C3%BC.txt");
        Assert.Equal("content", await got.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_dead_primary_is_neither_an_error_nor_a_wait()
    {
        await using EmbeddedEndpoint endpoint = Open(new Uri("http://127.0.0.1:1"));
        string run = await NewRun(endpoint, "0");
        await Call(endpoint, "POST", "runs/log-metric", $$"""{"run_id":"{{run}}","key":"m","value":2,"timestamp":1}""");
        Assert.Equal(2.0, (await Copied(endpoint, run)).Metrics[0].Last.Value);
    }

    [Fact]
    public async Task A_primary_that_does_not_answer_costs_its_patience_once()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var address = new Uri($"http://{silent.LocalEndpoint}");
        await using EmbeddedEndpoint endpoint = Open(address, TimeSpan.FromMilliseconds(100));
        string run = await NewRun(endpoint, "0");
        for (int i = 0; i < 100; i++)
            await Call(endpoint, "POST", "runs/log-metric", $$"""{"run_id":"{{run}}","key":"m","value":{{i}},"timestamp":1,"step":{{i}}}""");
        Assert.Equal(99, (await Copied(endpoint, run)).Metrics[0].Last.Step);
        Assert.True(silent.Pending());
        silent.AcceptSocket().Dispose();
        Assert.False(silent.Pending());
    }

    [Fact]
    public async Task A_primary_that_dies_leaves_its_runs_here_and_new_ones_stay_here()
    {
        await using EmbeddedEndpoint endpoint = Open(_primary.Address);
        string before = await NewRun(endpoint, "0");
        await Call(endpoint, "POST", "runs/log-metric", $$"""{"run_id":"{{before}}","key":"m","value":1,"timestamp":1}""");
        await Copied(endpoint, before);
        await _primary.StopAsync();
        await Call(endpoint, "POST", "runs/log-metric", $$"""{"run_id":"{{before}}","key":"m","value":2,"timestamp":1,"step":1}""");
        string after = await NewRun(endpoint, "0");
        await Call(endpoint, "POST", "runs/log-metric", $$"""{"run_id":"{{after}}","key":"m","value":3,"timestamp":1}""");
        Assert.Equal(1, (await Copied(endpoint, before)).Metrics[0].Last.Step);
        Assert.Equal(3.0, (await Copied(endpoint, after)).Metrics[0].Last.Value);
    }

    [Fact]
    public void Programs_do_not_get_the_password_of_the_primary()
    {
        var variables = Open(new Uri("http://me:secret@127.0.0.1:1")).Variables(_attempt, "iris").ToDictionary();
        Assert.DoesNotContain(variables.Values, value => value.Contains("secret", StringComparison.Ordinal));
        Assert.Equal("", variables["MLFLOW_TRACKING_PASSWORD"]);
    }

    private EmbeddedEndpoint Open(Uri primary, TimeSpan? patience = null) => EmbeddedEndpoint.Open(new EmbeddedOptions
    {
        Tokens = _tokens,
        RunsFolder = _folder.Path("mlruns"),
        OpenStore = OpenStore,
        Primary = new Primary(primary) { Authorization = "Bearer theirs", Patience = patience ?? TimeSpan.FromSeconds(30) },
    });

    private TrackingStore OpenStore() =>
        TrackingStore.Open(_folder.Path("weft.db"), new TrackingOptions(_folder.Path("mlruns")), TimeProvider.System);

    /// <summary>The run as it is kept here once the endpoint has copied all it was told.</summary>
    private async Task<Run> Copied(EmbeddedEndpoint endpoint, string run)
    {
        await endpoint.CopiedAsync();
        await using TrackingStore store = OpenStore();
        return store.Runs.Get(new RunId(run));
    }

    private async Task<string> NewRun(EmbeddedEndpoint endpoint, string experiment) =>
        (await Call(endpoint, "POST", "runs/create", $$"""{"experiment_id":"{{experiment}}","start_time":1}""")).GetProperty("run").GetProperty("info").GetProperty("run_id").GetString()!;

    private async Task<string> CallPrimary(string path, string json)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/2.0/mlflow/" + path) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "theirs");
        Answer answer = await _primary.Send(request);
        Assert.Equal(200, answer.Status);
        return answer.Body;
    }

    private async Task<JsonElement> Call(EmbeddedEndpoint endpoint, string verb, string path, string? json = null)
    {
        using HttpResponseMessage response = await Send(endpoint, verb, path, json);
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, body);
        return JsonElement.Parse(body);
    }

    private async Task<HttpResponseMessage> Send(EmbeddedEndpoint endpoint, string verb, string path, string? content = null)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(new HttpMethod(verb), new Uri(endpoint.Address, path.StartsWith('/') ? path : "/api/2.0/mlflow/" + path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _tokens.Make(_attempt));
        if (content is not null)
            request.Content = new StringContent(content, Encoding.UTF8, "application/json");
        return await client.SendAsync(request);
    }
}
