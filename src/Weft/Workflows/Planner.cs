using System.Collections.Immutable;
using Weft.Expressions;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;

namespace Weft.Workflows;

/// <summary>
/// Turns definitions, arguments and what is known of the world into a plan. It starts nothing and asks only the given facts; time and memory are
/// linear in the nodes written down, whatever the size of the sweeps.
/// </summary>
public sealed class Planner
{
    /// <summary>Points of a sweep whose values are checked before anything runs; those beyond are checked when they are taken.</summary>
    private const int MostChecked = 10_000;

    private readonly Surroundings _around;
    private readonly Func<string?, EngineProfile> _engines;
    private readonly Diagnostics _problems;
    private readonly Dictionary<NodePath, NodeState> _known = [];
    private readonly List<PlanNode> _nodes = [];
    private readonly Dictionary<NodePath, int> _positions = [];

    /// <summary>Nodes that may be skipped: what depends on them may be, too.</summary>
    private readonly HashSet<NodePath> _uncertain = [];

    /// <summary>Cached calls by task: where they stand, and under which key they are looked up if that is known.</summary>
    private readonly Dictionary<string, List<(NodePath Path, string? Key)>> _cached = new(StringComparer.Ordinal);

    private Planner(Plan draft, Facts facts, Func<string?, EngineProfile> engines, Diagnostics problems)
    {
        _around = new Surroundings(draft, _known.GetValueOrDefault, facts);
        _engines = engines;
        _problems = problems;
    }

    /// <param name="workflow">The name of the workflow to run.</param>
    /// <param name="arguments">Values for its inputs; those left out take their defaults.</param>
    /// <param name="engines">The profile that a node names, or the one to take when it names none (null).</param>
    /// <returns>Null when something is wrong; every problem of every definition in use is in <paramref name="problems"/>.</returns>
    public static Plan? Plan(
        Closure closure,
        string workflow,
        ImmutableSortedDictionary<string, Value> arguments,
        Facts facts,
        Diagnostics problems,
        Func<string?, EngineProfile>? engines = null)
    {
        if (!closure.Workflows.TryGetValue(workflow, out WorkflowDefinition? root))
        {
            problems.Error("workflow/unknown", $"there is no workflow `{workflow}`", null, Suggest.HintOrList(workflow, [.. closure.Workflows.Keys], "workflows"));
            return null;
        }
        var graph = new GraphCheck(closure);
        foreach (GraphProblem problem in graph.Check(workflow))
            problems.Add(problem.Diagnostic);
        ImmutableSortedDictionary<string, Value> inputs = Arguments(root, arguments, problems);
        if (problems.HasErrors)
            return null;
        Closure used = graph.Used(workflow);
        Digest id = PlanJson.Identity(used, workflow, inputs);
        var planner = new Planner(new Plan(id, used, workflow, inputs, []), facts, engines ?? (_ => EngineProfile.Local), problems);
        planner.Scope(NodePath.Root, Forecast.WillRun, (engines ?? (_ => EngineProfile.Local))(null));
        planner.Concur();
        return problems.HasErrors ? null : new Plan(id, used, workflow, inputs, [.. planner._nodes]);
    }

    private static ImmutableSortedDictionary<string, Value> Arguments(WorkflowDefinition root, ImmutableSortedDictionary<string, Value> arguments, Diagnostics problems)
    {
        var inputs = Value.NoEntries.ToBuilder();
        foreach ((string name, _) in arguments)
        {
            if (!root.In.ContainsKey(name))
                problems.Error("workflow/unknown-input", $"`{root.Name}` has no input `{name}`", null, Suggest.HintOrList(name, [.. root.In.Keys], "it takes"));
        }
        foreach ((string name, Port port) in root.In)
        {
            Value? value = arguments.GetValueOrDefault(name) ?? port.Default ?? (port.Type.TakesNone ? Value.None : null);
            if (value is null)
                problems.Error("workflow/input-missing", $"`{root.Name}` needs a value for `{name}` ({port.Type})", null, $"add {name}=VALUE");
            else if (!Casting.Accepts(port.Type, value))
                problems.Error("workflow/input-type", $"`{name}` must be {port.Type}, this is {Operators.Describe(value)}");
            else
                inputs[name] = value;
        }
        return inputs.ToImmutable();
    }

