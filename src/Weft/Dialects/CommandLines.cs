using System.Collections.Immutable;
using System.Numerics;
using Weft.Dialects.Hydra;
using Weft.Expressions;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Dialects;

/// <summary>
/// The commands of a workflow before it runs: what is known is filled in, what only comes at run time stands as it is written. Made while they
/// are read.
/// </summary>
internal sealed class CommandLines(Closure closure, string workflow, ImmutableSortedDictionary<string, Value> inputs)
{
    private const long MostCounted = 100_000;

    /// <summary>The programs that are started, as far as their number is known: a map over lists of run time counts as one.</summary>
    public long Count => closure.Workflows.TryGetValue(workflow, out WorkflowDefinition? root) ? (long)CountOf(root, [], space => PointsIn(space)) : 0;

    /// <summary>The runs that they make, which are more where programs sweep themselves.</summary>
    public BigInteger Runs => closure.Workflows.TryGetValue(workflow, out WorkflowDefinition? root) ? CountOf(root, [], space => space.HasHoles ? PointsIn(space) : space.Runs) : 0;

    public IEnumerable<string> Texts()
    {
        foreach ((TaskBody body, Lookup known) in Calls())
        {
            yield return body switch
            {
                TaskBody.Command command => ShellWords.Join(Fill(command, known)),
                TaskBody.Shell shell => $"bash -c {Template.Quote(Shown(shell.Script, known))}",
                TaskBody.Fail fail => $"fail: {Shown(fail.Message, known)}",
                _ => TaskText.Of(body),
            };
        }
    }

    public IEnumerable<ImmutableArray<string>> Words()
    {
        foreach ((TaskBody body, Lookup known) in Calls())
        {
            if (body is TaskBody.Command command)
                yield return [.. Fill(command, known)];
            else if (body is TaskBody.Shell shell)
                yield return ["bash", "-c", Shown(shell.Script, known)];
        }
    }

    /// <summary>The commands by node, for a check of their words: one that only run time tells is left out.</summary>
    /// <param name="folder">Where they run, absolute.</param>
    public IEnumerable<CommandPoints> Points(string folder)
    {
        foreach ((WorkflowDefinition one, Node node, TaskDefinition task) in Nodes(closure.Workflows[workflow], []))
        {
            if (task.Body is not TaskBody.Command command || task.Lines is not null || node is Node.Each { Over: not Elements.Known })
                continue;
            Space? swept = (node as Node.Each)?.Over is Elements.Known known ? known.Space : null;
            Space space = swept ?? new Listing([new Point(0, [], Value.NoEntries)], node.At);
            int shared = command.Words.TakeWhile(word => !Evaluator.References(word).Any()).Count();
            yield return new CommandPoints(
                space,
                [.. Known(command.Words.Take(shared), _ => new Evaluated.Awaits([]))],
                point => Known(command.Words.Skip(shared), reference => ValueOf(reference, one, node, swept is null ? null : point)),
                Path.Combine(folder, task.WorkingFolder ?? ""),
                CommandPoints.PlacesOf(space, command.Words.Select(word => word.At).Where(at => at.Source is not null)),
                node.Id,
                task.At);
        }
    }

    private static IEnumerable<string> Known(IEnumerable<Expr> words, Lookup known) =>
        words.SelectMany(word => Evaluator.Evaluate(word, known) is Evaluated.Is value ? Template.Fill(word, value.Value) : []);

    private BigInteger CountOf(WorkflowDefinition one, HashSet<string> open, Func<Space, BigInteger> pointsIn)
    {
        if (!open.Add(one.Name))
            return 0;
        BigInteger count = 0;
        foreach (Node node in one.Nodes)
        {
            BigInteger each = node is Node.Each { Over: Elements.Known known } ? pointsIn(known.Space) : 1;
            BigInteger inside = node.Uses switch
            {
                { Kind: CalleeKind.Task } => 1,
                { Kind: CalleeKind.Workflow, Name: var used } when closure.Workflows.TryGetValue(used, out WorkflowDefinition? inner) => CountOf(inner, open, pointsIn),
                _ => 0,
            };
            count += each * inside;
        }
        open.Remove(one.Name);
        return count;
    }

