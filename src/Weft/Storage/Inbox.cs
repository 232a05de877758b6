using Weft.Values;

namespace Weft.Storage;

/// <summary>
/// Requests for whoever may write the records, from processes that may not: other hosts on a network file system. One file per request; names
/// sort by the time they were dropped.
/// </summary>
internal sealed class Inbox(string folder, TimeProvider clock)
{
    public void Drop(ReadOnlySpan<byte> request)
    {
        Directory.CreateDirectory(folder);
        AtomicFile.Write(Path.Combine(folder, Ulid.New(clock) + ".json"), request);
    }

    /// <summary>What lies there, oldest first. It stays until it is removed, so that nothing is lost when the reader dies.</summary>
    public IReadOnlyList<(string Name, byte[] Request)> Read()
    {
        var requests = new List<(string, byte[])>();
        if (!Directory.Exists(folder))
            return requests;
        foreach (string path in Directory.EnumerateFiles(folder, "*.json").Where(path => !Path.GetFileName(path).StartsWith('.')).Order(StringComparer.Ordinal))
        {
            if (AtomicFile.TryRead(path) is { } request)
                requests.Add((Path.GetFileName(path), request));
        }
        return requests;
    }

    public void Remove(string name) => File.Delete(Path.Combine(folder, name));
}
