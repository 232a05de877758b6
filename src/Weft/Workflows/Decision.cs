using System.Collections.Immutable;
using System.Globalization;
using Weft.Expressions;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Values;

namespace Weft.Workflows;

/// <summary>
/// Decides what is to be done about one place of an execution. It is pure: the same plan, states and facts give the same step, on the
/// submitter's machine and on a node of a cluster. It looks at the place, at what that depends on and at the scopes around it, never at the
/// elements of a sweep one by one, except once when the results of all of them are gathered.
/// </summary>
/// <remarks>
/// Whoever owns the states asks again when something changed that the answer depends on; <see cref="Frontier"/> knows when that is. An attempt
/// that has ended is told by <see cref="NodeState.End"/> in a state that is not terminal: the next decision judges it.
/// </remarks>
public static class Decision
{
    /// <summary>The output of a sweep that is all its points.</summary>
    private const string Runs = "runs";

    /// <summary>Holes looked over in one step, so that a sparse sweep does not hold up the loop.</summary>
    private const int MostHoles = 10_000;

    /// <param name="path">A node, an element of an <see cref="Node.Each"/>, or <see cref="NodePath.Root"/> for the execution itself.</param>
    /// <param name="states">What is known of any path; null when nothing has happened there.</param>
    /// <exception cref="ArgumentException">There is no such place.</exception>
    public static Step Decide(Plan plan, NodePath path, Func<NodePath, NodeState?> states, Facts facts)
    {
        NodeState state = states(path) ?? new NodeState(path, Phase.Waiting);
        if (state.Phase.IsTerminal)
            return new Step.Wait();
        var around = new Surroundings(plan, states, facts);
        if (path.IsRoot)
            return state.Tally is null ? Open(plan, path) : Close(around, path, state);
        if (plan.Find(path) is { } node)
            return IsBegun(state) ? Continue(around, node, path, state, node.Node.Uses) : Begin(around, node, state);
        if (path.Index is not null && plan.Find(path.Parent) is { Node: Node.Each each } array)
            return IsBegun(state) ? Continue(around, array, path, state, each.Body) : BeginElement(around, array, path, state, each.Body);
        throw new ArgumentException($"the execution has no `{path}`", nameof(path));
    }

    /// <summary>
    /// The start of an attempt that was decided before, computed again by whoever runs it on a node, or adopts it. Null when there is no such task, or
    /// something it takes is not there.
    /// </summary>
    public static Step.Start? StartOf(Plan plan, AttemptId id, Func<NodePath, NodeState?> states, Facts facts)
    {
        NodePath path = id.Path;
        PlanNode? node = plan.Find(path) ?? (path.Index is null ? null : plan.Find(path.Parent));
        return node?.Node.Uses is { Kind: CalleeKind.Task } callee ? Calls.Repeat(new Surroundings(plan, states, facts), node, path, id.Number, callee) : null;
    }

    /// <summary>What a call is known by in the cache; null when there is no such task, it is not cached, or something it takes is not there.</summary>
    public static CacheDocument? DocumentOf(Plan plan, NodePath path, Func<NodePath, NodeState?> states, Facts facts)
    {
        PlanNode? node = plan.Find(path) ?? (path.Index is null ? null : plan.Find(path.Parent));
        if (node?.Node.Uses is not { Kind: CalleeKind.Task } callee)
            return null;
        var around = new Surroundings(plan, states, facts);
        TaskDefinition task = Calls.TaskOf(around, node, callee);
        (ImmutableSortedDictionary<string, Value> inputs, Evaluated? missing) = around.Inputs(node, path, task.In);
        return missing is null ? Calls.DocumentOf(facts, task, inputs) : null;
    }

    /// <summary>Something of it exists outside: an attempt, a question, an open scope.</summary>
    private static bool IsBegun(NodeState state) => state.Tally is not null || state.Phase is Phase.Submitted or Phase.Running;

    private static Step Begin(Surroundings around, PlanNode node, NodeState state)
    {
        NodePath path = node.Path;
        WorkflowDefinition workflow = around.Plan.WorkflowAt(node.Scope)!;
        bool isHandler = workflow.Handler == node.Node.Id;
        if (isHandler && around.State(node.Scope)?.Tally is { Failed: 0 })
            return around.State(node.Scope)!.Tally!.Open > 0 ? new Step.Wait() : new Step.Skip();
        if (around.Facts.StopAskedBy is { } by)
            return new Step.Cancel(by);
        if (!isHandler && !node.Node.Always && Doomed(around, node.Scope) is not null)
            return new Step.Block();
        if (isHandler ? around.State(node.Scope)?.Tally is not { Open: 0 } : Dependencies(around, node).Any(need => need is not { Phase.IsTerminal: true }))
            return new Step.Wait();
        return Gatekeeping(around, node) ?? Enter(around, node, path, state);
    }