    private void Scope(NodePath scope, Forecast ofScope, EngineProfile engine)
    {
        WorkflowShape shape = _around.Plan.ShapeAt(scope);
        foreach (Node node in shape.Order)
        {
            NodePath path = scope.Child(node.Id.Text);
            var draft = new PlanNode(path, scope, node, node.With.Engine is { } named ? _engines(named) : engine, Forecast.WillRun);
            Forecast forecast = ofScope switch
            {
                Forecast.Run when node.Id != shape.Workflow.Handler => Foresee(draft, shape),
                Forecast.Skip => ofScope,
                _ => Unsure(path, [scope]),
            };
            // Whatever may be run may fill the cache for others.
            if (forecast is Forecast.Depends && node.Uses is { } callee && (callee.Kind == CalleeKind.Task || node is Node.Each))
                NoteAll(callee, path);
            _positions[path] = _nodes.Count;
            _nodes.Add(draft with { Forecast = forecast });
            if (forecast is Forecast.Skip)
                _known[path] = new NodeState(path, Phase.Skipped);
            if (node is not Node.Use { Body: { Kind: CalleeKind.Workflow } })
                continue;
            Scope(path, forecast, draft.Engine);
            if (forecast is Forecast.Run)
                Returned(path);
        }
    }

    /// <summary>The outputs of a workflow whose nodes are all known already are known too.</summary>
    private void Returned(NodePath scope)
    {
        var outputs = Value.NoEntries.ToBuilder();
        foreach ((string name, Expr expression) in _around.Plan.WorkflowAt(scope)!.Return)
        {
            if (Evaluator.Evaluate(expression, _around.For(scope, scope)) is not Evaluated.Is known)
                return;
            outputs[name] = known.Value;
        }
        _known[scope] = new NodeState(scope, Phase.Succeeded) { Outputs = outputs.ToImmutable() };
    }

    private Forecast Foresee(PlanNode node, WorkflowShape shape)
    {
        if (node.Node.When is { } when)
        {
            switch (Evaluator.Evaluate(when, _around.For(node.Scope, node.Path)))
            {
                case Evaluated.Is { Value: Value.Bool { Is: true } }:
                    break;
                case Evaluated.Is or Evaluated.Absent:
                    return new Forecast.Skip();
                case Evaluated.Wrong wrong:
                    _problems.Add(wrong.Why);
                    return Forecast.WillRun;
                case Evaluated.Awaits awaits:
                    return Unsure(node.Path, Awaited(awaits, node, shape, all: true));
            }
        }
        var on = new List<NodePath>();
        foreach (Edge edge in node.Node.After)
        {
            if (edge.Rule != EdgeRule.Succeeded)
                continue;
            NodePath before = node.Scope.Child(edge.From.Text);
            if (_known.GetValueOrDefault(before) is { Phase: Phase.Skipped })
                return new Forecast.Skip();
            if (_uncertain.Contains(before))
                on.Add(before);
        }
        var awaited = new List<NodePath>();
        foreach (Expr expression in WorkflowShape.Expressions(node.Node))
        {
            if (expression == node.Node.When || IsOfPoint(expression))
                continue;
            switch (Evaluator.Evaluate(expression, _around.For(node.Scope, node.Path)))
            {
                case Evaluated.Absent:
                    return new Forecast.Skip();
                case Evaluated.Wrong wrong:
                    _problems.Add(wrong.Why);
                    break;
                case Evaluated.Awaits awaits:
                    on.AddRange(Awaited(awaits, node, shape, all: false));
                    awaited.AddRange(Awaited(awaits, node, shape, all: true));
                    break;
            }
        }
        if (on.Count > 0)
            return Unsure(node.Path, on);
        return node.Node.Uses is { } callee && (callee.Kind == CalleeKind.Task || node.Node is Node.Each) ? Cached(node, callee, awaited) : Forecast.WillRun;
    }

