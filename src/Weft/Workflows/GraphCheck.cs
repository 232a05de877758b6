using System.Collections.Immutable;
using Weft.Expressions;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;

namespace Weft.Workflows;

/// <summary>Something wrong with a graph: where it is in the graph, and the diagnostic that says so.</summary>
/// <param name="Node">Null when the workflow as a whole is meant; <see cref="GraphCheck.End"/> for its outputs.</param>
/// <param name="Input">The input or output concerned; <see cref="GraphCheck.ConditionOf"/> for a condition.</param>
public sealed record GraphProblem(string Workflow, string? Node, string? Input, Diagnostic Diagnostic);

/// <summary>
/// Everything that can be known to be wrong with workflows before anything runs, in one pass: names that do not exist, inputs without a value,
/// types that do not fit, conditions that cannot hold, cycles.
/// </summary>
public sealed class GraphCheck(Closure closure)
{
    /// <summary>The name under which problems of a workflow's outputs are reported.</summary>
    public const string End = "end-node";

    /// <summary>The name under which problems of a condition are reported.</summary>
    public const string ConditionOf = "condition";

    private readonly List<GraphProblem> _problems = [];
    private WorkflowDefinition _workflow = null!;
    private WorkflowShape _shape = null!;

    /// <summary>The problems of a workflow and of all that it uses.</summary>
    public IReadOnlyList<GraphProblem> Check(string workflow)
    {
        _problems.Clear();
        HashSet<string> tasks = [];
        foreach (WorkflowDefinition used in Reachable(workflow))
        {
            _workflow = used;
            _shape = closure.ShapeOf(used);
            CheckWorkflow();
            foreach (TaskDefinition task in TasksOf(used))
            {
                if (tasks.Add(task.Name))
                    CheckTask(task);
            }
        }
        foreach ((string path, TaskDefinition[] writers) in FixedPaths.Shared(Reachable(workflow).SelectMany(TasksOf).DistinctBy(task => task.Name)))
            Report(null, null, "workflow/shared-path", $"`{writers[0].Name}` and `{writers[1].Name}` both write `{path}` in the project's folder", writers[1].At, "give one of them another path, or write `workspace: private`");
        CheckRecursion(workflow, [], []);
        return _problems;
    }

    /// <summary>The definitions that a workflow uses, itself included, and no others; all of them when it makes graphs at run time, which may use any.</summary>
    public Closure Used(string workflow)
    {
        if (Reachable(workflow).Any(used => used.Nodes.Any(node => node is Node.Grow)))
            return closure;
        var definitions = new List<Definition>();
        HashSet<string> tasks = [];
        HashSet<string> launchPlans = [];
        foreach (WorkflowDefinition used in Reachable(workflow))
        {
            definitions.Add(new Definition.OfWorkflow(used));
            definitions.AddRange(TasksOf(used).Where(task => tasks.Add(task.Name)).Select(task => new Definition.OfTask(task)));
            definitions.AddRange(LaunchPlansOf(used).Where(plan => launchPlans.Add(plan.Name)).Select(plan => new Definition.OfLaunchPlan(plan)));
        }
        return new Closure(definitions);
    }

    private List<WorkflowDefinition> Reachable(string workflow)
    {
        var found = new List<WorkflowDefinition>();
        HashSet<string> seen = [workflow];
        var open = new Queue<string>(seen);
        while (open.TryDequeue(out string? name))
        {
            if (!closure.Workflows.TryGetValue(name, out WorkflowDefinition? one))
                continue;
            found.Add(one);
            foreach (Callee callee in one.Nodes.Select(node => node.Uses).OfType<Callee>())
            {
                string? next = callee.Kind switch
                {
                    CalleeKind.Workflow => callee.Name,
                    CalleeKind.LaunchPlan => closure.LaunchPlans.GetValueOrDefault(callee.Name)?.Workflow,
                    _ => null,
                };
                if (next is not null && seen.Add(next))
                    open.Enqueue(next);
            }
        }
        return found;
    }

    private IEnumerable<TaskDefinition> TasksOf(WorkflowDefinition workflow) => workflow.Nodes.Select(node => node.Uses)
        .Where(callee => callee is { Kind: CalleeKind.Task }).Select(callee => closure.Tasks.GetValueOrDefault(callee!.Name)).OfType<TaskDefinition>();

