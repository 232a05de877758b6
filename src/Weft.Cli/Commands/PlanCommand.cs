using Weft.Cli.CommandLine;
using Weft.Cli.Terminal;
using Weft.Sweeps;
using Weft.Workflows;

namespace Weft.Cli.Commands;

internal static class PlanCommand
{
    private static readonly Flag Output = new("output", 'o', "FILE", "write the plan as JSON to FILE");

    public static readonly Command Command = new("plan", "show what `run` would do, start nothing", "NAME [KEY=VALUE …] [-- WORDS]", [Output, RunFlags.Multirun, RunFlags.Zip, RunFlags.When, RunFlags.Then, RunFlags.Where, RunFlags.ExpandInner], Run)
    {
        Examples = [("weft plan train", "nodes, points, what is known of them")],
    };

    private static int Run(Arguments arguments, Session session)
    {
        Launch launch = Launch.Read(arguments, session);
        Plan plan = launch.Plan(session.Surroundings, TimeProvider.System);
        ReadOnlyMemory<byte> body = PlanJson.Write(plan);
        if (arguments.Value(Output) is { } file)
        {
            File.WriteAllBytes(Path.GetFullPath(file, Launch.WorkingFolder(arguments, session)), body.Span);
            session.Say($"wrote the plan of {launch.Runnable.Name} to {file}");
            return ExitCodes.Succeeded;
        }
        if (session.Json)
        {
            session.Out.Flush();
            session.OutStream.Write(body.Span);
            session.OutStream.WriteByte((byte)'\n');
            return ExitCodes.Succeeded;
        }
        PrintText(launch, plan, session);
        return ExitCodes.Succeeded;
    }

    private static void PrintText(Launch launch, Plan plan, Session session)
    {
        session.Out.WriteLine($"{launch.Runnable.Name} ({launch.Runnable.Kind}, {launch.Runnable.At.Source.Name}:{launch.Runnable.At.Position.Line}), plan {plan.Id.Short}");
        var table = new Table("NODE", "POINTS", "FORECAST", "ENGINE");
        foreach (PlanNode node in plan.Nodes)
            table.Add(node.Path.Text, Points(node.Node), Forecast(node.Forecast), node.Engine.Name);
        table.Print(session.Out, session.Surroundings.OutputIsTerminal ? session.Surroundings.Width : null, session.ColorsOut);
        if (launch.Configurations is { } configurations)
            session.Out.WriteLine(configurations);
        State(launch, plan, session);
    }

    /// <summary>What the store knows of the same plan.</summary>
    private static void State(Launch launch, Plan plan, Session session)
    {
        if (!ProjectStore.Exists(launch.Root))
            return;
        using ProjectStore store = ProjectStore.Open(launch.Root, session);
        if (store.Records.FindUnfinished(plan.Id.Hex) is { } open)
            session.Out.WriteLine($"{open.Name} of the same definition and inputs is not finished: `weft run {launch.Runnable.Name}` goes on with it");
        else if (store.Records.FindNewest(plan.Id.Hex) is { } last)
            session.Out.WriteLine($"{last.Name} of the same definition and inputs has ended ({last.State})");
    }

    private static string Points(Node node) => node switch
    {
        Node.Each { Over: Elements.Known known } => known.Space.Size.ToString(System.Globalization.CultureInfo.InvariantCulture),
        Node.Each => "run time",
        _ => "1",
    };

    private static string Forecast(Forecast forecast) => forecast switch
    {
        Workflows.Forecast.Run => "run",
        Workflows.Forecast.Reuse reuse => $"reuse {reuse.Key}",
        Workflows.Forecast.Skip => "skip",
        Workflows.Forecast.Depends depends => "depends on " + string.Join(", ", depends.On.Select(path => path.IsRoot ? "inputs" : path.Text)),
        _ => "",
    };
}
