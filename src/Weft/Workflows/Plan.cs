using System.Collections.Concurrent;
using System.Collections.Immutable;
using Weft.Values;

namespace Weft.Workflows;

/// <summary>
/// What one execution will do: every node that is known before the start, in an order in which each comes after those it depends on. An
/// <see cref="Node.Each"/> is one of them, whatever its size; its elements, and what grows at run time, are found by their paths.
/// </summary>
public sealed class Plan
{
    private readonly Lazy<Dictionary<NodePath, PlanNode>> _byPath;
    private readonly ConcurrentDictionary<NodePath, Fragment> _grown = [];

    internal Plan(
        Digest id, Closure closure, string workflow, ImmutableSortedDictionary<string, Value> inputs, ImmutableArray<PlanNode> nodes)
    {
        Id = id;
        Closure = closure;
        Workflow = workflow;
        Inputs = inputs;
        Nodes = nodes;
        _byPath = new(() => Nodes.ToDictionary(node => node.Path));
    }

    /// <summary>Digest of definitions and inputs: the same workflow with the same inputs has the same id, whatever the code.</summary>
    public Digest Id { get; }

    public Closure Closure { get; }

    /// <summary>The name of the workflow that runs.</summary>
    public string Workflow { get; }

    /// <summary>Its inputs, defaults included.</summary>
    public ImmutableSortedDictionary<string, Value> Inputs { get; }

    public ImmutableArray<PlanNode> Nodes { get; }

    public WorkflowDefinition Root => Closure.Workflows[Workflow];

    /// <summary>
    /// The node at a path. The nodes inside elements, which the plan does not hold, are found by what the element uses. Null for the execution
    /// itself, for an element, and for what does not exist.
    /// </summary>
    public PlanNode? Find(NodePath path)
    {
        if (path.IsRoot || path.Text.EndsWith(']'))
            return null;
        if (_byPath.Value.TryGetValue(path, out PlanNode? known))
            return known;
        // The id of a node may hold slashes: the longest scope that has such a node is meant.
        for (int cut = path.Text.LastIndexOf('/'); ; cut = path.Text.LastIndexOf('/', cut - 1))
        {
            var scope = new NodePath(cut < 0 ? "" : path.Text[..cut]);
            var id = new NodeId(path.Text[(cut + 1)..]);
            if (WorkflowAt(scope) is { } workflow && ClosureAt(scope).ShapeOf(workflow).Find(id) is { } node)
                return new PlanNode(path, scope, node, EngineAt(scope), new Forecast.Depends([scope]));
            if (cut <= 0)
                return null;
        }
    }

    /// <summary>The MLflow experiment of the runs of a node, or of an element.</summary>
    public string ExperimentOf(NodePath path) =>
        (Find(path) ?? Find(path.Parent)) is { Node.Uses: { Kind: CalleeKind.Task } callee } node && ClosureAt(node.Scope).Tasks[callee.Name].Experiment is { } named ? named : Workflow;

    /// <summary>The nodes that start when a scope opens, in an order of dependency; the handler is among them.</summary>
    public IEnumerable<PlanNode> NodesIn(NodePath scope) => ShapeAt(scope).Order.Select(node => Find(scope.Child(node.Id.Text))!);

    /// <summary>The workflow whose nodes stand in a scope: the execution, a node that uses a workflow, or an element that does. Else null.</summary>
    public WorkflowDefinition? WorkflowAt(NodePath scope)
    {
        if (scope.IsRoot)
            return Root;
        if (_grown.TryGetValue(scope, out Fragment? fragment))
            return fragment.Closure.Workflows[fragment.Workflow];
        PlanNode? user = scope.Index is not null ? Find(scope.Parent) : Find(scope);
        Callee? callee = scope.Index is not null ? (user?.Node as Node.Each)?.Body : (user?.Node as Node.Use)?.Body;
        return callee is { Kind: CalleeKind.Workflow } ? ClosureAt(user!.Scope).Workflows.GetValueOrDefault(callee.Name) : null;
    }

    /// <summary>Puts a graph that was made at run time in the place of its node. What grew is not written with the plan: it is in the node's state.</summary>
    public void Graft(NodePath path, Fragment fragment) => _grown[path] = fragment;

    /// <summary>The definitions that the nodes of a scope see: the plan's, or those of the fragment in which the scope lies.</summary>
    public Closure ClosureAt(NodePath scope)
    {
        if (_grown.IsEmpty)
            return Closure;
        for (NodePath at = scope; !at.IsRoot; at = at.Parent)
        {
            if (_grown.TryGetValue(at, out Fragment? fragment))
                return fragment.Closure;
        }
        return Closure;
    }

    /// <exception cref="ArgumentException">There is no such scope.</exception>
    public WorkflowShape ShapeAt(NodePath scope) =>
        ClosureAt(scope).ShapeOf(WorkflowAt(scope) ?? throw new ArgumentException($"`{scope}` is no scope", nameof(scope)));

    private EngineProfile EngineAt(NodePath scope) =>
        scope.IsRoot ? EngineProfile.Local : (Find(scope) ?? Find(scope.Parent))?.Engine ?? EngineProfile.Local;
}

/// <summary>A node with its place in the execution.</summary>
/// <param name="Scope">The node, element or root in whose workflow it stands: where its inputs and its neighbours are.</param>
public sealed record PlanNode(NodePath Path, NodePath Scope, Node Node, EngineProfile Engine, Forecast Forecast);

/// <summary>Where a node is placed: an engine and how it is set up.</summary>
/// <param name="Kind"><c>local</c>, <c>slurm</c>, …</param>
public sealed record EngineProfile(string Name, string Kind)
{
    public static EngineProfile Local { get; } = new("local", "local");

    /// <summary>Settings as the profile has them, passed to the engine.</summary>
    public ImmutableSortedDictionary<string, string> Settings { get; init; } = Sorted.None<string>();
}

/// <summary>
/// What the planner says of a node before anything runs. The law: what is forecast to run is executed, and nothing is executed that was
/// not forecast to run or to depend.
/// </summary>
public abstract record Forecast
{
    private Forecast()
    {
    }

    public static readonly Forecast WillRun = new Run();

    public sealed record Run : Forecast
    {
        /// <summary>Of a sweep: points whose results are in the cache already.</summary>
        public long Reused { get; init; }
    }

    /// <summary>Its result is in the cache already.</summary>
    public sealed record Reuse(string Key) : Forecast;

    /// <summary>Its condition does not hold.</summary>
    public sealed record Skip : Forecast;

    /// <summary>It is decided by what these give, or by whether they run.</summary>
    public sealed record Depends(ImmutableArray<NodePath> On) : Forecast;
}