    private Forecast Cached(PlanNode node, Callee callee, List<NodePath> awaited)
    {
        if (node.Node is Node.Each each)
        {
            NoteAll(callee, node.Path);
            CheckPoints(node, callee);
            return callee.Kind == CalleeKind.Task ? OfPoints(node, each, callee, awaited) : Forecast.WillRun;
        }
        TaskDefinition definition = Calls.TaskOf(_around, node, callee);
        if (!definition.Cache.On || _around.Facts.CacheMode != CacheMode.Enabled)
            return Forecast.WillRun;
        (ImmutableSortedDictionary<string, Value> inputs, Evaluated? missing) = _around.Inputs(node, node.Path, definition.In);
        if (missing is Evaluated.Wrong wrong)
        {
            _problems.Add(wrong.Why);
            return Forecast.WillRun;
        }
        if (missing is not null)
            return new Forecast.Depends([.. awaited.Distinct()]);
        if (Calls.DocumentOf(_around.Facts, definition, inputs)?.Key() is not { } key)
            return Forecast.WillRun;
        switch (_around.Facts.Cache(key))
        {
            case CacheAnswer.Hit hit when hit.IsYoungEnough(definition.Cache, _around.Facts.Now):
                _known[node.Path] = new NodeState(node.Path, Phase.Reused) { Outputs = hit.Outputs, Key = key };
                return new Forecast.Reuse(key);
            case CacheAnswer.Reserved when definition.Cache.SingleFlight:
                return new Forecast.Depends([]);
        }
        Note(definition.Name, node.Path, key);
        return Forecast.WillRun;
    }

    /// <summary>A sweep of cached work: its points are looked up one by one, up to <see cref="MostChecked"/>.</summary>
    private Forecast OfPoints(PlanNode node, Node.Each each, Callee callee, List<NodePath> awaited)
    {
        TaskDefinition definition = Calls.TaskOf(_around, node, callee);
        if (each.Over is not Elements.Known { Space: var space } || !definition.Cache.On || _around.Facts.CacheMode != CacheMode.Enabled)
            return Forecast.WillRun;
        if (awaited.Count > 0)
            return new Forecast.Depends([.. awaited.Distinct()]);
        long points = 0;
        var results = new List<NodeState>();
        for (long index = 0; index < Math.Min(space.Size, MostChecked); index++)
        {
            NodePath element = node.Path.Element(index);
            if (_around.PointAt(element) is null)
                continue;
            points++;
            (ImmutableSortedDictionary<string, Value> inputs, Evaluated? missing) = _around.Inputs(node, element, definition.In);
            if (missing is not null)
                return Forecast.WillRun;
            if (Calls.DocumentOf(_around.Facts, definition, inputs)?.Key() is { } key && _around.Facts.Cache(key) is CacheAnswer.Hit hit && hit.IsYoungEnough(definition.Cache, _around.Facts.Now))
                results.Add(new NodeState(element, Phase.Reused) { Outputs = hit.Outputs });
        }
        if (points == 0 || results.Count < points || space.Size > MostChecked)
            return results.Count == 0 ? Forecast.WillRun : new Forecast.Run { Reused = results.Count };
        // Where a sweep may end early, the points that count are only known then.
        if (each.Stop is null)
            Gathered(node, each, results, space.Size);
        return new Forecast.Reuse(points == 1 ? "1 result" : $"{points} results");
    }

    /// <summary>A sweep whose points are all there gives what it will give when they are taken.</summary>
    private void Gathered(PlanNode node, Node.Each each, List<NodeState> results, long size)
    {
        var tally = new Tally(Next: size, Succeeded: results.Count);
        foreach (NodeState point in results)
        {
            _known[point.Path] = point;
            tally = tally.Judged(each, point);
        }
        _known[node.Path] = new NodeState(node.Path, Phase.Succeeded) { Outputs = Decision.Gathered(_around, node, each, tally, size), Tally = tally };
    }

    /// <summary>The values of a sweep's points against the inputs that they go to: all points up to <see cref="MostChecked"/>, the first mistake.</summary>
    private void CheckPoints(PlanNode node, Callee callee)
    {
        if (node.Node is not Node.Each { Over: Elements.Known known } || _around.Plan.Closure.InputsOf(callee) is not { IsEmpty: false } ports)
            return;
        for (long index = 0; index < Math.Min(known.Space.Size, MostChecked); index++)
        {
            NodePath element = node.Path.Element(index);
            if (_around.PointAt(element) is { } point && _around.Inputs(node, element, ports).Missing is Evaluated.Wrong wrong)
            {
                string words = string.Join(' ', point.Words.Select(word => word.Text));
                _problems.Add((wrong.Why.At is null && known.Space.At.Source.Name.Length > 0 ? wrong.Why with { At = known.Space.At } : wrong.Why) with { Message = $"{wrong.Why.Message}, at point {index} (`{words}`)" });
                return;
            }
        }
    }

