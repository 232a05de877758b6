using Weft.Platform;
using Weft.Storage;
using Weft.Tasks;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>How an execution is run. What it runs is its plan's matter.</summary>
public sealed record RunOptions
{
    /// <summary>Attempts at one time, from 1. Default 1: one after the other.</summary>
    public int Parallel { get; init; } = 1;

    /// <summary>Starts tasks without asking the machine's ledger for what they declare. Default false.</summary>
    public bool IgnoreResources { get; init; }

    /// <summary>The folder that tasks start in.</summary>
    public required string ProjectFolder { get; init; }

    /// <summary>The variables that every task inherits, read once by the caller.</summary>
    public required EnvironmentBlock Environment { get; init; }

    /// <summary>
    /// The words that start a task host on this machine (<c>weft exec</c>); project folder, run folder, path and number follow. Without them, tasks with secrets fail.
    /// </summary>
    public IReadOnlyList<string> HostProgram { get; init; } = [];

    /// <summary>Has task hosts run all tasks, not only those with secrets. Default false.</summary>
    public bool HostsAll { get; init; }

    /// <summary>Gives the terminal to tasks as standard input; meant for one attempt at a time. Default false: <c>/dev/null</c>.</summary>
    public bool TerminalInput { get; init; }

    /// <summary>Variables that are added to an attempt, such as the address of the tracking endpoint.</summary>
    public Func<Invocation, IEnumerable<KeyValuePair<string, string>>> Variables { get; init; } = _ => [];

    /// <summary>The name of the code state that attempts are recorded with; null when there is none.</summary>
    public string? Snapshot { get; init; }

    /// <summary>Cache, file digests and the like for decisions; execution, time, folders, signals and the stop are filled in by the loop.</summary>
    public Func<Facts, Facts> Facts { get; init; } = facts => facts;

    /// <summary>How results of earlier executions are used. Default: they are taken, and new ones kept.</summary>
    public CacheMode CacheMode { get; init; } = CacheMode.Enabled;

    /// <summary>Where virtual environments are made, for all projects of the user; null for the folder of the project's state.</summary>
    public string? EnvironmentFolder { get; init; }

    /// <summary>Where outputs are kept; null for the folder <c>blobs</c> of the project's state.</summary>
    internal BlobStore? Blobs { get; init; }

    /// <summary>Where results are kept by cache key; null for the folder <c>cache</c> of the project's state.</summary>
    internal CacheObjects? Cache { get; init; }

    /// <summary>The folder in which clones of the project share results; null when they do not.</summary>
    public string? SharedFolder { get; init; }

    /// <summary>Remembers digests of files; null reads every file anew.</summary>
    internal IDigestCache? FileDigests { get; init; }

    /// <summary>Is told what happens, on the loop's thread: be quick, and do not throw.</summary>
    public Action<ExecutionEvent> Publish { get; init; } = _ => { };

    /// <summary>Where artifacts of new experiments go: a path, relative to the project's folder, or a URI. Default <c>mlruns</c>.</summary>
    public string ArtifactRoot { get; init; } = "mlruns";

    /// <summary>
    /// Takes an execution over from another host although tasks may still run there: only after that host is known to be gone. Default false.
    /// </summary>
    public bool TakesOver { get; init; }

    /// <summary>Who runs it, for the record.</summary>
    public string User { get; init; } = "";

    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
