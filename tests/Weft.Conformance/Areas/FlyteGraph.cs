using System.Collections.Immutable;
using System.Text.Json;
using Weft.Expressions;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Conformance.Areas;

/// <summary>A vector's tasks and workflows as definitions, as a dialect would translate them.</summary>
internal sealed class FlyteGraph
{
    /// <summary>The node that a workflow's failure handler becomes.</summary>
    public const string Handler = "on-failure";

    private readonly Dictionary<string, Dictionary<string, Branch>> _branches = [];
    private readonly List<Definition> _definitions = [];

    public FlyteGraph(JsonElement one)
    {
        foreach (JsonProperty task in one.GetProperty("tasks").EnumerateObject())
            _definitions.Add(new Definition.OfTask(Task(task.Name, task.Value)));
        foreach (JsonProperty workflow in one.GetProperty("workflows").EnumerateObject())
            _definitions.Add(new Definition.OfWorkflow(Workflow(workflow.Name, workflow.Value)));
        Closure = new Closure(_definitions);
    }

    public Closure Closure { get; }

    /// <summary>The branches of each workflow, which are gone in its nodes.</summary>
    public IEnumerable<(string Workflow, Branch Branch)> Branches => _branches.SelectMany(workflow => workflow.Value.Values.Select(branch => (workflow.Key, branch)));

    private static TaskDefinition Task(string name, JsonElement task)
    {
        ImmutableSortedDictionary<string, Port> inputs = Ports(task, "in");
        if (task.TryGetProperty("defaults", out JsonElement defaults))
        {
            foreach (JsonProperty given in defaults.EnumerateObject())
                inputs = inputs.SetItem(given.Name, inputs[given.Name] with { Default = FlyteOperations.Typed(CanonicalJson.Read(given.Value), inputs[given.Name].Type) });
        }
        return new TaskDefinition(name, new TaskBody.Managed(name), Expr.Nowhere)
        {
            In = inputs,
            Out = Ports(task, "out"),
            Retry = task.TryGetProperty("retries", out JsonElement retries) ? new Retry(retries.GetInt32()) : Retry.Never,
            Cache = task.TryGetProperty("cache", out JsonElement cache) ? Cache(cache) : CacheRule.Off,
        };
    }

    private static CacheRule Cache(JsonElement cache) => new(true, cache.GetProperty("version").GetString())
    {
        Ignore = cache.TryGetProperty("ignore", out JsonElement ignore) ? [.. ignore.EnumerateArray().Select(name => name.GetString()!)] : [],
    };

    private static ImmutableSortedDictionary<string, Port> Ports(JsonElement owner, string name) => owner.TryGetProperty(name, out JsonElement ports)
        ? Port.None.AddRange(ports.EnumerateObject().Select(port => KeyValuePair.Create(port.Name, new Port(TypeParser.Parse(port.Value.GetString()!)))))
        : Port.None;

    private WorkflowDefinition Workflow(string name, JsonElement workflow)
    {
        var branches = new Dictionary<string, Branch>();
        _branches[name] = branches;
        var nodes = new List<Node>();
        foreach (JsonElement node in workflow.GetProperty("nodes").EnumerateArray())
        {
            if (Kind(node) != "branch")
            {
                nodes.Add(Plain(node, branches) with { After = After(node, branches) });
                continue;
            }
            Branch branch = ReadBranch(node, branches);
            branches[branch.Id.Text] = branch;
            (ImmutableArray<Node> arms, ImmutableArray<Definition> tasks) = branch.Expand();
            nodes.AddRange(arms.Select(arm => arm with { After = After(node, branches) }));
            _definitions.AddRange(tasks);
        }
        ImmutableSortedDictionary<string, Port> inputs = Ports(workflow, "in");
        NodeId? handler = null;
        if (workflow.TryGetProperty("onFailure", out JsonElement onFailure))
        {
            handler = new NodeId(Handler);
            nodes.Add(HandlerNode(onFailure.GetString()!, inputs));
        }
        return new WorkflowDefinition(name, [.. nodes], Expr.Nowhere)
        {
            In = inputs,
            Out = Ports(workflow, "out"),
            Return = Expr.NoBindings.AddRange(workflow.GetProperty("return").EnumerateObject().Select(result => KeyValuePair.Create(result.Name, Bound(result.Value, branches)))),
            Policy = workflow.TryGetProperty("failurePolicy", out JsonElement policy) && policy.GetString()!.Contains("AFTER", StringComparison.OrdinalIgnoreCase) ? OnFailure.Continue : OnFailure.Stop,
            Handler = handler,
        };
    }