    private IEnumerable<LaunchPlan> LaunchPlansOf(WorkflowDefinition workflow) => workflow.Nodes.Select(node => node.Uses)
        .Where(callee => callee is { Kind: CalleeKind.LaunchPlan }).Select(callee => closure.LaunchPlans.GetValueOrDefault(callee!.Name)).OfType<LaunchPlan>();

    private void CheckWorkflow()
    {
        if (_workflow.Nodes.IsEmpty)
            Report(null, null, "workflow/empty", $"`{_workflow.Name}` has no nodes: there is nothing to run", _workflow.At);
        var ids = new HashSet<NodeId>();
        foreach (Node node in _workflow.Nodes)
        {
            if (!ids.Add(node.Id))
                Report(node.Id.Text, null, "workflow/duplicate-node", $"`{node.Id}` stands twice in `{_workflow.Name}`", node.At);
            CheckNode(node);
        }
        if (_shape.Cycle is { } cycle)
            Report(null, null, "workflow/cycle", $"`{_workflow.Name}` runs in a circle: {string.Join(" -> ", cycle.Select(node => node.Id))}", cycle[0].At);
        if (_workflow.Handler is { } handler && _shape.Find(handler) is null)
            Report(null, null, "workflow/unknown-node", $"the failure handler `{handler}` is no node of `{_workflow.Name}`", _workflow.At, NodeHint(handler.Text));
        foreach ((string name, Port port) in _workflow.Out)
        {
            if (_workflow.Return.TryGetValue(name, out Expr? expression))
                CheckBinding(End, name, expression, port.Type);
            else if (!port.IsOptional)
                Report(End, name, "workflow/unbound", $"the output `{name}` of `{_workflow.Name}` has no value", _workflow.At);
        }
        foreach ((string name, Expr expression) in _workflow.Return.Where(result => !_workflow.Out.ContainsKey(result.Key)))
        {
            if (_workflow.Out.IsEmpty)
                TypesFor(End, name).Of(expression);
            else
                Report(End, name, "workflow/unknown-input", $"`{_workflow.Name}` declares no output `{name}`", At(expression), Suggest.HintOrList(name, [.. _workflow.Out.Keys], "it gives"));
        }
    }

    private void CheckNode(Node node)
    {
        string id = node.Id.Text;
        foreach (Edge edge in node.After)
        {
            if (_shape.Find(edge.From) is null)
                Report(id, null, "workflow/unknown-node", $"`{id}` comes after `{edge.From}`, which does not exist", node.At, NodeHint(edge.From.Text));
        }
        if (node.When is { } when)
            TypesFor(id, ConditionOf).Condition(when);
        if (node is Node.Each { Stop: { } stop })
            TypesFor(id, "stop").Condition(stop);
        if (node is Node.Gate gate)
        {
            CheckGate(gate);
            return;
        }
        Callee callee = node.Uses!;
        if (node is Node.Grow && closure.OutputsOf(callee) is { IsEmpty: false } gives && !gives.ContainsKey(Node.Grow.Graph))
            Report(id, null, "grow/builder", $"`{callee.Name}` gives no output `{Node.Grow.Graph}` from which to grow", node.At);
        if (closure.InputsOf(callee) is { } inputs)
            CheckInputs(node, callee, inputs);
        else
            ReportUnknown(node, callee);
    }

    private void CheckGate(Node.Gate gate)
    {
        if (gate.Kind == GateKind.Sleep && gate.Limit is null)
            Report(gate.Id.Text, null, "gate/limit", $"`{gate.Id}` sleeps for ever: it needs a time", gate.At);
        if (gate.Kind != GateKind.Approve)
            return;
        if (!gate.Bind.TryGetValue("value", out Expr? value))
            return;
        bool gives = value is not Expr.Ref { Root: Root.Node } reference || _shape.Find(reference.Node) is not { } before || HasOutputs(before);
        if (value is not Expr.Ref and not Expr.First || value is Expr.Ref { Root: not Root.Node })
            Report(gate.Id.Text, "value", "gate/approve-input", $"`{gate.Id}` approves what a node gives, not an input or a constant", At(value));
        else if (!gives)
            Report(gate.Id.Text, "value", "gate/approve-nothing", $"`{gate.Id}` has nothing to approve: `{((Expr.Ref)value).Node}` gives no output", At(value));
        else
            TypesFor(gate.Id.Text, "value").Of(value);
    }