    private static IEnumerable<NodeState?> Dependencies(Surroundings around, PlanNode node) =>
        around.Plan.ShapeAt(node.Scope).Dependencies(node.Node.Id).Select(need => around.State(node.Scope.Child(need.Id.Text)));

    /// <summary>The condition first, then the order: what keeps a node from starting although everything before it has ended.</summary>
    private static Step? Gatekeeping(Surroundings around, PlanNode node)
    {
        if (node.Node.When is { } when)
        {
            switch (Evaluator.Evaluate(when, around.For(node.Scope, node.Path)))
            {
                case Evaluated.Is { Value: Value.Bool { Is: true } }:
                    break;
                case Evaluated.Is { Value: Value.Bool }:
                    return new Step.Skip();
                case Evaluated.Is other:
                    return Fail(ErrorClass.User, "workflow/condition", $"the condition of `{node.Node.Id}` must be true or false, it is {Operators.Describe(other.Value)}");
                case var missing:
                    return Refuse(missing);
            }
        }
        Step? skip = null;
        foreach (Edge edge in node.Node.After)
        {
            Phase phase = around.State(node.Scope.Child(edge.From.Text))?.Phase ?? Phase.Waiting;
            if (edge.Rule == EdgeRule.Ended || phase.HasOutputs)
                continue;
            if (phase != Phase.Skipped)
                return new Step.Block();
            if (edge.Rule == EdgeRule.Succeeded)
                skip = new Step.Skip();
        }
        return skip;
    }

    private static Step Enter(Surroundings around, PlanNode node, NodePath path, NodeState state)
    {
        switch (node.Node)
        {
            case Node.Each each:
                return OpenEach(around, node, each);
            case Node.Gate gate:
                foreach ((_, Expr bound) in gate.Bind)
                {
                    if (Evaluator.Evaluate(bound, around.For(node.Scope, path)) is not Evaluated.Is and var missing)
                        return Refuse(missing);
                }
                return new Step.Ask(gate);
            default:
                return Call(around, node, path, state, node.Node.Uses!);
        }
    }

    private static Step BeginElement(Surroundings around, PlanNode array, NodePath path, NodeState state, Callee body)
    {
        if (around.Facts.StopAskedBy is { } by)
            return new Step.Cancel(by);
        return !array.Node.Always && Doomed(around, array.Scope) is not null ? new Step.Block() : Call(around, array, path, state, body);
    }

    /// <summary>Starts what a node or an element uses.</summary>
    private static Step Call(Surroundings around, PlanNode node, NodePath path, NodeState state, Callee callee)
    {
        switch (callee.Kind)
        {
            case CalleeKind.Task:
                return Calls.Start(around, node, path, state, callee);
            case CalleeKind.Workflow:
                WorkflowDefinition workflow = around.Plan.ClosureAt(node.Scope).Workflows[callee.Name];
                return around.Inputs(node, path, workflow.In).Missing is { } missing ? Refuse(missing) : Open(around.Plan, path);
            default:
                Closure closure = around.Plan.ClosureAt(node.Scope);
                LaunchPlan launch = closure.LaunchPlans[callee.Name];
                (ImmutableSortedDictionary<string, Value> inputs, Evaluated? lacking) = around.Inputs(node, path, launch.InputsIn(closure)!);
                return lacking is null ? new Step.Launch(callee.Name, inputs.SetItems(launch.Fixed)) : Refuse(lacking);
        }
    }

    private static Step.Expand Open(Plan plan, NodePath scope)
    {
        WorkflowShape shape = plan.ShapeAt(scope);
        int open = shape.Order.Count - (shape.Workflow.Handler is null ? 0 : 1);
        return new Step.Expand(open);
    }

