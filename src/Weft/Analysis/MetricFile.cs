using System.Buffers.Text;
using Weft.Tracking;

namespace Weft.Analysis;

/// <summary>A file <c>metrics/KEY</c> of MLflow's file store: one point a line, <c>TIMESTAMP VALUE STEP</c>; old ones lack the step.</summary>
internal static class MetricFile
{
    /// <summary>What is known of the metric from its points; null when there are none.</summary>
    public static MetricSummary? Summarize(string key, ReadOnlySpan<byte> content)
    {
        MetricPoint last = default;
        double least = double.NaN;
        double greatest = double.NaN;
        bool isEmpty = true;
        foreach (Range line in content.Split((byte)'\n'))
        {
            if (!TryParse(content[line], key, out MetricPoint point))
                continue;
            if (isEmpty || (point.Step, point.Timestamp, point.Value).CompareTo((last.Step, last.Timestamp, last.Value)) >= 0)
                last = point;
            isEmpty = false;
            if (!double.IsNaN(point.Value))
            {
                least = double.IsNaN(least) ? point.Value : Math.Min(least, point.Value);
                greatest = double.IsNaN(greatest) ? point.Value : Math.Max(greatest, point.Value);
            }
        }
        return isEmpty ? null : new MetricSummary(last, least, greatest);
    }

    private static bool TryParse(ReadOnlySpan<byte> line, string key, out MetricPoint point)
    {
        point = default;
        int first = line.IndexOf((byte)' ');
        if (first <= 0 || !Utf8Parser.TryParse(line[..first], out long timestamp, out int used) || used != first)
            return false;
        line = line[(first + 1)..].TrimEnd((byte)'\r');
        int second = line.IndexOf((byte)' ');
        ReadOnlySpan<byte> value = second < 0 ? line : line[..second];
        long step = 0;
        if (second >= 0 && !Utf8Parser.TryParse(line[(second + 1)..], out step, out _))
            return false;
        if (!TryParse(value, out double number))
            return false;
        point = new MetricPoint(key, number, timestamp, step);
        return true;
    }

    /// <summary>A number as Python writes it: <c>nan</c>, <c>inf</c> and <c>-inf</c> too.</summary>
    private static bool TryParse(ReadOnlySpan<byte> text, out double number)
    {
        if (Utf8Parser.TryParse(text, out number, out int used) && used == text.Length)
            return true;
        number = text.SequenceEqual("nan"u8) ? double.NaN : text.SequenceEqual("inf"u8) ? double.PositiveInfinity : double.NegativeInfinity;
        return text.SequenceEqual("nan"u8) || text.SequenceEqual("inf"u8) || text.SequenceEqual("-inf"u8);
    }
}
