using System.Text.RegularExpressions;
using Weft.Analysis;
using Weft.Cli.CommandLine;
using Weft.Cli.Remote;
using Weft.Cli.Terminal;
using Weft.Dialects;
using Weft.Text;
using Weft.Tracking;

namespace Weft.Cli.Commands;

/// <summary><c>weft runs</c>: the table of recorded runs, filtered, sorted, grouped, for people or for programs.</summary>
internal static partial class RunsCommand
{
    private static readonly Flag Best = new("best", null, "METRIC", "sort by METRIC, greatest first (min(METRIC): least first), and name the best");

    private static readonly Flag Sort = new("sort", 's', "KEY", "sort by a column; -KEY for descending") { Repeats = true };

    private static readonly Flag Columns = new("columns", 'c', "KEYS", "only these params and metrics, separated by commas");

    private static readonly Flag Group = new("group", 'g', "KEYS", "one row for all runs with the same KEYS");

    private static readonly Flag Aggregate = new("aggregate", 'a', "LIST", "of a group: mean(acc),max(acc),count (default: all means)");

    private static readonly Flag From = new("from", null, "DIR", "read MLflow's folder mlruns, not the project's records");

    private static readonly Flag Limit = new("limit", null, "N", "at most N runs (default 1000); with --group, of all");

    private static readonly Flag Csv = new("csv", null, null, "print CSV");

    public static readonly Command Command = new("runs", "list recorded runs with their params and metrics", "[EXPERIMENT] [FILTER]", [Best, Sort, Columns, Group, Aggregate, From, Limit, Csv], Run)
    {
        Count = (0, 2),
        Detail =
            """
            FILTER is MLflow's: `accuracy > 0.9 and model = 'svm'`; `metrics.`, `params.` and `tags.` may stand before
            a name. Settings that Hydra composed are params; they may be compared with numbers too: `lr < 0.01`. Functions of a group: count, mean, sum, min, max, median,
            std, first. Settings that are the same in all runs stand below a table of more than twelve columns.
            """,
        Examples =
        [
            ("weft runs digits --best accuracy", "the table, the best run first"),
            ("weft runs digits \"C > 1\" --csv", "for other programs"),
            ("weft runs --group lr -a 'mean(acc),std(acc)'", "over the seeds"),
            ("weft runs --from mlruns --sort -acc", "what other programs recorded"),
        ],
    };

    private static readonly string[] Attributes = ["run_id", "run_name", "status", "start_time", "end_time", "artifact_uri", "user_id", "created"];

    private static readonly string[] Prefixes = ["metrics.", "params.", "tags.", "attributes."];

    private static int Run(Arguments arguments, Session session)
    {
        using RunsOrigin origin = Open(arguments, session);
        (string? experiment, Source? filter) = Select(origin, arguments);
        bool isGrouped = arguments.Has(Group) || arguments.Has(Aggregate);
        var orders = new List<string>();
        if (!isGrouped)
        {
            if (arguments.SourceOf(Best) is { } best && ReadBest(best) is var (metric, least))
                orders.Add($"{Qualify(origin, metric)} {(least ? "ASC" : "DESC")}");
            foreach (Source key in arguments.All(Sort))
                orders.Add(key.Text.StartsWith('-') ? $"{Qualify(origin, key.Text[1..])} DESC" : $"{Qualify(origin, key.Text)} ASC");
        }
        int most = arguments.Int(Limit, least: 1) ?? (isGrouped ? int.MaxValue : 1000);
        try
        {
            (RunCollection runs, bool hasMore) = origin.Find(experiment, filter is null ? "" : QualifyFilter(origin, filter.Text), orders, most);
            if (isGrouped)
                PrintGroups(RunsGrouping.Read(runs, arguments.SourceOf(Group), arguments.SourceOf(Aggregate), arguments.SourceOf(Columns)), arguments, session);
            else
                PrintRuns(runs, arguments, session);
            if (hasMore)
                session.Say($"there are more; `--limit {Math.Min(most * 10L, int.MaxValue)}` shows them");
        }
        catch (TrackingException refused)
        {
            throw new DiagnosticException("runs/filter", refused.Message, (arguments.Words.Count > 0 ? arguments.Words[^1] : null)?.Whole);
        }
        return ExitCodes.Succeeded;
    }

