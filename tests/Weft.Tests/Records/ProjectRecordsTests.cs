using Weft.Records;
using Weft.Storage;
using Weft.Support;
using Weft.Values;

namespace Weft.Tests.Records;

public sealed class ProjectRecordsTests : IDisposable
{
    private static readonly NewExecution Execution = new(new ExecutionId("01A"), "train", "key", Digest.Of("plan"), null, "Running");

    private readonly TemporaryFolder _folder = new();
    private readonly ManualTimeProvider _clock = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_local_folder_has_the_write_ahead_log_and_no_owner()
    {
        using ProjectRecords records = ProjectRecords.Open(State(), toWrite: true, _folder.Root, _clock, _ => false, default);
        Assert.Equal("wal", records.Database.Prepare("PRAGMA journal_mode").QueryText());
        Assert.Null(records.Writer);
        Assert.True(File.Exists(_folder.Path(".weft/.gitignore")));
        Assert.False(Directory.Exists(_folder.Path(".weft/owner")));
    }

    [Fact]
    public void On_a_shared_folder_one_host_writes_and_the_other_reads()
    {
        using (ProjectRecords first = Open("a"))
        {
            Create(first);
            Assert.Equal("truncate", first.Database.Prepare("PRAGMA journal_mode").QueryText());
            using ProjectRecords second = Open("b");
            Assert.Equal("a", second.Writer?.Host);
            Assert.Equal("train", new ExecutionCatalog(second.Database, _clock).Newest()?.Definition);
            DatabaseException refused = Assert.Throws<DatabaseException>(() => second.Database.BeginWrite(default));
            Assert.Equal(DatabaseFault.ReadOnly, refused.Fault);
            Assert.Contains("are being written by the host a", refused.Message, StringComparison.Ordinal);
            Assert.Equal((true, false), (first.Database.CanWrite, second.Database.CanWrite));
        }
        using ProjectRecords next = Open("b");
        Assert.Null(next.Writer);
        next.Database.BeginWrite(default).Commit();
    }

    [Fact]
    public void The_last_process_of_a_host_gives_the_records_up_not_an_earlier_one()
    {
        ProjectRecords first = Open("a");
        ProjectRecords second = Open("a");
        first.Dispose();
        Assert.Equal("a", Peek());
        second.Dispose();
        Assert.Null(Peek());

        string? Peek()
        {
            using ProjectRecords other = Open("b");
            return other.Writer?.Host;
        }
    }

    [Fact]
    public void Who_only_reads_does_not_keep_another_host_from_writing_and_writes_when_nobody_else_does()
    {
        Open("a").Dispose();
        using ProjectRecords reader = Open("a", toWrite: false);
        using (ProjectRecords other = Open("b"))
        {
            Create(other);
            Assert.Equal(DatabaseFault.ReadOnly, Assert.Throws<DatabaseException>(() => reader.Database.BeginWrite(default)).Fault);
            using ProjectRecords late = Open("a", toWrite: false);
            Assert.Equal((false, "b"), (late.Database.CanWrite, late.Writer?.Host));
        }
        reader.Database.BeginWrite(default).Commit();
        using ProjectRecords refused = Open("b");
        Assert.Equal("a", refused.Writer?.Host);
    }

    [Fact]
    public void A_host_that_was_silent_too_long_is_refused_when_it_writes_again()
    {
        using ProjectRecords first = Open("a");
        using ProjectRecords second = Open("b", time =>
        {
            _clock.Pass(time);
            return true;
        });
        Create(second);
        Assert.Equal(DatabaseFault.ReadOnly, Assert.Throws<DatabaseException>(() => first.Database.BeginWrite(default)).Fault);
        Assert.NotNull(new ExecutionCatalog(first.Database, _clock).Newest());
    }

    private StateFolder State() => new(_folder.Path(".weft"));

    private ProjectRecords Open(string host, Func<TimeSpan, bool>? wait = null, bool toWrite = true)
    {
        StateFolder state = State();
        state.Create();
        return ProjectRecords.OpenShared(state, toWrite, host, "boot", _folder.Root, _clock, wait ?? (_ => false), default);
    }

    private void Create(ProjectRecords records)
    {
        using Transaction change = records.Database.BeginWrite(default);
        new ExecutionRecords(records.Database, _clock).Create(Execution);
        change.Commit();
    }
}
