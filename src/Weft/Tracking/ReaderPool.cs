using System.Collections.Concurrent;
using Weft.Records;

namespace Weft.Tracking;

/// <summary>Connections for reading, opened as they are needed and kept. Each is used by one reader at a time.</summary>
/// <param name="most">How many there may be: who finds all in use waits. A reader does not read within its reading.</param>
internal sealed class ReaderPool(Func<Database> open, int most = int.MaxValue) : IDisposable
{
    private readonly ConcurrentStack<Reader> _idle = new();
    private readonly SemaphoreSlim _free = new(most);
    private bool _isClosed;

    /// <summary>
    /// Reads with a connection of the pool on the calling thread. With <paramref name="oneState"/> all queries see the same state, which
    /// costs a little; a single query always does.
    /// </summary>
    public T Read<T>(Func<Reader, T> work, bool oneState = false)
    {
        _free.Wait();
        Reader? reader = null;
        try
        {
            if (!_idle.TryPop(out reader))
                reader = new Reader(open());
            if (!oneState)
                return work(reader);
            using Transaction state = reader.Database.BeginRead(CancellationToken.None);
            return work(reader);
        }
        finally
        {
            if (_isClosed)
                reader?.Database.Dispose();
            else if (reader is not null)
                _idle.Push(reader);
            _free.Release();
        }
    }

    public void Dispose()
    {
        _isClosed = true;
        while (_idle.TryPop(out Reader? reader))
            reader.Database.Dispose();
    }
}

/// <summary>One connection for reading.</summary>
internal sealed class Reader(Database database)
{
    public Database Database { get; } = database;

    public KeyNumbers Keys { get; } = new(database);
}
