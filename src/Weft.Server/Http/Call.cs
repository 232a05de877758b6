using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Weft.Server.Rest;
using Weft.Tracking;

namespace Weft.Server.Http;

/// <summary>Takes some bytes.</summary>
internal delegate void ReadOnlySpanAction(ReadOnlySpan<byte> bytes);

/// <summary>One request and its answer.</summary>
internal sealed class Call(HttpContext http, Application application, string path)
{
    /// <summary>A JSON body beyond this is refused: the largest batch that clients send is far below.</summary>
    public const int LongestJson = 16 * 1024 * 1024;

    /// <summary>How deep JSON may be nested.</summary>
    public const int DeepestJson = 64;

    private const int LargestKept = 1024 * 1024;

    private static readonly ConcurrentBag<ArrayBufferWriter<byte>> s_buffers = [];

    /// <summary>The request's body, in an array that other calls use after this one.</summary>
    private byte[]? _body;

    public HttpContext Http { get; } = http;

    public Application Application { get; } = application;

    public TrackingStore Store => Application.Store;

    public ProjectViews Project => Application.Project ?? throw TrackingException.Missing("this server has no project whose executions it could tell");

    /// <summary>The decoded path below the server's own prefix.</summary>
    public string Path { get; } = path;

    public Caller Caller { get; set; } = Caller.Anyone;

    /// <summary>What the braces of the route's path matched, in order.</summary>
    public string[] Parts { get; set; } = [];

    /// <summary>The request's JSON when it was read already, or when one call is made on behalf of another; null: what the client sent.</summary>
    private ReadOnlyMemory<byte>? Given { get; set; }

    /// <summary>Where the answer of a call on behalf of another goes; null: to the client.</summary>
    private ArrayBufferWriter<byte>? Answer { get; init; }

    /// <summary>Told the answer before it is sent.</summary>
    public ReadOnlySpanAction? Answered { get; set; }

    /// <summary>Those of the experiments that the caller may read: a search finds nothing in the others.</summary>
    public IReadOnlyList<long> Readable(IEnumerable<long> experiments) => [.. experiments.Where(id => Caller.On(Subject.Experiment(id)) >= Permission.Read)];

    public IReadOnlyList<long> Readable(IEnumerable<string> experiments) => Readable(experiments.Select(Fields.ExperimentId));

    /// <summary>Whether the members of a request stand in its query: GET and HEAD have no body.</summary>
    public bool HasQuery => HttpMethods.IsGet(Http.Request.Method) || HttpMethods.IsHead(Http.Request.Method);

    public string Query(string name) => Http.Request.Query[name].FirstOrDefault() ?? "";

    /// <summary>The request's members: of the query for GET and HEAD, else of the JSON body, which may be absent.</summary>
    public async ValueTask<Fields> ReadAsync()
    {
        if (Given is null && HasQuery)
            return Fields.OfQuery(Http.Request.Query);
        ReadOnlyMemory<byte> body = await ReadBodyAsync();
        return body.IsEmpty ? default : Parse(body);
    }

