using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Weft.Platform;
using Weft.Values;

namespace Weft.Storage;

/// <summary>
/// Blobs as read-only files <c>ab/cdef…</c> under a folder. New ones are made in <c>new/</c>, flushed, then renamed, so a file under its digest is
/// whole. Bytes are shared with the file that was put, or handed out, where the file system can (reflinks) or the caller allows (hard links).
/// </summary>
internal sealed class FolderBlobStore(string root, FileHashes hashes, TimeProvider clock) : BlobStore
{
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const int Parallel = 2;

    /// <summary>Files up to this size are read at once.</summary>
    private const int SmallBytes = 64 * 1024;

    /// <summary>A blob that was used longer ago than this has its time set anew when it is used again.</summary>
    private static readonly TimeSpan UseGrain = TimeSpan.FromHours(6);

    private readonly string _new = Path.Combine(root, "new");

    public override string Location => root;

    public override bool Contains(Digest digest) => File.Exists(PathOf(digest));

    public override StoredBlob Put(ReadOnlySpan<byte> content)
    {
        Digest digest = Digest.Of(content);
        if (!TryUse(digest))
        {
            string temporary = NewName();
            using (SafeFileHandle file = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                RandomAccess.Write(file, content, 0);
                RandomAccess.FlushToDisk(file);
            }
            File.SetUnixFileMode(temporary, Readable);
            Place(temporary, digest);
        }
        return new StoredBlob(digest, content.Length);
    }

