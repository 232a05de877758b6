using Weft.Platform;
using Weft.Records.Sqlite;
using Weft.Storage;

namespace Weft.Records;

/// <summary>
/// Opens the records of a project as its file system demands. On a file system of this machine alone: with the write-ahead log, for any number of
/// processes. On one that other hosts see: with the rollback journal; one host at a time may write (<see cref="HostLease"/>), the processes of the
/// others read, and drop what they want changed into the inbox of an execution (<see cref="Inbox"/>).
/// </summary>
internal sealed class ProjectRecords : IDisposable
{
    /// <summary>How long our own lock may still seem held, by a child that is being started.</summary>
    private static readonly TimeSpan LettingGo = TimeSpan.FromMilliseconds(200);

    private readonly HostLease? _lease;
    private readonly FileLock? _ours;
    private readonly string _hostLock;
    private readonly TimeProvider _clock;

    private ProjectRecords(SqliteDatabase database, HostLease? lease, string hostLock, TimeProvider clock)
    {
        Database = database;
        _clock = clock;
        _lease = lease;
        _hostLock = hostLock;
        _ours = lease is null ? null : FileLock.TryAcquire(hostLock, LockMode.Shared);
    }

    public SqliteDatabase Database { get; }

    /// <summary>The host that alone may write now; null when we may.</summary>
    public LeaseHolder? Writer => Database.Options.Writer;

    /// <summary>Opens the records, and makes the state folder where it is missing.</summary>
    /// <param name="runtimeFolder">For locks of this host: <see cref="Machine.RuntimeFolder"/>.</param>
    /// <param name="toWrite">Makes this host the writer at once. Without, it becomes so with the first write, unless another is.</param>
    /// <param name="wait">
    /// To write where another host may be gone without saying so, it must be watched for up to half a minute before its place is taken: blocks for the given
    /// time, and returns false to give up and only read.
    /// </param>
    /// <exception cref="DatabaseException">As <see cref="SqliteDatabase.Open"/>.</exception>
    public static ProjectRecords Open(
        StateFolder state, bool toWrite, string runtimeFolder, TimeProvider clock, Func<TimeSpan, bool> wait, CancellationToken cancel)
    {
        state.Create();
        return state.IsShared
            ? OpenShared(state, toWrite, Machine.HostName, Machine.BootId, runtimeFolder, clock, wait, cancel)
            : new ProjectRecords(SqliteDatabase.Open(state.Database, new SqliteOptions(), clock, cancel), null, "", clock);
    }

    /// <summary>Opens records that other hosts see, as a host of any name: how two hosts are tested on one.</summary>
    internal static ProjectRecords OpenShared(
        StateFolder state, bool toWrite, string host, string boot, string runtimeFolder, TimeProvider clock, Func<TimeSpan, bool> wait, CancellationToken cancel)
    {
        string hostLock = Path.Combine(runtimeFolder, $"records-{Values.Digest.Of(host + ":" + state.Root).Short}.lock");
        string owner = Path.Combine(state.Root, "owner");
        (HostLease? lease, LeaseHolder? holder) = toWrite
            ? HostLease.TryTake(owner, host, boot, clock, wait)
            : (HostLease.Later(owner, host, boot, clock), HostLease.Other(owner, host));
        var options = new SqliteOptions(SqliteJournal.Rollback) { Lease = lease, Writer = holder };
        return new ProjectRecords(SqliteDatabase.Open(state.Database, options, clock, cancel), lease, hostLock, clock);
    }

    /// <summary>Another connection, with the same right to write as <see cref="Database"/>; the caller disposes it.</summary>
    public SqliteDatabase Connect(CancellationToken cancel) => SqliteDatabase.Open(Database.Location, Database.Options, _clock, cancel);

    /// <summary>Closes the records; the last process of the owning host lets the next host have them at once.</summary>
    public void Dispose()
    {
        Database.Dispose();
        if (_lease is null)
            return;
        _ours?.Dispose();
        using FileLock? alone = FileLock.TryAcquire(_hostLock, LockMode.Exclusive, LettingGo);
        if (alone is not null)
            _lease.Release();
    }
}
