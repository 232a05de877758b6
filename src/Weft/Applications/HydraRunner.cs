using System.Globalization;
using System.Numerics;
using Weft.Config.Nodes;
using Weft.Text;

namespace Weft.Applications;

/// <summary>
/// Does what a <see cref="HydraAction"/> says: prints, writes the files of jobs, runs them one after another. Exit codes: 0, 1 when something
/// failed or did not compose, 2 for flags that do not fit. What belongs to the process (its folder, its environment) the task sets itself.
/// </summary>
/// <param name="workingFolder">The folder in which the application was started; absolute.</param>
/// <param name="output">Results and the lines that announce jobs.</param>
/// <param name="error">What is wrong.</param>
public sealed class HydraRunner(string workingFolder, TextWriter output, TextWriter error, TimeProvider time)
{
    /// <param name="task">The application. What it throws fails the job.</param>
    public int Run(HydraAction action, Action<HydraJob> task)
    {
        switch (action)
        {
            case HydraAction.Print print:
                output.Write(print.Output);
                return 0;
            case HydraAction.Refuse refuse:
                error.Write(DiagnosticPrinter.Print(refuse.Diagnostics));
                return refuse.ExitCode;
            case HydraAction.Run single:
                return RunJob(single.Job, task) is { } failure ? Report(failure) : 0;
            default:
                var sweep = (HydraAction.MultiRun)action;
                error.Write(DiagnosticPrinter.Print(sweep.Warnings));
                return RunSweep(sweep.Sweep, task);
        }
    }

    /// <summary>
    /// Batch by batch. All jobs of a batch are composed before its first runs, and all run whatever fails; the next batch needs the success of all.
    /// </summary>
    private int RunSweep(HydraSweep sweep, Action<HydraJob> task)
    {
        WriteFile(Path.Combine(sweep.Folder, "multirun.yaml"), sweep.Record);
        bool isTold = HydraLogging.IsTold(sweep.Frame, "hydra_logging");
        foreach ((BigInteger first, BigInteger size) in sweep.Batches)
        {
            if (!Composes(sweep, first, size))
                return 1;
            if (isTold)
                Tell($"Launching {size} jobs locally");
            JobFailure? failure = null;
            for (BigInteger number = first; number < first + size; number++)
            {
                if (isTold)
                    Tell($"\t#{number} : {string.Join(' ', sweep.Points.Job(number).Where(word => !word.StartsWith("hydra.", StringComparison.Ordinal) && !word.StartsWith("hydra/", StringComparison.Ordinal)))}");
                JobFailure? failed = RunJob(sweep.Job(number, [])!, task);
                failure ??= failed;
            }
            if (failure is not null)
                return Report(failure);
        }
        return 0;
    }

    private bool Composes(HydraSweep sweep, BigInteger first, BigInteger size)
    {
        for (BigInteger number = first; number < first + size; number++)
        {
            var diagnostics = new Diagnostics();
            if (sweep.Job(number, diagnostics) is not null)
                continue;
            error.Write($"job {number} of the sweep ({string.Join(' ', sweep.Points.Job(number))}) does not compose\n");
            error.Write(DiagnosticPrinter.Print(diagnostics));
            return false;
        }
        return true;
    }

    private JobFailure? RunJob(HydraJob job, Action<HydraJob> task)
    {
        string folder = Path.GetFullPath(job.Folder, workingFolder);
        Directory.CreateDirectory(folder);
        foreach ((string path, string text) in job.Files)
            WriteFile(Path.Combine(folder, path), text);
        foreach (string log in job.LogFiles)
            File.AppendAllText(Path.GetFullPath(log, job.ChangesFolder ? folder : workingFolder), "");
        try
        {
            task(job);
            return null;
        }
        catch (Exception e)
        {
            // The body of a job is the application's: whatever it throws is its failure, and the other jobs of the batch go on.
            return new JobFailure(job, e);
        }
    }

    private int Report(JobFailure failure)
    {
        string overrides = string.Join(", ", failure.Job.Overrides.Select(PythonText.Quoted));
        error.Write($"error executing the job with overrides: [{overrides}]\n{failure.Exception}\n");
        return 1;
    }

    private void Tell(string message) =>
        output.Write($"[{time.GetLocalNow().ToString("yyyy-MM-dd HH:mm:ss,fff", CultureInfo.InvariantCulture)}][HYDRA] {message}\n");

    private void WriteFile(string path, string text)
    {
        string full = Path.GetFullPath(path, workingFolder);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }

    private sealed record JobFailure(HydraJob Job, Exception Exception);
}
