using System.Numerics;
using System.Text;

namespace Weft.Cli.Terminal;

/// <summary>
/// What the progress line shows. Points are what Weft starts; inner runs are what their programs make of comma lists on their own, null where
/// that is not known to differ.
/// </summary>
internal readonly record struct ProgressCounts(long Total, long Done, long Failed, int Running, BigInteger? InnerTotal, BigInteger InnerDone, TimeSpan Elapsed, TimeSpan? Left);

/// <summary>
/// One line at the foot of a terminal that is redrawn in place. Before other text is printed the line is taken away
/// (<see cref="Clear"/>). On anything but a terminal nothing is drawn and plain lines are printed every so often instead.
/// </summary>
internal sealed class ProgressLine(Session session)
{
    private const int BarWidth = 24;

    private static readonly TimeSpan PlainEvery = TimeSpan.FromSeconds(10);

    private readonly bool _terminal = session.Surroundings.ErrorIsTerminal && !session.Quiet;
    private TimeSpan _lastPlain;
    private bool _drawn;

    /// <param name="activity">What the only running task shows on its own unfinished line; null for nothing.</param>
    public void Draw(ProgressCounts counts, string? activity)
    {
        if (session.Quiet)
            return;
        if (_terminal)
        {
            session.Error.Write("\r\u001b[2K" + Cells.Fit(Line(counts, bar: true) + (activity is null ? "" : "  " + activity), (session.Surroundings.Width ?? 80) - 1));
            _drawn = true;
        }
        else if (counts.Elapsed - _lastPlain >= PlainEvery)
        {
            _lastPlain = counts.Elapsed;
            session.Error.WriteLine(Line(counts, bar: false));
        }
    }

    /// <summary>Takes the line away so that other text can be printed; the next <see cref="Draw"/> brings it back.</summary>
    public void Clear()
    {
        if (!_drawn)
            return;
        session.Error.Write("\r\u001b[2K");
        _drawn = false;
    }

    internal static string Line(ProgressCounts counts, bool bar)
    {
        var line = new StringBuilder();
        if (bar)
        {
            int filled = counts.Total == 0 ? BarWidth : (int)(BarWidth * (counts.Done + counts.Failed) / counts.Total);
            line.Append('█', filled).Append('░', BarWidth - filled).Append("  ");
        }
        line.Append(counts.Done).Append('/').Append(counts.Total);
        if (counts.InnerTotal is { } inner)
            line.Append(" (").Append(counts.InnerDone).Append('/').Append(inner).Append(" runs)");
        if (counts.Failed > 0)
            line.Append(", ").Append(counts.Failed).Append(" failed");
        if (counts.Running > 0)
            line.Append(", ").Append(counts.Running).Append(" running");
        line.Append("  ").Append(Amounts.Duration(counts.Elapsed));
        if (counts.Left is { } left)
            line.Append(", ").Append(Amounts.Duration(left)).Append(" left");
        return line.ToString();
    }
}
