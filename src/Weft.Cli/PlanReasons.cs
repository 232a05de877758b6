using Weft.Execution;
using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Cli;

/// <summary>Why the nodes of a plan would run although something like them had been done: the parts of their work that differ from the last time.</summary>
internal sealed class PlanReasons(Plan plan, string definition, ProjectStore? store, ResultCache? cache, Facts facts)
{
    private readonly EarlierWork? _earlier = store is null ? null : new EarlierWork(store.Records, store.Place, cache);

    /// <summary>In a few words; empty when there is nothing to say.</summary>
    public string Of(PlanNode node)
    {
        switch (node.Forecast)
        {
            case Forecast.Reuse reuse:
                return cache?.Find(reuse.Key) is { } entry ? $"made by {NameOf(entry.Execution)}{entry.Path}" : "";
            case Forecast.Run when _earlier is not null && facts.CacheMode == CacheMode.Enabled:
                NodePath path = node.Node is Node.Each ? node.Path.Element(0) : node.Path;
                return Decision.DocumentOf(plan, path, StateOf, facts) is { } document ? Compared(document, path) : "";
            default:
                return "";
        }
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
