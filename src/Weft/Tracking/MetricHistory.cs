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

    /// <summary>
    /// The points of one metric by timestamp, step, value; an unknown key has none. A later page begins behind the last point of the one before, whatever
    /// was logged meanwhile.
    /// </summary>
    /// <param name="most">How many at most; null: all.</param>
    /// <returns>The token of the next page, or null.</returns>
    public string? Read(RunId id, string key, int? most, string? token, PointVisitor visit)
    {
        HistoryPage page = HistoryPage.Read(token);
        _settling.Settle(id);
        return _readers.Read(reader =>
        {
            RunInfo run = RunStore.Require(reader.Database, id);
            if (reader.Keys.Find(key) is not { } number)
                return null;
            int taken = 0;
            long skipped = page.Skip;
            SeriesPlace behind = page.PlaceIn(number);
            foreach ((PointRow point, SeriesPlace next) in MetricSeries.ReadFrom(reader.Database, run.Row, number, behind))
            {
                if (taken == most)
                    return page.After(taken, behind);
                behind = next;
                if (skipped-- > 0)
                    continue;
                taken++;
                visit(id, Point(key, point));
            }
            return null;
        }, oneState: true);
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
            int left = most;
            foreach (RunId id in ids.Distinct().OrderBy(id => id.Value, StringComparer.Ordinal))
            {
                if (RunStore.FindInfo(reader.Database, id) is not { } run)
                    continue;
                foreach (PointRow point in MetricSeries.Read(reader.Database, run.Row, number).Take(left))
                {
                    visit(id, Point(key, point));
                    left--;
                }
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
        var all = new HashSet<long>();
        var ends = new List<long>();
        foreach (RunInfo run in runs)
        {
            long first = long.MaxValue, last = long.MinValue;
            foreach (PointRow point in MetricSeries.Read(reader.Database, run.Row, number))
            {
                if (point.Step < window.First || point.Step > window.Last)
                    continue;
                all.Add(point.Step);
                (first, last) = (Math.Min(first, point.Step), Math.Max(last, point.Step));
            }
            ends.AddRange([first, last]);
        }
        long[] steps = [.. all];
        Array.Sort(steps);
        HashSet<long> sampled = Sample(steps, most);
        sampled.UnionWith(ends);
        foreach (RunInfo run in runs)
        {
            foreach (PointRow point in MetricSeries.Read(reader.Database, run.Row, number).Where(point => point.Step >= window.First && point.Step <= window.Last && sampled.Contains(point.Step)).OrderBy(point => point.Step))
                visit(run.Id, Point(key, point));
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

    internal static MetricPoint Point(string key, in PointRow point) => new(key, point.IsNan ? double.NaN : point.Value, point.Timestamp, point.Step);
}
