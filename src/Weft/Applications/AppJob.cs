using System.Collections.Immutable;
using System.Globalization;
using Weft.Config.Composition;
using Weft.Config.Nodes;

namespace Weft.Applications;

/// <summary>The job that an application is running: what it was composed of, where its files go, its log.</summary>
public sealed class AppJob
{
    private readonly HydraJob _job;
    private readonly string? _resultsFile;

    internal AppJob(HydraJob job, string folder, JobLog log, string? resultsFile)
    {
        _job = job;
        _resultsFile = resultsFile;
        Folder = folder;
        Log = log;
    }

    /// <summary>The configuration without the <c>hydra</c> node.</summary>
    public DictConfig Config => _job.Composition.Job;

    /// <summary>The whole composition, with the places where values were written.</summary>
    public Composition Composition => _job.Composition;

    /// <summary>The job's own folder, absolute; it is there.</summary>
    public string Folder { get; }

    /// <summary>The number of the job in its sweep; null for a single run. A filter leaves gaps.</summary>
    public long? Number => _job.Number;

    /// <summary>The overrides that are the job's own, as typed.</summary>
    public ImmutableArray<string> Overrides => _job.Overrides;

    /// <summary>The log that <c>hydra.job_logging</c> sets up: by default standard output and a file in the folder.</summary>
    public JobLog Log { get; }

    /// <summary>What the job gives back; callbacks see it.</summary>
    public object? Result { get; set; }

    /// <summary>The path of a file in the job's folder.</summary>
    public string Path(string name) => System.IO.Path.Combine(Folder, name);

    /// <summary>
    /// Reports a number. Under <c>weft run</c> it becomes a result of the task and a metric of its run, by which points are compared; elsewhere
    /// nothing happens.
    /// </summary>
    public void Report(string name, double value)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (_resultsFile is not null)
            File.AppendAllText(_resultsFile, $"{name}={value.ToString("R", CultureInfo.InvariantCulture)}\n");
    }
}
