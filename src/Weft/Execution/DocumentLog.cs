using System.Buffers;
using System.Text.Json;
using Weft.Storage;
using Weft.Tasks;
using Weft.Values;

namespace Weft.Execution;

/// <summary>
/// What the cache keys of an execution's tasks were made from, in <c>executions/ID/documents</c>, written when an attempt starts: so <c>weft why</c> can compare also
/// what runs, what failed, and what was not kept. Nothing else relies on it.
/// </summary>
internal sealed class DocumentLog(RunFolder folder) : IDisposable
{
    private readonly ArrayBufferWriter<byte> _buffer = new(1024);
    private RecordLogWriter? _log;

    public void Add(NodePath path, string key, CacheDocument document)
    {
        _log ??= new RecordLogWriter(folder.Documents);
        _buffer.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(_buffer))
        {
            json.WriteStartObject();
            json.WriteString("path", path.Text);
            json.WriteString("key", key);
            json.WritePropertyName("document");
            CacheDocumentJson.Write(json, document);
            json.WriteEndObject();
        }
        _log.Append(_buffer.WrittenSpan);
    }

    public void Flush() => _log?.Flush(toDisk: false);

    public void Dispose() => _log?.Dispose();

    /// <summary>All that is written, oldest first; as far as it can be read.</summary>
    public static IReadOnlyList<Entry> Read(RunFolder folder)
    {
        var entries = new List<Entry>();
        try
        {
            using RecordLogReader? log = RecordLogReader.Open(folder.Documents, 0);
            while (log?.Next() == true)
            {
                using JsonDocument record = JsonDocument.Parse(log.Body.ToArray());
                JsonElement json = record.RootElement;
                entries.Add(new Entry(new NodePath(json.GetProperty("path").GetString()!), json.GetProperty("key").GetString()!, CacheDocumentJson.Read(json.GetProperty("document"))));
            }
        }
        catch (Exception error) when (error is IOException or InvalidDataException or JsonException or KeyNotFoundException or FormatException)
        {
            // Written by another version: what was read before it still helps.
        }
        return entries;
    }

    internal sealed record Entry(NodePath Path, string Key, CacheDocument Document);
}
