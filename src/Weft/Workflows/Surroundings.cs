using System.Collections.Immutable;
using Weft.Expressions;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;

namespace Weft.Workflows;

/// <summary>
/// What a place in an execution sees: the inputs of its workflow, the outputs of its neighbours, the parameters of its point. The same code
/// answers the planner, which knows no states, and <see cref="Decision"/>, which knows them.
/// </summary>
internal sealed class Surroundings(Plan plan, Func<NodePath, NodeState?> states, Facts facts)
{
    public Plan Plan => plan;

    public Facts Facts => facts;

    public NodeState? State(NodePath path) => states(path);

    /// <summary>What references mean in the expressions of a node.</summary>
    /// <param name="scope">The scope in which the node stands.</param>
    /// <param name="path">The node or element itself.</param>
    public Lookup For(NodePath scope, NodePath path) => reference => reference.Root switch
    {
        Root.Input => reference.Path is [{ Name: { } name }, ..] ? Into(reference, 1, Input(scope, name)) : AllInputs(reference, scope),
        Root.Node => Output(reference, scope),
        Root.Item => Item(reference, path),
        Root.Words => Words(reference, path),
        Root.Run => Run(reference, scope, path),
        Root.Outside => facts.Outside(reference),
        Root.Best => Evaluator.Wrong(reference, "expression/best", "`best` is only known in a stop condition"),
        Root.Output => Evaluator.Wrong(reference, "expression/outputs", "the paths of outputs are only known in the task that writes them"),
        _ => Evaluator.Wrong(reference, "expression/secret", "a secret reaches a program as an environment variable, never as a value"),
    };

    /// <summary>The inputs of a task that runs at a path: bound, taken from the point, or by default.</summary>
    /// <param name="node">The node, or the Each whose element stands at the path.</param>
    /// <returns>The values by name, or the reason why there are none.</returns>
    public (ImmutableSortedDictionary<string, Value> Values, Evaluated? Missing) Inputs(
        PlanNode node, NodePath path, ImmutableSortedDictionary<string, Port> ports)
    {
        var values = Value.NoEntries.ToBuilder();
        Evaluated? missing = null;
        foreach ((string name, Port port) in ports)
        {
            Evaluated one = Bound(node, path, name, port);
            if (one is Evaluated.Is known && !Casting.Accepts(port.Type, known.Value))
            {
                Span? at = node.Node.Bind.TryGetValue(name, out Expr? bound) && bound.At.Source.Name.Length > 0 ? bound.At : null;
                one = new Evaluated.Wrong(new Diagnostic("workflow/input-type", $"the input `{name}` must be {port.Type}, this is {Operators.Describe(known.Value)}", at));
            }
            if (one is Evaluated.Is good)
                values[name] = good.Value;
            else if (missing is null || Weight(one) > Weight(missing))
                missing = one;
        }
        return (values.ToImmutable(), missing);
    }

    /// <summary>The point at an element's path; null when the path is no element of a known space, or a hole.</summary>
    public Point? PointAt(NodePath path)
    {
        if (path.Index is not { } index || plan.Find(path.Parent)?.Node is not Node.Each { Over: Elements.Known known })
            return null;
        return index < known.Space.Size ? known.Space.PointAt(index) : null;
    }

    /// <summary>The lists that an Each goes over, by name; or the reason why they are not there.</summary>
    public (ImmutableSortedDictionary<string, ImmutableArray<Value>> Lists, Evaluated? Missing) Lists(PlanNode each, Elements.Listed listed)
    {
        var lists = ImmutableSortedDictionary.CreateBuilder<string, ImmutableArray<Value>>(StringComparer.Ordinal);
        Evaluated? missing = null;
        foreach ((string name, Expr expression) in listed.Zip)
        {
            Evaluated one = Evaluator.Evaluate(expression, For(each.Scope, each.Path));
            if (one is Evaluated.Is { Value: Value.List list })
                lists[name] = list.Items;
            else if (one is Evaluated.Is other)
                missing = Evaluator.Wrong(expression, "each/not-a-list", $"`{name}` must be a list to go over, this is {Operators.Describe(other.Value)}");
            else if (missing is null || Weight(one) > Weight(missing))
                missing = one;
        }
        return (lists.ToImmutable(), missing);
    }

    /// <summary>Of several things that are not there, the one that decides: wrong, awaited, failed, skipped.</summary>
    public static int Weight(Evaluated evaluated) => evaluated switch
    {
        Evaluated.Wrong => 4,
        Evaluated.Awaits => 3,
        Evaluated.Absent { Failed: true } => 2,
        Evaluated.Absent => 1,
        _ => 0,
    };

    private Evaluated Bound(PlanNode node, NodePath path, string name, Port port)
    {
        if (node.Node.Bind.TryGetValue(name, out Expr? bound))
            return Evaluator.Evaluate(bound, For(node.Scope, path));
        if (path != node.Path && node.Node is Node.Each each)
        {
            switch (each.Over)
            {
                case Elements.Listed listed when listed.Zip.TryGetValue(name, out Expr? list):
                    return Evaluator.Evaluate(list, For(node.Scope, path)) is Evaluated.Is { Value: Value.List items } && path.Index < items.Items.Length
                        ? new Evaluated.Is(items.Items[(int)path.Index.Value])
                        : new Evaluated.Awaits([.. Evaluator.References(list)]);
                case Elements.Known when PointAt(path) is { } point && point.Values.TryGetValue(name, out Value? value):
                    return new Evaluated.Is(value);
            }
        }
        return port.Default is { } given
            ? new Evaluated.Is(given)
            : port.Type.TakesNone ? new Evaluated.Is(Value.None)
            : new Evaluated.Wrong(new Diagnostic("workflow/input-missing", $"the input `{name}` is not bound", node.Node.At));
    }