    private bool HasOutputs(Node node) => node switch
    {
        Node.Gate gate => gate.Kind != GateKind.Sleep,
        Node.Grow => true,
        _ => !closure.OutputsOf(node.Uses!).IsEmpty,
    };

    private void ReportUnknown(Node node, Callee callee)
    {
        (string id, string what, IEnumerable<string> names) = callee.Kind switch
        {
            CalleeKind.Task => ("workflow/unknown-task", "task", closure.Tasks.Keys),
            CalleeKind.Workflow => ("workflow/unknown-workflow", "workflow", closure.Workflows.Keys),
            _ => ("workflow/unknown-launch-plan", "launch plan", closure.LaunchPlans.Keys),
        };
        Report(node.Id.Text, null, id, $"there is no {what} `{callee.Name}`", callee.At, Suggest.HintOrList(callee.Name, [.. names], what + "s"));
    }

    private void CheckInputs(Node node, Callee callee, ImmutableSortedDictionary<string, Port> inputs)
    {
        string id = node.Id.Text;
        Elements? over = (node as Node.Each)?.Over;
        ImmutableSortedDictionary<string, Expr> zip = (over as Elements.Listed)?.Zip ?? Expr.NoBindings;
        CheckNames(node.Bind);
        CheckNames(zip);
        Point? sample = (over as Elements.Known)?.Space is { } space ? FirstPoint(space) : null;
        foreach ((string name, Port port) in inputs)
        {
            if (node.Bind.TryGetValue(name, out Expr? bound))
                CheckBinding(id, name, bound, port.Type);
            else if (zip.TryGetValue(name, out Expr? list))
                CheckBinding(id, name, list, new TypeExpr.List(port.Type));
            else if (!port.IsOptional && !(over is Elements.Known && (sample is null || sample.Values.ContainsKey(name))))
                Report(id, name, "workflow/unbound", $"the input `{name}` ({port.Type}) of `{callee.Name}` is not bound", node.At);
        }
        if (node is Node.Each swept && SweepCheck.OfSelection(swept, closure.OutputsOf(callee)) is { } wrong)
            Report(id, null, wrong.Id, wrong.Message, wrong.At, wrong.Hint);
        if (over is Elements.Listed listed)
            CheckLists(listed);

        void CheckLists(Elements.Listed listed)
        {
            int[] lengths = [.. listed.Zip.Values.OfType<Expr.ListOf>().Select(list => list.Items.Length).Distinct()];
            if (lengths.Length > 1)
                Report(id, null, "each/length", $"the lists must have one length, these have {string.Join(" and ", lengths)}", node.At);
            // A function is typed by the one list that it gives; of a program every output becomes a list by its name.
            if (closure.OutputsOf(callee).Count > 1 && closure.Tasks.GetValueOrDefault(callee.Name) is { Body: TaskBody.Managed })
                Report(id, null, "each/outputs", $"a map gives one list, and `{callee.Name}` has {closure.OutputsOf(callee).Count} outputs", node.At, "let it give one record");
        }

        void CheckNames(ImmutableSortedDictionary<string, Expr> bindings)
        {
            foreach ((string name, Expr bound) in bindings)
            {
                if (!inputs.ContainsKey(name))
                    Report(id, name, "workflow/unknown-input", $"`{callee.Name}` has no input `{name}`", At(bound), Suggest.HintOrList(name, [.. inputs.Keys], "it takes"));
            }
        }
    }

    /// <summary>A point to look at; null when the first indices are all holes.</summary>
    private static Point? FirstPoint(Space space)
    {
        for (long index = 0; index < Math.Min(space.Size, 100); index++)
        {
            if (space.PointAt(index) is { } point)
                return point;
        }
        return null;
    }

