using Weft.Records;
using Weft.Records.Sqlite;
using Weft.Support;

namespace Weft.Tests.Records;

public sealed class MetricSeriesTests : IDisposable
{
    private const long Run = 7, Key = 3;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0L, 0L, 0L, 0.5)]
    [InlineData(1L, -1L, 1700000000000L, -1e-300)]
    [InlineData(long.MaxValue, long.MinValue, long.MaxValue, double.MaxValue)]
    [InlineData(200L, long.MaxValue, 0L, double.NaN)]
    public void Points_come_back_from_their_bytes(long key, long step, long timestamp, double value)
    {
        bool isNan = double.IsNaN(value);
        PointRow[] points = [new(5, 5, 5, 5, false), new(key, step, timestamp, isNan ? 0 : value, isNan), new(5, 5, 5, 5, false)];
        var bytes = new byte[points.Length * PointBytes.Most];
        int length = PointBytes.Write(points, bytes);
        var read = new List<PointRow>();
        PointBytes.Read(bytes.AsSpan(0, length), read);
        Assert.Equal(points, read);
    }

    [Fact]
    public void Neighbours_take_eleven_bytes()
    {
        PointRow[] points = [.. Enumerable.Range(0, 1000).Select(n => new PointRow(Key, n, 1_700_000_000_000 + n * 50, n / 7.0, false))];
        Assert.InRange(PointBytes.Write(points, new byte[points.Length * PointBytes.Most]), 11_000, 11_020);
    }

    [Fact]
    public void Points_that_come_in_any_order_and_twice_are_read_in_order_and_once()
    {
        using SqliteDatabase db = Open();
        var random = new Random(4711);
        var all = new HashSet<PointRow>();
        for (int turn = 0; turn < 60; turn++)
        {
            // Many share a timestamp; some blocks lie within others, some far away.
            long start = random.Next(3) == 0 ? random.Next(2000) : turn * 30;
            PointRow[] points = [.. Enumerable.Range(0, random.Next(1, 900)).Select(_ => Point(start + random.Next(40), random.Next(5), random.Next(4)))];
            Add(db, points);
            all.UnionWith(points);
        }
        Assert.True(db.Prepare("SELECT count(*) FROM series").QueryLong() > 20);
        Assert.Equal(all.Order(), MetricSeries.Read(db, Run, Key));
    }

    [Fact]
    public void Reading_goes_on_behind_a_place_whatever_was_written_meanwhile()
    {
        using SqliteDatabase db = Open();
        var random = new Random(815);
        for (int turn = 0; turn < 40; turn++)
        {
            long start = random.Next(3) == 0 ? random.Next(1200) : turn * 30;
            Add(db, [.. Enumerable.Range(0, random.Next(1, 700)).Select(_ => Point(start + random.Next(40), random.Next(5), random.Next(4)))]);
        }
        SeriesPlace place = SeriesPlace.Start;
        PointRow? last = null;
        var read = new List<PointRow>();
        for (int page = 0; ; page++)
        {
            // The rest as it is now: what a reader from the very start would find behind the last point.
            PointRow[] rest = [.. MetricSeries.Read(db, Run, Key).Where(point => last is null || point.CompareTo(last.Value) > 0)];
            Assert.Equal(rest, MetricSeries.ReadFrom(db, Run, Key, place).Select(found => found.Point));
            (PointRow Point, SeriesPlace Behind)[] some = [.. MetricSeries.ReadFrom(db, Run, Key, place).Take(random.Next(1, 500))];
            if (some.Length == 0)
                break;
            read.AddRange(some.Select(found => found.Point));
            (last, place) = some[^1];
            if (page % 3 == 0 && page < 30)
                Add(db, [.. Enumerable.Range(0, random.Next(1, 700)).Select(_ => Point(random.Next(1400), random.Next(5), random.Next(4)))]);
        }
        Assert.Equal(read.Distinct().Order(), read);
    }

    [Fact]
    public void A_later_page_reads_no_earlier_block()
    {
        using SqliteDatabase db = Open();
        for (int turn = 0; turn < 20; turn++)
            Add(db, [.. Enumerable.Range(0, 320).Select(n => Point(turn * 320 + n, n, 0.5))]);
        SeriesPlace place = MetricSeries.ReadFrom(db, Run, Key, SeriesPlace.Start).Take(3200).Last().Behind;
        db.Execute("DELETE FROM series WHERE first < 3200");
        Assert.Equal(3200, MetricSeries.ReadFrom(db, Run, Key, place).Count());
    }

    [Fact]
    public void Values_that_come_one_by_one_share_blocks()
    {
        using SqliteDatabase db = Open();
        for (int n = 0; n < 1000; n++)
            Add(db, [Point(n, n, 0.5)]);
        Assert.InRange(db.Prepare("SELECT count(*) FROM series").QueryLong()!.Value, 3, 8);
        Assert.Equal(Enumerable.Range(0, 1000).Select(n => (long)n), MetricSeries.Read(db, Run, Key).Select(point => point.Step));
    }

    [Fact]
    public void Runs_and_metrics_are_kept_apart()
    {
        using SqliteDatabase db = Open();
        Add(db, [Point(1, 1, 1), new(Key + 1, 1, 1, 2, false)]);
        Add(db, [Point(1, 1, 3)], Run + 1);
        Assert.Equal([1.0], MetricSeries.Read(db, Run, Key).Select(point => point.Value));
        Assert.Equal([2.0], MetricSeries.Read(db, Run, Key + 1).Select(point => point.Value));
        Assert.Equal([3.0], MetricSeries.Read(db, Run + 1, Key).Select(point => point.Value));
        Assert.Empty(MetricSeries.Read(db, Run + 1, Key + 1));
    }

    [Fact]
    public void An_older_file_s_rows_become_blocks_and_its_waiting_points_stay()
    {
        using SqliteDatabase db = SqliteDatabase.OpenForeign(_folder.Path("old.db"), mustExist: false, TimeProvider.System, default);
        using Transaction change = db.BeginWrite(CancellationToken.None);
        foreach (Migration migration in Migrations.All.Where(migration => migration.Number < 7))
            db.Execute(migration.Script);
        db.Execute("""
            INSERT INTO metric (run, key, step, ts, value, nan) VALUES (7, 3, 2, 20, 0.5, 0), (7, 3, 1, 10, 0, 1), (7, 4, 1, 10, 9, 0), (8, 3, 1, 10, 8, 0);
            INSERT INTO metric_last (run, key, experiment, value, nan, step, ts, min, max, count) VALUES (7, 3, 0, 0.5, 0, 2, 20, 0.5, 0.5, 2);
            INSERT INTO staged (run, points) VALUES (7, x'0700000000000000050000000000000006000000000000000000000000000000');
            """);
        Migration seventh = Migrations.All[6];
        db.Execute(seventh.Script);
        seventh.Convert!(db);
        Assert.Equal([new PointRow(3, 1, 10, 0, true), new PointRow(3, 2, 20, 0.5, false)], MetricSeries.Read(db, 7, 3));
        Assert.Equal([9.0], MetricSeries.Read(db, 7, 4).Select(point => point.Value));
        Assert.Equal([8.0], MetricSeries.Read(db, 8, 3).Select(point => point.Value));
        var waiting = new List<PointRow>();
        foreach (Row row in db.Prepare("SELECT points FROM staged").Query())
            PointBytes.Read(row.Blob(0), waiting);
        Assert.Equal([new PointRow(3, 5, 6, 0, true)], waiting);
        Assert.False(db.Prepare("SELECT 1 FROM sqlite_master WHERE name = 'metric'").Any());
        Assert.Equal(2, db.Prepare("SELECT step FROM metric_last").QueryLong());
    }

    private SqliteDatabase Open() => SqliteDatabase.Open(_folder.Path("weft.db"), new SqliteOptions(), TimeProvider.System, default);

    private static PointRow Point(long timestamp, long step, double value) => new(Key, step, timestamp, value, false);

    private static void Add(SqliteDatabase db, PointRow[] points, long run = Run)
    {
        using Transaction write = db.BeginWrite(CancellationToken.None);
        MetricSeries.Add(db, run, [.. points]);
        write.Commit();
    }
}
