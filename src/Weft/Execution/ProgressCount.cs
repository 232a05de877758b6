using System.Collections.Immutable;
using Weft.Records;
using Weft.Sweeps;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>Counts the points of an execution as they end. The loop's thread counts; any thread may ask <see cref="Now"/>.</summary>
internal sealed class ProgressCount(Plan plan, long runsPerPoint, TimeProvider clock)
{
    private readonly long _started = clock.GetTimestamp();
    private readonly long _total = plan.Nodes.Sum(Points);
    private readonly Dictionary<(string Reason, string LastLine), FailureGroup> _failures = [];
    private long _done, _failed, _other, _doneHere;

    /// <summary>The counts for the record.</summary>
    public Tally Tally => new(Next: _total, Succeeded: _done, Failed: _failed, Skipped: _other);

    /// <summary>Failed points by cause, the most frequent first.</summary>
    public ImmutableArray<FailureGroup> Failures => [.. _failures.Values.OrderByDescending(group => group.Count)];

    /// <summary>What had ended before this process took over: a point by its own row, those of a sweep by its counts.</summary>
    public void Recorded(NodeRow row)
    {
        if (row.Tally is { } text && plan.Find(row.Path)?.Node is Node.Each)
        {
            Tally tally = StateRows.ReadTally(text);
            _done += tally.Succeeded;
            _failed += tally.Failed;
            _other += tally.Skipped + tally.Blocked + tally.Cancelled;
        }
        else if (Enum.Parse<Phase>(row.Phase) is { IsTerminal: true } phase && row.Path.Index is null && IsPoint(row.Path, row.Tally is not null))
        {
            Count(phase);
        }
    }

    public void Ended(NodeState state)
    {
        if (!IsPoint(state.Path, state.Tally is not null))
            return;
        Count(state.Phase);
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
            RunsPerPoint = runsPerPoint,
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

    private void Count(Phase phase)
    {
        if (phase.HasOutputs)
            Interlocked.Increment(ref _done);
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

    private static long Points(PlanNode node) => node.Node switch
    {
        Node.Each { Over: Elements.Known known } => known.Space.Size,
        Node.Use { Body.Kind: CalleeKind.Workflow } => 0,
        _ => 1,
    };
}
