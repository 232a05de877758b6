using System.Collections.Immutable;
using Weft.Expressions;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;

namespace Weft.Workflows;

/// <summary>
/// If, else if, else, in terms of nodes: each arm is a node with a condition that holds for one arm only, named <c>ID/case0</c>, <c>ID/case1</c>,
/// <c>ID/else</c> or <c>ID/fail</c>; what the branch gives is the first arm's that ran.
/// </summary>
/// <param name="Otherwise">What happens when no case holds; it must be said.</param>
public sealed record Branch(NodeId Id, ImmutableArray<BranchCase> Cases, Arm? Otherwise, Span At)
{
    /// <summary>The nodes that stand for this branch, and the tasks that they need.</summary>
    public (ImmutableArray<Node> Nodes, ImmutableArray<Definition> Definitions) Expand()
    {
        var nodes = ImmutableArray.CreateBuilder<Node>();
        var definitions = ImmutableArray.CreateBuilder<Definition>();
        Expand(null, nodes, definitions);
        return (nodes.ToImmutable(), definitions.ToImmutable());
    }

    /// <summary>What a reference to an output of the branch means.</summary>
    /// <param name="path">The output and the fields in it.</param>
    public Expr Output(ImmutableArray<Segment> path, Span at) =>
        new Expr.First([.. Ends().Where(end => end.Arm is Arm.OfNode).Select(end => (Expr)new Expr.Ref(Root.Node, path.Insert(0, new Segment(end.Id.Text)), at))], at);

    /// <summary>The nodes of all arms; what comes after the branch comes after each of them.</summary>
    public IEnumerable<NodeId> Ids => Ends().Select(end => end.Id);

    /// <summary>What is wrong with the branch itself; its nodes are checked with the workflow.</summary>
    public IEnumerable<GraphProblem> Check(Closure closure, string workflow)
    {
        if (Cases.IsEmpty)
            yield return Problem("branch/no-case", $"the branch `{Id}` has no condition");
        if (Otherwise is null)
            yield return Problem("branch/no-else", $"the branch `{Id}` does not say what happens when no case holds", hint: "add an else, or let it fail with a message");
        var outputs = Ends().Select(end => end.Arm).OfType<Arm.OfNode>().Select(arm => arm.Node is Node.Use use ? closure.OutputsOf(use.Body) : Port.None).ToList();
        foreach (string name in outputs.Skip(1).Aggregate(outputs.FirstOrDefault(Port.None).Keys, (common, next) => common.Where(next.ContainsKey)))
        {
            TypeExpr[] types = [.. outputs.Select(ports => ports[name].Type)];
            if (types.Any(one => types.Any(other => Casting.From(one, other) == Castable.No)))
                yield return Problem("branch/types", $"the arms of `{Id}` give `{name}` as {string.Join(" and ", types.Distinct())}", name);
        }
        foreach (Arm.OfBranch inner in Cases.Select(one => one.Then).Append(Otherwise).OfType<Arm.OfBranch>())
        {
            foreach (GraphProblem problem in inner.Branch.Check(closure, workflow))
                yield return problem with { Node = Id.Text };
        }

        GraphProblem Problem(string id, string message, string? output = null, string? hint = null) =>
            new(workflow, Id.Text, output, new Diagnostic(id, message, At.Source.Name.Length > 0 ? At : null) { Hint = hint });
    }

    private void Expand(Expr? outer, ImmutableArray<Node>.Builder nodes, ImmutableArray<Definition>.Builder definitions)
    {
        Expr? none = outer;
        for (int i = 0; i < Cases.Length; i++)
        {
            Add(Id.Text + "/case" + i, Cases[i].Then, Both(none, Cases[i].If));
            none = Both(none, new Expr.Apply(Op.Not, [Cases[i].If], Cases[i].If.At));
        }
        if (Otherwise is not null)
            Add(Id.Text + (Otherwise is Arm.Fail ? "/fail" : "/else"), Otherwise, none);

        void Add(string id, Arm arm, Expr? when)
        {
            switch (arm)
            {
                case Arm.OfNode one:
                    nodes.Add(one.Node with { Id = new NodeId(id), When = one.Node.When is null ? when : Both(when, one.Node.When) });
                    break;
                case Arm.Fail fail:
                    definitions.Add(new Definition.OfTask(new TaskDefinition(id, new TaskBody.Fail(fail.Message), At)));
                    nodes.Add(new Node.Use(new NodeId(id), new Callee(CalleeKind.Task, id, At), At) { When = when });
                    break;
                case Arm.OfBranch inner:
                    (inner.Branch with { Id = new NodeId(id) }).Expand(when, nodes, definitions);
                    break;
            }
        }
    }

    private static Expr Both(Expr? one, Expr other) => one is null ? other : new Expr.Apply(Op.And, [one, other], other.At);

    private IEnumerable<(NodeId Id, Arm Arm)> Ends()
    {
        for (int i = 0; i < Cases.Length; i++)
        {
            foreach ((NodeId, Arm) end in Ends(Id.Text + "/case" + i, Cases[i].Then))
                yield return end;
        }
        if (Otherwise is null)
            yield break;
        foreach ((NodeId, Arm) end in Ends(Id.Text + (Otherwise is Arm.Fail ? "/fail" : "/else"), Otherwise))
            yield return end;
    }

    private static IEnumerable<(NodeId Id, Arm Arm)> Ends(string id, Arm arm) =>
        arm is Arm.OfBranch inner ? (inner.Branch with { Id = new NodeId(id) }).Ends() : [(new NodeId(id), arm)];
}

/// <summary>One side of a branch with its condition.</summary>
public sealed record BranchCase(Expr If, Arm Then);

/// <summary>What one side of a branch does.</summary>
public abstract record Arm
{
    private Arm()
    {
    }

    /// <summary>Runs a node; its id is given by its place.</summary>
    public sealed record OfNode(Node Node) : Arm;

    /// <summary>Decides further; its id is given by its place.</summary>
    public sealed record OfBranch(Branch Branch) : Arm;

    /// <summary>Fails with a message.</summary>
    public sealed record Fail(Expr Message) : Arm;
}