    private Evaluated Input(NodePath scope, string name)
    {
        if (scope.IsRoot)
        {
            return plan.Inputs.TryGetValue(name, out Value? value)
                ? new Evaluated.Is(value)
                : new Evaluated.Wrong(new Diagnostic("workflow/unknown-input", $"the workflow has no input `{name}`") { Hint = Suggest.Hint(name, plan.Inputs.Keys) });
        }
        PlanNode node = plan.Find(scope) ?? plan.Find(scope.Parent)!;
        ImmutableSortedDictionary<string, Port> ports = plan.WorkflowAt(scope)!.In;
        return ports.TryGetValue(name, out Port? port)
            ? Bound(node, scope, name, port)
            : new Evaluated.Wrong(new Diagnostic("workflow/unknown-input", $"the workflow has no input `{name}`") { Hint = Suggest.Hint(name, ports.Keys) });
    }

    private Evaluated AllInputs(Expr.Ref reference, NodePath scope)
    {
        var values = Value.NoEntries.ToBuilder();
        IEnumerable<string> names = scope.IsRoot ? plan.Inputs.Keys : plan.WorkflowAt(scope)!.In.Keys;
        foreach (string name in names)
        {
            Evaluated one = Input(scope, name);
            if (one is not Evaluated.Is known)
                return one is Evaluated.Awaits ? new Evaluated.Awaits([reference]) : one;
            values[name] = known.Value;
        }
        return new Evaluated.Is(new Value.Map(values.ToImmutable()));
    }

    private Evaluated Output(Expr.Ref reference, NodePath scope)
    {
        NodeState? state = states(scope.Child(reference.Node.Text));
        switch (state?.Phase)
        {
            case Phase.Succeeded or Phase.Reused:
                break;
            case Phase.Skipped:
                return new Evaluated.Absent(reference, Failed: false);
            case Phase.Failed or Phase.Blocked or Phase.Cancelled:
                return new Evaluated.Absent(reference, Failed: true);
            default:
                return new Evaluated.Awaits([reference]);
        }
        return reference.Path.Length == 1
            ? new Evaluated.Is(new Value.Map(state.Outputs))
            : Evaluator.Follow(reference, 1, new Value.Map(state.Outputs));
    }

    private Evaluated Item(Expr.Ref reference, NodePath path)
    {
        for (NodePath at = path; !at.IsRoot; at = at.Parent)
        {
            if (at.Index is not { } index)
                continue;
            if (PointAt(at) is { } point)
                return Evaluator.Follow(reference, 0, new Value.Map(point.Values));
            if (plan.Find(at.Parent) is { Node: Node.Each { Over: Elements.Listed listed } } each)
            {
                (ImmutableSortedDictionary<string, ImmutableArray<Value>> lists, Evaluated? missing) = Lists(each, listed);
                return missing ?? Evaluator.Follow(reference, 0, Value.MapOf(lists.Select(list => KeyValuePair.Create(list.Key, list.Value[(int)index]))));
            }
        }
        return Evaluator.Wrong(reference, "expression/item", "`item` is only known inside a sweep or a map");
    }

    private Evaluated Words(Expr.Ref reference, NodePath path)
    {
        for (NodePath at = path; !at.IsRoot; at = at.Parent)
        {
            if (at.Index is null || PointAt(at) is not { } point)
                continue;
            if (reference.Path is [{ Name: "flags" }])
                return new Evaluated.Is(Value.ListOf(point.Words.SelectMany(Flags)));
            return Evaluator.Follow(reference, 0, Value.ListOf(point.Words.Select(word => Value.Of(word.Text))));
        }
        return Evaluator.Wrong(reference, "expression/words", "`words` are only known inside a sweep");
    }

    /// <summary><c>--key</c> and its value for the word <c>key=value</c>.</summary>
    internal static IEnumerable<Value> Flags(Word word)
    {
        int equals = word.Text.IndexOf('=');
        string key = equals < 0 ? word.Text : word.Text[..equals];
        yield return Value.Of("--" + key.TrimStart('+', '-'));
        if (equals >= 0)
            yield return Value.Of(word.Text[(equals + 1)..]);
    }

    private Evaluated Run(Expr.Ref reference, NodePath scope, NodePath path)
    {
        if (facts.Execution == default)
            return new Evaluated.Awaits([reference]);
        string execution = facts.Execution.Value;
        Value? value = reference.Path is [{ Name: { } name }, ..]
            ? name switch
            {
                "execution" => Value.Of(execution),
                "path" => Value.Of(path.Text),
                "index" => Value.Of(path.Index ?? 0),
                "ulid" => Value.Of(path.Index is { } index ? Ulid.Derive(execution, index) : execution),
                "attempt" => Value.Of((long)Math.Max(1, states(path)?.Attempt ?? 1)),
                "failure" => states(scope)?.Tally?.First is { } failure
                    ? Value.MapOf([new("node", Value.Of(failure.Path.Text)), new("message", Value.Of(failure.Message))])
                    : Value.None,
                _ => null,
            }
            : null;
        return value is null
            ? Evaluator.Wrong(reference, "expression/run", "`run` has `attempt`, `execution`, `failure`, `index`, `path` and `ulid`")
            : value is Value.Null ? new Evaluated.Is(value) : Evaluator.Follow(reference, 1, value);
    }

    private static Evaluated Into(Expr.Ref reference, int from, Evaluated value) => value is Evaluated.Is known ? Evaluator.Follow(reference, from, known.Value) : value;
}
