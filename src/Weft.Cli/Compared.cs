using System.Collections.Immutable;
using System.Globalization;
using Weft.Cli.Commands;
using Weft.Execution;
using Weft.Records;
using Weft.Snapshots;
using Weft.Sweeps;
using Weft.Text;
using Weft.Tracking;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Cli;

/// <summary>An execution, a node or point of it, or a recorded run, as one of two that are compared.</summary>
/// <param name="Execution">To which it belongs; null of a run that came from elsewhere.</param>
/// <param name="Snapshot">The state of the code it ran with.</param>
internal sealed record Compared(string Name, ExecutionRow? Execution, string? Snapshot)
{
    /// <summary>Whether the whole execution is meant, not a part of it.</summary>
    private bool IsWhole { get; init; }

    /// <summary>What is recorded of it; of a whole execution nothing when there are several.</summary>
    private ImmutableArray<Tracking.Run> Runs { get; init; } = [];

    /// <summary>Of a point: what its words set.</summary>
    private IReadOnlyDictionary<string, string> Words { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <exception cref="DiagnosticException">Nothing has this address.</exception>
    public static Compared Find(ProjectStore store, TrackingStore tracking, Source word)
    {
        if (word.Text.Length >= 6 && word.Text.All(char.IsAsciiHexDigitLower) && tracking.Runs.FindByPrefix(word.Text).Length > 0)
            return OfRun(store, tracking, RunAddress.Find(store, tracking, word)[0]);
        Address address = Address.Find(store, word);
        if (address.Path is { } path)
            return OfNode(store, tracking, address.Execution, path);
        ExecutionRow row = address.Execution;
        return new Compared(row.Name, row, row.Snapshot) { IsWhole = true, Runs = tracking.Runs.OfExecution(row.Id) is [var only] ? [tracking.Runs.Get(only.Id)] : [] };
    }

    public static Compared OfNode(ProjectStore store, TrackingStore tracking, ExecutionRow row, NodePath path) =>
        new($"{row.Name}/{path}", row, SnapshotOf(store, row, path))
        {
            Runs = [.. tracking.Runs.OfNode(row.Id, path).Select(run => tracking.Runs.Get(run.Id))],
            Words = WordsOf(store.PlanOf(row), path),
        };

    /// <summary>What the other has differently of all that went into it: definition, words, code, environment, the configuration of its runs.</summary>
    public IEnumerable<Difference> CausesAgainst(Compared other, ProjectStore store)
    {
        IEnumerable<Difference> differences = OfPlans(store, other).Concat(OfCode(store, other));
        if (EnvironmentOf(store) is { } mine && other.EnvironmentOf(store) is { } theirs)
            differences = differences.Concat(EnvironmentFile.Between(mine, theirs));
        return Paired(other) is { } pairs ? differences.Concat(pairs.SelectMany(pair => OfParams(pair.Mine, pair.Theirs, pair.Number))) : differences.Concat(Difference.Of("word", Words, other.Words));
    }

    /// <summary>What came of it that the other has differently: how it ended, metrics, labels.</summary>
    public IEnumerable<Difference> ResultsAgainst(Compared other, ProjectStore store)
    {
        IEnumerable<Difference> differences = IsWhole && other.IsWhole ? Difference.Of("outcome", Outcome(store, Execution!), Outcome(store, other.Execution!)) : [];
        return differences.Concat((Paired(other) ?? []).SelectMany(pair => OfResults(pair.Mine, pair.Theirs, pair.Number)));
    }

    private static Compared OfRun(ProjectStore store, TrackingStore tracking, RunInfo run)
    {
        (ExecutionId Execution, NodePath Path)? node = tracking.Runs.NodeOf(run);
        ExecutionRow? row = node is { } made ? store.Records.Find(made.Execution) : null;
        return new Compared(run.Name, row, row is null ? null : SnapshotOf(store, row, node!.Value.Path)) { Runs = [tracking.Runs.Get(run.Id)] };
    }

    /// <summary>The state of the code of its last attempt.</summary>
    private static string? SnapshotOf(ProjectStore store, ExecutionRow row, NodePath node) => store.Records.Attempts(row.Id, node) is [.., var last] ? last.Snapshot : row.Snapshot;

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

    /// <summary>Of a part of an execution only tasks count: the words of a point say what its sweep made of it.</summary>
    private IEnumerable<Difference> OfPlans(ProjectStore store, Compared other)
    {
        if (Execution is not { } before || other.Execution is not { } after || before.Plan == after.Plan || store.Records.ReadPlan(before.Plan) is not { } one || store.Records.ReadPlan(after.Plan) is not { } another)
            return [];
        return PlanDifference.Of(one, another, onlyTasks: !(IsWhole && other.IsWhole));
    }

    /// <summary>The files that two states of the code have differently.</summary>
    private IEnumerable<Difference> OfCode(ProjectStore store, Compared other) =>
        Snapshot is not { } before || other.Snapshot is not { } after || before == after ? []
            : new CodeState(store).Between(before, after) is { } files ? files.Select(file => new Difference("code", file, null, null))
            : [new Difference("code", "", before[..12], after[..12])];

    private EnvironmentSnapshot? EnvironmentOf(ProjectStore store) => Execution is { } execution ? new EnvironmentFile(store.Place.FolderOf(execution.Id)).Read() : null;

    /// <summary>The runs of both, those of one place beside each other; null when there is none, or one has more than the other. Numbers are of several only.</summary>
    private IEnumerable<(Tracking.Run Mine, Tracking.Run Theirs, int? Number)>? Paired(Compared other) => Runs.IsEmpty || Runs.Length != other.Runs.Length ? null
        : Runs.Zip(other.Runs).Select((pair, i) => (pair.First, pair.Second, Runs.Length == 1 ? (int?)null : i));

    private static IEnumerable<Difference> OfParams(Tracking.Run before, Tracking.Run after, int? number) =>
        Numbered(Difference.Of("param", before.Params.ToDictionary(param => param.Key, param => param.Value), after.Params.ToDictionary(param => param.Key, param => param.Value)), number);

    private static IEnumerable<Difference> OfResults(Tracking.Run before, Tracking.Run after, int? number)
    {
        IEnumerable<Difference> differences = Difference.Of("metric", Metrics(before), Metrics(after)).Concat(Difference.Of("label", Labels(before), Labels(after)));
        if (before.Info.Status != after.Info.Status)
            differences = differences.Prepend(new Difference("status", "", before.Info.Status.ToString().ToLowerInvariant(), after.Info.Status.ToString().ToLowerInvariant()));
        return Numbered(differences, number);
    }

    private static IEnumerable<Difference> Numbered(IEnumerable<Difference> differences, int? number) =>
        number is { } of ? differences.Select(one => one with { Name = $"{one.Name} (job {of})" }) : differences;

    private static Dictionary<string, string> Metrics(Tracking.Run run) => run.Metrics.ToDictionary(metric => metric.Last.Key, metric => Terminal.Amounts.Number(metric.Last.Value));

    private static Dictionary<string, string> Labels(Tracking.Run run) =>
        run.Labels.Where(label => !label.Key.StartsWith("mlflow.", StringComparison.Ordinal)).ToDictionary(label => label.Key, label => label.Value);

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
}
