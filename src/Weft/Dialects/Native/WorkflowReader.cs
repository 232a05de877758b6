using System.Collections.Immutable;
using Weft.Config.Yaml;
using Weft.Expressions;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Dialects.Native;

/// <summary>Makes the definitions of a workflow and of all that it uses, with everything that is wrong with their expressions.</summary>
internal sealed class WorkflowReader
{
    private readonly WeftFile _file;
    private readonly Changes _changes;
    private readonly Diagnostics _problems;
    private readonly List<Definition> _definitions = [];
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    private WorkflowReader(WeftFile file, Changes changes, Diagnostics problems)
    {
        _file = file;
        _changes = changes;
        _problems = problems;
    }

    /// <param name="only">The tasks to keep; those that they depend on are kept too. Null for all.</param>
    public static ImmutableArray<Definition> Read(WeftFile file, WorkflowScope scope, string? only, Changes changes, Diagnostics problems)
    {
        var reader = new WorkflowReader(file, changes, problems);
        reader.ReadWorkflow(scope, only);
        return [.. reader._definitions];
    }

    /// <summary>The scope of a workflow of the file.</summary>
    public static WorkflowScope ScopeOf(WeftFile file, string name, Diagnostics problems) => new(
        name,
        name == WeftFile.Main ? file.Root : file.Root.MapOf("workflows").MapOf(name) ?? file.Root,
        file.InputsOf(name, problems),
        file.Root.NamesOf("workflows"));

    private void ReadWorkflow(WorkflowScope scope, string? only)
    {
        if (!_read.Add(scope.Name))
            return;
        var tasks = new TaskReader(_file, scope, _changes, _problems);
        var nodes = new List<Node>();
        var last = new List<NodeId>();
        var branches = new Dictionary<string, Branch>(StringComparer.Ordinal);
        foreach ((string name, YamlNode value, Span at) in scope.Where.EntriesOf("tasks"))
        {
            if (value is not YamlMapping task || tasks.Read(name, task, at) is not { } made)
                continue;
            if (made.Branch is { } branch)
                branches[name] = branch;
            if (task.FlagOf("finally") == true)
                last.AddRange(made.Nodes.Select(node => node.Id));
            nodes.AddRange(made.Nodes);
            _definitions.AddRange(made.Definitions);
        }
        ImmutableSortedDictionary<string, Expr> returns = ReturnsOf(scope);
        if (branches.Count > 0)
            (nodes, returns) = WithBranches(nodes, returns, branches);
        if (only is not null)
            nodes = UpTo(nodes, only);
        (OnFailure policy, NodeId? handler) = FailureOf(scope);
        nodes = WithLast(nodes, last, handler);
        _definitions.Add(new Definition.OfWorkflow(new WorkflowDefinition(scope.Name, [.. nodes], scope.Where.MapOf("tasks")?.At ?? scope.Where.At)
        {
            In = scope.In,
            Project = _file.Project,
            Store = _file.Store,
            Out = Sorted.Map(returns, Port.None, _ => new Port(TypeExpr.Any)),
            Return = returns,
            Policy = policy,
            Handler = nodes.Exists(node => node.Id == handler) ? handler : null,
            Parallel = (int?)scope.Where.WholeOf("parallel"),
        }));
        foreach (string used in nodes.Select(node => node.Uses).Where(callee => callee is { Kind: CalleeKind.Workflow }).Select(callee => callee!.Name))
            ReadWorkflow(ScopeOf(_file, used, _problems), null);
    }

    private ImmutableSortedDictionary<string, Expr> ReturnsOf(WorkflowScope scope)
    {
        var returns = Expr.NoBindings.ToBuilder();
        if (scope.IsMain)
            return returns.ToImmutable();
        foreach ((string name, YamlNode value, _) in scope.Where.EntriesOf("outputs"))
        {
            if (new References(scope.Names, _file.Naming, _problems).Read(value) is { } result)
                returns[name] = result;
        }
        return returns.ToImmutable();
    }

