using Weft.Execution;
using Weft.Expressions;
using Weft.Records;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Tracking;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Cli.Commands;

/// <summary><c>weft why</c>: why a node was reused, ran, waits, was skipped or failed.</summary>
internal static class WhyCommand
{
    /// <summary>Differences that are named; more would hide the telling one.</summary>
    private const int MostNamed = 8;

    /// <summary>Earlier executions among which the same work is looked for, and points of one of them.</summary>
    private const int MostLookedAt = 20, MostPoints = 10_000;

    public static readonly Command Command = new("why", "say why a task was reused, ran, waits or failed", "REF", [], Run)
    {
        Count = (1, 1),
        Examples = [("weft why -/train", "of the newest execution"), ("weft why wet-mongoose-1/train/3", "of one point"), ("weft why -", "of every node")],
    };

    private static int Run(Arguments arguments, Session session)
    {
        using ProjectStore store = ProjectStore.OpenExisting(Launch.FindRoot(arguments, session), session);
        Address address = Address.Find(store, arguments.Words[0]);
        Plan plan = store.PlanOf(address.Execution);
        NodePath[] paths = address.Path is { } path ? [path] : [.. plan.Nodes.Select(node => node.Path)];
        var answers = paths.Select(one => (Path: one, Lines: Explain(store, address.Execution, plan, one, session).ToList())).ToList();
        if (session.Json)
        {
            session.WriteJson(json =>
            {
                json.WriteStartArray();
                foreach ((NodePath node, List<string> lines) in answers)
                {
                    json.WriteStartObject();
                    json.WriteString("node", node.Text);
                    json.WriteStartArray("reasons");
                    foreach (string line in lines)
                        json.WriteStringValue(line);
                    json.WriteEndArray();
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            });
            return ExitCodes.Succeeded;
        }
        foreach ((NodePath node, List<string> lines) in answers)
        {
            session.Out.WriteLine($"{address.Execution.Name}/{node} {lines[0]}");
            foreach (string line in lines.Skip(1))
                session.Out.WriteLine("  " + line);
        }
        return ExitCodes.Succeeded;
    }

    /// <summary>First what became of it, then why, a line each.</summary>
    private static IEnumerable<string> Explain(ProjectStore store, ExecutionRow execution, Plan plan, NodePath path, Session session)
    {
        NodeRow? row = store.Records.FindNode(execution.Id, path);
        Phase phase = row is null ? Phase.Waiting : Enum.Parse<Phase>(row.Phase);
        AttemptRow? last = row is { Attempt: > 0 } && store.Records.Attempts(execution.Id, path) is [.., var newest] ? newest : null;
        ResultCache? cache = PlanFacts.CacheOf(store.Root, plan.Root.Store, session, store.Clock);
        switch (phase)
        {
            case Phase.Reused:
                yield return "was reused: the same work had been done before";
                if (row!.Key is { } hit && cache?.Find(hit) is { } entry)
                    yield return $"by {MakerOf(store, entry)}, {Terminal.Amounts.Instant(entry.Made, store.Clock)} (key {Short(hit)})";
                break;
            case Phase.Succeeded or Phase.Running or Phase.Submitted when row!.Key is { } key:
                yield return phase == Phase.Succeeded ? "ran" : "runs";
                foreach (string line in WhyItRan(store, execution, path, key, cache))
                    yield return line;
                break;
            case Phase.Succeeded or Phase.Running or Phase.Submitted:
                yield return phase == Phase.Succeeded ? "ran" : "runs";
                if (row!.Tally is { } parts)
                {
                    yield return OfParts(store, execution, plan, path, StateRows.ReadTally(parts));
                    break;
                }
                yield return "it is not cached: it runs every time (no outputs are declared, or `cache: false`)";
                foreach (string line in SinceBefore(store, execution, plan, path))
                    yield return line;
                break;
            case Phase.Failed:
                yield return "failed";
                yield return last?.End?.Reason ?? (row!.Tally is { } tally && StateRows.ReadTally(tally).First is { } first ? $"{first.Path}: {first.Message}" : "nothing more is known");
                foreach (string line in (last?.End?.Tail ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries))
                    yield return "| " + line;
                if (last is not null)
                {
                    foreach (string line in row?.Key is { } failed ? WhyItRan(store, execution, path, failed, cache) : SinceBefore(store, execution, plan, path))
                        yield return line;
                }
                break;
            default:
                yield return phase switch { Phase.Skipped => "was skipped", Phase.Blocked => "was not started", Phase.Cancelled => "was stopped", _ => "waits" };
                foreach (string line in WhyItWaits(store, execution, plan, path, phase, row, cache, session))
                    yield return line;
                break;
        }
    }

    private static string MakerOf(ProjectStore store, CacheEntry entry) =>
        store.Records.Find(entry.Execution) is { } row ? $"{row.Name}/{entry.Path}" : $"{entry.Path} in another clone, or in an execution that was removed";

    /// <summary>A sweep: how many of its points came from the cache, and the first that did not. Or a workflow inside.</summary>
    private static string OfParts(ProjectStore store, ExecutionRow execution, Plan plan, NodePath path, Tally tally)
    {
        if (plan.Find(path)?.Node is not Node.Each)
            return $"it is what its parts are: `weft why {execution.Name}` says it of each";
        long reused = 0;
        NodePath? ran = null;
        for (long index = 0; index < Math.Min(tally.Next, MostPoints); index++)
        {
            if (store.Records.FindNode(execution.Id, path.Element(index)) is not { } point)
                continue;
            if (point.Phase == nameof(Phase.Reused))
                reused++;
            else
                ran ??= point.Path;
        }
        string most = tally.Next > MostPoints ? $" of the first {MostPoints}" : "";
        return $"{Terminal.Amounts.Count(tally.Next, "point")}, {reused}{most} reused{(ran is { } one ? $": `weft why {execution.Name}/{one}` says why that one ran" : "")}";
    }

    /// <summary>The parts in which its work differs from the closest that had been done before in this place.</summary>
    private static IEnumerable<string> WhyItRan(ProjectStore store, ExecutionRow execution, NodePath path, string key, ResultCache? cache)
    {
        var earlier = new EarlierWork(store, cache);
        if (earlier.DocumentOf(execution.Id, path, key) is not { } document)
        {
            yield return "nothing is known of what its key was made from";
            yield break;
        }
        Comparison found = earlier.Closest(execution.Definition, path, document, execution.Id);
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

    /// <summary>What is different since an earlier execution of the definition did the same: code, definition, environment, composed configuration.</summary>
    private static IEnumerable<string> SinceBefore(ProjectStore store, ExecutionRow execution, Plan plan, NodePath path)
    {
        foreach (ExecutionRow earlier in store.Catalog.Earlier(execution, MostLookedAt))
        {
            if (SamePlace(store, earlier, execution, plan, path) is not { } place || store.Records.FindNode(earlier.Id, place) is not { } node)
                continue;
            Phase phase = Enum.Parse<Phase>(node.Phase);
            if (!phase.IsTerminal)
                continue;
            TrackingStore tracking = new(store.Connect, new TrackingOptions("mlruns"), TimeProvider.System);
            List<Difference> differences;
            try
            {
                differences = [.. Compared.OfNode(store, tracking, earlier, place).CausesAgainst(Compared.OfNode(store, tracking, execution, path), store)];
            }
            finally
            {
                tracking.DisposeAsync().AsTask().Wait();
            }
            yield return $"since {earlier.Name}/{place}, which {Words(phase)}, {(differences.Count == 0 ? "nothing that is recorded has changed" : "this has changed:")}";
            foreach (Difference one in differences.Take(MostNamed))
                yield return $"{one.What} {(one.Name.Length > 0 ? $"`{one.Name}` " : "")}{Change(one.Before, one.After)}";
            if (differences.Count > MostNamed)
                yield return $"and {differences.Count - MostNamed} more: `weft diff {earlier.Name}/{place} {execution.Name}/{path}`";
            yield break;
        }
    }

    /// <summary>Where an earlier execution did the same: in the same place, unless it swept otherwise; then at the point with the same words.</summary>
    private static NodePath? SamePlace(ProjectStore store, ExecutionRow earlier, ExecutionRow execution, Plan plan, NodePath path)
    {
        if (earlier.Plan == execution.Plan || path.Index is not { } index || SpaceAt(plan, path.Parent)?.PointAt(index) is not { } point)
            return path;
        return SpaceAt(store.PlanOf(earlier), path.Parent) is { } space && space.Points().Take(MostPoints).FirstOrDefault(one => one.Words.Select(word => word.Text).Order(StringComparer.Ordinal)
            .SequenceEqual(point.Words.Select(word => word.Text).Order(StringComparer.Ordinal))) is { } same ? path.Parent.Element(same.Index) : null;
    }

    private static Space? SpaceAt(Plan plan, NodePath path) => plan.Find(path)?.Node is Node.Each { Over: Elements.Known known } ? known.Space : null;

    private static string Change(string? before, string? after) => (before, after) switch
    {
        (null, { }) => $"is new: {Cut(after)}",
        ({ }, null) => $"is gone: {Cut(before)}",
        ({ }, { }) => $"changed from {Cut(before)} to {Cut(after)}",
        _ => "changed",
    };

    private static string Cut(string text) => text.Length > 80 ? text[..80] + "…" : text;

    private static string Short(string key) => key.Length > 15 ? key[..15] : key;

    private static IEnumerable<string> WhyItWaits(ProjectStore store, ExecutionRow execution, Plan plan, NodePath path, Phase phase, NodeRow? row, ResultCache? cache, Session session)
    {
        if ((plan.Find(path) ?? plan.Find(path.Parent)) is not { } node)
            yield break;
        if (node.Node is Node.Gate gate && row is not null && phase is Phase.Running)
        {
            yield return $"for an answer{(gate.Message is { } message ? $" to `{message}`" : "")}: `weft approve {execution.Name}/{path}`";
            yield break;
        }
        if (node.Node.When is { } when && phase == Phase.Skipped)
            yield return $"its condition is `{ExprPrinter.Print(when)}`";
        bool any = false;
        foreach (Node need in plan.ShapeAt(node.Scope).Dependencies(node.Node.Id))
        {
            NodePath before = node.Scope.Child(need.Id.Text);
            Phase state = store.Records.FindNode(execution.Id, before) is { } other ? Enum.Parse<Phase>(other.Phase) : Phase.Waiting;
            if (state.HasOutputs && phase != Phase.Skipped)
                continue;
            any = true;
            yield return $"`{before}`, which it needs, {Words(state)}";
        }
        if (!any && phase == Phase.Blocked)
            yield return "something else failed, and this workflow stops then";
        if (!any && phase is Phase.Waiting or Phase.Ready && DocumentNow(store, execution, plan, path, session) is { } now && cache?.IsClaimed(now.Key()) == true)
            yield return "the same work is being done elsewhere now: its result will be taken";
        else if (!any && phase is Phase.Waiting or Phase.Ready)
            yield return "for a slot (`-j`), for resources that others use, or for equal work that is being done elsewhere";
    }

    private static CacheDocument? DocumentNow(ProjectStore store, ExecutionRow execution, Plan plan, NodePath path, Session session)
    {
        Facts facts = PlanFacts.Of(store.Root, null, null, CacheMode.Enabled, session, store.Clock) with { CacheScope = ResultCache.ScopeOf(plan.Root.Project) };
        return Decision.DocumentOf(plan, path, other => store.Records.FindNode(execution.Id, other) is { } row ? StateRows.FromRow(row, null) : null, facts);
    }

    private static string Words(Phase phase) => phase switch
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
