using Weft.Execution;
using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Cli;

/// <summary>Why the nodes of a plan would run although something like them had been done: the parts of their work that differ from the last time.</summary>
internal sealed class PlanReasons(Plan plan, string definition, ProjectStore? store, ResultCache? cache, Facts facts)
{
    /// <summary>In a few words; empty when there is nothing to say.</summary>
    public string Of(PlanNode node)
    {
        switch (node.Forecast)
        {
            case Forecast.Reuse reuse:
                return cache?.Find(reuse.Key) is { } entry ? $"made by {NameOf(entry.Execution)}/{entry.Path}" : "";
            case Forecast.Run when cache is not null && store is not null:
                NodePath path = node.Node is Node.Each ? node.Path.Element(0) : node.Path;
                return Decision.DocumentOf(plan, path, StateOf, facts) is { } document ? Compared(document, path) : "";
            default:
                return "";
        }
    }

    private string Compared(CacheDocument document, NodePath path)
    {
        bool hasRun = false;
        foreach ((string key, string execution) in store!.Records.EarlierKeys(definition, path, before: null))
        {
            hasRun = true;
            if (cache!.Find(key)?.Document is { } earlier)
            {
                string[] differences = [.. CacheComparison.Differences(earlier, document).Select(one => one.Component)];
                return differences.Length == 0 ? "" : $"{differences[0]} changed since {execution}{(differences.Length > 1 ? $", and {differences.Length - 1} more" : "")}";
            }
        }
        return hasRun ? "its result was not kept" : "not done before";
    }

    private NodeState? StateOf(NodePath path) => plan.Find(path)?.Forecast is Forecast.Reuse reuse && cache?.Find(reuse.Key) is { } entry
        ? new NodeState(path, Phase.Reused) { Outputs = entry.Outputs }
        : null;

    private string NameOf(ExecutionId execution) => store?.Records.Find(execution)?.Name ?? execution.Value;
}
