using System.Collections.Immutable;
using System.Text;
using Weft.Expressions;
using Weft.Support;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Tests.Workflows;

public sealed class PlannerTests
{
    [Fact]
    public void Each_node_says_whether_it_runs_and_on_what_that_depends()
    {
        WorkflowDefinition workflow = Graphs.Read("""
            never when 1 > 2
            a: x = 1
            b: x = a.o0
            c when b.o0 > 3
            d: x = c.o0
            e after c
            f: x = never.o0
            """);
        Definition cached = new Definition.OfTask(Graphs.Task("a", "x:int", "o0:int") with { Cache = new CacheRule(true, "1") });
        Definition chained = new Definition.OfTask(Graphs.Task("b", "x:int", "o0:int") with { Cache = new CacheRule(true, "1") });
        Closure closure = Graphs.Close(workflow, cached, chained);
        Assert.Equal("never skip, a run, b depends on a, c depends on b, d depends on c, e run, f skip", Forecasts(Graphs.Plan(closure)));
        Facts warm = new Facts(default, default) { Cache = _ => new CacheAnswer.Hit(Value.NoEntries.Add("o0", Value.Of(7L))) };
        Assert.Equal("never skip, a reuse, b reuse, c run, d run, e run, f skip", Forecasts(Graphs.Plan(closure, facts: warm)));
    }

    [Fact]
    public void Equal_cached_calls_depend_on_each_other_unless_one_comes_first()
    {
        Definition cached = new Definition.OfTask(Graphs.Task("t", "x:int", "o0:int") with { Cache = new CacheRule(true, "1") });
        WorkflowDefinition Two(bool inOrder) => new("main",
        [
            Use("a", "1"),
            Use("b", "1") with { After = inOrder ? [new Edge(new NodeId("a"))] : [] },
            Use("c", "2"),
        ], Expr.Nowhere);
        Assert.Equal("a depends on b, b depends on a, c run", Forecasts(Graphs.Plan(Graphs.Close(Two(false), cached))));
        Assert.Equal("a run, b depends on a, c run", Forecasts(Graphs.Plan(Graphs.Close(Two(true), cached))));

        static Node Use(string id, string x) => new Node.Use(new NodeId(id), new Callee(CalleeKind.Task, "t", Expr.Nowhere), Expr.Nowhere) { Bind = Expr.NoBindings.Add("x", Graphs.Parse(x)) };
    }

    [Fact]
    public void The_identity_is_definitions_and_inputs_and_nothing_else()
    {
        Closure closure = Graphs.Close(Graphs.Read("a: x = inputs.n") with { In = Graphs.Ports("n:int") });
        Closure bigger = new([.. closure.Definitions.Reverse(), new Definition.OfTask(Graphs.Task("unused"))]);
        Plan one = Graphs.Plan(closure, inputs: new KeyValuePair<string, Value>("n", Value.Of(1L)));
        Assert.Equal(one.Id, Graphs.Plan(bigger, facts: new Facts(new ExecutionId("x"), DateTimeOffset.MaxValue), inputs: new KeyValuePair<string, Value>("n", Value.Of(1L))).Id);
        Assert.NotEqual(one.Id, Graphs.Plan(closure, inputs: new KeyValuePair<string, Value>("n", Value.Of(2L))).Id);
        Assert.NotEqual(one.Id, Graphs.Plan(Graphs.Close(Graphs.Read("a: x = inputs.n + 0") with { In = Graphs.Ports("n:int") }), inputs: new KeyValuePair<string, Value>("n", Value.Of(1L))).Id);
    }

    [Fact]
    public void Every_problem_is_reported_in_one_go()
    {
        WorkflowDefinition workflow = Graphs.Read("""
            a: x = inputs.lrr
            b: x = traim.o0, q = 1
            c: x = a.o1
            d after e
            e: x = d.o0
            f when inputs.lr
            """) with { In = Graphs.Ports("lr:float,name:str") };
        Closure closure = Graphs.Close(workflow, new Definition.OfTask(Graphs.Task("b", "x:int,z:int", "o0:int")), new Definition.OfTask(Graphs.Task("a", "x:any", "o0:int")));
        var problems = new Diagnostics();
        Assert.Null(Planner.Plan(closure, "main", Value.NoEntries.Add("nmae", Value.Of("x")).Add("lr", Value.Of(1L)), new Facts(default, default), problems));
        Assert.Equal(
            """
            `main` has no input `lrr` (did you mean `lr`?)
            `b` has no input `q` (it takes: `x` or `z`)
            there is no node `traim` in `main` (nodes: `a`, `b`, `c`, `d`, `e` or `f`)
            the input `z` (int) of `b` is not bound (-)
            `a` has no output `o1` (did you mean `o0`?)
            a condition must be true or false, this is float (compare it with something)
            `main` runs in a circle: d -> e -> d (-)
            `main` has no input `nmae` (did you mean `name`?)
            `lr` must be float, this is the integer 1 (-)
            `main` needs a value for `name` (str) (add name=VALUE)
            """,
            string.Join('\n', problems.Select(problem => $"{problem.Message} ({problem.Hint ?? "-"})")));
    }

