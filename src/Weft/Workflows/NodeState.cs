using System.Collections.Immutable;
using Weft.Tasks;
using Weft.Values;

namespace Weft.Workflows;

/// <summary>
/// What is known of a node, an element or a scope (<see cref="NodePath.Root"/> is the execution itself). States are values: whoever owns the
/// execution replaces them, <see cref="Decision.Decide"/> only reads them.
/// </summary>
/// <param name="Attempt">The number of the attempt that runs or ran last; 0 before the first.</param>
public sealed record NodeState(NodePath Path, Phase Phase, int Attempt = 0)
{
    /// <summary>What it gave; of a running node nothing.</summary>
    public ImmutableSortedDictionary<string, Value> Outputs { get; init; } = Value.NoEntries;

    /// <summary>How the last attempt ended; null while one runs. A node that has ended without an attempt has none.</summary>
    public Outcome? End { get; init; }

    /// <summary>The cache key under which it was looked up.</summary>
    public string? Key { get; init; }

    /// <summary>Of an <see cref="Node.Each"/> and of a scope: the count of what is inside.</summary>
    public Tally? Tally { get; init; }

    /// <summary>When the phase was entered.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>When the first attempt started: what <see cref="Limits.Total"/> counts from.</summary>
    public DateTimeOffset? Started { get; init; }
}

public enum Phase
{
    /// <summary>Something above it has not ended.</summary>
    Waiting,

    /// <summary>It could start: it waits for a slot, for resources or for the pause before another attempt.</summary>
    Ready,

    /// <summary>Handed to an engine.</summary>
    Submitted,

    Running,
    Succeeded,

    /// <summary>Its result was taken from the cache.</summary>
    Reused,

    /// <summary>Not taken: its condition did not hold, or what it needs was skipped.</summary>
    Skipped,

    /// <summary>Not started because something else failed.</summary>
    Blocked,

    Failed,
    Cancelled,
}

public static class Phases
{
    extension(Phase phase)
    {
        public bool IsTerminal => phase >= Phase.Succeeded;

        /// <summary>True when there are outputs to use.</summary>
        public bool HasOutputs => phase is Phase.Succeeded or Phase.Reused;
    }
}

/// <summary>The count of a sweep's elements or of a scope's nodes; whoever owns the execution keeps it, so that nothing ever scans them.</summary>
/// <param name="Next">Of an Each: the raw index that has not been looked at yet.</param>
/// <param name="Open">Of an Each: elements that run. Of a scope: nodes that have not ended, the handler left out.</param>
/// <param name="Skipped">Those with nothing to do; they count neither as done nor as failed.</param>
public sealed record Tally(long Next = 0, long Open = 0, long Succeeded = 0, long Failed = 0, long Skipped = 0)
{
    /// <summary>Of those that succeeded: how many took the result of earlier work.</summary>
    public long Reused { get; init; }

    public long Blocked { get; init; }

    public long Cancelled { get; init; }

    /// <summary>Of a sweep whose programs sweep themselves: the runs that those made which succeeded. Null where a point is one run.</summary>
    public long? Runs { get; init; }

    /// <summary>The first that failed and why, for messages and for the handler.</summary>
    public Failure? First { get; init; }

    public BestPoint? Best { get; init; }

    public Tally Opened(long number) => this with { Open = Open + number };

    /// <summary>After the element at a raw index was taken.</summary>
    public Tally Took(long index) => this with { Next = index + 1, Open = Open + 1 };

    /// <summary>After an element of a sweep was compared with the best so far; where groups are compared, that waits for all of them.</summary>
    public Tally Judged(Node.Each each, NodeState point) =>
        each.Best is { Over.IsEmpty: true } selection && point.Phase.HasOutputs && point.Path.Index is { } index && selection.ResultOf(point.Outputs) is { } result && (Best is not { } best || selection.Better(result, best.Result))
            ? this with { Best = new BestPoint(index, result, point.Outputs) }
            : this;

    /// <summary>After a node or element inside has ended.</summary>
    public Tally Ended(NodeState inner)
    {
        Tally less = this with { Open = Open - 1 };
        return inner.Phase switch
        {
            Phase.Succeeded => less with { Succeeded = Succeeded + 1 },
            Phase.Reused => less with { Succeeded = Succeeded + 1, Reused = Reused + 1 },
            Phase.Failed => less with { Failed = Failed + 1, First = First ?? Failure.Of(inner) },
            Phase.Skipped => less with { Skipped = Skipped + 1 },
            Phase.Blocked => less with { Blocked = Blocked + 1 },
            Phase.Cancelled => less with { Cancelled = Cancelled + 1 },
            _ => throw new ArgumentException($"{inner.Path} has not ended", nameof(inner)),
        };
    }
}

/// <summary>Which node failed, and why in one line.</summary>
public sealed record Failure(NodePath Path, string Code, string Message)
{
    public static Failure Of(NodeState state) => state.End is Outcome.Failed failed
        ? failed.Cause ?? new Failure(state.Path, failed.Code, failed.Reason)
        : new Failure(state.Path, "task/lost", "nothing is known of its end");
}

/// <summary>The best element so far.</summary>
public sealed record BestPoint(long Index, double Result, ImmutableSortedDictionary<string, Value> Values);

/// <summary>How an attempt ended, or a node that had none.</summary>
public abstract record Outcome
{
    private Outcome()
    {
    }

    public sealed record Succeeded : Outcome;

    /// <param name="Code">Kebab-case name of the reason, as of a diagnostic: <c>task/exit</c>, <c>gate/rejected</c>.</param>
    /// <param name="Reason">One line for people.</param>
    public sealed record Failed(ErrorClass Class, string Code, string Reason) : Outcome
    {
        public int? ExitCode { get; init; }

        public int? Signal { get; init; }

        public ImmutableArray<string> LastLines { get; init; } = [];

        /// <summary>Of a scope: the node inside that failed first.</summary>
        public Failure? Cause { get; init; }
    }

    /// <param name="By">Who asked: a user's name, <c>failure of PATH</c>.</param>
    public sealed record Cancelled(string By) : Outcome;

    /// <summary>Nobody saw its end: the machine is gone.</summary>
    public sealed record Lost : Outcome;
}
