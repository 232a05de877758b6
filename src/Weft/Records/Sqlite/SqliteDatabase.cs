using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Weft.Platform;
using Weft.Storage;

namespace Weft.Records.Sqlite;

/// <summary>How a SQLite file is opened.</summary>
/// <param name="Journal">How commits reach the file; null takes what the file system demands: on one of the network <see cref="SqliteJournal.Rollback"/>.</param>
/// <param name="BusyDeadline">How long to wait for another process's lock before giving up. Default 30 s.</param>
internal sealed record SqliteOptions(SqliteJournal? Journal = null, TimeSpan? BusyDeadline = null)
{
    /// <summary>Renewed before each write; one that is lost to another host ends the writing.</summary>
    public HostLease? Lease { get; init; }

    /// <summary>The file belongs to another program: journal and format are left alone.</summary>
    public bool IsForeign { get; init; }

    /// <summary>Another host that alone may write: this connection only reads, and leaves journal and format alone.</summary>
    public LeaseHolder? Writer { get; init; }
}

internal enum SqliteJournal
{
    /// <summary>Readers and one writer at once; every process must be on one machine.</summary>
    WriteAhead,

    /// <summary>The old file is saved beside before it is changed: slower, right wherever file locks are.</summary>
    Rollback,
}

/// <summary>
/// A connection to a SQLite file, by our own thin binding. Commits are atomic and survive a killed process; after a power cut the newest
/// may be missing, never half there (<c>synchronous=NORMAL</c>). The write-ahead log is moved into the file by <see cref="Checkpoint"/>
/// only, never by SQLite's own habit after a commit: two processes doing so at once can lose data before SQLite 3.51.3.
/// </summary>
internal sealed unsafe class SqliteDatabase : Database
{
    private const int CheckpointPages = 1000;

    private static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan UpgradeDeadline = TimeSpan.FromSeconds(3);

    private readonly SqliteHandle _handle;
    private readonly GCHandle _self;
    private readonly TimeProvider _clock;
    private CancellationToken _cancellation;
    private long _waitingSince;
    private FileLock? _users;

    private SqliteDatabase(SqliteHandle handle, string path, SqliteOptions options, TimeProvider clock)
        : base(Dialect.Sqlite)
    {
        _handle = handle;
        Pointer = handle.DangerousGetHandle();
        Location = path;
        _clock = clock;
        Options = options;
        _self = GCHandle.Alloc(this, GCHandleType.Weak);
        _ = SqliteNative.BusyHandler(Pointer, &OnBusy, GCHandle.ToIntPtr(_self));
        _ = SqliteNative.WalHook(Pointer, &OnCommit, GCHandle.ToIntPtr(_self));
    }

    public override string Location { get; }

    public override bool CanWrite => Options.Writer is null;

    public override bool CanStage => Journal == SqliteJournal.WriteAhead;

    /// <summary>Pages in the write-ahead log after this connection's last commit; what <see cref="Checkpoint"/> would move.</summary>
    public int LogPages { get; private set; }

    /// <summary>How commits reach the file.</summary>
    private SqliteJournal Journal { get; set; }

    /// <summary>As it was opened.</summary>
    public SqliteOptions Options { get; }

    internal nint Pointer { get; private set; }

    private bool IsFile => Location != ":memory:";

    /// <summary>The library that was found: <c>3.40.1, the system's</c>.</summary>
    public static string Library
    {
        get
        {
            int version = SqliteNative.LibraryVersion();
            string whose = SqliteNative.IsBundled ? "shipped with weft, as this machine has none of 3.35 or newer" : "the system's";
            return $"{version / 1000000}.{version / 1000 % 1000}.{version % 1000}, {whose}";
        }
    }

    /// <summary>Ends waits and long queries of this connection: set it when taking the connection for a request, and back to none.</summary>
    public CancellationToken Cancellation
    {
        get => _cancellation;
        set
        {
            _cancellation = value;
            SqliteNative.ProgressHandler(Pointer, value.CanBeCanceled ? 20_000 : 0, value.CanBeCanceled ? &OnProgress : null, GCHandle.ToIntPtr(_self));
        }
    }

