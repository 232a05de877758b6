using System.Collections.Immutable;
using Weft.Dialects.Hydra;
using Weft.Execution;
using Weft.Text;
using Weft.Workflows;

namespace Weft.Cli.Commands;

internal static class ResumeCommand
{
    public static readonly Command Command = new("resume", "go on with what an execution has not finished", "REF", [RunFlags.Parallel, RunFlags.Detach, RunFlags.IgnoreResources, RunFlags.Rerun, RunFlags.NoCache, RunFlags.Checked], Run)
    {
        Count = (1, 1),
        Detail = "Finished points are kept, running ones adopted, lost and failed ones run again.",
        Examples = [("weft resume -", "the newest execution"), ("weft resume wet-mongoose-1 -j 8", "eight at a time now")],
    };

    private static int Run(Arguments arguments, Session session)
    {
        int parallel = arguments.Int(RunFlags.Parallel, least: 1) ?? 1;
        using ProjectStore store = ProjectStore.OpenExisting(Launch.FindRoot(arguments, session), session, toWrite: true);
        Address address = Address.Find(store, arguments.Words[0]);
        if (address.Path is not null)
            throw new DiagnosticException("address/whole", "an execution is resumed as a whole", arguments.Words[0].Whole, $"`weft resume {address.Execution.Name}`");
        Plan plan = store.PlanOf(address.Execution);
        bool goesOn = address.Execution is not { Ended: not null, State: nameof(Phase.Succeeded) } && store.Executions.OwnerOf(address.Execution) is null;
        ImmutableArray<ConfigurationsAhead> ahead = !goesOn ? []
            : arguments.Has(RunFlags.Checked) ? [.. CommandPoints.Of(plan, store.Root).Select(points => ConfigurationCheck.RestOf(points, session.Surroundings.Variables)).OfType<ConfigurationsAhead>()]
            : RunCommand.AheadOf(RunCommand.CheckConfigurations(plan, store.Root, session));
        var code = new CodeState(store);
        code.Take();
        using ExecutionStart start = store.Executions.Reopen(address.Execution.Id);
        foreach (string message in start.Messages)
            session.Say(message);
        if (start.Kind == StartKind.RunsAlready)
            return ExitCodes.BadInput;
        if (start.Kind == StartKind.NothingToDo)
            return Foreground.ReportFinished(start.Execution, session);
        code.SayWhatChanged(start.Execution.Snapshot, session);
        return arguments.Has(RunFlags.Detach)
            ? Background.Start(store, start, parallel, arguments, session)
            : Foreground.Run(store, start, plan, new ForegroundOptions(parallel, arguments.Has(RunFlags.IgnoreResources), RunFlags.CacheModeOf(arguments), code) { Ahead = ahead }, session);
    }
}