    /// <summary>The JSON body as bytes; empty when there is none. The bytes live as long as the call.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReadBodyAsync()
    {
        if (Given is { } given)
            return given;
        HttpRequest request = Http.Request;
        if (request.ContentLength is > LongestJson)
            throw TooLong();
        bool mayHaveBody = request.ContentLength is > 0 || request.Headers.TransferEncoding.Count > 0;
        if (mayHaveBody && !IsJson(request.ContentType))
            throw TrackingException.Invalid($"Bad Request. Content-Type should be application/json, found '{request.ContentType}'.");
        if (!mayHaveBody)
            return default;
        _body = ArrayPool<byte>.Shared.Rent((int)(request.ContentLength ?? 4096));
        int length = 0;
        while (true)
        {
            ReadResult read = await request.BodyReader.ReadAsync(Http.RequestAborted);
            int total = checked(length + (int)read.Buffer.Length);
            if (total > LongestJson)
                throw TooLong();
            if (total > _body.Length)
                Lengthen(total, length);
            read.Buffer.CopyTo(_body.AsSpan(length));
            length = total;
            request.BodyReader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                ReadOnlyMemory<byte> body = Unwrapped(_body.AsMemory(0, length));
                return Application.Mask is { } mask ? mask.CoverTexts(body.Span) : body;
            }
        }
    }

    /// <summary>The JSON body, which stays there for a handler that reads it afterwards, and for who needs it when the call has ended.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> KeepBodyAsync()
    {
        ReadOnlyMemory<byte> body = await ReadBodyAsync();
        _body = null;
        Given = body;
        return body;
    }

    /// <summary>The call has ended: what it read may be overwritten by another.</summary>
    public void Release()
    {
        if (_body is not { } body)
            return;
        _body = null;
        ArrayPool<byte>.Shared.Return(body);
    }

    /// <summary>The JSON that a handler answers to a request, for the same caller.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> AskAsync(Handler handler, ReadOnlyMemory<byte> request)
    {
        var answer = new ArrayBufferWriter<byte>(1024);
        var call = new Call(Http, Application, Path) { Caller = Caller, Given = request, Answer = answer };
        if (!Caller.MayDoAll)
            await (Mlflow.Routes.GuardOf(handler) ?? throw Guards.Denied())(call);
        await handler(call);
        return answer.WrittenMemory;
    }

    /// <summary>Answers with a JSON object whose members are written by <paramref name="write"/>.</summary>
    public async ValueTask AnswerAsync(Action<Utf8JsonWriter> write, int status = 200)
    {
        if (!s_buffers.TryTake(out ArrayBufferWriter<byte>? buffer))
            buffer = new ArrayBufferWriter<byte>(4096);
        try
        {
            using (var json = new Utf8JsonWriter(buffer, TrackingJson.WriterOptions))
            {
                json.WriteStartObject();
                write(json);
                json.WriteEndObject();
            }
            await SendAsync("application/json", buffer.WrittenMemory, status);
        }
        finally
        {
            if (buffer.Capacity <= LargestKept)
            {
                buffer.ResetWrittenCount();
                s_buffers.Add(buffer);
            }
        }
    }

    /// <summary>Answers <c>{}</c>.</summary>
    public ValueTask DoneAsync() => SendAsync("application/json", s_nothing, 200);

    public ValueTask TextAsync(string text, int status = 200) => SendAsync("text/plain; charset=utf-8", System.Text.Encoding.UTF8.GetBytes(text), status);

    public async ValueTask SendAsync(string type, ReadOnlyMemory<byte> body, int status)
    {
        if (Answer is { } answer)
        {
            answer.Write(body.Span);
            return;
        }
        if (status == 200)
            Answered?.Invoke(body.Span);
        HttpResponse response = Http.Response;
        response.StatusCode = status;
        response.ContentType = type;
        response.ContentLength = body.Length;
        await response.BodyWriter.WriteAsync(body, Http.RequestAborted);
    }

    private void Lengthen(int least, int used)
    {
        byte[] longer = ArrayPool<byte>.Shared.Rent(Math.Max(least, Math.Min(_body!.Length * 2, LongestJson)));
        _body.AsSpan(0, used).CopyTo(longer);
        ArrayPool<byte>.Shared.Return(_body);
        _body = longer;
    }

    private static readonly byte[] s_nothing = "{}"u8.ToArray();

    private static TrackingException TooLong() => TrackingException.Invalid($"The request is longer than {LongestJson} bytes");

    private static bool IsJson(string? type)
    {
        ReadOnlySpan<char> media = type;
        int parameters = media.IndexOf(';');
        return (parameters < 0 ? media : media[..parameters]).Trim().Equals("application/json", StringComparison.OrdinalIgnoreCase);
    }

    private static Fields Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            JsonElement json = JsonElement.Parse(body.Span, new JsonDocumentOptions { MaxDepth = DeepestJson });
            return json.ValueKind switch
            {
                JsonValueKind.Object => Fields.OfJson(json),
                JsonValueKind.Null => default,
                _ => throw TrackingException.Invalid($"The body of a request must be a JSON object, found {json.ValueKind}"),
            };
        }
        catch (JsonException e)
        {
            throw TrackingException.Invalid($"The body of the request is not JSON: {e.Message}");
        }
    }

    /// <summary>A body that is one JSON string holds the JSON that is meant.</summary>
    private static ReadOnlyMemory<byte> Unwrapped(ReadOnlyMemory<byte> body)
    {
        ReadOnlySpan<byte> text = body.Span.TrimStart(" \t\r\n"u8);
        if (text.IsEmpty || text[0] != '"')
            return text.IsEmpty ? default : body;
        try
        {
            var reader = new Utf8JsonReader(text);
            reader.Read();
            return System.Text.Encoding.UTF8.GetBytes(reader.GetString()!);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw TrackingException.Invalid($"The body of the request is not JSON: {e.Message}");
        }
    }
}
