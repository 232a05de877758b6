using Weft.Execution;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Cli.Terminal;

/// <summary>The last lines of an execution: counts, failures by cause, what to type next.</summary>
internal static class Closing
{
    /// <summary>The exit code that says how it ended.</summary>
    public static int CodeOf(ExecutionEnd end) => end.State switch
    {
        Phase.Succeeded or Phase.Running => ExitCodes.Succeeded,
        Phase.Cancelled => ExitCodes.Cancelled,
        _ when end.StoppedBy is not null => ExitCodes.Cancelled,
        _ => ExitCodes.Failed,
    };

    /// <returns>The exit code.</returns>
    public static int Print(ExecutionEnd end, Session session)
    {
        if (session.Json)
            PrintJson(end, session);
        else
            PrintText(end, session);
        return CodeOf(end);
    }

    private static void PrintText(ExecutionEnd end, Session session)
    {
        ExecutionProgress counts = end.Progress;
        if (end.State == Phase.Running)
        {
            session.Say($"{end.Name} goes on without this terminal: `weft attach {end.Name}` or `weft resume {end.Name}`");
            return;
        }
        if (end.Failures.Length > 0)
        {
            var table = new Table("FAILED", "REASON", "LAST LINE", "POINTS");
            foreach (FailureGroup group in end.Failures)
                table.Add(group.Count.ToString(System.Globalization.CultureInfo.InvariantCulture), group.Reason, group.LastLine == group.Reason ? "" : group.LastLine, Points(group));
            session.Out.Flush();
            table.Print(session.Error, session.Surroundings.ErrorIsTerminal ? session.Surroundings.Width : null, session.ColorsError);
        }
        string parts = $"{Amounts.Count(counts.Done, "done", "done")}{(counts.Runs == counts.Total ? "" : Amounts.OfRuns(counts.RunsDone, counts.Done))}"
            + (counts.Reused > 0 ? $" ({counts.Reused:N0} reused)" : "")
            + (counts.Failed > 0 ? $", {counts.Failed:N0} failed" : "")
            + (NotRun(counts) > 0 ? $", {NotRun(counts):N0} not run" : "");
        string stopped = end.StoppedBy is { } by ? $", stopped by {by}" : "";
        session.Say($"{end.Name} {Word(end.State)}: {parts} in {Amounts.Duration(counts.Elapsed)}{stopped}");
        if (end.Failures.Length > 0)
            session.Say($"hint: `weft logs {end.Name} --failed` shows their output, `weft resume {end.Name}` tries them again");
    }

    /// <summary>Skipped, blocked, cancelled, or never started because too many others failed.</summary>
    private static long NotRun(ExecutionProgress counts) => Math.Max(counts.Other, counts.Total - counts.Done - counts.Failed);

    private static string Points(FailureGroup group)
    {
        string points = string.Join(", ", group.Examples.Select(path => path.Index is { } index ? $"/{index}" : "/" + path.Text));
        return group.Count > group.Examples.Length ? points + ", …" : points;
    }

    private static string Word(Phase state) => state switch
    {
        Phase.Succeeded => "succeeded",
        Phase.Failed => "failed",
        Phase.Cancelled => "was cancelled",
        _ => state.ToString().ToLowerInvariant(),
    };

    private static void PrintJson(ExecutionEnd end, Session session) => session.WriteJson(json =>
    {
        json.WriteStartObject();
        json.WriteString("execution", end.Name);
        json.WriteString("id", end.Id.Value);
        json.WriteString("state", end.State.ToString());
        json.WriteNumber("total", end.Progress.Total);
        json.WriteNumber("done", end.Progress.Done);
        json.WriteNumber("reused", end.Progress.Reused);
        json.WriteNumber("failed", end.Progress.Failed);
        Amounts.Write(json, "runs", end.Progress.Runs);
        Amounts.Write(json, "runsDone", end.Progress.RunsDone);
        json.WriteNumber("notRun", NotRun(end.Progress));
        json.WriteNumber("seconds", Math.Round(end.Progress.Elapsed.TotalSeconds, 3));
        json.WriteStartArray("failures");
        foreach (FailureGroup group in end.Failures)
        {
            json.WriteStartObject();
            json.WriteNumber("count", group.Count);
            json.WriteString("reason", group.Reason);
            json.WriteString("lastLine", group.LastLine);
            json.WriteStartArray("points");
            foreach (NodePath path in group.Examples)
                json.WriteStringValue(path.Text);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    });
}
