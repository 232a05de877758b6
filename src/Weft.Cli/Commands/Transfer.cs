using System.Globalization;
using System.Runtime.CompilerServices;
using Weft.Cli.CommandLine;
using Weft.Dialects;
using Weft.Server;
using Weft.Text;
using Weft.Tracking;
using Weft.Tracking.Exchange;

namespace Weft.Cli.Commands;

/// <summary>What <c>weft import</c> and <c>weft export</c> share: the store, the progress, the counts at the end.</summary>
internal static class Transfer
{
    public static readonly Flag Names = new("experiment", 'e', "NAME", "only this experiment; may be given several times") { Repeats = true };

    public static readonly Flag CopyArtifacts = new("copy-artifacts", null, null, "copy the files of runs, too; without, runs go on naming where these are");

    /// <summary>How often the progress is shown.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>The project's folder, with its state.</summary>
    public static string Root(Arguments arguments, Session session)
    {
        string folder = Launch.WorkingFolder(arguments, session);
        string root = Project.FindRoot(folder) ?? folder;
        if (StoreChoice.Given(arguments, session, root) is null && !ProjectStore.Exists(root))
            ProjectStore.Open(root, session).Dispose();
        return root;
    }

    /// <param name="makeSource">Given our own store, and where its artifacts lie.</param>
    /// <param name="verb">What is said at the end: <c>imported</c>.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Run(
        Arguments arguments, Session session, Func<TrackingStore, string, RunSource> makeSource, Func<TrackingStore, string, RunTarget> makeTarget, string verb)
    {
        string root = Root(arguments, session);
        if (arguments.Has(CopyArtifacts) && Stores.IsRemote(StoreChoice.ArtifactFolder(arguments, root)))
        {
            throw new DiagnosticException("transfer/artifacts", "files are copied from and to folders only", arguments.SourceOf(StoreChoice.Artifacts)?.Whole,
                "leave `--copy-artifacts` away, and copy them with the tools of S3");
        }
        var options = new CopyOptions(arguments.Has(CopyArtifacts), [.. arguments.All(Names).Select(name => name.Text)]);
        try
        {
            RunAsync(StoreChoice.Of(arguments, session, root), StoreChoice.ArtifactFolder(arguments, root), options, session, makeSource, makeTarget, verb).GetAwaiter().GetResult();
            return ExitCodes.Succeeded;
        }
        catch (Exception failure) when (Cause(failure) is TrackingException or HttpRequestException or IOException or UnauthorizedAccessException)
        {
            throw new DiagnosticException("transfer/failed", Cause(failure).Message, null, "what was copied is kept: the same command goes on from there");
        }
    }

    private static async Task RunAsync(
        string database, string artifacts, CopyOptions options, Session session, Func<TrackingStore, string, RunSource> makeSource, Func<TrackingStore, string, RunTarget> makeTarget, string verb)
    {
        await using TrackingStore store = Stores.Open(database, new TrackingOptions("mlflow-artifacts:/"), TimeProvider.System);
        using RunSource source = makeSource(store, artifacts);
        await using RunTarget target = makeTarget(store, artifacts);
        long shown = TimeProvider.System.GetTimestamp();
        CopyProgress done = await Copying.RunAsync(source, target, options, Show, CancellationToken.None);
        foreach (string skipped in source.Skipped)
            session.Say("skipped " + skipped);
        if (done.WithoutFiles > 0)
            session.Say(string.Create(CultureInfo.InvariantCulture, $"the files of {done.WithoutFiles:N0} runs are where this program cannot read them; these runs go on naming that place"));
        Report(done, session, verb);

        void Show(CopyProgress progress)
        {
            long runs = progress.Runs + progress.Present;
            if (TimeProvider.System.GetElapsedTime(shown) < Pause || runs == 0 || runs == progress.Known)
                return;
            shown = TimeProvider.System.GetTimestamp();
            string known = progress.Known is { } all ? string.Create(CultureInfo.InvariantCulture, $" of {all:N0}") : "";
            session.Say(string.Create(CultureInfo.InvariantCulture, $"{runs:N0}{known} runs, {progress.Points:N0} points"));
        }
    }

    private static void Report(CopyProgress done, Session session, string verb)
    {
        if (session.Json)
        {
            session.WriteJson(json =>
            {
                json.WriteStartObject();
                json.WriteNumber("experiments", done.Experiments);
                json.WriteNumber("runs", done.Runs);
                json.WriteNumber("present", done.Present);
                json.WriteNumber("points", done.Points);
                json.WriteNumber("models", done.Models);
                json.WriteNumber("loggedModels", done.LoggedModels);
                json.WriteNumber("traces", done.Traces);
                json.WriteEndObject();
            });
            return;
        }
        string newer = (done.LoggedModels > 0 ? $", {Count(done.LoggedModels, "logged model")}" : "") + (done.Traces > 0 ? $", {Count(done.Traces, "trace")}" : "");
        string present = done.Present > 0 ? $"; {Count(done.Present, "run")} there already" : "";
        session.Out.WriteLine($"{verb} {Count(done.Experiments, "experiment")}, {Count(done.Runs, "run")}, {Count(done.Points, "point")}, {Count(done.Models, "model")}{newer}{present}");
    }

    private static string Count(long number, string what) => string.Create(CultureInfo.InvariantCulture, $"{number:N0} {what}{(number == 1 ? "" : "s")}");

    /// <summary>Parallel reading wraps what went wrong.</summary>
    private static Exception Cause(Exception failure) => failure is AggregateException { InnerException: { } inner } ? inner : failure;
}
