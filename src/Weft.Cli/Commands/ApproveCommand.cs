using Weft.Cli.CommandLine;
using Weft.Records;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Cli.Commands;

/// <summary><c>weft approve</c>: answers a question that an execution waits for.</summary>
internal static class ApproveCommand
{
    private static readonly Flag Reject = new("reject", null, null, "say no: the task fails");

    public static readonly Command Command = new("approve", "answer a question that an execution waits for", "REF", [Reject], Run)
    {
        Count = (1, 1),
        Examples = [("weft approve wet-mongoose-1/deploy", "lets the task start"), ("weft approve - --reject", "the only open question of the newest execution: no")],
    };

    private static int Run(Arguments arguments, Session session)
    {
        using ProjectStore store = ProjectStore.OpenExisting(Launch.FindRoot(arguments, session), session);
        Source word = arguments.Words[0];
        Address address = Address.Find(store, word);
        ExecutionRow row = address.Execution;
        Plan plan = store.PlanOf(row);
        NodePath[] open = [.. OpenGates(store, row, plan)];
        NodePath gate = address.Path is { } path
            ? Gate(plan, path) ?? throw new DiagnosticException("approve/no-question", $"`{path}` of {row.Name} asks nothing", word.Whole, Hint(row, open))
            : open is [var only] ? only : throw new DiagnosticException("approve/which", open.Length == 0 ? $"{row.Name} waits for no answer" : $"{row.Name} waits for {open.Length} answers", word.Whole, Hint(row, open));
        if (row.Ended is not null)
            throw new DiagnosticException("approve/ended", $"{row.Name} has ended already ({row.State.ToLowerInvariant()})", word.Whole);
        bool yes = !arguments.Has(Reject);
        if (!store.Executions.Answer(row.Id, gate, Value.Of(yes), Environment.UserName))
            throw new DiagnosticException("approve/answered", $"`{gate}` of {row.Name} was answered before", word.Whole);
        session.Say($"{row.Name}/{gate} {(yes ? "approved" : "rejected")}");
        if (store.Executions.OwnerOf(row) is null)
            session.Say($"hint: nobody runs {row.Name} now: `weft resume {row.Name}` goes on with it");
        return ExitCodes.Succeeded;
    }

    /// <summary>The gate that is meant: the node itself, or the question before it.</summary>
    private static NodePath? Gate(Plan plan, NodePath path)
    {
        if (plan.Find(path)?.Node is Node.Gate)
            return path;
        NodePath before = path.Child("approve");
        return plan.Find(before)?.Node is Node.Gate ? before : null;
    }

    private static IEnumerable<NodePath> OpenGates(ProjectStore store, ExecutionRow row, Plan plan)
    {
        var open = new List<NodePath>();
        store.Records.ReadNodes(row.Id, node =>
        {
            if (node.Phase == nameof(Phase.Running) && plan.Find(node.Path)?.Node is Node.Gate { Kind: GateKind.Approve })
                open.Add(node.Path);
        });
        return open;
    }

    private static string? Hint(ExecutionRow row, NodePath[] open) =>
        open.Length == 0 ? null : Suggest.List(open.Select(path => $"weft approve {row.Name}/{path}"));
}
