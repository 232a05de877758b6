using System.Collections.Immutable;
using Weft.Platform;
using Weft.Records;
using Weft.Storage;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>
/// The door to executions for commands, the server and C# programs. A run is two steps, so that either can be done by another process:
/// <code>
/// var executions = new Executions(new ExecutionPlace(stateFolder, runtimeFolder), records, clock);
/// ExecutionStart start = executions.Start(new ExecutionRequest { Definition = "train", Plan = plan, PlanBody = body });
/// // say start.Messages; with -d: dispose of start, start `weft resume NAME` in a session of its own and leave
/// if (start.Kind is StartKind.New or StartKind.Resumed)
///     using (RunningExecution run = executions.Take(start, plan, options))   // handlers of signals call run.Stop / run.Detach
///         ExecutionEnd end = run.Wait();                                                  // publishes to options.Publish on this thread
/// </code>
/// Another process asks for an end with <see cref="AskStop"/>, and follows with <see cref="ExecutionFollower"/>. As its records, an object of this class belongs to one thread
/// at a time.
/// </summary>
internal sealed class Executions(ExecutionPlace place, ExecutionRecords records, TimeProvider clock)
{
    /// <summary>How long a lock may still seem held by a process that has just let go of it.</summary>
    private static readonly TimeSpan TakeOverTime = TimeSpan.FromMilliseconds(500);

    /// <summary>How old a lease of another host may be before its owner counts as gone.</summary>
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Records what shall run. An execution of the same definition and inputs that was interrupted is gone on with; one that failed or was stopped is
    /// taken up again: what failed, was cancelled or blocked is tried once more. Starts no process. What is begun or resumed belongs to this process from
    /// here on, so that of several that start the same at once one gets it.
    /// </summary>
    public ExecutionStart Start(ExecutionRequest request)
    {
        string key = request.Plan.Id.Hex;
        if (Finished(Last(request, key), request) is { } known)
            return known;
        // The code is looked at before others have to wait for the right to write.
        string? snapshot = request.Snapshot();
        using Transaction write = records.Database.BeginWrite(CancellationToken.None);
        ExecutionRow? last = Last(request, key);
        return Finished(last, request) ?? Commit(write, last is null || HasSucceeded(last) ? Begin(request, key, snapshot) : Resume(last));
    }

    /// <summary>
    /// Records a run that finds all done, in the way of an earlier one that did: everything that decides about it must be as it was then (<see cref="Receipt"/>).
    /// Null when that one is not recorded any more, or when an execution of the same waits to be resumed.
    /// </summary>
    public ExecutionRow? Repeat(Receipt receipt)
    {
        using Transaction write = records.Database.BeginWrite(CancellationToken.None);
        if (records.Find(receipt.Execution) is not { } earlier || !HasSucceeded(earlier) || records.FindUnfinished(earlier.Key) is not null)
            return null;
        string plan = place.FolderOf(earlier.Id).Plan;
        if (!File.Exists(plan))
            return null;
        ExecutionRow row = records.Create(new NewExecution(new ExecutionId(Ulid.New(clock)), earlier.Definition, earlier.Key, earlier.Plan, earlier.Snapshot, earlier.State, Name: null));
        RunFolder folder = place.FolderOf(row.Id);
        folder.Create();
        Share(plan, folder.Plan);
        records.Repeat(earlier.Id, row.Id, ProcessName.Own);
        records.SetState(row.Id, earlier.State, earlier.Tally, clock.GetUtcNow());
        var catalog = new ExecutionCatalog(records.Database, clock);
        for (int i = 0; i < receipt.Tags.Length; i += 2)
            catalog.MoveTag(receipt.Tags[i], row.Id, new NodePath(receipt.Tags[i + 1]));
        write.Commit();
        return row;
    }

    /// <summary>Prepares an execution to go on: what failed, was cancelled or was blocked is tried again. Its owner must be gone.</summary>
    public ExecutionStart Reopen(ExecutionId id)
    {
        using Transaction write = records.Database.BeginWrite(CancellationToken.None);
        ExecutionRow row = records.Find(id) ?? throw new InvalidOperationException($"there is no execution {id}");
        if (row is { Ended: not null, State: nameof(Phase.Succeeded) })
            return new ExecutionStart(StartKind.NothingToDo, row, [$"{row.Name} has succeeded: nothing of it is left to do"]);
        return Commit(write, Resume(row));
    }

    /// <summary>Readies the loop of an execution that this process has begun or resumed.</summary>
    /// <exception cref="ExecutionTakenException">A process of another host owns it.</exception>
    public RunningExecution Take(ExecutionStart start, Plan plan, RunOptions options) =>
        Take(start.Execution.Id, start.HandOver() ?? throw new InvalidOperationException("the execution was not begun here"), plan, options);

