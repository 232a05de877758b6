using System.Collections.Immutable;
using Weft.Expressions;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Support;

/// <summary>What a pretended attempt does.</summary>
public delegate (Outcome End, ImmutableSortedDictionary<string, Value> Outputs) Operation(Invocation call);

/// <summary>
/// Plays a plan to its end inside this process: every attempt is a function call, time stands still but for waits, and as much as may runs at
/// once (everything that can start has started before anything ends). It is what proves <see cref="Decision"/> and <see cref="Frontier"/>
/// without a process, a file or a clock.
/// </summary>
public sealed class InProcess
{
    private readonly Operation _operation;
    private readonly Func<Facts> _facts;
    private readonly List<(NodePath Path, Func<(Outcome, ImmutableSortedDictionary<string, Value>)> End)> _running = [];
    private readonly Dictionary<NodePath, CacheDocument?> _documents = [];
    private DateTimeOffset _now = DateTimeOffset.UnixEpoch;

    public InProcess(Plan plan, Operation operation, Func<Facts>? facts = null)
    {
        Plan = plan;
        Frontier = new Frontier(plan);
        _operation = operation;
        _facts = facts ?? (() => new Facts(new ExecutionId("01JDXQ3M5Z8W4T6R2N9P7K1V0B"), default));
    }

    public Plan Plan { get; }

    public Frontier Frontier { get; }

    /// <summary>Attempts at one time.</summary>
    public int Slots { get; init; } = int.MaxValue;

    /// <summary>Which of those that run ends next, by its place in the order of starting.</summary>
    public Func<int, int> Choose { get; init; } = _ => 0;

    public Action<string, ImmutableSortedDictionary<string, Value>> Store { get; init; } = (_, _) => { };

    /// <summary>Plays a launch plan; the attempts inside are named by the path given.</summary>
    public Func<NodePath, Step.Launch, (Outcome, ImmutableSortedDictionary<string, Value>)>? Launch { get; init; }

    /// <summary>Attempts by path.</summary>
    public Dictionary<NodePath, int> Runs { get; } = [];

    /// <summary>Starts and ends of nodes and elements in the order in which they happened.</summary>
    public List<(NodePath Path, bool IsEnd)> Trace { get; } = [];

    /// <summary>How calls met the cache: HIT, MISS, or SKIPPED when it was not asked.</summary>
    public Dictionary<NodePath, string> Cache { get; } = [];

    public int MostAtOnce { get; private set; }

    public int Decisions { get; private set; }

    /// <summary>The state of the execution at its end.</summary>
    public NodeState Play()
    {
        while (true)
        {
            DateTimeOffset? wake = DecideAll(out NodePath sleeper);
            if (Frontier.IsFinished)
                return Frontier.State(NodePath.Root)!;
            if (_running.Count > 0)
            {
                int next = Choose(_running.Count);
                (NodePath path, Func<(Outcome, ImmutableSortedDictionary<string, Value>)> end) = _running[next];
                _running.RemoveAt(next);
                (Outcome outcome, ImmutableSortedDictionary<string, Value> outputs) = end();
                Frontier.AttemptEnded(path, outcome, outputs, _now);
            }
            else if (wake is { } until)
            {
                _now = until;
                Frontier.Wake(sleeper);
            }
            else
            {
                throw new InvalidOperationException("nothing runs, nothing can start, and the execution has not ended");
            }
        }
    }

    private DateTimeOffset? DecideAll(out NodePath sleeper)
    {
        DateTimeOffset? wake = null;
        sleeper = default;
        while (Frontier.TryNext(_running.Count < Slots, out NodePath path))
        {
            Decisions++;
            Step step = Decision.Decide(Plan, path, Frontier.State, _facts() with { Now = _now });
            if (step is Step.Start or Step.Launch && _running.Count >= Slots)
            {
                Frontier.Defer(path);
                return wake;
            }
            if (step is Step.Wait { Until: { } until } && (wake is null || until < wake))
                (wake, sleeper) = (until, path);
            if (step is Step.Stop stop && _running.FindIndex(one => one.Path == path) is >= 0 and int stopped)
                _running[stopped] = (path, () => (new Outcome.Cancelled(stop.Because), Value.NoEntries));
            Note(path, step);
            Frontier.Apply(path, step, _now);
        }
        return wake;
    }

