using System.Collections.Immutable;
using Weft.Dialects.Native;
using Weft.Execution;
using Weft.Expressions;
using Weft.Records;
using Weft.Sweeps;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Cli;

/// <summary>
/// Puts results of earlier executions in the place of <c>task@last.output</c> and <c>@tag/output</c>, before anything is planned: a plan says exactly what it
/// takes.
/// </summary>
internal sealed class EarlierResults(ProjectStore? store, string definition, Diagnostics problems, Action<string> say)
{
    /// <summary>Executions that are looked through for the newest success of a task.</summary>
    private const int MostLooked = 200;

    public static bool AreNeeded(IEnumerable<Definition> definitions) =>
        definitions.OfType<Definition.OfWorkflow>().SelectMany(one => one.Workflow.Nodes).SelectMany(WorkflowShape.Expressions).SelectMany(Evaluator.References).Any(IsEarlier);

    public ImmutableArray<Definition> Resolve(ImmutableArray<Definition> definitions) =>
    [
        .. definitions.Select(one => one is Definition.OfWorkflow workflow ? new Definition.OfWorkflow(workflow.Workflow with { Nodes = [.. workflow.Workflow.Nodes.Select(Resolve)] }) : one),
    ];

    private static bool IsEarlier(Expr.Ref reference) => reference is { Root: Root.Outside, Path: [{ Name: Outside.Last or Outside.Tag }, ..] };

    private Node Resolve(Node node)
    {
        node = node with { Bind = All(node.Bind), When = node.When is null ? null : References.Replace(node.When, Meant) };
        return node is Node.Each { Over: Elements.Listed listed } each ? each with { Over = new Elements.Listed(All(listed.Zip)) } : node;
    }

    private ImmutableSortedDictionary<string, Expr> All(ImmutableSortedDictionary<string, Expr> expressions) =>
        expressions.ToImmutableSortedDictionary(one => one.Key, one => References.Replace(one.Value, Meant), StringComparer.Ordinal);

    private Expr.Literal? Meant(Expr.Ref reference)
    {
        if (!IsEarlier(reference) || reference.Path is not [{ Name: var kind }, { Name: { } name }, { Name: { } output }, ..])
            return null;
        (ExecutionRow Execution, NodeRow Node)? found = kind == Outside.Tag ? Tagged(name, reference) : Newest(name, reference);
        if (found is not { } source)
            return null;
        var outputs = new Value.Map(source.Node.Outputs is { } text ? StateRows.ReadValues(text) : Value.NoEntries);
        var path = new Expr.Ref(Root.Outside, [.. output.Split('.').Select(part => new Segment(part))], reference.At);
        switch (Evaluator.Follow(path, 0, outputs))
        {
            case Evaluated.Is value:
                say($"{Shown(kind, name, output)} is that of {source.Execution.Name}/{source.Node.Path}");
                return new Expr.Literal(value.Value, reference.At);
            default:
                problems.Error("earlier/no-output", $"{source.Execution.Name}/{source.Node.Path} has no output `{output}`", reference.At, Suggest.HintOrList(output, [.. outputs.Entries.Keys], "it has"));
                return null;
        }
    }

    private (ExecutionRow, NodeRow)? Tagged(string tag, Expr.Ref reference)
    {
        if (store?.Catalog.FindTag(tag) is { } row && store.Records.Find(row.Execution) is { } execution && row.Path is { } path && store.Records.FindNode(execution.Id, path) is { } node)
            return (execution, node);
        problems.Error("earlier/no-tag", $"nothing has the tag `{tag}` yet", reference.At, store is null ? null : Suggest.HintOrList(tag, [.. store.Catalog.Tags().Select(one => one.Name)], "tags"));
        return null;
    }

    private (ExecutionRow, NodeRow)? Newest(string task, Expr.Ref reference)
    {
        foreach (ExecutionRow execution in store?.Catalog.List(unfinishedOnly: false, null, MostLooked) ?? [])
        {
            bool isSame = execution.Definition == definition || execution.Definition == task || execution.Definition == WeftFile.Main;
            if (isSame && store!.Records.FindNode(execution.Id, new NodePath(task)) is { } node && Enum.Parse<Phase>(node.Phase).HasOutputs)
                return (execution, node);
        }
        problems.Error("earlier/none", $"`{task}` has not succeeded yet", reference.At, $"`weft run {task}` makes its first result");
        return null;
    }

    private static string Shown(string? kind, string name, string output) => kind == Outside.Tag ? $"@{name}/{output}" : $"{name}@last.{output}";
}