    private void CheckBinding(string node, string input, Expr bound, TypeExpr expected)
    {
        switch (bound, expected)
        {
            case (Expr.Literal or Expr.ListOf or Expr.MapOf, TypeExpr.Union or TypeExpr.Optional):
                TypesFor(node, input).Of(bound);
                int fits = Casting.Variants(expected).Count(variant => Fits(bound, variant));
                if (fits == 0)
                    Report(node, input, "workflow/union-incompatible", $"no variant of {expected} takes {Show(bound)}", At(bound));
                else if (fits > 1)
                    Report(node, input, "workflow/union-ambiguous", $"{fits} variants of {expected} take {Show(bound)}", At(bound));
                return;
            case (Expr.Literal literal, _):
                if (Constant(literal.Value, expected) is { } mistake)
                    Report(node, input, mistake.Id, mistake.Message, At(bound), mistake.Hint);
                return;
            case (Expr.ListOf list, TypeExpr.List of):
                foreach (Expr item in list.Items)
                    CheckBinding(node, input, item, of.Of);
                return;
            case (Expr.MapOf map, TypeExpr.Map of):
                foreach ((_, Expr value) in map.Entries)
                    CheckBinding(node, input, value, of.Of);
                return;
            case (Expr.MapOf map, TypeExpr.Record record):
                foreach ((string key, Expr value) in map.Entries)
                    CheckBinding(node, input, value, record.Fields.GetValueOrDefault(key, TypeExpr.Any));
                return;
        }
        TypeExpr type = TypesFor(node, input).Of(bound);
        if (bound is Expr.ListOf or Expr.MapOf)
        {
            if (expected != TypeExpr.Any && !(bound is Expr.MapOf && expected == TypeExpr.Struct))
                Report(node, input, "workflow/binding", $"`{input}` takes {expected}, not {(bound is Expr.ListOf ? "a list" : "a map")}", At(bound));
            return;
        }
        switch (Casting.From(type, expected))
        {
            case Castable.No:
                Report(node, input, "workflow/type", $"`{input}` takes {expected}, and {Show(bound)} is {type}", At(bound));
                break;
            case Castable.Unproven when type != TypeExpr.Any:
                _problems.Add(new GraphProblem(_workflow.Name, node, input, new Diagnostic(
                    "workflow/unproven", $"`{input}` takes {expected}; whether {Show(bound)}, a {type}, is one is only known when it is there", At(bound)) { Severity = Severity.Warning }));
                break;
        }
    }

    /// <summary>Whether a constant, a list or a map would be taken by one variant of a union.</summary>
    private bool Fits(Expr bound, TypeExpr variant) => (bound, variant) switch
    {
        (Expr.Literal literal, _) => Constant(literal.Value, variant) is null,
        (Expr.ListOf list, TypeExpr.List of) => list.Items.All(item => Fits(item, of.Of)),
        (Expr.MapOf map, TypeExpr.Map of) => map.Entries.All(entry => Fits(entry.Value, of.Of)),
        (Expr.MapOf map, TypeExpr.Record record) => record.Fields.All(field => map.Entries.Any(entry => entry.Key == field.Key && Fits(entry.Value, field.Value))),
        (Expr.ListOf or Expr.MapOf, _) => variant == TypeExpr.Any || (bound is Expr.MapOf && variant == TypeExpr.Struct),
        _ => Casting.From(new ExprTypes(reference => TypeOf(reference, null), _ => { }).Of(bound), variant) != Castable.No,
    };

    private static Diagnostic? Constant(Value value, TypeExpr expected)
    {
        switch (value)
        {
            case Value.Text text when expected is TypeExpr.Enum members && !members.Members.Contains(text.Content):
                return new Diagnostic("workflow/enum", $"`{text.Content}` is none of {expected}") { Hint = Suggest.HintOrList(text.Content, members.Members, "its members") };
            case Value.List list when expected is TypeExpr.List of:
                return list.Items.Select(item => Constant(item, of.Of)).FirstOrDefault(mistake => mistake is not null);
            case Value.Map map when expected is TypeExpr.Map of:
                return map.Entries.Values.Select(item => Constant(item, of.Of)).FirstOrDefault(mistake => mistake is not null);
            case Value.List when expected is not (TypeExpr.Union or TypeExpr.Optional) && expected != TypeExpr.Any:
            case Value.Map when expected is not (TypeExpr.Record or TypeExpr.Union or TypeExpr.Optional) && expected != TypeExpr.Any && expected != TypeExpr.Struct:
                return new Diagnostic("workflow/binding", $"{expected} was expected, not {Operators.Describe(value)}");
        }
        return Casting.Accepts(expected, value) ? null : new Diagnostic("workflow/type", $"{expected} was expected, not {Operators.Describe(value)}");
    }

