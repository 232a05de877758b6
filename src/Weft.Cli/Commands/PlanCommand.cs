using System.Globalization;
using Weft.Cli.CommandLine;
using Weft.Cli.Terminal;
using Weft.Dialects.Hydra;
using Weft.Execution;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Cli.Commands;

internal static class PlanCommand
{
    private static readonly string[] NoCells = [];

    private static readonly Flag Output = new("output", 'o', "FILE", "write the plan as JSON to FILE");

    public static readonly Command Command = new("plan", "show what `run` would do, start nothing", "NAME [KEY=VALUE …] [-- WORDS]", [Output, RunFlags.Parallel, RunFlags.Multirun, RunFlags.Zip, RunFlags.When, RunFlags.Then, RunFlags.Where, RunFlags.ExpandInner, RunFlags.Rerun, RunFlags.NoCache], Run)
    {
        Detail = "Times are guessed from earlier runs: the longer of the longest chain and of all work divided by -j.",
        Examples = [("weft plan train", "nodes, points, what is known of them"), ("weft plan train -j 8", "and how long it may take, eight tasks at a time"), ("weft plan train -o plan.json", "a contract: `weft run --plan plan.json` does that or nothing")],
    };

    private static int Run(Arguments arguments, Session session)
    {
        Launch launch = Launch.Read(arguments, session);
        Plan plan = launch.Plan(session, TimeProvider.System);
        if (arguments.Value(Output) is { } file)
        {
            PlanFile.Write(Path.GetFullPath(file, Launch.WorkingFolder(arguments, session)), plan, launch.Root);
            session.Say($"wrote the plan of {launch.Runnable.Name} to {file}: `weft run --plan {file}` does it, or says what has changed");
            return ExitCodes.Succeeded;
        }
        ReadOnlyMemory<byte> body = PlanJson.Write(plan);
        if (session.Json)
        {
            session.Out.Flush();
            session.OutStream.Write(body.Span);
            session.OutStream.WriteByte((byte)'\n');
            return ExitCodes.Succeeded;
        }
        PrintText(launch, plan, arguments.Int(RunFlags.Parallel, least: 1) ?? 1, session);
        return ExitCodes.Succeeded;
    }

    private static void PrintText(Launch launch, Plan plan, int parallel, Session session)
    {
        session.Out.WriteLine($"{launch.Runnable.Name} ({launch.Runnable.Kind}, {launch.Runnable.At.Source.Name}:{launch.Runnable.At.Position.Line}), plan {plan.Id.Short}");
        using ProjectStore? store = ProjectStore.Exists(launch.Root) ? ProjectStore.Open(launch.Root, session) : null;
        ResultCache? cache = launch.Project is null ? null : PlanFacts.CacheOf(launch.Root, launch.Store, session, TimeProvider.System);
        Facts facts = PlanFacts.Of(launch.Root, launch.Project, launch.Store, launch.CacheMode, session, TimeProvider.System);
        var reasons = new PlanReasons(plan, launch.Runnable.Name, store, cache, facts);
        IReadOnlyDictionary<NodePath, TimeSpan> took = store?.Records.Durations(launch.Runnable.Name) ?? new Dictionary<NodePath, TimeSpan>();
        var estimate = new PlanEstimate(plan, took, parallel);
        string[] whys = [.. plan.Nodes.Select(reasons.Of)];
        bool hasReasons = whys.Any(why => why.Length > 0), isTimed = took.Count > 0, hasNeeds = plan.Nodes.Any(node => Needs(plan, node).Length > 0);
        var table = new Table([.. Cells("NODE", "POINTS", "FORECAST", "WHY", "NEEDS", "TIME", "ENGINE")]);
        foreach ((PlanNode node, string why) in plan.Nodes.Zip(whys))
            table.Add([.. Cells(node.Path.Text, Points(node.Node), Forecast(node.Forecast), why, Needs(plan, node), estimate.WorkOf(node) is { } time ? Amounts.Duration(time) : "", node.Engine.Name)]);
        table.Print(session.Out, session.Surroundings.OutputIsTerminal ? session.Surroundings.Width : null, session.ColorsOut);
        if (launch.Project is not null)
            session.Out.WriteLine(Counts(plan));
        if (isTimed && !estimate.IsEmpty)
            session.Out.WriteLine($"about {Amounts.Duration(estimate.Total())} with -j {parallel}{(estimate.Unknown is > 0 and var unknown ? $", without {Amounts.Count(unknown, "task")} that have not run before" : "")}");
        foreach (ConfigurationCheck configurations in launch.Configurations)
            session.Out.WriteLine(configurations);
        if (store is not null)
            State(launch, plan, store, session);

        // Columns that would be empty are left out.
        IEnumerable<string> Cells(string node, string points, string forecast, string why, string needs, string time, string engine) =>
            [node, points, forecast, .. hasReasons ? [why] : NoCells, .. hasNeeds ? [needs] : NoCells, .. isTimed ? [time] : NoCells, engine];
    }

