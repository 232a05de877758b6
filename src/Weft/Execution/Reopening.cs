using Weft.Records;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>
/// Makes an execution that has ended badly, or whose owner is gone, ready to go on: nodes that failed, were cancelled or blocked wait again, and the
/// scopes around them are open again and count them so. What succeeded, was reused or skipped stays. Attempts keep their numbers.
/// </summary>
internal static class Reopening
{
    /// <summary>How many points have succeeded.</summary>
    public static long Kept(ExecutionRecords records, ExecutionId execution)
    {
        long kept = 0;
        records.ReadNodes(execution, row => kept += IsKept(row) ? 1 : 0);
        return kept;
    }

    /// <summary>Within a write transaction. Hands back how many points are kept and how many run again.</summary>
    public static (long Kept, long Again) Apply(ExecutionRecords records, ExecutionId execution)
    {
        var changed = new List<NodeRow>();
        long kept = 0;
        records.ReadNodes(execution, row =>
        {
            Phase phase = Enum.Parse<Phase>(row.Phase);
            kept += IsKept(row) ? 1 : 0;
            if (phase is Phase.Failed or Phase.Cancelled or Phase.Blocked || (row.Tally is not null && !phase.IsTerminal))
                changed.Add(row);
        });
        foreach (NodeRow row in changed)
        {
            records.SetNode(execution, row.Tally is null
                ? row with { Phase = nameof(Phase.Waiting), Outputs = null, Ended = null }
                : row with { Phase = nameof(Phase.Running), Outputs = null, Ended = null, Tally = StateRows.Write(Open(StateRows.ReadTally(row.Tally))) });
        }
        return (kept, changed.Count(row => row.Tally is null && Enum.Parse<Phase>(row.Phase) != Phase.Blocked));
    }

    private static bool IsKept(NodeRow row) => Enum.Parse<Phase>(row.Phase).HasOutputs && row.Tally is null && !row.Path.IsRoot;

    private static Tally Open(Tally tally) => tally with
    {
        Open = tally.Open + tally.Failed + tally.Blocked + tally.Cancelled,
        Failed = 0,
        Blocked = 0,
        Cancelled = 0,
        First = null,
    };
}
