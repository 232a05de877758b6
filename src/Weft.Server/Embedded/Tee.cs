using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Weft.Server.Http;
using Weft.Server.Mlflow;
using Weft.Tracking;
using Weft.Values;

namespace Weft.Server.Embedded;

/// <summary>The tracking server that the user had set before the run.</summary>
/// <param name="Address">Its MLFLOW_TRACKING_URI, http or https; a name and a password in it are used as basic authentication.</param>
public sealed record Primary(Uri Address)
{
    /// <summary>The value of the Authorization header; null: none.</summary>
    public string? Authorization { get; init; }

    public bool AllowsAnyCertificate { get; init; }

    /// <summary>How long it may take to answer before it counts as dead. Default 10 s.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>
/// Passes what programs send on to the server that the user had set, which answers them, and keeps a copy of what it took. While that server does not
/// answer, the records here take its place, so that a task neither fails nor waits: it is asked again after a pause. A run that was begun here
/// meanwhile stays here.
/// </summary>
internal sealed class Tee : IAsyncDisposable
{
    /// <summary>How long a dead server is left alone before it is asked again.</summary>
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan s_connecting = TimeSpan.FromSeconds(2);

    /// <summary>How many answered requests may wait to be copied; then the programs wait.</summary>
    private const int MostWaiting = 1024;

    private const string Api = "api/2.0/mlflow/";

    /// <summary>What changes a run, and so is copied. Making one is apart: its id is the other server's.</summary>
    private static readonly Dictionary<string, Handler> s_copied = new()
    {
        [Api + "runs/update"] = RunRoutes.UpdateAsync,
        [Api + "runs/delete"] = RunRoutes.DeleteAsync,
        [Api + "runs/restore"] = RunRoutes.RestoreAsync,
        [Api + "runs/log-metric"] = RunRoutes.LogMetricAsync,
        [Api + "runs/log-parameter"] = RunRoutes.LogParamAsync,
        [Api + "runs/set-tag"] = RunRoutes.SetLabelAsync,
        [Api + "runs/delete-tag"] = RunRoutes.DeleteLabelAsync,
        [Api + "runs/log-batch"] = RunRoutes.LogBatchAsync,
        [Api + "runs/log-model"] = RunRoutes.LogModelAsync,
        [Api + "runs/log-inputs"] = RunRoutes.LogInputsAsync,
        [Api + "runs/outputs"] = RunRoutes.LogOutputsAsync,
    };

    private const string Create = Api + "runs/create";