    private static Step OpenEach(Surroundings around, PlanNode node, Node.Each each)
    {
        foreach ((_, Expr bound) in each.Bind)
        {
            // What refers to the point is known for each element only.
            if (Evaluator.References(bound).Any(reference => reference.Root is Root.Item or Root.Words or Root.Run))
                continue;
            if (Evaluator.Evaluate(bound, around.For(node.Scope, node.Path)) is not Evaluated.Is and var missing)
                return Refuse(missing);
        }
        if (each.Over is Elements.Listed listed)
        {
            (ImmutableSortedDictionary<string, ImmutableArray<Value>> lists, Evaluated? missing) = around.Lists(node, listed);
            if (missing is not null)
                return Refuse(missing);
            if (lists.Values.Select(list => list.Length).Distinct().Count() > 1)
            {
                string lengths = string.Join(", ", lists.Select(list => string.Create(CultureInfo.InvariantCulture, $"`{list.Key}` has {list.Value.Length}")));
                return Fail(ErrorClass.User, "each/length", $"the lists must have one length: {lengths}");
            }
        }
        return new Step.Expand(0);
    }

    private static Step Continue(Surroundings around, PlanNode node, NodePath path, NodeState state, Callee? callee)
    {
        if (state.Tally is not null)
            return path == node.Path && node.Node is Node.Each each ? ContinueEach(around, node, each, state, state.Tally) : Close(around, path, state);
        if (path == node.Path && node.Node is Node.Gate gate)
            return ContinueGate(around, node, gate, state);
        return Calls.Continue(around, node, path, state, callee!, HandlerOf(around, node) || node.Node.Always ? null : Doomed(around, node.Scope));
    }

    private static bool HandlerOf(Surroundings around, PlanNode node) => around.Plan.WorkflowAt(node.Scope)!.Handler == node.Node.Id;

    /// <summary>A scope: the execution, a workflow used inline, or one as the body of a sweep.</summary>
    private static Step Close(Surroundings around, NodePath scope, NodeState state)
    {
        Tally tally = state.Tally!;
        WorkflowDefinition workflow = around.Plan.WorkflowAt(scope)!;
        if (tally.Open > 0)
            return new Step.Wait();
        if (workflow.Handler is { } handler && around.State(scope.Child(handler.Text)) is not { Phase.IsTerminal: true })
            return new Step.Wait();
        if (tally.Failed > 0)
        {
            Failure first = tally.First!;
            return new Step.Fail(new Outcome.Failed(ErrorClass.User, first.Code, first.Message) { Cause = first });
        }
        if (tally.Cancelled > 0 || tally.Blocked > 0)
            return new Step.Cancel(around.Facts.StopAskedBy ?? "a failure outside");
        return Returned(around, scope, workflow);
    }

    private static Step Returned(Surroundings around, NodePath scope, WorkflowDefinition workflow)
    {
        var outputs = Value.NoEntries.ToBuilder();
        foreach ((string name, Expr expression) in workflow.Return)
        {
            switch (Evaluator.Evaluate(expression, around.For(scope, scope)))
            {
                case Evaluated.Is known:
                    outputs[name] = known.Value;
                    break;
                case Evaluated.Absent { Failed: false } when !workflow.Out.TryGetValue(name, out Port? port) || port.Type.TakesNone:
                    outputs[name] = Value.None;
                    break;
                case Evaluated.Wrong wrong:
                    return Fail(ErrorClass.User, wrong.Why.Id, wrong.Why.Message);
                default:
                    return Fail(ErrorClass.User, "workflow/output-skipped", $"the output `{name}` of `{workflow.Name}` was to come from a node that was skipped");
            }
        }
        return new Step.Finish(outputs.ToImmutable());
    }

    private static Step ContinueEach(Surroundings around, PlanNode node, Node.Each each, NodeState state, Tally tally)
    {
        FailureBudget budget = each.Budget;
        long size = SizeOf(around, node, each);
        bool isStopped = around.Facts.StopAskedBy is not null || (!each.Always && Doomed(around, node.Scope) is not null);
        bool isSpent = !budget.RunAll && (budget.StopAfter is { } allowed ? tally.Failed > allowed : each.Over is Elements.Listed && size - tally.Failed < budget.Needed(size));
        bool isEnough = each.Stop is { } stop && IsEnough(around, node, stop, tally);
        if (!isStopped && !isSpent && !isEnough && tally.Next < size)
            return tally.Open >= each.Parallel ? new Step.Wait() : Take(each, tally.Next, size);
        if (tally.Open > 0)
            return new Step.Wait();
        if (isStopped && tally.Next < size)
            return new Step.Cancel(around.Facts.StopAskedBy ?? "a failure outside");
        long ended = tally.Succeeded + tally.Failed;
        if (isSpent && tally.Next < size && budget.StopAfter is not null)
            return Fail(ErrorClass.User, "each/too-many-failures", $"{tally.Failed} of {ended} points failed, at most {budget.StopAfter} may: no more were started");
        // The elements of lists that were not started count as missing, unless a stop condition says that these are enough.
        long counted = each.Over is Elements.Listed && !isEnough ? size : ended;
        if (tally.Succeeded < budget.Needed(counted))
            return Fail(ErrorClass.User, "each/too-few-successes", $"{tally.Succeeded} of {counted} succeeded, {budget.Needed(counted)} must" + (tally.First is { } first ? $"; first failure: {first.Message}" : ""));
        return tally.Cancelled > 0
            ? new Step.Cancel(around.Facts.StopAskedBy ?? "a failure outside")
            : new Step.Finish(Gathered(around, node, each, tally, size));
    }

