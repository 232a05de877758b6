using System.Collections.Immutable;
using Weft.Expressions;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>
/// What a plan says of the ends of its nodes besides the graph: metrics that count as results, tags that move, questions for people, results that are selected
/// by and that nobody reports.
/// </summary>
/// <param name="metrics">The last values of the metrics that a node's program logged itself.</param>
internal sealed class PlanWatch(Plan plan, Func<NodePath, ImmutableSortedDictionary<string, Value>> metrics)
{
    /// <summary>Whether anything in the plan reads results that are not declared; else nobody asks for metrics.</summary>
    private readonly Lazy<bool> _readsResults = new(() => plan.Nodes.Any(node => node.Node.When is not null || node.Node is Node.Each { Best: not null } or Node.Each { Stop: not null }
        || WorkflowShape.Expressions(node.Node).SelectMany(Evaluator.References).Any(reference => reference.Root == Root.Node)));

    private readonly HashSet<NodePath> _warned = [];
    private readonly HashSet<NodePath> _asked = [];

    /// <summary>What an attempt gave: its results, and beside them the last value of each metric.</summary>
    public ImmutableSortedDictionary<string, Value> OutputsOf(EndedAttempt end)
    {
        if (end.Outcome is not Outcome.Succeeded || !_readsResults.Value)
            return end.Outputs;
        ImmutableSortedDictionary<string, Value> logged = metrics(end.Id.Path);
        return logged.IsEmpty ? end.Outputs : logged.SetItems(end.Outputs);
    }

    /// <summary>The tag that moves to a node that has succeeded.</summary>
    public string? TagOf(NodeState state) => state.Phase.HasOutputs && !state.Path.IsRoot ? plan.Find(state.Path)?.Node.Tag : null;

    /// <summary>A sentence about a question that a person has to answer, once.</summary>
    public string? QuestionOf(NodeState state, string execution)
    {
        if (state.Path.IsRoot || plan.Find(state.Path)?.Node is not Node.Gate { Kind: GateKind.Approve } gate || !_asked.Add(state.Path))
            return null;
        return $"{state.Path} waits for an answer{(gate.Message is { } message ? $": {message}" : "")} (`weft approve {execution}/{state.Path}`, or with `--reject`)";
    }

    /// <summary>A sentence when a point has succeeded without the result by which its sweep selects, once per sweep.</summary>
    public string? MissingResult(NodeState state, Func<NodePath, NodeState?> states)
    {
        if (state.Path.Index is null || !state.Phase.HasOutputs || plan.Find(state.Path.Parent) is not { Node: Node.Each { Best: { } best } } sweep || best.ResultOf(state.Outputs) is not null)
            return null;
        if (states(sweep.Path)?.Tally?.Best is not null || !_warned.Add(sweep.Path))
            return null;
        string[] reported = [.. state.Outputs.Where(output => output.Value is Value.Int or Value.Float).Select(output => output.Key)];
        string known = reported.Length == 0 ? "it reported no number at all" : Suggest.HintOrList(best.Result, reported, "it reported") ?? $"it reported {reported.Length} others";
        return $"{state.Path} has ended without `{best.Result}`, by which `{sweep.Path}` selects: {known}";
    }
}