    /// <summary><c>2 cpu, 4GB, 1 gpu A100, 4:00 h</c>: what a task asks of a machine.</summary>
    private static string Needs(Plan plan, PlanNode node)
    {
        if (node.Node.Uses is not { Kind: CalleeKind.Task } callee || plan.ClosureAt(node.Scope).Tasks.GetValueOrDefault(callee.Name) is not { } task)
            return "";
        Resources needs = task.Needs;
        return string.Join(", ", new[]
        {
            needs.Cpu is { } cpu ? string.Create(CultureInfo.InvariantCulture, $"{cpu} cpu") : "",
            needs.Memory?.ToString() ?? "",
            needs.Gpu is { } gpu ? string.Create(CultureInfo.InvariantCulture, $"{gpu.Count} gpu {gpu.Model}").TrimEnd() : "",
            needs.Nodes > 1 ? string.Create(CultureInfo.InvariantCulture, $"{needs.Nodes} nodes") : "",
            task.Limits.Attempt is { } limit ? Amounts.Duration(limit) : "",
        }.Where(part => part.Length > 0));
    }

    /// <summary><c>2 run, 1 reused, 1 depends</c>.</summary>
    private static string Counts(Plan plan)
    {
        long run = plan.Nodes.Count(node => node.Forecast is Workflows.Forecast.Run), reuse = plan.Nodes.Count(node => node.Forecast is Workflows.Forecast.Reuse);
        long skip = plan.Nodes.Count(node => node.Forecast is Workflows.Forecast.Skip), depends = plan.Nodes.Count(node => node.Forecast is Workflows.Forecast.Depends);
        return string.Join(", ", new[] { (run, "run"), (reuse, "reused"), (skip, "skipped"), (depends, "known only later") }.Where(one => one.Item1 > 0).Select(one => $"{one.Item1} {one.Item2}"));
    }

    /// <summary>What the store knows of the same plan.</summary>
    private static void State(Launch launch, Plan plan, ProjectStore store, Session session)
    {
        if (store.Records.FindUnfinished(plan.Id.Hex) is { } open)
            session.Out.WriteLine($"{open.Name} of the same definition and inputs is not finished: `weft run {launch.Runnable.Name}` goes on with it");
        else if (store.Records.FindNewest(plan.Id.Hex) is { } last)
            session.Out.WriteLine($"{last.Name} of the same definition and inputs {Ended(last.State)}");
    }

    private static string Ended(string state) => state switch
    {
        nameof(Phase.Succeeded) => "has succeeded",
        nameof(Phase.Failed) => "failed",
        _ => "was stopped",
    };

    private static string Points(Node node) => node switch
    {
        Node.Each { Over: Elements.Known known } => known.Space.Size.ToString(System.Globalization.CultureInfo.InvariantCulture),
        Node.Each => "run time",
        _ => "1",
    };

    private static string Forecast(Forecast forecast) => forecast switch
    {
        Workflows.Forecast.Run { Reused: > 0 } run => $"run, {run.Reused} reused",
        Workflows.Forecast.Run => "run",
        Workflows.Forecast.Reuse { Key: var key } => key.StartsWith("c1-", StringComparison.Ordinal) ? "reuse" : $"reuse {key}",
        Workflows.Forecast.Skip => "skip",
        Workflows.Forecast.Depends depends => "depends on " + string.Join(", ", depends.On.Select(path => path.IsRoot ? "inputs" : path.Text)),
        _ => "",
    };
}