    private static Step Take(Node.Each each, long next, long size)
    {
        if (each.Over is not Elements.Known known)
            return new Step.Take(next);
        for (long index = next; index < size; index++)
        {
            if (known.Space.PointAt(index) is not null)
                return new Step.Take(index);
            if (index - next >= MostHoles)
                return new Step.Pass(index + 1);
        }
        return new Step.Pass(size);
    }

    private static long SizeOf(Surroundings around, PlanNode node, Node.Each each)
    {
        if (each.Over is Elements.Known known)
            return known.Space.Size;
        ImmutableSortedDictionary<string, ImmutableArray<Value>> lists = around.Lists(node, (Elements.Listed)each.Over).Lists;
        // Without a list to go over, everything is bound: one element.
        return lists.IsEmpty ? 1 : lists.Values.First().Length;
    }

    private static bool IsEnough(Surroundings around, PlanNode node, Expr stop, Tally tally)
    {
        Lookup others = around.For(node.Scope, node.Path);
        Evaluated answer = Evaluator.Evaluate(stop, reference => reference.Root != Root.Best ? others(reference)
            : tally.Best is { } best ? Evaluator.Follow(reference, 0, new Value.Map(best.Values))
            : new Evaluated.Awaits([reference]));
        return answer is Evaluated.Is { Value: Value.Bool { Is: true } };
    }

    /// <summary>The lists of all results, if someone reads them, and the best point with its parameters and results.</summary>
    internal static ImmutableSortedDictionary<string, Value> Gathered(Surroundings around, PlanNode node, Node.Each each, Tally tally, long size)
    {
        var outputs = Value.NoEntries.ToBuilder();
        if ((each.Best is { Over.IsEmpty: false } groups ? BestGroup(around, node, groups, size) : tally.Best) is { } best)
            outputs["best"] = new Value.Map(best.Values.SetItem("params", Parameters(around, node, best.Index)).SetItem("index", Value.Of(best.Index)));
        if (!around.Plan.ShapeAt(node.Scope).IsGathered(node.Node.Id))
            return outputs.ToImmutable();
        WorkflowShape shape = around.Plan.ShapeAt(node.Scope);
        if (shape.ResultsRead(node.Node.Id).Contains(Runs))
            outputs[Runs] = AllRuns(around, node, size);
        foreach (string name in around.Plan.ClosureAt(node.Scope).OutputsOf(each.Body).Keys.Union(shape.ResultsRead(node.Node.Id)).Where(name => name != Runs))
        {
            var items = ImmutableArray.CreateBuilder<Value>();
            for (long index = 0; index < size; index++)
            {
                NodeState? element = around.State(node.Path.Element(index));
                if (element is not null || each.Over is Elements.Listed)
                    items.Add(element?.Outputs.GetValueOrDefault(name) ?? Value.None);
            }
            outputs[name] = new Value.List(items.ToImmutable());
        }
        return outputs.ToImmutable();
    }

    /// <summary>Every point that gave something: its index, its parameters, what it gave.</summary>
    private static Value.List AllRuns(Surroundings around, PlanNode node, long size)
    {
        var runs = ImmutableArray.CreateBuilder<Value>();
        for (long index = 0; index < size; index++)
        {
            if (around.State(node.Path.Element(index)) is { Phase.HasOutputs: true } element)
                runs.Add(Value.MapOf([new("index", Value.Of(index)), new("params", Parameters(around, node, index)), new("results", new Value.Map(element.Outputs))]));
        }
        return new Value.List(runs.ToImmutable());
    }

