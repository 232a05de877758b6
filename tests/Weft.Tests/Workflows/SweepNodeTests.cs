using System.Collections.Immutable;
using System.Globalization;
using Weft.Expressions;
using Weft.Support;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Tests.Workflows;

/// <summary>One node for many elements.</summary>
public sealed class SweepNodeTests
{
    [Fact]
    public void A_million_points_are_one_node_and_only_those_that_run_have_a_state()
    {
        Plan plan = Graphs.Plan(Over(Space(1_000_000)));
        Assert.Single(plan.Nodes);
        var play = new InProcess(plan, _ => (new Outcome.Succeeded(), Value.NoEntries)) { Slots = 4 };
        long most = 0;
        for (int i = 0; i < 3000; i++)
        {
            play.Frontier.TryNext(true, out NodePath path);
            Step step = Decision.Decide(plan, path, play.Frontier.State, new Facts(default, default));
            play.Frontier.Apply(path, step, default);
            if (step is Step.Start)
                play.Frontier.AttemptEnded(path, new Outcome.Succeeded(), Value.NoEntries, default);
            most = Math.Max(most, play.Frontier.States.Count);
        }
        Assert.InRange(most, 2, 10);
    }

    [Fact]
    public void Words_and_values_of_the_point_reach_the_command()
    {
        var calls = new List<Invocation>();
        Play(Over(Space(3), "python train.py ${{ words }} --seed=${{ item.i }} ${{ run.ulid }}"), call => Note(calls, call));
        Assert.Equal(["python", "train.py", "i=0", "j=0", "--seed=0"], ((CallBody.Command)calls[0].Body).Words[..^1]);
        Assert.Equal(26, ((CallBody.Command)calls[2].Body).Words[^1].Length);
        Assert.Equal(3, calls.Select(call => ((CallBody.Command)call.Body).Words[^1]).Distinct().Count());
        Assert.Equal("i=2", calls[2].Words[0].Text);
    }

    [Theory]
    // points, failing ones, stop after, share that must succeed -> started, verdict
    [InlineData(20, "0,1,2,3", 3, 1.0, 4, Phase.Failed)]
    [InlineData(20, "0,1,2", 3, 1.0, 20, Phase.Failed)]
    [InlineData(20, "0,1,2", 3, 0.8, 20, Phase.Succeeded)]
    [InlineData(20, "", 3, 1.0, 20, Phase.Succeeded)]
    [InlineData(20, "0", 0, 1.0, 1, Phase.Failed)]
    [InlineData(20, "0,1,2,3,4,5", -1, 0.5, 20, Phase.Succeeded)]
    public void Two_numbers_rule_failures(int points, string failing, int stopAfter, double share, int started, Phase verdict)
    {
        HashSet<string> bad = [.. failing.Split(',')];
        Closure closure = Over(Space(points), budget: new FailureBudget(stopAfter < 0 ? null : stopAfter, share));
        var play = new InProcess(Graphs.Plan(closure), call => bad.Contains(call.Path.Index!.Value.ToString(CultureInfo.InvariantCulture)) ? Failed : Good(0)) { Slots = 1 };
        Assert.Equal(verdict, play.Play().Phase);
        Assert.Equal(started, play.Runs.Count);
    }

    [Fact]
    public void Parallel_bounds_one_sweep()
    {
        InProcess play = Play(Over(Space(30), parallel: 4), _ => Good(0));
        Assert.Equal((4, 30), (play.MostAtOnce, play.Runs.Count));
    }

    [Fact]
    public void Holes_of_a_filter_are_passed_over_and_indices_stay()
    {
        InProcess play = Play(Over(new Sparse(100_000)), _ => Good(0));
        Assert.Equal(["each[0]", "each[33333]", "each[66666]", "each[99999]"], play.Runs.Keys.Select(path => path.Text));
    }

    [Fact]
    public void The_best_point_is_kept_with_its_parameters_and_results()
    {
        Closure closure = Over(Space(5), best: new Selection(Sense.Max, "acc"), then: "after: x = each.best.acc, y = each.best.params.i");
        var calls = new List<Invocation>();
        Play(closure, call =>
        {
            calls.Add(call);
            return call.Path.Index is { } i ? Good(i == 3 ? double.NaN : 10 - Math.Abs(i - 2)) : Good(0);
        });
        Assert.Equal((Value.Of(10.0), Value.Of(2L)), (calls[^1].Inputs["x"], calls[^1].Inputs["y"]));
    }

    [Fact]
    public void The_best_group_is_that_of_the_best_mean()
    {
        // acc by (lr, seed): lr 0 has the single best point, lr 1 the better mean.
        double[] results = [9, 1, 6, 7];
        Closure closure = Over(
            new Listing([.. Enumerable.Range(0, 4).Select(i => new Point(i, [], Value.NoEntries.Add("lr", Value.Of(i / 2L)).Add("seed", Value.Of(i % 2L))))], Expr.Nowhere),
            best: new Selection(Sense.Max, "acc") { Over = ["seed"] },
            then: "after: x = each.best.acc, y = each.best.params.lr");
        var calls = new List<Invocation>();
        Play(closure, call =>
        {
            calls.Add(call);
            return Good(call.Path.Index is { } i ? results[i] : 0);
        });
        Assert.Equal((Value.Of(6.5), Value.Of(1L)), (calls[^1].Inputs["x"], calls[^1].Inputs["y"]));
    }

