using Weft.Records;
using Weft.Support;
using Weft.Values;

namespace Weft.Tests.Records;

public sealed class ExecutionRecordsTests : IDisposable
{
    private static readonly Digest Plan = Digest.Of("plan");

    private readonly TemporaryFolder _folder = new();
    private readonly Database _db;
    private readonly ExecutionRecords _records;
    private readonly ExecutionCatalog _catalog;

    public ExecutionRecordsTests()
    {
        _db = Open();
        _records = new ExecutionRecords(_db, TimeProvider.System);
        _catalog = new ExecutionCatalog(_db, TimeProvider.System);
    }

    public void Dispose()
    {
        _db.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void An_execution_comes_back_as_it_was_created_under_its_name()
    {
        ExecutionRow made = Create("01A", "train", "key");
        Assert.Matches("^[a-z]+-[a-z]+-1$", made.Name);
        Assert.Equal(made, _records.Find(made.Id));
        Assert.Equal(made, _catalog.ByName(made.Name));
        Assert.Null(_records.Find(new ExecutionId("01B")));
    }

    [Fact]
    public void The_number_of_a_name_counts_on_while_the_words_are_taken()
    {
        string words = MemorableName.WordsOf("01A");
        Create("01X", "train", "key", words + "-1");
        Create("01Y", "train", "key", words + "-2");
        Assert.Equal(words + "-3", Create("01A", "train", "key").Name);
        Assert.Equal(DatabaseFault.Duplicate, Assert.Throws<DatabaseException>(() => Create("01Z", "train", "key", words + "-1")).Fault);
    }

    [Fact]
    public void The_newest_unfinished_execution_of_a_key_is_found()
    {
        Create("01A", "train", "key");
        ExecutionRow second = Create("01B", "train", "key");
        Create("01C", "train", "other");
        Assert.Equal(second.Id, _records.FindUnfinished("key")?.Id);
        Write(() => _records.SetState(second.Id, "Succeeded", null, DateTimeOffset.UnixEpoch));
        Assert.Equal("01A", _records.FindUnfinished("key")?.Id.Value);
        Assert.Null(_records.FindUnfinished("none"));
    }

    [Fact]
    public void Of_two_that_adopt_an_execution_one_wins()
    {
        ExecutionId id = Create("01A", "train", "key").Id;
        Write(() =>
        {
            Assert.True(_records.TakeOwnership(id, expected: null, "a"));
            Assert.False(_records.TakeOwnership(id, expected: null, "b"));
            Assert.True(_records.TakeOwnership(id, expected: "a", "b"));
            Assert.False(_records.RefreshLease(id, "a"));
            Assert.True(_records.RefreshLease(id, "b"));
            Assert.True(_records.TakeOwnership(id, expected: "b", null));
        });
    }

    [Fact]
    public void A_plan_is_kept_once_under_its_digest()
    {
        Write(() =>
        {
            _records.SavePlan(Plan, "body"u8);
            _records.SavePlan(Plan, "body"u8);
        });
        Assert.Equal("body"u8.ToArray(), _records.ReadPlan(Plan));
        Assert.Null(_records.ReadPlan(Digest.Of("other")));
    }

    [Fact]
    public void Attempts_are_open_from_intent_to_end_and_end_once()
    {
        ExecutionId id = Create("01A", "train", "key").Id;
        var first = new AttemptId(id, new NodePath("train[0]"), 1);
        AttemptId second = first with { Path = new NodePath("train[1]") };
        Write(() =>
        {
            _records.Intend(first, "snap", "local", "Intended");
            _records.Intend(second, null, "local", "Intended");
            _records.SetStarted(first, "Running", "job 7", 4711, DateTimeOffset.UnixEpoch);
        });
        Assert.Equal([first, second], _records.OpenAttempts(id).Select(attempt => attempt.Id).Order(Comparer<AttemptId>.Create((a, b) => a.Path.CompareTo(b.Path))));
        Write(() =>
        {
            Assert.True(_records.End(first, new AttemptEnd("Failed", "System", 137, 9, "killed", "last line"), DateTimeOffset.MaxValue, DateTimeOffset.UnixEpoch.AddSeconds(2)));
            Assert.False(_records.End(first, new AttemptEnd("Succeeded"), null, DateTimeOffset.UnixEpoch));
        });
        Assert.Equal([second], _records.OpenAttempts(id).Select(attempt => attempt.Id));
        AttemptRow ended = Assert.Single(_records.Attempts(id, first.Path));
        Assert.Equal(new AttemptEnd("Failed", "System", 137, 9, "killed", "last line"), ended.End);
        Assert.Equal(("snap", "local", "job 7", 4711, "Failed"), (ended.Snapshot, ended.Engine, ended.Handle, ended.Pid, ended.State));
        Assert.Equal(DateTimeOffset.UnixEpoch, ended.Started);
        Assert.Equal(DateTimeOffset.UnixEpoch.AddSeconds(2), ended.Ended);
    }

    [Fact]
    public void An_attempt_is_intended_once()
    {
        var attempt = new AttemptId(Create("01A", "train", "key").Id, new NodePath("n"), 1);
        Write(() => _records.Intend(attempt, null, "local", "Intended"));
        Assert.Equal(DatabaseFault.Duplicate, Assert.Throws<DatabaseException>(() => Write(() => _records.Intend(attempt, null, "local", "Intended"))).Fault);
    }

    [Fact]
    public void A_node_is_what_was_said_of_it_last()
    {
        ExecutionId id = Create("01A", "train", "key").Id;
        var done = new NodeRow(new NodePath("n[2]"), "Succeeded", 3, "c1-x", "01Z", """{"a":1}""", """{"done":2}""", DateTimeOffset.UnixEpoch);
        Write(() =>
        {
            _records.SetNode(id, new NodeRow(new NodePath("n[2]"), "Running"));
            _records.SetNode(id, done);
            _records.SetNode(id, new NodeRow(new NodePath("n[10]"), "Waiting"));
        });
        var nodes = new List<NodeRow>();
        _records.ReadNodes(id, nodes.Add);
        Assert.Equal([new NodeRow(new NodePath("n[10]"), "Waiting"), done], nodes);
        Assert.Equal(done, _records.FindNode(id, done.Path));
        Assert.Null(_records.FindNode(id, new NodePath("m")));
    }

    [Fact]
    public void History_is_read_from_where_one_left_off()
    {
        ExecutionId id = Create("01A", "train", "key").Id;
        EventRow[] entries = [.. Enumerable.Range(1, 5).Select(i => new EventRow(i, DateTimeOffset.UnixEpoch.AddMilliseconds(i), "Result", i == 1 ? "me" : null, i == 2 ? new NodePath("n") : null, i == 3 ? "{}" : null))];
        Assert.Equal(0, _records.LastEvent(id));
        Write(() => Array.ForEach(entries, entry => _records.Append(id, entry)));
        Assert.Equal(5, _records.LastEvent(id));
        Assert.Equal(entries[2..4], _records.Events(id, after: 2, limit: 2));
    }

    [Fact]
    public void A_stop_is_seen_by_another_connection_and_can_be_taken_back()
    {
        ExecutionId id = Create("01A", "train", "key").Id;
        using Database other = Open();
        Write(() => _records.AskStop(id, "now"));
        Assert.Equal("now", new ExecutionRecords(other, TimeProvider.System).ReadStop(id));
        Write(() => _records.AskStop(id, null));
        Assert.Null(_records.ReadStop(id));
    }

    [Fact]
    public void A_gate_is_answered_once()
    {
        ExecutionId id = Create("01A", "train", "key").Id;
        Write(() =>
        {
            Assert.True(_records.Signal(id, new NodePath("gate"), "ann", "true"));
            Assert.False(_records.Signal(id, new NodePath("gate"), "bob", "false"));
        });
        Assert.Equal("true", _records.ReadSignal(id, new NodePath("gate")));
    }

    [Fact]
    public void Executions_are_found_by_id_prefix_in_any_case_and_ambiguity_shows()
    {
        Create("01ABC", "train", "key");
        Create("01ABD", "train", "key");
        Assert.Equal("01ABC", Assert.Single(_catalog.ByIdPrefix("01abc")).Id.Value);
        Assert.Equal(["01ABD", "01ABC"], _catalog.ByIdPrefix("01A").Select(row => row.Id.Value));
        Assert.Empty(_catalog.ByIdPrefix("02"));
    }

    [Fact]
    public void Lists_go_on_where_they_stopped_and_leave_out_what_ended()
    {
        foreach (string id in (string[])["01A", "01B", "01C"])
            Create(id, id == "01B" ? "train" : "test", id);
        Write(() => _records.SetState(new ExecutionId("01C"), "Failed", null, DateTimeOffset.UnixEpoch));
        Assert.Equal("01C", _catalog.Newest()?.Id.Value);
        Assert.Equal("01B", _catalog.Newest("train")?.Id.Value);
        Assert.Null(_catalog.Newest("none"));
        Assert.Equal(["01C", "01B"], _catalog.List(false, null, 2).Select(row => row.Id.Value));
        Assert.Equal(["01A"], _catalog.List(false, "01B", 2).Select(row => row.Id.Value));
        Assert.Equal(["01B", "01A"], _catalog.List(true, null, 9).Select(row => row.Id.Value));
    }

    [Fact]
    public void A_tag_stands_in_one_place()
    {
        ExecutionId first = Create("01A", "train", "key").Id;
        ExecutionId second = Create("01B", "train", "key").Id;
        Write(() => _catalog.MoveTag("champion", first, null));
        Write(() => _catalog.MoveTag("champion", second, new NodePath("train[3]")));
        Assert.Empty(_catalog.Tags(first));
        TagRow tag = Assert.Single(_catalog.Tags(second));
        Assert.Equal((second, new NodePath("train[3]")), (tag.Execution, tag.Path));
        Assert.Equal(tag, _catalog.FindTag("champion"));
        Write(() => Assert.True(_catalog.RemoveTag("champion")));
        Assert.Null(_catalog.FindTag("champion"));
    }

    [Fact]
    public void A_removed_execution_leaves_nothing_but_a_plan_that_another_has()
    {
        ExecutionId first = Create("01A", "train", "key").Id;
        ExecutionId second = Create("01B", "train", "key").Id;
        Write(() =>
        {
            _records.SavePlan(Plan, "body"u8);
            _records.SetNode(first, new NodeRow(new NodePath("n"), "Running"));
            _records.Intend(new AttemptId(first, new NodePath("n"), 1), null, "local", "Intended");
            _catalog.Remove(first);
        });
        Assert.NotNull(_records.ReadPlan(Plan));
        Assert.Empty(_records.OpenAttempts(first));
        Assert.Null(_records.FindNode(first, new NodePath("n")));
        Write(() => _catalog.Remove(second));
        Assert.Null(_records.ReadPlan(Plan));
    }

    [Theory]
    [InlineData(Fault.Fail)]
    [InlineData(Fault.Die)]
    public void A_turn_that_breaks_at_any_write_is_there_wholly_or_not_at_all(Fault fault)
    {
        ExecutionId id = Create("01A", "train", "key").Id;
        var attempt = new AttemptId(id, new NodePath("n"), 1);
        int failAt = 0;
        for (bool isThrough = false; !isThrough; failAt++)
        {
            attempt = attempt with { Number = failAt + 1 };
            using (var db = new FaultyDatabase(Open(), failAt + 1, fault))
            {
                var records = new ExecutionRecords(db, TimeProvider.System);
                try
                {
                    using Transaction turn = db.BeginWrite(default);
                    records.Intend(attempt, null, "local", "Intended");
                    records.SetNode(id, new NodeRow(attempt.Path, "Submitted", attempt.Number));
                    turn.Commit();
                    isThrough = true;
                }
                catch (Exception error) when (error is DatabaseException or DiedException)
                {
                }
            }
            bool isThere = _records.Attempts(id, attempt.Path).Any(row => row.Id == attempt);
            Assert.Equal(isThere, _records.FindNode(id, attempt.Path)?.Attempt == attempt.Number);
        }
        // Begin, two statements, before the commit; dying, also after it.
        Assert.Equal(fault == Fault.Fail ? 5 : 6, failAt);
    }

    private ExecutionRow Create(string id, string definition, string key, string? name = null)
    {
        using Transaction change = _db.BeginWrite(default);
        ExecutionRow row = _records.Create(new NewExecution(new ExecutionId(id), definition, key, Plan, null, "Running", name));
        change.Commit();
        return row;
    }

    private void Write(Action act)
    {
        using Transaction change = _db.BeginWrite(default);
        act();
        change.Commit();
    }

    private Database Open() => TestRecords.Open(_folder);
}
