using System.Buffers;
using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text.Json;
using Weft.Execution;
using Weft.Records;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Cli;

/// <summary>
/// Tells the addresses that tasks name by <c>notify</c> of their ends, on a thread of its own, so that nothing waits for a slow one. Who cannot be told is
/// named in a warning; the execution is none the worse.
/// </summary>
internal sealed class Notices(ExecutionRow execution, Plan plan, Action<string> warn) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly BlockingCollection<(string Url, byte[] Body)> _queue = [];
    private Thread? _teller;

    public void Ended(ExecutionEvent.NodeEnded end)
    {
        if (plan.Find(end.Path) is not { Node.Uses: { Kind: CalleeKind.Task } callee } node || plan.ClosureAt(node.Scope).Tasks.GetValueOrDefault(callee.Name)?.Notice is not { } notice)
            return;
        string state = end.Phase switch { Phase.Succeeded or Phase.Reused => "succeeded", Phase.Failed => "failed", Phase.Cancelled => "cancelled", _ => "" };
        if (state.Length == 0 || (!notice.On.IsEmpty && !notice.On.Contains(state)))
            return;
        if (_teller is null)
        {
            _teller = new Thread(TellAll) { IsBackground = true, Name = "notices" };
            _teller.Start();
        }
        byte[] body = Body(end, state);
        foreach (string url in notice.Urls)
            _queue.Add((url, body));
    }

    /// <summary>Waits until everyone was told, each for a while at most.</summary>
    public void Dispose()
    {
        _queue.CompleteAdding();
        _teller?.Join();
        _queue.Dispose();
    }

    private byte[] Body(ExecutionEvent.NodeEnded end, string state)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, PlainJson.Compact))
        {
            json.WriteStartObject();
            json.WriteString("execution", execution.Name);
            json.WriteString("node", end.Path.Text);
            json.WriteString("state", state);
            if (end.Outcome is Outcome.Failed failed)
                json.WriteString("reason", failed.Reason);
            json.WriteNumber("at", end.At.ToUnixTimeMilliseconds());
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    private void TellAll()
    {
        using var client = new HttpClient { Timeout = Patience };
        foreach ((string url, byte[] body) in _queue.GetConsumingEnumerable())
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
                request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
                using HttpResponseMessage answer = client.Send(request);
                if (!answer.IsSuccessStatusCode)
                    warn($"{new Uri(url).Host} was not told of an end: it answers {(int)answer.StatusCode}");
            }
            catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
            {
                warn($"{new Uri(url).Host} was not told of an end: {error.Message}");
            }
        }
    }
}
