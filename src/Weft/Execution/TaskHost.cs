using System.Collections.Immutable;
using System.Text;
using Weft.Platform;
using Weft.Secrets;
using Weft.Snapshots;
using Weft.Storage;
using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>What a task host finds around itself on its machine.</summary>
internal sealed record HostSurroundings(string ProjectFolder, EnvironmentBlock Environment)
{
    /// <summary>The value of a secret, or null when this machine has none of that name.</summary>
    public Func<string, string?> Secret { get; init; } = _ => null;

    /// <summary>Opens the store of a plan: a folder by its path, and where else contents lie, such as <c>s3://bucket/folder</c>.</summary>
    public Func<FolderBlobStore, string, BlobStore> Store { get; init; } = (_, place) => throw new IOException($"this program cannot keep outputs in {place}");

    /// <summary>Where virtual environments are made, absolute.</summary>
    public required string EnvironmentFolder { get; init; }

    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

/// <summary>How a task host left its attempt.</summary>
internal enum HostResult
{
    /// <summary>It ran the attempt to its end, however that was.</summary>
    Ended,

    /// <summary>Another host has claimed the attempt, or its end was known: there was nothing to do.</summary>
    NotOurs,
}

/// <summary>
/// Runs one attempt where it was placed, by <c>weft exec</c>: in a job of a cluster, or on this machine for tasks with secrets. It sees the run folder and
/// the blobs, never the database, and needs no submitter: what to run is computed from the plan and the path, the limits are enforced here, the end
/// is left in the folder for whoever looks.
/// </summary>
internal sealed class TaskHost(RunFolder folder, HostSurroundings surroundings) : IDisposable
{
    /// <summary>How often requests are looked for in the attempt's folder.</summary>
    private static readonly TimeSpan LookOut = TimeSpan.FromMilliseconds(250);

    private readonly Poller _poller = new();
    private volatile bool _stopAsked;

    /// <summary>Asks the program to end, as a scheduler does with SIGTERM. Safe from any thread.</summary>
    public void Stop()
    {
        _stopAsked = true;
        _poller.Wake();
    }

    public void Dispose() => _poller.Dispose();

    /// <exception cref="InvalidDataException">The plan has no such attempt, or what it takes is not in the run folder.</exception>
    public HostResult Run(AttemptId id)
    {
        folder.CheckFormat();
        var attempt = new AttemptFolder(folder.Hosted(id));
        DateTimeOffset started = surroundings.Clock.GetUtcNow();
        if (attempt.HasEnded)
            return HostResult.NotOurs;
        Directory.CreateDirectory(attempt.Root);
        using FileLock? living = FileLock.TryAcquire(attempt.HostLock, LockMode.Exclusive);
        if (living is null || !attempt.TryClaim(ProcessName.Own, started))
            return HostResult.NotOurs;
        using var journal = new RecordLogWriter(attempt.Journal);
        Note(journal, "claimed", started);
        Plan plan = PlanJson.Read(File.ReadAllBytes(folder.Plan));
        Invocation call = CallOf(id, plan);
        EndedAttempt end = RunToEnd(call, attempt, plan.Root.Store);
        HostContract.RemoveLines(call, HostContract.FolderOf(call, surroundings.ProjectFolder));
        Note(journal, "ended", end.Ended);
        return attempt.TryEnd(end) ? HostResult.Ended : HostResult.NotOurs;
    }

    /// <summary>What the attempt is, from the plan and from the ends of the attempts before it.</summary>
    private Invocation CallOf(AttemptId id, Plan plan)
    {
        // What counts for the cache is the submitter's matter: the host only needs to know where the files lie.
        Facts facts = new ProjectFiles(surroundings.ProjectFolder, new FileHashes(null, surroundings.Clock)).AddTo(new Facts(id.Execution, surroundings.Clock.GetUtcNow())) with { Folder = folder.Work, CacheMode = CacheMode.Disabled };
        Step.Start start = Decision.StartOf(plan, id, path => StateOf(id.Execution, path), facts)
            ?? throw new InvalidDataException($"the plan in {folder.Plan} has no call of {id}, or what it takes is not there");
        return start.Invocation;
    }

    private NodeState? StateOf(ExecutionId execution, NodePath path)
    {
        for (int number = 1; new AttemptFolder(folder.Hosted(new AttemptId(execution, path, number))) is { HasEnded: true } earlier; number++)
        {
            if (earlier.ReadEnd(new AttemptId(execution, path, number)) is { Outcome: Outcome.Succeeded } end)
                return new NodeState(path, Phase.Succeeded, number) { Outputs = end.Outputs };
        }
        return folder.ReadState(path);
    }

