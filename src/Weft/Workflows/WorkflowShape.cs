using Weft.Expressions;
using Weft.Sweeps;
using Weft.Values;

namespace Weft.Workflows;

/// <summary>
/// What follows from a workflow's nodes alone, computed once in linear time: who depends on whom, in which order, and of which sweeps the lists
/// of all results are wanted. The order is by dependency, and among equals as declared.
/// </summary>
public sealed class WorkflowShape
{
    private readonly Dictionary<NodeId, int> _positions;
    private readonly List<int>[] _dependencies;
    private readonly List<int>[] _dependents;
    private readonly HashSet<NodeId> _gathered = [];

    public WorkflowShape(WorkflowDefinition workflow)
    {
        Workflow = workflow;
        int count = workflow.Nodes.Length;
        _positions = new Dictionary<NodeId, int>(count);
        for (int i = 0; i < count; i++)
            _positions.TryAdd(workflow.Nodes[i].Id, i);
        _dependencies = new List<int>[count];
        _dependents = new List<int>[count];
        for (int i = 0; i < count; i++)
            _dependents[i] = [];
        for (int i = 0; i < count; i++)
        {
            _dependencies[i] = [.. NeedsOf(workflow.Nodes[i]).Distinct()];
            foreach (int need in _dependencies[i])
                _dependents[need].Add(i);
        }
        foreach (Expr expression in workflow.Return.Values)
            Note(expression);
        // The best group of several is only known when all its results are.
        _gathered.UnionWith(workflow.Nodes.OfType<Node.Each>().Where(each => each.Best is { Over.IsEmpty: false }).Select(each => each.Id));
        (Order, Cycle) = Sort();
    }

    public WorkflowDefinition Workflow { get; }

    /// <summary>All nodes, each after those it depends on; the nodes of a cycle are missing.</summary>
    public IReadOnlyList<Node> Order { get; }

    /// <summary>One cycle as a path whose first and last node are the same; null when there is none.</summary>
    public IReadOnlyList<Node>? Cycle { get; }

    public Node? Find(NodeId id) => _positions.TryGetValue(id, out int position) ? Workflow.Nodes[position] : null;

    /// <summary>The nodes that must have ended before this one is decided.</summary>
    public IEnumerable<Node> Dependencies(NodeId id) => _dependencies[_positions[id]].Select(position => Workflow.Nodes[position]);

    public int DependencyCount(NodeId id) => _dependencies[_positions[id]].Count;

    public IEnumerable<Node> Dependents(NodeId id) => _dependents[_positions[id]].Select(position => Workflow.Nodes[position]);

    /// <summary>True when the lists of an Each's results are used, not only its best.</summary>
    public bool IsGathered(NodeId id) => _gathered.Contains(id);

    /// <summary>The expressions of a node that are evaluated in its workflow before it starts.</summary>
    public static IEnumerable<Expr> Expressions(Node node)
    {
        if (node.When is { } when)
            yield return when;
        foreach (Expr bound in node.Bind.Values)
            yield return bound;
        if (node is Node.Each { Over: Elements.Listed listed })
        {
            foreach (Expr list in listed.Zip.Values)
                yield return list;
        }
    }

    private IEnumerable<int> NeedsOf(Node node)
    {
        foreach (Edge edge in node.After)
        {
            if (_positions.TryGetValue(edge.From, out int from))
                yield return from;
        }
        foreach (Expr expression in Expressions(node))
        {
            foreach (Expr.Ref reference in Evaluator.References(expression))
            {
                if (reference.Root == Root.Node && _positions.TryGetValue(reference.Node, out int from))
                    yield return from;
            }
            Note(expression);
        }
    }

    private void Note(Expr expression)
    {
        foreach (Expr.Ref reference in Evaluator.References(expression))
        {
            if (reference.Root == Root.Node && !(reference.Path.Length > 1 && reference.Path[1].Name == "best"))
                _gathered.Add(reference.Node);
        }
    }

    private (List<Node> Order, List<Node>? Cycle) Sort()
    {
        int count = Workflow.Nodes.Length;
        var order = new List<Node>(count);
        int[] open = new int[count];
        var ready = new PriorityQueue<int, int>();
        for (int i = 0; i < count; i++)
        {
            open[i] = _dependencies[i].Count;
            if (open[i] == 0)
                ready.Enqueue(i, i);
        }
        while (ready.TryDequeue(out int next, out _))
        {
            order.Add(Workflow.Nodes[next]);
            foreach (int dependent in _dependents[next])
            {
                if (--open[dependent] == 0)
                    ready.Enqueue(dependent, dependent);
            }
        }
        return (order, order.Count == count ? null : FindCycle(open));
    }

    /// <summary>Every node that is left has a dependency that is left too: walking up comes round to a node seen before.</summary>
    private List<Node> FindCycle(int[] open)
    {
        int at = Array.FindIndex(open, number => number > 0);
        var steps = new Dictionary<int, int>();
        var path = new List<int>();
        while (steps.TryAdd(at, path.Count))
        {
            path.Add(at);
            at = _dependencies[at].First(need => open[need] > 0);
        }
        List<int> cycle = path[steps[at]..];
        cycle.Add(at);
        cycle.Reverse();
        return [.. cycle.Select(position => Workflow.Nodes[position])];
    }
}
