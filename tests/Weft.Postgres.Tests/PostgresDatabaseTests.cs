using Weft.Records;
using Weft.Support;
using Weft.Tests;

namespace Weft.Postgres.Tests;

/// <summary>What is PostgreSQL's own: several connections, breaking ones, waiting writers, rows of nested queries.</summary>
public sealed class PostgresDatabaseTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Many_that_open_an_empty_schema_at_once_make_its_tables_once()
    {
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ =>
        {
            using Database db = Open();
            Assert.Equal(Migrations.Newest, db.ReadFormat());
        });
    }

    [Fact]
    public void A_schema_of_a_newer_version_is_refused()
    {
        using (Database db = Open())
            db.WriteFormat(Migrations.Newest + 1);
        DatabaseException failure = Assert.Throws<DatabaseException>(Open);
        Assert.Equal(DatabaseFault.Format, failure.Fault);
        Assert.Contains($"has format {Migrations.Newest + 1}; this version of weft knows formats up to {Migrations.Newest}", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Older_tables_are_not_changed_under_a_connection_that_uses_them()
    {
        using (Database old = Open())
        {
            old.Execute($"DELETE FROM weft_format WHERE number = {Migrations.Newest}");
            DatabaseException failure = Assert.Throws<DatabaseException>(Open);
            Assert.Equal(DatabaseFault.Format, failure.Fault);
            Assert.Contains("an older weft is still using it", failure.Message, StringComparison.Ordinal);
            old.Execute($"INSERT INTO weft_format VALUES ({Migrations.Newest})");
        }
        using Database now = Open();
        Assert.Equal(Migrations.Newest, now.ReadFormat());
    }

    [Fact]
    public void Rows_that_are_left_survive_other_statements_in_between()
    {
        using Database db = Open();
        Fill(db, 5);
        var seen = new List<string>();
        foreach (Row outer in db.Prepare("SELECT number, word, bytes FROM t ORDER BY number").Query())
        {
            foreach (Row inner in db.Prepare("SELECT word FROM t WHERE number = ?1").Bind(1, outer.Long(0)).Query())
                seen.Add($"{outer.Long(0)}{inner.Text(0)}{outer.Utf8(1).Length}{outer.Blob(2)[0]}{outer.IsNull(1)}");
        }
        Assert.Equal(["1w121False", "2w222False", "3w323False", "4w424False", "5w525False"], seen);
    }

    [Fact]
    public void What_was_posted_is_seen_by_the_next_query_and_its_failure_undoes_the_transaction()
    {
        using Database db = Open();
        Fill(db, 1);
        using (Transaction change = db.BeginWrite(default))
        {
            for (int i = 2; i < 1200; i++)
                db.Prepare("INSERT INTO t (number) VALUES (?1)").Bind(1, i).Post();
            Assert.Equal(1199, db.Prepare("SELECT count(*) FROM t").QueryLong());
            db.Prepare("INSERT INTO t (number) VALUES (?1)").Bind(1, 1).Post();
            Assert.Equal(DatabaseFault.Duplicate, Assert.Throws<DatabaseException>(change.Commit).Fault);
        }
        Assert.Equal(1, db.Prepare("SELECT count(*) FROM t").QueryLong());
    }

    [Fact]
    public async Task A_writer_waits_for_the_other_and_reads_what_it_wrote()
    {
        using Database one = Open();
        using Database two = Open();
        using Database watch = Open();
        long pid = Pid(two);
        Fill(one, 1);
        using Transaction first = one.BeginWrite(default);
        one.Prepare("UPDATE t SET word = 'first'").Run();
        Task<string?> second = Task.Run(() =>
        {
            using Transaction change = two.BeginWrite(default);
            return two.Prepare("SELECT word FROM t").QueryText();
        }, TestContext.Current.CancellationToken);
        while (!watch.Prepare("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND pid = ?1").Bind(1, pid).Any())
            Assert.False(second.IsCompleted);
        first.Commit();
        Assert.Equal("first", await second);
    }

    [Fact]
    public async Task A_wait_for_the_other_writer_can_be_cancelled()
    {
        using Database one = Open();
        using Database two = Open();
        using Database watch = Open();
        long pid = Pid(two);
        using Transaction first = one.BeginWrite(default);
        using var cancel = new CancellationTokenSource();
        Task second = Task.Run(() => two.BeginWrite(cancel.Token), TestContext.Current.CancellationToken);
        while (!watch.Prepare("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND pid = ?1").Bind(1, pid).Any())
            Assert.False(second.IsCompleted);
        cancel.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        first.Commit();
        using Transaction again = two.BeginWrite(default);
    }

    [Fact]
    public void A_connection_that_broke_while_it_was_idle_is_opened_again()
    {
        using Database db = Open();
        using Database other = Open();
        Fill(db, 3);
        Kill(other, db);
        Assert.Equal(3, db.Prepare("SELECT count(*) FROM t").QueryLong());
        Kill(other, db);
        using (Transaction change = db.BeginWrite(default))
        {
            db.Prepare("INSERT INTO t (number) VALUES (?1)").Bind(1, 4).Run();
            change.Commit();
        }
        Kill(other, db);
        using (db.BeginRead(default))
            Assert.Equal(4, db.Prepare("SELECT count(*) FROM t").QueryLong());
    }

    [Fact]
    public void A_connection_that_breaks_in_a_transaction_loses_it_and_says_so()
    {
        using Database db = Open();
        using Database other = Open();
        Fill(db, 1);
        using (Transaction change = db.BeginWrite(default))
        {
            db.Prepare("INSERT INTO t (number) VALUES (?1)").Bind(1, 2).Run();
            Kill(other, db);
            Assert.Equal(DatabaseFault.Lost, Assert.Throws<DatabaseException>(change.Commit).Fault);
        }
        Assert.Equal(1, db.Prepare("SELECT count(*) FROM t").QueryLong());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_commit_whose_answer_is_lost_is_looked_up(bool isHeard)
    {
        using (Database db = Open())
            Fill(db, 1);
        using var proxy = new CuttingProxy(TestRecords.Address(_folder), PostgresServer.Shared.Folder) { CutsAnswer = isHeard };
        using Database cut = PostgresStore.Connections(proxy.Address, TimeProvider.System)();
        using (Transaction change = cut.BeginWrite(default))
        {
            cut.Prepare("INSERT INTO t (number) VALUES (?1)").Bind(1, 2).Run();
            proxy.Cut(1);
            if (isHeard)
                change.Commit();
            else
                Assert.Equal(DatabaseFault.Lost, Assert.Throws<DatabaseException>(change.Commit).Fault);
        }
        Assert.Equal(isHeard ? 2 : 1, cut.Prepare("SELECT count(*) FROM t").QueryLong());
    }

    [Fact]
    public void A_zero_byte_is_refused_as_the_values_fault()
    {
        using Database db = Open();
        Fill(db, 0);
        using Transaction change = db.BeginWrite(default);
        Assert.Equal(DatabaseFault.Constraint, Assert.Throws<DatabaseException>(() => db.Prepare("INSERT INTO t (number, word) VALUES (1, ?1)").Bind(1, "a\0b").Run()).Fault);
    }

    [Fact]
    public void A_server_that_is_not_there_is_named_without_the_password()
    {
        DatabaseException failure = Assert.Throws<DatabaseException>(() => PostgresStore.Connections("postgresql://me:topsecret@/nowhere?host=/nonexistent", TimeProvider.System)());
        Assert.Equal(DatabaseFault.Unreachable, failure.Fault);
        Assert.DoesNotContain("topsecret", failure.ToString(), StringComparison.Ordinal);
        Assert.StartsWith("cannot open the database postgresql://me@/nowhere?host=/nonexistent: ", failure.Message, StringComparison.Ordinal);
    }

    private static void Fill(Database db, int rows)
    {
        db.Execute("CREATE TABLE t (number BIGINT PRIMARY KEY, word TEXT, bytes BYTEA)");
        using Transaction change = db.BeginWrite(default);
        for (int i = 1; i <= rows; i++)
            db.Prepare("INSERT INTO t (number, word, bytes) VALUES (?1, ?2, ?3)").Bind(1, i).Bind(2, $"w{i}").BindBlob(3, [(byte)i]).Run();
        change.Commit();
    }

    private static long Pid(Database db) => db.Prepare("SELECT pg_backend_pid()").QueryLong()!.Value;

    private static void Kill(Database other, Database victim)
    {
        long pid = Pid(victim);
        other.Prepare("SELECT pg_terminate_backend(?1::int)").Bind(1, pid).Any();
        while (other.Prepare("SELECT 1 FROM pg_stat_activity WHERE pid = ?1").Bind(1, pid).Any())
        {
            // The server ends it at once, but not in the same instant.
        }
    }

    private Database Open() => TestRecords.Open(_folder);
}
