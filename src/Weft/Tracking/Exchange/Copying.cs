namespace Weft.Tracking.Exchange;

/// <summary>What a copy does.</summary>
/// <param name="CopiesArtifacts">Whether the files of runs are copied, too; without, runs go on naming where they are.</param>
/// <param name="Names">Only these experiments; empty: all, and the registered models.</param>
internal sealed record CopyOptions(bool CopiesArtifacts = false, IReadOnlyCollection<string>? Names = null)
{
    /// <summary>How many runs, and how many points, are written at a time: what memory must hold, and what is done again after a crash.</summary>
    public int RunsPerTurn { get; init; } = 250;

    public int PointsPerTurn { get; init; } = 100_000;
}

/// <summary>How far a copy has come.</summary>
/// <param name="Known">How many runs there are in all; null when the source cannot say.</param>
/// <param name="Present">How many were there before.</param>
internal readonly record struct CopyProgress(long Experiments, long Runs, long Present, long? Known, long Points, long Models, long WithoutFiles)
{
    public long LoggedModels { get; init; }

    public long Traces { get; init; }
}

/// <summary>
/// Copies experiments, runs and models from one store to another. Runs are written in turns of several, so that many small ones share a commit;
/// a run is there wholly or not at all, so that a copy that was killed goes on when it is started again.
/// </summary>
internal static class Copying
{
    /// <param name="report">Called after each turn.</param>
    public static async Task<CopyProgress> RunAsync(RunSource source, RunTarget target, CopyOptions options, Action<CopyProgress> report, CancellationToken cancel)
    {
        ExperimentEntry[] experiments = [.. source.Experiments().Where(entry => options.Names is not { Count: > 0 } names || names.Contains(entry.Experiment.Name))];
        long? known = 0;
        foreach (ExperimentEntry experiment in experiments)
            known += source.CountRuns(experiment);
        var copy = new Copy(source, target, options, report) { Progress = new CopyProgress { Known = known } };
        foreach (ExperimentEntry experiment in experiments)
            await copy.ExperimentAsync(experiment, cancel);
        if (options.Names is not { Count: > 0 })
        {
            foreach (ModelEntry model in source.Models())
            {
                cancel.ThrowIfCancellationRequested();
                await target.AddModelAsync(model);
                copy.Progress = copy.Progress with { Models = copy.Progress.Models + 1 };
            }
        }
        await target.FinishAsync();
        report(copy.Progress);
        return copy.Progress;
    }

    private sealed class Copy(RunSource source, RunTarget target, CopyOptions options, Action<CopyProgress> report)
    {
        private readonly List<RunPart> _turn = [];
        private int _points;
        private long _present;

        public CopyProgress Progress { get; set; }

        public async Task ExperimentAsync(ExperimentEntry experiment, CancellationToken cancel)
        {
            string key = await target.AddExperimentAsync(experiment);
            _present = 0;
            foreach (RunEntry run in source.Runs(experiment, Skips))
            {
                cancel.ThrowIfCancellationRequested();
                await RunAsync(key, options.CopiesArtifacts ? WithFiles(key, run) : run);
            }
            await TurnAsync(key);
            foreach (LoggedModel model in source.LoggedModels(experiment))
            {
                cancel.ThrowIfCancellationRequested();
                if (await target.AddLoggedModelAsync(key, model))
                    Progress = Progress with { LoggedModels = Progress.LoggedModels + 1 };
            }
            foreach (TraceEntry trace in source.Traces(experiment))
            {
                cancel.ThrowIfCancellationRequested();
                await target.AddTraceAsync(key, trace);
                Progress = Progress with { Traces = Progress.Traces + 1 };
            }
            Progress = Progress with { Experiments = Progress.Experiments + 1, Present = Progress.Present + _present };
            report(Progress);
        }

        private bool Skips(RunId id)
        {
            bool isPresent = target.Existing.Contains(id);
            _present += isPresent ? 1 : 0;
            return isPresent;
        }

        private async Task RunAsync(string experiment, RunEntry run)
        {
            ReadOnlyMemory<MetricPoint> page = default;
            bool isFirst = true;
            foreach (ReadOnlyMemory<MetricPoint> next in source.Points(run))
            {
                if (!page.IsEmpty)
                {
                    await AddAsync(experiment, new RunPart(run, page, isFirst, IsLast: false));
                    isFirst = false;
                }
                page = next;
            }
            await AddAsync(experiment, new RunPart(run, page, isFirst, IsLast: true));
        }

        private async Task AddAsync(string experiment, RunPart part)
        {
            _turn.Add(part);
            _points += part.Points.Length;
            if (_turn.Count >= options.RunsPerTurn || _points >= options.PointsPerTurn)
                await TurnAsync(experiment);
        }

        private async Task TurnAsync(string experiment)
        {
            if (_turn.Count == 0)
                return;
            await target.AddRunsAsync(experiment, _turn);
            Progress = Progress with { Runs = Progress.Runs + _turn.Count(part => part.IsLast), Points = Progress.Points + _points };
            _turn.Clear();
            _points = 0;
            report(Progress with { Present = Progress.Present + _present });
        }

        private RunEntry WithFiles(string experiment, RunEntry run)
        {
            if (target.ArtifactPlace(experiment, run.Id) is not { } place || !source.TryCopyArtifacts(run, place.Folder))
            {
                Progress = Progress with { WithoutFiles = Progress.WithoutFiles + 1 };
                return run;
            }
            return run with { Run = run.Run with { Info = run.Run.Info with { ArtifactUri = place.Location } } };
        }
    }
}
