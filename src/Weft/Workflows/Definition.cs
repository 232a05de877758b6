using System.Collections.Concurrent;
using System.Collections.Immutable;
using Weft.Expressions;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;

namespace Weft.Workflows;

/// <summary>Something declared that a node can use, or that can be run: immutable, known by its name in a <see cref="Closure"/>.</summary>
public abstract record Definition
{
    private Definition()
    {
    }

    public abstract string Name { get; }

    public abstract Span At { get; }

    public sealed record OfTask(TaskDefinition Task) : Definition
    {
        public override string Name => Task.Name;

        public override Span At => Task.At;
    }

    public sealed record OfWorkflow(WorkflowDefinition Workflow) : Definition
    {
        public override string Name => Workflow.Name;

        public override Span At => Workflow.At;
    }

    public sealed record OfLaunchPlan(LaunchPlan Plan) : Definition
    {
        public override string Name => Plan.Name;

        public override Span At => Plan.At;
    }
}

/// <summary>
/// A graph of work. In its expressions <see cref="Root.Input"/> is the workflow's input and <see cref="Root.Node"/> one of its nodes. The
/// order of <see cref="Nodes"/> has no meaning but in output.
/// </summary>
public sealed record WorkflowDefinition(string Name, ImmutableArray<Node> Nodes, Span At)
{
    public ImmutableSortedDictionary<string, Port> In { get; init; } = Port.None;

    public ImmutableSortedDictionary<string, Port> Out { get; init; } = Port.None;

    /// <summary>What each output is.</summary>
    public ImmutableSortedDictionary<string, Expr> Return { get; init; } = Expr.NoBindings;

    public OnFailure Policy { get; init; } = OnFailure.Stop;

    /// <summary>
    /// The node that runs after everything else has ended, and only if something failed. Its expressions may use <c>run.failure.node</c> and
    /// <c>run.failure.message</c>. The workflow stays failed whatever it does.
    /// </summary>
    public NodeId? Handler { get; init; }

    /// <summary>Nodes that run at one time; null leaves it to the engine.</summary>
    public int? Parallel { get; init; }

    /// <summary>The project that it belongs to, under whose name results of equal work are shared and experiments stand; null when its file names none.</summary>
    public string? Project { get; init; }

    /// <summary>Where outputs are kept, such as <c>s3://bucket/folder</c>; null for the project's state.</summary>
    public string? Store { get; init; }
}

/// <summary>What happens to the rest of a workflow when a node has failed.</summary>
public enum OnFailure
{
    /// <summary>What runs is stopped, nothing more is started.</summary>
    Stop,

    /// <summary>What does not depend on the failed node is finished.</summary>
    Continue,
}

/// <summary>A workflow with values for its inputs; used in a node it is an execution of its own.</summary>
public sealed record LaunchPlan(string Name, string Workflow, Span At)
{
    /// <summary>Values that the caller may replace.</summary>
    public ImmutableSortedDictionary<string, Value> Defaults { get; init; } = Value.NoEntries;

    /// <summary>Values that the caller may not replace.</summary>
    public ImmutableSortedDictionary<string, Value> Fixed { get; init; } = Value.NoEntries;

    /// <summary>What a caller may bind: the inputs of the workflow with the defaults of this plan, without the fixed ones. Null without a workflow.</summary>
    public ImmutableSortedDictionary<string, Port>? InputsIn(Closure closure) => closure.Workflows.GetValueOrDefault(Workflow)?.In
        .RemoveRange(Fixed.Keys)
        .ToImmutableSortedDictionary(port => port.Key, port => Defaults.TryGetValue(port.Key, out Value? value) ? port.Value with { Default = value } : port.Value, StringComparer.Ordinal);
}

/// <summary>The definitions that can see each other, by name. Tasks, workflows and launch plans have names of their own.</summary>
public sealed class Closure
{
    private readonly Dictionary<string, TaskDefinition> _tasks = new(StringComparer.Ordinal);
    private readonly Dictionary<string, WorkflowDefinition> _workflows = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LaunchPlan> _launchPlans = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, WorkflowShape> _shapes = new(StringComparer.Ordinal);

    /// <param name="definitions">Of several with one kind and name the first counts; the graph check reports the others.</param>
    public Closure(IEnumerable<Definition> definitions)
    {
        Definitions = [.. definitions];
        foreach (Definition definition in Definitions)
        {
            _ = definition switch
            {
                Definition.OfTask task => _tasks.TryAdd(task.Name, task.Task),
                Definition.OfWorkflow workflow => _workflows.TryAdd(workflow.Name, workflow.Workflow),
                Definition.OfLaunchPlan plan => _launchPlans.TryAdd(plan.Name, plan.Plan),
                _ => throw new InvalidOperationException($"no such definition: {definition.GetType().Name}"),
            };
        }
    }

    public ImmutableArray<Definition> Definitions { get; }

    public IReadOnlyDictionary<string, TaskDefinition> Tasks => _tasks;

    public IReadOnlyDictionary<string, WorkflowDefinition> Workflows => _workflows;

    public IReadOnlyDictionary<string, LaunchPlan> LaunchPlans => _launchPlans;

    /// <summary>What follows from the nodes of a workflow of this closure; computed once.</summary>
    public WorkflowShape ShapeOf(WorkflowDefinition workflow) => _shapes.GetOrAdd(workflow.Name, static (_, one) => new WorkflowShape(one), workflow);

    /// <summary>What a callee takes; null when there is no such definition.</summary>
    public ImmutableSortedDictionary<string, Port>? InputsOf(Callee callee) => callee.Kind switch
    {
        CalleeKind.Task => _tasks.GetValueOrDefault(callee.Name)?.In,
        CalleeKind.Workflow => _workflows.GetValueOrDefault(callee.Name)?.In,
        _ => _launchPlans.GetValueOrDefault(callee.Name)?.InputsIn(this),
    };

    /// <summary>What a callee gives; nothing when there is no such definition.</summary>
    public ImmutableSortedDictionary<string, Port> OutputsOf(Callee callee) => callee.Kind switch
    {
        CalleeKind.Task => _tasks.GetValueOrDefault(callee.Name)?.Out,
        CalleeKind.Workflow => _workflows.GetValueOrDefault(callee.Name)?.Out,
        _ => _launchPlans.GetValueOrDefault(callee.Name) is { } plan ? _workflows.GetValueOrDefault(plan.Workflow)?.Out : null,
    } ?? Port.None;
}