    /// <summary>A handler gets every input of the workflow, and the message if it asks for a text besides.</summary>
    private Node.Use HandlerNode(string task, ImmutableSortedDictionary<string, Port> inputs)
    {
        var bind = Expr.NoBindings.AddRange(inputs.Keys.Select(name => KeyValuePair.Create(name, (Expr)Expr.To(Root.Input, name))));
        foreach ((string name, Port port) in _definitions.OfType<Definition.OfTask>().Where(one => one.Name == task).SelectMany(one => one.Task.In))
        {
            if (!inputs.ContainsKey(name) && port.Type == new TypeExpr.Optional(TypeExpr.Text))
                bind = bind.Add(name, Expr.To(Root.Run, "failure", "message"));
        }
        return new Node.Use(new NodeId(Handler), new Callee(CalleeKind.Task, task, Expr.Nowhere), Expr.Nowhere) { Bind = bind };
    }

    private static string Kind(JsonElement node) => node.TryGetProperty("kind", out JsonElement kind) ? kind.GetString()! : "task";

    private static ImmutableArray<Edge> After(JsonElement node, Dictionary<string, Branch> branches) => node.TryGetProperty("after", out JsonElement after)
        ? [.. after.EnumerateArray().SelectMany(one => branches.TryGetValue(one.GetString()!, out Branch? branch) ? branch.Ids : [new NodeId(one.GetString()!)]).Select(id => new Edge(id))]
        : [];

    private Node Plain(JsonElement node, Dictionary<string, Branch> branches)
    {
        var id = new NodeId(node.TryGetProperty("id", out JsonElement name) ? name.GetString()! : "");
        var bind = node.TryGetProperty("bind", out JsonElement bound)
            ? Expr.NoBindings.AddRange(bound.EnumerateObject().Select(one => KeyValuePair.Create(one.Name, Bound(one.Value, branches))))
            : Expr.NoBindings;
        switch (Kind(node))
        {
            case "task" or "dynamic":
                return new Node.Use(id, new Callee(CalleeKind.Task, node.GetProperty("task").GetString()!, Expr.Nowhere), Expr.Nowhere) { Bind = bind };
            case "workflow":
                return new Node.Use(id, new Callee(CalleeKind.Workflow, node.GetProperty("workflow").GetString()!, Expr.Nowhere), Expr.Nowhere) { Bind = bind };
            case "launchplan":
                string workflow = node.GetProperty("workflow").GetString()!;
                if (!_definitions.Any(one => one is Definition.OfLaunchPlan && one.Name == workflow))
                    _definitions.Add(new Definition.OfLaunchPlan(new LaunchPlan(workflow, workflow, Expr.Nowhere)));
                return new Node.Use(id, new Callee(CalleeKind.LaunchPlan, workflow, Expr.Nowhere), Expr.Nowhere) { Bind = bind };
            case "map":
                HashSet<string> fixedInputs = node.TryGetProperty("bound", out JsonElement names) ? [.. names.EnumerateArray().Select(one => one.GetString()!)] : [];
                return new Node.Each(id, new Elements.Listed(bind.RemoveRange(fixedInputs)), MapBody(node), Expr.Nowhere)
                {
                    Bind = bind.RemoveRange(bind.Keys.Except(fixedInputs)),
                    Parallel = node.TryGetProperty("concurrency", out JsonElement parallel) && parallel.GetInt32() > 0 ? parallel.GetInt32() : null,
                    Budget = new FailureBudget(
                        null,
                        node.TryGetProperty("minSuccessRatio", out JsonElement ratio) ? ratio.GetDouble() : 1,
                        node.TryGetProperty("minSuccesses", out JsonElement least) ? least.GetInt64() : null),
                };
            case "gate":
                return Gate(node, id, bind);
            default:
                throw new NotSupportedException($"no node kind `{Kind(node)}`");
        }
    }

    private static Callee MapBody(JsonElement node) => node.TryGetProperty("task", out JsonElement task)
        ? new Callee(CalleeKind.Task, task.GetString()!, Expr.Nowhere)
        : new Callee(CalleeKind.Workflow, node.GetProperty("workflow").GetString()!, Expr.Nowhere);

