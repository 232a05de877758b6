using System.Text;
using System.Text.Json;
using Weft.Text;
using Weft.Tracking;
using static Weft.Cli.Remote.RemoteCommands;

namespace Weft.Cli.Remote;

/// <summary>
/// An execution, a node or point of it, or a recorded run behind a server, as one of two that are compared. What lies in files there only, the contents of
/// the code and the environment, is not asked for: that the code differs is told by its states.
/// </summary>
internal sealed record RemoteCompared(string Name)
{
    private const int LeastDigits = 6;

    /// <summary>The plan as it is stored; null of a run.</summary>
    private byte[]? Plan { get; init; }

    /// <summary>How a whole execution stands; null of anything else.</summary>
    private IReadOnlyDictionary<string, string>? Outcome { get; init; }

    private string? Snapshot { get; init; }

    private IReadOnlyList<Run> Runs { get; init; } = [];

    public static RemoteCompared Find(RemoteProject remote, Source word)
    {
        (string execution, string? path, _) = Split(word);
        if (path is null && execution.Length >= LeastDigits && execution.All(char.IsAsciiHexDigitLower) && RunsOf(remote, word.Text) is [var only])
            return new RemoteCompared(only.Info.Name) { Runs = [only] };
        JsonElement row = remote.Get(Of(execution));
        var found = new RemoteCompared(TextOf(row, "execution"))
        {
            Plan = Encoding.UTF8.GetBytes(remote.Get(Of(execution) + "/plan").GetRawText()),
            Snapshot = TextOf(row, "snapshot"),
        };
        if (path is null)
        {
            var outcome = new Dictionary<string, string> { ["state"] = TextOf(row, "state"), ["done"] = TextOf(row, "done"), ["failed"] = TextOf(row, "failed"), ["points"] = TextOf(row, "total") };
            // Of several runs none is the execution's own.
            return found with { Outcome = outcome, Runs = RunsOf(remote, execution) is [var single] ? [single] : [] };
        }
        JsonElement[] attempts = [.. remote.Get($"{Of(execution)}/attempts?path={Uri.EscapeDataString(path)}").GetProperty("attempts"u8).EnumerateArray()];
        return found with { Name = $"{found.Name}/{path}", Snapshot = attempts is [.., var last] ? TextOf(last, "snapshot") : found.Snapshot, Runs = RunsOf(remote, $"{execution}/{path}") };
    }

    /// <summary>What the other has differently: definitions, inputs, code, how it ended, and what its runs have.</summary>
    public IEnumerable<Difference> Against(RemoteCompared other)
    {
        bool areWhole = Outcome is not null && other.Outcome is not null, arePaired = Runs.Count > 0 && Runs.Count == other.Runs.Count;
        IEnumerable<Difference> differences = Plan is { } before && other.Plan is { } after && !before.AsSpan().SequenceEqual(after) ? PlanDifference.Of(before, after, onlyTasks: !areWhole) : [];
        if (Snapshot is { Length: > 0 } one && other.Snapshot is { Length: > 0 } another && one != another)
            differences = differences.Append(new Difference("code", "", one[..12], another[..12]));
        if (arePaired)
            differences = differences.Concat(RunDifference.OfParams(Runs, other.Runs));
        if (areWhole)
            differences = differences.Concat(Difference.Of("outcome", Outcome!, other.Outcome!));
        return arePaired ? differences.Concat(RunDifference.OfResults(Runs, other.Runs)) : differences;
    }

    private static Run[] RunsOf(RemoteProject remote, string address) =>
    [
        .. remote.Get($"{Api}runs?of={Uri.EscapeDataString(address)}").GetProperty("runs"u8).EnumerateArray()
            .Select(run => ServerRuns.Read(remote.Get($"api/2.0/mlflow/runs/get?run_id={TextOf(run, "run")}").GetProperty("run"u8))),
    ];
}