    private static Value.Map Parameters(Surroundings around, PlanNode node, long index) =>
        around.For(node.Scope, node.Path.Element(index))(Expr.To(Root.Item)) is Evaluated.Is { Value: Value.Map map } ? map : new Value.Map(Value.NoEntries);

    /// <summary>The first element of the group whose mean is best; its result is that mean. A group is what agrees in all other parameters.</summary>
    private static BestPoint? BestGroup(Surroundings around, PlanNode node, Selection selection, long size)
    {
        var groups = new Dictionary<string, (BestPoint First, double Sum, int Count)>(StringComparer.Ordinal);
        for (long index = 0; index < size; index++)
        {
            if (around.State(node.Path.Element(index)) is not { Phase.HasOutputs: true } element || selection.ResultOf(element.Outputs) is not { } result)
                continue;
            string key = CanonicalJson.Write(new Value.Map(Parameters(around, node, index).Entries.RemoveRange(selection.Over)));
            (BestPoint first, double sum, int count) = groups.GetValueOrDefault(key, (new BestPoint(index, 0, element.Outputs), 0, 0));
            groups[key] = (first, sum + result, count + 1);
        }
        BestPoint? best = null;
        foreach ((BestPoint first, double sum, int count) in groups.Values.OrderBy(group => group.First.Index))
        {
            double mean = sum / count;
            if (best is null || selection.Better(mean, best.Result))
                best = first with { Result = mean, Values = first.Values.SetItem(selection.Result, Value.Of(mean)) };
        }
        return best;
    }

    private static Step ContinueGate(Surroundings around, PlanNode node, Node.Gate gate, NodeState state)
    {
        if (around.Facts.StopAskedBy is { } by)
            return new Step.Cancel(by);
        if (!node.Node.Always && Doomed(around, node.Scope) is { } cause)
            return new Step.Cancel($"the failure of {cause.Path}");
        DateTimeOffset? end = gate.Limit is { } limit ? state.Since + limit : null;
        if (gate.Kind == GateKind.Sleep)
            return around.Facts.Now >= end ? new Step.Finish(Value.NoEntries) : new Step.Wait(end);
        if (around.Facts.Signals(node.Path) is not { } signal)
            return around.Facts.Now >= end ? Fail(ErrorClass.Timeout, "gate/timeout", $"nobody answered `{node.Node.Id}` in time") : new Step.Wait(end);
        if (gate.Kind == GateKind.Approve)
        {
            if (signal.Value is not Value.Bool { Is: true })
                return Fail(ErrorClass.User, "gate/rejected", $"`{node.Node.Id}` was rejected by {signal.By}");
            Value passed = gate.Bind.TryGetValue("value", out Expr? bound) && Evaluator.Evaluate(bound, around.For(node.Scope, node.Path)) is Evaluated.Is known ? known.Value : Value.None;
            return new Step.Finish(Value.NoEntries.Add("o0", passed));
        }
        return gate.Type is { } type && !Casting.Accepts(type, signal.Value)
            ? Fail(ErrorClass.User, "gate/type", $"`{node.Node.Id}` asks for {type}, {signal.By} gave {Operators.Describe(signal.Value)}")
            : new Step.Finish(Value.NoEntries.Add("o0", signal.Value));
    }

    /// <summary>What failed in this scope or one around it, where a failure stops the rest; null while nothing did.</summary>
    private static Failure? Doomed(Surroundings around, NodePath scope)
    {
        while (true)
        {
            if (around.State(scope)?.Tally is { Failed: > 0, First: { } first } && around.Plan.WorkflowAt(scope)!.Policy == OnFailure.Stop)
                return first;
            if (scope.IsRoot)
                return null;
            scope = (around.Plan.Find(scope) ?? around.Plan.Find(scope.Parent)!).Scope;
        }
    }

    /// <summary>What becomes of a node whose inputs or condition have no value.</summary>
    internal static Step Refuse(Evaluated missing) => missing switch
    {
        Evaluated.Absent absent => absent.Failed ? new Step.Block() : new Step.Skip(),
        Evaluated.Wrong wrong => Fail(ErrorClass.User, wrong.Why.Id, wrong.Why.Message),
        _ => new Step.Wait(),
    };

    internal static Step.Fail Fail(ErrorClass kind, string code, string reason) => new(new Outcome.Failed(kind, code, reason));
}