    private static Node.Gate Gate(JsonElement node, NodeId id, ImmutableSortedDictionary<string, Expr> bind) => new(
        id,
        node.GetProperty("gate").GetString() switch { "approve" => GateKind.Approve, "input" => GateKind.Input, _ => GateKind.Sleep },
        Expr.Nowhere)
    {
        Bind = bind,
        Type = node.TryGetProperty("type", out JsonElement type) ? TypeParser.Parse(type.GetString()!) : null,
        // The engine's limit when none is given is an hour.
        Limit = TimeSpan.FromSeconds(node.EnumerateObject().FirstOrDefault(property => property.Name.EndsWith("econds", StringComparison.Ordinal)) is { Value.ValueKind: JsonValueKind.Number } limit ? limit.Value.GetDouble() : 3600),
    };

    private Branch ReadBranch(JsonElement node, Dictionary<string, Branch> branches) => new(
        new NodeId(node.TryGetProperty("id", out JsonElement id) ? id.GetString()! : ""),
        [.. node.GetProperty("cases").EnumerateArray().Select(one => new BranchCase(Condition(one.GetProperty("if"), branches), ReadArm(one.GetProperty("then"), branches)))],
        node.TryGetProperty("else", out JsonElement otherwise) ? ReadArm(otherwise, branches)
            : node.TryGetProperty("fail", out JsonElement message) ? new Arm.Fail(Expr.Of(message.GetString()!))
            : null,
        Expr.Nowhere);

    private Arm ReadArm(JsonElement node, Dictionary<string, Branch> branches) =>
        Kind(node) == "branch" ? new Arm.OfBranch(ReadBranch(node, branches)) : new Arm.OfNode(Plain(node, branches));

    private static Expr Condition(JsonElement condition, Dictionary<string, Branch> branches)
    {
        if (condition.TryGetProperty("cmp", out JsonElement compare))
        {
            Expr left = Bound(compare[0], branches);
            string sign = compare[1].GetString()!;
            Expr right = sign == "is_none" ? Expr.Of(Value.None) : Bound(compare[2], branches);
            Op op = sign switch { "==" or "is_none" => Op.Equal, "!=" => Op.NotEqual, ">" => Op.Greater, ">=" => Op.GreaterOrEqual, "<" => Op.Less, _ => Op.LessOrEqual };
            return new Expr.Apply(op, [left, right], Expr.Nowhere);
        }
        bool isAnd = condition.TryGetProperty("and", out JsonElement parts);
        if (!isAnd)
            parts = condition.GetProperty("or");
        return parts.EnumerateArray().Select(part => Condition(part, branches)).Aggregate((left, right) => new Expr.Apply(isAnd ? Op.And : Op.Or, [left, right], Expr.Nowhere));
    }

    private static Expr Bound(JsonElement json, Dictionary<string, Branch> branches)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.String when json.GetString()!.StartsWith('$'):
                return Reference(json.GetString()![1..].Split('.'), branches);
            case JsonValueKind.Array when HasReference(json):
                return new Expr.ListOf([.. json.EnumerateArray().Select(item => Bound(item, branches))], Expr.Nowhere);
            case JsonValueKind.Object when HasReference(json):
                return new Expr.MapOf([.. json.EnumerateObject().Select(entry => KeyValuePair.Create(entry.Name, Bound(entry.Value, branches)))], Expr.Nowhere);
            default:
                return Expr.Of(CanonicalJson.Read(json));
        }
    }

    private static bool HasReference(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.String => json.GetString()!.StartsWith('$'),
        JsonValueKind.Array => json.EnumerateArray().Any(HasReference),
        JsonValueKind.Object => json.EnumerateObject().Any(entry => HasReference(entry.Value)),
        _ => false,
    };

    private static Expr Reference(string[] parts, Dictionary<string, Branch> branches)
    {
        ImmutableArray<Segment> rest = [.. parts.Skip(1).Select((part, i) => i > 0 && long.TryParse(part, out long index) ? Segment.Of(index) : new Segment(part))];
        if (parts[0] == "in")
            return new Expr.Ref(Root.Input, rest, Expr.Nowhere);
        return branches.TryGetValue(parts[0], out Branch? branch)
            ? branch.Output(rest, Expr.Nowhere)
            : new Expr.Ref(Root.Node, rest.Insert(0, new Segment(parts[0])), Expr.Nowhere);
    }
}
