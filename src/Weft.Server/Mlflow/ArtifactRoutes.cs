using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Weft.Server.Artifacts;
using Weft.Server.Http;
using Weft.Tracking;

namespace Weft.Server.Mlflow;

/// <summary><c>artifacts/…</c>, the proxy <c>mlflow-artifacts/…</c>, and the downloads of the web pages.</summary>
internal static class ArtifactRoutes
{
    private const string ProxyPath = "/api/2.0/mlflow-artifacts/artifacts";

    private const long MostUploaded = 10 * 1024 * 1024;

    public static async ValueTask ListAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        RunInfo run = call.Store.Runs.GetInfo(fields.RequiredRun());
        await ListAsync(call, run.ArtifactUri, fields.Text("path") ?? "");
    }

    /// <summary>The file or folder of a path below a location. The address of this server's own proxy, as clients call it, is the proxy.</summary>
    public static ArtifactPlace Find(Call call, string location, string path)
    {
        if (location.StartsWith("http", StringComparison.Ordinal) && Uri.TryCreate(location, UriKind.Absolute, out Uri? uri) && uri.Authority == call.Http.Request.Host.Value
            && uri.AbsolutePath.IndexOf(ProxyPath, StringComparison.Ordinal) is >= 0 and int start)
        {
            location = "mlflow-artifacts:" + Uri.UnescapeDataString(uri.AbsolutePath[(start + ProxyPath.Length)..]);
        }
        return call.Application.Artifacts.Resolve(location, path);
    }

    /// <summary>One level of a location's folder as an answer.</summary>
    public static async ValueTask ListAsync(Call call, string location, string path)
    {
        string below = ArtifactPath.Check(path);
        List<ArtifactEntry> entries = await Find(call, location, below).ListAsync(below, call.Http.RequestAborted);
        await call.AnswerAsync(json =>
        {
            json.WriteString("root_uri"u8, location);
            WriteFiles(json, entries);
        });
    }

    public static async ValueTask ProxyListAsync(Call call)
    {
        ArtifactPlace folder = call.Application.Artifacts.Proxy(ArtifactPath.Check(call.Query("path")));
        List<ArtifactEntry> entries = await folder.ListAsync(prefix: null, call.Http.RequestAborted);
        await call.AnswerAsync(json => WriteFiles(json, entries));
    }

    public static ValueTask ProxyGetAsync(Call call) => SendFileAsync(call, call.Application.Artifacts.Proxy(ArtifactPath.Check(call.Parts[0], isEscaped: true)));

    public static async ValueTask ProxyPutAsync(Call call)
    {
        await ProxyFile(call).WriteAsync(call.Http.Request.Body, call.Http.RequestAborted);
        await call.DoneAsync();
    }

    public static async ValueTask ProxyDeleteAsync(Call call)
    {
        await ProxyFile(call).DeleteAsync(call.Http.RequestAborted);
        await call.DoneAsync();
    }

    public static ValueTask GetRunFileAsync(Call call)
    {
        string run = call.Query("run_id") is { Length: > 0 } id ? id : call.Query("run_uuid");
        if (run.Length == 0)
            throw Fields.Missing("run_id");
        if (call.Query("path").Length == 0)
            throw Fields.Missing("path");
        string path = ArtifactPath.Check(call.Query("path"));
        RunInfo info = call.Store.Runs.GetInfo(new RunId(run));
        return SendFileAsync(call, Find(call, info.ArtifactUri, path));
    }

    public static async ValueTask UploadAsync(Call call)
    {
        string run = call.Query("run_uuid") is { Length: > 0 } id ? id : call.Query("run_id");
        if (run.Length == 0)
            throw TrackingException.Invalid("Request must specify run_uuid.");
        if (call.Query("path").Length == 0)
            throw TrackingException.Invalid("Request must specify path.");
        string path = ArtifactPath.Check(call.Query("path"));
        long? length = call.Http.Request.ContentLength;
        if (length > MostUploaded)
            throw TrackingException.Invalid($"Artifact size is too large. Max size is {MostUploaded / 1024 / 1024}MB.");
        var body = new MemoryStream();
        await call.Http.Request.Body.CopyToAsync(new LimitedStream(body, MostUploaded), call.Http.RequestAborted);
        if (body.Length == 0)
            throw TrackingException.Invalid("Request must specify data.");
        RunInfo info = call.Store.Runs.GetInfo(new RunId(run));
        body.Position = 0;
        await Find(call, info.ArtifactUri, path).WriteAsync(body, call.Http.RequestAborted);
        await call.DoneAsync();
    }

    /// <summary>A file as an attachment: it is never shown as a page of this server.</summary>
    public static async ValueTask SendFileAsync(Call call, ArtifactPlace place)
    {
        string file = place.Name;
        ArtifactContent content = await place.OpenAsync(call.Http.RequestAborted) ?? throw TrackingException.Missing($"No such artifact: '{file}'");
        await using Stream? stream = content.Stream;
        HttpResponse response = call.Http.Response;
        response.ContentType = MediaTypes.Of(file);
        response.Headers.ContentDisposition = Disposition(file);
        response.Headers.ContentSecurityPolicy = "sandbox";
        response.ContentLength = content.Length;
        if (HttpMethods.IsHead(call.Http.Request.Method))
            return;
        if (content.File is { } local)
            await response.SendFileAsync(local, call.Http.RequestAborted);
        else
            await stream!.CopyToAsync(response.Body, call.Http.RequestAborted);
    }

    /// <summary>A plain name as it is; any other also by RFC 5987.</summary>
    internal static string Disposition(string name)
    {
        if (!name.AsSpan().ContainsAnyExceptInRange(' ', '~') && !name.AsSpan().ContainsAny('"', '\\', ';'))
            return name.Contains(' ', StringComparison.Ordinal) ? $"attachment; filename=\"{name}\"" : $"attachment; filename={name}";
        var ascii = new StringBuilder();
        var escaped = new StringBuilder();
        foreach (char c in name)
            ascii.Append(c is >= ' ' and <= '~' and not ('"' or '\\' or ';') ? c : '_');
        foreach (byte b in Encoding.UTF8.GetBytes(name))
        {
            if (char.IsAsciiLetterOrDigit((char)b) || b is (byte)'.' or (byte)'-' or (byte)'_')
                escaped.Append((char)b);
            else
                escaped.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
        }
        return $"attachment; filename=\"{ascii}\"; filename*=UTF-8''{escaped}";
    }

    private static ArtifactPlace ProxyFile(Call call) => call.Application.Artifacts.Proxy(RequireFile(ArtifactPath.Check(call.Parts[0], isEscaped: true)));

    private static string RequireFile(string path) => path.Length > 0 ? path : throw TrackingException.Invalid("Invalid path: it is empty");

    private static void WriteFiles(Utf8JsonWriter json, List<ArtifactEntry> entries)
    {
        if (entries.Count == 0)
            return;
        json.WriteStartArray("files"u8);
        foreach (ArtifactEntry entry in entries)
        {
            json.WriteStartObject();
            json.WriteString("path"u8, entry.Path);
            json.WriteBoolean("is_dir"u8, entry.IsFolder);
            if (entry.Size > 0)
                json.WriteNumber("file_size"u8, entry.Size);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    /// <summary>Refuses to grow beyond its limit.</summary>
    private sealed class LimitedStream(Stream inner, long most) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => inner.Length;

        public override long Position { get => inner.Position; set => inner.Position = value; }

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (inner.Length + buffer.Length > most)
                throw TrackingException.Invalid($"Artifact size is too large. Max size is {most / 1024 / 1024}MB.");
            inner.Write(buffer);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Write(buffer.Span);
            return ValueTask.CompletedTask;
        }
    }
}
