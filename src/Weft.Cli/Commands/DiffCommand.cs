using Weft.Cli.Remote;
using Weft.Cli.Terminal;
using Weft.Text;
using Weft.Tracking;

namespace Weft.Cli.Commands;

/// <summary><c>weft diff</c>: what two executions, points or recorded runs have differently.</summary>
internal static class DiffCommand
{
    public static readonly Command Command = new("diff", "show what two executions, points or runs have differently", "A [B]", [], Run)
    {
        Count = (1, 2),
        Detail =
            """
            Of executions: definitions, inputs and how they ended; of points and runs: words, params, metrics, labels
            and status. Of all: the code and the environment (interpreters, packages, machine, variables) they ran
            with. The start of a run's id names that run. Without B, the code and the environment of now.
            """,
        Examples = [("weft diff wet-mongoose-1 wet-mongoose-2", "two executions"), ("weft diff -/3 -/7", "two points of the newest"), ("weft diff -", "what has changed since the newest began")],
    };

    private static int Run(Arguments arguments, Session session)
    {
        using RemoteProject? remote = RemoteProject.Of(session);
        if (remote is not null)
        {
            RemoteCompared one = RemoteCompared.Find(remote, arguments.Words[0]), other = RemoteCompared.Find(remote, arguments.Words[1]);
            Print(one.Name, other.Name, [.. one.Against(other)], session);
            return ExitCodes.Succeeded;
        }
        using ProjectStore store = ProjectStore.OpenExisting(Launch.FindRoot(arguments, session), session);
        return Run(store, arguments.Words[0], arguments.Words.ElementAtOrDefault(1), session);
    }

    /// <param name="second">Null for the project as it is now.</param>
    public static int Run(ProjectStore store, Source first, Source? second, Session session)
    {
        TrackingStore tracking = new(store.Connect, new TrackingOptions("mlruns"), TimeProvider.System);
        try
        {
            Compared before = Compared.Find(store, tracking, first);
            Compared after = second is null ? before.Now(store, session.Surroundings.Variables) : Compared.Find(store, tracking, second);
            Print(before.Name, after.Name, [.. before.CausesAgainst(after, store), .. before.ResultsAgainst(after, store)], session);
        }
        finally
        {
            tracking.DisposeAsync().AsTask().Wait();
        }
        return ExitCodes.Succeeded;
    }

    private static void Print(string before, string after, IReadOnlyList<Difference> differences, Session session)
    {
        if (session.Json)
        {
            session.WriteJson(json => Difference.WriteJson(json, differences));
            return;
        }
        if (differences.Count == 0)
        {
            session.Say($"{before} and {after} differ in nothing that is recorded");
            return;
        }
        var table = new Table("WHAT", "NAME", before, after);
        foreach (Difference one in differences)
            table.Add(one.What, one.Name, one.Before ?? (one.After is null ? "changed" : "-"), one.After ?? (one.Before is null ? "" : "-"));
        table.Print(session.Out, session.Surroundings.OutputIsTerminal ? session.Surroundings.Width : null, session.ColorsOut);
    }
}
