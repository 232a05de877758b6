using System.Collections.Immutable;
using Weft.Support;
using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Tests.Workflows;

/// <summary>What runs, in which order, and how it ends, on graphs written as text.</summary>
public sealed class SchedulingTests
{
    private const string Diamond = """
        a
        b: x = a.o0
        c: x = a.o0
        d: x = b.o0, y = c.o0
        """;

    [Fact]
    public void A_diamond_runs_in_order_and_its_sides_together()
    {
        InProcess play = Play(Diamond);
        Assert.Equal("a b c d", Started(play));
        Assert.Equal(2, play.MostAtOnce);
        Assert.Equal("a+ b+ c+ d+", Ends(play));
    }

    [Fact]
    public void Slots_bound_what_runs_at_once()
    {
        InProcess play = Play(string.Join('\n', Enumerable.Range(0, 50).Select(i => $"n{i}")), slots: 3);
        Assert.Equal(3, play.MostAtOnce);
        Assert.Equal(50, play.Runs.Count);
    }

    [Theory]
    // The first failure stops the rest; what runs is stopped, what has not started is blocked.
    [InlineData(OnFailure.Stop, "a+ b! c- d~")]
    [InlineData(OnFailure.Continue, "a+ b! c+ d~")]
    public void A_failure_stops_the_rest_or_only_what_depends_on_it(OnFailure policy, string ends)
    {
        InProcess play = Play(Diamond, policy: policy, fail: ["b"]);
        Assert.Equal(ends, Ends(play));
        Assert.Equal(Phase.Failed, play.Frontier.State(NodePath.Root)!.Phase);
        Assert.Equal("b", ((Outcome.Failed)play.Frontier.State(NodePath.Root)!.End!).Cause!.Path.Text);
    }

    [Theory]
    [InlineData("b after a", "a. b+", "order lets a skipped node through")]
    [InlineData("b after a!", "a. b.", "strict order does not")]
    [InlineData("b after a*", "a. b+", "after the end, whatever it was")]
    [InlineData("b: x = a.o0", "a. b.", "without data there is nothing to do")]
    public void What_is_not_taken_passes_order_and_stops_data(string second, string ends, string why)
    {
        InProcess play = Play($"a when 1 > 2\n{second}");
        Assert.True(ends == Ends(play), why);
        Assert.Equal(Phase.Succeeded, play.Frontier.State(NodePath.Root)!.Phase);
    }

    [Theory]
    [InlineData("b after a", "a! b~")]
    [InlineData("b after a*", "a! b+")]
    [InlineData("b when a.o0 > 1", "a! b~")]
    public void What_failed_blocks_all_but_what_comes_after_any_end(string second, string ends) =>
        Assert.Equal(ends, Ends(Play($"a\n{second}", policy: OnFailure.Continue, fail: ["a"])));

    [Fact]
    public void A_condition_may_read_what_a_node_gave()
    {
        InProcess play = Play("a\nb when a.o0 == 'a'\nc when a.o0 != 'a'\nd: x = a.o0 after b, c");
        Assert.Equal("a+ b+ c. d+", Ends(play));
    }

    [Fact]
    public void A_condition_that_is_no_condition_fails_its_node()
    {
        InProcess play = Play("a\nb when a.o0 + 1 > 2");
        Assert.Equal("a+ b!", Ends(play));
        Assert.Contains("`+` does not go with the text `a` and the integer 1", ((Outcome.Failed)play.Frontier.State(new NodePath("b"))!.End!).Reason);
    }

    [Theory]
    [InlineData(ErrorClass.User, ErrorClass.All, 2, 3, Phase.Failed)]
    [InlineData(ErrorClass.User, ErrorClass.Infrastructure, 2, 1, Phase.Failed)]
    [InlineData(ErrorClass.Preempted, ErrorClass.Infrastructure, 2, 3, Phase.Failed)]
    public void Attempts_follow_by_class(ErrorClass failure, ErrorClass on, int times, int attempts, Phase end)
    {
        Closure closure = Graphs.Close(Graphs.Read("a"), new Definition.OfTask(Graphs.Task("a") with { Retry = new Retry(times, on) }));
        var play = new InProcess(Graphs.Plan(closure), _ => (new Outcome.Failed(failure, "task/exit", "no"), Value.NoEntries));
        Assert.Equal(end, play.Play().Phase);
        Assert.Equal(attempts, play.Runs[new NodePath("a")]);
    }

    [Theory]
    // seconds since the second attempt failed -> what is decided, with pauses of 10, 20, 40 s
    [InlineData(0, null)]
    [InlineData(19, null)]
    [InlineData(20, 3)]
    public void Pauses_between_attempts_grow(int seconds, int? attempt)
    {
        Step step = AfterSecondAttempt(new Outcome.Failed(ErrorClass.System, "task/exit", "no"), new Retry(3, ErrorClass.System, new Backoff(TimeSpan.FromSeconds(10), 2)), seconds);
        if (attempt is null)
            Assert.Equal(new Step.Wait(DateTimeOffset.UnixEpoch.AddSeconds(20)), step);
        else
            Assert.Equal(attempt, Assert.IsType<Step.Start>(step).Invocation.Id.Number);
    }

