using Weft.Server.Artifacts;
using Weft.Server.Http;
using Weft.Tracking;

namespace Weft.Server.Mlflow;

/// <summary>
/// <c>mlflow-artifacts/mpu/…</c>, <c>presigned/…</c> and <c>artifacts/presigned-upload-url</c>: clients send the parts of a large file, or fetch one, past this server, by addresses that
/// it signs. Where artifacts lie in folders there is no such way, and clients fall back to the proxy.
/// </summary>
internal static class DirectRoutes
{
    private const int MostParts = 10_000;
    private const int UsualSeconds = 900;
    private const int MostSeconds = 7 * 24 * 60 * 60;

    public static async ValueTask BeginAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        IDirectAccess file = Find(call, fields);
        int parts = fields.Int("num_parts") ?? 1;
        if (parts is < 1 or > MostParts)
            throw TrackingException.Invalid($"Invalid value {parts} for parameter 'num_parts' supplied: it must be at least 1 and at most {MostParts}");
        string upload = await file.BeginAsync(call.Http.RequestAborted);
        await call.AnswerAsync(json =>
        {
            json.WriteString("upload_id"u8, upload);
            json.WriteStartArray("credentials"u8);
            for (int part = 1; part <= parts; part++)
            {
                json.WriteStartObject();
                json.WriteString("url"u8, file.PartLink(upload, part));
                json.WriteNumber("part_number"u8, part);
                json.WriteStartObject("headers"u8);
                json.WriteEndObject();
                json.WriteEndObject();
            }
            json.WriteEndArray();
        });
    }

    public static async ValueTask CompleteAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        IDirectAccess file = Find(call, fields);
        (int, string)[] parts = [.. fields.Items("parts").Select(part => (part.Int("part_number") ?? throw Fields.Missing("part_number"), part.Required("etag")))];
        await file.CompleteAsync(fields.Required("upload_id"), parts, call.Http.RequestAborted);
        await call.DoneAsync();
    }

    public static async ValueTask AbortAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        await Find(call, fields).AbortAsync(fields.Required("upload_id"), call.Http.RequestAborted);
        await call.DoneAsync();
    }

    public static async ValueTask ReadLinkAsync(Call call)
    {
        ArtifactPlace place = call.Application.Artifacts.Proxy(ArtifactPath.Check(call.Parts[0], isEscaped: true));
        IDirectAccess direct = place.Direct ?? throw None(call);
        ArtifactContent content = await place.OpenAsync(call.Http.RequestAborted) ?? throw TrackingException.Missing($"No such artifact: '{place.Name}'");
        if (content.Stream is { } stream)
            await stream.DisposeAsync();
        await call.AnswerAsync(json =>
        {
            json.WriteString("url"u8, direct.ReadLink());
            json.WriteStartObject("headers"u8);
            json.WriteEndObject();
            json.WriteNumber("file_size"u8, content.Length);
        });
    }

    /// <summary>An address to which a client puts a file of a run whose location is a bucket that the server was started with.</summary>
    public static async ValueTask WriteLinkAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        RunId id = fields.RequiredRun();
        string path = ArtifactPath.Check(fields.Required("path"));
        int seconds = fields.Int("expiration") ?? UsualSeconds;
        if (seconds is < 1 or > MostSeconds)
            throw TrackingException.Invalid($"Invalid value {seconds} for parameter 'expiration' supplied: it must be at least 1 and at most {MostSeconds}");
        string location = call.Store.Runs.GetInfo(id).ArtifactUri;
        string scheme = location[..Math.Max(0, location.IndexOf(':', StringComparison.Ordinal))];
        if (scheme is "http" or "https" or "mlflow-artifacts")
            throw TrackingException.Invalid($"Presigned upload is not supported for runs with proxied artifact storage (artifact URI scheme: {scheme}).");
        string link = (call.Application.Artifacts.Resolve(location, path).Direct ?? throw None(call)).WriteLink(TimeSpan.FromSeconds(seconds));
        await call.AnswerAsync(json =>
        {
            json.WriteString("presigned_url"u8, link);
            json.WriteStartObject("headers"u8);
            json.WriteEndObject();
        });
    }

    /// <summary>The address names the folder; the body, the file as the client has it, whose name is kept.</summary>
    private static IDirectAccess Find(Call call, Fields fields)
    {
        string folder = ArtifactPath.Check(call.Parts[0], isEscaped: true);
        string local = fields.Required("path");
        string name = ArtifactPath.Check(local[(local.LastIndexOfAny(['/', '\\']) + 1)..]);
        if (name.Length == 0)
            throw TrackingException.Invalid("Invalid path: it names no file");
        return call.Application.Artifacts.Proxy(folder.Length == 0 ? name : $"{folder}/{name}").Direct ?? throw None(call);
    }

    private static TrackingException None(Call call) =>
        new(TrackingError.NotImplemented, $"{call.Http.Request.Method} {call.Path} is not implemented where artifacts are kept in a folder");
}