    private ExprTypes TypesFor(string node, string input) => new(
        reference => TypeOf(reference, problem => Report(node, input, problem.Id, problem.Message, At(reference), problem.Hint)),
        problem => _problems.Add(new GraphProblem(_workflow.Name, node, input, problem)));

    /// <summary>The declared type of what a reference names; any with a problem reported when there is nothing.</summary>
    private TypeExpr TypeOf(Expr.Ref reference, Action<Diagnostic>? report)
    {
        switch (reference.Root)
        {
            case Root.Input when reference.Path is [{ Name: { } name }, ..]:
                if (_workflow.In.TryGetValue(name, out Port? input))
                    return Field(input.Type, reference, 1, report);
                report?.Invoke(new Diagnostic("workflow/unknown-input", $"`{_workflow.Name}` has no input `{name}`") { Hint = Suggest.HintOrList(name, [.. _workflow.In.Keys], "it takes") });
                return TypeExpr.Any;
            case Root.Node:
                return TypeOfNode(reference, report);
            default:
                return TypeExpr.Any;
        }
    }

    private TypeExpr TypeOfNode(Expr.Ref reference, Action<Diagnostic>? report)
    {
        if (_shape.Find(reference.Node) is not { } node)
        {
            report?.Invoke(new Diagnostic("workflow/unknown-node", $"there is no node `{reference.Node}` in `{_workflow.Name}`") { Hint = DashHint(reference) ?? NodeHint(reference.Node.Text) });
            return TypeExpr.Any;
        }
        if (reference.Path is not [_, { Name: { } output }, ..])
            return TypeExpr.Struct;
        switch (node)
        {
            case Node.Gate { Kind: GateKind.Input } gate when output == "o0":
                return Field(gate.Type ?? TypeExpr.Any, reference, 2, report);
            case Node.Gate { Kind: GateKind.Approve } gate when output == "o0":
                return gate.Bind.TryGetValue("value", out Expr? value) && value is Expr.Ref approved && approved != reference ? Field(TypeOf(approved, null), reference, 2, report) : TypeExpr.Any;
            case Node.Each sweep when output == "best" && !closure.OutputsOf(sweep.Body).ContainsKey(output):
                if (SweepCheck.OfBest(sweep, reference) is { } wrong)
                    report?.Invoke(wrong);
                return TypeExpr.Any;
            // What will grow is not known; a sweep also gives what its programs report.
            case Node.Grow:
            case Node.Each { Over: Elements.Known } each when !closure.OutputsOf(each.Body).ContainsKey(output):
                return TypeExpr.Any;
        }
        // That there is no such callee is said once, of the node itself.
        if (node.Uses is { } used && closure.InputsOf(used) is null)
            return TypeExpr.Any;
        ImmutableSortedDictionary<string, Port> outputs = node.Uses is { } callee ? closure.OutputsOf(callee) : Port.None;
        if (outputs.TryGetValue(output, out Port? port))
            return Field(node is Node.Each array ? ListType(array, port.Type) : port.Type, reference, 2, report);
        // Values that a program reports need no declaration, unless the task declares its outputs.
        if (outputs.IsEmpty && node.Uses is { Kind: CalleeKind.Task } task && closure.Tasks.GetValueOrDefault(task.Name) is not { Body: TaskBody.Managed })
            return TypeExpr.Any;
        report?.Invoke(new Diagnostic("workflow/unknown-output", $"`{node.Id}` has no output `{output}`") { Hint = Suggest.HintOrList(output, [.. outputs.Keys], "it gives") });
        return TypeExpr.Any;
    }

    private static TypeExpr.List ListType(Node.Each each, TypeExpr item) =>
        new(each.Budget.MinSuccess < 1 || each.Budget.MinCount is not null ? TypeExpr.Optionally(item) : item);

    private static TypeExpr Field(TypeExpr type, Expr.Ref reference, int from, Action<Diagnostic>? report)
    {
        if (ExprTypes.Follow(type, reference.Path, from, out string? problem) is { } field)
            return field;
        report?.Invoke(new Diagnostic("workflow/unknown-field", $"in `{reference}`: {problem}"));
        return TypeExpr.Any;
    }