    [Fact]
    public void A_lost_attempt_is_run_again_and_is_none_of_the_retries() =>
        Assert.Equal(3, Assert.IsType<Step.Start>(AfterSecondAttempt(new Outcome.Lost(), Retry.Never, 0)).Invocation.Id.Number);

    private static Step AfterSecondAttempt(Outcome end, Retry retry, int seconds)
    {
        Plan plan = Graphs.Plan(Graphs.Close(Graphs.Read("a"), new Definition.OfTask(Graphs.Task("a") with { Retry = retry })));
        var state = new NodeState(new NodePath("a"), Phase.Running, 2) { End = end, Since = DateTimeOffset.UnixEpoch };
        var root = new NodeState(NodePath.Root, Phase.Running) { Tally = new Tally(Open: 1) };
        return Decision.Decide(plan, state.Path, path => path.IsRoot ? root : state, new Facts(default, DateTimeOffset.UnixEpoch.AddSeconds(seconds)));
    }

    [Fact]
    public void A_handler_runs_after_the_rest_when_something_failed()
    {
        WorkflowDefinition workflow = Graphs.Read("a\nb: x = a.o0\nclean: why = run.failure.message, who = run.failure.node") with { Handler = new NodeId("clean") };
        Assert.Equal("a+ b+ clean.", Ends(Play(workflow, [])));
        InProcess failed = Play(workflow, ["a"], out List<Invocation> calls);
        Assert.Equal("a! b~ clean+", Ends(failed));
        Assert.Equal(Phase.Failed, failed.Frontier.State(NodePath.Root)!.Phase);
        Assert.Equal((Value.Of("told to fail"), Value.Of("a")), (calls[^1].Inputs["why"], calls[^1].Inputs["who"]));
    }

    [Fact]
    public void What_was_asked_to_stop_ends_cancelled_everywhere()
    {
        string? asked = null;
        Closure closure = Graphs.Close(Graphs.Read(Diamond));
        var play = new InProcess(
            Graphs.Plan(closure),
            call =>
            {
                asked = "ada";
                return (new Outcome.Succeeded(), Value.NoEntries.Add("o0", Value.Of(call.Path.Text)));
            },
            () => new Facts(default, default) { StopAskedBy = asked });
        NodeState end = play.Play();
        Assert.Equal((Phase.Cancelled, "a"), (end.Phase, Started(play)));
    }

    [Fact]
    public void A_text_that_is_no_member_fails_where_it_arrives()
    {
        Closure closure = Graphs.Close(
            Graphs.Read("a\nb: x = a.o0"), new Definition.OfTask(Graphs.Task("a", outputs: "o0:str")), new Definition.OfTask(Graphs.Task("b", inputs: "x:enum:red|green")));
        var play = new InProcess(Graphs.Plan(closure), _ => (new Outcome.Succeeded(), Value.NoEntries.Add("o0", Value.Of("blue"))));
        Assert.Equal(Phase.Failed, play.Play().Phase);
        Assert.Equal("the input `x` must be enum:red|green, this is the text `blue`", ((Outcome.Failed)play.Frontier.State(new NodePath("b"))!.End!).Reason);
    }

    [Fact]
    public void An_output_that_is_missing_fails_the_task()
    {
        Closure closure = Graphs.Close(Graphs.Read("a"), new Definition.OfTask(Graphs.Task("a", outputs: "model:int")));
        var play = new InProcess(Graphs.Plan(closure), _ => (new Outcome.Succeeded(), Value.NoEntries));
        Assert.Equal("the task ended without its output `model`", ((Outcome.Failed)play.Play().End!).Reason);
    }

    private static InProcess Play(string graph, OnFailure policy = OnFailure.Stop, string[]? fail = null, int slots = int.MaxValue) =>
        Play(Graphs.Read(graph) with { Policy = policy }, fail ?? [], out _, slots);

    private static InProcess Play(WorkflowDefinition workflow, string[] fail) => Play(workflow, fail, out _);

    private static InProcess Play(WorkflowDefinition workflow, string[] fail, out List<Invocation> calls, int slots = int.MaxValue)
    {
        var seen = calls = [];
        var play = new InProcess(Graphs.Plan(Graphs.Close(workflow)), call =>
        {
            seen.Add(call);
            return fail.Contains(call.Task)
                ? (new Outcome.Failed(ErrorClass.User, "task/exit", "told to fail"), Value.NoEntries)
                : (new Outcome.Succeeded(), Value.NoEntries.Add("o0", Value.Of(call.Task)));
        }) { Slots = slots };
        play.Play();
        return play;
    }

    private static string Started(InProcess play) => string.Join(' ', play.Trace.Where(one => !one.IsEnd && !one.Path.IsRoot).Select(one => one.Path));

    /// <summary>Every node with a sign for its end: + succeeded, ! failed, . skipped, ~ blocked, - cancelled.</summary>
    private static string Ends(InProcess play) => string.Join(' ', play.Plan.Nodes.OrderBy(node => node.Path).Select(node => node.Path + play.Frontier.State(node.Path)?.Phase switch
    {
        Phase.Succeeded => "+",
        Phase.Failed => "!",
        Phase.Skipped => ".",
        Phase.Blocked => "~",
        Phase.Cancelled => "-",
        _ => "?",
    }));
}
