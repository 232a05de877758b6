using Weft.Records;

namespace Weft.Support;

/// <summary>What happens at the chosen write.</summary>
public enum Fault
{
    /// <summary>The write fails as on a full disk; the writes after it work again.</summary>
    Fail,

    /// <summary>The process dies there: nothing of the open transaction is kept, and every later call fails too.</summary>
    Die,
}

/// <summary>The process of the test is taken to be dead; catch it where the test starts "the next process".</summary>
public sealed class DiedException : Exception;

/// <summary>
/// A database in which the n-th write goes wrong. Counted are the beginning of a write transaction, each statement run in it, the moment
/// before a commit and the moment after it, so that counting up n until a scenario runs through meets every place where it can break.
/// </summary>
internal sealed class FaultyDatabase(Database inner, int failAt, Fault fault) : Database(inner.Dialect)
{
    private volatile bool _isDead;
    private int _writes;

    /// <summary>How many writes were counted so far; less than <c>failAt</c> at the end means that nothing went wrong.</summary>
    public int Writes => Volatile.Read(ref _writes);

    public bool HasFailed => Writes >= failAt;

    public override string Location => inner.Location;

    public override void Lock(string subject)
    {
        Live();
        inner.Lock(subject);
    }

    public override int ReadFormat() => inner.ReadFormat();

    public override void WriteFormat(int number) => inner.WriteFormat(number);

    /// <summary>Closes the connection below, which undoes what was not committed: what the end of a process does.</summary>
    public override void Dispose()
    {
        base.Dispose();
        inner.Dispose();
    }

    protected internal override Statement Compile(string sql, bool keep) => new FaultyStatement(this, inner.Compile(sql, keep));

    protected internal override void ExecuteScript(string script)
    {
        Count();
        inner.ExecuteScript(script);
    }

    protected internal override void StartTransaction(bool write, CancellationToken cancel)
    {
        Live();
        if (write)
            Count();
        inner.StartTransaction(write, cancel);
    }

    protected internal override void CommitTransaction()
    {
        Count();
        inner.CommitTransaction();
        if (fault == Fault.Die)
            Count();
    }

    protected internal override void UndoTransaction()
    {
        if (!_isDead)
            inner.UndoTransaction();
    }

    internal void Live()
    {
        if (_isDead)
            throw new DiedException();
    }

    internal void Count()
    {
        Live();
        if (Interlocked.Increment(ref _writes) != failAt)
            return;
        if (fault == Fault.Fail)
            throw new DatabaseException(DatabaseFault.Full, $"cannot use the database {Location}: the disk is full");
        _isDead = true;
        throw new DiedException();
    }

    private sealed class FaultyStatement(FaultyDatabase database, Statement inner) : Statement
    {
        public override Statement Bind(int parameter, long value) => Do(() => inner.Bind(parameter, value));

        public override Statement Bind(int parameter, double value) => Do(() => inner.Bind(parameter, value));

        public override Statement Bind(int parameter, string? value) => Do(() => inner.Bind(parameter, value));

        public override Statement BindNull(int parameter) => Do(() => inner.BindNull(parameter));

        public override Statement BindUtf8(int parameter, ReadOnlySpan<byte> text)
        {
            database.Live();
            inner.BindUtf8(parameter, text);
            return this;
        }

        public override Statement BindBlob(int parameter, ReadOnlySpan<byte> bytes)
        {
            database.Live();
            inner.BindBlob(parameter, bytes);
            return this;
        }

        public override int Run()
        {
            database.Count();
            return inner.Run();
        }

        public override void Post()
        {
            database.Count();
            inner.Post();
        }

        public override void Dispose() => inner.Dispose();

        protected internal override void Start()
        {
            database.Live();
            inner.Start();
        }

        protected internal override bool Next() => inner.Next();

        protected internal override void End() => inner.End();

        protected internal override bool IsNull(int column) => inner.IsNull(column);

        protected internal override long Long(int column) => inner.Long(column);

        protected internal override double Double(int column) => inner.Double(column);

        protected internal override string Text(int column) => inner.Text(column);

        protected internal override ReadOnlySpan<byte> Utf8(int column) => inner.Utf8(column);

        protected internal override ReadOnlySpan<byte> Blob(int column) => inner.Blob(column);

        private FaultyStatement Do(Action bind)
        {
            database.Live();
            bind();
            return this;
        }
    }
}
