using System.Collections.Immutable;
using Weft.Expressions;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;

namespace Weft.Workflows;

/// <summary>
/// One place in a workflow. A branch needs no kind of its own: each case is a node with a <see cref="When"/>, and its result is an
/// <see cref="Expr.First"/> over the cases.
/// </summary>
public abstract record Node(NodeId Id, Span At)
{
    /// <summary>Values for the inputs of what the node uses.</summary>
    public ImmutableSortedDictionary<string, Expr> Bind { get; init; } = Expr.NoBindings;

    /// <summary>Order without data.</summary>
    public ImmutableArray<Edge> After { get; init; } = [];

    /// <summary>The node is skipped when this is false; null for always.</summary>
    public Expr? When { get; init; }

    public Overrides With { get; init; } = Overrides.None;

    /// <summary>A failure of another node does not keep it from running.</summary>
    public bool Always { get; init; }

    /// <summary>A name that is moved here when the node has succeeded.</summary>
    public string? Tag { get; init; }

    /// <summary>What the node runs; null for a gate.</summary>
    public Callee? Uses => this switch
    {
        Use use => use.Body,
        Each each => each.Body,
        Grow grow => new Callee(CalleeKind.Task, grow.Builder, grow.At),
        _ => null,
    };

    /// <summary>One use of a task, a workflow (inline: its nodes belong to this execution) or a launch plan (an execution of its own).</summary>
    public sealed record Use(NodeId Id, Callee Body, Span At) : Node(Id, At);

    /// <summary>The same body for many elements: a sweep, a map, a multirun. It stays one node whatever their number.</summary>
    public sealed record Each(NodeId Id, Elements Over, Callee Body, Span At) : Node(Id, At)
    {
        /// <summary>Elements that run at one time; null leaves it to the engine.</summary>
        public int? Parallel { get; init; }

        public FailureBudget Budget { get; init; } = FailureBudget.Default;

        /// <summary>Which element the output <c>best</c> is.</summary>
        public Selection? Best { get; init; }

        /// <summary>No more elements start once this holds; it sees <c>best</c>.</summary>
        public Expr? Stop { get; init; }
    }

    /// <summary>Waits for a person or for time.</summary>
    public sealed record Gate(NodeId Id, GateKind Kind, Span At) : Node(Id, At)
    {
        /// <summary>What a person is asked.</summary>
        public string? Message { get; init; }

        /// <summary>Of an input: the type of the value that is asked for.</summary>
        public TypeExpr? Type { get; init; }

        /// <summary>Of a sleep: how long. Of the others: after this time without an answer the node fails; null waits for ever.</summary>
        public TimeSpan? Limit { get; init; }
    }

    /// <summary>
    /// A task whose result is a graph, which then runs in its place with the same inputs. What the node gives is what that graph's workflow gives.
    /// </summary>
    /// <param name="Builder">The task that makes the graph and gives it, as <see cref="Fragment"/> writes it, in its output <see cref="Graph"/>.</param>
    public sealed record Grow(NodeId Id, string Builder, Span At) : Node(Id, At)
    {
        public const string Graph = "graph";
    }
}

public enum GateKind
{
    /// <summary>Passes its input <c>value</c> on as its output <c>o0</c> when it is approved, fails when it is rejected.</summary>
    Approve,

    /// <summary>Asks for a value, which becomes its output <c>o0</c>.</summary>
    Input,

    Sleep,
}

/// <summary>What a node uses, by name.</summary>
public sealed record Callee(CalleeKind Kind, string Name, Span At);

public enum CalleeKind
{
    Task,
    Workflow,
    LaunchPlan,
}

/// <summary>An order between two nodes of a workflow.</summary>
public readonly record struct Edge(NodeId From, EdgeRule Rule = EdgeRule.SucceededOrSkipped);

public enum EdgeRule
{
    /// <summary>The node is skipped when the earlier one was skipped.</summary>
    Succeeded,

    /// <summary>A skipped node lets the later one through.</summary>
    SucceededOrSkipped,

    /// <summary>However the earlier one ended.</summary>
    Ended,
}

/// <summary>What one node changes of the task that it uses; null leaves it.</summary>
public sealed record Overrides(
    Resources? Needs = null,
    Retry? Retry = null,
    Limits? Limits = null,
    CacheRule? Cache = null,
    string? Image = null,
    string? Engine = null)
{
    public static Overrides None { get; } = new();

    public TaskDefinition ApplyTo(TaskDefinition task) => this == None
        ? task
        : task with
        {
            Needs = Needs ?? task.Needs,
            Retry = Retry ?? task.Retry,
            Limits = Limits ?? task.Limits,
            Cache = Cache ?? task.Cache,
            Image = Image ?? task.Image,
        };
}
