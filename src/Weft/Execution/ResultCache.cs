using System.Buffers;
using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text.Json;
using Weft.Storage;
using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>
/// Results of tasks by cache key. An entry holds the documents that the key was made from beside the outputs, so that two calls can be compared part by
/// part. A cache that cannot be read or written never stops a task: it counts as empty, and <see cref="Trouble"/> says why.
/// </summary>
/// <param name="blobs">Where outputs lie: an entry whose contents are gone is no hit.</param>
/// <param name="shared">What other clones of the project have made; null when nothing is shared.</param>
internal sealed class ResultCache(CacheObjects objects, BlobStore blobs, TimeProvider clock, SharedResults? shared = null) : IDisposable
{
    /// <summary>How long one who waits for another's result waits before it looks again.</summary>
    public static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200);

    private readonly ConcurrentDictionary<string, CacheEntry> _known = new(StringComparer.Ordinal);

    /// <summary>Why the cache could not be read or written the first time that happened; null while all is well.</summary>
    public string? Trouble { get; private set; }

    /// <summary>Looks only, and keeps nothing of what others share: for a plan. Default false.</summary>
    public bool OnlyLooks { get; init; }

    /// <summary>Whose results they are: all clones of a project share them.</summary>
    public static string ScopeOf(string? project) => (project ?? "default") + "/development";

    public CacheAnswer Ask(string key)
    {
        if (Find(key) is { } entry)
            return new CacheAnswer.Hit(entry.Outputs) { Made = entry.Made };
        return IsClaimed(key) ? new CacheAnswer.Reserved(clock.GetUtcNow() + LookAgain) : CacheAnswer.Nothing;
    }

    /// <summary>The entry of a key, when all its contents are there.</summary>
    public CacheEntry? Find(string key)
    {
        if (_known.TryGetValue(key, out CacheEntry? known))
            return known;
        try
        {
            return (FindOwn(key) ?? (OnlyLooks ? shared?.Find(key) : shared?.Take(key, objects, blobs))) is { } entry ? _known[key] = entry : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Trouble ??= $"the cache in {objects.Location} cannot be read, tasks run as if it were empty: {error.Message}";
            return null;
        }
    }

    /// <summary>Says that we make the result; false when somebody who lives does already.</summary>
    public bool TryClaim(string key)
    {
        try
        {
            if (!objects.TryClaim(key))
                return false;
            if (shared?.TryClaim(key) != false)
                return true;
            objects.Release(key);
            return false;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Without claims equal work may be done twice, which costs time and nothing else.
            Trouble ??= $"the cache in {objects.Location} cannot be written: {error.Message}";
            return true;
        }
    }

    public void Release(string key)
    {
        objects.Release(key);
        shared?.Release(key);
    }

    /// <summary>Keeps a result, unless there is one already that is not older than <paramref name="unlessSince"/>.</summary>
    /// <returns>Null, or why it could not be kept.</returns>
    public string? Save(string key, CacheEntry entry, DateTimeOffset unlessSince)
    {
        _known.TryRemove(key, out _);
        try
        {
            if (FindOwn(key) is { } present && present.Made < unlessSince)
                objects.Remove(key);
            objects.TrySave(key, entry.Write());
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"the result is not kept for others: {error.Message}";
        }
        finally
        {
            shared?.Give(key, entry, blobs, unlessSince);
        }
    }

    public void Dispose()
    {
        objects.Dispose();
        shared?.Dispose();
    }

    private CacheEntry? FindOwn(string key)
    {
        if (objects.Find(key) is not { } content)
            return null;
        CacheEntry? entry = CacheEntry.Read(content, out bool isNewer);
        if (isNewer || (entry is not null && entry.Outputs.Values.All(value => Contents.AreIn(blobs, value))))
            return entry;
        // Damaged, or it would promise what nobody can hand out any more: it makes room for a new one.
        objects.Remove(key);
        return null;
    }

    /// <summary>Whether somebody else makes the result now.</summary>
    public bool IsClaimed(string key)
    {
        try
        {
            return objects.IsClaimed(key) || shared?.IsClaimed(key) == true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}

/// <summary>A kept result with all that its key was made from.</summary>
internal sealed record CacheEntry(CacheDocument Document, ImmutableSortedDictionary<string, Value> Outputs, ExecutionId Execution, NodePath Path, DateTimeOffset Made)
{
    private const int Format = 1;

    public byte[] Write()
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, PlainJson.Compact))
        {
            json.WriteStartObject();
            json.WriteNumber("format", Format);
            json.WriteString("execution", Execution.Value);
            json.WriteString("path", Path.Text);
            json.WriteNumber("made", Made.ToUnixTimeMilliseconds());
            json.WritePropertyName("document");
            CacheDocumentJson.Write(json, Document);
            json.WritePropertyName("outputs");
            ValueJson.WriteEntries(json, Outputs);
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Null when it is of a newer form, or damaged.</summary>
    public static CacheEntry? Read(ReadOnlyMemory<byte> content, out bool isNewer)
    {
        isNewer = false;
        try
        {
            using JsonDocument document = JsonDocument.Parse(content);
            JsonElement json = document.RootElement;
            isNewer = json.GetProperty("format").GetInt32() > Format;
            if (isNewer)
                return null;
            return new CacheEntry(
                CacheDocumentJson.Read(json.GetProperty("document")),
                ValueJson.ReadEntries(json.GetProperty("outputs")),
                new ExecutionId(json.GetProperty("execution").GetString()!),
                new NodePath(json.GetProperty("path").GetString()!),
                DateTimeOffset.FromUnixTimeMilliseconds(json.GetProperty("made").GetInt64()));
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }
}
