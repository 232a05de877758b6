using System.Globalization;
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
    /// <summary>What has succeeded.</summary>
    public static Kept Kept(ExecutionRecords records, ExecutionId execution)
    {
        Kept kept = default;
        records.ReadNodes(execution, row => kept = kept.With(row));
        return kept;
    }

    /// <summary>Within a write transaction. Hands back what is kept and how many points run again.</summary>
    public static (Kept Kept, long Again) Apply(ExecutionRecords records, ExecutionId execution)
    {
        var changed = new List<NodeRow>();
        Kept kept = default;
        records.ReadNodes(execution, row =>
        {
            Phase phase = Enum.Parse<Phase>(row.Phase);
            kept = kept.With(row);
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

    private static Tally Open(Tally tally) => tally with
    {
        Open = tally.Open + tally.Failed + tally.Blocked + tally.Cancelled,
        Failed = 0,
        Blocked = 0,
        Cancelled = 0,
        First = null,
    };
}

/// <summary>What need not run again.</summary>
/// <param name="Points">Points that have succeeded.</param>
/// <param name="Runs">The runs that their programs made, where programs sweep themselves; else 0.</param>
internal readonly record struct Kept(long Points, long Runs)
{
    public Kept With(NodeRow row)
    {
        if (row.Tally is { } tally)
            return this with { Runs = Runs + (StateRows.ReadTally(tally).Runs ?? 0) };
        return Enum.Parse<Phase>(row.Phase).HasOutputs && !row.Path.IsRoot ? this with { Points = Points + 1 } : this;
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Points} finished {(Points == 1 ? "point" : "points")}{(Runs > 0 ? $" ({Runs:N0} runs)" : "")} {(Points == 1 ? "is" : "are")} kept");
}