    /// <summary>
    /// A call that is not in the cache now will be when another call with the same key ends first: then it depends on that one. The other may be
    /// one whose key is not known yet, unless it comes later.
    /// </summary>
    private void Concur()
    {
        foreach (List<(NodePath Path, string? Key)> calls in _cached.Values.Where(calls => calls.Count > 1))
        {
            ILookup<string?, NodePath> byKey = calls.ToLookup(call => call.Key, call => call.Path);
            NodePath[] unknown = [.. byKey[null]];
            foreach ((NodePath path, string? key) in calls)
            {
                if (key is null || _nodes[_positions[path]] is not { Forecast: Forecast.Run } node)
                    continue;
                HashSet<NodePath>? later = null;
                NodePath[] rivals = [.. byKey[key].Concat(unknown).Where(other => other != path && !IsIn(later ??= After(node), other)).Take(10)];
                if (rivals.Length > 0)
                    _nodes[_positions[path]] = node with { Forecast = new Forecast.Depends([.. rivals]) };
            }
        }
    }

    /// <summary>The nodes of the same workflow that cannot start before this one has ended.</summary>
    private HashSet<NodePath> After(PlanNode node)
    {
        WorkflowShape shape = _around.Plan.ShapeAt(node.Scope);
        var after = new HashSet<NodePath>();
        var open = new Stack<Node>(shape.Dependents(node.Node.Id));
        while (open.TryPop(out Node? next))
        {
            if (after.Add(node.Scope.Child(next.Id.Text)))
            {
                foreach (Node dependent in shape.Dependents(next.Id))
                    open.Push(dependent);
            }
        }
        return after;
    }

    /// <summary>True when the node, or one around it, is in the set.</summary>
    private static bool IsIn(HashSet<NodePath> set, NodePath path)
    {
        for (int cut = path.Text.Length; cut > 0; cut = path.Text.LastIndexOf('/', cut - 1))
        {
            if (set.Contains(new NodePath(path.Text[..cut])))
                return true;
        }
        return false;
    }

    private void NoteAll(Callee callee, NodePath path)
    {
        foreach (string task in TasksIn(callee, []))
            Note(task, path, null);
    }

    private void Note(string task, NodePath path, string? key)
    {
        if (!_cached.TryGetValue(task, out List<(NodePath, string?)>? calls))
            _cached[task] = calls = [];
        calls.Add((path, key));
    }

    private HashSet<string> TasksIn(Callee callee, HashSet<string> found)
    {
        if (callee.Kind == CalleeKind.Task)
            found.Add(callee.Name);
        if (callee.Kind == CalleeKind.Workflow)
        {
            foreach (Node node in _around.Plan.Closure.Workflows[callee.Name].Nodes)
            {
                if (node.Uses is { } inner)
                    TasksIn(inner, found);
            }
        }
        return found;
    }

    private Forecast.Depends Unsure(NodePath path, IEnumerable<NodePath> on)
    {
        _uncertain.Add(path);
        return new Forecast.Depends([.. on.Distinct()]);
    }

    /// <summary>The nodes that an expression waits for; only those that may be skipped, or all.</summary>
    private IEnumerable<NodePath> Awaited(Evaluated.Awaits awaits, PlanNode node, WorkflowShape shape, bool all)
    {
        foreach (Expr.Ref reference in awaits.On)
        {
            // A reference of a workflow further out is answered by that workflow's own forecast.
            bool isHere = reference.Root == Root.Node && shape.Find(reference.Node) is not null;
            NodePath path = isHere ? node.Scope.Child(reference.Node.Text) : node.Scope;
            if (all || _uncertain.Contains(path))
                yield return path;
        }
    }

    private static bool IsOfPoint(Expr expression) => Evaluator.References(expression).Any(reference => reference.Root is Root.Item or Root.Words or Root.Run);
}
