using System.Collections.Immutable;
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
    private readonly int[][] _dependencies;
    private readonly List<int>?[] _dependents;
    private readonly HashSet<NodeId> _gathered = [];
    private readonly Dictionary<NodeId, HashSet<string>> _read = [];

    public WorkflowShape(WorkflowDefinition workflow)
    {
        Workflow = workflow;
        int count = workflow.Nodes.Length;
        _positions = new Dictionary<NodeId, int>(count);
        for (int i = 0; i < count; i++)
            _positions.TryAdd(workflow.Nodes[i].Id, i);
        _dependencies = new int[count][];
        _dependents = new List<int>?[count];
        var references = new List<Expr.Ref>();
        var needs = new List<int>();
        for (int i = 0; i < count; i++)
        {
            FindNeeds(workflow.Nodes[i], needs, references);
            _dependencies[i] = needs.Count == 0 ? [] : [.. needs];
            foreach (int need in needs)
                (_dependents[need] ??= []).Add(i);
        }
        foreach ((_, Expr expression) in workflow.Return)
            Note(expression, references);
        // The best group of several is only known when all its results are.
        foreach (Node node in workflow.Nodes)
        {
            if (node is Node.Each { Best: { Over.IsEmpty: false } })
                _gathered.Add(node.Id);
        }
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

    public int DependencyCount(NodeId id) => _dependencies[_positions[id]].Length;

    public IEnumerable<Node> Dependents(NodeId id) => _dependents[_positions[id]]?.Select(position => Workflow.Nodes[position]) ?? [];

    /// <summary>True when the lists of an Each's results are used, not only its best.</summary>
    public bool IsGathered(NodeId id) => _gathered.Contains(id);

    /// <summary>The results of an Each that are read by their names, <c>best</c> left out.</summary>
    public IReadOnlySet<string> ResultsRead(NodeId id) => _read.TryGetValue(id, out HashSet<string>? names) ? names : ImmutableHashSet<string>.Empty;

    /// <summary>The expressions of a node that are evaluated in its workflow before it starts.</summary>
    public static IEnumerable<Expr> Expressions(Node node)
    {
        if (node.When is { } when)
            yield return when;
        foreach ((_, Expr bound) in node.Bind)
            yield return bound;
        if (node is Node.Each { Over: Elements.Listed listed })
        {
            foreach ((_, Expr list) in listed.Zip)
                yield return list;
        }
    }

    /// <summary>The positions of the nodes that one depends on, each once.</summary>
    private void FindNeeds(Node node, List<int> needs, List<Expr.Ref> references)
    {
        needs.Clear();
        foreach (Edge edge in node.After)
            Add(edge.From);
        foreach (Expr expression in Expressions(node))
        {
            Note(expression, references);
            foreach (Expr.Ref reference in references)
            {
                if (reference.Root == Root.Node)
                    Add(reference.Node);
            }
        }
        if (needs.Count > 1)
        {
            needs.Sort();
            int kept = 1;
            for (int i = 1; i < needs.Count; i++)
            {
                if (needs[i] != needs[i - 1])
                    needs[kept++] = needs[i];
            }
            needs.RemoveRange(kept, needs.Count - kept);
        }

        void Add(NodeId id)
        {
            if (_positions.TryGetValue(id, out int position))
                needs.Add(position);
        }
    }

    /// <summary>Collects the references of an expression, and notes whose lists of results they read.</summary>
    private void Note(Expr expression, List<Expr.Ref> references)
    {
        references.Clear();
        Evaluator.AddReferences(expression, references);
        foreach (Expr.Ref reference in references)
        {
            if (reference.Root == Root.Node && _positions.TryGetValue(reference.Node, out int position) && Workflow.Nodes[position] is Node.Each
                && !(reference.Path.Length > 1 && reference.Path[1].Name == "best"))
            {
                _gathered.Add(reference.Node);
                if (reference.Path is [_, { Name: { } name }, ..])
                {
                    if (!_read.TryGetValue(reference.Node, out HashSet<string>? names))
                        _read[reference.Node] = names = new HashSet<string>(StringComparer.Ordinal);
                    names.Add(name);
                }
            }
        }
    }

    private (List<Node> Order, List<Node>? Cycle) Sort()
    {
        int count = Workflow.Nodes.Length;
        if (IsInOrder())
            return ([.. Workflow.Nodes], null);
        var order = new List<Node>(count);
        int[] open = new int[count];
        var ready = new PriorityQueue<int, int>();
        for (int i = 0; i < count; i++)
        {
            open[i] = _dependencies[i].Length;
            if (open[i] == 0)
                ready.Enqueue(i, i);
        }
        while (ready.TryDequeue(out int next, out _))
        {
            order.Add(Workflow.Nodes[next]);
            foreach (int dependent in _dependents[next] ?? [])
            {
                if (--open[dependent] == 0)
                    ready.Enqueue(dependent, dependent);
            }
        }
        return (order, order.Count == count ? null : FindCycle(open));
    }

    /// <summary>True when each node is declared after all it depends on, as most are: then that is the order.</summary>
    private bool IsInOrder()
    {
        for (int i = 0; i < _dependencies.Length; i++)
        {
            foreach (int need in _dependencies[i])
            {
                if (need >= i)
                    return false;
            }
        }
        return true;
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
