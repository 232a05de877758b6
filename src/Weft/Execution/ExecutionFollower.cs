using Weft.Records;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>
/// Follows an execution that another process runs, by looking at its history now and then (a fifth of a second is a good pace): nothing is missed, not even an
/// attempt that begins and ends between two looks.
/// </summary>
internal sealed class ExecutionFollower(Executions executions, ExecutionRecords records, ExecutionId id, Plan plan, TimeProvider clock)
{
    private const int MostAtOnce = 1000;

    private readonly Dictionary<NodePath, AttemptId> _open = [];

    /// <summary>The newest event that was seen; -1 before the first look.</summary>
    private long _seen = -1;

    /// <summary>Tells <paramref name="publish"/> what runs at the first look, and what has begun and ended since the last one.</summary>
    /// <returns>
    /// How it ended, once it has; with the state <see cref="Phase.Running"/> when its owner is gone and nobody goes on with it (`weft resume`). Null while it runs.
    /// </returns>
    public ExecutionEnd? Look(Action<ExecutionEvent> publish)
    {
        ExecutionRow row = records.Find(id) ?? throw new InvalidOperationException($"there is no execution {id}");
        bool isOwned = row.Ended is not null || executions.OwnerOf(row) is not null;
        if (_seen < 0)
        {
            _seen = records.LastEvent(id);
            foreach (AttemptRow attempt in records.OpenAttempts(id))
                Begin(attempt.Id, attempt.Started ?? attempt.Intended, publish);
        }
        IReadOnlyList<EventRow> events;
        do
        {
            events = records.Events(id, _seen, MostAtOnce);
            foreach (EventRow entry in events)
                Tell(entry, publish);
        }
        while (events.Count == MostAtOnce);
        if (row.Ended is not null)
            return EndOf(row, Enum.Parse<Phase>(row.State));
        return isOwned ? null : EndOf(row, Phase.Running);
    }

    /// <summary>How far it is, from the counts that its owner records.</summary>
    public ExecutionProgress Progress()
    {
        ExecutionRow row = records.Find(id) ?? throw new InvalidOperationException($"there is no execution {id}");
        var count = new ProgressCount(plan, clock);
        foreach (PlanNode node in plan.Nodes)
        {
            if (records.FindNode(id, node.Path) is { } found)
                count.Recorded(found);
        }
        return count.Now(records.OpenAttempts(id).Count) with { Elapsed = (row.Ended ?? clock.GetUtcNow()) - row.Created };
    }

    private void Tell(EventRow entry, Action<ExecutionEvent> publish)
    {
        _seen = entry.Seq;
        if (entry.Kind == History.Said)
            publish(new ExecutionEvent.Said(entry.At, History.TextOf(entry)));
        if (entry.Path is not { } path)
            return;
        if (entry.Kind == History.Started)
        {
            Finish(path, publish);
            Begin(new AttemptId(id, path, History.AttemptOf(entry)), entry.At, publish);
        }
        else if (entry.Kind != History.Opened)
        {
            Finish(path, publish);
        }
    }

    private void Begin(AttemptId attempt, DateTimeOffset at, Action<ExecutionEvent> publish)
    {
        if (_open.TryAdd(attempt.Path, attempt))
            publish(new ExecutionEvent.AttemptStarted(at, attempt, attempt.Path.Text, executions.LogOf(attempt), Adopted: true));
    }

    private void Finish(NodePath path, Action<ExecutionEvent> publish)
    {
        if (_open.Remove(path, out AttemptId ended) && records.Attempts(id, path).FirstOrDefault(attempt => attempt.Id == ended) is { End: { } end, Ended: { } at } attempt)
            publish(new ExecutionEvent.AttemptEnded(at, ended, path.Text, StateRows.OutcomeOf(end), at - (attempt.Started ?? attempt.Intended)));
    }

    private ExecutionEnd EndOf(ExecutionRow row, Phase state) => new(id, row.Name, state, Progress(), []) { StoppedBy = row.StopAsked };
}
