using System.Collections.Concurrent;
using Weft.Execution;
using Weft.Records;
using Weft.S3;
using Weft.Secrets;
using Weft.Storage;
using Weft.Tracking;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Server.Rest;

/// <summary>One connection to the executions of the project whose records are served. Belongs to one thread at a time.</summary>
internal sealed class ProjectView : IDisposable
{
    private readonly ProjectRecords _opened;
    private readonly StateFolder _state;
    private readonly Func<string, string?> _variable;

    /// <param name="variable">Of the environment: keys and endpoint of buckets in which outputs lie.</param>
    public ProjectView(string stateFolder, string runtimeFolder, Func<string, string?> variable, TimeProvider clock)
    {
        _variable = variable;
        _state = new StateFolder(stateFolder);
        _opened = ProjectRecords.Open(_state, toWrite: false, runtimeFolder, clock, _ => false, CancellationToken.None);
        Place = new ExecutionPlace(stateFolder, runtimeFolder);
        Records = new ExecutionRecords(_opened.Database, clock);
        Catalog = new ExecutionCatalog(_opened.Database, clock);
        Executions = new Executions(Place, Records, clock);
        Clock = clock;
    }

    public ExecutionRecords Records { get; }

    public ExecutionCatalog Catalog { get; }

    public Executions Executions { get; }

    public ExecutionPlace Place { get; }

    public TimeProvider Clock { get; }

    /// <summary>Where the outputs of tasks lie that were stored on this machine.</summary>
    private FolderBlobStore Blobs => field ??= new FolderBlobStore(_state.Blobs, new FileHashes(null, Clock), Clock);

    /// <summary>The kept results by key, as they lie there.</summary>
    public CacheObjects CacheObjects => new(_state.Cache);

    public ResultCache Cache => field ??= new ResultCache(CacheObjects, Blobs, Clock);

    /// <exception cref="TrackingException">The plan is gone.</exception>
    public Plan PlanOf(ExecutionRow row) =>
        PlanJson.Read(Records.ReadPlan(row.Plan) ?? throw TrackingException.Missing($"the plan of {row.Name} is not in the store any more"));

    /// <summary>Where the outputs of an execution lie: on this machine, or in a bucket too.</summary>
    public BlobStore BlobsOf(ExecutionRow row) => Records.ReadPlan(row.Plan) is { } plan && PlanJson.Read(plan).Root.Store is { } place ? S3BlobStore.Behind(Blobs, place, _variable, Clock) : Blobs;

    /// <summary>The node that is meant behind the address of an execution; null when all of it is.</summary>
    /// <param name="address">What the execution was found by: a tag may name a node.</param>
    /// <exception cref="TrackingException">It has no such node.</exception>
    public NodePath? PathOf(ExecutionRow row, string address, string? text)
    {
        if (string.IsNullOrEmpty(text))
            return address.StartsWith('@') ? Catalog.FindTag(address[1..])?.Path : null;
        // Without its plan an execution is still shown; then only whole paths are understood.
        if (Records.ReadPlan(row.Plan) is not { } plan)
            return new NodePath(text);
        return NodeAddress.Find(Records, row, PlanJson.Read(plan), text) ?? throw TrackingException.Missing($"{row.Name} has no node `{text}`");
    }

    /// <summary>
    /// What an address means: a name, the newest of a definition, <c>-</c> the newest of all, <c>@TAG</c>, or the start of an id of at least four characters.
    /// </summary>
    /// <exception cref="TrackingException">Nothing, or more than one thing, has this address.</exception>
    public ExecutionRow Find(string address)
    {
        if (address.StartsWith('@'))
        {
            TagRow tag = Catalog.FindTag(address[1..]) ?? throw TrackingException.Missing($"no tag `{address[1..]}`");
            return Records.Find(tag.Execution) ?? throw TrackingException.Missing($"what the tag `{address[1..]}` named is deleted");
        }
        if ((address == "-" ? Catalog.Newest() : Catalog.ByName(address) ?? Catalog.Newest(address)) is { } found)
            return found;
        IReadOnlyList<ExecutionRow> byId = address.Length >= 4 ? Catalog.ByIdPrefix(address) : [];
        return byId.Count switch
        {
            1 => byId[0],
            > 1 => throw TrackingException.Invalid($"several executions have an id that begins with `{address}`"),
            _ => throw TrackingException.Missing($"no execution `{address}`"),
        };
    }

    /// <summary>An execution that nobody owns and that has not ended was interrupted.</summary>
    public string StateOf(ExecutionRow row, out string? owner)
    {
        owner = row.Ended is null ? Executions.OwnerOf(row) : null;
        return row.Ended is not null ? row.State.ToLowerInvariant() : owner is null ? "interrupted" : "running";
    }

    /// <summary>How far it is, from its plan and what its nodes recorded.</summary>
    public ExecutionProgress? ProgressOf(ExecutionRow row) =>
        Records.ReadPlan(row.Plan) is { } plan ? new ExecutionFollower(Executions, Records, row.Id, PlanJson.Read(plan), Clock).Progress() : null;

    /// <summary>The last attempt of a node, or the one of that number.</summary>
    public AttemptRow FindAttempt(ExecutionRow row, NodePath path, int? number)
    {
        IReadOnlyList<AttemptRow> attempts = Records.Attempts(row.Id, path);
        AttemptRow? found = number is { } wanted ? attempts.FirstOrDefault(attempt => attempt.Id.Number == wanted) : attempts.Count > 0 ? attempts[^1] : null;
        return found ?? throw TrackingException.Missing($"{row.Name} has no attempt of `{path}`{(number is null ? "" : $" with the number {number}")}");
    }

    /// <summary>The names of the project's secrets; their values leave the machine for programs only.</summary>
    public IReadOnlyList<string> Secrets() => new SecretStore(SecretStore.FileIn(_state.Root), keyFile: "").Names;

    /// <summary>Changes the records in one transaction.</summary>
    public void Write(Action change)
    {
        using Transaction write = _opened.Database.BeginWrite(CancellationToken.None);
        change();
        write.Commit();
    }

    public void Dispose() => _opened.Dispose();
}

/// <summary>Connections to the project, opened as they are needed and kept.</summary>
internal sealed class ProjectViews(string stateFolder, string runtimeFolder, Func<string, string?> variable, TimeProvider clock) : IDisposable
{
    private readonly ConcurrentStack<ProjectView> _idle = new();

    /// <summary>Works with a connection on the calling thread.</summary>
    public T Read<T>(Func<ProjectView, T> work)
    {
        if (!_idle.TryPop(out ProjectView? view))
            view = new ProjectView(stateFolder, runtimeFolder, variable, clock);
        try
        {
            return work(view);
        }
        finally
        {
            _idle.Push(view);
        }
    }

    public void Dispose()
    {
        while (_idle.TryPop(out ProjectView? view))
            view.Dispose();
    }
}
