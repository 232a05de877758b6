using System.Collections.Immutable;
using System.Globalization;
using Weft.Cli.Terminal;
using Weft.Execution;
using Weft.Records;
using Weft.Sweeps;
using Weft.Text;
using Weft.Tracking;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Cli.Commands;

/// <summary><c>weft diff</c>: what two executions, points or recorded runs have differently.</summary>
internal static class DiffCommand
{
    public static readonly Command Command = new("diff", "show what two executions, points or runs have differently", "A B", [], Run)
    {
        Count = (2, 2),
        Detail = "Of executions: definitions, inputs, code and how they ended; of points and runs: params, metrics, labels, code and status.\nThe start of a run's id names that run.",
        Examples = [("weft diff wet-mongoose-1 wet-mongoose-2", "two executions"), ("weft diff -/3 -/7", "two points of the newest")],
    };

    private static int Run(Arguments arguments, Session session)
    {
        using ProjectStore store = ProjectStore.OpenExisting(Launch.FindRoot(arguments, session), session);
        TrackingStore tracking = new(store.Connect, new TrackingOptions("mlruns"), TimeProvider.System);
        try
        {
            Side before = Side.Find(store, tracking, arguments.Words[0]);
            Side after = Side.Find(store, tracking, arguments.Words[1]);
            List<Difference> differences = [];
            if (before.Execution is { } one && after.Execution is { } other)
                differences.AddRange(OfExecutions(store, one, other));
            differences.AddRange(OfCode(store, before.Snapshot, after.Snapshot));
            if (before.Run is { } mine && after.Run is { } theirs)
                differences.AddRange(OfRuns(mine, theirs));
            else
                differences.AddRange(Difference.Of("word", before.Words, after.Words));
            Print(before.Name, after.Name, differences, session);
        }
        finally
        {
            tracking.DisposeAsync().AsTask().Wait();
        }
        return ExitCodes.Succeeded;
    }

    /// <summary>The definitions and inputs of two executions, and how they ended.</summary>
    private static IEnumerable<Difference> OfExecutions(ProjectStore store, ExecutionRow before, ExecutionRow after)
    {
        if (before.Plan != after.Plan && store.Records.ReadPlan(before.Plan) is { } one && store.Records.ReadPlan(after.Plan) is { } other)
        {
            foreach (Difference difference in PlanDifference.Of(one, other))
                yield return difference;
        }
        foreach (Difference difference in Difference.Of("outcome", Outcome(store, before), Outcome(store, after)))
            yield return difference;
    }

    /// <summary>The files that two states of the code have differently.</summary>
    private static IEnumerable<Difference> OfCode(ProjectStore store, string? before, string? after) =>
        before is null || after is null || before == after ? []
            : new CodeState(store).Between(before, after) is { } files ? files.Select(file => new Difference("code", file, null, null))
            : [new Difference("code", "", before[..12], after[..12])];

    private static Dictionary<string, string> Outcome(ProjectStore store, ExecutionRow row)
    {
        ExecutionProgress progress = ProcessesCommand.ProgressOf(store, row);
        return new Dictionary<string, string>
        {
            ["state"] = row.State.ToLowerInvariant(),
            ["done"] = progress.Done.ToString(CultureInfo.InvariantCulture),
            ["failed"] = progress.Failed.ToString(CultureInfo.InvariantCulture),
            ["points"] = progress.Total.ToString(CultureInfo.InvariantCulture),
        };
    }

    private static IEnumerable<Difference> OfRuns(Tracking.Run before, Tracking.Run after)
    {
        if (before.Info.Status != after.Info.Status)
            yield return new Difference("status", "", before.Info.Status.ToString().ToLowerInvariant(), after.Info.Status.ToString().ToLowerInvariant());
        foreach (Difference one in Difference.Of("param", before.Params.ToDictionary(param => param.Key, param => param.Value), after.Params.ToDictionary(param => param.Key, param => param.Value)))
            yield return one;
        foreach (Difference one in Difference.Of("metric", Metrics(before), Metrics(after)))
            yield return one;
        foreach (Difference one in Difference.Of("label", Labels(before), Labels(after)))
            yield return one;
    }

    private static Dictionary<string, string> Metrics(Tracking.Run run) => run.Metrics.ToDictionary(metric => metric.Last.Key, metric => Amounts.Number(metric.Last.Value));

    private static Dictionary<string, string> Labels(Tracking.Run run) =>
        run.Labels.Where(label => !label.Key.StartsWith("mlflow.", StringComparison.Ordinal)).ToDictionary(label => label.Key, label => label.Value);

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

    /// <summary>One of the two things that are compared.</summary>
    /// <param name="Execution">Null of a point or a run.</param>
    /// <param name="Run">The only run that is recorded of it; null when there are several, or none.</param>
    private sealed record Side(string Name, ExecutionRow? Execution, string? Snapshot, Tracking.Run? Run)
    {
        /// <summary>Of a point: what its words set.</summary>
        public IReadOnlyDictionary<string, string> Words { get; private init; } = ImmutableDictionary<string, string>.Empty;

        public static Side Find(ProjectStore store, TrackingStore tracking, Source word)
        {
            if (word.Text.Length >= 6 && word.Text.All(char.IsAsciiHexDigitLower) && tracking.Runs.FindByPrefix(word.Text).Length > 0)
            {
                RunInfo run = RunAddress.Find(store, tracking, word)[0];
                return new Side(run.Name, null, null, tracking.Runs.Get(run.Id));
            }
            Address address = Address.Find(store, word);
            ExecutionRow row = address.Execution;
            ImmutableArray<RunInfo> runs = address.Path is { } path ? tracking.Runs.OfNode(row.Id, path) : tracking.Runs.OfExecution(row.Id);
            Tracking.Run? only = runs is [var one] ? tracking.Runs.Get(one.Id) : null;
            if (address.Path is not { } node)
                return new Side(row.Name, row, row.Snapshot, only);
            return new Side($"{row.Name}/{node}", null, store.Records.Attempts(row.Id, node) is [.., var last] ? last.Snapshot : row.Snapshot, only) { Words = WordsOf(store.PlanOf(row), node) };
        }

        private static Dictionary<string, string> WordsOf(Plan plan, NodePath path)
        {
            var words = new Dictionary<string, string>(StringComparer.Ordinal);
            if (path.Index is { } index && plan.Find(path.Parent)?.Node is Node.Each { Over: Elements.Known known } && known.Space.PointAt(index) is { } point)
            {
                foreach (string[] word in point.Words.Select(word => word.Text.Split('=', 2)))
                    words[word[0]] = word.Length > 1 ? word[1] : "";
            }
            return words;
        }
    }
}
