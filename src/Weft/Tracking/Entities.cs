using System.Collections.Immutable;

namespace Weft.Tracking;

/// <summary>Identifies a run: 32 lower-case hexadecimal digits when we make it; imported ones keep what they had.</summary>
public readonly record struct RunId(string Value)
{
    public override string ToString() => Value;
}

/// <summary>Whether a record is in use or in the waste-paper basket: nothing is removed for good but by clearing it out.</summary>
public enum LifecycleStage
{
    Active,
    Deleted,
}

/// <summary>Which stages a list shows.</summary>
public enum ViewType
{
    ActiveOnly = 1,
    DeletedOnly = 2,
    All = 3,
}

/// <summary>MLflow's states of a run, with its numbers.</summary>
public enum RunStatus
{
    Running = 1,
    Scheduled = 2,
    Finished = 3,
    Failed = 4,
    Killed = 5,
}

/// <summary>A key=value mark; MLflow calls it a tag.</summary>
public readonly record struct Label(string Key, string Value);

/// <summary>A parameter of a run: written once.</summary>
public readonly record struct Param(string Key, string Value);

/// <param name="Location">Where the artifacts of its runs lie: a URI or an absolute path; fixed at creation.</param>
/// <param name="Created">Unix milliseconds.</param>
/// <param name="Updated">Unix milliseconds of the last rename, deletion or restoration.</param>
public sealed record Experiment(long Id, string Name, string Location, LifecycleStage Stage, long Created, long Updated, ImmutableArray<Label> Labels);

/// <param name="Started">Unix milliseconds; 0 when the client gave none.</param>
/// <param name="Ended">Unix milliseconds, or null while it has not ended.</param>
public sealed record RunInfo(
    RunId Id, long Experiment, string Name, string User, RunStatus Status, long Started, long? Ended, string ArtifactUri, LifecycleStage Stage)
{
    /// <summary>The store's own number of the run.</summary>
    internal long Row { get; init; }
}

/// <summary>One value of a metric. NaN is a value; infinities are stored as the largest finite numbers, as MLflow's servers do.</summary>
/// <param name="Timestamp">Unix milliseconds, not negative.</param>
/// <param name="Step">Any integer.</param>
public readonly record struct MetricPoint(string Key, double Value, long Timestamp, long Step)
{
    /// <summary>The model or dataset that the value is about, if the client said so.</summary>
    public MetricSubject? Subject { get; init; }
}

/// <summary>What a metric value is about: a logged model, a dataset it was measured on.</summary>
public sealed record MetricSubject(string? ModelId, string? DatasetName, string? DatasetDigest);

/// <summary>All that is known of one metric of a run without reading its points.</summary>
/// <param name="Last">The point with the greatest (step, timestamp, value).</param>
/// <param name="Min">The smallest value that is a number; NaN when there is none.</param>
public readonly record struct MetricSummary(MetricPoint Last, double Min, double Max);

public sealed record Dataset(string Name, string Digest, string SourceType, string Source, string? Schema, string? Profile);

public sealed record DatasetInput(Dataset Dataset, ImmutableArray<Label> Labels);

public readonly record struct ModelOutput(string ModelId, long Step);

/// <summary>A run with everything but the points of its metrics.</summary>
public sealed record Run(RunInfo Info)
{
    public ImmutableArray<MetricSummary> Metrics { get; init; } = [];

    public ImmutableArray<Param> Params { get; init; } = [];

    public ImmutableArray<Label> Labels { get; init; } = [];

    public ImmutableArray<DatasetInput> Datasets { get; init; } = [];

    public ImmutableArray<string> ModelInputs { get; init; } = [];

    public ImmutableArray<ModelOutput> ModelOutputs { get; init; } = [];
}

/// <summary>One page of a list, and the token of the next one if there is more.</summary>
public sealed record Page<T>(ImmutableArray<T> Items, string? NextToken);

/// <summary>Words that stand in the store and on the wire for the enumerations above.</summary>
internal static class Words
{
    public static string Of(LifecycleStage stage) => stage == LifecycleStage.Active ? "active" : "deleted";

    public static LifecycleStage Stage(string word) => word == "deleted" ? LifecycleStage.Deleted : LifecycleStage.Active;

    public static string Of(RunStatus status) => status switch
    {
        RunStatus.Running => "RUNNING",
        RunStatus.Scheduled => "SCHEDULED",
        RunStatus.Finished => "FINISHED",
        RunStatus.Failed => "FAILED",
        _ => "KILLED",
    };

    public static RunStatus Status(string word) => word switch
    {
        "RUNNING" => RunStatus.Running,
        "SCHEDULED" => RunStatus.Scheduled,
        "FINISHED" => RunStatus.Finished,
        "FAILED" => RunStatus.Failed,
        _ => RunStatus.Killed,
    };
}
