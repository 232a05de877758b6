namespace Weft.Records;

/// <summary>
/// One connection to the records, on SQLite (<see cref="Sqlite.SqliteDatabase"/>) or PostgreSQL. A connection, its statements and its
/// transaction belong to one thread or loop at a time: who works in parallel opens several. Reading needs no transaction; reads that must
/// agree with each other stand in <see cref="BeginRead"/>; every write stands in <see cref="BeginWrite"/>:
/// <code>
/// using Transaction turn = db.BeginWrite(cancel);
/// insert.Bind(1, id).Run();
/// turn.Commit();              // left without it, everything since BeginWrite is undone
/// </code>
/// Failures are <see cref="DatabaseException"/>s. SQL is written as <see cref="Records.Dialect"/> says.
/// </summary>
internal abstract class Database(Dialect dialect) : IDisposable
{
    private readonly Dictionary<string, Statement> _prepared = [];

    public Dialect Dialect { get; } = dialect;

    /// <summary>Where it is, for messages.</summary>
    public abstract string Location { get; }

    public bool InTransaction { get; private set; }

    /// <summary>Whether this process may write; false where another host does, and <see cref="BeginWrite"/> would fail.</summary>
    public virtual bool CanWrite => true;

    /// <summary>Whether what is written may wait for its reader to put it in its place: not where readers on other hosts cannot write.</summary>
    public virtual bool CanStage => true;

    /// <summary>
    /// The statement for this SQL, prepared once per connection and kept: for the constant texts of our code. In a hot loop keep it in a
    /// variable.
    /// </summary>
    public Statement Prepare(string sql)
    {
        if (!_prepared.TryGetValue(sql, out Statement? statement))
        {
            statement = Compile(Dialect.Translate(sql), keep: true);
            _prepared.Add(sql, statement);
        }
        return statement;
    }

    /// <summary>A statement of its own for SQL that is put together at run time (a search); the caller disposes it.</summary>
    public Statement PrepareOnce(string sql) => Compile(Dialect.Translate(sql), keep: false);

    /// <summary>Runs several statements without parameters, separated by semicolons.</summary>
    public void Execute(string script) => ExecuteScript(Dialect.Translate(script));

    /// <summary>
    /// Starts to write. Writers take turns, and the turn is taken here, so that nothing later can find it taken: it waits for other writers up to
    /// the connection's deadline.
    /// </summary>
    /// <exception cref="DatabaseException"><see cref="DatabaseFault.Busy"/> when another writer does not end in time.</exception>
    public Transaction BeginWrite(CancellationToken cancel) => Begin(write: true, cancel);

    /// <summary>Starts to read one state: what others commit meanwhile is not seen.</summary>
    public Transaction BeginRead(CancellationToken cancel) => Begin(write: false, cancel);

    /// <summary>
    /// Within a write transaction: keeps other writers away from <paramref name="subject"/> until the transaction ends, where reading first
    /// and writing then must be one act. Where writers take turns, as on both databases now, the transaction itself does so.
    /// </summary>
    public abstract void Lock(string subject);

    /// <summary>After rows with numbers of their own: lets the table count on from its greatest.</summary>
    public virtual void ReserveIds(string table)
    {
    }

    /// <summary>The number of the newest migration that was applied; 0 for an empty database.</summary>
    public abstract int ReadFormat();

    /// <summary>Sets that number, within the transaction of the migration.</summary>
    public abstract void WriteFormat(int number);

    public virtual void Dispose()
    {
        foreach (Statement statement in _prepared.Values)
            statement.Dispose();
        _prepared.Clear();
        GC.SuppressFinalize(this);
    }

    protected internal abstract Statement Compile(string sql, bool keep);

    protected internal abstract void ExecuteScript(string script);

    protected internal abstract void StartTransaction(bool write, CancellationToken cancel);

    protected internal abstract void CommitTransaction();

    /// <summary>Undoes the open transaction. Does not throw: what cannot be undone now is undone by the database itself.</summary>
    protected internal abstract void UndoTransaction();

    private Transaction Begin(bool write, CancellationToken cancel)
    {
        if (InTransaction)
            throw new InvalidOperationException("this connection has an open transaction");
        cancel.ThrowIfCancellationRequested();
        StartTransaction(write, cancel);
        InTransaction = true;
        return new Transaction(this);
    }

    internal void End(bool commit)
    {
        if (commit)
        {
            CommitTransaction();
            InTransaction = false;
        }
        else
        {
            InTransaction = false;
            UndoTransaction();
        }
    }
}

/// <summary>An open transaction: committed, or undone when it is disposed without.</summary>
internal sealed class Transaction(Database database) : IDisposable
{
    private bool _isOpen = true;

    /// <exception cref="DatabaseException">The commit failed (a full disk, say); nothing of the transaction was kept.</exception>
    public void Commit()
    {
        ObjectDisposedException.ThrowIf(!_isOpen, this);
        database.End(commit: true);
        _isOpen = false;
    }

    public void Dispose()
    {
        if (!_isOpen)
            return;
        _isOpen = false;
        database.End(commit: false);
    }
}
