using Weft.Execution;
using Weft.Expressions;
using Weft.Records;
using Weft.Support;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Tests.Execution;

/// <summary>A workflow's own number of tasks at a time.</summary>
public sealed class WorkflowLimitTests : IDisposable
{
    private static readonly Span At = Expr.Nowhere;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void No_more_tasks_run_at_a_time_than_the_workflow_says(int limit)
    {
        Node[] nodes = [.. Enumerable.Range(0, 5).Select(i => Use($"n{i}", "task"))];
        Assert.Equal(limit, Most(Run(new WorkflowDefinition("main", [.. nodes], At) { Parallel = limit })));
    }

    [Fact]
    public void The_points_of_a_sweep_are_tasks_of_its_workflow_and_are_not_taken_ahead()
    {
        IReadOnlyList<EventRow> history = Run(new WorkflowDefinition("main", [Sweep("s", 6), Sweep("t", 6)], At) { Parallel = 3 });
        Assert.Equal(3, Most(history));
        Assert.Equal(12, history.Count(entry => entry.Kind == "succeeded" && entry.Path?.Index is not null));
    }

    [Fact]
    public void A_full_workflow_does_not_hold_up_the_others()
    {
        var inner = new WorkflowDefinition("inner", [Use("a", "wait"), Use("b", "task")], At) { Parallel = 1 };
        var outer = new WorkflowDefinition("main", [new Node.Use(new NodeId("w"), new Callee(CalleeKind.Workflow, "inner", At), At), Use("free", "release")], At);
        // `wait` ends only once `release` has run, and `b` waits for `a`'s place meanwhile.
        // What `release` left for `wait` may be seen before the end of `release` itself.
        string[] ended = [.. Run(outer, inner).Where(entry => entry.Kind == "succeeded").Select(entry => entry.Path!.Value.Text)];
        Assert.Equal(["w/a", "w/b", "w", ""], ended.Where(path => path != "free"));
        Assert.Contains("free", ended);
    }

    [Fact]
    public void A_failure_ends_what_waits_for_its_turn()
    {
        IReadOnlyList<EventRow> history = Run(new WorkflowDefinition("main", [Use("a", "fail"), Use("b", "task"), Use("c", "task")], At) { Parallel = 1 });
        Assert.Single(history, entry => entry.Kind == History.Started);
        Assert.Equal(["b", "c"], history.Where(entry => entry.Kind == "blocked").Select(entry => entry.Path!.Value.Text).Order());
    }

    private static Node.Use Use(string id, string task) => new(new NodeId(id), new Callee(CalleeKind.Task, task, At), At);

    private static Node.Each Sweep(string id, int points) => new(
        new NodeId(id), new Elements.Known(new Axis("i", new Choices.Typed([.. Enumerable.Range(0, points).Select(i => new Word($"{i}", Value.Of(i)))]), At)), new Callee(CalleeKind.Task, "task", At), At);

    private static TaskDefinition Shell(string name, string script) => new(name, new TaskBody.Command([Expr.Of("sh"), Expr.Of("-c"), Expr.Of(script)]), At);

    private IReadOnlyList<EventRow> Run(params WorkflowDefinition[] workflows)
    {
        Definition[] definitions =
        [
            .. workflows.Select(workflow => new Definition.OfWorkflow(workflow)),
            new Definition.OfTask(Shell("task", "true")),
            new Definition.OfTask(Shell("fail", "exit 3")),
            new Definition.OfTask(Shell("wait", "while ! test -e released; do sleep 0.01; done")),
            new Definition.OfTask(Shell("release", "echo > released")),
        ];
        using var project = new SweepProject(_folder.Root) { Definitions = definitions, Parallel = 8 };
        return project.Records.Events(project.Run().Id, after: 0, limit: 1000);
    }

    /// <summary>How many attempts ran at one time at most, by the order of the recorded history.</summary>
    private static int Most(IEnumerable<EventRow> history)
    {
        int running = 0, most = 0;
        var open = new HashSet<NodePath>();
        foreach (EventRow entry in history.Where(entry => entry.Path is not null))
        {
            if (entry.Kind == History.Started)
                open.Add(entry.Path!.Value);
            running = entry.Kind == History.Started ? running + 1 : open.Remove(entry.Path!.Value) ? running - 1 : running;
            most = Math.Max(most, running);
        }
        return most;
    }
}
