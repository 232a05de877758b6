using System.Collections.Immutable;
using System.Numerics;
using Weft.Records;
using Weft.Sweeps;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>Counts the points of an execution as they end. The loop's thread counts; any thread may ask <see cref="Now"/>.</summary>
internal sealed class ProgressCount(Plan plan, TimeProvider clock)
{
    private readonly long _started = clock.GetTimestamp();
    private readonly long _total = plan.Nodes.Sum(Points);
    private readonly Dictionary<(string Reason, string LastLine), FailureGroup> _failures = [];
    private readonly BigInteger _runs = plan.Nodes.Aggregate(BigInteger.Zero, (runs, node) => runs + Runs(plan, node));
    private long _done, _reused, _failed, _other, _doneHere, _runsDone;

    /// <summary>The counts for the record.</summary>
    public Tally Tally => new(Next: _total, Succeeded: _done, Failed: _failed, Skipped: _other) { Reused = _reused };

    /// <summary>Failed points by cause, the most frequent first.</summary>
    public ImmutableArray<FailureGroup> Failures => [.. _failures.Values.OrderByDescending(group => group.Count)];

    /// <summary>What had ended before this process took over: a point by its own row, those of a sweep by its counts.</summary>
    public void Recorded(NodeRow row)
    {
        if (row.Tally is { } text && plan.Find(row.Path)?.Node is Node.Each)
        {
            Tally tally = StateRows.ReadTally(text);
            _done += tally.Succeeded;
            _reused += tally.Reused;
            _runsDone += tally.Runs ?? tally.Succeeded;
            _failed += tally.Failed;
            _other += tally.Skipped + tally.Blocked + tally.Cancelled;
        }
        else if (Enum.Parse<Phase>(row.Phase) is { IsTerminal: true } phase && row.Path.Index is null && IsPoint(row.Path, row.Tally is not null))
        {
            Count(phase, row.Path);
        }
    }

    public void Ended(NodeState state)
    {
        // A sweep that failed although none of its points did says why itself.
        if (state is { Phase: Phase.Failed, Path.IsRoot: false, Tally: null or { Failed: 0 }, End: Outcome.Failed { Cause: null } why } && plan.Find(state.Path)?.Node is Node.Each)
            Group(state.Path, why);
        if (!IsPoint(state.Path, state.Tally is not null))
            return;
        Count(state.Phase, state.Path);
        Interlocked.Increment(ref _doneHere);
        if (state is { Phase: Phase.Failed, End: Outcome.Failed failed })
            Group(state.Path, failed);
    }

    public ExecutionProgress Now(int running)
    {
        TimeSpan elapsed = clock.GetElapsedTime(_started);
        long done = Interlocked.Read(ref _done), failed = Interlocked.Read(ref _failed), other = Interlocked.Read(ref _other), here = Interlocked.Read(ref _doneHere);
        long left = Math.Max(0, _total - done - failed - other);
        return new ExecutionProgress(_total, done, failed, running, other, elapsed)
        {
            Runs = _runs,
            Reused = Interlocked.Read(ref _reused),
            RunsDone = Interlocked.Read(ref _runsDone),
            Remaining = here == 0 ? null : elapsed / here * left,
        };
    }

    private void Group(NodePath path, Outcome.Failed failed)
    {
        (string, string LastLine) key = FailureGroup.KeyOf(failed);
        FailureGroup group = _failures.GetValueOrDefault(key) ?? new FailureGroup(failed.Reason, key.LastLine, 0, []);
        _failures[key] = group with
        {
            Count = group.Count + 1,
            Examples = group.Examples.Length < FailureGroup.MaxExamples ? group.Examples.Add(path) : group.Examples,
        };
    }

    private void Count(Phase phase, NodePath path)
    {
        if (phase.HasOutputs)
        {
            Interlocked.Increment(ref _done);
            if (phase == Phase.Reused)
                Interlocked.Increment(ref _reused);
            Interlocked.Add(ref _runsDone, RunsAt(path));
        }
        else if (phase == Phase.Failed)
            Interlocked.Increment(ref _failed);
        else
            Interlocked.Increment(ref _other);
    }

    /// <summary>
    /// An element of a sweep is a point, whatever it consists of; outside of sweeps, a node that is no scope is.
    /// </summary>
    private bool IsPoint(NodePath path, bool isScope) => path.Index is not null
        ? !path.Parent.Text.Contains('[')
        : !path.IsRoot && !isScope && !path.Text.Contains('[') && plan.Find(path)?.Node is not Node.Each;

    private long RunsAt(NodePath path)
    {
        if (_runs == _total)
            return 1;
        if (path.Index is { } index && plan.Find(path.Parent)?.Node is Node.Each { Over: Elements.Known { Space: var space } })
            return space.PointAt(index)?.Runs ?? 1;
        return plan.Find(path) is { } node ? (long)BigInteger.Min(Runs(plan, node), long.MaxValue) : 1;
    }

    private static BigInteger Runs(Plan plan, PlanNode node) => node.Node switch
    {
        Node.Each { Over: Elements.Known known } => known.Space.Runs,
        Node.Use { Body: { Kind: CalleeKind.Task } callee } when plan.ClosureAt(node.Scope).Tasks[callee.Name].Lines is { } lines => lines.Over.Runs,
        _ => Points(node),
    };

    private static long Points(PlanNode node) => node.Node switch
    {
        Node.Each { Over: Elements.Known known } => known.Space.Size,
        Node.Use { Body.Kind: CalleeKind.Workflow } => 0,
        _ => 1,
    };
}
