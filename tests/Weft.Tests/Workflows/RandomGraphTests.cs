using System.Collections.Immutable;
using System.Numerics;
using Weft.Expressions;
using Weft.Support;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Tests.Workflows;

/// <summary>Laws that hold for every graph, whatever fails and in whatever order things end.</summary>
public sealed class RandomGraphTests
{
    [Fact]
    public void What_is_forecast_is_what_happens_and_everything_ends()
    {
        for (int seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            Closure closure = Graph(random, out HashSet<string> failing);
            var cache = new Dictionary<string, ImmutableSortedDictionary<string, Value>>();
            // The second round meets a cache that the first one filled; a third with some entries gone.
            for (int round = 0; round < 3; round++)
            {
                Play(seed, closure, random.Next(2) == 0 ? [] : failing, cache, random.Next());
                foreach (string key in cache.Keys.Where(_ => round == 1 && random.Next(2) == 0).ToList())
                    cache.Remove(key);
            }
        }
    }

    [Fact]
    public void The_order_in_which_attempts_end_does_not_change_how_nodes_end()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            // Without a cache: whether an equal call ended before one that fails is a matter of order.
            Closure closure = Graph(new Random(seed), out HashSet<string> failing, OnFailure.Continue);
            string[] ends = [.. Enumerable.Range(0, 4).Select(order => Ends(Play(seed, closure, failing, null, order)))];
            Assert.All(ends, end => Assert.Equal(ends[0], end));
        }
    }

    [Fact]
    public void A_plan_reads_back_as_it_was_written()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            Plan plan = Graphs.Plan(Graph(new Random(seed), out _));
            byte[] json = PlanJson.Write(plan);
            Plan back = PlanJson.Read(json);
            Assert.Equal(json, PlanJson.Write(back));
            Assert.Equal(plan.Id, back.Id);
            Assert.Equal(plan.Id, Graphs.Plan(back.Closure).Id);
            Assert.Equal(plan.Nodes.Select(node => (node.Path, node.Scope)), back.Nodes.Select(node => (node.Path, node.Scope)));
        }
    }

    private static InProcess Play(int seed, Closure closure, HashSet<string> failing, Dictionary<string, ImmutableSortedDictionary<string, Value>>? cache, int order)
    {
        var choice = new Random(order);
        Func<Facts> facts = () => new Facts(new ExecutionId("01JDXQ3M5Z8W4T6R2N9P7K1V0B"), default)
        {
            CacheMode = cache is null ? CacheMode.Disabled : CacheMode.Enabled,
            Cache = key => cache!.TryGetValue(key, out ImmutableSortedDictionary<string, Value>? outputs) ? new CacheAnswer.Hit(outputs) : CacheAnswer.Nothing,
        };
        Plan plan = Graphs.Plan(closure, facts: facts());
        var play = new InProcess(plan, call => failing.Contains(call.Path.Text) ? (new Outcome.Failed(ErrorClass.User, "task/exit", "no"), Value.NoEntries) : Result(call), facts)
        {
            Slots = choice.Next(1, 5),
            Choose = choice.Next,
            Store = (key, outputs) => cache![key] = outputs,
        };
        NodeState end = play.Play();
        foreach (PlanNode node in plan.Nodes)
        {
            Phase? phase = play.Frontier.State(node.Path)?.Phase;
            bool isInsideUntaken = node.Scope is { IsRoot: false } && play.Frontier.State(node.Scope)?.Phase is Phase.Skipped or Phase.Blocked or null;
            Assert.True(phase?.IsTerminal ?? isInsideUntaken, $"seed {seed}: {node.Path} is {phase} at the end");
            bool isExecuted = play.Trace.Contains((node.Path, false)) && phase != Phase.Reused;
            Assert.True(!isExecuted || node.Forecast is Forecast.Run or Forecast.Depends, $"seed {seed}: {node.Path} was forecast to {node.Forecast} and ran");
            Assert.True(end.Phase != Phase.Succeeded || node.Forecast is not Forecast.Run || isExecuted, $"seed {seed}: {node.Path} was forecast to run and is {phase}");
        }
        Tally tally = end.Tally!;
        Assert.Equal(0, tally.Open);
        Assert.Empty(play.Frontier.Running);
        Assert.True(play.MostAtOnce <= play.Slots);
        Assert.InRange(play.Decisions, 0, 40 * (plan.Nodes.Length + play.Runs.Count + 2));
        return play;
    }

    private static string Ends(InProcess play) => string.Join(' ', play.Plan.Nodes.Select(node => $"{node.Path}={play.Frontier.State(node.Path)?.Phase}"));

    /// <summary>A number that follows from the task and its inputs, and a list as long as that number.</summary>
    private static (Outcome, ImmutableSortedDictionary<string, Value>) Result(Invocation call)
    {
        long number = call.Task.Length + call.Inputs.Values.OfType<Value.Int>().Sum(value => (long)value.Number) + call.Inputs.Values.OfType<Value.List>().Sum(list => list.Items.Length);
        return (new Outcome.Succeeded(), Value.NoEntries
            .Add("o0", new Value.Int(new BigInteger(number % 7)))
            .Add("l", Value.ListOf(Enumerable.Range(0, (int)(number % 4)).Select(i => Value.Of((long)i)))));
    }

    private static Closure Graph(Random random, out HashSet<string> failing, OnFailure? policy = null)
    {
        failing = [];
        List<Definition> tasks = [.. Enumerable.Range(0, 5).Select(i => new Definition.OfTask(Graphs.Task("task" + i, "x:any,y:any", "o0:any,l:any") with { Cache = i < 3 ? new CacheRule(true, "1") : CacheRule.Off, Retry = new Retry(i % 2) }))];
        tasks.Add(new Definition.OfTask(Graphs.Task("one", "x:any,y:any", "o0:any") with { Cache = new CacheRule(random.Next(2) == 0, "1") }));
        WorkflowDefinition inner = new("inner", Nodes(random, random.Next(1, 5), [], failing, "k/"), Expr.Nowhere)
        {
            In = Graphs.Ports("x:any,y:any"),
            Out = Graphs.Ports("o0:any,l:any"),
            Return = Expr.NoBindings.Add("o0", Graphs.Parse("inputs.x")).Add("l", Graphs.Parse("n0.l")),
            Policy = policy ?? (OnFailure)random.Next(2),
        };
        WorkflowDefinition main = new("main", Nodes(random, random.Next(1, 12), ["inner"], failing, ""), Expr.Nowhere) { Policy = policy ?? (OnFailure)random.Next(2) };
        if (random.Next(3) == 0)
            main = main with { Nodes = [.. main.Nodes, new Node.Use(new NodeId("handler"), new Callee(CalleeKind.Task, "task4", Expr.Nowhere), Expr.Nowhere)], Handler = new NodeId("handler") };
        return new Closure([.. tasks, new Definition.OfWorkflow(inner), new Definition.OfWorkflow(main)]);
    }

    private static ImmutableArray<Node> Nodes(Random random, int count, string[] workflows, HashSet<string> failing, string prefix)
    {
        var nodes = new List<Node>();
        for (int i = 0; i < count; i++)
        {
            var id = new NodeId("n" + i);
            var bind = Expr.NoBindings;
            if (nodes.Count > 0 && random.Next(3) > 0)
                bind = bind.Add("x", Graphs.Parse(Earlier(random, i) + ".o0"));
            if (random.Next(2) == 0)
                bind = bind.Add("y", random.Next(2) == 0 || i == 0 ? Expr.Of(Value.Of((long)random.Next(3))) : new Expr.First([Graphs.Parse(Earlier(random, i) + ".o0"), Graphs.Parse(Earlier(random, i) + ".o0")], Expr.Nowhere));
            Callee callee = workflows.Length > 0 && random.Next(5) == 0
                ? new Callee(CalleeKind.Workflow, workflows[0], Expr.Nowhere)
                : new Callee(CalleeKind.Task, "task" + random.Next(5), Expr.Nowhere);
            Node node = i > 0 && random.Next(6) == 0
                ? new Node.Each(id, new Elements.Listed(Expr.NoBindings.Add("x", Graphs.Parse($"n0.l"))), new Callee(CalleeKind.Task, "one", Expr.Nowhere), Expr.Nowhere) { Budget = new FailureBudget(null, 0.5), Parallel = random.Next(1, 3) }
                : new Node.Use(id, callee, Expr.Nowhere) { Bind = bind };
            if (random.Next(4) == 0)
                node = node with { When = Graphs.Parse(i == 0 || random.Next(3) == 0 ? $"{random.Next(2)} == 0" : $"str({Earlier(random, i)}.o0) != '{random.Next(4)}'") };
            if (i > 0 && random.Next(4) == 0)
                node = node with { After = [new Edge(new NodeId(Earlier(random, i)), (EdgeRule)random.Next(3))] };
            if (random.Next(8) == 0)
                failing.Add((prefix.Length == 0 ? "" : "n" + random.Next(12) + "/") + id.Text);
            nodes.Add(node);
        }
        return [.. nodes];
    }

    private static string Earlier(Random random, int i) => "n" + random.Next(i);
}