    private readonly Primary _primary;
    private readonly Application _application;
    private readonly TrackingStore _store;
    private readonly TimeProvider _clock;
    private readonly HttpClient _client;
    private readonly Channel<Copy> _copies = Channel.CreateBounded<Copy>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });
    private readonly ConcurrentDictionary<string, bool> _ownRuns = new();
    private readonly Dictionary<string, long> _experiments = [];
    private readonly Task _copying;
    private long _deadSince;

    /// <param name="application">Whose handlers write the copies.</param>
    public Tee(Primary primary, Application application)
    {
        _primary = primary;
        _application = application;
        _store = application.Store;
        _clock = application.Clock;
        var transport = new SocketsHttpHandler
        {
            ConnectTimeout = s_connecting,
            AllowAutoRedirect = false,
            UseCookies = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        };
        if (primary.AllowsAnyCertificate)
#pragma warning disable CA5359 // The user has asked for it by MLFLOW_TRACKING_INSECURE_TLS, as MLflow's own clients let them.
            transport.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        _client = new HttpClient(transport) { Timeout = Timeout.InfiniteTimeSpan };
        _copying = Task.Run(CopyAllAsync);
    }

    /// <summary>Answers with what the primary says; false when it does not answer and the records here are to.</summary>
    public async ValueTask<bool> TryAnswerAsync(Call call)
    {
        string path = call.Path.StartsWith("ajax-api/", StringComparison.Ordinal) ? call.Path["ajax-".Length..] : call.Path;
        bool isCopied = call.Http.Request.Method == "POST" && (path == Create || s_copied.ContainsKey(path));
        ReadOnlyMemory<byte>? body = null;
        if (isCopied)
            body = await call.KeepBodyAsync();
        if (body is { } json && RunOf(json) is { } run && _ownRuns.ContainsKey(run))
            return false;
        if (IsDead || await AskAsync(call, body) is not { } answer)
        {
            if (path == Create)
                call.Answered = bytes => NoteOwn(bytes);
            return false;
        }
        using (answer)
        {
            if (!isCopied || !answer.IsSuccessStatusCode)
            {
                await RelayAsync(call, answer);
                return true;
            }
            byte[] content = await answer.Content.ReadAsByteArrayAsync(call.Http.RequestAborted);
            await call.SendAsync("application/json", content, (int)answer.StatusCode);
            await _copies.Writer.WriteAsync(new Copy(path, body!.Value, content, call.Caller.Attempt), call.Http.RequestAborted);
            return true;
        }
    }

    /// <summary>Completes when all that was taken so far is copied.</summary>
    public async Task CopiedAsync()
    {
        var mark = new Copy("", default, default, null) { Done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously) };
        await _copies.Writer.WriteAsync(mark);
        await mark.Done.Task;
    }

    /// <summary>Copies what waits, then ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _copies.Writer.TryComplete();
        await _copying;
        _client.Dispose();
    }

    private bool IsDead => Volatile.Read(ref _deadSince) is not 0 and long since && _clock.GetElapsedTime(since) < s_pause;

    /// <summary>The primary's answer up to its headers; null when it gives none in time.</summary>
    private async Task<HttpResponseMessage?> AskAsync(Call call, ReadOnlyMemory<byte>? body)
    {
        HttpRequest request = call.Http.Request;
        using HttpRequestMessage message = Message(request.Method, call.Path + request.QueryString.Value);
        if (body is { } json)
            message.Content = new ReadOnlyMemoryContent(json);
        else if (request.ContentLength is > 0 || request.Headers.TransferEncoding.Count > 0)
            message.Content = new StreamContent(request.Body);
        if (message.Content is { } content)
        {
            content.Headers.ContentLength = body?.Length ?? request.ContentLength;
            if (request.ContentType is { Length: > 0 } type)
                content.Headers.TryAddWithoutValidation("Content-Type", type);
            foreach (string header in new[] { "Content-Encoding", "x-mlflow-experiment-id" })
            {
                if (request.Headers[header] is { Count: > 0 } values && !content.Headers.TryAddWithoutValidation(header, values.ToArray()))
                    message.Headers.TryAddWithoutValidation(header, values.ToArray());
            }
        }
        // Files of any size may be on their way: only the wait for an answer to what is whole is bounded.
        using var patience = new CancellationTokenSource(body is null && message.Content is not null ? Timeout.InfiniteTimeSpan : _primary.Patience, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, call.Http.RequestAborted);
        try
        {
            HttpResponseMessage answer = await _client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, either.Token);
            Volatile.Write(ref _deadSince, 0);
            return answer;
        }
        catch (HttpRequestException)
        {
            Volatile.Write(ref _deadSince, _clock.GetTimestamp());
            return null;
        }
        catch (OperationCanceledException) when (!call.Http.RequestAborted.IsCancellationRequested)
        {
            Volatile.Write(ref _deadSince, _clock.GetTimestamp());
            return null;
        }
    }

    private HttpRequestMessage Message(string verb, string path)
    {
        string home = _primary.Address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped).TrimEnd('/');
        var message = new HttpRequestMessage(new HttpMethod(verb), $"{home}/{path}");
        if (_primary.Authorization is { } given)
            message.Headers.TryAddWithoutValidation("Authorization", given);
        else if (_primary.Address.UserInfo is { Length: > 0 } user)
            message.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(user))));
        return message;
    }

    private static async Task RelayAsync(Call call, HttpResponseMessage answer)
    {
        HttpResponse response = call.Http.Response;
        response.StatusCode = (int)answer.StatusCode;
        response.ContentType = answer.Content.Headers.ContentType?.ToString();
        response.ContentLength = answer.Content.Headers.ContentLength;
        if (answer.Content.Headers.ContentDisposition is { } disposition)
            response.Headers.ContentDisposition = disposition.ToString();
        await answer.Content.CopyToAsync(response.Body, call.Http.RequestAborted);
    }

    private void NoteOwn(ReadOnlySpan<byte> answer)
    {
        if (JsonElement.Parse(answer) is { ValueKind: JsonValueKind.Object } json && json.TryGetProperty("run"u8, out JsonElement run))
            _ownRuns[run.GetProperty("info"u8).GetProperty("run_id"u8).GetString()!] = true;
    }

    private static string? RunOf(ReadOnlyMemory<byte> body)
    {
        var reader = new Utf8JsonReader(body.Span, new JsonReaderOptions { MaxDepth = Call.DeepestJson });
        try
        {
            while (reader.Read())
            {
                if (reader.CurrentDepth == 1 && reader.TokenType == JsonTokenType.PropertyName && (reader.ValueTextEquals("run_id"u8) || reader.ValueTextEquals("run_uuid"u8)))
                    return reader.Read() && reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Whoever answers says what is wrong with it.
        }
        return null;
    }

    private async Task CopyAllAsync()
    {
        await foreach (Copy copy in _copies.Reader.ReadAllAsync())
        {
            if (copy.Done is { } done)
            {
                done.SetResult();
                continue;
            }
            try
            {
                await CopyAsync(copy);
            }
            catch (Exception e) when (e is TrackingException or HttpRequestException or OperationCanceledException or JsonException or InvalidOperationException or KeyNotFoundException)
            {
                // The primary took it; the copy is what the two servers see differently, and the task must not feel it.
            }
        }
    }

    private async Task CopyAsync(Copy copy)
    {
        if (copy.Path == Create)
        {
            await AddRunAsync(JsonElement.Parse(copy.Answer.Span).GetProperty("run"u8), copy.Attempt);
            return;
        }
        try
        {
            await CopyIntoAsync(copy);
        }
        catch (TrackingException missing) when (missing.Error == TrackingError.ResourceDoesNotExist && RunOf(copy.Body) is { } run)
        {
            await AddRunAsync((await GetAsync($"{Api}runs/get?run_id={Uri.EscapeDataString(run)}")).GetProperty("run"u8), attempt: null);
            await CopyIntoAsync(copy);
        }
    }

    private async Task CopyIntoAsync(Copy copy)
    {
        var call = new Call(new DefaultHttpContext(new FeatureCollection()), _application, copy.Path) { Caller = Caller.Anyone };
        await call.AskAsync(s_copied[copy.Path], copy.Body);
    }

    private async Task AddRunAsync(JsonElement run, AttemptId? attempt)
    {
        JsonElement info = run.GetProperty("info"u8);
        var id = new RunId(info.GetProperty("run_id"u8).GetString()!);
        if (_store.Runs.Find(id) is not null)
            return;
        Fields data = run.TryGetProperty("data"u8, out JsonElement found) ? Fields.OfJson(found) : default;
        Fields fields = Fields.OfJson(info);
        await _store.Runs.CreateAsync(new NewRun(await ExperimentAsync(fields.Required("experiment_id")), fields.Text("run_name"), fields.Text("user_id") ?? "", fields.Long("start_time") ?? 0)
        {
            Id = id,
            ArtifactUri = fields.Text("artifact_uri"),
            Labels = [.. data.Labels("tags").Where(label => label.Key != Rules.RunNameLabel)],
            Node = attempt is { } of ? (of.Execution, of.Path) : null,
        });
    }

    /// <summary>The experiment here that has the name of theirs.</summary>
    private async Task<long> ExperimentAsync(string theirs)
    {
        if (_experiments.TryGetValue(theirs, out long known))
            return known;
        Fields experiment = Fields.OfJson((await GetAsync($"{Api}experiments/get?experiment_id={Uri.EscapeDataString(theirs)}")).GetProperty("experiment"u8));
        string name = experiment.Required("name");
        long ours = _store.Experiments.FindByName(name)?.Id ?? await _store.Experiments.CreateAsync(name, experiment.Text("artifact_location"), [], mayExist: true);
        _experiments[theirs] = ours;
        return ours;
    }

    private async Task<JsonElement> GetAsync(string path)
    {
        using HttpRequestMessage message = Message("GET", path);
        using var patience = new CancellationTokenSource(_primary.Patience, _clock);
        using HttpResponseMessage answer = await _client.SendAsync(message, patience.Token);
        answer.EnsureSuccessStatusCode();
        return JsonElement.Parse(await answer.Content.ReadAsByteArrayAsync(patience.Token));
    }

    /// <summary>A request that the primary took, and what it answered.</summary>
    private sealed record Copy(string Path, ReadOnlyMemory<byte> Body, ReadOnlyMemory<byte> Answer, AttemptId? Attempt)
    {
        /// <summary>Of a mark in the queue that holds nothing: told when all before it is copied.</summary>
        public TaskCompletionSource? Done { get; init; }
    }
}
