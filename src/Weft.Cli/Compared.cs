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
    /// <summary>When its last attempt began; null of a whole execution.</summary>
    private DateTimeOffset? Begun { get; init; }

    /// <summary>Whether the whole execution is meant, not a part of it.</summary>
    private bool IsWhole { get; init; }

    /// <summary>What is recorded of it; of a whole execution nothing when there are several.</summary>
    private ImmutableArray<Tracking.Run> Runs { get; init; } = [];

    /// <summary>What its programs found around themselves; null where that is looked up.</summary>
    private EnvironmentSnapshot? Environment { get; init; }

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
        OfAttempt($"{row.Name}/{path}", store, row, path) with
        {
            Runs = [.. tracking.Runs.OfNode(row.Id, path).Select(run => tracking.Runs.Get(run.Id))],
            Words = WordsOf(store.PlanOf(row), path),
        };

    /// <summary>The same with the code and the environment of now.</summary>
    public Compared Now(ProjectStore store, IReadOnlyDictionary<string, string> variables) => new("now", null, new CodeState(store).Take())
    {
        Environment = Execution is { } execution ? EnvironmentFiles.Take(store.PlanOf(execution), store.Root, variables) : null,
        Words = Words,
    };

    /// <summary>What the other has differently of all that went into it: definition, words, code, environment, the configuration of its runs.</summary>
    public IEnumerable<Difference> CausesAgainst(Compared other, ProjectStore store)
    {
        IEnumerable<Difference> differences = OfPlans(store, other).Concat(OfCode(store, other));
        if (EnvironmentOf(store) is { } mine && other.EnvironmentOf(store) is { } theirs)
            differences = differences.Concat(EnvironmentFiles.Between(mine, theirs));
        return differences.Concat(IsPairedWith(other) ? RunDifference.OfParams(Runs, other.Runs) : Difference.Of("word", Words, other.Words));
    }

    /// <summary>What came of it that the other has differently: how it ended, metrics, labels.</summary>
    public IEnumerable<Difference> ResultsAgainst(Compared other, ProjectStore store)
    {
        IEnumerable<Difference> differences = IsWhole && other.IsWhole ? Difference.Of("outcome", Outcome(store, Execution!), Outcome(store, other.Execution!)) : [];
        return IsPairedWith(other) ? differences.Concat(RunDifference.OfResults(Runs, other.Runs)) : differences;
    }

    private static Compared OfRun(ProjectStore store, TrackingStore tracking, RunInfo run)
    {
        (ExecutionId Execution, NodePath Path)? node = tracking.Runs.NodeOf(run);
        ExecutionRow? row = node is { } made ? store.Records.Find(made.Execution) : null;
        return (row is null ? new Compared(run.Name, null, null) : OfAttempt(run.Name, store, row, node!.Value.Path)) with { Runs = [tracking.Runs.Get(run.Id)] };
    }

    /// <summary>What the last attempt of a node ran with.</summary>
    private static Compared OfAttempt(string name, ProjectStore store, ExecutionRow row, NodePath node) =>
        store.Records.Attempts(row.Id, node) is [.., var last] ? new Compared(name, row, last.Snapshot) { Begun = last.Started ?? last.Intended } : new Compared(name, row, row.Snapshot);

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

    private EnvironmentSnapshot? EnvironmentOf(ProjectStore store) => Environment ?? (Execution is { } execution ? new EnvironmentFiles(store.Place.FolderOf(execution.Id)).Read(Begun) : null);

    /// <summary>Whether each run of one stands beside a run of the other.</summary>
    private bool IsPairedWith(Compared other) => !Runs.IsEmpty && Runs.Length == other.Runs.Length;

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
