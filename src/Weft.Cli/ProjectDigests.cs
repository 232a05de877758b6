using Weft.Platform;
using Weft.Records;
using Weft.Records.Sqlite;
using Weft.Storage;
using Weft.Values;

namespace Weft.Cli;

/// <summary>
/// Digests of a project's files, so that what did not change is not read again: neither by the next command nor by the next task of this one. They are kept in the
/// project's records where there are any, on a network file system for this command only. Used by several threads.
/// </summary>
internal sealed class ProjectDigests(string root) : IDigestCache, IDisposable
{
    private readonly Lock _turn = new();
    private readonly Dictionary<string, (FileStatus Status, Digest Digest)> _memory = new(StringComparer.Ordinal);
    private readonly HashSet<string> _new = new(StringComparer.Ordinal);
    private FileStatTable? _table;
    private bool _isOpened;

    public Digest? Find(string path, in FileStatus status)
    {
        lock (_turn)
        {
            if (_memory.TryGetValue(path, out (FileStatus Status, Digest Digest) kept))
                return kept.Status == status ? kept.Digest : null;
            if (Table()?.Find(path, status) is not { } digest)
                return null;
            _memory[path] = (status, digest);
            return digest;
        }
    }

    public void Keep(string path, in FileStatus status, Digest digest)
    {
        lock (_turn)
        {
            _memory[path] = (status, digest);
            _new.Add(path);
        }
    }

    /// <summary>Writes what is new into the records. That it cannot be written costs the next command time, and nothing else.</summary>
    public void Dispose()
    {
        lock (_turn)
        {
            try
            {
                // The records may have been made by this very command.
                _isOpened = _table is not null;
                if (_new.Count > 0 && Table() is { } table)
                {
                    foreach (string path in _new)
                        table.Keep(path, _memory[path].Status, _memory[path].Digest);
                    table.Save(CancellationToken.None);
                }
            }
            catch (DatabaseException)
            {
            }
            _table?.Dispose();
            _table = null;
            _isOpened = true;
        }
    }

    private FileStatTable? Table()
    {
        if (_isOpened)
            return _table;
        _isOpened = true;
        var state = new StateFolder(ProjectStore.FolderOf(root));
        try
        {
            if (File.Exists(state.Database) && !state.IsShared)
                _table = new FileStatTable(SqliteDatabase.Open(state.Database, new SqliteOptions(), TimeProvider.System, CancellationToken.None), root);
        }
        catch (DatabaseException)
        {
            // Whoever needs the records says what is wrong with them.
        }
        return _table;
    }
}
