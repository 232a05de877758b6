using Weft.Records;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>
/// Writes what happens in an execution as numbered events, in the transaction that makes it so: whoever follows asks for what came after the last number it
/// has seen, and misses nothing. Written by the owner of the execution only.
/// </summary>
internal sealed class History(ExecutionRecords records, ExecutionId execution, TimeProvider clock)
{
    /// <summary>A process has begun to run the execution, or goes on with it. The actor is that process.</summary>
    public const string Taken = "taken";

    /// <summary>Somebody, the actor, asked for an end.</summary>
    public const string StopAsked = "stop-asked";

    /// <summary>An attempt starts. The body has its number.</summary>
    public const string Started = "started";

    /// <summary>An attempt has ended and its node has not: another one follows, or it is still to be judged.</summary>
    public const string Ended = "ended";

    /// <summary>Something worth a line, for whoever follows. The body has the text.</summary>
    public const string Said = "said";

    /// <summary>A sweep or a workflow was entered. Every other kind is the phase that a node has ended with, in small letters.</summary>
    public const string Opened = "opened";

    private const string Succeeded = "succeeded", Reused = "reused", Skipped = "skipped";

    private const string Reason = "reason";

    private readonly HashSet<NodePath> _open = [];
    private readonly List<EventRow> _notes = [];
    private long _last = -1;

    /// <summary>A kind that a node's end is written as.</summary>
    public static string KindOf(Phase phase) => phase switch
    {
        Phase.Succeeded => Succeeded,
        Phase.Reused => Reused,
        Phase.Skipped => Skipped,
        Phase.Blocked => "blocked",
        Phase.Failed => "failed",
        Phase.Cancelled => "cancelled",
        _ => throw new ArgumentOutOfRangeException(nameof(phase), phase, "nothing ends so"),
    };

    /// <summary>Whether events of a kind are found in an execution for which nothing was started.</summary>
    public static bool IsQuiet(string kind) => kind is Taken or Opened or Reused or Skipped or Succeeded;

    /// <summary>Something about the whole execution, written with the next turn that changes anything.</summary>
    public void Note(string kind, string actor) => _notes.Add(new EventRow(0, clock.GetUtcNow(), kind, actor, null, null));

    /// <summary>Something worth a line, written with the next turn that changes anything.</summary>
    public void Say(string text) => _notes.Add(new EventRow(0, clock.GetUtcNow(), Said, null, null, CanonicalJson.Write(Value.MapOf([new("text", Value.Of(text))]))));

    /// <summary>What one turn of the loop has changed, after what was noted before it.</summary>
    public void Add(List<EndedAttempt> ends, List<NodeState> touched)
    {
        foreach (EventRow note in _notes)
            Append(note);
        _notes.Clear();
        foreach (EndedAttempt end in ends)
        {
            if (!touched.Exists(state => state.Path == end.Id.Path && state.Phase.IsTerminal))
                Append(new EventRow(0, end.Ended, Ended, null, end.Id.Path, NumberOf(end.Id.Number)));
        }
        foreach (NodeState state in touched)
        {
            if (state.Phase.IsTerminal)
            {
                _open.Remove(state.Path);
                Append(new EventRow(0, state.Since, KindOf(state.Phase), null, state.Path, BodyOf(state)));
            }
            else if (state.Tally is not null && _open.Add(state.Path))
            {
                Append(new EventRow(0, state.Since, Opened, null, state.Path, null));
            }
        }
    }

    /// <summary>An attempt that is to start after this turn.</summary>
    public void Add(AttemptId intended) => Append(new EventRow(0, clock.GetUtcNow(), Started, null, intended.Path, NumberOf(intended.Number)));

    /// <summary>Nodes that were entered before this process took the execution.</summary>
    public void Knows(NodePath open) => _open.Add(open);

    /// <summary>The number of the attempt that an event is about.</summary>
    public static int AttemptOf(EventRow entry) =>
        entry.Body is { } body && CanonicalJson.Read(body) is Value.Map map && map.Entries.TryGetValue("attempt", out Value? number) && number is Value.Int attempt ? (int)attempt.Number : 0;

    /// <summary>The text of an event of the kind <see cref="Said"/>.</summary>
    public static string TextOf(EventRow entry) => CanonicalJson.Read(entry.Body!) is Value.Map map && map.Entries["text"] is Value.Text text ? text.Content : "";

    /// <summary>Why a node failed, from the body of its end; null when that does not say.</summary>
    public static string? ReasonOf(string body) => CanonicalJson.Read(body) is Value.Map map && map.Entries.TryGetValue(Reason, out Value? reason) && reason is Value.Text text ? text.Content : null;

    private static string NumberOf(int attempt) => $$"""{"attempt":{{attempt}}}""";

    private static string? BodyOf(NodeState state) => state.End is Outcome.Failed failed
        ? CanonicalJson.Write(Value.MapOf([new(Reason, Value.Of(failed.Reason))]))
        : null;

    private void Append(EventRow entry)
    {
        if (_last < 0)
            _last = records.LastEvent(execution);
        records.Append(execution, entry with { Seq = ++_last });
    }
}
