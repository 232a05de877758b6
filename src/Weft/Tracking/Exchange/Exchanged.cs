using System.Collections.Immutable;

namespace Weft.Tracking.Exchange;

/// <summary>An experiment on its way from one store to another.</summary>
/// <param name="Key">Its id where it comes from: a number, except in folders that somebody named.</param>
internal sealed record ExperimentEntry(string Key, Experiment Experiment);

/// <summary>A run on its way, without its points; <see cref="RunInfo.Experiment"/> means nothing here.</summary>
internal record RunEntry(Run Run)
{
    public RunId Id => Run.Info.Id;

    /// <summary>When it was deleted, Unix milliseconds; null when it was not, or nobody wrote it down.</summary>
    public long? Deleted { get; init; }
}

/// <summary>A registered model with all its versions, by number.</summary>
internal sealed record ModelEntry(RegisteredModel Model, ImmutableArray<ModelVersion> Versions);

/// <summary>A trace on its way, with the spans that its store keeps.</summary>
/// <param name="Runs">The runs that it was linked to.</param>
internal sealed record TraceEntry(Trace Trace, ImmutableArray<TraceSpan> Spans, ImmutableArray<string> Runs);

/// <summary>Some points of a run. A run with more than fit into memory comes in several parts, one after the other.</summary>
internal sealed record RunPart(RunEntry Entry, ReadOnlyMemory<MetricPoint> Points, bool IsFirst, bool IsLast);

/// <summary>A store that experiments, runs and models are read from.</summary>
internal abstract class RunSource : IDisposable
{
    /// <summary>How many points are read at a time.</summary>
    public const int PageLength = 50_000;

    private readonly List<string> _skipped = [];

    /// <summary>What could not be read and was left out, in words.</summary>
    public IReadOnlyList<string> Skipped => _skipped;

    /// <summary>All experiments, deleted ones too.</summary>
    public abstract IReadOnlyList<ExperimentEntry> Experiments();

    /// <summary>How many runs an experiment has; null when only reading them would tell.</summary>
    public abstract long? CountRuns(ExperimentEntry experiment);

    /// <summary>The runs of an experiment, always in the same order.</summary>
    /// <param name="skips">Runs that need not be read.</param>
    public abstract IEnumerable<RunEntry> Runs(ExperimentEntry experiment, Predicate<RunId> skips);

    /// <summary>All points of a run, page by page; those of one metric stand together.</summary>
    public abstract IEnumerable<ReadOnlyMemory<MetricPoint>> Points(RunEntry run);

    public abstract IEnumerable<ModelEntry> Models();

    /// <summary>The logged models of an experiment, which MLflow knows from version 3; deleted ones are left out.</summary>
    public virtual IEnumerable<LoggedModel> LoggedModels(ExperimentEntry experiment) => [];

    public virtual IEnumerable<TraceEntry> Traces(ExperimentEntry experiment) => [];

    /// <summary>Copies a run's files into a folder; false when they are where this program cannot read them.</summary>
    public virtual bool TryCopyArtifacts(RunEntry run, string folder)
    {
        if (ArtifactFolder(run.Run.Info.ArtifactUri) is not { } from)
            return false;
        FileCopy.Tree(from, folder);
        return true;
    }

    public virtual void Dispose()
    {
    }

    /// <summary>The folder of this machine that an artifact location names; null when it is elsewhere.</summary>
    protected virtual string? ArtifactFolder(string location) => FileCopy.FolderOf(location);

    protected void Skip(string what) => _skipped.Add(what);
}

/// <summary>A store that experiments, runs and models are written to. What is there already stays as it is, so a copy that broke off is simply begun again.</summary>
internal abstract class RunTarget : IAsyncDisposable
{
    /// <summary>The runs that are here wholly.</summary>
    public abstract IReadOnlySet<RunId> Existing { get; }

    /// <summary>The experiment's key here; it is made when there is none of its name.</summary>
    public abstract Task<string> AddExperimentAsync(ExperimentEntry experiment);

    /// <summary>Adds parts of runs; a run counts as being here with its last part.</summary>
    public abstract Task AddRunsAsync(string experiment, IReadOnlyList<RunPart> parts);

    public abstract Task AddModelAsync(ModelEntry model);

    /// <summary>False when there is no place for it here.</summary>
    public abstract Task<bool> AddLoggedModelAsync(string experiment, LoggedModel model);

    public abstract Task AddTraceAsync(string experiment, TraceEntry trace);

    /// <summary>Where the files of a run would go here: a folder of this machine, and the location to write into the run. Null: nowhere.</summary>
    public abstract (string Folder, string Location)? ArtifactPlace(string experiment, RunId run);

    /// <summary>What can only be done when all is here.</summary>
    public virtual Task FinishAsync() => Task.CompletedTask;

    public virtual ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
