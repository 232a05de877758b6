using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Weft.Platform;

namespace Weft.Storage;

/// <summary>
/// Results by cache key, as files <c>KEY.json</c> in one folder, so that nodes without the database share them. A key is claimed while its result is being
/// made, so that others wait for it instead of making it too; the claim is a lock (<see cref="NumberLocks"/>) on the file <c>claims</c> and ends with its
/// process. Nothing here waits for the disk: an entry that a power cut loses is a miss.
/// </summary>
#pragma warning disable CA1852 // the tests derive stores from it that fail
internal class CacheObjects(string folder) : IDisposable
#pragma warning restore CA1852
{
    private readonly NumberLocks _claims = new(Path.Combine(folder, "claims"));

    public string Location => folder;

    /// <summary>The object of a key; null when there is none.</summary>
    /// <exception cref="IOException">There is something that cannot be read; so for <see cref="UnauthorizedAccessException"/>.</exception>
    public virtual byte[]? Find(string key) => AtomicFile.TryRead(PathOf(key));

    /// <summary>Keeps an object. When there is one already it stays, and false is returned: who came first is who others may have read.</summary>
    public virtual bool TrySave(string key, ReadOnlySpan<byte> content)
    {
        RawFile.MakeFolder(folder);
        return AtomicFile.TryCreate(PathOf(key), content, survivesPowerCut: false);
    }

    public virtual void Remove(string key)
    {
        if (Directory.Exists(folder))
            File.Delete(PathOf(key));
    }

    /// <summary>Notes that an object is used now.</summary>
    public void Use(string key, DateTimeOffset now)
    {
        try
        {
            File.SetLastWriteTimeUtc(PathOf(key), now.UtcDateTime);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It is gone, or somebody else's to keep.
        }
    }

    /// <summary>All keys, in no order, with the time at which each was last used.</summary>
    public IEnumerable<(string Key, DateTimeOffset Used)> List()
    {
        if (!Directory.Exists(folder))
            yield break;
        foreach (FileInfo file in new DirectoryInfo(folder).EnumerateFiles("*.json"))
            yield return (Path.GetFileNameWithoutExtension(file.Name), file.LastWriteTimeUtc);
    }

    /// <summary>Says that the owner of this object makes the result; false when somebody else does.</summary>
    public virtual bool TryClaim(string key)
    {
        RawFile.MakeFolder(folder);
        return _claims.TryTake(NumberOf(key));
    }

    /// <summary>Whether somebody else makes the result now.</summary>
    public bool IsClaimed(string key) => _claims.IsTaken(NumberOf(key));

    public void Release(string key) => _claims.Free(NumberOf(key));

    /// <summary>Ends all claims.</summary>
    public void Dispose() => _claims.Dispose();

    private static long NumberOf(string key)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(MemoryMarshal.AsBytes(key.AsSpan()), hash);
        return BinaryPrimitives.ReadInt64LittleEndian(hash) & long.MaxValue;
    }

    private string PathOf(string key)
    {
        if (key.Length == 0 || key[0] == '.' || key.AsSpan().ContainsAny('/', '\0'))
            throw new ArgumentException($"`{key}` is no cache key", nameof(key));
        return Path.Combine(folder, key + ".json");
    }
}
