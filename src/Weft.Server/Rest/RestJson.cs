using System.Buffers;
using System.Text.Json;
using Weft.Tracking;

namespace Weft.Server.Rest;

internal static class RestJson
{
    /// <summary>An object as bytes, made while a connection is at hand.</summary>
    public static byte[] Object(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, TrackingJson.WriterOptions))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }
}