    /// <summary>
    /// Opens the file, making it when it is not there, and brings its tables to this version's format. Beside it stand <c>-users</c>, locked
    /// shared by every open connection, and <c>-checkpoint</c>, locked by who moves the log into the file.
    /// </summary>
    /// <param name="path">A file in an existing folder, or <c>:memory:</c>.</param>
    /// <exception cref="DatabaseException">
    /// The folder is missing or not writable, the file is no database, a newer version wrote it, or an older one that is still running uses it.
    /// </exception>
    public static SqliteDatabase Open(string path, SqliteOptions options, TimeProvider clock, CancellationToken cancel)
    {
        SqliteDatabase database = Connect(path, options, clock, cancel);
        try
        {
            database._users = database.IsFile ? FileLock.TryAcquire(path + "-users", LockMode.Shared) : null;
            database.Upgrade(cancel);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>Copies the database as it is now into a new file, compacted; writers go on meanwhile.</summary>
    /// <param name="path">A file that is not there yet.</param>
    /// <exception cref="DatabaseException">The file is there, or cannot be written.</exception>
    public void BackUp(string path) => Prepare("VACUUM INTO ?1").Bind(1, path).Run();

    /// <summary>Opens another program's file as it is: no tables of ours, its own journal, no files beside it.</summary>
    /// <param name="mustExist">Whether a missing file is an error, or is made.</param>
    public static SqliteDatabase OpenForeign(string path, bool mustExist, TimeProvider clock, CancellationToken cancel)
    {
        if (mustExist && !File.Exists(path))
            throw new DatabaseException(DatabaseFault.Unreachable, $"there is no file {path}");
        return Connect(path, new SqliteOptions { IsForeign = true }, clock, cancel);
    }

    private static SqliteDatabase Connect(string path, SqliteOptions options, TimeProvider clock, CancellationToken cancel)
    {
        int flags = SqliteNative.OpenReadWrite | SqliteNative.OpenCreate | SqliteNative.OpenNoMutex | SqliteNative.OpenExtendedCodes;
        int code = SqliteNative.Open(path, out nint pointer, flags, 0);
        var handle = new SqliteHandle(pointer);
        if (code != SqliteNative.Ok)
        {
            DatabaseException failure = SqliteFailure.Make(code, pointer, path, "open");
            handle.Dispose();
            throw failure;
        }
        var database = new SqliteDatabase(handle, path, options, clock);
        try
        {
            database._cancellation = cancel;
            database.Configure();
            database._cancellation = CancellationToken.None;
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Moves the write-ahead log into the file as far as readers allow; nothing, when another process is doing so. Happens by itself after a
    /// commit that leaves more than 1,000 pages (4 MB) in the log.
    /// </summary>
    /// <param name="shrink">Also waits for readers and cuts the log to nothing.</param>
    public void Checkpoint(bool shrink)
    {
        using FileLock? mine = FileLock.TryAcquire(Location + "-checkpoint", LockMode.Exclusive);
        if (mine is null)
            return;
        int mode = shrink ? SqliteNative.CheckpointTruncate : SqliteNative.CheckpointPassive;
        int code = SqliteNative.Checkpoint(Pointer, 0, mode, out int pages, out int moved);
        if (code == SqliteNative.Ok)
            LogPages = pages - moved;
        else if ((code & 0xff) != SqliteNative.Busy)
            throw Failure(code);
    }

    public override void Lock(string subject)
    {
    }

    public override int ReadFormat() => (int)Prepare("PRAGMA user_version").QueryLong()!.Value;

    public override void WriteFormat(int number) => Execute($"PRAGMA user_version = {number}");

    public override void Dispose()
    {
        if (Pointer == 0)
            return;
        base.Dispose();
        while (SqliteNative.NextStatement(Pointer, 0) is var statement and not 0)
            _ = SqliteNative.FinalizeStatement(statement);
        Pointer = 0;
        _handle.Dispose();
        _self.Free();
        _users?.Dispose();
    }

    protected internal override Statement Compile(string sql, bool keep)
    {
        nint statement = CompileFirst(Encoding.UTF8.GetBytes(sql), keep, out _);
        return new SqliteStatement(this, statement);
    }

    protected internal override void ExecuteScript(string script)
    {
        ReadOnlySpan<byte> rest = Encoding.UTF8.GetBytes(script);
        while (!rest.IsEmpty)
        {
            nint pointer = CompileFirst(rest, keep: false, out int used);
            rest = rest[used..];
            if (pointer == 0)
                continue;
            using var statement = new SqliteStatement(this, pointer);
            statement.Run();
        }
    }

    protected internal override void StartTransaction(bool write, CancellationToken cancel)
    {
        if (write && (Options.Writer ?? Options.Lease?.Renew()) is { } writer)
        {
            throw new DatabaseException(DatabaseFault.ReadOnly,
                $"the records {Location} are being written by the host {writer.Host}: run this there, or try again when it is done");
        }
        CancellationToken before = _cancellation;
        if (cancel.CanBeCanceled)
            _cancellation = cancel;
        try
        {
            Prepare(write ? "BEGIN IMMEDIATE" : "BEGIN").Run();
        }
        finally
        {
            _cancellation = before;
        }
    }

    protected internal override void CommitTransaction()
    {
        Prepare("COMMIT").Run();
        if (LogPages > CheckpointPages && IsFile && !Options.IsForeign)
            Checkpoint(shrink: false);
    }

    protected internal override void UndoTransaction()
    {
        // After a full disk and its like SQLite has undone it by itself.
        if (Pointer != 0 && SqliteNative.IsAutoCommit(Pointer) == 0)
            Prepare("ROLLBACK").Run();
    }

    /// <summary>What the last call's code means.</summary>
    internal DatabaseException Failure(int code)
    {
        if ((code & 0xff) is SqliteNative.Interrupt or SqliteNative.Busy)
            _cancellation.ThrowIfCancellationRequested();
        return SqliteFailure.Make(code, Pointer, Location, "use");
    }

    /// <summary>Frees a statement, unless closing the connection has done so.</summary>
    internal void Release(nint statement)
    {
        if (Pointer != 0)
            _ = SqliteNative.FinalizeStatement(statement);
    }

    /// <summary>
    /// Brings an older file to this version's format, alone: an older version that still runs keeps the users' file locked. Another process
    /// that upgrades at the same moment is waited for.
    /// </summary>
    private void Upgrade(CancellationToken cancel)
    {
        long since = _clock.GetTimestamp();
        while (!Migrations.IsNewest(this))
        {
            if (ReadFormat() == 0 || TakeUsers(LockMode.Exclusive))
            {
                Migrations.Apply(this, cancel);
                TakeUsers(LockMode.Shared);
            }
            else if (_clock.GetElapsedTime(since) > UpgradeDeadline)
            {
                throw new DatabaseException(DatabaseFault.Format,
                    $"the database {Location} must be upgraded, but an older weft is still using it: let its executions end, or stop them, then try again");
            }
            else if (cancel.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(20)))
            {
                cancel.ThrowIfCancellationRequested();
            }
        }
    }

    /// <summary>Exchanges the shared lock on the users' file for the exclusive one, or back; false, with the shared lock kept, while others have it open.</summary>
    private bool TakeUsers(LockMode mode)
    {
        if (_users is null)
            return true;
        string path = Location + "-users";
        _users.Dispose();
        FileLock? taken = FileLock.TryAcquire(path, mode);
        _users = taken ?? FileLock.Acquire(path, LockMode.Shared);
        return taken is not null;
    }

    private void Configure()
    {
        bool isShared = IsFile && FileSystems.IsNetwork(Path.GetDirectoryName(Path.GetFullPath(Location))!);
        Journal = Options.Journal ?? (isShared ? SqliteJournal.Rollback : SqliteJournal.WriteAhead);
        string journal = Journal == SqliteJournal.WriteAhead ? "wal" : "truncate";
        if (IsFile && Options is { Writer: null, IsForeign: false })
        {
            // A project that was moved to the network: its log must be read once more, without the shared memory that does not work there.
            if (isShared)
                Execute("PRAGMA locking_mode = EXCLUSIVE");
            string? now = Prepare($"PRAGMA journal_mode = {journal}").QueryText();
            if (now != journal)
                throw new DatabaseException(DatabaseFault.Other, $"cannot set the journal of {Location} to `{journal}`: it stays `{now}`; is another process using the file from another machine?");
        }
        if (isShared)
            Execute("PRAGMA locking_mode = NORMAL");
        // FULL is what the rollback journal needs to survive a power cut; with the write-ahead log NORMAL is safe.
        string synchronous = Journal == SqliteJournal.WriteAhead ? "NORMAL" : "FULL";
        Execute($"PRAGMA synchronous = {synchronous}; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8000; PRAGMA secure_delete = FAST; PRAGMA case_sensitive_like = ON");
    }

    private nint CompileFirst(ReadOnlySpan<byte> sql, bool keep, out int used)
    {
        ObjectDisposedException.ThrowIf(Pointer == 0, this);
        fixed (byte* first = sql)
        {
            int code = SqliteNative.Prepare(Pointer, first, sql.Length, keep ? SqliteNative.PreparePersistent : 0, out nint statement, out byte* rest);
            if (code != SqliteNative.Ok)
                throw Failure(code);
            used = (int)(rest - first);
            return statement;
        }
    }

    /// <summary>Called by SQLite when a lock is taken; another try after a short wait, until the deadline or the cancellation.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnBusy(nint self, int tries)
    {
        if (GCHandle.FromIntPtr(self).Target is not SqliteDatabase database)
            return 0;
        if (tries == 0)
            database._waitingSince = database._clock.GetTimestamp();
        else if (database._clock.GetElapsedTime(database._waitingSince) >= (database.Options.BusyDeadline ?? DefaultDeadline))
            return 0;
        int milliseconds = Math.Min(1 << Math.Min(tries / 2, 5), 25);
        return database._cancellation.WaitHandle.WaitOne(milliseconds) ? 0 : 1;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnProgress(nint self) =>
        GCHandle.FromIntPtr(self).Target is SqliteDatabase database && database._cancellation.IsCancellationRequested ? 1 : 0;

    /// <summary>Called after each commit with the length of the log. That it is set also ends SQLite's own checkpoints.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnCommit(nint self, nint pointer, byte* name, int pages)
    {
        if (GCHandle.FromIntPtr(self).Target is SqliteDatabase database)
            database.LogPages = pages;
        return SqliteNative.Ok;
    }
}
