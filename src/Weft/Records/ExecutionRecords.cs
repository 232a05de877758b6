using Weft.Values;

namespace Weft.Records;

/// <summary>
/// What the execution loop writes and reads back. Every method that writes stands in a transaction of the caller: one
/// <see cref="Database.BeginWrite"/> per turn of the loop holds the results of the last attempts and the intents of the next. As its connection,
/// it belongs to one thread or loop at a time.
/// </summary>
internal sealed class ExecutionRecords(Database db, TimeProvider clock)
{
    private readonly Statement _intend = db.Prepare("""
        INSERT INTO attempt (execution, path, number, rank, snapshot, engine, state, intended) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        """);

    private readonly Statement _start = db.Prepare("""
        UPDATE attempt SET state = ?5, handle = ?6, pid = ?7, started = ?8 WHERE execution = ?1 AND path = ?2 AND number = ?3 AND rank = ?4
        """);

    private readonly Statement _end = db.Prepare("""
        UPDATE attempt SET state = ?5, class = ?6, exit = ?7, signal = ?8, reason = ?9, tail = ?10, ended = ?11, started = coalesce(started, ?12)
        WHERE execution = ?1 AND path = ?2 AND number = ?3 AND rank = ?4 AND ended IS NULL
        """);

    private readonly Statement _node = db.Prepare("""
        INSERT INTO node (execution, path, phase, attempt, key, origin, outputs, tally, ended) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        ON CONFLICT (execution, path) DO UPDATE SET phase = excluded.phase, attempt = excluded.attempt, key = excluded.key, origin = excluded.origin,
            outputs = excluded.outputs, tally = excluded.tally, ended = excluded.ended
        """);

    private readonly Statement _event = db.Prepare("""
        INSERT INTO event (execution, seq, at, kind, actor, path, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        """);

    /// <summary>The connection: begin transactions here.</summary>
    public Database Database => db;