    /// <summary>The points that a filter leaves; of a very large space all, as looking at each would take too long.</summary>
    private static long PointsIn(Space space) => space.HasHoles && space.Size <= MostCounted ? space.Points().LongCount() : space.Size;

    private IEnumerable<(TaskBody Body, Lookup Known)> Calls()
    {
        foreach ((WorkflowDefinition one, Node node, TaskDefinition task) in Nodes(closure.Workflows[workflow], []))
        {
            foreach (Point? point in node is Node.Each { Over: Elements.Known known } ? known.Space.Points() : Enumerable.Repeat<Point?>(null, 1))
                yield return (task.Body, reference => ValueOf(reference, one, node, point));
        }
    }

    /// <summary>The nodes that run a task, with the workflow that holds each.</summary>
    private IEnumerable<(WorkflowDefinition One, Node Node, TaskDefinition Task)> Nodes(WorkflowDefinition one, HashSet<string> open)
    {
        if (!open.Add(one.Name))
            yield break;
        foreach (Node node in closure.ShapeOf(one).Order)
        {
            if (node.Uses is { Kind: CalleeKind.Workflow, Name: var used } && closure.Workflows.TryGetValue(used, out WorkflowDefinition? inner))
            {
                foreach ((WorkflowDefinition, Node, TaskDefinition) inside in Nodes(inner, open))
                    yield return inside;
            }
            if (node.Uses is { Kind: CalleeKind.Task } callee && closure.Tasks.TryGetValue(callee.Name, out TaskDefinition? task))
                yield return (one, node, task);
        }
        open.Remove(one.Name);
    }

    private Evaluated ValueOf(Expr.Ref reference, WorkflowDefinition one, Node node, Point? point)
    {
        switch (reference.Root)
        {
            case Root.Input when reference.Path is [{ Name: { } name }, ..]:
                if (node.Bind.TryGetValue(name, out Expr? bound))
                    return Evaluator.Evaluate(bound, outer => ValueOfInput(outer, one, point)) is Evaluated.Is value ? Evaluator.Follow(reference, 1, value.Value) : new Evaluated.Awaits([reference]);
                return point?.Values.TryGetValue(name, out Value? swept) == true ? Evaluator.Follow(reference, 1, swept) : new Evaluated.Awaits([reference]);
            case Root.Item or Root.Words:
                return ValueOfInput(reference, one, point);
            default:
                return new Evaluated.Awaits([reference]);
        }
    }

    private Evaluated ValueOfInput(Expr.Ref reference, WorkflowDefinition one, Point? point) => reference.Root switch
    {
        Root.Input when one.Name == workflow && reference.Path is [{ Name: { } name }, ..] && (inputs.GetValueOrDefault(name) ?? one.In.GetValueOrDefault(name)?.Default) is { } value =>
            Evaluator.Follow(reference, 1, value),
        Root.Item when point is not null => Evaluator.Follow(reference, 0, new Value.Map(point.Values)),
        Root.Words when point is not null && reference.Path.IsEmpty => new Evaluated.Is(Value.ListOf(point.Words.Select(word => Value.Of(word.Text)))),
        Root.Words when point is not null => new Evaluated.Is(Value.ListOf(point.Words.SelectMany(Surroundings.Flags))),
        Root.Outside when reference.Path is [{ Name: Outside.File }, { Name: { } path }, ..] => new Evaluated.Is(Value.Of(path)),
        _ => new Evaluated.Awaits([reference]),
    };

    private static IEnumerable<string> Fill(TaskBody.Command command, Lookup known) => command.Words.SelectMany(word => Evaluator.Evaluate(word, known) is Evaluated.Is value
        ? Template.Fill(word, value.Value)
        : [Shown(word, known)]);

    /// <summary>A text with the parts that are known filled in.</summary>
    private static string Shown(Expr text, Lookup known) => text switch
    {
        Expr.Concat concat => string.Concat(concat.Parts.Select(part => Shown(part, known))),
        _ => Evaluator.Evaluate(text, known) is Evaluated.Is value ? Rendering.Write(value.Value) : Template.Print(text),
    };
}
