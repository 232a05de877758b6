using System.Collections.Concurrent;
using System.Collections.Immutable;
using Weft.Storage;
using Weft.Values;

namespace Weft.Execution;

/// <summary>
/// Results that all clones of a project on this machine share: entries and contents in a folder of the user. A clone that makes a result gives it, one that
/// needs it takes it; both by a second name for the same bytes where the file system can. What a clone has taken is its own: neither a <c>gc</c> there nor one here
/// takes it away. It is a convenience: whatever goes wrong here counts as a miss.
/// </summary>
/// <param name="folder">Belongs to one family of clones.</param>
internal sealed class SharedResults(string folder, TimeProvider clock) : IDisposable
{
    /// <summary>What nobody has taken or given for so long is removed by <see cref="Collect"/>.</summary>
    public static readonly TimeSpan KeepTime = TimeSpan.FromDays(30);

    private readonly CacheObjects _objects = new(Path.Combine(folder, "cache"));
    private readonly FolderBlobStore _blobs = new(Path.Combine(folder, "blobs"), new FileHashes(null, clock), clock);
    private BlockingCollection<Action>? _queue;
    private Thread? _giver;

    /// <summary>The entry of a key with all its contents.</summary>
    /// <exception cref="IOException">It cannot be read; so for <see cref="UnauthorizedAccessException"/>.</exception>
    public CacheEntry? Find(string key) =>
        _objects.Find(key) is { } content && CacheEntry.Read(content, out _) is { } entry && entry.Outputs.Values.All(value => Contents.AreIn(_blobs, value)) ? entry : null;

    /// <summary>Makes the result of a key one of the project's own; null when there is none.</summary>
    /// <exception cref="IOException">The project's own store cannot be written.</exception>
    public CacheEntry? Take(string key, CacheObjects objects, BlobStore blobs)
    {
        if (blobs is not FolderBlobStore own || Find(key) is not { } entry || !entry.Outputs.Values.All(value => Contents.TryAdopt(own, _blobs, value)))
            return null;
        objects.TrySave(key, entry.Write());
        _objects.Use(key, clock.GetUtcNow());
        return entry;
    }

    /// <summary>Hands a result on, beside whatever else goes on: <see cref="Dispose"/> waits for it.</summary>
    /// <param name="unlessSince">A result that is not older than this stays.</param>
    public void Give(string key, CacheEntry entry, BlobStore blobs, DateTimeOffset unlessSince)
    {
        if (blobs is not FolderBlobStore own)
            return;
        if (_queue is null)
        {
            _queue = [];
            _giver = new Thread(WorkOff) { IsBackground = true, Name = "sharing" };
            _giver.Start();
        }
        _queue.Add(() => GiveNow(key, entry, own, unlessSince));
    }

    public bool TryClaim(string key) => _objects.TryClaim(key);

    public bool IsClaimed(string key) => _objects.IsClaimed(key);

    public void Release(string key) => _objects.Release(key);

    /// <summary>Removes what has not been used for long, and contents that no entry names any more.</summary>
    /// <returns>Entries, and bytes of contents, some of which clones may still have under names of their own.</returns>
    public (int Entries, long Bytes) Collect(bool isDry)
    {
        DateTimeOffset now = clock.GetUtcNow();
        int entries = 0;
        long bytes = 0;
        var needed = new HashSet<Digest>();
        foreach ((string key, DateTimeOffset used) in _objects.List())
        {
            if (now - used <= KeepTime)
            {
                if (_objects.Find(key) is { } content && CacheEntry.Read(content, out _) is { } entry)
                    needed.UnionWith(entry.Outputs.Values.SelectMany(value => Contents.Of(_blobs, value)));
                continue;
            }
            entries++;
            if (!isDry)
                _objects.Remove(key);
        }
        // What is a day old or younger may belong to an entry that is being written.
        foreach ((StoredBlob blob, DateTimeOffset used) in _blobs.List())
        {
            if (!needed.Contains(blob.Digest) && now - used > TimeSpan.FromDays(1) && (isDry || _blobs.TryRemove(blob.Digest, now - TimeSpan.FromDays(1))))
                bytes += blob.Size;
        }
        return (entries, bytes);
    }

    public void Dispose()
    {
        _queue?.CompleteAdding();
        _giver?.Join();
        _queue?.Dispose();
        _objects.Dispose();
    }

    private void WorkOff()
    {
        foreach (Action give in _queue!.GetConsumingEnumerable())
            give();
    }

    private void GiveNow(string key, CacheEntry entry, FolderBlobStore own, DateTimeOffset unlessSince)
    {
        try
        {
            if (!entry.Outputs.Values.All(value => Contents.TryAdopt(_blobs, own, value)))
                return;
            if (Find(key) is not { } present || present.Made < unlessSince)
                _objects.Remove(key);
            _objects.TrySave(key, entry.Write());
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Other clones make it themselves.
        }
    }
}

/// <summary>The files and folders in a value, as contents of stores.</summary>
internal static class Contents
{
    /// <summary>Whether all of them are in a store; of a folder in a store of this machine also every file of it.</summary>
    public static bool AreIn(BlobStore blobs, Value value) => value switch
    {
        Value.Blob { Uri: { } uri } when uri.StartsWith(Tasks.Staged.OutsideScheme, StringComparison.Ordinal) => true,
        Value.Blob { Kind: BlobKind.Folder } folder when blobs is FolderBlobStore => blobs.Contains(folder.Digest) && TreeManifest.TryRead(blobs, folder.Digest)?.Entries.OfType<TreeEntry.File>().All(file => blobs.Contains(file.Digest)) == true,
        Value.Blob blob => blobs.Contains(blob.Digest),
        Value.List list => list.Items.All(item => AreIn(blobs, item)),
        Value.Map map => map.Entries.Values.All(item => AreIn(blobs, item)),
        _ => true,
    };

    /// <summary>All of them that a store has, the files of folders included.</summary>
    public static IEnumerable<Digest> Of(BlobStore blobs, Value value) => value switch
    {
        Value.Blob { Kind: BlobKind.Folder } folder => [folder.Digest, .. TreeManifest.TryRead(blobs, folder.Digest)?.Entries.OfType<TreeEntry.File>().Select(file => file.Digest) ?? []],
        Value.Blob blob => [blob.Digest],
        Value.List list => list.Items.SelectMany(item => Of(blobs, item)),
        Value.Map map => map.Entries.Values.SelectMany(item => Of(blobs, item)),
        _ => ImmutableArray<Digest>.Empty,
    };

    /// <summary>Gives all of them to a second store; false when one is missing.</summary>
    public static bool TryAdopt(FolderBlobStore to, FolderBlobStore from, Value value) => Of(from, value).All(digest => to.TryAdopt(digest, from));
}
