using Weft.Platform;
using Weft.Storage;
using Weft.Values;

namespace Weft.Records;

/// <summary>
/// Digests of files that did not change since they were read, in the table <c>filestat</c>. It has its connection to itself, and may be used by
/// several threads. New digests gather until <see cref="Save"/>.
/// </summary>
/// <param name="db">A connection that nobody else uses; disposed with this.</param>
/// <param name="projectFolder">Paths are kept relative to it, so that the project can be moved.</param>
internal sealed class FileStatTable(Database db, string projectFolder) : IDigestCache, IDisposable
{
    private readonly Lock _turn = new();
    private readonly Dictionary<string, (FileStatus Status, Digest Digest)> _new = new(StringComparer.Ordinal);
    private readonly Statement _select = db.Prepare("""
        SELECT digest FROM filestat WHERE path = ?1 AND size = ?2 AND mtime_ns = ?3 AND ctime_ns = ?4 AND inode = ?5
        """);

    public Digest? Find(string path, in FileStatus status)
    {
        string key = KeyOf(path);
        lock (_turn)
        {
            if (_new.TryGetValue(key, out (FileStatus Status, Digest Digest) kept))
                return kept.Status == status ? kept.Digest : null;
            return Bind(_select, key, status).QueryText() is { } hex ? Digest.Parse(hex) : null;
        }
    }

    public void Keep(string path, in FileStatus status, Digest digest)
    {
        string key = KeyOf(path);
        lock (_turn)
            _new[key] = (status, digest);
    }

    /// <summary>Writes what was kept since the last time, in one transaction.</summary>
    public void Save(CancellationToken cancel)
    {
        lock (_turn)
        {
            if (_new.Count == 0)
                return;
            using Transaction change = db.BeginWrite(cancel);
            Statement insert = db.Prepare("""
                INSERT INTO filestat (path, size, mtime_ns, ctime_ns, inode, digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                ON CONFLICT (path) DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns,
                    inode = excluded.inode, digest = excluded.digest
                """);
            foreach ((string path, (FileStatus status, Digest digest)) in _new)
                Bind(insert, path, status).Bind(6, digest.Hex).Post();
            change.Commit();
            _new.Clear();
        }
    }

    public void Dispose() => db.Dispose();

    private string KeyOf(string path) => Path.GetRelativePath(projectFolder, path);

    private static Statement Bind(Statement statement, string path, in FileStatus status) =>
        statement.Bind(1, path).Bind(2, status.Size).Bind(3, status.ModifiedNanoseconds).Bind(4, status.ChangedNanoseconds).Bind(5, (long)status.Inode);
}
