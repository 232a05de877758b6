using Weft.Records;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>
/// Follows an execution that another process runs, by looking at its record now and then (a fifth of a second is a good pace). Attempts that begin and
/// end between two looks are not seen; their logs and states are.
/// </summary>
internal sealed class ExecutionFollower(Executions executions, ExecutionRecords records, ExecutionId id, Plan plan, TimeProvider clock)
{
    private readonly Dictionary<AttemptId, AttemptRow> _open = [];

    /// <summary>Tells <paramref name="publish"/> what has begun and ended since the last look.</summary>
    /// <returns>
    /// How it ended, once it has; with the state <see cref="Phase.Running"/> when its owner is gone and nobody goes on with it (`weft resume`). Null while it runs.
    /// </returns>
    public ExecutionEnd? Look(Action<ExecutionEvent> publish)
    {
        ExecutionRow row = records.Find(id) ?? throw new InvalidOperationException($"there is no execution {id}");
        bool isOwned = row.Ended is not null || executions.OwnerOf(row) is not null;
        var open = new HashSet<AttemptId>();
        foreach (AttemptRow attempt in records.OpenAttempts(id))
        {
            open.Add(attempt.Id);
            if (_open.TryAdd(attempt.Id, attempt))
                publish(new ExecutionEvent.AttemptStarted(attempt.Started ?? attempt.Intended, attempt.Id, attempt.Id.Path.Text, executions.LogOf(attempt.Id), Adopted: true));
        }
        foreach (AttemptId ended in _open.Keys.Where(attempt => !open.Contains(attempt)).ToList())
        {
            _open.Remove(ended);
            if (records.Attempts(id, ended.Path).FirstOrDefault(attempt => attempt.Id == ended) is { End: { } end, Ended: { } at } attempt)
                publish(new ExecutionEvent.AttemptEnded(at, ended, ended.Path.Text, StateRows.OutcomeOf(end), at - (attempt.Started ?? attempt.Intended)));
        }
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

    private ExecutionEnd EndOf(ExecutionRow row, Phase state) => new(id, row.Name, state, Progress(), []) { StoppedBy = row.StopAsked };
}