    private static RunsOrigin Open(Arguments arguments, Session session)
    {
        string folder = Launch.WorkingFolder(arguments, session);
        if (arguments.SourceOf(From) is { } from)
        {
            string path = Path.GetFullPath(from.Text, folder);
            if (!Directory.Exists(path))
                throw new DiagnosticException("cli/no-folder", $"no folder `{from.Text}`", from.Whole);
            return new FolderRuns(RunCollection.FromFolder(path, new FolderOptions { IndexFolder = session.Surroundings.CacheFolder }));
        }
        if (RemoteProject.Of(session) is { } remote)
            return new ServerRuns(remote);
        string? root = Project.FindRoot(folder);
        if ((root is null || !ProjectStore.Exists(root)) && Directory.Exists(Path.Combine(folder, "mlruns")))
            throw new DiagnosticException("store/missing", $"nothing has run in `{root ?? folder}` yet", null, "`weft runs --from mlruns` lists the runs of the folder that is here");
        return new StoredRuns(root ?? Launch.FindRoot(arguments, session), session);
    }

    /// <summary>The first word is an experiment when one has that name, else the job that logs to one, else a filter over all.</summary>
    private static (string? Experiment, Source? Filter) Select(RunsOrigin origin, Arguments arguments)
    {
        if (arguments.Words.Count == 0)
            return (null, null);
        Source first = arguments.Words[0];
        if (first.Text == "Default" || origin.Experiments.Contains(first.Text))
            return (first.Text, arguments.Words.Count > 1 ? arguments.Words[1] : null);
        if (origin.ExperimentOf(first.Text) is { } experiment)
            return (experiment, arguments.Words.Count > 1 ? arguments.Words[1] : null);
        if (arguments.Words.Count > 1 || !first.Text.AsSpan().ContainsAny("=<> "))
            throw new DiagnosticException("runs/no-experiment", $"no experiment `{first.Text}` has runs here", first.Whole, Suggest.HintOrList(first.Text, origin.Experiments, "there are"));
        return (null, first);
    }

    private static (string Metric, bool Least) ReadBest(Source source) =>
        Sense().Match(source.Text) is { Success: true } match ? (match.Groups[2].Value, match.Groups[1].Value == "min") : (source.Text, false);

    /// <summary>A bare name is the attribute of that name, else a metric when one was ever logged under it, else a param.</summary>
    private static string Qualify(RunsOrigin origin, string name)
    {
        if (Prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
            return name;
        if (Attributes.Contains(name))
            return "attributes." + name;
        return $"{(origin.IsMetric(name) ? "metrics" : "params")}.`{name}`";
    }

    private static string QualifyFilter(RunsOrigin origin, string filter) =>
        FilterName().Replace(filter, match => match.Groups["name"].Success ? Qualify(origin, match.Groups["name"].Value) : match.Value);

    private static void PrintRuns(RunCollection runs, Arguments arguments, Session session)
    {
        var table = new RunsTable(runs, arguments.SourceOf(Columns));
        if (arguments.Has(Csv))
            table.WriteCsv(session.Out);
        else if (session.Json)
            session.WriteJson(table.WriteJson);
        else if (runs.Count == 0)
            session.Say("no runs");
        else
        {
            (Table rows, string? same) = table.ToTable(TimeProvider.System);
            rows.Print(session.Out, session.Surroundings.OutputIsTerminal ? session.Surroundings.Width : null, session.ColorsOut);
            if (same is not null)
                session.Out.WriteLine($"\nin all: {same}");
            if (arguments.SourceOf(Best) is { } best && table.Describe(ReadBest(best).Metric) is { } description)
                session.Out.WriteLine($"\nbest: {description}");
        }
    }

    private static void PrintGroups(RunsGrouping groups, Arguments arguments, Session session)
    {
        Frame frame = groups.Frame;
        if (arguments.SourceOf(Best) is { } best && ReadBest(best) is var (metric, least))
            frame = groups.SortedBy(best.Whole, metric, isDescending: !least);
        foreach (Source key in arguments.All(Sort).Reverse())
            frame = groups.SortedBy(key.Whole, key.Text.TrimStart('-'), isDescending: key.Text.StartsWith('-'));
        if (arguments.Has(Csv))
            frame.WriteCsv(session.Out);
        else if (session.Json)
            session.WriteJson(json => RunsGrouping.WriteJson(json, frame));
        else if (frame.Rows == 0)
            session.Say("no runs");
        else
            RunsGrouping.ToTable(frame).Print(session.Out, session.Surroundings.OutputIsTerminal ? session.Surroundings.Width : null, session.ColorsOut);
    }

    [GeneratedRegex(@"^(min|max)\((.+)\)$")]
    private static partial Regex Sense();

    /// <summary>Quoted texts are passed over; a name is a word before a comparison.</summary>
    [GeneratedRegex("""'[^']*'|"[^"]*"|`[^`]*`|(?<name>(?<![\w.`])[A-Za-z_][\w.\-/]*)(?=\s*(=|!=|<|>|\b(?:NOT\s+)?(?:LIKE|ILIKE|IN|IS)\b))""", RegexOptions.IgnoreCase)]
    private static partial Regex FilterName();
}
