using Weft.Expressions;
using Weft.Records;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>
/// Why nodes ended without an attempt, or have not begun: the node above that is to blame, followed up to the one with which it began, and what became of
/// that one.
/// </summary>
internal sealed class Hindrances(ExecutionRecords records, ExecutionRow execution, Plan plan)
{
    private const int MostShown = 60;

    /// <summary>Why a node failed: how its last attempt ended; without one an answer that was no, a wrong condition, lists of several lengths, points that failed.</summary>
    public string OfFailure(NodePath path)
    {
        if (records.Attempts(execution.Id, path) is [.., { End.Reason: { } end }])
            return end.IndexOf(": ", StringComparison.Ordinal) is > 0 and var colon && !end.AsSpan(0, colon).Contains(' ') ? end[(colon + 2)..] : end;
        if (StateOf(path).Tally?.First is { } first)
            return $"`{first.Path}`: {first.Message}";
        return records.LastBody(execution.Id, path, History.KindOf(Phase.Failed)) is { } body && History.ReasonOf(body) is { } reason ? reason : "nothing more is known";
    }

    /// <summary>Why a node was skipped: its condition, else what it takes from a node that was skipped.</summary>
    public IEnumerable<string> OfSkip(PlanNode node)
    {
        if (plan.WorkflowAt(node.Scope)?.Handler == node.Node.Id)
        {
            yield return "it runs when something failed, and nothing has";
            yield break;
        }
        bool isAnswered = false;
        if (node.Node.When is { } when)
        {
            isAnswered = Evaluator.Evaluate(when, KnownAt(node)) is Evaluated.Is;
            yield return $"its condition `{ExprPrinter.Print(when)}` {(isAnswered ? "does not hold" : "asks for what is not there")}{Given(when, node)}";
        }
        foreach (string line in isAnswered ? [] : Above(node, phase => phase == Phase.Skipped))
            yield return line;
    }

    /// <summary>Why a node was not started: what it needs did not succeed, or something else failed where that ends the rest.</summary>
    public IEnumerable<string> OfBlock(PlanNode node)
    {
        string[] above = [.. Above(node, phase => phase is Phase.Failed or Phase.Blocked or Phase.Cancelled)];
        return above.Length > 0 ? above : [StoppedBy(node.Scope) ?? Asked() ?? "something else failed, and this workflow stops then"];
    }

    /// <summary>Who or what stopped a node.</summary>
    public string OfStop(PlanNode node) => Asked() ?? StoppedBy(node.Scope) ?? "nothing more is known";

    /// <summary>What a node waits for in nodes above it; nothing when all of those have succeeded.</summary>
    public IEnumerable<string> OfWait(PlanNode node) => Above(node, phase => !phase.HasOutputs);

    /// <summary>The phase of a node; of a point that was never taken that of its sweep, once this has ended.</summary>
    public Phase PhaseOf(NodePath path)
    {
        if (records.FindNode(execution.Id, path) is { } row)
            return Enum.Parse<Phase>(row.Phase);
        if (path.Index is not null && PhaseOf(path.Parent) is { IsTerminal: true } all)
            return all is Phase.Succeeded or Phase.Failed ? Phase.Blocked : all;
        return Phase.Waiting;
    }

    /// <summary>The nodes that it needs and that are in such a phase, each with the node where that began.</summary>
    private IEnumerable<string> Above(PlanNode node, Func<Phase, bool> isIt)
    {
        foreach (Node need in plan.ShapeAt(node.Scope).Dependencies(node.Node.Id))
        {
            NodePath before = node.Scope.Child(need.Id.Text);
            Phase phase = PhaseOf(before);
            if (!isIt(phase))
                continue;
            yield return $"`{before}`, which it needs, {Reasons.Words(phase)}{(phase == Phase.Failed ? ": " + OfFailure(before) : "")}";
            if (phase != Phase.Failed && phase.IsTerminal && Origin(before, phase) is { } origin)
                yield return origin;
        }
    }

    /// <summary>The first of a chain of nodes that did not run, and why it did not.</summary>
    private string? Origin(NodePath path, Phase phase)
    {
        PlanNode? node = plan.Find(path);
        for (int steps = 0; node is not null && steps < plan.Nodes.Length; steps++)
        {
            PlanNode? next = null;
            foreach (Node need in plan.ShapeAt(node.Scope).Dependencies(node.Node.Id))
            {
                NodePath before = node.Scope.Child(need.Id.Text);
                Phase other = PhaseOf(before);
                if (other == Phase.Failed && phase == Phase.Blocked)
                    return $"as `{before}` failed: {OfFailure(before)}";
                if (other == phase)
                    next = plan.Find(before);
            }
            if (next is null)
                break;
            node = next;
        }
        return node is null ? null : phase switch
        {
            Phase.Skipped => $"{(node.Path == path ? "" : $"as `{node.Path}` was skipped: ")}{OfSkip(node).First()}",
            Phase.Blocked => StoppedBy(node.Scope) ?? Asked(),
            _ => Asked() ?? StoppedBy(node.Scope),
        };
    }

    /// <summary>The failure that ends a workflow or one around it; null when there was none.</summary>
    private string? StoppedBy(NodePath scope)
    {
        while (true)
        {
            if (StateOf(scope).Tally?.First is { } first && plan.WorkflowAt(scope) is { Policy: OnFailure.Stop } workflow)
                return $"`{first.Path}` failed, and `{workflow.Name}` stops then (`on_failure: continue` would finish what does not need it): {first.Message}";
            if (scope.IsRoot)
                return null;
            scope = (plan.Find(scope) ?? plan.Find(scope.Parent))?.Scope ?? NodePath.Root;
        }
    }

    private string? Asked() => execution.StopAsked is { } by ? $"the execution was stopped by {by}" : null;

    /// <summary>What the references of a condition gave: <c>: `train.best.acc` is 0.85</c>.</summary>
    private string Given(Expr when, PlanNode node)
    {
        Lookup known = KnownAt(node);
        string[] values = [.. Evaluator.References(when).Distinct().Select(reference => known(reference) is Evaluated.Is { Value: var value } ? $"`{reference}` is {Cut(Rendering.Write(value))}" : "").Where(text => text.Length > 0)];
        return values.Length > 0 ? ": " + string.Join(", ", values) : "";
    }

    private Lookup KnownAt(PlanNode node) => new Surroundings(plan, StateOf, new Facts(execution.Id, execution.Created)).For(node.Scope, node.Path);

    private NodeState StateOf(NodePath path) => records.FindNode(execution.Id, path) is { } row ? StateRows.FromRow(row, null) : new NodeState(path, Phase.Waiting);

    private static string Cut(string text) => text.Length > MostShown ? text[..MostShown] + "…" : text;
}
