using Weft.Records;

namespace Weft.Tracking;

/// <summary>
/// The one loop that writes, on a thread of its own. Whoever wants to write hands over a piece of work and awaits it; the loop takes all that waits, does
/// it in one transaction and answers after the commit. So a hundred clients share one commit, and an answer means that the write is kept.
/// <para>
/// A piece of work checks everything before its first write: a <see cref="TrackingException"/> then leaves nothing behind and does not disturb
/// the others. Any other failure undoes the transaction, and its pieces are done again one by one, so that only the one at fault fails. So a
/// piece may be done several times before its answer, and keeps nothing outside of the database.
/// </para>
/// When nothing was handed over for a moment, or too much waits, the loop moves points to their places (<see cref="StagedPoints"/>).
/// </summary>
internal sealed class WriteLoop : IAsyncDisposable
{
    /// <summary>How much work shares a commit: a bound for the wait of the first.</summary>
    private const int TurnLength = 256;

    /// <summary>How often a turn that a broken connection undid is done again.</summary>
    private const int Retries = 5;

    /// <summary>How much work that nobody waits for may be in the queue.</summary>
    private const int MostPosted = 256;

    /// <summary>How many points may wait to be moved. Many, so that neighbours come together; a search waits some tenths of a second for as many.</summary>
    private const int MostStaged = 2_000_000;

    /// <summary>How long nobody must write before waiting points are moved: clients that log one value after the other are not kept waiting.</summary>
    private const int IdleMilliseconds = 100;

    /// <summary>What waits, and its lock. Not bounded: each piece but <see cref="MostPosted"/> has a caller who waits for it.</summary>
    private readonly Queue<Work> _queue = [];
    private readonly WriteTurn _turn;
    private readonly Task _loop;
    private bool _isClosed;