    [Fact]
    public void An_unknown_workflow_or_task_is_named_with_the_nearest()
    {
        var problems = new Diagnostics();
        Closure closure = new([new Definition.OfWorkflow(Graphs.Read("train", "main")), new Definition.OfTask(Graphs.Task("trian"))]);
        Assert.Null(Planner.Plan(closure, "mian", Value.NoEntries, new Facts(default, default), problems));
        Assert.Null(Planner.Plan(closure, "main", Value.NoEntries, new Facts(default, default), problems));
        Assert.Equal(["did you mean `main`?", "did you mean `trian`?"], problems.Select(problem => problem.Hint));
    }

    [Fact]
    public void A_workflow_that_uses_itself_is_refused()
    {
        Node Use(string id, string workflow) => new Node.Use(new NodeId(id), new Callee(CalleeKind.Workflow, workflow, Expr.Nowhere), Expr.Nowhere);
        var problems = new Diagnostics();
        Closure closure = new([new Definition.OfWorkflow(new("main", [Use("a", "b")], Expr.Nowhere)), new Definition.OfWorkflow(new("b", [Use("a", "main")], Expr.Nowhere))]);
        Assert.Null(Planner.Plan(closure, "main", Value.NoEntries, new Facts(default, default), problems));
        Assert.Equal("`main` uses itself: main -> b -> main", Assert.Single(problems).Message);
    }

    /// <summary>A chain, a fan and pairs, 20,000 nodes: what is counted is work, not time.</summary>
    [Fact]
    public void Large_graphs_are_planned_and_played_in_linear_work()
    {
        const int Count = 20_000;
        var nodes = ImmutableArray.CreateBuilder<Node>(Count);
        for (int i = 0; i < Count; i++)
        {
            nodes.Add(new Node.Use(new NodeId("n" + i), new Callee(CalleeKind.Task, "t", Expr.Nowhere), Expr.Nowhere)
            {
                Bind = i == 0 ? Expr.NoBindings : Expr.NoBindings.Add("x", Expr.To(Root.Node, "n" + (i % 3 == 0 ? 0 : i - 1), "o0")),
            });
        }
        Closure closure = new([new Definition.OfTask(Graphs.Task("t", "x:any", "o0:any")), new Definition.OfWorkflow(new WorkflowDefinition("main", nodes.MoveToImmutable(), Expr.Nowhere))]);
        Plan plan = Graphs.Plan(closure);
        Assert.Equal(Count, plan.Nodes.Length);
        var play = new InProcess(plan, _ => (new Outcome.Succeeded(), Value.NoEntries.Add("o0", Value.Of(1L)))) { Slots = 8 };
        Assert.Equal(Phase.Succeeded, play.Play().Phase);
        Assert.InRange(play.Decisions, Count, 3 * Count);
    }

    [Fact]
    public void A_point_that_does_not_fit_is_known_before_anything_runs()
    {
        Listing space = new([.. new[] { "1", "2", "x" }.Select((text, i) => new Point(i, [new Word("n=" + text, CanonicalJson.Read(i == 2 ? "\"x\"" : text))], Value.NoEntries.Add("n", CanonicalJson.Read(i == 2 ? "\"x\"" : text))))], Expr.Nowhere);
        var each = new Node.Each(new NodeId("e"), new Elements.Known(space), new Callee(CalleeKind.Task, "t", Expr.Nowhere), Expr.Nowhere);
        var problems = new Diagnostics();
        Closure closure = Graphs.Close(new WorkflowDefinition("main", [each], Expr.Nowhere), new Definition.OfTask(Graphs.Task("t", "n:int")));
        Assert.Null(Planner.Plan(closure, "main", Value.NoEntries, new Facts(default, default), problems));
        Assert.Equal("the input `n` must be int, this is the text `x`, at point 2 (`n=x`)", Assert.Single(problems).Message);
    }

