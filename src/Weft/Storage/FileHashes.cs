using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Weft.Platform;
using Weft.Values;

namespace Weft.Storage;

/// <summary>Remembers digests of files by their status, so that unchanged files are not read again. Used by several threads at once.</summary>
internal interface IDigestCache
{
    /// <summary>The digest that was kept for this file, when it was kept for this very status.</summary>
    Digest? Find(string path, in FileStatus status);

    void Keep(string path, in FileStatus status, Digest digest);
}

/// <summary>SHA-256 of files, streamed, through a cache where one is given.</summary>
/// <param name="cache">Null hashes every file anew: on nodes, which have no database.</param>
internal sealed class FileHashes(IDigestCache? cache, TimeProvider clock)
{
    /// <summary>Files that were written less than this ago are hashed but not remembered: the next write could leave the same times.</summary>
    private static readonly TimeSpan SettlingTime = TimeSpan.FromSeconds(2);

    private const int BufferBytes = 128 * 1024;
    private const int Parallel = 2;

    /// <exception cref="IOException">The file is missing, unreadable, or was written to while it was read.</exception>
    public Digest Of(string path)
    {
        FileStatus before = FileStatus.TryRead(path) ?? throw new FileNotFoundException($"there is no file {path}", path);
        if (before.Form == FileForm.Link && File.ResolveLinkTarget(path, returnFinalTarget: true) is { } target)
            return Of(target.FullName);
        return Of(path, before);
    }

    /// <summary>As <see cref="Of(string)"/> for a file whose status was read just now.</summary>
    public Digest Of(string path, in FileStatus status)
    {
        if (Known(path, status) is { } known)
            return known;
        Digest digest = Read(path);
        return Remember(path, status, digest)
            ? digest
            : throw new IOException($"{path} was written to while it was read: it must not change while its content is recorded");
    }

    /// <summary>The digest of a file with this status, when that is known without reading it.</summary>
    public Digest? Known(string path, in FileStatus status) => cache?.Find(path, status);

    /// <summary>Keeps a digest that was read just now; false when the file changed since <paramref name="before"/>.</summary>
    public bool Remember(string path, in FileStatus before, Digest digest)
    {
        if (FileStatus.TryRead(path) is not { } after || after.Size != before.Size || after.ModifiedNanoseconds != before.ModifiedNanoseconds)
            return false;
        long now = clock.GetUtcNow().ToUnixTimeMilliseconds() * 1_000_000;
        if (now - Math.Max(after.ModifiedNanoseconds, after.ChangedNanoseconds) > SettlingTime.TotalNanoseconds)
            cache?.Keep(path, after, digest);
        return true;
    }

    /// <summary>The digests of many files in their order, two at a time.</summary>
    public Digest[] OfAll(IReadOnlyList<string> paths, CancellationToken cancel)
    {
        var digests = new Digest[paths.Count];
        System.Threading.Tasks.Parallel.For(0, paths.Count, new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancel }, i => digests[i] = Of(paths[i]));
        return digests;
    }

    /// <summary>Reads a file to its end and hashes it.</summary>
    public static Digest Read(string path)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return Read(file, copy: null);
    }

    /// <summary>As <see cref="Read(string)"/>, writing what was hashed to a second file on the way.</summary>
    public static Digest Read(SafeFileHandle file, SafeFileHandle? copy)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            int count = RandomAccess.Read(file, buffer.AsSpan(0, BufferBytes), 0);
            if (copy is not null)
                RandomAccess.Write(copy, buffer.AsSpan(0, count), 0);
            // Most files are small: one read, one hash.
            if (count < BufferBytes && RandomAccess.GetLength(file) == count)
                return Digest.Of(buffer.AsSpan(0, count));
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            hash.AppendData(buffer, 0, count);
            long offset = count;
            while ((count = RandomAccess.Read(file, buffer, offset)) > 0)
            {
                hash.AppendData(buffer, 0, count);
                if (copy is not null)
                    RandomAccess.Write(copy, buffer.AsSpan(0, count), offset);
                offset += count;
            }
            Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
            hash.GetHashAndReset(digest);
            return Digest.FromHash(digest);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
