using System.Collections.Immutable;
using Weft.Dialects.Hydra;
using Weft.Execution;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Cli.Commands;

/// <summary><c>weft run</c>: plans, records, runs, shows.</summary>
internal static class RunCommand
{
    public static readonly Command Command = new("run", "run a job, a workflow, or any command as a sweep", "NAME [KEY=VALUE …] [-- WORDS]", RunFlags.OfRun, Run)
    {
        Detail = "An interrupted execution of the same definition goes on where it stopped: finished points are kept.\n"
            + "Words after `--` are handed to the program; without NAME they are the program.",
        Examples =
        [
            ("weft run train -j 4", "four points at a time"),
            ("weft run train lr=0.1 --dry-run", "what would be started, with lr replaced"),
            ("weft run -m -- python train.py --lr=1e-4,1e-3", "a sweep of a command that no file names"),
        ],
    };

    private static int Run(Arguments arguments, Session session)
    {
        int parallel = arguments.Int(RunFlags.Parallel, least: 1) ?? 1;
        if (arguments.SourceOf(RunFlags.Plan) is { } file)
            return RunPlan(file, parallel, arguments, session);
        var repetition = new Repetition(arguments, session, TimeProvider.System);
        if (repetition.TryRun() is { } ended)
            return ended;
        Launch launch = Launch.Read(arguments, session);
        return arguments.Has(RunFlags.DryRun) ? DryRun(launch, session) : Start(launch, launch.Plan(session, TimeProvider.System), parallel, repetition, arguments, session);
    }

    private static int Start(Launch launch, Plan plan, int parallel, Repetition repetition, Arguments arguments, Session session)
    {
        SayWhatWasChecked(launch.Configurations, session);
        OutputStores.Check(plan.Root.Store, session.Surroundings, TimeProvider.System);
        using ProjectStore store = ProjectStore.Open(launch.Root, session, toWrite: true);
        var code = new CodeState(store);
        using ExecutionStart start = store.Executions.Start(new ExecutionRequest
        {
            Definition = launch.Runnable.Name,
            Plan = plan,
            PlanBody = PlanJson.Write(plan),
            Snapshot = code.Take,
            Name = arguments.Value(RunFlags.Name),
            Fresh = arguments.Has(RunFlags.Fresh),
            WhenFinished = launch.Prepared.RunsAgain ? WhenFinished.StartNew : WhenFinished.NothingToDo,
        });
        foreach (string message in start.Messages)
            session.Say(message);
        if (start.Kind is StartKind.NothingToDo)
            return Foreground.ReportFinished(start.Execution, session);
        if (start.Kind is StartKind.RunsAlready)
            return ExitCodes.BadInput;
        if (start.Kind is StartKind.Resumed)
            code.SayWhatChanged(start.Execution.Snapshot, session);
        else
            SayWhatStarts(start.Execution.Name, launch.Amount, store, session);
        return arguments.Has(RunFlags.Detach)
            ? Background.Start(store, start, parallel, arguments, session)
            : Foreground.Run(store, start, plan, new ForegroundOptions(parallel, arguments.Has(RunFlags.IgnoreResources), RunFlags.CacheModeOf(arguments), code)
            {
                Ahead = AheadOf(launch.Configurations),
                Ended = end => repetition.Keep(launch, plan, start, end, store),
            }, session);
    }

    /// <summary>The first line of every run: its name, how much it is, where it is recorded.</summary>
    public static void SayWhatStarts(string name, string amount, ProjectStore store, Session session) =>
        session.Say($"{name}: {amount}, recorded in {Path.GetRelativePath(session.Surroundings.WorkingFolder, store.Place.StateFolder)}");

    /// <summary>Runs a plan that was looked at before, exactly as it was.</summary>
    private static int RunPlan(Source file, int parallel, Arguments arguments, Session session)
    {
        if (arguments.Words.Count > 0)
            throw new DiagnosticException("plan/words", "a plan has its workflow and its parameters already", arguments.Words[0].Whole, "leave the words out, or plan anew");
        string root = Launch.FindRoot(arguments, session);
        Plan plan = PlanFile.Read(file, root, session, TimeProvider.System);
        ImmutableArray<ConfigurationCheck> configurations = CheckConfigurations(plan, root, session);
        OutputStores.Check(plan.Root.Store, session.Surroundings, TimeProvider.System);
        using ProjectStore store = ProjectStore.Open(root, session, toWrite: true);
        var code = new CodeState(store);
        using ExecutionStart start = store.Executions.Start(new ExecutionRequest
        {
            Definition = plan.Workflow,
            Plan = plan,
            PlanBody = PlanJson.Write(plan),
            Snapshot = code.Take,
            Name = arguments.Value(RunFlags.Name),
            Fresh = true,
        });
        session.Say($"{start.Execution.Name} runs the plan in {file.Text}");
        return arguments.Has(RunFlags.Detach)
            ? Background.Start(store, start, parallel, arguments, session)
            : Foreground.Run(store, start, plan, new ForegroundOptions(parallel, arguments.Has(RunFlags.IgnoreResources), RunFlags.CacheModeOf(arguments), code) { Ahead = AheadOf(configurations) }, session);
    }

    /// <summary>Composes the points of a recorded plan as they are now, and says when not all were looked at.</summary>
    /// <exception cref="DiagnosticException">Some do not compose.</exception>
    public static ImmutableArray<ConfigurationCheck> CheckConfigurations(Plan plan, string root, Session session)
    {
        var diagnostics = new Diagnostics();
        ImmutableArray<ConfigurationCheck> configurations = ConfigurationCheck.RunAll(CommandPoints.Of(plan, root), session.Surroundings.Variables, diagnostics);
        if (diagnostics.HasErrors)
            throw new DiagnosticException(diagnostics);
        SayWhatWasChecked(configurations, session);
        return configurations;
    }

    /// <summary>What is left to be composed while the sweeps run.</summary>
    public static ImmutableArray<ConfigurationsAhead> AheadOf(ImmutableArray<ConfigurationCheck> configurations) => [.. configurations.Select(one => one.Ahead).OfType<ConfigurationsAhead>()];

    private static void SayWhatWasChecked(ImmutableArray<ConfigurationCheck> configurations, Session session)
    {
        foreach (ConfigurationCheck one in configurations.Where(one => !one.IsWhole))
            session.Say(one.ToString());
    }

    /// <summary>Lines are made while they are printed: a million commands need no memory.</summary>
    /// <exception cref="DiagnosticException">The configuration of some command does not compose.</exception>
    private static int DryRun(Launch launch, Session session)
    {
        var diagnostics = new Diagnostics();
        launch.CheckConfigurations(session.Surroundings, diagnostics);
        if (diagnostics.HasErrors)
            throw new DiagnosticException(diagnostics);
        SayWhatWasChecked(launch.Configurations, session);
        string ulid = Ulid.New(TimeProvider.System);
        if (!session.Json)
        {
            foreach (string line in launch.Prepared.DryRun(ulid))
            {
                session.Out.Write(line);
                session.Out.Write('\n');
            }
            return ExitCodes.Succeeded;
        }
        session.WriteJson(json =>
        {
            json.WriteStartObject();
            json.WriteString("name", launch.Runnable.Name);
            json.WriteNumber("count", launch.Prepared.Commands);
            json.WriteStartArray("commands");
            foreach (var words in launch.Prepared.Words(ulid))
            {
                json.WriteStartArray();
                foreach (string word in words)
                    json.WriteStringValue(word);
                json.WriteEndArray();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        });
        return ExitCodes.Succeeded;
    }
}
