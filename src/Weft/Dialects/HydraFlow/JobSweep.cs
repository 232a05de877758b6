using System.Collections.Immutable;
using Weft.Sweeps;
using Weft.Text;
using Weft.Values;

namespace Weft.Dialects.HydraFlow;

/// <summary>
/// A job with its sweeps read: the space of its commands, and the words around those of a point. Reading happens before the first command
/// starts, so one wrong set means that nothing runs.
/// </summary>
public sealed record JobSweep(HydraFlowJob Job, JobKind Kind, Space Space)
{
    /// <summary>Program or function, its fixed arguments and the words of the command line.</summary>
    public required ImmutableArray<string> Command { get; init; }

    /// <summary>Of a job that calls a Python function: its path, where it stands.</summary>
    public Excerpt? Function { get; init; }

    /// <summary>The words at the end of every command; of no use when <see cref="AddParameter"/> names those of each point.</summary>
    public required ImmutableArray<string> Add { get; init; }

    /// <summary>The parameter that holds the last words of a point, when its sets differ in them.</summary>
    public string? AddParameter { get; init; }

    /// <summary>Inner sweeps have become points of their own: the program is no Hydra application and gets none of Hydra's words.</summary>
    public bool IsExpanded { get; init; }

    /// <summary>What was replaced by words of the command line, one sentence each.</summary>
    public ImmutableArray<string> Notes { get; init; } = [];

    /// <summary>Words that Hydra needs before and after those of a point.</summary>
    public const string Multirun = "--multirun";

    public const string SweepFolder = "hydra.sweep.dir=multirun/";

    public string JobName { get; } = $"hydra.job.name={Job.Name}";

    /// <summary>The argument list of a point, without the command. The ULID names the folder of its results.</summary>
    public string[] Arguments(Point point, string ulid)
    {
        ImmutableArray<string> last = AddParameter is null ? Add : [.. ((Value.List)point.Values[AddParameter]).Items.Select(word => ((Value.Text)word).Content)];
        string[] own = new string[point.Words.Length];
        for (int i = 0; i < own.Length; i++)
            own[i] = point.Words[i].Text;
        return IsExpanded ? [.. own, .. last] : [Multirun, .. own, JobName, SweepFolder + ulid, .. last];
    }
}
