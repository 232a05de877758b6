using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Weft.Support;

namespace Weft.Server.Tests;

/// <summary>A real server on a free port of loopback, and a client that speaks bare HTTP.</summary>
public sealed class TestServer : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _client = new();
    private WeftServer? _server;

    public Uri Address => _server!.Address;

    public HttpClient Client => _client;

    public string Root => _folder.Root;

    internal WeftServer Server => _server!;

    public static async Task<TestServer> StartAsync(Func<ServerOptions, ServerOptions>? change = null, Microsoft.Extensions.Logging.ILoggerFactory? log = null)
    {
        var test = new TestServer();
        var options = new ServerOptions
        {
            Database = TestRecords.Address(test._folder),
            ArtifactFolder = test._folder.Path("mlartifacts"),
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
        };
        options = change?.Invoke(options) ?? options;
        test._server = await WeftServer.StartAsync(options, log ?? NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);
        test._client.BaseAddress = test._server.Address;
        return test;
    }

    /// <summary>Ends the server before the test's end.</summary>
    public async ValueTask StopAsync()
    {
        await Server.DisposeAsync();
        _server = null;
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        if (_server is { } server)
            await server.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>Sends JSON to a path below <c>/api/2.0/mlflow/</c>, or to any path that starts with a slash.</summary>
    public async Task<Answer> Send(string verb, string path, string? json = null, string type = "application/json")
    {
        using var request = new HttpRequestMessage(new HttpMethod(verb), path.StartsWith('/') || path.StartsWith("http:", StringComparison.Ordinal) ? path : "/api/2.0/mlflow/" + path);
        if (json is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(json));
            request.Content.Headers.ContentType = type.Length > 0 ? MediaTypeHeaderValue.Parse(type) : null;
        }
        return await Send(request);
    }

    public async Task<Answer> Send(HttpRequestMessage request)
    {
        using HttpResponseMessage response = await _client.SendAsync(request);
        return new Answer((int)response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers.Concat(response.Content.Headers)
            .ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase));
    }

    public Task<Answer> Post(string path, string json) => Send("POST", path, json);

    public Task<Answer> Get(string path) => Send("GET", path);

    /// <summary>A new run of the default experiment.</summary>
    public async Task<string> NewRun(string json = """{"experiment_id":"0","start_time":1}""") =>
        (await Post("runs/create", json)).Json.GetProperty("run").GetProperty("info").GetProperty("run_id").GetString()!;
}

/// <summary>What a server answered.</summary>
public sealed record Answer(int Status, string Body, IReadOnlyDictionary<string, string> Headers)
{
    public JsonElement Json => JsonElement.Parse(Body);

    /// <summary>Status and error code, for one assertion.</summary>
    public string Error => $"{Status} {(Body.StartsWith('{') && Json.TryGetProperty("error_code", out JsonElement code) ? code.GetString() : Body)}";

    public string Message => Json.GetProperty("message").GetString()!;
}