    /// <summary>Makes this process the owner of a recorded execution, to end what is left of it, and readies its loop.</summary>
    /// <exception cref="ExecutionTakenException">Another process owns it.</exception>
    public RunningExecution Take(ExecutionId id, Plan plan, RunOptions options) =>
        Take(id, Lock(id) ?? throw new ExecutionTakenException(records.Find(id)?.Owner ?? "another process"), plan, options);

    private RunningExecution Take(ExecutionId id, FileLock owning, Plan plan, RunOptions options)
    {
        try
        {
            RunFolder folder = place.FolderOf(id);
            ExecutionRow row = records.Find(id) ?? throw new InvalidOperationException($"there is no execution {id}");
            string owner = ProcessName.Own;
            if ((OwnerOnAnotherHost(row) ?? (options.TakesOver ? null : LeftOnAnotherHost(row))) is { } other || !Own(row, owner, out other))
                throw new ExecutionTakenException(other);
            var ledger = new Ledger(place.RuntimeFolder, OwnedResources.Find(options.Environment["CUDA_VISIBLE_DEVICES"]));
            var loop = new ExecutionLoop(row, owner, plan, options, folder, records, ledger, Results(options)) { KeepsLease = place.IsShared };
            return new RunningExecution(loop, owning, records, id, owner);
        }
        catch
        {
            owning.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Asks for an end, from any process. The owner sees it within a quarter of a second; false when nobody owns the execution: then <see cref="Take(ExecutionId, Plan, RunOptions)"/> and
    /// <see cref="RunningExecution.Wait"/> end what is left of it.
    /// </summary>
    public bool AskStop(ExecutionId id, string by)
    {
        if (!records.Database.CanWrite)
        {
            StopRequest.Drop(place.FolderOf(id), by, clock);
            return true;
        }
        using Transaction write = records.Database.BeginWrite(CancellationToken.None);
        records.AskStop(id, by);
        write.Commit();
        return records.Find(id) is { } row && OwnerOf(row) is not null;
    }

    /// <summary>Answers a gate, from any process; false when it was answered before. The owner sees it within a quarter of a second.</summary>
    /// <param name="value">Of an approval true or false, of an input the value.</param>
    public bool Answer(ExecutionId id, NodePath gate, Value value, string by)
    {
        using Transaction write = records.Database.BeginWrite(CancellationToken.None);
        bool isFirst = records.Signal(id, gate, by, Answers.Write(value, by, clock.GetUtcNow()));
        write.Commit();
        return isFirst;
    }

    /// <summary>The process that runs the execution now, in words; null when none does.</summary>
    public string? OwnerOf(ExecutionRow row)
    {
        if (OwnerOnAnotherHost(row) is { } other)
            return other;
        return FileLock.IsHeld(place.FolderOf(row.Id).Lock) ? row.Owner ?? "another process" : null;
    }

    /// <summary>The log of an attempt; the file may not exist yet.</summary>
    public string LogOf(AttemptId attempt) => place.FolderOf(attempt.Execution).Log(attempt);

    /// <summary>A second name for the same plan, which nobody changes any more; a copy where the file system has only one for each file.</summary>
    private static void Share(string plan, string added)
    {
        try
        {
            FileSystems.TryLink(plan, added);
        }
        catch (SystemCallException)
        {
            File.Copy(plan, added);
        }
    }

    private static ExecutionStart Commit(Transaction write, ExecutionStart start)
    {
        try
        {
            write.Commit();
            return start;
        }
        catch
        {
            start.Dispose();
            throw;
        }
    }

    private ExecutionRow? Last(ExecutionRequest request, string key) => request.Fresh ? null : records.FindUnfinished(key) ?? records.FindNewest(key);

    private static bool HasSucceeded(ExecutionRow? row) => row is { Ended: not null, State: nameof(Phase.Succeeded) };

    private static ExecutionStart? Finished(ExecutionRow? last, ExecutionRequest request) => HasSucceeded(last) && request.WhenFinished == WhenFinished.NothingToDo
        ? new ExecutionStart(StartKind.NothingToDo, last!, [$"{last!.Name} has finished with the same definition and inputs: nothing to do. `--fresh` runs it again"])
        : null;

    private ExecutionStart Begin(ExecutionRequest request, string key, string? snapshot)
    {
        Digest digest = Digest.Of(request.PlanBody.Span);
        records.SavePlan(digest, request.PlanBody.Span);
        ExecutionRow row = records.Create(new NewExecution(new ExecutionId(Ulid.New(clock)), request.Definition, key, digest, snapshot, nameof(Phase.Waiting), request.Name));
        RunFolder folder = place.FolderOf(row.Id);
        folder.Create();
        string temporary = folder.Plan + ".new";
        File.WriteAllBytes(temporary, request.PlanBody.Span);
        File.Move(temporary, folder.Plan, overwrite: true);
        return new ExecutionStart(StartKind.New, row, [], Lock(row.Id));
    }

    private ExecutionStart Resume(ExecutionRow row)
    {
        string? owner = OwnerOnAnotherHost(row);
        FileLock? owning = owner is null ? Lock(row.Id) : null;
        if (owning is null)
            return new ExecutionStart(StartKind.RunsAlready, row, [$"{row.Name} runs already in {owner ?? row.Owner ?? "another process"}: `weft attach {row.Name}` follows it"]);
        using var held = new ExecutionStart(StartKind.Resumed, row, [], owning);
        // A process that died had not judged anything: what failed before stays so. One that ended, or was ending, had.
        bool hadEnded = row.Ended is not null || row.StopAsked is not null;
        (Kept kept, long again) = hadEnded ? Reopening.Apply(records, row.Id) : (Reopening.Kept(records, row.Id), 0);
        records.SetState(row.Id, nameof(Phase.Running), row.Tally, ended: null);
        records.AskStop(row.Id, how: null);
        string what = row.Ended is null ? "was interrupted" : "did not succeed";
        string tried = again > 0 ? $", {again} that failed or were stopped run again" : "";
        return new ExecutionStart(StartKind.Resumed, row, [$"resuming {row.Name}, which {what}: {kept}{tried}"], held.HandOver());
    }

    /// <summary>The lock of whoever runs the execution; null when another process holds it.</summary>
    private FileLock? Lock(ExecutionId id)
    {
        RunFolder folder = place.FolderOf(id);
        folder.Create();
        return FileLock.TryAcquire(folder.Lock, LockMode.Exclusive, TakeOverTime);
    }

    /// <summary>Where the outputs of tasks go, and where those of earlier executions are found.</summary>
    private ExecutionStores Results(RunOptions options)
    {
        var state = new StateFolder(place.StateFolder);
        var hashes = new FileHashes(options.FileDigests, clock);
        BlobStore blobs = options.Blobs ?? new FolderBlobStore(state.Blobs, hashes, clock);
        var cache = new ResultCache(options.Cache ?? new CacheObjects(state.Cache), blobs, clock, options.SharedFolder is { } shared ? new SharedResults(shared, clock) : null);
        return new ExecutionStores(blobs, cache, new ProjectFiles(options.ProjectFolder, hashes));
    }

    private bool Own(ExecutionRow row, string owner, out string other)
    {
        using Transaction write = records.Database.BeginWrite(CancellationToken.None);
        bool owned = records.TakeOwnership(row.Id, row.Owner, owner);
        other = owned ? "" : records.Find(row.Id)?.Owner ?? "another process";
        write.Commit();
        return owned;
    }

    /// <summary>An owner of another host that is gone, and whose tasks may still run there: its locks cannot be seen from here.</summary>
    private string? LeftOnAnotherHost(ExecutionRow row) =>
        place.IsShared && row.Owner is { } owner && !ProcessName.IsOnThisHost(owner) && records.OpenAttempts(row.Id).Count > 0
            ? $"{owner}, which is gone, but its tasks may still run there: resume on that host"
            : null;

    /// <summary>On a network file system another host's locks cannot be seen; its lease can.</summary>
    private string? OwnerOnAnotherHost(ExecutionRow row) =>
        place.IsShared && row.Owner is { } owner && !ProcessName.IsOnThisHost(owner) && row.Lease is { } lease && clock.GetUtcNow() - lease < LeaseTime ? owner : null;
}

/// <summary>Where executions of a project live.</summary>
/// <param name="StateFolder">The project's <c>.weft</c>.</param>
/// <param name="RuntimeFolder">For locks of this host: <see cref="Machine.RuntimeFolder"/>.</param>
internal sealed record ExecutionPlace(string StateFolder, string RuntimeFolder)
{
    /// <summary>The project lies on a network file system: other hosts may run its executions too.</summary>
    public bool IsShared { get; init; } = Directory.Exists(StateFolder) && FileSystems.IsNetwork(StateFolder);

    public RunFolder FolderOf(ExecutionId id) => new(Path.Combine(StateFolder, "executions", id.Value), IsShared ? RuntimeFolder : null);
}

/// <summary>Answers to gates as they are recorded.</summary>
internal static class Answers
{
    public static string Write(Value value, string by, DateTimeOffset at) =>
        CanonicalJson.Write(Value.MapOf([new("at", Value.Of(at.ToUnixTimeMilliseconds())), new("by", Value.Of(by)), new("value", value)]));

    public static Signal Read(string body)
    {
        var map = (Value.Map)CanonicalJson.Read(body);
        return new Signal(map.Entries["value"], ((Value.Text)map.Entries["by"]).Content, DateTimeOffset.FromUnixTimeMilliseconds((long)((Value.Int)map.Entries["at"]).Number));
    }
}

/// <summary>What shall run.</summary>
internal sealed record ExecutionRequest
{
    /// <summary>The name it is found by: of a job, a workflow, or "sweep" for one typed on the command line.</summary>
    public required string Definition { get; init; }

    public required Plan Plan { get; init; }

    /// <summary>The plan as it is stored, with its format number; any process can read it back.</summary>
    public required ReadOnlyMemory<byte> PlanBody { get; init; }

    /// <summary>Takes the state of the code; asked for only when something is to run.</summary>
    public Func<string?> Snapshot { get; init; } = () => null;

    /// <summary>A name of the user's; null lets a memorable one be chosen.</summary>
    public string? Name { get; init; }

    /// <summary>Begins a new execution whatever there is.</summary>
    public bool Fresh { get; init; }

    public WhenFinished WhenFinished { get; init; } = WhenFinished.NothingToDo;
}

/// <summary>What running again means when the same definition and inputs have succeeded before.</summary>
internal enum WhenFinished
{
    /// <summary>HydraFlow jobs, sweeps from the command line.</summary>
    NothingToDo,

    /// <summary>Native workflows, whose cached nodes are reused; dstack and MLRun.</summary>
    StartNew,
}

internal enum StartKind
{
    New,
    Resumed,
    NothingToDo,
    RunsAlready,
}

/// <summary>What became of a request. What was begun or resumed is this process's until it is disposed of or taken.</summary>
internal sealed class ExecutionStart(StartKind kind, ExecutionRow execution, ImmutableArray<string> messages, FileLock? owning = null) : IDisposable
{
    private FileLock? _owning = owning;

    public StartKind Kind { get; } = kind;

    public ExecutionRow Execution { get; } = execution;

    /// <summary>Lines for the user: what is resumed, what is kept.</summary>
    public ImmutableArray<string> Messages { get; } = messages;

    /// <summary>The lock, for whoever runs it; null when there is none or it was handed over.</summary>
    public FileLock? HandOver() => Interlocked.Exchange(ref _owning, null);

    public void Dispose() => HandOver()?.Dispose();
}

/// <summary>An execution that this process owns, until disposed.</summary>
internal sealed class RunningExecution(ExecutionLoop loop, FileLock owning, ExecutionRecords records, ExecutionId id, string owner) : IDisposable
{
    /// <summary>How far it is. Safe from any thread.</summary>
    public ExecutionProgress Progress => loop.Progress;

    /// <summary>Runs it to its end on the calling thread, or until <see cref="Detach"/>.</summary>
    /// <exception cref="DatabaseException">Nothing can be recorded any more. What runs goes on, and whoever resumes adopts it.</exception>
    public ExecutionEnd Wait()
    {
        ExecutionEnd end = loop.Run();
        using Transaction write = records.Database.BeginWrite(CancellationToken.None);
        records.TakeOwnership(id, owner, null);
        write.Commit();
        return end;
    }

    /// <summary>The first call asks all to end (SIGTERM, later SIGKILL), the second kills. Safe from any thread.</summary>
    public void Stop(string by) => loop.Stop(by);

    /// <summary>A line for everybody who follows the execution. Safe from any thread.</summary>
    public void Say(string text) => loop.Say(text);

    /// <summary>Lets go: what runs goes on, <see cref="Wait"/> returns. Safe from any thread.</summary>
    public void Detach() => loop.Detach();

    public void Dispose()
    {
        loop.Dispose();
        owning.Dispose();
    }
}

/// <summary>Another process owns the execution.</summary>
internal sealed class ExecutionTakenException(string owner) : Exception($"the execution runs already in {owner}")
{
    public string Owner { get; } = owner;
}

/// <summary>How a process is named in records: <c>process 4711 on node17</c>.</summary>
internal static class ProcessName
{
    public static string Own { get; } = $"process {Environment.ProcessId} on {Machine.HostName}";

    public static bool IsOnThisHost(string name) => name.EndsWith($" on {Machine.HostName}", StringComparison.Ordinal);
}
