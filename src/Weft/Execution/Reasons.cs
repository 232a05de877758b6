using Weft.Records;
using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>Why nodes of an execution were reused, ran, wait, were skipped or failed, in words.</summary>
/// <param name="cache">The kept results of the project; null when it has none.</param>
/// <param name="instant">A time as the reader shall see it.</param>
internal sealed class Reasons(ExecutionRecords records, ExecutionPlace place, ResultCache? cache, ExecutionRow execution, Plan plan, Func<DateTimeOffset, string> instant)
{
    /// <summary>Differences that are named; more would hide the telling one.</summary>
    public const int MostNamed = 8;

    /// <summary>Points of a sweep that are looked at.</summary>
    private const int MostPoints = 10_000;

    /// <summary>Characters of a value that are shown.</summary>
    private const int MostShown = 80;

    private readonly EarlierWork _earlier = new(records, place, cache);
    private readonly Hindrances _hindrances = new(records, execution, plan);

    /// <summary>What has changed since an earlier execution did the same as a node that is not cached, a line each. Default: nothing is said.</summary>
    public Func<NodePath, IEnumerable<string>> Since { get; init; } = _ => [];

    /// <summary>What the cache key of a node that has not begun would be made from, as far as that is known. Default: it is not.</summary>
    public Func<NodePath, CacheDocument?> DocumentNow { get; init; } = _ => null;

    /// <summary>First what became of it, then why, a line each.</summary>
    public IEnumerable<string> Of(NodePath path)
    {
        NodeRow? row = records.FindNode(execution.Id, path);
        Phase phase = _hindrances.PhaseOf(path);
        AttemptRow? last = row is { Attempt: > 0 } && records.Attempts(execution.Id, path) is [.., var newest] ? newest : null;
        switch (phase)
        {
            case Phase.Reused:
                yield return "was reused: the same work had been done before";
                if (row!.Key is { } hit && cache?.Find(hit) is { } entry)
                    yield return $"by {MakerOf(entry)}, {instant(entry.Made)} (key {Short(hit)})";
                break;
            case Phase.Running when plan.Find(path)?.Node is Node.Gate gate:
                yield return "waits";
                yield return gate.Kind == GateKind.Sleep ? "for time to pass" : $"for an answer{(gate.Message is { } message ? $" to `{message}`" : "")}: `weft approve {execution.Name}/{path}`";
                break;
            case Phase.Succeeded when plan.Find(path)?.Node is Node.Gate:
                yield return records.ReadSignal(execution.Id, path) is { } answer ? $"was answered by {Answers.Read(answer).By}" : "its time had passed";
                break;
            case Phase.Succeeded or Phase.Running or Phase.Submitted when row!.Key is { } key:
                yield return phase == Phase.Succeeded ? "ran" : "runs";
                foreach (string line in WhyItRan(path, key))
                    yield return line;
                break;
            case Phase.Succeeded or Phase.Running or Phase.Submitted:
                yield return phase == Phase.Succeeded ? "ran" : "runs";
                if (row!.Tally is { } parts)
                {
                    yield return OfParts(path, StateRows.ReadTally(parts));
                    break;
                }
                yield return "it is not cached: it runs every time (no outputs are declared, or `cache: false`)";
                foreach (string line in Since(path))
                    yield return line;
                break;
            case Phase.Failed:
                yield return "failed";
                yield return _hindrances.OfFailure(path);
                foreach (string line in (last?.End?.Tail ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries))
                    yield return "| " + line;
                foreach (string line in last is null ? [] : row?.Key is { } failed ? WhyItRan(path, failed) : Since(path))
                    yield return line;
                break;
            default:
                yield return phase switch { Phase.Skipped => "was skipped", Phase.Blocked => "was not started", Phase.Cancelled => "was stopped", _ => "waits" };
                foreach (string line in WhyItDidNotRun(path, phase))
                    yield return line;
                break;
        }
    }

    private string MakerOf(CacheEntry entry) =>
        records.Find(entry.Execution) is { } row ? $"{row.Name}/{entry.Path}" : $"{entry.Path} in another clone, or in an execution that was removed";

