using System.Collections.Concurrent;
using Weft.Execution;
using Weft.Records;
using Weft.Storage;
using Weft.Tracking;
using Weft.Values;

namespace Weft.Server.Rest;

/// <summary>One connection to the executions of the project whose records are served. Belongs to one thread at a time.</summary>
internal sealed class ProjectView : IDisposable
{
    private readonly ProjectRecords _opened;
    private readonly ExecutionPlace _place;

    public ProjectView(string stateFolder, string runtimeFolder, TimeProvider clock)
    {
        var state = new StateFolder(stateFolder);
        _opened = ProjectRecords.Open(state, toWrite: false, runtimeFolder, clock, _ => false, CancellationToken.None);
        _place = new ExecutionPlace(stateFolder, runtimeFolder);
        Records = new ExecutionRecords(_opened.Database, clock);
        Catalog = new ExecutionCatalog(_opened.Database, clock);
        Executions = new Executions(_place, Records, clock);
        Clock = clock;
    }

    public ExecutionRecords Records { get; }

    public ExecutionCatalog Catalog { get; }

    public Executions Executions { get; }

    public TimeProvider Clock { get; }

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
        Records.ReadPlan(row.Plan) is { } plan ? new ExecutionFollower(Executions, Records, row.Id, Workflows.PlanJson.Read(plan), Clock).Progress() : null;

    /// <summary>The last attempt of a node, or the one of that number.</summary>
    public AttemptRow FindAttempt(ExecutionRow row, NodePath path, int? number)
    {
        IReadOnlyList<AttemptRow> attempts = Records.Attempts(row.Id, path);
        AttemptRow? found = number is { } wanted ? attempts.FirstOrDefault(attempt => attempt.Id.Number == wanted) : attempts.Count > 0 ? attempts[^1] : null;
        return found ?? throw TrackingException.Missing($"{row.Name} has no attempt of `{path}`{(number is null ? "" : $" with the number {number}")}");
    }

    /// <summary>The names of the project's secrets; their values leave the machine for programs only.</summary>
    public List<(string Name, DateTimeOffset Updated)> Secrets()
    {
        var secrets = new List<(string, DateTimeOffset)>();
        foreach (Row row in _opened.Database.Prepare("SELECT name, updated FROM secret ORDER BY name").Query())
            secrets.Add((row.Text(0), row.Time(1)));
        return secrets;
    }

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
internal sealed class ProjectViews(string stateFolder, string runtimeFolder, TimeProvider clock) : IDisposable
{
    private readonly ConcurrentStack<ProjectView> _idle = new();

    /// <summary>Works with a connection on the calling thread.</summary>
    public T Read<T>(Func<ProjectView, T> work)
    {
        if (!_idle.TryPop(out ProjectView? view))
            view = new ProjectView(stateFolder, runtimeFolder, clock);
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
