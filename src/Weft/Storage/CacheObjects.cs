using Weft.Platform;

namespace Weft.Storage;

/// <summary>
/// Results by cache key, as files <c>cache/KEY.json</c>, so that nodes without the database share them. A key is claimed while its result is
/// being made, so that others wait for it instead of making it too.
/// </summary>
internal sealed class CacheObjects(string folder)
{
    /// <summary>The object of a key; null when there is none.</summary>
    public byte[]? Find(string key) => AtomicFile.TryRead(PathOf(key, ".json"));

    /// <summary>Keeps an object. When there is one already it stays, and false is returned: who came first is who others may have read.</summary>
    public bool TrySave(string key, ReadOnlySpan<byte> content)
    {
        Directory.CreateDirectory(folder);
        return AtomicFile.TryCreate(PathOf(key, ".json"), content);
    }

    public void Remove(string key) => File.Delete(PathOf(key, ".json"));

    /// <summary>All keys, in no order.</summary>
    public IEnumerable<string> List()
    {
        if (!Directory.Exists(folder))
            yield break;
        foreach (string path in Directory.EnumerateFiles(folder, "*.json"))
            yield return Path.GetFileNameWithoutExtension(path);
    }

    /// <summary>Says that <paramref name="holder"/> makes the result; false when somebody else does.</summary>
    public bool TryClaim(string key, ReadOnlySpan<byte> holder)
    {
        Directory.CreateDirectory(folder);
        return AtomicFile.TryCreate(PathOf(key, ".claim"), holder);
    }

    /// <summary>Who makes the result; null when nobody does.</summary>
    public byte[]? ReadClaim(string key) => AtomicFile.TryRead(PathOf(key, ".claim"));

    /// <summary>
    /// Ends the claim of <paramref name="holder"/>: its own when it is done, or that of one that is known to be dead. The claim of anybody
    /// else stays, though it was made a moment ago.
    /// </summary>
    public void Release(string key, ReadOnlySpan<byte> holder)
    {
        string claim = PathOf(key, ".claim");
        if (AtomicFile.TryRead(claim) is not { } found || !found.AsSpan().SequenceEqual(holder))
            return;
        string taken = $"{claim}.{Path.GetRandomFileName()}";
        try
        {
            File.Move(claim, taken);
        }
        catch (FileNotFoundException)
        {
            return;
        }
        // Between reading and moving it somebody may have released it and somebody else claimed it: then it is put back.
        if (!File.ReadAllBytes(taken).AsSpan().SequenceEqual(holder))
            FileSystems.TryLink(taken, claim);
        File.Delete(taken);
    }

    private string PathOf(string key, string ending)
    {
        if (key.Length == 0 || key[0] == '.' || key.AsSpan().ContainsAny('/', '\0'))
            throw new ArgumentException($"`{key}` is no cache key", nameof(key));
        return Path.Combine(folder, key + ending);
    }
}
