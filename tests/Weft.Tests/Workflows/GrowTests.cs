using System.Collections.Immutable;
using Weft.Expressions;
using Weft.Support;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Tests.Workflows;

/// <summary>Graphs that are made while their workflow runs.</summary>
public sealed class GrowTests
{
    [Fact]
    public void What_was_made_runs_in_the_place_of_its_node_with_the_same_inputs()
    {
        var play = new InProcess(Graphs.Plan(Growing()), Run(Chain(3)));
        NodeState end = play.Play();
        Assert.Equal(Phase.Succeeded, end.Phase);
        Assert.Equal("grow grow/s0 grow/s1 grow/s2 last", string.Join(' ', play.Runs.Keys.Select(path => path.Text)));
        Assert.Equal(Value.Of(13L), end.Outputs["o0"]);
        Assert.Equal(Value.Of(13L), play.Frontier.State(new NodePath("grow"))!.Outputs["o0"]);
    }

    [Fact]
    public void It_goes_on_after_an_interruption_anywhere()
    {
        for (int stop = 1; stop < 14; stop++)
        {
            var recorded = new Dictionary<NodePath, NodeState>();
            Plan plan = Graphs.Plan(Growing());
            Operation run = Run(Chain(3));
            var first = new Frontier(plan, state => recorded[state.Path] = state);
            Advance(first, run, stop);
            // Another process has only the plan as it was written, and the states.
            var second = new Frontier(PlanJson.Read(PlanJson.Write(plan)));
            second.Restore(recorded.Values);
            foreach (NodePath path in second.Running.ToList())
                second.AttemptEnded(path, new Outcome.Lost(), Value.NoEntries, default);
            Advance(second, run, int.MaxValue);
            Assert.Equal((Phase.Succeeded, Value.Of(13L)), (second.State(NodePath.Root)!.Phase, second.State(NodePath.Root)!.Outputs["o0"]));
        }
    }

    [Theory]
    [InlineData("no json", "what the builder gave is no graph")]
    [InlineData("{}", "what the builder gave is no graph")]
    [InlineData("{\"format\":99}", "format 99")]
    [InlineData(null, "gave no `graph`")]
    public void What_is_no_graph_fails_the_node(string? text, string reason)
    {
        var play = new InProcess(Graphs.Plan(Growing()), Run(text));
        Assert.Equal(Phase.Failed, play.Play().Phase);
        Assert.Contains(reason, ((Outcome.Failed)play.Frontier.State(new NodePath("grow"))!.End!).Reason);
    }

    [Fact]
    public void A_graph_that_does_not_hold_together_fails_with_its_first_problem()
    {
        string text = new Fragment(Graphs.Close(Graphs.Read("s0: x = nobody.o0", "made")), "made").Write();
        var play = new InProcess(Graphs.Plan(Growing()), Run(text));
        Assert.Equal(Phase.Failed, play.Play().Phase);
        Assert.Equal("there is no node `nobody` in `made`", ((Outcome.Failed)play.Frontier.State(new NodePath("grow"))!.End!).Reason);
    }

    private static void Advance(Frontier frontier, Operation run, int steps)
    {
        while (!frontier.IsFinished)
        {
            if (!frontier.TryNext(true, out NodePath path))
                break;
            Step step = Decision.Decide(frontier.Plan, path, frontier.State, new Facts(default, default));
            frontier.Apply(path, step, default);
            if (--steps <= 0)
                return;
            if (step is Step.Start start)
            {
                (Outcome end, ImmutableSortedDictionary<string, Value> outputs) = run(start.Invocation);
                frontier.AttemptEnded(path, end, outputs, default);
            }
        }
    }

    /// <summary>n plus one, so many times; the step itself is a task of the plan.</summary>
    private static string Chain(int length)
    {
        string nodes = string.Join('\n', Enumerable.Range(0, length).Select(i => $"s{i}: n = {(i == 0 ? "inputs.n" : $"s{i - 1}.o0")}"));
        WorkflowDefinition made = Graphs.Read(nodes, "made") with { In = Graphs.Ports("n:int"), Out = Graphs.Ports("o0:int"), Return = Expr.NoBindings.Add("o0", Graphs.Parse($"s{length - 1}.o0")) };
        made = made with { Nodes = [.. made.Nodes.Select(node => (Node)new Node.Use(node.Id, new Callee(CalleeKind.Task, "increase", Expr.Nowhere), Expr.Nowhere) { Bind = node.Bind })] };
        return new Fragment(new Closure([new Definition.OfWorkflow(made)]), "made").Write();
    }

    private static Closure Growing()
    {
        var grow = new Node.Grow(new NodeId("grow"), "build", Expr.Nowhere) { Bind = Expr.NoBindings.Add("n", Expr.Of(Value.Of(10L))) };
        var last = new Node.Use(new NodeId("last"), new Callee(CalleeKind.Task, "keep", Expr.Nowhere), Expr.Nowhere) { Bind = Expr.NoBindings.Add("n", Graphs.Parse("grow.o0")) };
        return new Closure(
        [
            new Definition.OfWorkflow(new WorkflowDefinition("main", [grow, last], Expr.Nowhere) { Return = Expr.NoBindings.Add("o0", Graphs.Parse("last.o0")) }),
            new Definition.OfTask(Graphs.Task("build", "n:int", "graph:any")),
            new Definition.OfTask(Graphs.Task("increase", "n:int", "o0:int")),
            new Definition.OfTask(Graphs.Task("keep", "n:int", "o0:int")),
        ]);
    }

    private static Operation Run(string? graph) => call => (new Outcome.Succeeded(), call.Task switch
    {
        "build" => graph is null ? Value.NoEntries : Value.NoEntries.Add("graph", Value.Of(graph)),
        "increase" => Value.NoEntries.Add("o0", new Value.Int(((Value.Int)call.Inputs["n"]).Number + 1)),
        _ => Value.NoEntries.Add("o0", call.Inputs["n"]),
    });
}
