using Weft.Execution;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Cli;

/// <summary>Why the nodes of a plan would run although something like them had been done: the parts of their work that differ from the last time.</summary>
internal sealed class PlanReasons(Plan plan, string definition, ProjectStore? store, ResultCache? cache, Facts facts)
{
    /// <summary>Points among which the first to run is looked for.</summary>
    private const int MostPoints = 1000;

    private readonly EarlierWork? _earlier = store is null ? null : new EarlierWork(store.Records, store.Place, cache);

    /// <summary>In a few words; empty when there is nothing to say.</summary>
    public string Of(PlanNode node)
    {
        switch (node.Forecast)
        {
            case Forecast.Reuse reuse:
                return cache?.Find(reuse.Key) is { } entry ? $"made by {NameOf(entry.Execution)}{entry.Path}" : "";
            case Forecast.Run when _earlier is not null && facts.CacheMode == CacheMode.Enabled:
                return FirstToRun(node) is var (path, document) ? Compared(document, path) : "";
            default:
                return "";
        }
    }

    /// <summary>The node itself; of a sweep the first point whose result is not there.</summary>
    private (NodePath Path, CacheDocument Document)? FirstToRun(PlanNode node)
    {
        if (node.Node is not Node.Each { Over: Elements.Known { Space: var space } })
            return Decision.DocumentOf(plan, node.Path, StateOf, facts) is { } own ? (node.Path, own) : null;
        foreach (Point point in space.Points().Take(MostPoints))
        {
            NodePath path = node.Path.Element(point.Index);
            if (Decision.DocumentOf(plan, path, StateOf, facts) is not { } document)
                return null;
            if (cache?.Find(document.Key()) is null)
                return (path, document);
        }
        return null;
    }

    private string Compared(CacheDocument document, NodePath path)
    {
        Comparison found = _earlier!.Closest(definition, path, document, execution: null);
        return found switch
        {
            { With: { } with, Differences: [var first, .. var more] } => $"{first.Component} changed since {with}{(more.Length > 0 ? $", and {more.Length} more" : "")}",
            { HasRun: true } => "its result was not kept",
            _ => "not done before",
        };
    }

    private NodeState? StateOf(NodePath path) => plan.Find(path)?.Forecast is Forecast.Reuse reuse && cache?.Find(reuse.Key) is { } entry
        ? new NodeState(path, Phase.Reused) { Outputs = entry.Outputs }
        : null;

    private string NameOf(ExecutionId execution) => store?.Records.Find(execution) is { } row ? row.Name + "/" : "another clone: ";
}