    public override StoredBlob[] PutFiles(IReadOnlyList<string> paths, Intake intake, CancellationToken cancel)
    {
        var blobs = new StoredBlob[paths.Count];
        var made = new string?[paths.Count];
        try
        {
            if (paths.Count == 1)
                (blobs[0], made[0]) = Take(paths[0], intake);
            else
                System.Threading.Tasks.Parallel.For(0, paths.Count, new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancel }, i => (blobs[i], made[i]) = Take(paths[i], intake));
            Flush(made);
            for (int i = 0; i < made.Length; i++)
            {
                if (made[i] is { } temporary)
                    Place(temporary, blobs[i].Digest);
            }
            return blobs;
        }
        catch (Exception error)
        {
            foreach (string? temporary in made)
                Remove(temporary);
            // The first failure is the cause; those that stopped because of it say nothing more.
            if (error is AggregateException { InnerException: { } cause })
                ExceptionDispatchInfo.Throw(cause);
            throw;
        }
    }

    public override StoredBlob? Recognize(string path)
    {
        if (FileStatus.TryRead(path) is not { Form: FileForm.File, Size: <= SmallBytes } status || (status.Mode & Executable) != 0)
            return null;
        File.SetUnixFileMode(path, Readable);
        Digest digest = FileHashes.Read(path);
        return TryUse(digest) ? new StoredBlob(digest, status.Size) : null;
    }

    public override Stream? TryOpen(Digest digest)
    {
        try
        {
            return new FileStream(PathOf(digest), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    public override void Get(Digest digest, string target, HandOut how, bool isExecutable)
    {
        string blob = PathOf(digest);
        if (!TryUse(digest))
            throw new BlobMissingException(digest, root);
        // A hard link shares the mode too, so it serves plain files only.
        if (how == HandOut.ReadOnly && !isExecutable && TryShare(blob, target))
            return;
        if (!FileSystems.TryClone(blob, target))
            File.Copy(blob, target);
        UnixFileMode mode = Readable | (isExecutable ? Executable : 0) | (how == HandOut.Writable ? UnixFileMode.UserWrite : 0);
        File.SetUnixFileMode(target, mode);
    }

    /// <summary>Keeps a content of another store of this machine, under a second name for the same bytes where the file system can; false when that store has none.</summary>
    public bool TryAdopt(Digest digest, FolderBlobStore from)
    {
        if (TryUse(digest))
            return true;
        if (!from.TryUse(digest))
            return false;
        string temporary = NewName();
        try
        {
            string there = from.PathOf(digest);
            if (!TryShare(there, temporary))
            {
                if (!FileSystems.TryClone(there, temporary) && Copy(there, temporary) != digest)
                    return false;
                File.SetUnixFileMode(temporary, Readable);
                Flush([temporary]);
            }
            Place(temporary, digest);
            return true;
        }
        catch (Exception error) when (error is FileNotFoundException or SystemCallException { Error: 2 })
        {
            return false;
        }
        finally
        {
            Remove(temporary);
        }
    }

    public override IEnumerable<(StoredBlob Blob, DateTimeOffset Used)> List()
    {
        if (!Directory.Exists(root))
            yield break;
        foreach (DirectoryInfo folder in new DirectoryInfo(root).EnumerateDirectories("??"))
        {
            foreach (FileInfo file in folder.EnumerateFiles())
            {
                if (Digest.TryParse(folder.Name + file.Name, out Digest digest))
                    yield return (new StoredBlob(digest, file.Length), file.LastWriteTimeUtc);
            }
        }
    }

    public override bool TryRemove(Digest digest, DateTimeOffset unusedSince)
    {
        string path = PathOf(digest);
        if (!File.Exists(path) || File.GetLastWriteTimeUtc(path) > unusedSince)
            return false;
        File.Delete(path);
        return true;
    }

    /// <summary>Removes what processes that died left half made, a day ago or earlier.</summary>
    public void RemoveLeftovers()
    {
        if (!Directory.Exists(_new))
            return;
        DateTime before = clock.GetUtcNow().UtcDateTime.AddDays(-1);
        foreach (FileInfo file in new DirectoryInfo(_new).EnumerateFiles())
        {
            if (file.LastWriteTimeUtc < before)
                file.Delete();
        }
    }

    /// <summary>The file of a content, which may be missing.</summary>
    public string PathOf(Digest digest) => Path.Combine(root, digest.Hex[..2], digest.Hex[2..]);

    /// <summary>Where a content may be gathered that comes from elsewhere, by whoever holds a lock of this name; the folder is there.</summary>
    public string ArrivalOf(Digest digest)
    {
        Directory.CreateDirectory(_new);
        return Path.Combine(_new, digest.Hex);
    }

    /// <summary>Reads a blob and says whether it still has the content of its name.</summary>
    public bool IsWhole(Digest digest) => Contains(digest) && FileHashes.Read(PathOf(digest)) == digest;

    /// <summary>The digest of a file, and the temporary file that holds its content unless the store has it already.</summary>
    private (StoredBlob Blob, string? Temporary) Take(string path, Intake intake)
    {
        FileStatus status = FileStatus.TryRead(path) ?? throw new FileNotFoundException($"there is no file {path}", path);
        if (status.Form != FileForm.File)
            throw new IOException($"cannot store {path}: it is not a file");
        // Known and unchanged: nothing is read at all.
        if (hashes.Known(path, status) is { } known && TryUse(known))
            return (new StoredBlob(known, status.Size), null);
        string temporary = NewName();
        // The store's mode is the file's then, and plain files are the ones that are handed out as they are.
        if (intake == Intake.Share && (status.Mode & Executable) == 0 && TryShare(path, temporary))
        {
            File.SetUnixFileMode(temporary, Readable);
            File.SetLastWriteTimeUtc(temporary, clock.GetUtcNow().UtcDateTime);
            return Settle(temporary, hashes.Of(temporary), status.Size);
        }
        Digest copied = FileSystems.TryClone(path, temporary) ? FileHashes.Read(temporary) : Copy(path, temporary);
        File.SetUnixFileMode(temporary, Readable);
        hashes.Remember(path, status, copied);
        return Settle(temporary, copied, FileStatus.TryRead(temporary)!.Value.Size);
    }

    /// <summary>Drops the temporary file when the store has its content.</summary>
    private (StoredBlob Blob, string? Temporary) Settle(string temporary, Digest digest, long size)
    {
        if (!TryUse(digest))
            return (new StoredBlob(digest, size), temporary);
        Remove(temporary);
        return (new StoredBlob(digest, size), null);
    }

    /// <summary>
    /// Waits until new files are on the disk. Many are flushed together, with all else that the file system has to write: one by one would cost a
    /// thousand times more for a folder of small files.
    /// </summary>
    private void Flush(string?[] made)
    {
        const int few = 16;
        string[] files = [.. made.OfType<string>()];
        if (files.Length > few)
        {
            FileSystems.Flush(_new);
            return;
        }
        foreach (string file in files)
        {
            using SafeFileHandle handle = File.OpenHandle(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            RandomAccess.FlushToDisk(handle);
        }
    }

    private static Digest Copy(string path, string target)
    {
        using SafeFileHandle from = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using SafeFileHandle to = File.OpenHandle(target, FileMode.CreateNew, FileAccess.Write);
        return FileHashes.Read(from, to);
    }

    /// <summary>A hard link, where the file system has them and both ends lie on it.</summary>
    private static bool TryShare(string existing, string added)
    {
        const int notPermitted = 1, otherFileSystem = 18, tooManyLinks = 31, notSupported = 95;
        try
        {
            return FileSystems.TryLink(existing, added) ? true : throw new IOException($"cannot make {added}: it exists");
        }
        catch (SystemCallException error) when (error.Error is notPermitted or otherFileSystem or tooManyLinks or notSupported)
        {
            return false;
        }
    }

    /// <summary>Whether the store has the content; if so, it counts as used now.</summary>
    private bool TryUse(Digest digest)
    {
        string path = PathOf(digest);
        if (FileStatus.TryRead(path) is not { } status)
            return false;
        DateTimeOffset now = clock.GetUtcNow();
        if (now - DateTimeOffset.FromUnixTimeMilliseconds(status.ModifiedNanoseconds / 1_000_000) < UseGrain)
            return true;
        try
        {
            File.SetLastWriteTimeUtc(path, now.UtcDateTime);
            return true;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            // A store of somebody else that we may only read from: who may remove from it knows what is used.
            return true;
        }
    }

    private void Place(string temporary, Digest digest)
    {
        string path = PathOf(digest);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.Move(temporary, path, overwrite: true);
    }

    private static void Remove(string? temporary)
    {
        if (temporary is not null)
            File.Delete(temporary);
    }

    private string NewName()
    {
        Directory.CreateDirectory(_new);
        return Path.Combine(_new, RandomNumberGenerator.GetHexString(24, lowercase: true));
    }
}