    private void CheckTask(TaskDefinition task)
    {
        CheckCache(task);
        IEnumerable<Expr> expressions = task.Body switch
        {
            TaskBody.Command command => command.Words,
            TaskBody.Shell shell => [shell.Script],
            TaskBody.Fail fail => [fail.Message],
            _ => [],
        };
        var references = new List<Expr.Ref>();
        foreach (Expr expression in expressions)
            Evaluator.AddReferences(expression, references);
        foreach ((_, Expr variable) in task.Env)
            Evaluator.AddReferences(variable, references);
        foreach (Expr.Ref reference in references)
        {
            if (reference.Path is not [{ Name: { } name }, ..])
                continue;
            if (reference.Root == Root.Input && !task.In.ContainsKey(name))
                Report(null, null, "task/unknown-input", $"the task `{task.Name}` has no input `{name}`", At(reference), Suggest.HintOrList(name, [.. task.In.Keys], "it takes"));
            if (reference.Root == Root.Output && !task.Out.ContainsKey(name))
                Report(null, null, "task/unknown-output", $"the task `{task.Name}` has no output `{name}`", At(reference), Suggest.HintOrList(name, [.. task.Out.Keys], "it gives"));
            if (reference.Root == Root.Node)
                Report(null, null, "task/node", $"the task `{task.Name}` sees its inputs, not the node `{name}`", At(reference), DashHint(reference) ?? "bind it to an input");
        }
    }

    private void CheckCache(TaskDefinition task)
    {
        CacheRule cache = task.Cache;
        if (cache.Version is { } version && string.IsNullOrWhiteSpace(version))
            Report(null, null, "cache/version", $"the cache version of `{task.Name}` is empty", task.At, "give it a text, or leave it out to have it computed");
        if (cache.SingleFlight && !cache.On)
            Report(null, null, "cache/single-flight", $"`{task.Name}` is to run once for equal calls, but is not cached", task.At, "turn its cache on");
        if (!cache.Ignore.IsEmpty && !cache.On)
            Report(null, null, "cache/ignore", $"`{task.Name}` leaves inputs out of its cache key, but is not cached", task.At, "turn its cache on");
        foreach (string ignored in cache.Ignore.Where(name => !task.In.ContainsKey(name)))
            Report(null, null, "cache/unknown-input", $"`{task.Name}` has no input `{ignored}` to leave out of its cache key", task.At, Suggest.HintOrList(ignored, [.. task.In.Keys], "it takes"));
    }

    /// <summary>A workflow that uses itself, directly or through others, would never end.</summary>
    private void CheckRecursion(string name, List<string> path, HashSet<string> done)
    {
        if (!closure.Workflows.TryGetValue(name, out WorkflowDefinition? workflow) || done.Contains(name))
            return;
        int before = path.IndexOf(name);
        path.Add(name);
        if (before >= 0)
        {
            _workflow = workflow;
            Report(null, null, "workflow/recursive", $"`{name}` uses itself: {string.Join(" -> ", path[before..])}", workflow.At);
        }
        else
        {
            foreach (string used in workflow.Nodes.Select(node => node.Uses).Where(callee => callee is { Kind: CalleeKind.Workflow }).Select(callee => callee!.Name).Distinct())
                CheckRecursion(used, path, done);
            done.Add(name);
        }
        path.RemoveAt(path.Count - 1);
    }

    private string? NodeHint(string name) => Suggest.HintOrList(name, [.. _workflow.Nodes.Select(node => node.Id.Text)], "nodes");

    /// <summary>What was meant as one name and is read as a subtraction, as nothing in the file is called so.</summary>
    private static string? DashHint(Expr.Ref reference)
    {
        string text = reference.At.Source.Text;
        int start = reference.At.Start;
        bool isTight = start >= 2 && text[start - 1] == '-' && (char.IsLetterOrDigit(text[start - 2]) || text[start - 2] == '_');
        return isTight && At(reference) is not null ? "`-` subtracts here; a name with `-` that this file does not declare stands in brackets: `train.best['val-acc']`" : null;
    }

    private static string Show(Expr expression) => $"`{ExprPrinter.Print(expression)}`";

    private static Span? At(Expr expression) => expression.At.Source.Name.Length > 0 ? expression.At : null;

    private void Report(string? node, string? input, string id, string message, Span? at, string? hint = null) =>
        _problems.Add(new GraphProblem(_workflow.Name, node, input, new Diagnostic(id, message, at is { Source.Name.Length: > 0 } ? at : null) { Hint = hint }));
}