    /// <summary>A sweep: how many of its points came from the cache, and the first that did not. Or a workflow inside.</summary>
    private string OfParts(NodePath path, Tally tally)
    {
        if (plan.Find(path)?.Node is not Node.Each)
            return $"it is what its parts are: `weft why {execution.Name}` says it of each";
        long reused = 0;
        NodePath? ran = null;
        for (long index = 0; index < Math.Min(tally.Next, MostPoints); index++)
        {
            if (records.FindNode(execution.Id, path.Element(index)) is not { } point)
                continue;
            if (point.Phase == nameof(Phase.Reused))
                reused++;
            else
                ran ??= point.Path;
        }
        string most = tally.Next > MostPoints ? $" of the first {MostPoints}" : "";
        return $"{tally.Next} {(tally.Next == 1 ? "point" : "points")}, {reused}{most} reused{(ran is { } one ? $": `weft why {execution.Name}/{one}` says why that one ran" : "")}";
    }

    /// <summary>The parts in which its work differs from the closest that had been done before in this place.</summary>
    private IEnumerable<string> WhyItRan(NodePath path, string key)
    {
        if (_earlier.DocumentOf(execution.Id, path, key) is not { } document)
        {
            yield return "nothing is known of what its key was made from";
            yield break;
        }
        Comparison found = _earlier.Closest(execution.Definition, path, document, execution.Id);
        switch (found)
        {
            case { With: { } with, Differences: [] }:
                yield return $"{with} had done the same work, but its result was not to be used: it failed, was not kept, was too old, or `--rerun` or `--no-cache` said so";
                break;
            case { With: { } with }:
                yield return $"compared with {with}:";
                foreach (CacheDifference difference in found.Differences.Take(MostNamed))
                    yield return $"{difference.Component} {Change(difference.Before, difference.After)}";
                if (found.Differences.Length > MostNamed)
                    yield return $"and {found.Differences.Length - MostNamed} more";
                break;
            default:
                yield return found.HasRun ? "it has run before, but nothing is left to compare with" : "nothing like it had been done before";
                break;
        }
    }

    /// <summary>How something differs, in words.</summary>
    public static string Change(string? before, string? after) => (before, after) switch
    {
        (null, { }) => $"is new: {Cut(after)}",
        ({ }, null) => $"is gone: {Cut(before)}",
        ({ }, { }) => Changed(before, after),
        _ => "changed",
    };

    /// <summary>Of long texts the part in which they differ.</summary>
    private static string Changed(string before, string after)
    {
        int same = before.AsSpan().CommonPrefixLength(after);
        int start = before.Length > MostShown || after.Length > MostShown ? Math.Max(0, same - MostShown / 4) : 0;
        string opening = start > 0 ? "…" : "";
        return $"changed from {opening}{Cut(before[start..])} to {opening}{Cut(after[start..])}";
    }

    private static string Cut(string text) => text.Length > MostShown ? text[..MostShown] + "…" : text;

    private static string Short(string key) => key.Length > 15 ? key[..15] : key;

    /// <summary>Why nothing was started, or not yet.</summary>
    private IEnumerable<string> WhyItDidNotRun(NodePath path, Phase phase)
    {
        if ((plan.Find(path) ?? plan.Find(path.Parent)) is not { } node)
            return [];
        return phase switch
        {
            Phase.Skipped => _hindrances.OfSkip(node),
            Phase.Blocked => _hindrances.OfBlock(node),
            Phase.Cancelled => [_hindrances.OfStop(node)],
            _ => WhyItWaits(node, path),
        };
    }

    private IEnumerable<string> WhyItWaits(PlanNode node, NodePath path)
    {
        bool any = false;
        foreach (string line in _hindrances.OfWait(node))
        {
            any = true;
            yield return line;
        }
        if (any)
            yield break;
        yield return DocumentNow(path) is { } now && cache?.IsClaimed(now.Key()) == true
            ? "the same work is being done elsewhere now: its result will be taken"
            : "for a slot (`-j`), for resources that others use, or for equal work that is being done elsewhere";
    }

    /// <summary>What a node has come to, in words.</summary>
    public static string Words(Phase phase) => phase switch
    {
        Phase.Succeeded or Phase.Reused => "has succeeded",
        Phase.Failed => "failed",
        Phase.Skipped => "was skipped",
        Phase.Blocked => "was not started",
        Phase.Cancelled => "was stopped",
        Phase.Running or Phase.Submitted => "still runs",
        _ => "has not started",
    };
}
