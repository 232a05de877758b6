using System.Globalization;
using Weft.Config.Composition;
using Weft.Config.Nodes;
using Weft.Text;

namespace Weft.Applications;

/// <summary>
/// Does what a <see cref="HydraAction"/> says: prints, writes the files of jobs, runs them one after another. Exit codes: 0; 1 when something
/// failed or did not compose; 2 for flags that do not fit; 130 when it was cancelled. What belongs to the process (its folder, its
/// environment) the task sets itself.
/// </summary>
/// <param name="workingFolder">The folder in which the application was started; absolute.</param>
/// <param name="output">Results and the lines that announce jobs.</param>
/// <param name="error">What is wrong.</param>
internal sealed class HydraRunner(string workingFolder, TextWriter output, TextWriter error, TimeProvider time)
{
    /// <summary>The variable that asks for stack traces, as under Hydra.</summary>
    public const string FullErrorVariable = "HYDRA_FULL_ERROR";

    private const int Cancelled = 130;

    private IReadOnlyList<IHydraCallback> _callbacks = [];

    public CallbackRegistry Callbacks { get; init; } = new();

    /// <summary>A failure is shown with its stack trace.</summary>
    public bool ShowsFullErrors { get; init; }

    /// <param name="task">The application; it gives back what callbacks are told as the value of the job. What it throws fails the job.</param>
    public async Task<int> RunAsync(HydraAction action, Func<HydraJob, CancellationToken, Task<object?>> task, CancellationToken cancel)
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
                return await RunSingleAsync(single, task, cancel);
            default:
                return await RunSweepAsync((HydraAction.MultiRun)action, task, cancel);
        }
    }

    private async Task<int> RunSingleAsync(HydraAction.Run single, Func<HydraJob, CancellationToken, Task<object?>> task, CancellationToken cancel)
    {
        error.Write(DiagnosticPrinter.Print(single.Warnings));
        Composition composition = single.Job.Composition;
        if (!Open(composition))
            return 1;
        string? name = ConfigName(composition);
        Call(_callbacks, callback => callback.OnComposeConfig(composition, name, composition.Overrides));
        Call(_callbacks, callback => callback.OnRunStart(composition, name));
        JobReturn ended = await RunJobAsync(single.Job, task, cancel);
        Call(_callbacks.Reverse(), callback => callback.OnRunEnd(composition, name, ended));
        return ExitCode(ended, cancel);
    }

    /// <summary>
    /// Batch by batch. All jobs of a batch are composed before its first runs, and all run whatever fails; the next batch needs the success of all.
    /// </summary>
    private async Task<int> RunSweepAsync(HydraAction.MultiRun action, Func<HydraJob, CancellationToken, Task<object?>> task, CancellationToken cancel)
    {
        HydraSweep sweep = action.Sweep;
        error.Write(DiagnosticPrinter.Print(action.Warnings));
        if (!Open(sweep.Frame))
            return 1;
        string? name = ConfigName(sweep.Frame);
        Call(_callbacks, callback => callback.OnComposeConfig(sweep.Frame, name, sweep.Frame.Overrides));
        Call(_callbacks, callback => callback.OnMultirunStart(sweep.Frame, name));
        WriteFile(Path.Combine(sweep.Folder, "multirun.yaml"), sweep.Record);
        int code = 0;
        foreach (HydraBatch batch in sweep.Batches())
        {
            code = await RunBatchAsync(batch, task, cancel);
            if (code != 0)
                break;
        }
        Call(_callbacks.Reverse(), callback => callback.OnMultirunEnd(sweep.Frame, name));
        return code;
    }

    private async Task<int> RunBatchAsync(HydraBatch batch, Func<HydraJob, CancellationToken, Task<object?>> task, CancellationToken cancel)
    {
        HydraSweep sweep = batch.Sweep;
        if (!Composes(batch))
            return 1;
        bool isTold = HydraLogging.IsTold(sweep.Frame, "hydra_logging");
        if (isTold)
            Tell($"Launching {batch.Count} jobs locally");
        JobReturn? failure = null;
        foreach (long number in batch.Numbers())
        {
            if (cancel.IsCancellationRequested)
                return Cancelled;
            if (isTold)
                Tell($"\t#{number} : {string.Join(' ', sweep.Words(number).Where(word => !word.StartsWith("hydra.", StringComparison.Ordinal) && !word.StartsWith("hydra/", StringComparison.Ordinal)))}");
            HydraJob job = sweep.Job(number, [])!;
            Call(_callbacks, callback => callback.OnComposeConfig(job.Composition, ConfigName(job.Composition), job.Composition.Overrides));
            JobReturn ended = await RunJobAsync(job, task, cancel);
            failure ??= ended.HasSucceeded ? null : ended;
        }
        return failure is null ? 0 : ExitCode(failure, cancel);
    }

    private bool Composes(HydraBatch batch)
    {
        foreach (long number in batch.Numbers())
        {
            var diagnostics = new Diagnostics();
            if (batch.Sweep.Job(number, diagnostics) is not null)
                continue;
            error.Write($"job {number} of the sweep ({string.Join(' ', batch.Sweep.Words(number))}) does not compose\n");
            error.Write(DiagnosticPrinter.Print(diagnostics));
            return false;
        }
        return true;
    }

    private async Task<JobReturn> RunJobAsync(HydraJob job, Func<HydraJob, CancellationToken, Task<object?>> task, CancellationToken cancel)
    {
        string folder = Path.GetFullPath(job.Folder, workingFolder);
        Directory.CreateDirectory(folder);
        foreach ((string path, string text) in job.Files)
            WriteFile(Path.Combine(folder, path), text);
        foreach (string log in job.LogFiles)
            File.AppendAllText(Path.GetFullPath(log, job.ChangesFolder ? folder : workingFolder), "");
        Call(_callbacks, callback => callback.OnJobStart(job));
        JobReturn ended;
        try
        {
            ended = new JobReturn(job, await task(job, cancel), null);
        }
        catch (Exception e)
        {
            // The body of a job is the application's: whatever it throws is its failure, and the other jobs of the batch go on.
            ended = new JobReturn(job, null, e);
        }
        Call(_callbacks.Reverse(), callback => callback.OnJobEnd(ended));
        return ended;
    }

    private int ExitCode(JobReturn ended, CancellationToken cancel)
    {
        if (ended.Failure is not { } failure)
            return 0;
        if (failure is OperationCanceledException && cancel.IsCancellationRequested)
            return Cancelled;
        error.Write($"error executing the job with overrides: [{string.Join(", ", ended.Job.Overrides.Select(PythonText.Quoted))}]\n");
        if (failure is DiagnosticException user)
            error.Write(DiagnosticPrinter.Print(user.Diagnostics));
        else if (ShowsFullErrors)
            error.Write($"{failure}\n");
        else
            error.Write($"{failure.GetType()}: {failure.Message}\nhint: set the environment variable {FullErrorVariable}=1 for the stack trace\n");
        return 1;
    }

    private bool Open(Composition composition)
    {
        var diagnostics = new Diagnostics();
        _callbacks = Callbacks.Of(composition, output, diagnostics);
        error.Write(DiagnosticPrinter.Print(diagnostics));
        return !diagnostics.HasErrors;
    }

    private void Call(IEnumerable<IHydraCallback> callbacks, Action<IHydraCallback> tell)
    {
        foreach (IHydraCallback callback in callbacks)
        {
            try
            {
                tell(callback);
            }
            catch (Exception e)
            {
                // A callback watches; it must not end what it watches.
                error.Write(DiagnosticPrinter.Print(new Diagnostic("callback/failed", $"the callback `{callback.GetType().Name}` failed: {e.Message}") { Severity = Severity.Warning }));
            }
        }
    }

    private static string? ConfigName(Composition composition) =>
        composition.JobResolution.Select(composition.Config, "hydra.job.config_name").Node is { IsSpecial: false } name ? name.Content.ToString() : null;

    private void Tell(string message) =>
        output.Write($"[{time.GetLocalNow().ToString("yyyy-MM-dd HH:mm:ss,fff", CultureInfo.InvariantCulture)}][HYDRA] {message}\n");

    private void WriteFile(string path, string text)
    {
        string full = Path.GetFullPath(path, workingFolder);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }
}