    private void Note(NodePath path, Step step)
    {
        switch (step)
        {
            case Step.Start start:
                Runs[path] = Runs.GetValueOrDefault(path) + 1;
                if (start.Invocation.Id.Number == 1)
                    Trace.Add((path, false));
                _documents[path] = start.Document;
                if (start.Document is not null)
                    Cache.TryAdd(path, _facts().CacheMode == CacheMode.Overwrite ? "SKIPPED" : "MISS");
                _running.Add((path, () => _operation(start.Invocation)));
                MostAtOnce = Math.Max(MostAtOnce, _running.Count);
                break;
            case Step.Launch launch:
                Trace.Add((path, false));
                _running.Add((path, () => Launch!(path, launch)));
                break;
            case Step.Reuse:
                Cache[path] = "HIT";
                Trace.Add((path, false));
                Trace.Add((path, true));
                break;
            case Step.Expand or Step.Ask:
                Trace.Add((path, false));
                break;
            case Step.Finish finish:
                Trace.Add((path, true));
                if (_documents.GetValueOrDefault(path) is { } document)
                    Store(document.Key(), finish.Outputs);
                break;
            case Step.Fail:
                Trace.Add((path, true));
                break;
        }
    }
}

/// <summary>Small workflows as text, for tests that read like a table.</summary>
public static class Graphs
{
    /// <summary>
    /// One node per line: <c>NAME [: INPUT = EXPRESSION, …] [after A, B] [when EXPRESSION]</c>, all using the task <c>t</c> unless a task of the node's own
    /// name is given.
    /// </summary>
    public static WorkflowDefinition Read(string text, string name = "main")
    {
        var nodes = ImmutableArray.CreateBuilder<Node>();
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            (string rest, string? when) = Cut(line, " when ");
            (rest, string? after) = Cut(rest, " after ");
            (string id, string? bind) = Cut(rest, ":");
            nodes.Add(new Node.Use(new NodeId(id), new Callee(CalleeKind.Task, id, Expr.Nowhere), Expr.Nowhere)
            {
                When = when is null ? null : Parse(when),
                After = after is null ? [] : [.. after.Split(',', StringSplitOptions.TrimEntries).Select(one => new Edge(new NodeId(one.TrimEnd('!', '*')), one[^1] switch { '!' => EdgeRule.Succeeded, '*' => EdgeRule.Ended, _ => EdgeRule.SucceededOrSkipped }))],
                Bind = bind is null ? Expr.NoBindings : Expr.NoBindings.AddRange(bind.Split(',').Select(one => one.Split('=', 2)).Select(pair => KeyValuePair.Create(pair[0].Trim(), Parse(pair[1].Trim())))),
            });
        }
        return new WorkflowDefinition(name, nodes.ToImmutable(), Expr.Nowhere);
    }

    /// <summary>A task without a program; any inputs and outputs that the workflow's nodes use.</summary>
    public static TaskDefinition Task(string name, string inputs = "", string outputs = "") => new(name, new TaskBody.Managed(name), Expr.Nowhere)
    {
        In = Ports(inputs),
        Out = Ports(outputs),
    };

    public static ImmutableSortedDictionary<string, Port> Ports(string text) => Port.None.AddRange(
        text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(port => port.Split(':', 2)).Select(port => KeyValuePair.Create(port[0], new Port(TypeParser.Parse(port[1])))));

    /// <summary>The workflow with a task for every node, each taking what it is bound and giving <c>o0</c>.</summary>
    public static Closure Close(WorkflowDefinition workflow, params IEnumerable<Definition> more)
    {
        HashSet<string> given = [.. more.OfType<Definition.OfTask>().Select(task => task.Name)];
        return new Closure(
        [
            new Definition.OfWorkflow(workflow),
            .. more,
            .. workflow.Nodes.OfType<Node.Use>().Where(node => node.Body.Kind == CalleeKind.Task && given.Add(node.Body.Name)).Select(node => new Definition.OfTask(new TaskDefinition(node.Body.Name, new TaskBody.Managed(node.Body.Name), Expr.Nowhere)
            {
                In = Port.None.AddRange(node.Bind.Keys.Select(input => KeyValuePair.Create(input, new Port(TypeExpr.Any)))),
                Out = Ports("o0:any"),
            })),
        ]);
    }

    public static Plan Plan(Closure closure, string workflow = "main", Facts? facts = null, params IEnumerable<KeyValuePair<string, Value>> inputs)
    {
        var problems = new Diagnostics();
        return Planner.Plan(closure, workflow, Value.NoEntries.AddRange(inputs), facts ?? new Facts(default, default), problems)
            ?? throw new DiagnosticException(problems);
    }

    public static Expr Parse(string text)
    {
        var problems = new Diagnostics();
        return ExprParser.Parse(text, new Source("graph", text).Whole, problems) ?? throw new DiagnosticException(problems);
    }

    private static (string Before, string? After) Cut(string text, string mark)
    {
        int at = text.IndexOf(mark, StringComparison.Ordinal);
        return at < 0 ? (text.Trim(), null) : (text[..at].Trim(), text[(at + mark.Length)..].Trim());
    }
}