    [Fact]
    public void A_plan_of_a_newer_form_is_refused()
    {
        string json = Encoding.UTF8.GetString(PlanJson.Write(Graphs.Plan(Graphs.Close(Graphs.Read("a"))))).Replace("\"format\":1", "\"format\":99", StringComparison.Ordinal);
        Assert.Contains("format 99", Assert.Throws<System.Text.Json.JsonException>(() => PlanJson.Read(Encoding.UTF8.GetBytes(json))).Message);
    }

    [Fact]
    public void Every_setting_of_a_task_and_a_node_is_kept_in_the_plan()
    {
        TaskDefinition task = new("t", new TaskBody.Shell(Graphs.Parse("inputs.x")), Expr.Nowhere)
        {
            In = Port.None.Add("x", new Port(TypeExpr.Float, Value.Of(1.0), Doc: "a rate")),
            Out = Port.None.Add("model", new Port(new TypeExpr.File("pkl"), Path: "model.pkl")),
            Needs = new Resources(2.5, new ByteSize(1 << 30), new GpuRequest(2, "A100", new ByteSize(40)), new ByteSize(5), new ByteSize(6), 2, 4, true) { Native = Resources.None.Native.Add("qos", "long") },
            Retry = new Retry(3, ErrorClass.Preempted | ErrorClass.Timeout, new Backoff(TimeSpan.FromSeconds(1.5), 2, TimeSpan.FromMinutes(5)), 1.5),
            Limits = new Limits(TimeSpan.FromHours(1), TimeSpan.FromHours(2), TimeSpan.FromSeconds(3), TimeSpan.FromMinutes(2)),
            Cache = new CacheRule(true, null, true, TimeSpan.FromDays(3)) { Code = new FileSet(["src/**/*.py", "!x"]), Ignore = ["x"], Salt = "s" },
            Workspace = Workspace.Private,
            Env = Expr.NoBindings.Add("A", Graphs.Parse("inputs.x + 1")),
            Secrets = ["KEY"],
            Apps = [new AppPort("board", 6006, "/tb")],
            Image = "img:1",
        };
        Node each = new Node.Each(new NodeId("e"), new Elements.Known(new Listing([new Point(0, [new Word("x=1e-3", Value.Of(0.001))], Value.NoEntries.Add("x", Value.Of(0.001)))], Expr.Nowhere)), new Callee(CalleeKind.Task, "t", Expr.Nowhere), Expr.Nowhere)
        {
            Parallel = 3,
            Budget = new FailureBudget(5, 0.9, 7, true),
            Best = new Selection(Sense.Min, "loss") { Over = ["x"] },
            Stop = Graphs.Parse("best.loss < 0.1"),
            When = Graphs.Parse("1 == 1"),
            With = new Overrides(new Resources(1), new Retry(1), new Limits(TimeSpan.FromHours(9)), new CacheRule(true, "v"), "img:2", "hpc"),
        };
        Node gate = new Node.Gate(new NodeId("g"), GateKind.Input, Expr.Nowhere) { Type = TypeParser.Parse("list<int>?"), Limit = TimeSpan.FromDays(1), After = [new Edge(new NodeId("e"), EdgeRule.Ended)] };
        WorkflowDefinition workflow = new("main", [each, gate], Expr.Nowhere) { Policy = OnFailure.Continue, Parallel = 9, Handler = null };
        Plan plan = Graphs.Plan(new Closure([new Definition.OfTask(task), new Definition.OfWorkflow(workflow)]));
        Plan back = PlanJson.Read(PlanJson.Write(plan));
        TaskDefinition read = back.Closure.Tasks["t"];
        Assert.Equal((task.Needs.Gpu, task.Retry, task.Limits, task.Image, task.Workspace), (read.Needs.Gpu, read.Retry, read.Limits, read.Image, read.Workspace));
        Assert.Equal(PlanJson.Write(plan), PlanJson.Write(back));
        var readEach = (Node.Each)back.Root.Nodes[0];
        Assert.Equal((3, new FailureBudget(5, 0.9, 7, true), "hpc", "1e-3"), (readEach.Parallel, readEach.Budget, readEach.With.Engine, ((Elements.Known)readEach.Over).Space.PointAt(0)!.Words[0].Text[2..]));
        Assert.Equal(((Node.Gate)gate).Limit, ((Node.Gate)back.Root.Nodes[1]).Limit);
        Assert.Equal(gate.After, back.Root.Nodes[1].After);
    }

    private static string Forecasts(Plan plan) => string.Join(", ", plan.Nodes.Select(node => node.Path + node.Forecast switch
    {
        Forecast.Run => " run",
        Forecast.Skip => " skip",
        Forecast.Reuse => " reuse",
        Forecast.Depends depends => " depends on " + string.Join(' ', depends.On),
        _ => "",
    }));
}
