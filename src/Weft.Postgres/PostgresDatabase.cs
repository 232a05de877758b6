using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Npgsql;
using Weft.Records;

namespace Weft.Postgres;

/// <summary>
/// A connection to the records on PostgreSQL. Writers take turns, as on SQLite: <see cref="Database.BeginWrite"/> takes one lock of the schema
/// until the commit, so that what is read within a write stays true, and no write can fail because of another. Reading never waits.
/// <para>
/// A connection that breaks is opened again, for up to <see cref="Deadline"/>, when a transaction begins or something is read outside of one.
/// What breaks within a transaction is <see cref="DatabaseFault.Lost"/>; a commit whose answer was lost is looked up by its number, so that
/// nobody writes twice what was kept.
/// </para>
/// </summary>
internal sealed class PostgresDatabase : Database
{
    private const int MostPosted = 500;

    /// <summary>How long to wait for another writer, or for the server to come back.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan UpgradeDeadline = TimeSpan.FromSeconds(3);

    private readonly PostgresLocation _location;
    private readonly NpgsqlConnection _connection;
    private readonly TimeProvider _clock;
    private readonly List<NpgsqlBatchCommand> _posted = [];
    private readonly long _writerLock;
    private readonly long _usersLock;
    private PostgresStatement? _reading;
    private string? _transactionNumber;

    private PostgresDatabase(NpgsqlDataSource source, PostgresLocation location, TimeProvider clock)
        : base(Dialect.Postgres)
    {
        _location = location;
        _connection = source.CreateConnection();
        _clock = clock;
        _writerLock = LockNumber("writer");
        _usersLock = LockNumber("users");
    }

    public override string Location => _location.Shown;

    /// <summary>Whether a transaction is open here, whoever counts it.</summary>
    internal bool IsWithin { get; private set; }

    /// <summary>The server's version, such as <c>15.18</c>.</summary>
    public string ServerVersion => _connection.PostgreSqlVersion.ToString();

    /// <summary>What all connections of a store are made from.</summary>
    public static NpgsqlDataSource Source(PostgresLocation location)
    {
        var builder = new NpgsqlSlimDataSourceBuilder(location.ConnectionString);
        builder.EnableTransportSecurity();
        return builder.Build();
    }

