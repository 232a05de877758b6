using Weft.Cli.CommandLine;
using Weft.Cli.Remote;
using Weft.Cli.Terminal;
using Weft.Execution;
using Weft.Records;
using Weft.Workflows;

namespace Weft.Cli.Commands;

internal static class ProcessesCommand
{
    private const int Most = 50;

    private static readonly Flag All = new("all", 'a', null, "finished ones too");

    public static readonly Command Command = new("ps", "list executions: what runs, was interrupted or (-a) has ended", "", [All], Run)
    {
        Count = (0, 0),
    };

    private static int Run(Arguments arguments, Session session)
    {
        using RemoteProject? remote = RemoteProject.Of(session);
        if (remote is not null)
            return RemoteCommands.List(remote, arguments.Has(All), session);
        string root = Launch.FindRoot(arguments, session);
        if (!ProjectStore.Exists(root))
        {
            if (session.Json)
                session.WriteJson(json => { json.WriteStartArray(); json.WriteEndArray(); });
            else
                session.Say("nothing has run here yet");
            return ExitCodes.Succeeded;
        }
        using ProjectStore store = ProjectStore.Open(root, session);
        IReadOnlyList<ExecutionRow> rows = store.Catalog.List(unfinishedOnly: !arguments.Has(All), before: null, Most);
        if (session.Json)
            WriteJson(store, rows, session);
        else
            WriteTable(store, rows, session);
        return ExitCodes.Succeeded;
    }

    private static void WriteTable(ProjectStore store, IReadOnlyList<ExecutionRow> rows, Session session)
    {
        if (rows.Count == 0)
        {
            session.Say("nothing runs; `weft ps -a` lists what has ended");
            return;
        }
        var table = new Table("EXECUTION", "OF", "STATE", "DONE", "FAILED", "TOTAL", "RUNS", "STARTED", "TOOK", "OWNER");
        foreach (ExecutionRow row in rows)
        {
            ExecutionProgress progress = ProgressOf(store, row);
            TimeSpan took = (row.Ended ?? store.Clock.GetUtcNow()) - row.Created;
            string? owner = row.Ended is null ? store.Executions.OwnerOf(row) : null;
            table.Add(row.Name, row.Definition, State(row, owner), $"{progress.Done}", $"{progress.Failed}", $"{progress.Total}", progress.Runs == progress.Total ? "" : $"{progress.RunsDone}/{progress.Runs}",
                Amounts.Instant(row.Created, store.Clock), Amounts.Duration(took), owner ?? "");
        }
        table.Print(session.Out, session.Surroundings.OutputIsTerminal ? session.Surroundings.Width : null, session.ColorsOut);
    }

    private static void WriteJson(ProjectStore store, IReadOnlyList<ExecutionRow> rows, Session session) => session.WriteJson(json =>
    {
        json.WriteStartArray();
        foreach (ExecutionRow row in rows)
        {
            ExecutionProgress progress = ProgressOf(store, row);
            string? owner = row.Ended is null ? store.Executions.OwnerOf(row) : null;
            json.WriteStartObject();
            json.WriteString("execution", row.Name);
            json.WriteString("id", row.Id.Value);
            json.WriteString("definition", row.Definition);
            json.WriteString("state", State(row, owner));
            json.WriteNumber("done", progress.Done);
            json.WriteNumber("failed", progress.Failed);
            json.WriteNumber("total", progress.Total);
            Amounts.Write(json, "runs", progress.Runs);
            Amounts.Write(json, "runsDone", progress.RunsDone);
            json.WriteNumber("created", row.Created.ToUnixTimeMilliseconds());
            if (row.Ended is { } ended)
                json.WriteNumber("ended", ended.ToUnixTimeMilliseconds());
            if (owner is not null)
                json.WriteString("owner", owner);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });

    /// <summary>An execution that nobody owns and that has not ended was interrupted.</summary>
    internal static string State(ExecutionRow row, string? owner) => row.Ended is not null ? row.State.ToLowerInvariant() : owner is null ? "interrupted" : "running";

    internal static ExecutionProgress ProgressOf(ProjectStore store, ExecutionRow row)
    {
        Plan plan = store.PlanOf(row);
        return new ExecutionFollower(store.Executions, store.Records, row.Id, plan, store.Clock).Progress();
    }
}
