using Weft.Cli.CommandLine;
using Weft.Cli.Remote;
using Weft.Execution;
using Weft.Platform;
using Weft.Records;
using Weft.Text;
using Weft.Workflows;

namespace Weft.Cli.Commands;

internal static class StopCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly Flag NoWait = new("no-wait", null, null, "ask, and return at once");

    public static readonly Command Command = new("stop", "end an execution from anywhere", "REF", [NoWait], Run)
    {
        Count = (1, 1),
        Detail = "What runs gets SIGTERM, after its grace time SIGKILL; what has finished is kept.",
    };

    private static int Run(Arguments arguments, Session session)
    {
        using RemoteProject? remote = RemoteProject.Of(session);
        if (remote is not null)
            return RemoteCommands.Stop(remote, arguments.Words[0], waits: !arguments.Has(NoWait), session);
        using ProjectStore store = ProjectStore.OpenExisting(Launch.FindRoot(arguments, session), session);
        Address address = Address.Find(store, arguments.Words[0]);
        ExecutionRow row = address.Execution;
        if (row.Ended is not null)
        {
            session.Say($"{row.Name} has ended already ({row.State.ToLowerInvariant()})");
            return ExitCodes.Succeeded;
        }
        string user = Environment.UserName;
        if (!store.Executions.AskStop(row.Id, user))
            return EndHere(store, row, session);
        if (arguments.Has(NoWait))
            return ExitCodes.Succeeded;
        long started = store.Clock.GetTimestamp();
        while (store.Clock.GetElapsedTime(started) < Patience)
        {
            if (store.Records.Find(row.Id) is { Ended: not null } ended)
            {
                session.Say($"{row.Name} {ended.State.ToLowerInvariant()}");
                return ExitCodes.Succeeded;
            }
            if (store.Executions.OwnerOf(row) is null)
                return EndHere(store, row, session);
            Following.Pause();
        }
        throw new DiagnosticException("execution/not-stopped", $"{row.Name} was asked to stop but has not ended within {Patience.TotalSeconds:0} s", null, $"`weft attach {row.Name}` shows what it waits for");
    }

    /// <summary>Nobody runs it: what is left of it is ended by us.</summary>
    private static int EndHere(ProjectStore store, ExecutionRow row, Session session)
    {
        Plan plan = store.PlanOf(row);
        using RunningExecution run = store.Executions.Take(row.Id, plan, new RunOptions
        {
            ProjectFolder = store.Root,
            ArtifactRoot = Path.Combine(store.Root, "mlruns"),
            Blobs = store.BlobsOf(plan, session.Surroundings),
            Environment = EnvironmentBlock.Current(),
            User = Environment.UserName,
        });
        ExecutionEnd end = run.Wait();
        session.Say($"{row.Name} {end.State.ToString().ToLowerInvariant()}");
        return ExitCodes.Succeeded;
    }
}
