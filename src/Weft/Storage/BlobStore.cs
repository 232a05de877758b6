using System.Buffers;
using System.Security.Cryptography;
using Weft.Values;

namespace Weft.Storage;

/// <summary>What a file that is put into the store may become.</summary>
internal enum Intake
{
    /// <summary>The file stays the caller's, who may write to it later.</summary>
    Copy,

    /// <summary>Nobody writes to the file any more: the store may share its bytes, and makes it read-only.</summary>
    Share,
}

/// <summary>What somebody who is handed a blob may do with it.</summary>
internal enum HandOut
{
    /// <summary>Read it: the file may be the store's own.</summary>
    ReadOnly,

    /// <summary>Change it: the file is the receiver's own.</summary>
    Writable,
}

/// <summary>A stored content.</summary>
/// <param name="Size">Bytes.</param>
internal readonly record struct StoredBlob(Digest Digest, long Size);

/// <summary>
/// Content by its digest: in a folder (<see cref="FolderBlobStore"/>) or an object store. What is in it never changes. Any number of processes
/// may use one store; an object may be used by several threads.
/// </summary>
internal abstract class BlobStore
{
    /// <summary>Where it is, for messages.</summary>
    public abstract string Location { get; }

    public abstract bool Contains(Digest digest);

    /// <summary>Keeps these bytes.</summary>
    public abstract StoredBlob Put(ReadOnlySpan<byte> content);

    /// <summary>Keeps the content of files, in their order; all of them are on disk when it returns.</summary>
    /// <exception cref="IOException">A file is missing, unreadable, or was written to meanwhile; or the store is full.</exception>
    public abstract StoredBlob[] PutFiles(IReadOnlyList<string> paths, Intake intake, CancellationToken cancel);

    /// <summary>
    /// As <see cref="PutFile"/> with <see cref="Intake.Share"/>, for a small file whose content is here already: then nothing has to be waited for. Null when it is
    /// none, or when that is not known at once.
    /// </summary>
    public virtual StoredBlob? Recognize(string path) => null;

    public StoredBlob PutFile(string path, Intake intake, CancellationToken cancel) => PutFiles([path], intake, cancel)[0];

    /// <summary>Opens the content; null when the store has none.</summary>
    public abstract Stream? TryOpen(Digest digest);

    /// <summary>Makes a file with this content.</summary>
    /// <param name="target">Must not exist; its folder must.</param>
    /// <exception cref="BlobMissingException">The store has none.</exception>
    public abstract void Get(Digest digest, string target, HandOut how, bool isExecutable);

    /// <summary>The whole content, for small things such as manifests; null when the store has none.</summary>
    public byte[]? TryRead(Digest digest)
    {
        using Stream? content = TryOpen(digest);
        if (content is null)
            return null;
        byte[] bytes = new byte[content.Length];
        content.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>
    /// Writes the content to a file that may hold the beginning of it from an earlier try, and compares all of it with the digest. What began otherwise is begun
    /// anew.
    /// </summary>
    /// <exception cref="BlobMissingException">The store has none.</exception>
    /// <exception cref="IOException">Somebody else writes to the file, or the content is not what it was; then nothing is left of it.</exception>
    public void Fetch(Digest digest, string file)
    {
        using Stream content = TryOpen(digest) ?? throw new BlobMissingException(digest, Location);
        if (!TryFetch(content, digest, file) && !TryFetch(content, digest, file))
            throw new IOException($"the content {digest.Short} of {Location} is not what it was: remove it there, and run what made it again");
    }

    /// <summary>Everything in the store, in no order, with the time of its last use as far as the store knows it.</summary>
    public abstract IEnumerable<(StoredBlob Blob, DateTimeOffset Used)> List();

    /// <summary>
    /// Removes what has not been used since <paramref name="unusedSince"/>; false when it was, or is gone. A blob is used when it is put, though
    /// it was there before, so what a running process relies on is safe as long as the time lies a day back.
    /// </summary>
    public abstract bool TryRemove(Digest digest, DateTimeOffset unusedSince);

    /// <summary>Reads what a file lacks, and says whether it then has the digest; if not, it is removed.</summary>
    private static bool TryFetch(Stream content, Digest digest, string path)
    {
        const int bufferBytes = 128 * 1024;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(bufferBytes);
        try
        {
            using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            for (int read; (read = file.Read(buffer)) > 0;)
                hash.AppendData(buffer, 0, read);
            content.Position = file.Length;
            for (int read; (read = content.Read(buffer)) > 0;)
            {
                hash.AppendData(buffer, 0, read);
                file.Write(buffer, 0, read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        if (Convert.ToHexStringLower(hash.GetHashAndReset()) == digest.Hex)
            return true;
        File.Delete(path);
        return false;
    }
}

/// <summary>A content that should be in the store is not: removed by hand, or by a <c>gc</c> that did not know its holder.</summary>
internal sealed class BlobMissingException(Digest digest, string store)
    : IOException($"the content {digest.Short} is not in {store} any more: run what made it again")
{
    public Digest Digest { get; } = digest;
}
