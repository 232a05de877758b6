using System.Collections.Immutable;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Weft.Config.Nodes;
using Weft.Platform;
using Weft.Tracking;

namespace Weft.Execution;

/// <summary>
/// What became of the jobs of a Hydra application. Hydra runs every job of a sweep, whatever becomes of it, and looks at the results only then, in order: the first
/// job that failed is named on standard error, and the program ends. So the jobs before a named one have finished. Of those behind it nothing is
/// written anywhere: they count as killed. A sweeper that goes on (Optuna's) names each.
/// </summary>
internal static class HydraOutcomes
{
    /// <summary>Begins the line that names a failed job; its overrides follow as Python prints a list.</summary>
    private const string Failure = "Error executing job with overrides: ";

    /// <summary>What of the end of a log is looked at; a traceback stands behind the line.</summary>
    private const int Window = 1 << 20;

    /// <summary>The jobs with their outcomes.</summary>
    /// <param name="since">When the program began. A command that runs again finds its folder again, with jobs that it may not come to.</param>
    /// <param name="command">How it ended.</param>
    /// <param name="failures">The overrides of the jobs that it named, see <see cref="ReadFailures"/>.</param>
    public static ImmutableArray<HydraJob> Decide(ImmutableArray<HydraJob> jobs, DateTimeOffset since, RunStatus command, IReadOnlyCollection<string> failures)
    {
        int last = jobs.Length - 1;
        while (last >= 0 && !HasFailed(jobs[last], failures))
            last--;
        return [.. jobs.Select((job, i) => job with { Status = job.Started < since ? null : StatusOf(job, i) })];

        RunStatus StatusOf(HydraJob job, int i)
        {
            // Where none is named, all that is known is how the program ended.
            if (command == RunStatus.Finished || last < 0)
                return HasFailed(job, failures) ? RunStatus.Failed : command;
            return HasFailed(job, failures) ? RunStatus.Failed : i < last ? RunStatus.Finished : RunStatus.Killed;
        }
    }

    /// <summary>The overrides of the jobs that a program's log names as failed, as Python prints them; none when the log cannot be read.</summary>
    public static IReadOnlyCollection<string> ReadFailures(string log)
    {
        using SafeFileHandle? file = RawFile.TryOpenRead(log);
        if (file is null)
            return [];
        long length = RandomAccess.GetLength(file);
        byte[] bytes = new byte[Math.Min(Window, length)];
        int read = RandomAccess.Read(file, bytes, length - bytes.Length);
        var failures = new HashSet<string>(StringComparer.Ordinal);
        foreach (ReadOnlySpan<char> line in Encoding.UTF8.GetString(bytes, 0, read).AsSpan().EnumerateLines())
        {
            if (line.StartsWith(Failure))
                failures.Add(line[Failure.Length..].TrimEnd().ToString());
        }
        return failures;
    }

    private static bool HasFailed(HydraJob job, IReadOnlyCollection<string> failures) =>
        failures.Count > 0 && failures.Contains($"[{string.Join(", ", job.Overrides.Select(PythonText.Quoted))}]");
}
