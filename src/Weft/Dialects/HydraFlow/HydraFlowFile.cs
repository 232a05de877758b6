using System.Collections.Immutable;
using Weft.Text;

namespace Weft.Dialects.HydraFlow;

/// <summary>The jobs of one <c>hydraflow.yaml</c>, checked, in the order of the file. Their sweeps are read when a job is used.</summary>
public sealed record HydraFlowFile(Source Source, ImmutableArray<HydraFlowJob> Jobs);

/// <summary>Which releases of HydraFlow a job is written for; the same text of a range means something else in the two.</summary>
public enum Generation
{
    /// <summary>Since 0.15.1: <c>sets</c> with <c>each</c>, <c>all</c> and <c>add</c>; ranges are <c>start:stop:step</c>.</summary>
    Sets,

    /// <summary>
    /// 0.10 to 0.15.0: <c>steps</c> with <c>batch</c>, <c>args</c> and <c>with</c> (earlier <c>configs</c>, <c>options</c>); ranges are
    /// <c>start:step:stop</c>.
    /// </summary>
    Steps,
}

/// <summary>What a job does with its combinations. Of several the first in this order counts.</summary>
public enum JobKind
{
    /// <summary>One program is started once with a file of all of them.</summary>
    Submit,

    /// <summary>A program is started for each.</summary>
    Run,

    /// <summary>A Python function is called for each.</summary>
    Call,
}

/// <summary>A job as written.</summary>
/// <param name="Key">Its name in the file, by which it is found.</param>
/// <param name="At">Where the key stands.</param>
public sealed record HydraFlowJob(string Key, Generation Generation, Span At)
{
    /// <summary>The name that Hydra and MLflow get; the key when none is given.</summary>
    public string Name { get; init; } = Key;

    public Excerpt? Submit { get; init; }

    public Excerpt? Run { get; init; }

    public Excerpt? Call { get; init; }

    /// <summary>Words at the end of every command.</summary>
    public Excerpt? Add { get; init; }

    public ImmutableArray<HydraFlowSet> Sets { get; init; } = [];

    /// <summary>Interpolations of this job that lead nowhere.</summary>
    public ImmutableArray<Diagnostic> Unresolved { get; init; } = [];

    /// <summary>Null when the job has no command.</summary>
    public JobKind? Kind => Submit is not null ? JobKind.Submit : Run is not null ? JobKind.Run : Call is not null ? JobKind.Call : null;

    /// <summary>Program or function with its fixed arguments.</summary>
    public Excerpt? Command => Submit ?? Run ?? Call;
}

/// <summary>One parameter set. In files with <c>steps</c> an item without <c>batch</c> belongs to the set of the <c>batch</c> before it.</summary>
/// <param name="Each">The outer sweep: one command for each combination.</param>
/// <param name="All">The inner sweep: the same words for every command.</param>
/// <param name="Add">Merged over the job's in files with <c>sets</c>; instead of the job's in files with <c>steps</c>.</param>
public sealed record HydraFlowSet(Excerpt? Each, ImmutableArray<Excerpt> All, Excerpt? Add, Span At);
