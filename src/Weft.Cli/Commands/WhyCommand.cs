using Weft.Cli.Remote;
using Weft.Execution;
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
    /// <summary>Earlier executions among which the same work is looked for, and points of one of them.</summary>
    private const int MostLookedAt = 20, MostPoints = 10_000;

    public static readonly Command Command = new("why", "say why a task was reused, ran, waits or failed", "REF", [], Run)
    {
        Count = (1, 1),
        Examples = [("weft why -/train", "of the newest execution"), ("weft why wet-mongoose-1/train/3", "of one point"), ("weft why -", "of every node")],
    };

    private static int Run(Arguments arguments, Session session)
    {
        using RemoteProject? remote = RemoteProject.Of(session);
        if (remote is not null)
            return RemoteNodes.Why(remote, arguments.Words[0], session);
        using ProjectStore store = ProjectStore.OpenExisting(Launch.FindRoot(arguments, session), session);
        Address address = Address.Find(store, arguments.Words[0]);
        Plan plan = store.PlanOf(address.Execution);
        ResultCache? cache = PlanFacts.CacheOf(store.Root, plan.Root.Store, session, store.Clock);
        var reasons = new Reasons(store.Records, store.Place, cache, address.Execution, plan, time => Terminal.Amounts.Instant(time, store.Clock))
        {
            Since = node => SinceBefore(store, address.Execution, plan, node),
            DocumentNow = node => DocumentNow(store, address.Execution, plan, node, session),
        };
        NodePath[] paths = address.Path is { } path ? [path] : [.. plan.Nodes.Select(node => node.Path)];
        var answers = paths.Select(one => (Path: one, Lines: reasons.Of(one).ToList())).ToList();
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
            yield return $"since {earlier.Name}/{place}, which {Reasons.Words(phase)}, {(differences.Count == 0 ? "nothing that is recorded has changed" : "this has changed:")}";
            foreach (Difference one in differences.Take(Reasons.MostNamed))
                yield return $"{one.What} {(one.Name.Length > 0 ? $"`{one.Name}` " : "")}{Reasons.Change(one.Before, one.After)}";
            if (differences.Count > Reasons.MostNamed)
                yield return $"and {differences.Count - Reasons.MostNamed} more: `weft diff {earlier.Name}/{place} {execution.Name}/{path}`";
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

    private static CacheDocument? DocumentNow(ProjectStore store, ExecutionRow execution, Plan plan, NodePath path, Session session)
    {
        Facts facts = PlanFacts.Of(store.Root, null, null, CacheMode.Enabled, session, store.Clock) with { CacheScope = ResultCache.ScopeOf(plan.Root.Project) };
        return Decision.DocumentOf(plan, path, other => store.Records.FindNode(execution.Id, other) is { } row ? StateRows.FromRow(row, null) : null, facts);
    }
}
