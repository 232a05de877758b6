using Weft.Values;

namespace Weft.Records;

/// <summary>What is given for a new execution.</summary>
/// <param name="Definition">The name of the definition: the address of its newest execution.</param>
/// <param name="Key">Digest of definition and inputs: an unfinished execution with the same key is resumed instead.</param>
/// <param name="Name">Null lets a memorable one be chosen.</param>
internal sealed record NewExecution(ExecutionId Id, string Definition, string Key, Digest Plan, string? Snapshot, string State, string? Name = null);

/// <summary>An execution as recorded.</summary>
/// <param name="Owner">The process that runs its loop, in words of the execution layer; null when nobody does.</param>
/// <param name="Lease">When the owner last said that it lives; only on network file systems.</param>
/// <param name="StopAsked">How it was asked to stop, and by whom; null when it was not.</param>
/// <param name="Tally">Counts of points, as JSON.</param>
internal sealed record ExecutionRow(
    ExecutionId Id, string Name, string Definition, string Key, Digest Plan, string? Snapshot, string State, string? Owner, DateTimeOffset? Lease,
    int? Port, string? TokenHash, string? StopAsked, string? Tally, DateTimeOffset Created, DateTimeOffset? Ended);

/// <summary>What is known of one node of an execution.</summary>
/// <param name="Attempt">Number of the newest attempt; 0 before the first.</param>
/// <param name="Key">Its cache key, when it has one.</param>
/// <param name="Origin">The execution whose result it reuses; null when it ran.</param>
/// <param name="Outputs">Its results, as canonical JSON.</param>
/// <param name="Tally">Counts of the elements below it, as JSON.</param>
internal sealed record NodeRow(
    NodePath Path, string Phase, int Attempt = 0, string? Key = null, string? Origin = null, string? Outputs = null, string? Tally = null,
    DateTimeOffset? Ended = null);

/// <summary>One attempt as recorded; without <paramref name="Ended"/> it is intended or running.</summary>
/// <param name="Handle">What the engine calls it: a job id, an array element.</param>
/// <param name="Intended">When it was committed that it shall run.</param>
internal sealed record AttemptRow(
    AttemptId Id, string? Snapshot, string Engine, string? Handle, int? Pid, string State, AttemptEnd? End, DateTimeOffset Intended,
    DateTimeOffset? Started, DateTimeOffset? Ended);

/// <summary>How an attempt ended.</summary>
/// <param name="Class">The error class of a failure; null of a success.</param>
/// <param name="Tail">The last lines of its output, when they say something: at most a few kilobytes.</param>
internal sealed record AttemptEnd(string State, string? Class = null, int? Exit = null, int? Signal = null, string? Reason = null, string? Tail = null);

/// <summary>One entry of an execution's history; <paramref name="Seq"/> counts from 1 without gaps.</summary>
internal sealed record EventRow(long Seq, DateTimeOffset At, string Kind, string? Actor, NodePath? Path, string? Body);

/// <summary>A movable name.</summary>
internal sealed record TagRow(string Name, ExecutionId Execution, NodePath? Path, DateTimeOffset Moved)
{
    /// <summary>Whether a text can be a tag: letters, digits and <c>-_.</c>, a letter or digit first, at most 100.</summary>
    public static bool IsName(string text) =>
        text.Length is > 0 and <= 100 && char.IsAsciiLetterOrDigit(text[0]) && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
