using System.Buffers;
using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Weft.Storage;
using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>
/// Results of tasks by cache key. An entry holds the documents that the key was made from beside the outputs, so that two calls can be compared part by
/// part. While a result is being made its key is claimed, and others wait; the claim of a dead execution counts for nothing.
/// </summary>
/// <param name="blobs">Where outputs lie: an entry whose contents are gone is no hit.</param>
/// <param name="lives">Whether the one who claimed a key still makes its result.</param>
internal sealed class ResultCache(CacheObjects objects, BlobStore blobs, Func<CacheClaim, bool> lives, TimeProvider clock)
{
    /// <summary>How long one who waits for another's result waits before it looks again.</summary>
    public static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200);

    private readonly ConcurrentDictionary<string, CacheEntry> _known = new(StringComparer.Ordinal);

    /// <summary>Whose results they are: all clones of a project share them.</summary>
    public static string ScopeOf(string? project) => (project ?? "default") + "/development";

    public CacheAnswer Ask(string key)
    {
        if (Find(key) is { } entry)
            return new CacheAnswer.Hit(entry.Outputs) { Made = entry.Made };
        return Claimant(key) is not null ? new CacheAnswer.Reserved(clock.GetUtcNow() + LookAgain) : CacheAnswer.Nothing;
    }

    /// <summary>The entry of a key, when all its contents are there.</summary>
    public CacheEntry? Find(string key)
    {
        if (_known.TryGetValue(key, out CacheEntry? known))
            return known;
        if (objects.Find(key) is not { } content || CacheEntry.Read(content) is not { } entry)
            return null;
        if (!entry.Outputs.Values.All(IsStored))
        {
            // It would promise what nobody can hand out any more.
            objects.Remove(key);
            return null;
        }
        return _known[key] = entry;
    }

    /// <summary>Says that a node makes the result; false when somebody who lives does already.</summary>
    public bool TryClaim(string key, CacheClaim claim)
    {
        byte[] content = claim.Write();
        while (!objects.TryClaim(key, content))
        {
            if (objects.ReadClaim(key) is not { } found)
                continue;
            if (found.AsSpan().SequenceEqual(content))
                return true;
            if (CacheClaim.Read(found) is { } other && lives(other))
                return false;
            objects.Release(key, found);
        }
        return true;
    }

    /// <summary>Who makes the result now; null when nobody does.</summary>
    public CacheClaim? Claimant(string key) => objects.ReadClaim(key) is { } found && CacheClaim.Read(found) is { } claim && lives(claim) ? claim : null;

    public void Release(string key, CacheClaim claim) => objects.Release(key, claim.Write());

    /// <summary>Keeps a result. One that is there already stays, unless it shall be replaced.</summary>
    public void Save(string key, CacheEntry entry, bool replace)
    {
        if (replace)
            objects.Remove(key);
        objects.TrySave(key, entry.Write());
        _known.TryRemove(key, out _);
    }

    private bool IsStored(Value value) => value switch
    {
        Value.Blob blob => blobs.Contains(blob.Digest),
        Value.List list => list.Items.All(IsStored),
        Value.Map map => map.Entries.Values.All(IsStored),
        _ => true,
    };
}

/// <summary>Who makes a result: a node of an execution, whatever its attempt.</summary>
internal sealed record CacheClaim(ExecutionId Execution, NodePath Path)
{
    public byte[] Write() => Encoding.UTF8.GetBytes($"{Execution.Value}\n{Path.Text}\n");

    public static CacheClaim? Read(ReadOnlySpan<byte> content) =>
        Encoding.UTF8.GetString(content).Split('\n') is [var execution, var path, ""] ? new CacheClaim(new ExecutionId(execution), new NodePath(path)) : null;
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

    /// <summary>Null when it is of a newer form, or damaged: then it counts as absent.</summary>
    public static CacheEntry? Read(ReadOnlyMemory<byte> content)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(content);
            JsonElement json = document.RootElement;
            if (json.GetProperty("format").GetInt32() != Format)
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
