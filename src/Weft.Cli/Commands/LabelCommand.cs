using System.Collections.Immutable;
using Weft.Cli.CommandLine;
using Weft.Cli.Remote;
using Weft.Cli.Terminal;
using Weft.Text;
using Weft.Tracking;

namespace Weft.Cli.Commands;

/// <summary><c>weft label</c>: key=value marks on recorded runs, which MLflow's clients see as tags and filters ask for as <c>tags.KEY</c>.</summary>
internal static class LabelCommand
{
    private static readonly Flag Remove = new("remove", null, "KEY", "take a label away") { Repeats = true };

    public static readonly Command Command = new("label", "mark recorded runs with KEY=VALUE, or show their labels", "REF [KEY=VALUE …]", [Remove], Run)
    {
        Count = (1, int.MaxValue),
        Detail = "REF is an execution, a node, a point, or the start of a run's id; all of its runs are marked.",
        Examples = [("weft label wet-mongoose-1 paper=fig3", "all runs of it"), ("weft runs \"tags.paper = 'fig3'\"", "find them again"), ("weft label - --remove paper", "take it away")],
    };

    private static int Run(Arguments arguments, Session session)
    {
        var labels = new List<Label>();
        var problems = new Diagnostics();
        foreach (Source word in arguments.Words.Skip(1))
        {
            int equals = word.Text.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
                labels.Add(new Label(word.Text[..equals], word.Text[(equals + 1)..]));
            else
                problems.Error("label/form", $"`{word.Text}` is no label: expected KEY=VALUE", word.Whole);
        }
        if (problems.HasErrors)
            throw new DiagnosticException(problems);
        using RemoteProject? remote = RemoteProject.Of(session);
        if (remote is not null)
            return RemoteNodes.Label(remote, arguments.Words[0], labels, arguments.All(Remove), session);
        using ProjectStore store = ProjectStore.OpenExisting(Launch.FindRoot(arguments, session), session);
        TrackingStore tracking = new(store.Connect, new TrackingOptions("mlruns"), TimeProvider.System);
        try
        {
            ImmutableArray<RunInfo> runs = RunAddress.Find(store, tracking, arguments.Words[0]);
            IReadOnlyList<Source> removed = arguments.All(Remove);
            if (labels.Count == 0 && removed.Count == 0)
                return Show(tracking, runs, session);
            foreach (RunInfo run in runs)
            {
                foreach (Label label in labels)
                    tracking.Runs.SetLabelAsync(run.Id, label).Wait();
                ILookup<string, string> known = tracking.Runs.Get(run.Id).Labels.ToLookup(label => label.Key, label => label.Value);
                foreach (Source key in removed.Where(key => known.Contains(key.Text)))
                    tracking.Runs.DeleteLabelAsync(run.Id, key.Text).Wait();
            }
            session.Say($"{Amounts.Count(runs.Length, "run")} labelled");
            return ExitCodes.Succeeded;
        }
        catch (AggregateException refused) when (refused.InnerException is TrackingException inner)
        {
            throw new DiagnosticException("label/refused", inner.Message, arguments.Words[0].Whole);
        }
        finally
        {
            tracking.DisposeAsync().AsTask().Wait();
        }
    }

    /// <summary>Labels that MLflow's clients make for themselves are left out of the table.</summary>
    private static int Show(TrackingStore tracking, ImmutableArray<RunInfo> runs, Session session)
    {
        if (session.Json)
        {
            session.WriteJson(json =>
            {
                json.WriteStartObject();
                foreach (RunInfo run in runs)
                {
                    json.WriteStartObject(run.Id.Value);
                    foreach (Label label in tracking.Runs.Get(run.Id).Labels)
                        json.WriteString(label.Key, label.Value);
                    json.WriteEndObject();
                }
                json.WriteEndObject();
            });
            return ExitCodes.Succeeded;
        }
        var table = new Table("RUN", "LABEL", "VALUE");
        foreach (RunInfo run in runs)
        {
            foreach (Label label in tracking.Runs.Get(run.Id).Labels.Where(label => !label.Key.StartsWith("mlflow.", StringComparison.Ordinal)))
                table.Add(run.Name, label.Key, label.Value);
        }
        if (table.Count == 0)
            session.Say("no labels");
        else
            table.Print(session.Out, session.Surroundings.OutputIsTerminal ? session.Surroundings.Width : null, session.ColorsOut);
        return ExitCodes.Succeeded;
    }
}
