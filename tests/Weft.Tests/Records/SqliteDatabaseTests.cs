using System.Text;
using Weft.Records;
using Weft.Records.Sqlite;
using Weft.Support;

namespace Weft.Tests.Records;

public sealed class SqliteDatabaseTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Values_of_every_kind_come_back_as_they_were()
    {
        using SqliteDatabase db = Open();
        db.Execute("CREATE TABLE t (a, b, c, d, e, f)");
        string text = "naïve \U0001F9F6 \0 end";
        byte[] bytes = [0, 1, 255, 0];
        db.Prepare("INSERT INTO t VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
            .Bind(1, long.MinValue).Bind(2, -0.1).Bind(3, text).BindBlob(4, bytes).BindNull(5).Bind(6, "").Run();
        foreach (Row row in db.Prepare("SELECT a, b, c, d, e, f FROM t").Query())
        {
            Assert.Equal(long.MinValue, row.Long(0));
            Assert.Equal(-0.1, row.Double(1));
            Assert.Equal(text, row.Text(2));
            Assert.Equal(bytes, row.Blob(3).ToArray());
            Assert.True(row.IsNull(4));
            Assert.Null(row.TextOrNull(4));
            Assert.Equal("", row.TextOrNull(5));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(1_000_000)]
    public void Text_of_any_length_comes_back(int length)
    {
        using SqliteDatabase db = Open();
        string text = string.Concat(Enumerable.Repeat("ß", length));
        Assert.Equal(text, db.Prepare("SELECT ?1").Bind(1, text).QueryText());
        Assert.Equal(text, db.Prepare("SELECT ?1").BindUtf8(1, Encoding.UTF8.GetBytes(text)).QueryText());
    }

    [Fact]
    public void Empty_text_and_bytes_are_not_null()
    {
        using SqliteDatabase db = Open();
        Assert.Equal(0, db.Prepare("SELECT ?1 IS NULL OR ?2 IS NULL").BindUtf8(1, []).BindBlob(2, []).QueryLong());
    }

    [Fact]
    public void Run_counts_the_changed_rows()
    {
        using SqliteDatabase db = Open();
        db.Execute("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (3)");
        Assert.Equal(2, db.Prepare("UPDATE t SET a = a + 10 WHERE a >= ?1").Bind(1, 2).Run());
        Assert.Equal(0, db.Prepare("DELETE FROM t WHERE a = ?1").Bind(1, 99).Run());
    }

    [Fact]
    public void A_transaction_that_is_not_committed_leaves_nothing()
    {
        using SqliteDatabase db = Open();
        db.Execute("CREATE TABLE t (a)");
        using (db.BeginWrite(default))
            db.Prepare("INSERT INTO t VALUES (1)").Run();
        Assert.False(db.Prepare("SELECT 1 FROM t").Any());
        using (Transaction change = db.BeginWrite(default))
        {
            db.Prepare("INSERT INTO t VALUES (1)").Run();
            change.Commit();
        }
        Assert.True(db.Prepare("SELECT 1 FROM t").Any());
    }

    [Fact]
    public void A_statement_cannot_be_run_while_it_is_read_from()
    {
        using SqliteDatabase db = Open();
        Statement numbers = db.Prepare("SELECT 1 UNION SELECT 2");
        Assert.Throws<InvalidOperationException>(() =>
        {
            foreach (Row _ in numbers.Query())
                numbers.Run();
        });
        Assert.Equal(1, numbers.QueryLong());
    }

    [Fact]
    public void A_duplicate_key_is_told_from_other_failures_and_the_statement_can_be_used_again()
    {
        using SqliteDatabase db = Open();
        db.Execute("CREATE TABLE t (a TEXT PRIMARY KEY, b NOT NULL)");
        Statement insert = db.Prepare("INSERT INTO t VALUES (?1, ?2)").Bind(1, "x").Bind(2, 1);
        insert.Run();
        Assert.Equal(DatabaseFault.Duplicate, Assert.Throws<DatabaseException>(() => insert.Run()).Fault);
        Assert.Equal(DatabaseFault.Constraint, Assert.Throws<DatabaseException>(() => insert.Bind(1, "y").BindNull(2).Run()).Fault);
        Assert.Equal(1, insert.Bind(2, 2).Run());
    }

    [Fact]
    public void A_second_writer_waits_until_its_deadline_and_then_says_who_to_wait_for()
    {
        using SqliteDatabase first = Open();
        using SqliteDatabase second = Open(TimeSpan.Zero);
        using Transaction held = first.BeginWrite(default);
        DatabaseException failure = Assert.Throws<DatabaseException>(() => second.BeginWrite(default));
        Assert.Equal(DatabaseFault.Busy, failure.Fault);
        Assert.Contains("another process is writing", failure.Message, StringComparison.Ordinal);
        held.Dispose();
        second.BeginWrite(default).Commit();
    }

    [Fact]
    public void Waiting_for_a_lock_ends_when_cancelled()
    {
        using SqliteDatabase first = Open();
        using SqliteDatabase second = Open();
        using Transaction held = first.BeginWrite(default);
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(30));
        Assert.ThrowsAny<OperationCanceledException>(() => second.BeginWrite(cancel.Token));
    }

    [Fact]
    public void A_long_query_ends_when_cancelled()
    {
        using SqliteDatabase db = Open();
        using var cancel = new CancellationTokenSource();
        cancel.Cancel();
        db.Cancellation = cancel.Token;
        Statement endless = db.Prepare("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n");
        Assert.ThrowsAny<OperationCanceledException>(() => endless.QueryLong());
        db.Cancellation = CancellationToken.None;
        Assert.Equal(1, db.Prepare("SELECT 1").QueryLong());
    }

    [Fact]
    public void A_reading_transaction_sees_one_state()
    {
        using SqliteDatabase writer = Open();
        using SqliteDatabase reader = Open();
        writer.Execute("CREATE TABLE t (a)");
        using (reader.BeginRead(default))
        {
            Assert.Equal(0, reader.Prepare("SELECT count(*) FROM t").QueryLong());
            writer.Execute("INSERT INTO t VALUES (1)");
            Assert.Equal(0, reader.Prepare("SELECT count(*) FROM t").QueryLong());
        }
        Assert.Equal(1, reader.Prepare("SELECT count(*) FROM t").QueryLong());
    }

    [Fact]
    public void The_log_is_moved_into_the_file_once_it_is_long_and_not_before()
    {
        using SqliteDatabase db = Open();
        db.Execute("CREATE TABLE t (a)");
        Assert.InRange(db.LogPages, 1, 999);
        using (Transaction change = db.BeginWrite(default))
        {
            Statement insert = db.Prepare("INSERT INTO t VALUES (?1)").BindBlob(1, new byte[4096]);
            for (int i = 0; i < 1100; i++)
                insert.Run();
            change.Commit();
        }
        Assert.Equal(0, db.LogPages);
        db.Execute("INSERT INTO t VALUES (1)");
        db.Checkpoint(shrink: true);
        Assert.Equal(0, new FileInfo(_folder.Path("weft.db-wal")).Length);
    }

    [Fact]
    public void The_rollback_journal_holds_too()
    {
        string path = _folder.Path("weft.db");
        using (SqliteDatabase db = SqliteDatabase.Open(path, new SqliteOptions(SqliteJournal.Rollback), TimeProvider.System, default))
            db.Execute("CREATE TABLE t (a)");
        Assert.False(File.Exists(path + "-wal"));
        using SqliteDatabase again = Open();
        Assert.Equal("wal", again.Prepare("PRAGMA journal_mode").QueryText());
        Assert.False(again.Prepare("SELECT 1 FROM t").Any());
    }

    [Fact]
    public void A_missing_folder_and_a_file_that_is_no_database_are_said_so()
    {
        DatabaseException missing = Assert.Throws<DatabaseException>(() => SqliteDatabase.Open(_folder.Path("no/weft.db"), new SqliteOptions(), TimeProvider.System, default));
        Assert.Equal(DatabaseFault.Unreachable, missing.Fault);
        _folder.Write("weft.db", new string('x', 5000));
        Assert.Equal(DatabaseFault.Corrupt, Assert.Throws<DatabaseException>(() => Open()).Fault);
    }

    [Fact]
    public void Like_tells_upper_from_lower_case()
    {
        using SqliteDatabase db = Open();
        Assert.Equal(0, db.Prepare("SELECT 'A' LIKE 'a%'").QueryLong());
    }

    private SqliteDatabase Open(TimeSpan? deadline = null) =>
        SqliteDatabase.Open(_folder.Path("weft.db"), new SqliteOptions(BusyDeadline: deadline), TimeProvider.System, default);
}