    [Theory]
    [InlineData("max(acc)", "Max acc ")]
    [InlineData("min(loss)", "Min loss ")]
    [InlineData("max(mean(val_acc) over seed, fold)", "Max val_acc seed,fold")]
    [InlineData("acc", null)]
    [InlineData("max(acc + 1)", null)]
    public void A_selection_is_read_from_an_expression(string text, string? expected)
    {
        var problems = new Weft.Text.Diagnostics();
        Expr expression = ExprParser.Parse(text, new Weft.Text.Source("select", text).Whole, problems, Root.Item)!;
        Selection? selection = Selection.Of(expression, problems);
        Assert.Equal(expected, selection is null ? null : $"{selection.Sense} {selection.Result} {string.Join(',', selection.Over)}");
        Assert.Equal(expected is null, problems.HasErrors);
    }

    [Fact]
    public void A_stop_condition_ends_a_sweep_early_and_well()
    {
        Closure closure = Over(Space(100), best: new Selection(Sense.Max, "acc"), stop: "best.acc >= 3");
        var play = new InProcess(Graphs.Plan(closure), call => Good(call.Path.Index!.Value)) { Slots = 1 };
        Assert.Equal(Phase.Succeeded, play.Play().Phase);
        Assert.Equal(4, play.Runs.Count);
    }

    [Fact]
    public void An_empty_space_is_done_at_once() => Assert.Equal(Phase.Succeeded, Play(Over(Space(0)), _ => Good(0)).Frontier.State(NodePath.Root)!.Phase);

    [Fact]
    public void A_workflow_runs_for_each_point()
    {
        WorkflowDefinition inner = Graphs.Read("s0: x = inputs.i\ns1: x = s0.o0", "inner") with { In = Graphs.Ports("i:int"), Out = Graphs.Ports("o0:any"), Return = Expr.NoBindings.Add("o0", Graphs.Parse("s1.o0")) };
        var each = new Node.Each(new NodeId("each"), new Elements.Known(Space(3)), new Callee(CalleeKind.Workflow, "inner", Expr.Nowhere), Expr.Nowhere);
        WorkflowDefinition main = new("main", [each, .. Graphs.Read("sum: x = each.o0").Nodes], Expr.Nowhere);
        Closure closure = new([new Definition.OfWorkflow(main), new Definition.OfTask(Graphs.Task("sum", "x:any")), .. Graphs.Close(inner).Definitions]);
        var calls = new List<Invocation>();
        InProcess play = Play(closure, call =>
        {
            calls.Add(call);
            return (new Outcome.Succeeded(), Value.NoEntries.Add("o0", call.Inputs["x"] is Value.Int i ? new Value.Int(i.Number + 1) : Value.None));
        });
        Assert.Equal("each[0]/s0 each[0]/s1 each[1]/s0 each[1]/s1 each[2]/s0 each[2]/s1 sum", string.Join(' ', play.Runs.Keys.Select(path => path.Text).Order()));
        Assert.Equal("[2,3,4]", CanonicalJson.Write(calls[^1].Inputs["x"]));
        Assert.DoesNotContain(play.Frontier.States.Keys, path => path.Text.Contains("/s", StringComparison.Ordinal));
    }

    private static readonly (Outcome, ImmutableSortedDictionary<string, Value>) Failed = (new Outcome.Failed(ErrorClass.User, "task/exit", "no"), Value.NoEntries);

    private static (Outcome, ImmutableSortedDictionary<string, Value>) Good(double acc) => (new Outcome.Succeeded(), Value.NoEntries.Add("acc", Value.Of(acc)));

    private static (Outcome, ImmutableSortedDictionary<string, Value>) Note(List<Invocation> calls, Invocation call)
    {
        calls.Add(call);
        return Good(0);
    }

    private static InProcess Play(Closure closure, Operation operation)
    {
        var play = new InProcess(Graphs.Plan(closure), operation);
        play.Play();
        return play;
    }

    private static Closure Over(
        Space space, string command = "true ${{ words }}", int? parallel = null, FailureBudget? budget = null, Selection? best = null, string? stop = null, string then = "")
    {
        var problems = new Weft.Text.Diagnostics();
        var task = new TaskDefinition("train", new TaskBody.Command(Template.Words(command, Expr.Nowhere, problems)!.Value), Expr.Nowhere);
        var each = new Node.Each(new NodeId("each"), new Elements.Known(space), new Callee(CalleeKind.Task, "train", Expr.Nowhere), Expr.Nowhere)
        {
            Parallel = parallel,
            Budget = budget ?? FailureBudget.Default,
            Best = best,
            Stop = stop is null ? null : Graphs.Parse(stop),
        };
        return Graphs.Close(new WorkflowDefinition("main", [each, .. Graphs.Read(then).Nodes], Expr.Nowhere), new Definition.OfTask(task));
    }

    private static Counting Space(long size) => new(size);

    /// <summary>Points i=0 j=0, i=1 j=0, …</summary>
    private sealed record Counting(long Length) : Space(Expr.Nowhere)
    {
        public override long Size => Length;

        internal override IEnumerable<string> Parameters => ["i", "j"];

        internal override bool Append(long index, ref PointParts parts)
        {
            parts.Add(new Word($"i={index}", Value.Of(index)));
            parts.Add(new Word("j=0", Value.Of(0L)));
            parts.Add("i", Value.Of(index));
            parts.Add("j", Value.Of(0L));
            return true;
        }

        public override void Write(System.Text.Json.Utf8JsonWriter json) => json.WriteStringValue($"counting {Length}");
    }

    /// <summary>Every 33,333rd index has a point.</summary>
    private sealed record Sparse(long Length) : Space(Expr.Nowhere)
    {
        public override long Size => Length;

        internal override IEnumerable<string> Parameters => [];

        internal override bool Append(long index, ref PointParts parts) => index % 33_333 == 0;

        public override void Write(System.Text.Json.Utf8JsonWriter json) => json.WriteStringValue($"sparse {Length}");
    }
}
