using Weft.Records;
using Weft.Tracking.Search;

namespace Weft.Tracking;

/// <summary>Takes the points of a history one by one, so that a million of them need no memory.</summary>
public delegate void PointVisitor(RunId run, in MetricPoint point);

/// <summary>Reads the points of metrics.</summary>
public sealed class MetricHistory
{
    private readonly ReaderPool _readers;
    private readonly Settling _settling;

    internal MetricHistory(ReaderPool readers, Settling settling)
    {
        _readers = readers;
        _settling = settling;
    }

    /// <summary>The points of one metric by timestamp, step, value; an unknown key has none.</summary>
    /// <param name="most">How many at most; null: all.</param>
    /// <returns>The token of the next page, or null.</returns>
    public string? Read(RunId id, string key, int? most, string? token, PointVisitor visit)
    {
        long offset = PageToken.Read(token);
        _settling.Settle(id);
        return _readers.Read(reader =>
        {
            RunInfo run = RunStore.Require(reader.Database, id);
            if (reader.Keys.Find(key) is not { } number)
                return null;
            long count = 0;
            Statement points = reader.Database.Prepare("SELECT value, nan, ts, step FROM metric WHERE run = ?1 AND key = ?2 ORDER BY ts, step, value LIMIT ?3 OFFSET ?4")
                .Bind(1, run.Row).Bind(2, number).Bind(3, most is { } limit ? limit + 1L : long.MaxValue).Bind(4, offset);
            foreach (Row row in points.Query())
            {
                if (count == most)
                    return PageToken.Write(offset + count);
                count++;
                visit(id, Point(key, row));
            }
            return null;
        });
    }

    /// <summary>The points of one metric of several runs, by run id, then timestamp, step, value; at most <paramref name="most"/> in all.</summary>
    public void ReadBulk(IReadOnlyList<RunId> ids, string key, int most, PointVisitor visit)
    {
        foreach (RunId id in ids)
            _settling.Settle(id);
        _readers.Read(reader =>
        {
            if (reader.Keys.Find(key) is not { } number)
                return false;
            long left = most;
            foreach (RunId id in ids.Distinct().OrderBy(id => id.Value, StringComparer.Ordinal))
            {
                if (RunStore.FindInfo(reader.Database, id) is not { } run)
                    continue;
                Statement points = reader.Database.Prepare("SELECT value, nan, ts, step FROM metric WHERE run = ?1 AND key = ?2 ORDER BY ts, step, value LIMIT ?3")
                    .Bind(1, run.Row).Bind(2, number).Bind(3, left);
                foreach (Row row in points.Query())
                {
                    visit(id, Point(key, row));
                    left--;
                }
                if (left <= 0)
                    break;
            }
            return true;
        }, oneState: true);
    }

    /// <summary>
    /// A sample of one metric of several runs for a chart: at most about <paramref name="most"/> steps, the same for all runs, and each run's own
    /// first and last step inside the window.
    /// </summary>
    public void ReadInterval(IReadOnlyList<RunId> ids, string key, long? start, long? end, int most, PointVisitor visit)
    {
        foreach (RunId id in ids)
            _settling.Settle(id);
        _readers.Read(reader => ReadInterval(reader, ids, key, (start ?? 0, end ?? long.MaxValue), most, visit), oneState: true);
    }

    private static bool ReadInterval(Reader reader, IReadOnlyList<RunId> ids, string key, (long First, long Last) window, int most, PointVisitor visit)
    {
        if (reader.Keys.Find(key) is not { } number)
            return false;
        var runs = new List<RunInfo>();
        foreach (RunId id in ids.Distinct())
        {
            if (RunStore.FindInfo(reader.Database, id) is { } run)
                runs.Add(run);
        }
        var all = new SortedSet<long>();
        var ends = new List<long>();
        foreach (RunInfo run in runs)
        {
            long? first = null, last = null;
            Statement steps = reader.Database.Prepare("SELECT DISTINCT step FROM metric WHERE run = ?1 AND key = ?2 AND step >= ?3 AND step <= ?4 ORDER BY step")
                .Bind(1, run.Row).Bind(2, number).Bind(3, window.First).Bind(4, window.Last);
            foreach (Row row in steps.Query())
            {
                all.Add(row.Long(0));
                first ??= row.Long(0);
                last = row.Long(0);
            }
            if (first is { } from && last is { } to)
                ends.AddRange([from, to]);
        }
        HashSet<long> sampled = Sample([.. all], most);
        sampled.UnionWith(ends);
        foreach (RunInfo run in runs)
        {
            Statement points = reader.Database.Prepare("SELECT value, nan, ts, step FROM metric WHERE run = ?1 AND key = ?2 AND step >= ?3 AND step <= ?4 ORDER BY step, ts, value")
                .Bind(1, run.Row).Bind(2, number).Bind(3, window.First).Bind(4, window.Last);
            foreach (Row row in points.Query())
            {
                if (sampled.Contains(row.Long(3)))
                    visit(run.Id, Point(key, row));
            }
        }
        return true;
    }

    /// <summary>All steps, or every n-th and the last: those at the indexes ⌊i·n/most⌋.</summary>
    internal static HashSet<long> Sample(ReadOnlySpan<long> steps, int most)
    {
        var sampled = new HashSet<long>();
        if (steps.Length <= most)
        {
            foreach (long step in steps)
                sampled.Add(step);
            return sampled;
        }
        for (long i = 0; i < most; i++)
            sampled.Add(steps[(int)(i * steps.Length / most)]);
        sampled.Add(steps[^1]);
        return sampled;
    }

    private static MetricPoint Point(string key, Row row) =>
        new(key, row.Bool(1) ? double.NaN : row.Double(0), row.Long(2), row.Long(3));
}
