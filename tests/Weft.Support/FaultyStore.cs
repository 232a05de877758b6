using Weft.Records;
using Weft.Storage;
using Weft.Values;

namespace Weft.Support;

/// <summary>Contents whose n-th call goes wrong, counted together with the writes of a <see cref="FaultyDatabase"/>. A dead process fails every later call.</summary>
internal sealed class FaultyBlobStore(BlobStore inner, FaultyDatabase counter) : BlobStore
{
    public override string Location => inner.Location;

    public override bool Contains(Digest digest) => inner.Contains(digest);

    public override StoredBlob Put(ReadOnlySpan<byte> content)
    {
        Count();
        StoredBlob stored = inner.Put(content);
        Count();
        return stored;
    }

    public override StoredBlob[] PutFiles(IReadOnlyList<string> paths, Intake intake, CancellationToken cancel)
    {
        Count();
        StoredBlob[] stored = inner.PutFiles(paths, intake, cancel);
        Count();
        return stored;
    }

    public override Stream? TryOpen(Digest digest)
    {
        Count();
        return inner.TryOpen(digest);
    }

    public override void Get(Digest digest, string target, HandOut how, bool isExecutable)
    {
        Count();
        inner.Get(digest, target, how, isExecutable);
        Count();
    }

    public override IEnumerable<(StoredBlob Blob, DateTimeOffset Used)> List() => inner.List();

    public override bool TryRemove(Digest digest, DateTimeOffset unusedSince) => inner.TryRemove(digest, unusedSince);

    /// <summary>On a worker's thread: there nothing but an <see cref="IOException"/> may come out. The loop meets the death at its next write.</summary>
    private void Count() => FaultyCache.Guard(counter, mayDie: false);
}

/// <summary>The same for entries and claims of the cache.</summary>
internal sealed class FaultyCache(string folder, FaultyDatabase counter) : CacheObjects(folder)
{
    public override byte[]? Find(string key)
    {
        Guard(counter, mayDie: true);
        return base.Find(key);
    }

    public override bool TrySave(string key, ReadOnlySpan<byte> content)
    {
        Guard(counter, mayDie: true);
        bool saved = base.TrySave(key, content);
        Guard(counter, mayDie: true);
        return saved;
    }

    public override void Remove(string key)
    {
        Guard(counter, mayDie: true);
        base.Remove(key);
    }

    public override bool TryClaim(string key)
    {
        Guard(counter, mayDie: true);
        return base.TryClaim(key);
    }

    internal static void Guard(FaultyDatabase counter, bool mayDie)
    {
        try
        {
            counter.Count();
        }
        catch (DatabaseException error)
        {
            throw new IOException(error.Message);
        }
        catch (DiedException) when (!mayDie)
        {
            throw new IOException("the process is dead");
        }
    }
}
