using Weft.Cli.CommandLine;
using Weft.Cli.Remote;
using Weft.Execution;
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
        using RemoteProject? remote = RemoteProject.Of(session);
        if (remote is not null)
            return RemoteNodes.Answer(remote, arguments.Words[0], !arguments.Has(Reject), session);
        using ProjectStore store = ProjectStore.OpenExisting(Launch.FindRoot(arguments, session), session);
        Source word = arguments.Words[0];
        Address address = Address.Find(store, word);
        ExecutionRow row = address.Execution;
        Plan plan = store.PlanOf(row);
        IReadOnlyList<NodePath> open = Questions.Open(store.Records, row, plan);
        NodePath gate = address.Path is { } path
            ? Questions.Of(plan, path) ?? throw new DiagnosticException("approve/no-question", $"`{path}` of {row.Name} asks nothing", word.Whole, Hint(row, open))
            : open is [var only] ? only : throw new DiagnosticException("approve/which", open.Count == 0 ? $"{row.Name} waits for no answer" : $"{row.Name} waits for {open.Count} answers", word.Whole, Hint(row, open));
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

    private static string? Hint(ExecutionRow row, IReadOnlyList<NodePath> open) =>
        open.Count == 0 ? null : Suggest.List(open.Select(path => $"weft approve {row.Name}/{path}"));
}