    /// <summary>
    /// Records a new execution under a free name. Where two processes must not both begin the same work, look for
    /// <see cref="FindUnfinished"/> in the same transaction first.
    /// </summary>
    /// <exception cref="DatabaseException"><see cref="DatabaseFault.Duplicate"/>: the name that was asked for is taken.</exception>
    public ExecutionRow Create(NewExecution execution)
    {
        DateTimeOffset now = clock.GetUtcNow();
        Statement insert = db.Prepare("""
            INSERT INTO execution (id, name, definition, key, plan, snapshot, state, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            ON CONFLICT (name) DO NOTHING
            """)
            .Bind(1, execution.Id.Value).Bind(3, execution.Definition).Bind(4, execution.Key).Bind(5, execution.Plan.Hex).Bind(6, execution.Snapshot)
            .Bind(7, execution.State).Bind(8, now.ToUnixTimeMilliseconds());
        string name = execution.Name ?? "";
        if (execution.Name is null)
        {
            string words = MemorableName.WordsOf(execution.Id.Value);
            int number = 1;
            while (insert.Bind(2, name = $"{words}-{number}").Run() == 0)
                number++;
        }
        else if (insert.Bind(2, execution.Name).Run() == 0)
        {
            throw new DatabaseException(DatabaseFault.Duplicate, $"there is an execution named {execution.Name} already");
        }
        return new ExecutionRow(
            execution.Id, name, execution.Definition, execution.Key, execution.Plan, execution.Snapshot, execution.State, null, null, null, null, null,
            null, DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds()), null);
    }

    /// <summary>Keeps a plan under its digest; once, however often it is launched.</summary>
    public void SavePlan(Digest digest, ReadOnlySpan<byte> body) =>
        db.Prepare("INSERT INTO plan (digest, body) VALUES (?1, ?2) ON CONFLICT (digest) DO NOTHING").Bind(1, digest.Hex).BindBlob(2, body).Run();

    /// <summary>The plan's body, or null when there is none.</summary>
    public byte[]? ReadPlan(Digest digest)
    {
        foreach (Row row in db.Prepare("SELECT body FROM plan WHERE digest = ?1").Bind(1, digest.Hex).Query())
            return row.Blob(0).ToArray();
        return null;
    }

    /// <summary>The newest execution of this key that has not ended. In a write transaction nobody else can begin one until it ends.</summary>
    public ExecutionRow? FindUnfinished(string key)
    {
        if (db.InTransaction)
            db.Lock("execution.key " + key);
        return ExecutionColumns.ReadOne(
            db.Prepare($"SELECT {ExecutionColumns.List} FROM execution WHERE key = ?1 AND ended IS NULL ORDER BY id DESC LIMIT 1").Bind(1, key));
    }

    /// <summary>The newest execution of this key, however it ended.</summary>
    public ExecutionRow? FindNewest(string key) =>
        ExecutionColumns.ReadOne(db.Prepare($"SELECT {ExecutionColumns.List} FROM execution WHERE key = ?1 ORDER BY id DESC LIMIT 1").Bind(1, key));

    public ExecutionRow? Find(ExecutionId id) =>
        ExecutionColumns.ReadOne(db.Prepare($"SELECT {ExecutionColumns.List} FROM execution WHERE id = ?1").Bind(1, id.Value));

    /// <summary>
    /// Makes <paramref name="owner"/> the process that runs the loop; false when the owner is no longer <paramref name="expected"/>, so that of
    /// several adopters one wins.
    /// </summary>
    public bool TakeOwnership(ExecutionId id, string? expected, string? owner) =>
        db.Prepare("UPDATE execution SET owner = ?2, lease = ?3 WHERE id = ?1 AND owner {same} ?4")
            .Bind(1, id.Value).Bind(2, owner).Bind(3, clock.GetUtcNow().ToUnixTimeMilliseconds()).Bind(4, expected).Run() == 1;

    /// <summary>Says that the owner lives; false when it is the owner no more and must stop.</summary>
    public bool RefreshLease(ExecutionId id, string owner) =>
        db.Prepare("UPDATE execution SET lease = ?3 WHERE id = ?1 AND owner = ?2")
            .Bind(1, id.Value).Bind(2, owner).Bind(3, clock.GetUtcNow().ToUnixTimeMilliseconds()).Run() == 1;

    /// <summary>Port and token of the tracking endpoint: an adopter binds the same.</summary>
    public void SetEndpoint(ExecutionId id, int port, string tokenHash) =>
        db.Prepare("UPDATE execution SET port = ?2, token_hash = ?3 WHERE id = ?1").Bind(1, id.Value).Bind(2, port).Bind(3, tokenHash).Run();

    /// <summary>Sets the state and the counts; with <paramref name="ended"/> the execution is finished, without it is (again) unfinished.</summary>
    public void SetState(ExecutionId id, string state, string? tally, DateTimeOffset? ended) =>
        db.Prepare("UPDATE execution SET state = ?2, tally = ?3, ended = ?4 WHERE id = ?1")
            .Bind(1, id.Value).Bind(2, state).Bind(3, tally).Bind(4, ended?.ToUnixTimeMilliseconds()).Post();

    /// <summary>Asks for a stop, or for a harder one than was asked for before; null takes it back.</summary>
    public void AskStop(ExecutionId id, string? how) =>
        db.Prepare("UPDATE execution SET stop_asked = ?2 WHERE id = ?1").Bind(1, id.Value).Bind(2, how).Run();

    public string? ReadStop(ExecutionId id) => db.Prepare("SELECT stop_asked FROM execution WHERE id = ?1").Bind(1, id.Value).QueryText();

    /// <summary>Commits, with its transaction, that this attempt shall run.</summary>
    /// <exception cref="DatabaseException"><see cref="DatabaseFault.Duplicate"/>: the attempt was intended before.</exception>
    public void Intend(AttemptId id, string? snapshot, string engine, string state)
    {
        BindAttempt(_intend, id).Bind(5, snapshot).Bind(6, engine).Bind(7, state).Bind(8, clock.GetUtcNow().ToUnixTimeMilliseconds());
        _intend.Post();
    }

    /// <summary>Records that an attempt was submitted or runs.</summary>
    public void SetStarted(AttemptId id, string state, string? handle, int? pid, DateTimeOffset? started)
    {
        BindAttempt(_start, id).Bind(5, state).Bind(6, handle).Bind(7, (long?)pid).Bind(8, started?.ToUnixTimeMilliseconds());
        _start.Post();
    }

    /// <summary>Records how an attempt ended; false when it had ended before, and then nothing changes.</summary>
    /// <param name="started">When it began, unless that is recorded already.</param>
    public bool End(AttemptId id, AttemptEnd end, DateTimeOffset? started, DateTimeOffset ended) =>
        BindAttempt(_end, id).Bind(5, end.State).Bind(6, end.Class).Bind(7, (long?)end.Exit).Bind(8, (long?)end.Signal).Bind(9, end.Reason).Bind(10, end.Tail)
            .Bind(11, ended.ToUnixTimeMilliseconds()).Bind(12, started?.ToUnixTimeMilliseconds()).Run() == 1;

    /// <summary>Records what is known of a node, in place of what was known before.</summary>
    public void SetNode(ExecutionId execution, NodeRow node)
    {
        _node.Bind(1, execution.Value).Bind(2, node.Path.Text).Bind(3, node.Phase).Bind(4, node.Attempt).Bind(5, node.Key).Bind(6, node.Origin)
            .Bind(7, node.Outputs).Bind(8, node.Tally).Bind(9, node.Ended?.ToUnixTimeMilliseconds());
        _node.Post();
    }

    /// <summary>Gives an execution the nodes and the history of another one in which no attempt was made, as if all of it had happened now.</summary>
    public void Repeat(ExecutionId earlier, ExecutionId now, string actor)
    {
        long at = clock.GetUtcNow().ToUnixTimeMilliseconds();
        db.Prepare("""
            INSERT INTO node (execution, path, phase, attempt, key, origin, outputs, tally, ended)
            SELECT ?2, path, phase, attempt, key, origin, outputs, tally, ?3 FROM node WHERE execution = ?1 ORDER BY path
            """).Bind(1, earlier.Value).Bind(2, now.Value).Bind(3, at).Run();
        db.Prepare("""
            INSERT INTO event (execution, seq, at, kind, actor, path, body)
            SELECT ?2, seq, ?3, kind, CASE WHEN actor IS NULL THEN NULL ELSE ?4 END, path, body FROM event WHERE execution = ?1 ORDER BY seq
            """).Bind(1, earlier.Value).Bind(2, now.Value).Bind(3, at).Bind(4, actor).Run();
    }

    /// <summary>Adds to the execution's history. The owner counts: it reads <see cref="LastEvent"/> when it takes over.</summary>
    public void Append(ExecutionId execution, EventRow entry)
    {
        _event.Bind(1, execution.Value).Bind(2, entry.Seq).Bind(3, entry.At.ToUnixTimeMilliseconds()).Bind(4, entry.Kind).Bind(5, entry.Actor)
            .Bind(6, entry.Path?.Text).Bind(7, entry.Body);
        _event.Post();
    }

    /// <summary>What was noted with the newest event of a kind about a node; null when there is none, or nothing was.</summary>
    public string? LastBody(ExecutionId execution, NodePath path, string kind) =>
        db.Prepare("SELECT body FROM event WHERE execution = ?1 AND path = ?2 AND kind = ?3 ORDER BY seq DESC LIMIT 1").Bind(1, execution.Value).Bind(2, path.Text).Bind(3, kind).QueryText();

    /// <summary>The number of the newest event; 0 when there is none.</summary>
    public long LastEvent(ExecutionId execution) =>
        db.Prepare("SELECT max(seq) FROM event WHERE execution = ?1").Bind(1, execution.Value).QueryLong() ?? 0;

    /// <summary>Keeps the answer to a gate; false when it was answered before.</summary>
    public bool Signal(ExecutionId execution, NodePath path, string sender, string body) =>
        db.Prepare("INSERT INTO signal (execution, path, at, sender, body) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (execution, path) DO NOTHING")
            .Bind(1, execution.Value).Bind(2, path.Text).Bind(3, clock.GetUtcNow().ToUnixTimeMilliseconds()).Bind(4, sender).Bind(5, body).Run() == 1;

    /// <summary>The answer to a gate, or null while there is none.</summary>
    public string? ReadSignal(ExecutionId execution, NodePath path) =>
        db.Prepare("SELECT body FROM signal WHERE execution = ?1 AND path = ?2").Bind(1, execution.Value).Bind(2, path.Text).QueryText();

    /// <summary>Hands out every touched node of the execution, in the order of their paths, without holding them all.</summary>
    /// <param name="each">Must not write to this connection's nodes.</param>
    public void ReadNodes(ExecutionId execution, Action<NodeRow> each)
    {
        foreach (Row row in db.Prepare("SELECT path, phase, attempt, key, origin, outputs, tally, ended FROM node WHERE execution = ?1 ORDER BY path").Bind(1, execution.Value).Query())
            each(ReadNode(row));
    }

    /// <summary>The cache keys that a node had in executions of a definition, the newest first, with the names of those.</summary>
    /// <param name="before">Only executions before this one; null for all.</param>
    public IReadOnlyList<(string Key, ExecutionId Execution, string Name)> EarlierKeys(string definition, NodePath path, ExecutionId? before)
    {
        var found = new List<(string, ExecutionId, string)>();
        Statement select = Database.Prepare("""
            SELECT n.key, e.id, e.name FROM execution e JOIN node n ON n.execution = e.id
            WHERE e.definition = ?1 AND n.path = ?2 AND e.id < ?3 AND n.key IS NOT NULL ORDER BY e.id DESC LIMIT 20
            """);
        foreach (Row row in select.Bind(1, definition).Bind(2, path.Text).Bind(3, before?.Value ?? "~").Query())
            found.Add((row.Text(0), new ExecutionId(row.Text(1)), row.Text(2)));
        return found;
    }

    /// <summary>What attempts that succeeded took in the newest executions of a definition: the median by node; of a sweep, of its points.</summary>
    public IReadOnlyDictionary<NodePath, TimeSpan> Durations(string definition)
    {
        var all = new Dictionary<NodePath, List<long>>();
        Statement select = Database.Prepare("""
            SELECT a.path, a.ended - a.started FROM execution e JOIN attempt a ON a.execution = e.id
            WHERE e.definition = ?1 AND a.state = 'Succeeded' AND a.started IS NOT NULL ORDER BY e.id DESC LIMIT 5000
            """);
        foreach (Row row in select.Bind(1, definition).Query())
        {
            var path = new NodePath(row.Text(0));
            NodePath node = path.Index is null ? path : path.Parent;
            if (!all.TryGetValue(node, out List<long>? times))
                all[node] = times = [];
            times.Add(row.Long(1));
        }
        return all.ToDictionary(one => one.Key, one => TimeSpan.FromMilliseconds(one.Value.Order().ElementAt(one.Value.Count / 2)));
    }

    public NodeRow? FindNode(ExecutionId execution, NodePath path)
    {
        foreach (Row row in db.Prepare("SELECT path, phase, attempt, key, origin, outputs, tally, ended FROM node WHERE execution = ?1 AND path = ?2").Bind(1, execution.Value).Bind(2, path.Text).Query())
            return ReadNode(row);
        return null;
    }

    /// <summary>The attempts that were intended and have no end: what a new owner must look after.</summary>
    public IReadOnlyList<AttemptRow> OpenAttempts(ExecutionId execution) =>
        ReadAttempts(db.Prepare($"SELECT {AttemptColumns} FROM attempt WHERE execution = ?1 AND ended IS NULL ORDER BY intended, path, number, rank").Bind(1, execution.Value));

    /// <summary>All attempts of one node, oldest first.</summary>
    public IReadOnlyList<AttemptRow> Attempts(ExecutionId execution, NodePath path) =>
        ReadAttempts(db.Prepare($"SELECT {AttemptColumns} FROM attempt WHERE execution = ?1 AND path = ?2 ORDER BY number, rank").Bind(1, execution.Value).Bind(2, path.Text));

    /// <summary>The history after an event, at most <paramref name="limit"/> entries.</summary>
    public IReadOnlyList<EventRow> Events(ExecutionId execution, long after, int limit)
    {
        var entries = new List<EventRow>();
        Statement select = db.Prepare("SELECT seq, at, kind, actor, path, body FROM event WHERE execution = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3");
        foreach (Row row in select.Bind(1, execution.Value).Bind(2, after).Bind(3, limit).Query())
            entries.Add(new EventRow(row.Long(0), row.Time(1), row.Text(2), row.TextOrNull(3), row.TextOrNull(4) is { } path ? new NodePath(path) : null, row.TextOrNull(5)));
        return entries;
    }

    private const string AttemptColumns = "execution, path, number, rank, snapshot, engine, handle, pid, state, class, exit, signal, reason, tail, intended, started, ended";

    private static List<AttemptRow> ReadAttempts(Statement select)
    {
        var attempts = new List<AttemptRow>();
        foreach (Row row in select.Query())
        {
            var id = new AttemptId(new ExecutionId(row.Text(0)), new NodePath(row.Text(1)), row.Int(2), row.Int(3));
            DateTimeOffset? ended = row.TimeOrNull(16);
            AttemptEnd? end = ended is null ? null
                : new AttemptEnd(row.Text(8), row.TextOrNull(9), (int?)row.LongOrNull(10), (int?)row.LongOrNull(11), row.TextOrNull(12), row.TextOrNull(13));
            attempts.Add(new AttemptRow(
                id, row.TextOrNull(4), row.Text(5), row.TextOrNull(6), (int?)row.LongOrNull(7), row.Text(8), end, row.Time(14), row.TimeOrNull(15), ended));
        }
        return attempts;
    }

    private static NodeRow ReadNode(Row row) => new(
        new NodePath(row.Text(0)), row.Text(1), row.Int(2), row.TextOrNull(3), row.TextOrNull(4), row.TextOrNull(5), row.TextOrNull(6), row.TimeOrNull(7));

    private static Statement BindAttempt(Statement statement, AttemptId id) =>
        statement.Bind(1, id.Execution.Value).Bind(2, id.Path.Text).Bind(3, id.Number).Bind(4, id.Rank);
}
