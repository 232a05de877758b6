using System.Collections.Immutable;
using System.Numerics;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>What happens in an execution, for those who show it: published by the loop, on its thread, after it was recorded.</summary>
public abstract record ExecutionEvent(DateTimeOffset At)
{
    /// <summary>An attempt was started, or was found running when the execution was taken over.</summary>
    /// <param name="Label">What its output lines are marked with when several run at a time.</param>
    /// <param name="Log">The path of its log.</param>
    public sealed record AttemptStarted(DateTimeOffset At, AttemptId Id, string Label, string Log, bool Adopted) : ExecutionEvent(At);

    /// <summary>An attempt ended. Its log may still be read; nothing more is written to it.</summary>
    public sealed record AttemptEnded(DateTimeOffset At, AttemptId Id, string Label, Outcome Outcome, TimeSpan Took) : ExecutionEvent(At)
    {
        public ImmutableArray<string> Warnings { get; init; } = [];
    }

    /// <summary>A node or a point has ended for good.</summary>
    public sealed record NodeEnded(DateTimeOffset At, NodePath Path, Phase Phase, Outcome? Outcome) : ExecutionEvent(At);

    /// <summary>Something worth a line: an attempt waits for a resource, a limit was reached.</summary>
    public sealed record Said(DateTimeOffset At, string Text) : ExecutionEvent(At);
}

/// <summary>How far an execution is. Points are what a user counts: single tasks, and each point of a sweep.</summary>
/// <param name="Total">All points, as far as known; holes of a filtered sweep count until they are passed.</param>
/// <param name="Done">Succeeded or reused.</param>
/// <param name="Other">Skipped, blocked or cancelled.</param>
public sealed record ExecutionProgress(long Total, long Done, long Failed, long Running, long Other, TimeSpan Elapsed)
{
    /// <summary>Of those that are done: how many took the result of earlier work.</summary>
    public long Reused { get; init; }

    /// <summary>The runs that the programs make of all points, where programs sweep themselves; <see cref="Total"/> elsewhere.</summary>
    public BigInteger Runs { get; init; } = Total;

    /// <summary>Those of points that are done.</summary>
    public BigInteger RunsDone { get; init; } = Done;

    /// <summary>Time that is left if the rest takes as long as what ended in this session; null while nothing has ended.</summary>
    public TimeSpan? Remaining { get; init; }
}

/// <summary>How an execution ended, or that it goes on without us.</summary>
/// <param name="State">Of the root: <see cref="Phase.Running"/> when it goes on.</param>
public sealed record ExecutionEnd(ExecutionId Id, string Name, Phase State, ExecutionProgress Progress, ImmutableArray<FailureGroup> Failures)
{
    /// <summary>Who stopped it; null when nobody did.</summary>
    public string? StoppedBy { get; init; }
}

/// <summary>Failed points with one cause: the same reason and the same last line of output.</summary>
/// <param name="LastLine">The last line of the first one's log that is not blank, or its reason when it wrote nothing.</param>
/// <param name="Examples">The first few of them.</param>
public sealed record FailureGroup(string Reason, string LastLine, long Count, ImmutableArray<NodePath> Examples)
{
    public const int MaxExamples = 5;

    /// <summary>What failures are grouped by.</summary>
    public static (string Reason, string LastLine) KeyOf(Outcome.Failed failed) =>
        (failed.Reason, failed.LastLines.IsEmpty ? failed.Reason : failed.LastLines[^1].Trim());
}
