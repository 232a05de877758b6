using System.Buffers;
using System.Runtime.InteropServices;

namespace Weft.Records;

/// <summary>
/// The points of metrics where they stay: table <c>series</c> holds them in blocks of some hundreds, each of one metric of one run, in order of time.
/// A row for each point would cost ten times as much to write and three times the room.
/// <para>
/// Blocks of one metric may overlap when points come late or from several writers, and may hold a point twice: <see cref="Read"/> puts them in
/// order and leaves out what it has given already.
/// </para>
/// </summary>
internal static class MetricSeries
{
    /// <summary>As many points as fit on a page of SQLite, usually.</summary>
    private const int BlockPoints = 320;

    /// <summary>A last block of fewer bytes is filled up: values that come one by one make no block each.</summary>
    private const int HalfBlock = 1600;

    /// <summary>Adds points of one run, within a write.</summary>
    public static void Add(Database db, long run, List<PointRow> points)
    {
        points.Sort();
        Dictionary<long, long> open = TakeOpenBlocks(db, run, points);
        if (open.Count > 0)
            points.Sort();
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BlockPoints * PointBytes.Most);
        for (Span<PointRow> rest = CollectionsMarshal.AsSpan(points); !rest.IsEmpty;)
        {
            int length = 1;
            while (length < rest.Length && rest[length].Key == rest[0].Key)
                length++;
            WriteBlocks(db, run, rest[..MoveDifferentToFront(rest[..length])], open.TryGetValue(rest[0].Key, out long block) ? block : null, buffer);
            rest = rest[length..];
        }
        ArrayPool<byte>.Shared.Return(buffer);
    }

    /// <summary>The points of one metric of one run by timestamp, step, value; no two are alike. Read it within one state of the database.</summary>
    public static IEnumerable<PointRow> Read(Database db, long run, long key) => ReadFrom(db, run, key, SeriesPlace.Start).Select(read => read.Point);

    /// <summary>The points behind a place, each with the place behind it.</summary>
    public static IEnumerable<(PointRow Point, SeriesPlace Behind)> ReadFrom(Database db, long run, long key, SeriesPlace place)
    {
        var blocks = new List<(long Id, long First)>();
        foreach (Row row in db.Prepare("SELECT id, first FROM series WHERE run = ?1 AND key = ?2 AND (first >= ?3 OR id >= ?4) ORDER BY first, id").Bind(1, run).Bind(2, key).Bind(3, place.First).Bind(4, place.Tail).Query())
            blocks.Add((row.Long(0), row.Long(1)));
        PointRow? last = place.After;
        var points = new List<PointRow>();
        var open = new Queue<(long First, PointRow Last)>();
        for (int i = 0; i < blocks.Count; i++)
        {
            int before = points.Count;
            ReadBlock(db, blocks[i].Id, points);
            if (points.Count > before)
                open.Enqueue((blocks[i].First, points[^1]));
            if (before > 0 && before < points.Count && points[before].CompareTo(points[before - 1]) < 0)
                points.Sort();
            // What comes later begins at the next block's first timestamp: all before it is in order now.
            long end = i + 1 < blocks.Count ? blocks[i + 1].First : long.MaxValue;
            int done = 0;
            for (; done < points.Count && (points[done].Timestamp < end || i + 1 == blocks.Count); done++)
            {
                PointRow point = points[done];
                if (last is { } given && point.CompareTo(given) <= 0)
                    continue;
                last = point;
                while (open.TryPeek(out (long First, PointRow Last) first) && first.Last.CompareTo(point) <= 0)
                    open.Dequeue();
                yield return (point, new SeriesPlace(open.TryPeek(out (long First, PointRow Last) unfinished) ? unfinished.First : end, blocks[^1].Id, point));
            }
            points.RemoveRange(0, done);
        }
    }

    /// <summary>Takes a block's points, which are in order, behind others.</summary>
    private static void ReadBlock(Database db, long block, List<PointRow> points)
    {
        foreach (Row row in db.Prepare("SELECT points FROM series WHERE id = ?1").Bind(1, block).Query())
            PointBytes.Read(row.Blob(0), points);
    }

    /// <summary>Reads the last block of each metric, when it is short, to the other points: it is written anew with them. Their numbers by the metrics' keys.</summary>
    private static Dictionary<long, long> TakeOpenBlocks(Database db, long run, List<PointRow> sorted)
    {
        var open = new Dictionary<long, long>();
        Statement last = db.Prepare("SELECT id, points FROM series WHERE run = ?1 AND key = ?2 ORDER BY first DESC LIMIT 1").Bind(1, run);
        int count = sorted.Count;
        for (int i = 0; i < count; i++)
        {
            long key = sorted[i].Key;
            if (i > 0 && key == sorted[i - 1].Key)
                continue;
            foreach (Row row in last.Bind(2, key).Query())
            {
                if (row.Blob(1) is not { Length: < HalfBlock } block)
                    continue;
                open.Add(key, row.Long(0));
                PointBytes.Read(block, sorted);
            }
        }
        return open;
    }

    /// <param name="open">The block that is written anew.</param>
    private static void WriteBlocks(Database db, long run, ReadOnlySpan<PointRow> points, long? open, byte[] buffer)
    {
        while (!points.IsEmpty)
        {
            ReadOnlySpan<PointRow> some = points[..Math.Min(points.Length, BlockPoints)];
            ReadOnlySpan<byte> block = buffer.AsSpan(0, PointBytes.Write(some, buffer));
            if (open is { } id)
                db.Prepare("UPDATE series SET first = ?2, points = ?3 WHERE id = ?1").Bind(1, id).Bind(2, some[0].Timestamp).BindBlob(3, block).Post();
            else
                db.Prepare("INSERT INTO series (run, key, first, points) VALUES (?1, ?2, ?3, ?4)").Bind(1, run).Bind(2, some[0].Key).Bind(3, some[0].Timestamp).BindBlob(4, block).Post();
            open = null;
            points = points[some.Length..];
        }
    }

    private static int MoveDifferentToFront(Span<PointRow> sorted)
    {
        int count = 1;
        for (int i = 1; i < sorted.Length; i++)
        {
            if (sorted[i] != sorted[count - 1])
                sorted[count++] = sorted[i];
        }
        return count;
    }
}

/// <summary>Where the reading of one metric goes on: no other block than those of <paramref name="First"/> and <paramref name="Tail"/> holds a point behind it.</summary>
/// <param name="First">Blocks that begin at this timestamp or later.</param>
/// <param name="Tail">Blocks of this number or greater: the last one, which may be written anew, and those that came after it.</param>
/// <param name="After">The last point that was read; null: none.</param>
internal readonly record struct SeriesPlace(long First, long Tail, PointRow? After)
{
    public static readonly SeriesPlace Start = new(long.MinValue, 0, null);
}