    private (OnFailure, NodeId?) FailureOf(WorkflowScope scope)
    {
        YamlMapping? map = scope.Where.MapOf("on_failure");
        string? text = scope.Where.TextOf("on_failure");
        OnFailure policy = (map.TextOf("then") ?? text) == "continue" ? OnFailure.Continue : OnFailure.Stop;
        string? name = map.TextOf("run") ?? (text is "stop" or "continue" ? null : text);
        if (name is null)
            return (policy, null);
        if (scope.Names.Contains(name))
            return (policy, new NodeId(name));
        _problems.Error("weft/on-failure", $"`{name}` is no task of `{scope.Name}`", (map?["run"] ?? scope.Where["on_failure"])!.At, Suggest.HintOrList(name, [.. scope.Names, "stop", "continue"], "it can be"));
        return (policy, null);
    }

    /// <summary>A reference to a task of two sides means the side that ran; what comes after it comes after both.</summary>
    private static (List<Node>, ImmutableSortedDictionary<string, Expr>) WithBranches(List<Node> nodes, ImmutableSortedDictionary<string, Expr> returns, Dictionary<string, Branch> branches)
    {
        return (
            [.. nodes.Select(node => OfNode(node) with
            {
                Bind = All(node.Bind),
                When = node.When is null ? null : References.Replace(node.When, Meant),
                After = [.. node.After.SelectMany(Edges)],
            })],
            All(returns));

        Expr? Meant(Expr.Ref reference) => reference.Root == Root.Node && branches.TryGetValue(reference.Node.Text, out Branch? branch) && reference.Path.Length > 1
            ? branch.Output(reference.Path.RemoveAt(0), reference.At)
            : null;

        IEnumerable<Edge> Edges(Edge edge) => branches.TryGetValue(edge.From.Text, out Branch? branch)
            ? branch.Ids.Select(id => edge with { From = id, Rule = edge.Rule == EdgeRule.Succeeded ? EdgeRule.SucceededOrSkipped : edge.Rule })
            : [edge];

        ImmutableSortedDictionary<string, Expr> All(ImmutableSortedDictionary<string, Expr> expressions) =>
            expressions.ToImmutableSortedDictionary(one => one.Key, one => References.Replace(one.Value, Meant), StringComparer.Ordinal);

        Node OfNode(Node node) => node is Node.Each { Over: Elements.Listed listed } each ? each with { Over = new Elements.Listed(All(listed.Zip)) } : node;
    }

    /// <summary>A task that is named with all that it depends on.</summary>
    private static List<Node> UpTo(List<Node> nodes, string name)
    {
        var wanted = new HashSet<NodeId>(nodes.Where(node => node.Id.Text == name || node.Id.Text.StartsWith(name + "/", StringComparison.Ordinal)).Select(node => node.Id));
        var open = new Queue<NodeId>(wanted);
        ILookup<NodeId, Node> byId = nodes.ToLookup(node => node.Id);
        while (open.TryDequeue(out NodeId id))
        {
            foreach (Node node in byId[id])
            {
                IEnumerable<NodeId> needs = WorkflowShape.Expressions(node).SelectMany(Evaluator.References).Where(reference => reference.Root == Root.Node).Select(reference => reference.Node).Concat(node.After.Select(edge => edge.From));
                foreach (NodeId need in needs.Where(wanted.Add))
                    open.Enqueue(need);
            }
        }
        return [.. nodes.Where(node => wanted.Contains(node.Id))];
    }

    /// <summary>The nodes of <c>finally</c> come after all others, however those end.</summary>
    private static List<Node> WithLast(List<Node> nodes, List<NodeId> last, NodeId? handler)
    {
        if (last.Count == 0)
            return nodes;
        Edge[] others = [.. nodes.Where(node => !last.Contains(node.Id) && node.Id != handler).Select(node => new Edge(node.Id, EdgeRule.Ended))];
        return [.. nodes.Select(node => last.Contains(node.Id) ? node with { Always = true, After = [.. node.After.Where(edge => last.Contains(edge.From)), .. others] } : node)];
    }
}
