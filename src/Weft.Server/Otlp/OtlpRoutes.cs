using System.Buffers;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Weft.Server.Http;
using Weft.Tracking;

namespace Weft.Server.Otlp;

/// <summary><c>/v1/traces</c>: spans in OpenTelemetry's protocol, for the experiment that a header names.</summary>
internal static class OtlpRoutes
{
    private const string ExperimentHeader = "x-mlflow-experiment-id";
    private const string ProtoType = "application/x-protobuf";

    /// <summary>Larger than a trace with long prompts and far below what memory bears.</summary>
    private const int LongestBody = 64 * 1024 * 1024;

    public static async ValueTask ExportAsync(Call call)
    {
        HttpRequest request = call.Http.Request;
        string type = (request.ContentType ?? "").Split(';')[0].Trim();
        if (type is not (ProtoType or "application/json"))
            throw TrackingException.Invalid($"Invalid Content-Type: {request.ContentType}. Expected: {ProtoType} or application/json");
        if (request.Headers[ExperimentHeader].FirstOrDefault() is not { Length: > 0 } experiment)
        {
            await RefuseAsync(call, $"Missing header '{ExperimentHeader}'");
            return;
        }
        List<OtlpSpan> spans;
        try
        {
            spans = Read(await ReadBodyAsync(call), isJson: type != ProtoType);
        }
        catch (FormatException e)
        {
            await RefuseAsync(call, e.Message);
            return;
        }
        if (spans.Count == 0)
            throw TrackingException.Invalid("Invalid OpenTelemetry format - no spans found");
        await call.Store.Spans.LogAsync(Fields.ExperimentId(experiment), [.. spans.Select(SpanJson.Convert)]);
        if (type == ProtoType)
            await call.SendAsync(ProtoType, ReadOnlyMemory<byte>.Empty, 200);
        else
            await call.DoneAsync();
    }

    /// <summary>What cannot be taken though it was understood: exporters of OpenTelemetry do not send it again, which they do after other refusals.</summary>
    private static ValueTask RefuseAsync(Call call, string why) => call.AnswerAsync(json => json.WriteString("detail"u8, why), 422);

    private static List<OtlpSpan> Read(ReadOnlyMemory<byte> body, bool isJson)
    {
        try
        {
            return isJson ? OtlpReader.OfJson(body.Span) : OtlpReader.OfProto(body.Span);
        }
        catch (Exception e) when (e is InvalidDataException or JsonException or InvalidOperationException)
        {
            throw TrackingException.Invalid($"Invalid OpenTelemetry format: {e.Message}");
        }
    }

    /// <summary>The body, unpacked; it may be packed with gzip or deflate, and grow no larger than the limit.</summary>
    private static async ValueTask<ReadOnlyMemory<byte>> ReadBodyAsync(Call call)
    {
        Stream body = call.Http.Request.Body;
        await using Stream plain = call.Http.Request.Headers.ContentEncoding.ToString().ToLowerInvariant() switch
        {
            "" or "identity" => body,
            "gzip" => new GZipStream(body, CompressionMode.Decompress),
            "deflate" => new ZLibStream(body, CompressionMode.Decompress),
            string other => throw TrackingException.Invalid($"Unsupported Content-Encoding: {other}"),
        };
        var bytes = new ArrayBufferWriter<byte>(16 * 1024);
        try
        {
            while (true)
            {
                int read = await plain.ReadAsync(bytes.GetMemory(4096), call.Http.RequestAborted);
                if (read == 0)
                    return bytes.WrittenMemory;
                bytes.Advance(read);
                if (bytes.WrittenCount > LongestBody)
                    throw TrackingException.Invalid($"The request is longer than {LongestBody} bytes");
            }
        }
        catch (InvalidDataException e)
        {
            throw TrackingException.Invalid($"Failed to decompress the body: {e.Message}");
        }
    }
}
