using System.Buffers;
using Weft.Records;

namespace Weft.Tracking;

/// <summary>
/// Points that were taken and do not stand in the series of their metrics yet. The hundred metrics of one step belong to a hundred series;
/// writing each where it belongs costs some fifty times what it costs to keep the batch as it came, as one row of <c>staged</c>. The write loop moves
/// the points of a run to their places when many wait, when it has nothing else to do, and before somebody reads them: then neighbours share the
/// blocks and the summaries that they change.
/// </summary>
internal static class StagedPoints
{
    /// <summary>How many points of one run are moved in one transaction, give or take a batch: some 30 ms.</summary>
    private const int AtOnce = 20_000;

    /// <summary>Keeps the points of a request, within its transaction.</summary>
    public static void Add(WriteTurn turn, RunInfo run, ReadOnlySpan<PointRow> points)
    {
        byte[] bytes = ArrayPool<byte>.Shared.Rent(points.Length * PointBytes.Most);
        int length = PointBytes.Write(points, bytes);
        turn.Database.Prepare("INSERT INTO staged (run, points) VALUES (?1, ?2)").Bind(1, run.Row).BindBlob(2, bytes.AsSpan(0, length)).Post();
        ArrayPool<byte>.Shared.Return(bytes);
        turn.Staged += points.Length;
    }

    /// <summary>Moves all points of a run to their places, within a write.</summary>
    public static void Settle(WriteTurn turn, long run)
    {
        while (SettleSome(turn, run, long.MaxValue))
        {
        }
    }

    /// <summary>Moves some points of a run to their places, oldest first; true when there may be more of them.</summary>
    /// <param name="upTo">The last row of <c>staged</c> that may be moved: what comes later is not waited for.</param>
    public static bool SettleSome(WriteTurn turn, long run, long upTo)
    {
        Database db = turn.Database;
        List<PointRow> points = turn.Points;
        points.Clear();
        long last = 0;
        bool hasMore = false;
        foreach (Row row in db.Prepare("SELECT id, points FROM staged WHERE run = ?1 AND id <= ?2 ORDER BY id").Bind(1, run).Bind(2, upTo).Query())
        {
            last = row.Long(0);
            PointBytes.Read(row.Blob(1), points);
            if (hasMore = points.Count >= AtOnce)
                break;
        }
        if (last == 0)
            return false;
        db.Prepare("DELETE FROM staged WHERE run = ?1 AND id <= ?2").Bind(1, run).Bind(2, last).Post();
        turn.Staged = Math.Max(0, turn.Staged - points.Count);
        // The run may have been removed for good meanwhile.
        if (db.Prepare("SELECT experiment FROM run WHERE id = ?1").Bind(1, run).QueryLong() is { } experiment)
            MetricLog.Place(turn, run, experiment, points);
        return hasMore;
    }

    /// <summary>Moves some points of the run that has waited longest; false when none was there.</summary>
    /// <param name="upTo">As in <see cref="SettleSome"/>.</param>
    public static bool SettleOldest(WriteTurn turn, long upTo)
    {
        if (turn.Database.Prepare("SELECT run FROM staged WHERE id <= ?1 ORDER BY id LIMIT 1").Bind(1, upTo).QueryLong() is { } run)
        {
            SettleSome(turn, run, long.MaxValue);
            return true;
        }
        if (upTo == long.MaxValue)
            turn.Staged = 0;
        return false;
    }
}

/// <summary>What readers of points and summaries call first: then they see all that was acknowledged before they asked.</summary>
internal sealed class Settling(WriteLoop writer, ReaderPool readers)
{
    /// <summary>Before something of one run is read.</summary>
    public void Settle(RunId run)
    {
        (long Row, long Last)? waiting = readers.Read<(long, long)?>(reader =>
        {
            if (!reader.Database.CanWrite)
                return null;
            foreach (Row row in reader.Database.Prepare("SELECT s.run, s.id FROM staged s JOIN run r ON r.id = s.run WHERE r.run_id = ?1 ORDER BY s.id DESC LIMIT 1").Bind(1, run.Value).Query())
                return (row.Long(0), row.Long(1));
            return null;
        });
        if (waiting is not ({ } found, { } last))
            return;
        while (Wait(turn => StagedPoints.SettleSome(turn, found, last)))
        {
        }
    }

    /// <summary>Before something is read that any run may have a part in: a search, a copy of all.</summary>
    public void SettleAll()
    {
        if (readers.Read(reader => reader.Database.CanWrite ? reader.Database.Prepare("SELECT max(id) FROM staged").QueryLong() : null) is not { } last)
            return;
        while (Wait(turn => StagedPoints.SettleOldest(turn, last)))
        {
        }
    }

    /// <summary>The loop has a thread of its own, so waiting for it here cannot keep it from its work.</summary>
    private bool Wait(Func<WriteTurn, bool> work) => writer.WriteAsync(work).GetAwaiter().GetResult();
}