    /// <summary>Opens a connection and brings the tables to this version's format, making them in an empty schema.</summary>
    /// <exception cref="DatabaseException">
    /// The server cannot be reached or refuses the user, a newer version wrote the tables, or an older one that is still running uses them.
    /// </exception>
    public static PostgresDatabase Open(NpgsqlDataSource source, PostgresLocation location, TimeProvider clock, CancellationToken cancel)
    {
        var database = new PostgresDatabase(source, location, clock);
        try
        {
            database.Connect(TimeSpan.Zero, cancel);
            database.Upgrade(cancel);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    public override void Lock(string subject)
    {
    }

    public override int ReadFormat()
    {
        if (!Prepare("SELECT 1 WHERE to_regclass(?1) IS NOT NULL").Bind(1, _location.Schema + ".weft_format").Any())
            return 0;
        return (int)(Prepare("SELECT max(number) FROM weft_format").QueryLong() ?? 0);
    }

    public override void WriteFormat(int number) => Execute($"""
        CREATE TABLE IF NOT EXISTS weft_format (number BIGINT NOT NULL PRIMARY KEY);
        INSERT INTO weft_format VALUES ({number});
        """);

    public override void ReserveIds(string table) =>
        Prepare($"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT greatest(max(id), 1) FROM {table}))").Any();

    public override void Dispose()
    {
        base.Dispose();
        _connection.Dispose();
    }

    protected internal override Statement Compile(string sql, bool keep) => new PostgresStatement(this, new NpgsqlCommand(sql, _connection));

    protected internal override void ExecuteScript(string script)
    {
        using var command = new NpgsqlCommand(script, _connection);
        Run(command.ExecuteNonQuery);
    }

    protected internal override void StartTransaction(bool write, CancellationToken cancel)
    {
        _transactionNumber = null;
        try
        {
            Again(
                () =>
                {
                    if (write)
                        BeginToWrite(cancel);
                    else
                        Send("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
                    return true;
                },
                cancel);
            IsWithin = true;
        }
        catch
        {
            UndoTransaction();
            cancel.ThrowIfCancellationRequested();
            throw;
        }
    }

    protected internal override void CommitTransaction()
    {
        try
        {
            Send("COMMIT");
        }
        catch (DatabaseException lost) when (lost.Fault == DatabaseFault.Lost && _transactionNumber is { } number && !IsUsable)
        {
            // The answer was lost, which does not say whether the commit was.
            if (!WasCommitted(number))
                throw;
        }
        IsWithin = false;
    }

    protected internal override void UndoTransaction()
    {
        IsWithin = false;
        _posted.Clear();
        _reading?.Park();
        if (!IsUsable)
            return;
        try
        {
            Send("ROLLBACK");
        }
        catch (DatabaseException)
        {
            // The server undoes what it hears no more of.
            _connection.Close();
        }
    }

    /// <summary>Keeps a command until others can be sent with it.</summary>
    internal void Post(NpgsqlBatchCommand command)
    {
        _posted.Add(command);
        if (_posted.Count >= MostPosted)
            Flush();
    }

    /// <summary>Runs a statement: what was posted goes before it; the rows of a query that is still being read are taken in first.</summary>
    internal T Run<T>(Func<T> execute, PostgresStatement? reading = null)
    {
        _reading?.Park();
        Flush();
        T result = IsWithin ? Translated(execute) : Again(execute, CancellationToken.None);
        _reading = reading;
        return result;
    }

    /// <summary>A query was read to its end.</summary>
    internal void Leave(PostgresStatement reading)
    {
        if (_reading == reading)
            _reading = null;
    }

    internal T Translated<T>(Func<T> execute)
    {
        try
        {
            return execute();
        }
        catch (Exception failure) when (failure is NpgsqlException || (failure is InvalidOperationException && !IsUsable))
        {
            throw PostgresFailure.Make(failure, Location, "use");
        }
    }

    private bool IsUsable => _connection.FullState.HasFlag(System.Data.ConnectionState.Open) && !_connection.FullState.HasFlag(System.Data.ConnectionState.Broken);

    /// <summary>Outside of a transaction, or to begin one: on a broken connection, once more on a new one.</summary>
    private T Again<T>(Func<T> execute, CancellationToken cancel)
    {
        if (!IsUsable)
            Connect(Deadline, cancel);
        try
        {
            return Translated(execute);
        }
        catch (DatabaseException lost) when (lost.Fault == DatabaseFault.Lost && !IsUsable)
        {
            Connect(Deadline, cancel);
            return Translated(execute);
        }
    }

    private void BeginToWrite(CancellationToken cancel)
    {
        using var batch = new NpgsqlBatch(_connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"));
        batch.BatchCommands.Add(new NpgsqlBatchCommand($"SELECT pg_advisory_xact_lock({_writerLock})"));
        batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT pg_current_xact_id()::text"));
        using CancellationTokenRegistration ends = cancel.Register(batch.Cancel);
        using NpgsqlDataReader reader = batch.ExecuteReader();
        reader.NextResult();
        reader.Read();
        _transactionNumber = reader.GetString(0);
    }

    /// <summary>Sends what was posted and, in the same message, this.</summary>
    private void Send(string sql)
    {
        _reading?.Park();
        using var batch = new NpgsqlBatch(_connection);
        foreach (NpgsqlBatchCommand command in _posted)
            batch.BatchCommands.Add(command);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(sql));
        _posted.Clear();
        Translated(batch.ExecuteNonQuery);
    }

    private void Flush()
    {
        if (_posted.Count == 0)
            return;
        using var batch = new NpgsqlBatch(_connection);
        foreach (NpgsqlBatchCommand command in _posted)
            batch.BatchCommands.Add(command);
        _posted.Clear();
        Translated(batch.ExecuteNonQuery);
    }

    private bool WasCommitted(string number)
    {
        long since = _clock.GetTimestamp();
        while (true)
        {
            Connect(Deadline, CancellationToken.None);
            string? status = Translated(() =>
            {
                using var command = new NpgsqlCommand($"SELECT pg_xact_status('{number}'::xid8)", _connection);
                return command.ExecuteScalar() as string;
            });
            if (status != "in progress")
                return status == "committed";
            if (_clock.GetElapsedTime(since) > Deadline)
                throw new DatabaseException(DatabaseFault.Unreachable, $"cannot tell whether {Location} kept the last write: its transaction {number} is still in progress");
            Wait(50, CancellationToken.None);
        }
    }

    /// <summary>Opens the connection, again and again while that may help.</summary>
    private void Connect(TimeSpan patience, CancellationToken cancel)
    {
        long since = _clock.GetTimestamp();
        for (int milliseconds = 25; ; milliseconds = Math.Min(milliseconds * 2, 1000))
        {
            try
            {
                _connection.Close();
                _connection.Open();
                Configure();
                return;
            }
            catch (Exception failure) when (failure is NpgsqlException or TimeoutException)
            {
                if (!PostgresFailure.IsPassing(failure) || _clock.GetElapsedTime(since) >= patience)
                    throw PostgresFailure.Make(failure, Location, "open");
            }
            Wait(milliseconds, cancel);
        }
    }

    /// <summary>
    /// Joins are done in the order they are written in, which our searches choose by counting. A writer that hangs in the middle of a
    /// transaction is put out before others give up waiting for it.
    /// </summary>
    private void Configure()
    {
        using var command = new NpgsqlCommand($"""
            SET search_path TO {_location.Schema};
            SET lock_timeout TO {(long)Deadline.TotalMilliseconds};
            SET idle_in_transaction_session_timeout TO {(long)Deadline.TotalMilliseconds * 2 / 3};
            SET join_collapse_limit TO 1;
            SELECT pg_advisory_lock_shared({_usersLock})
            """, _connection);
        command.ExecuteNonQuery();
    }

    private static void Wait(int milliseconds, CancellationToken cancel)
    {
        if (cancel.WaitHandle.WaitOne(milliseconds))
            cancel.ThrowIfCancellationRequested();
    }

    /// <summary>
    /// Brings older tables to this version's format, alone: every connection holds the users' lock shared. Another process that upgrades at
    /// the same moment is waited for.
    /// </summary>
    private void Upgrade(CancellationToken cancel)
    {
        long since = _clock.GetTimestamp();
        while (!Migrations.IsNewest(this))
        {
            if (ReadFormat() == 0)
            {
                MakeSchema(cancel);
                Migrations.Apply(this, cancel);
            }
            else if (Prepare("SELECT pg_try_advisory_lock(?1)").Bind(1, _usersLock).QueryLong() == 1)
            {
                try
                {
                    Migrations.Apply(this, cancel);
                }
                finally
                {
                    Prepare("SELECT pg_advisory_unlock(?1)").Bind(1, _usersLock).Any();
                }
            }
            else if (_clock.GetElapsedTime(since) > UpgradeDeadline)
            {
                throw new DatabaseException(DatabaseFault.Format,
                    $"the database {Location} must be upgraded, but an older weft is still using it: stop it, then try again");
            }
            else
            {
                Wait(20, cancel);
            }
        }
    }

    private void MakeSchema(CancellationToken cancel)
    {
        using Transaction change = BeginWrite(cancel);
        if (!Prepare("SELECT 1 FROM pg_namespace WHERE nspname = ?1").Bind(1, _location.Schema).Any())
            Execute($"CREATE SCHEMA {_location.Schema}");
        change.Commit();
    }

    private long LockNumber(string what) =>
        BinaryPrimitives.ReadInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"weft {what} {_location.Schema}")));
}
