using System.Runtime.CompilerServices;
using Weft.Cli.CommandLine;
using Weft.Cli.Terminal;
using Weft.Server;
using Weft.Server.Artifacts;
using Weft.Tracking;

namespace Weft.Cli.Commands;

/// <summary><c>weft server clean</c>: removes for good what was deleted long ago, with its artifacts.</summary>
internal static class ServerCleanCommand
{
    private static readonly Flag OlderThan = new("older-than", null, "DAYS", "what was deleted more days ago; 30 unless given, 0 removes all that is deleted");

    private static readonly Flag IsDry = new("dry-run", null, null, "only say what would be removed");

    public static readonly Command Command = new("server clean", "remove deleted runs and experiments for good, with their artifacts", "", [OlderThan, IsDry, StoreChoice.Flag, StoreChoice.Artifacts], Run)
    {
        Count = (0, 0),
        Detail = "Servers and runs go on meanwhile. Artifacts in folders go with their run; those in other stores are left where they are, and counted.",
        Examples = [("weft server clean --older-than 90", "every night, from cron")],
    };

    private static int Run(Arguments arguments, Session session)
    {
        string root = ServerCommand.RootOf(arguments, session);
        return Clean(StoreChoice.Of(arguments, session, root), StoreChoice.ArtifactFolder(arguments, root), arguments.Int(OlderThan, 0) ?? 30, arguments.Has(IsDry), session);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Clean(string records, string artifactFolder, int days, bool isDry, Session session)
    {
        TrackingStore store = Stores.Open(records, new TrackingOptions("mlflow-artifacts:/"), TimeProvider.System);
        try
        {
            Cleaned cleaned = store.Cleaning.RemoveAsync(TimeProvider.System.GetUtcNow() - TimeSpan.FromDays(days), isDry).GetAwaiter().GetResult();
            int elsewhere = isDry ? 0 : RemoveArtifacts(cleaned.Locations, artifactFolder, session);
            session.Out.WriteLine($"{(isDry ? "would remove" : "removed")} {Amounts.Count(cleaned.Runs, "run")} and {Amounts.Count(cleaned.Experiments, "experiment")}");
            if (elsewhere > 0)
                session.Say($"artifacts of {Amounts.Count(elsewhere, "run")} are in stores of their own and were left there");
            return ExitCodes.Succeeded;
        }
        finally
        {
            store.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    /// <summary>How many are neither in a folder of this machine nor in the server's bucket.</summary>
    private static int RemoveArtifacts(IEnumerable<string> locations, string artifactFolder, Session session)
    {
        int elsewhere = 0;
        using var folders = new ArtifactStore(artifactFolder, "", servesArtifacts: true, session.Surroundings.Variable, TimeProvider.System);
        foreach (string location in locations)
        {
            try
            {
                folders.Resolve(location, "").DeleteAsync(CancellationToken.None).GetAwaiter().GetResult();
            }
            catch (TrackingException)
            {
                elsewhere++;
            }
        }
        return elsewhere;
    }
}
