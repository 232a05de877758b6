using System.Buffers;
using System.Runtime.InteropServices;
using Weft.Records;

namespace Weft.Tracking;

/// <summary>
/// The points of metrics. A point is identified by all it holds, so logging it again changes nothing. Beside the points stands one summary per
/// run and key (last, smallest, greatest), brought up to date in the same transaction; lists and searches read only that.
/// </summary>
internal static class MetricLog
{
    /// <summary>Whether <see cref="Check"/> would pass: the quick way for the keys that every batch repeats.</summary>
    public static bool IsFine(in MetricPoint point) =>
        point.Timestamp >= 0 && point.Key.Length is > 0 and <= Rules.KeyLength && char.IsAsciiLetterOrDigit(point.Key[0]) && !point.Key.AsSpan().ContainsAnyExcept(s_plain);

    private static readonly SearchValues<char> s_plain =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

    /// <param name="path">What stands before the field's name in messages: <c>metrics[3].</c>, or nothing.</param>
    public static void Check(in MetricPoint point, string path)
    {
        Rules.CheckKey(point.Key, path + "name");
        if (point.Timestamp < 0)
            throw TrackingException.Invalid($"Invalid value {point.Timestamp} for parameter '{path}timestamp' supplied: timestamp must be a nonnegative long (64-bit integer)");
    }

    /// <summary>Keeps the points of a request where the next reader will have them put in their places (<see cref="StagedPoints"/>).</summary>
    public static void Take(WriteTurn turn, RunInfo run, ReadOnlySpan<MetricPoint> points)
    {
        if (points.IsEmpty)
            return;
        if (turn.Database.CanStage)
        {
            PointRow[] rows = ArrayPool<PointRow>.Shared.Rent(points.Length);
            Number(turn, points, rows);
            StagedPoints.Add(turn, run, rows.AsSpan(0, points.Length));
            ArrayPool<PointRow>.Shared.Return(rows);
            WriteSubjects(turn, run, points);
        }
        else
        {
            Write(turn, run, points);
        }
    }

    /// <summary>Writes the points into their places at once.</summary>
    public static void Write(WriteTurn turn, RunInfo run, ReadOnlySpan<MetricPoint> points)
    {
        if (points.IsEmpty)
            return;
        var rows = new List<PointRow>(points.Length);
        CollectionsMarshal.SetCount(rows, points.Length);
        Number(turn, points, CollectionsMarshal.AsSpan(rows));
        Place(turn, run.Row, run.Experiment, rows);
        WriteSubjects(turn, run, points);
    }

    /// <summary>Puts points in their places, and brings the summaries up to them. Uses the list up.</summary>
    public static void Place(WriteTurn turn, long run, long experiment, List<PointRow> points)
    {
        FoldIn(turn, run, experiment, CollectionsMarshal.AsSpan(points));
        MetricSeries.Add(turn.Database, run, points);
    }

    private static void Number(WriteTurn turn, ReadOnlySpan<MetricPoint> points, Span<PointRow> rows)
    {
        string name = "";
        long key = 0;
        for (int i = 0; i < points.Length; i++)
        {
            ref readonly MetricPoint point = ref points[i];
            // Clients send the points of one metric together, more often than not.
            if (!ReferenceEquals(name, point.Key))
                (name, key) = (point.Key, turn.Keys.FindOrAdd(point.Key));
            bool isNan = double.IsNaN(point.Value);
            rows[i] = new PointRow(key, point.Step, point.Timestamp, isNan ? 0 : Math.Clamp(point.Value, double.MinValue, double.MaxValue), isNan);
        }
    }

    private static void FoldIn(WriteTurn turn, long run, long experiment, ReadOnlySpan<PointRow> points)
    {
        var news = new Dictionary<long, News>();
        foreach (ref readonly PointRow point in points)
        {
            ref News tally = ref CollectionsMarshal.GetValueRefOrAddDefault(news, point.Key, out bool isKnown);
            if (!isKnown)
                tally = new News { Last = point, Min = double.NaN, Max = double.NaN };
            tally.Add(point);
        }
        Statement fold = turn.Database.Prepare(Fold).Bind(1, run).Bind(3, experiment);
        foreach ((long key, News tally) in news)
        {
            fold.Bind(2, key).Bind(4, tally.Last.Value).Bind(5, tally.Last.IsNan).Bind(6, tally.Last.Step).Bind(7, tally.Last.Timestamp)
                .Bind(8, double.IsNaN(tally.Min) ? null : tally.Min).Bind(9, double.IsNaN(tally.Max) ? null : tally.Max).Post();
        }
    }

    /// <summary>Folds the summary of new points into what stands: the greatest (step, timestamp, value) is the last.</summary>
    private const string Fold = """
        INSERT INTO metric_last (run, key, experiment, value, nan, step, ts, min, max) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        ON CONFLICT (run, key) DO UPDATE SET
            value = CASE WHEN (excluded.step, excluded.ts, excluded.value) > (metric_last.step, metric_last.ts, metric_last.value) THEN excluded.value ELSE metric_last.value END,
            nan = CASE WHEN (excluded.step, excluded.ts, excluded.value) > (metric_last.step, metric_last.ts, metric_last.value) THEN excluded.nan ELSE metric_last.nan END,
            step = CASE WHEN (excluded.step, excluded.ts, excluded.value) > (metric_last.step, metric_last.ts, metric_last.value) THEN excluded.step ELSE metric_last.step END,
            ts = CASE WHEN (excluded.step, excluded.ts, excluded.value) > (metric_last.step, metric_last.ts, metric_last.value) THEN excluded.ts ELSE metric_last.ts END,
            min = CASE WHEN metric_last.min IS NULL OR excluded.min < metric_last.min THEN excluded.min ELSE metric_last.min END,
            max = CASE WHEN metric_last.max IS NULL OR excluded.max > metric_last.max THEN excluded.max ELSE metric_last.max END
        """;

    /// <summary>Values that are about a logged model stand with the model, too.</summary>
    private static void WriteSubjects(WriteTurn turn, RunInfo run, ReadOnlySpan<MetricPoint> points)
    {
        foreach (ref readonly MetricPoint point in points)
        {
            if (point.Subject?.ModelId is not { Length: > 0 } model)
                continue;
            bool isNan = double.IsNaN(point.Value);
            turn.Database.Prepare("""
                INSERT INTO logged_model_metric (model, name, ts, step, run, value, nan, dataset_name, dataset_digest)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING
                """)
                .Bind(1, model).Bind(2, point.Key).Bind(3, point.Timestamp).Bind(4, point.Step).Bind(5, run.Id.Value)
                .Bind(6, isNan ? 0 : Math.Clamp(point.Value, double.MinValue, double.MaxValue)).Bind(7, isNan)
                .Bind(8, point.Subject.DatasetName).Bind(9, point.Subject.DatasetDigest).Run();
        }
    }

    /// <summary>What one request adds to one metric.</summary>
    private struct News
    {
        public PointRow Last;
        public double Min;
        public double Max;

        public void Add(in PointRow point)
        {
            if ((point.Step, point.Timestamp, point.Value).CompareTo((Last.Step, Last.Timestamp, Last.Value)) > 0)
                Last = point;
            if (point.IsNan)
                return;
            Min = double.IsNaN(Min) ? point.Value : Math.Min(Min, point.Value);
            Max = double.IsNaN(Max) ? point.Value : Math.Max(Max, point.Value);
        }
    }
}