    private EndedAttempt RunToEnd(Invocation call, AttemptFolder attempt, string? store)
    {
        ImmutableArray<KeyValuePair<string, string>> secrets = SecretsOf(call, out string? missing);
        if (missing is not null)
        {
            DateTimeOffset now = surroundings.Clock.GetUtcNow();
            return new EndedAttempt(call.Id, new Outcome.Failed(ErrorClass.System, "secret/missing", $"this machine has no secret `{missing}`: `weft secret set {missing}`"), now, now);
        }
        using var masked = secrets.IsEmpty ? null : new MaskedOutput(Mask.Of(secrets.Select(secret => secret.Value)));
        RunFolder places = attempt.Places(folder);
        var here = new FolderBlobStore(new StateFolder(Path.GetFullPath(Path.Combine(folder.Root, "..", ".."))).Blobs, new FileHashes(null, surroundings.Clock), surroundings.Clock);
        BlobStore blobs = store is null ? here : surroundings.Store(here, store);
        var staging = new Staging(surroundings.ProjectFolder, blobs, () => new SnapshotReader(surroundings.ProjectFolder, FileHashes.Read).Files(CancellationToken.None));
        using var attempts = new StagedAttempts(new LocalAttempts(places, _poller, surroundings.Clock, new LocalSurroundings(surroundings.ProjectFolder, surroundings.Environment)
        {
            Additional = _ => secrets,
            Output = masked is null ? null : masked.Into,
        }), staging, new PythonEnvironments(surroundings.EnvironmentFolder, surroundings.ProjectFolder, surroundings.Environment, surroundings.Clock), places.Log, _poller, surroundings.Clock);
        attempts.Start(call, Grant.Nothing);
        var ready = new List<object>();
        while (true)
        {
            (bool asked, bool kill) = attempt.ReadStop();
            if (kill)
                attempts.KillAll();
            else if (asked || _stopAsked)
                attempts.Stop(call.Id, new StopCause.Asked(asked ? "the submitter" : "the scheduler"));
            if (attempts.Collect(ready) is [var end, ..])
                return masked is null ? end : Covered(Reread(end, masked, places.Log(call.Id)), Mask.Of(secrets.Select(secret => secret.Value)), places.Results(call.Id));
            ready.Clear();
            TimeSpan left = attempts.NextDue is { } due ? due - surroundings.Clock.GetUtcNow() : LookOut;
            _poller.Wait(TimeSpan.FromTicks(Math.Clamp(left.Ticks, 0, LookOut.Ticks)), ready);
        }
    }

    /// <summary>What was written through the mask is whole only now.</summary>
    private static EndedAttempt Reread(EndedAttempt end, MaskedOutput masked, string log)
    {
        masked.Finish();
        return end.Outcome is Outcome.Failed { LastLines.IsEmpty: false } or Outcome.Failed { Code: "task/exit" }
            ? end with { Outcome = ((Outcome.Failed)end.Outcome) with { LastLines = LastLines.Read(log, Verdict.TailLines) } }
            : end;
    }

    /// <summary>Results are recorded and handed on, so no secret may stand in them.</summary>
    private static EndedAttempt Covered(EndedAttempt end, Mask mask, string results)
    {
        if (File.Exists(results))
        {
            byte[] written = File.ReadAllBytes(results);
            byte[] covered = mask.Cover(written);
            if (written.AsSpan().SequenceEqual(covered))
                return end;
            AtomicFile.Write(results, covered);
            end = end with { Warnings = end.Warnings.Add($"a secret stood in its results: `{Mask.Stars}` is kept in its place") };
        }
        return end with
        {
            Results = mask.Cover(end.Results),
            Outputs = mask.Cover(end.Outputs),
            Outcome = end.Outcome is Outcome.Failed failed ? failed with { Reason = mask.Cover(failed.Reason) } : end.Outcome,
        };
    }

    private ImmutableArray<KeyValuePair<string, string>> SecretsOf(Invocation call, out string? missing)
    {
        var values = ImmutableArray.CreateBuilder<KeyValuePair<string, string>>();
        missing = null;
        foreach (string name in call.Secrets)
        {
            if (surroundings.Secret(name) is { } value)
                values.Add(new(name, value));
            else
                missing ??= name;
        }
        return values.ToImmutable();
    }

    private static void Note(RecordLogWriter journal, string what, DateTimeOffset at)
    {
        journal.Append(Encoding.UTF8.GetBytes($$"""{"kind":"{{what}}","at":{{at.ToUnixTimeMilliseconds()}}}"""));
        journal.Flush(toDisk: false);
    }
}
