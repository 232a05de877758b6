using System.Globalization;
using System.Text;
using Weft.Records;
using Weft.Storage;
using Weft.Support;
using Weft.Values;

namespace Weft.Tests.Records;

public sealed class IngestionTests : IDisposable
{
    private static readonly ExecutionId Execution = new("01A");

    private readonly TemporaryFolder _folder = new();
    private readonly string _log;
    private readonly Database _db;

    public IngestionTests()
    {
        _log = _folder.Path("journal");
        _db = Open();
        _db.Execute("CREATE TABLE seen (number INTEGER NOT NULL)");
    }

    public void Dispose()
    {
        _db.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Every_record_is_folded_once_and_later_ones_with_the_next_call()
    {
        Append(1, 2, 3);
        Assert.Equal((3, false), Fold(_db));
        Assert.Equal((0, false), Fold(_db));
        Append(4);
        Assert.Equal((1, false), Fold(_db));
        Assert.Equal([1, 2, 3, 4], Seen());
    }

    [Fact]
    public void A_missing_file_has_no_records() => Assert.Equal((0, false), Fold(_db));

    [Fact]
    public void Half_a_record_waits_for_its_rest()
    {
        Append(1, 2);
        byte[] whole = File.ReadAllBytes(_log);
        File.WriteAllBytes(_log, whole[..^3]);
        Assert.Equal((1, true), Fold(_db));
        File.WriteAllBytes(_log, whole);
        Assert.Equal((1, false), Fold(_db));
        Assert.Equal([1, 2], Seen());
    }

    [Fact]
    public void A_log_longer_than_one_batch_is_folded_wholly()
    {
        using (var writer = new RecordLogWriter(_log))
        {
            for (int i = 0; i < 10; i++)
                writer.Append(Encoding.UTF8.GetBytes(i.ToString(CultureInfo.InvariantCulture).PadRight(1_000_000)));
            writer.Flush(toDisk: false);
        }
        Assert.Equal((10, false), Fold(_db));
        Assert.Equal(Enumerable.Range(0, 10).Select(i => (long)i), Seen());
    }

    [Fact]
    public void Several_that_fold_one_file_while_it_grows_fold_each_record_once()
    {
        const int records = 2000;
        using var written = new CountdownEvent(1);
        Task[] folders = [.. Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(
            () =>
            {
                using Database db = Open();
                while (!written.IsSet)
                    Fold(db);
                Fold(db);
            },
            TaskCreationOptions.LongRunning))];
        using (var writer = new RecordLogWriter(_log))
        {
            for (int i = 0; i < records; i++)
            {
                writer.Append(Encoding.UTF8.GetBytes(i.ToString(CultureInfo.InvariantCulture)));
                if (i % 7 == 0)
                    writer.Flush(toDisk: false);
            }
            writer.Flush(toDisk: false);
        }
        written.Signal();
        Task.WaitAll(folders);
        Assert.Equal(Enumerable.Range(0, records).Select(i => (long)i), Seen());
    }

    [Theory]
    [InlineData(Fault.Fail)]
    [InlineData(Fault.Die)]
    public void Broken_at_any_write_and_begun_again_nothing_is_lost_or_doubled(Fault fault)
    {
        Append(1, 2, 3);
        int failAt = 0;
        for (bool isThrough = false; !isThrough;)
        {
            failAt++;
            using var db = new FaultyDatabase(Open(), failAt, fault);
            try
            {
                Fold(db);
                isThrough = true;
            }
            catch (Exception error) when (error is DatabaseException or DiedException)
            {
            }
        }
        // Begin, two for the offset, three records, before the commit; dying, also after it.
        Assert.Equal(fault == Fault.Fail ? 8 : 9, failAt);
        Assert.Equal([1, 2, 3], Seen());
    }

    [Fact]
    public void What_the_fold_throws_undoes_its_batch()
    {
        Append(1, 2);
        Assert.Throws<FormatException>(() => new Ingestion(_db).Fold(Execution, "journal", _log, _ => throw new FormatException(), default));
        Assert.Equal((2, false), Fold(_db));
    }

    private void Append(params int[] numbers)
    {
        using var writer = new RecordLogWriter(_log);
        foreach (int number in numbers)
            writer.Append(Encoding.UTF8.GetBytes(number.ToString(CultureInfo.InvariantCulture)));
        writer.Flush(toDisk: false);
    }

    private (int, bool) Fold(Database db)
    {
        Statement insert = db.Prepare("INSERT INTO seen (number) VALUES (?1)");
        return new Ingestion(db).Fold(Execution, "journal", _log, body => insert.Bind(1, long.Parse(body, CultureInfo.InvariantCulture)).Run(), default);
    }

    private List<long> Seen()
    {
        var numbers = new List<long>();
        foreach (Row row in _db.Prepare("SELECT number FROM seen ORDER BY number").Query())
            numbers.Add(row.Long(0));
        return numbers;
    }

    private Database Open() => TestRecords.Open(_folder);
}
