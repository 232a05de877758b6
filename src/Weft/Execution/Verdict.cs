using System.Collections.Immutable;
using System.Globalization;
using Weft.Platform;
using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>Why we ended an attempt ourselves.</summary>
internal abstract record StopCause
{
    private StopCause()
    {
    }

    /// <summary>Somebody asked, or something else failed.</summary>
    public sealed record Asked(string By) : StopCause;

    public sealed record TimeIsUp(TimeSpan Limit) : StopCause;
}

/// <summary>An attempt that has ended, with all that is known of it.</summary>
internal sealed record EndedAttempt(AttemptId Id, Outcome Outcome, DateTimeOffset Started, DateTimeOffset Ended)
{
    /// <summary>Declared outputs and results; empty unless it succeeded.</summary>
    public ImmutableSortedDictionary<string, Value> Outputs { get; init; } = Value.NoEntries;

    /// <summary>What it wrote to WEFT_RESULTS, whether it succeeded or not.</summary>
    public ImmutableSortedDictionary<string, Value> Results { get; init; } = Value.NoEntries;

    /// <summary>What went wrong beside the outcome, a line each.</summary>
    public ImmutableArray<string> Warnings { get; init; } = [];
}

/// <summary>
/// Says what the end of an attempt means: the same rules for local attempts and for those of a task host. An exit code of 128 + N is how the
/// shell that watches over a program writes "ended by signal N"; it cannot be told from a program that exits so.
/// </summary>
internal static class Verdict
{
    /// <summary>Lines of a failed attempt's log that are recorded.</summary>
    public const int TailLines = 10;

    /// <param name="status">How the program ended; null when nobody saw it.</param>
    /// <param name="cause">Why we ended it, or null when we did not.</param>
    /// <param name="folder">Where its log, its results and its checkpoints are.</param>
    public static EndedAttempt Of(Invocation call, ExitStatus? status, StopCause? cause, RunFolder folder, DateTimeOffset started, DateTimeOffset ended)
    {
        string log = folder.Log(call.Id);
        var end = new EndedAttempt(call.Id, new Outcome.Lost(), started, ended);
        if (status is not { } known)
            return cause is null ? end : end with { Outcome = Stopped(cause, null) };
        if (cause is not null && known.Code != 0)
            return end with { Outcome = Stopped(cause, known) };
        if (known.Code == 0)
            return Succeeded(call, end, log, folder.Results(call.Id));
        // A program that keeps nothing to go on from may have another use for this code.
        bool isRequeue = known.Code == Calls.RequeueCode && Directory.Exists(folder.Checkpoint(call.Path));
        return Failed(end, known, isRequeue ? Calls.Requeue : "task/exit", log, folder.Results(call.Id));
    }

    private static EndedAttempt Succeeded(Invocation call, EndedAttempt end, string log, string path)
    {
        ResultsFile results;
        try
        {
            results = ResultsFile.Read(path);
        }
        catch (IOException error)
        {
            return end with { Outcome = Failure(ErrorClass.User, "task/results", error.Message, 0, null, log) };
        }
        end = end with { Results = results.Values, Warnings = WarningsOf(results) };
        var outputs = results.Values.ToBuilder();
        foreach (Declared output in call.Outputs)
        {
            // An integer is a float where one is declared: `1` in the results file says nothing else.
            if (output.Path is null && outputs.TryGetValue(output.Name, out Value? value) && Casting.Fit(output.Type, value) is { } fitted)
                outputs[output.Name] = fitted;
            bool exists = output.Path is null ? outputs.ContainsKey(output.Name) : IsThere(output.Path);
            if (!exists && !output.Type.TakesNone)
            {
                string expected = output.Path is null ? $"a line `{output.Name}=…` in $WEFT_RESULTS" : output.Path;
                return end with { Outcome = Failure(ErrorClass.User, "task/missing-output", $"it ended without its output `{output.Name}`: expected {expected}", 0, null, log) };
            }
        }
        return end with { Outcome = new Outcome.Succeeded(), Outputs = outputs.ToImmutable() };
    }

    /// <summary>The folder of an output is made before the start, so one that is empty was not written.</summary>
    private static bool IsThere(string path) => File.Exists(path) || (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any());

    private static EndedAttempt Failed(EndedAttempt end, ExitStatus status, string code, string log, string path)
    {
        ResultsFile results = ReadQuietly(path);
        string reason = status.Code switch
        {
            137 => "exit code 137 (killed, or exited so)",
            > 128 and <= 192 => $"exit code {status.Code} ({SignalName(status.Code - 128)}, or exited so)",
            Calls.RequeueCode => "exit code 75 (asked to be started again)",
            _ => $"exit code {status.Code.ToString(CultureInfo.InvariantCulture)}",
        };
        ErrorClass kind = status.Code switch
        {
            Calls.RequeueCode => ErrorClass.Preempted,
            137 or 143 => ErrorClass.System,
            _ => ErrorClass.User,
        };
        int? signal = status.Signal > 0 ? status.Signal : null;
        return end with
        {
            Results = results.Values,
            Warnings = WarningsOf(results),
            Outcome = Failure(kind, code, reason, status.Code, signal, log),
        };
    }

    /// <summary>What an attempt is that ended because we ended it.</summary>
    public static Outcome Stopped(StopCause cause, ExitStatus? status) => cause switch
    {
        StopCause.TimeIsUp limit => new Outcome.Failed(ErrorClass.Timeout, "task/timeout", $"it ran longer than its limit of {limit.Limit}") { ExitCode = status?.Code },
        StopCause.Asked asked => new Outcome.Cancelled(asked.By),
        _ => throw new InvalidOperationException($"no such cause: {cause.GetType().Name}"),
    };

    private static Outcome.Failed Failure(ErrorClass kind, string code, string reason, int exit, int? signal, string log) =>
        new(kind, code, reason) { ExitCode = exit, Signal = signal, LastLines = LastLines.Read(log, TailLines) };

    private static ResultsFile ReadQuietly(string path)
    {
        try
        {
            return ResultsFile.Read(path);
        }
        catch (IOException)
        {
            // The attempt failed anyway; its results count for nothing.
            return ResultsFile.Empty;
        }
    }

    private static ImmutableArray<string> WarningsOf(ResultsFile results) => results.BadLines.IsEmpty
        ? []
        : [$"line {results.BadLines[0]} of $WEFT_RESULTS is neither `name=value` nor JSON{(results.BadLines.Length > 1 ? $" (and {results.BadLines.Length - 1} more)" : "")}"];

    private static string SignalName(int signal) => signal switch
    {
        1 => "hung up",
        2 => "interrupted",
        6 => "aborted",
        8 => "arithmetic error",
        11 => "segmentation fault",
        15 => "terminated",
        _ => $"signal {signal}",
    };
}
