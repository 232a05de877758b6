using System.Text.RegularExpressions;
using Weft.Cli.CommandLine;
using Weft.Cli.Terminal;
using Weft.Text;
using Weft.Tracking;

namespace Weft.Cli.Commands;

/// <summary><c>weft runs</c>: the table of recorded runs, filtered, sorted, for people or for programs.</summary>
internal static partial class RunsCommand
{
    private static readonly Flag Best = new("best", null, "METRIC", "sort by METRIC, greatest first (min(METRIC): least first), and name the best");

    private static readonly Flag Sort = new("sort", 's', "KEY", "sort by a column; -KEY for descending") { Repeats = true };

    private static readonly Flag Columns = new("columns", 'c', "KEYS", "only these params and metrics, separated by commas");

    private static readonly Flag Limit = new("limit", null, "N", "at most N runs (default 1000)");

    private static readonly Flag Csv = new("csv", null, null, "print CSV");

    public static readonly Command Command = new("runs", "list recorded runs with their params and metrics", "[EXPERIMENT] [FILTER]", [Best, Sort, Columns, Limit, Csv], Run)
    {
        Count = (0, 2),
        Detail = "FILTER is MLflow's: `accuracy > 0.9 and model = 'svm'`; `metrics.`, `params.` and `tags.` may stand before a name.",
        Examples =
        [
            ("weft runs digits --best accuracy", "the table, the best run first"),
            ("weft runs digits \"C > 1\" --csv", "for other programs"),
        ],
    };

    private static readonly string[] Attributes = ["run_id", "run_name", "status", "start_time", "end_time", "artifact_uri", "user_id", "created"];

    private static int Run(Arguments arguments, Session session)
    {
        string root = Launch.FindRoot(arguments, session);
        if (!ProjectStore.Exists(root))
            throw new DiagnosticException("store/missing", $"nothing has run in `{root}` yet", null, "`weft ls` lists what can be run");
        using ProjectStore state = ProjectStore.Open(root, session);
        TrackingStore store = new TrackingStore(state.Connect, new TrackingOptions("mlruns"), TimeProvider.System);
        try
        {
            (IReadOnlyList<long> experiments, Source? filter) = Select(store, arguments);
            (string? best, bool least) = ReadBest(arguments.SourceOf(Best));
            var orders = new List<string>();
            if (best is not null)
                orders.Add($"{Qualify(store, best)} {(least ? "ASC" : "DESC")}");
            foreach (Source key in arguments.All(Sort))
                orders.Add(key.Text.StartsWith('-') ? $"{Qualify(store, key.Text[1..])} DESC" : $"{Qualify(store, key.Text)} ASC");
            var query = new RunQuery(experiments, filter is null ? "" : QualifyFilter(store, filter.Text), orders, Most: arguments.Int(Limit, least: 1) ?? 1000);
            Page<Tracking.Run> page = store.Search.Find(query);
            Print(new RunsTable(page.Items, arguments.Value(Columns)?.Split(',')), best, arguments, session);
            if (page.NextToken is not null)
                session.Say($"there are more; `--limit {query.Most * 10}` shows them");
        }
        catch (TrackingException refused)
        {
            throw new DiagnosticException("runs/filter", refused.Message, (arguments.Words.Count > 0 ? arguments.Words[^1] : null)?.Whole);
        }
        finally
        {
            store.DisposeAsync().AsTask().Wait();
        }
        return ExitCodes.Succeeded;
    }

    /// <summary>The first word is an experiment when one has that name, else a filter over all.</summary>
    private static (IReadOnlyList<long> Experiments, Source? Filter) Select(TrackingStore store, Arguments arguments)
    {
        var all = store.Experiments.Search("", [], ViewType.ActiveOnly, 10_000, null).Items;
        long[] everyone = [.. all.Select(experiment => experiment.Id)];
        if (arguments.Words.Count == 0)
            return (everyone, null);
        Source first = arguments.Words[0];
        if (all.FirstOrDefault(experiment => experiment.Name == first.Text) is { } named)
            return ([named.Id], arguments.Words.Count > 1 ? arguments.Words[1] : null);
        if (arguments.Words.Count > 1 || !first.Text.AsSpan().ContainsAny("=<> "))
        {
            throw new DiagnosticException("runs/no-experiment", $"no experiment `{first.Text}` has runs here", first.Whole,
                Suggest.HintOrList(first.Text, [.. all.Where(experiment => experiment.Id != 0).Select(experiment => experiment.Name)], "there are"));
        }
        return (everyone, first);
    }

    private static (string? Metric, bool Least) ReadBest(Source? source)
    {
        if (source is null)
            return (null, false);
        Match match = Sense().Match(source.Text);
        return match.Success ? (match.Groups[2].Value, match.Groups[1].Value == "min") : (source.Text, false);
    }

    /// <summary>A bare name is the attribute of that name, else a metric when one was ever logged under it, else a param.</summary>
    private static string Qualify(TrackingStore store, string name)
    {
        if (name.Contains('.', StringComparison.Ordinal) && (name.StartsWith("metrics.", StringComparison.Ordinal) || name.StartsWith("params.", StringComparison.Ordinal) || name.StartsWith("tags.", StringComparison.Ordinal) || name.StartsWith("attributes.", StringComparison.Ordinal)))
            return name;
        if (Attributes.Contains(name))
            return "attributes." + name;
        return $"{(store.Search.IsMetric(name) ? "metrics" : "params")}.`{name}`";
    }

    private static string QualifyFilter(TrackingStore store, string filter) =>
        FilterName().Replace(filter, match => match.Groups["name"].Success ? Qualify(store, match.Groups["name"].Value) : match.Value);

    private static void Print(RunsTable runs, string? best, Arguments arguments, Session session)
    {
        if (arguments.Has(Csv))
        {
            runs.WriteCsv(session.Out);
            return;
        }
        if (session.Json)
        {
            session.WriteJson(runs.WriteJson);
            return;
        }
        if (runs.Count == 0)
        {
            session.Say("no runs");
            return;
        }
        runs.ToTable(TimeProvider.System).Print(session.Out, session.Surroundings.OutputIsTerminal ? session.Surroundings.Width : null, session.ColorsOut);
        if (best is not null && runs.Describe(best) is { } description)
            session.Out.WriteLine($"\nbest: {description}");
    }

    [GeneratedRegex(@"^(min|max)\((.+)\)$")]
    private static partial Regex Sense();

    /// <summary>Quoted texts are passed over; a name is a word before a comparison.</summary>
    [GeneratedRegex("""'[^']*'|"[^"]*"|`[^`]*`|(?<name>(?<![\w.`])[A-Za-z_][\w.\-/]*)(?=\s*(=|!=|<|>|\b(?:NOT\s+)?(?:LIKE|ILIKE|IN|IS)\b))""", RegexOptions.IgnoreCase)]
    private static partial Regex FilterName();
}