    /// <summary>Takes the connection over, and closes it at the end.</summary>
    public WriteLoop(Database database, TimeProvider clock)
    {
        // Points that a killed process left: how many does not matter.
        int left = database.CanWrite && database.Prepare("SELECT 1 FROM staged LIMIT 1").Any() ? 1 : 0;
        _turn = new WriteTurn(database, clock) { Staged = left };
        _loop = Task.Factory.StartNew(Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Does the work in one of the next transactions; completes when it is committed.</summary>
    public Task<T> WriteAsync<T>(Func<WriteTurn, T> work)
    {
        var item = new Work<T>(work);
        ObjectDisposedException.ThrowIf(!TryAdd(item, int.MaxValue), this);
        return item.Done;
    }

    public Task WriteAsync(Action<WriteTurn> work) => WriteAsync(turn =>
    {
        work(turn);
        return true;
    });

    /// <summary>Hands over work that nobody waits for and that may be left undone: when much is waiting, or when it fails.</summary>
    public void Post(Action<WriteTurn> work) => TryAdd(
        new Work<bool>(turn =>
        {
            work(turn);
            return true;
        }),
        MostPosted);

    /// <summary>Does what was handed over, then closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_queue)
        {
            if (_isClosed)
                return;
            _isClosed = true;
            Monitor.Pulse(_queue);
        }
        await _loop;
        _turn.Database.Dispose();
    }

    /// <summary>False when the loop was closed, or when as much waits already.</summary>
    private bool TryAdd(Work work, int most)
    {
        lock (_queue)
        {
            if (_isClosed || _queue.Count >= most)
                return false;
            _queue.Enqueue(work);
            // What comes while the loop is at work it sees by itself.
            if (_queue.Count == 1)
                Monitor.Pulse(_queue);
            return true;
        }
    }

    private void Run()
    {
        var turn = new List<Work>(TurnLength);
        while (TryTake(turn))
        {
            if (!TryCommit(turn))
            {
                foreach (Work work in turn)
                    CommitAlone(work);
            }
            foreach (Work work in turn)
                work.Answer();
            while (_turn.Staged > MostStaged && TrySettle())
            {
            }
        }
    }

    /// <summary>Waits for work, moving points meanwhile; false when the loop was closed and all is done.</summary>
    private bool TryTake(List<Work> turn)
    {
        turn.Clear();
        bool settles = _turn.Staged > 0;
        int patience = settles ? IdleMilliseconds : Timeout.Infinite;
        while (true)
        {
            lock (_queue)
            {
                if (_queue.Count == 0 && !_isClosed)
                    Monitor.Wait(_queue, patience);
                while (turn.Count < TurnLength && _queue.TryDequeue(out Work? work))
                    turn.Add(work);
                if (turn.Count > 0)
                    return true;
                if (_isClosed && !settles)
                    return false;
            }
            // Once it failed, it is not tried again before somebody writes.
            settles = settles && TrySettle() && _turn.Staged > 0;
            patience = settles ? 0 : Timeout.Infinite;
        }
    }

    /// <summary>Moves some points to their places; false when it failed, and somebody who reads them will be told why.</summary>
    private bool TrySettle()
    {
        var settling = new Work<bool>(turn => StagedPoints.SettleOldest(turn, long.MaxValue));
        CommitAlone(settling);
        return !settling.HasFailed;
    }

    private bool TryCommit(List<Work> works)
    {
        for (int retry = 0; ; retry++)
        {
            try
            {
                using Transaction transaction = _turn.Database.BeginWrite(CancellationToken.None);
                foreach (Work work in works)
                    work.Do(_turn);
                transaction.Commit();
                return true;
            }
            catch (DatabaseException lost) when (lost.Fault == DatabaseFault.Lost && retry < Retries)
            {
                _turn.Keys.Forget();
            }
            catch (Exception e) when (works.Count > 1 || works[0].Blame(e))
            {
                _turn.Keys.Forget();
                return works.Count == 1;
            }
        }
    }

    private void CommitAlone(Work work) => TryCommit([work]);

    private abstract class Work
    {
        public abstract void Do(WriteTurn turn);

        /// <summary>Makes the failure the answer.</summary>
        public abstract bool Blame(Exception failure);

        public abstract void Answer();
    }

    private sealed class Work<T>(Func<WriteTurn, T> work) : Work
    {
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? _result;
        private Exception? _failure;

        public Task<T> Done => _done.Task;

        public bool HasFailed => _failure is not null;

        public override void Do(WriteTurn turn)
        {
            try
            {
                _failure = null;
                _result = work(turn);
            }
            catch (TrackingException refused)
            {
                _failure = refused;
            }
        }

        public override bool Blame(Exception failure)
        {
            _failure = failure;
            return true;
        }

        public override void Answer()
        {
            if (_failure is { } failure)
                _done.SetException(failure);
            else
                _done.SetResult(_result!);
        }
    }
}

/// <summary>What a piece of work may use: the connection within its transaction, the numbers of keys, the time.</summary>
internal sealed class WriteTurn(Database database, TimeProvider clock)
{
    public Database Database { get; } = database;

    public KeyNumbers Keys { get; } = new(database);

    /// <summary>How many points wait to be moved to their places, about: it decides when, not whether.</summary>
    public long Staged { get; set; }

    /// <summary>Room for points while they are moved, which is used again and again.</summary>
    public List<PointRow> Points { get; } = [];

    /// <summary>Unix milliseconds.</summary>
    public long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();
}

/// <summary>
/// The numbers that stand for the names of metrics, params and labels in the tables, kept in memory as far as they were asked for. A name
/// keeps its number for ever, so only an undone transaction makes this memory wrong.
/// </summary>
internal sealed class KeyNumbers(Database database)
{
    /// <summary>Beyond this many names the memory starts afresh: programs that put a counter into a name must not fill it.</summary>
    private const int Most = 100_000;

    private readonly Dictionary<string, long> _known = new(StringComparer.Ordinal);

    /// <summary>The number of a name, null when nothing was ever logged under it.</summary>
    public long? Find(string name)
    {
        if (_known.TryGetValue(name, out long number))
            return number;
        if (database.Prepare("SELECT id FROM key WHERE name = ?1").Bind(1, name).QueryLong() is not { } found)
            return null;
        Remember(name, found);
        return found;
    }

    /// <summary>The number of a name, made when it is new; within a write.</summary>
    public long FindOrAdd(string name)
    {
        if (Find(name) is { } known)
            return known;
        long number = database.Prepare("INSERT INTO key (name) VALUES (?1) RETURNING id").Bind(1, name).QueryLong()!.Value;
        Remember(name, number);
        return number;
    }

    public void Forget() => _known.Clear();

    private void Remember(string name, long number)
    {
        if (_known.Count >= Most)
            _known.Clear();
        _known[name] = number;
    }
}
