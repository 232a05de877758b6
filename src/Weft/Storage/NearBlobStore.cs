using Weft.Platform;
using Weft.Values;

namespace Weft.Storage;

/// <summary>
/// A store elsewhere with a folder of this machine before it. What is put goes to both; what is handed out comes from the folder, into which it is
/// fetched once, whoever asks, going on where an earlier process broke off. What is listed and removed is what lies here: the other store is
/// not ours alone.
/// </summary>
internal sealed class NearBlobStore(FolderBlobStore near, BlobStore far) : BlobStore
{
    /// <summary>How long a process waits for another one's download before it looks whether the content is there.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    public override string Location => far.Location;

    public override bool Contains(Digest digest) => near.Contains(digest) || far.Contains(digest);

    public override StoredBlob Put(ReadOnlySpan<byte> content)
    {
        far.Put(content);
        return near.Put(content);
    }

    public override StoredBlob[] PutFiles(IReadOnlyList<string> paths, Intake intake, CancellationToken cancel)
    {
        StoredBlob[] blobs = near.PutFiles(paths, intake, cancel);
        StoredBlob[] distinct = [.. blobs.Distinct()];
        StoredBlob[] sent = far.PutFiles([.. distinct.Select(blob => near.PathOf(blob.Digest))], Intake.Copy, cancel);
        for (int i = 0; i < sent.Length; i++)
        {
            if (sent[i] != distinct[i])
                throw new IOException($"the content {distinct[i].Digest.Short} in {near.Location} is damaged: remove it there");
        }
        return blobs;
    }

    public override Stream? TryOpen(Digest digest) => near.TryOpen(digest) ?? far.TryOpen(digest);

    public override void Get(Digest digest, string target, HandOut how, bool isExecutable)
    {
        Fetch(digest);
        near.Get(digest, target, how, isExecutable);
    }

    public override IEnumerable<(StoredBlob Blob, DateTimeOffset Used)> List() => near.List();

    public override bool TryRemove(Digest digest, DateTimeOffset unusedSince) => near.TryRemove(digest, unusedSince);

    private void Fetch(Digest digest)
    {
        while (!near.Contains(digest))
        {
            string arriving = near.ArrivalOf(digest);
            using FileLock? ours = FileLock.TryAcquire(arriving + ".lock", LockMode.Exclusive, Patience);
            if (ours is null || near.Contains(digest))
                continue;
            // A process that died between fetching and keeping it left it whole.
            if (!File.Exists(arriving))
                far.Get(digest, arriving, HandOut.ReadOnly, isExecutable: false);
            near.PutFile(arriving, Intake.Share, CancellationToken.None);
            File.Delete(arriving);
            File.Delete(arriving + ".lock");
        }
    }
}
