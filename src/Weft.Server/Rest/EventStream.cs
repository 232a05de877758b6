using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Weft.Server.Http;

namespace Weft.Server.Rest;

/// <summary>Server-sent events: each has a kind, a cursor as its id, and JSON as its data. A client that comes again sends the last id it saw.</summary>
internal sealed class EventStream(Call call)
{
    private TimeSpan _quiet;

    public Task BeginAsync()
    {
        HttpResponse response = call.Http.Response;
        response.StatusCode = 200;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        return response.Body.FlushAsync(call.Http.RequestAborted);
    }

    public async Task SendAsync(string kind, long cursor, ReadOnlyMemory<byte> json)
    {
        _quiet = TimeSpan.Zero;
        string head = string.Create(CultureInfo.InvariantCulture, $"id: {cursor}\nevent: {kind}\ndata: ");
        await WriteAsync([.. Encoding.UTF8.GetBytes(head), .. json.Span, (byte)'\n', (byte)'\n']);
    }

    /// <summary>Waits before the next look; when nothing was sent for a while, a sign of life goes out.</summary>
    public async Task WaitAsync(TimeSpan pace, TimeSpan sign)
    {
        await Task.Delay(pace, call.Application.Clock, call.Http.RequestAborted);
        _quiet += pace;
        if (_quiet < sign)
            return;
        _quiet = TimeSpan.Zero;
        await WriteAsync(":\n\n"u8.ToArray());
    }

    private async Task WriteAsync(byte[] bytes)
    {
        await call.Http.Response.Body.WriteAsync(bytes, call.Http.RequestAborted);
        await call.Http.Response.Body.FlushAsync(call.Http.RequestAborted);
    }
}
