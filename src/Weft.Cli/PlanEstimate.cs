using Weft.Sweeps;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Cli;

/// <summary>
/// How long a plan will take, from what its tasks took before: the longer of its longest chain and of all work shared among those who do it. A guess that is
/// never too long as far as the times are right.
/// </summary>
/// <param name="took">What one run of a node took, of a sweep one point; nodes that have not run before are missing.</param>
/// <param name="parallel">Tasks at one time, from 1.</param>
internal sealed class PlanEstimate(Plan plan, IReadOnlyDictionary<NodePath, TimeSpan> took, int parallel)
{
    private readonly Dictionary<NodePath, TimeSpan> _ends = [];

    /// <summary>The time of all nodes together.</summary>
    public TimeSpan Total()
    {
        TimeSpan chain = TimeSpan.Zero, work = TimeSpan.Zero;
        foreach (PlanNode node in plan.Nodes)
        {
            work += WorkOf(node) ?? TimeSpan.Zero;
            chain = Max(chain, EndOf(node));
        }
        return Max(chain, work / parallel);
    }

    /// <summary>Whether there is nothing to do, or nothing is known of what there is.</summary>
    public bool IsEmpty => Total() == TimeSpan.Zero;

    /// <summary>Tasks that are to run and whose time is not known.</summary>
    public int Unknown => plan.Nodes.Count(node => IsTask(node) && PointsOf(node) > 0 && !took.ContainsKey(node.Path));

    /// <summary>The time of a node by itself, all its points one after the other; null when it is not known.</summary>
    public TimeSpan? WorkOf(PlanNode node) => !IsTask(node) ? null : PointsOf(node) is var points && took.TryGetValue(node.Path, out TimeSpan one) ? one * points : points == 0 ? TimeSpan.Zero : null;

    /// <summary>When it ends at the earliest, counted from the start.</summary>
    private TimeSpan EndOf(PlanNode node)
    {
        if (_ends.TryGetValue(node.Path, out TimeSpan known))
            return known;
        TimeSpan start = TimeSpan.Zero;
        if (!node.Scope.IsRoot && plan.Find(node.Scope) is { } around)
            start = StartOf(around);
        return _ends[node.Path] = Max(start, StartOf(node)) + LengthOf(node);
    }

    private TimeSpan StartOf(PlanNode node)
    {
        TimeSpan start = TimeSpan.Zero;
        foreach (Node need in plan.ShapeAt(node.Scope).Dependencies(node.Node.Id))
        {
            NodePath path = node.Scope.Child(need.Id.Text);
            if (plan.Find(path) is { } before)
                start = Max(start, EndOf(before));
            // A workflow that is used as a task ends with the last of its own.
            foreach (PlanNode inner in plan.Nodes.Where(one => one.Scope == path))
                start = Max(start, EndOf(inner));
        }
        return start;
    }

    /// <summary>As long as there is room for all that may run at one time.</summary>
    private TimeSpan LengthOf(PlanNode node)
    {
        if (WorkOf(node) is not { } work || PointsOf(node) is var points && points == 0)
            return TimeSpan.Zero;
        long room = Math.Min(points, node.Node is Node.Each { Parallel: { } most } ? Math.Min(most, parallel) : parallel);
        return work / points * Math.Ceiling((double)points / room);
    }

    private static bool IsTask(PlanNode node) => node.Node.Uses is { Kind: CalleeKind.Task };

    /// <summary>Runs that are to be made of it; of a sweep whose points come at run time, one.</summary>
    private static long PointsOf(PlanNode node) => (node.Forecast, node.Node) switch
    {
        (Forecast.Reuse or Forecast.Skip, _) => 0,
        (Forecast.Run { Reused: var reused }, Node.Each { Over: Elements.Known known }) => Math.Max(0, known.Space.Size - reused),
        (_, Node.Each { Over: Elements.Known known }) => known.Space.Size,
        _ => 1,
    };

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
