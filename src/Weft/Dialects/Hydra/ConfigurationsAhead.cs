using Weft.Config.Composition;
using Weft.Text;
using Weft.Values;

namespace Weft.Dialects.Hydra;

/// <summary>
/// Composes the points of a sweep that is too large to be checked as a whole while it runs, always <see cref="SweepCheck.Window"/> points further than the
/// furthest one that was started: what does not compose is known before its turn comes. For one thread at a time.
/// </summary>
public sealed class ConfigurationsAhead
{
    private readonly ConfigurationCheck.Checking _checking;

    internal ConfigurationsAhead(ConfigurationCheck.Checking checking) => _checking = checking;

    /// <summary>The node whose points they are.</summary>
    public NodeId Node => _checking.Points.Node;

    /// <summary>Up to this index all points were composed.</summary>
    public long Composed { get; private set; } = SweepCheck.Window;

    /// <summary>Whether a point that is started now has fewer than a window of composed ones before it.</summary>
    public bool IsDue(long started) => Math.Min(started + SweepCheck.Window, _checking.Points.Space.Size) > Composed;

    /// <summary>Composes up to a window beyond a point.</summary>
    /// <returns>What is wrong with these points and was not said before.</returns>
    public Diagnostics Check(long started)
    {
        long end = Math.Min(started + SweepCheck.Window, _checking.Points.Space.Size);
        // A resumed sweep starts far from the front: what lies behind was started already.
        Diagnostics found = _checking.Compose(Math.Max(Composed, started), end);
        Composed = Math.Max(Composed, end);
        return found;
    }
}
