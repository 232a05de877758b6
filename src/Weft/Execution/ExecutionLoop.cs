using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;
using Weft.Platform;
using Weft.Records;
using Weft.Snapshots;
using Weft.Storage;
using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>What the loop of an execution works with besides its records. The loop disposes of the cache.</summary>
internal sealed record ExecutionStores(BlobStore Blobs, ResultCache Cache, ProjectFiles Files);

/// <summary>
/// Runs one execution on this machine. One thread owns all state and turns: collect what ended, decide what follows, commit both and the
/// next intents in one transaction, then act. So nothing is started that is not recorded, and a process that dies between two turns leaves
/// only attempts that the next one can find (<see cref="LocalAttempts.Adopt"/>).
/// Other threads may call <see cref="Stop"/> and <see cref="Detach"/>.
/// </summary>
internal sealed class ExecutionLoop : IDisposable
{
    /// <summary>How often requests from other processes are looked for when nothing wakes the loop.</summary>
    private static readonly TimeSpan LookOut = TimeSpan.FromMilliseconds(250);

    /// <summary>How often resources that other processes hold are asked for again.</summary>
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan RenewLease = TimeSpan.FromSeconds(5);

    private readonly ExecutionRow _execution;
    private readonly Plan _plan;
    private readonly RunOptions _options;
    private readonly RunFolder _folder;
    private readonly ExecutionRecords _records;
    private readonly Ledger? _ledger;
    private readonly TimeProvider _clock;
    private readonly Frontier _frontier;
    private readonly Dictionary<NodePath, NodeState> _touched = [];
    private readonly Dictionary<NodePath, DateTimeOffset> _timers = [];
    private readonly Poller _poller = new();
    private readonly IAttempts _attempts;
    private readonly ProgressCount _count;
    private readonly RunRecorder _recorder;
    private readonly History _history;
    private readonly WorkflowLimits _limits;
    private readonly bool _hasHosts;
    private readonly PlanWatch _watch;
    private readonly ExecutionCatalog _catalog;
    private readonly ProjectFiles _files;
    private readonly ResultKeeper _results;
    private readonly DocumentLog _documents;
    private readonly Dictionary<NodePath, Step.Start> _open = [];
    private readonly List<(Step.Start Begin, Grant Grant)> _intents = [];
    private readonly List<(NodePath Path, string Because)> _stops = [];
    private readonly List<EndedAttempt> _ends = [];
    private readonly string _owner;
    private volatile int _runs;
    private volatile string? _stopAsked;
    private readonly ConcurrentQueue<string> _sayings = new();
    private volatile bool _killAsked;
    private volatile bool _detachAsked;
    private string? _stoppedBy;
    private bool _isShort;
    private DateTimeOffset _lookedOut;
    private DateTimeOffset _leased;

    public ExecutionLoop(ExecutionRow execution, string owner, Plan plan, RunOptions options, RunFolder folder, ExecutionRecords records, Ledger? ledger, ExecutionStores stores)
    {
        _execution = execution;
        _owner = owner;
        _plan = plan;
        _options = options;
        _folder = folder;
        _records = records;
        _ledger = options.IgnoreResources ? null : ledger;
        _clock = options.Clock;
        _frontier = new Frontier(plan, state => _touched[state.Path] = state);
        _count = new ProgressCount(plan, _clock);
        _recorder = new RunRecorder(records.Database, execution, plan, new RecordedBy(options.User, options.ProjectFolder, options.ArtifactRoot), _clock);
        _history = new History(records, execution.Id, _clock);
        _limits = new WorkflowLimits(plan);
        _stoppedBy = execution.StopAsked;
        var surroundings = new LocalSurroundings(options.ProjectFolder, options.Environment)
        {
            Input = options.TerminalInput ? new SafeFileHandle(0, ownsHandle: false) : null,
            Additional = options.Variables,
        };
        var hosted = new HostedAttempts(folder, new LocalHosts(folder, options.HostProgram, surroundings), _clock);
        var staging = new Staging(options.ProjectFolder, stores.Blobs, () => new SnapshotReader(options.ProjectFolder, FileHashes.Read).Files(CancellationToken.None));
        var environments = new PythonEnvironments(options.EnvironmentFolder ?? Path.GetFullPath(Path.Combine(folder.Root, "..", "..", "environments")), options.ProjectFolder, options.Environment, _clock);
        var local = new StagedAttempts(new LocalAttempts(folder, _poller, _clock, surroundings), staging, environments, folder.Log, _poller, _clock);
        _hasHosts = options.HostsAll || plan.Closure.Tasks.Values.Any(task => !task.Secrets.IsEmpty);
        _files = stores.Files;
        _watch = new PlanWatch(plan, _recorder.LastMetrics);
        _catalog = new ExecutionCatalog(records.Database, _clock);
        _results = new ResultKeeper(execution.Id, plan, stores.Cache, options.CacheMode, _clock);
        _documents = new DocumentLog(folder);
        _attempts = new PlacedAttempts(local, hosted, call => options.HostsAll || !call.Secrets.IsEmpty);
    }

    /// <summary>On a network file system the owner says now and then that it lives.</summary>
    public bool KeepsLease { get; init; }

    /// <summary>How far it is. Safe from any thread.</summary>
    public ExecutionProgress Progress => _count.Now(_runs);

    /// <summary>
    /// Asks the execution to end: what runs gets SIGTERM, after its grace time SIGKILL; a second call kills at once. Safe from any thread.
    /// </summary>
    public void Stop(string by)
    {
        if (_stopAsked is not null)
            _killAsked = true;
        _stopAsked = by;
        _poller.Wake();
    }

    /// <summary>A line for everybody who follows the execution. Safe from any thread.</summary>
    public void Say(string text)
    {
        _sayings.Enqueue(text);
        _poller.Wake();
    }

    /// <summary>Lets go of the execution: what runs goes on, nothing more is started by us. Safe from any thread.</summary>
    public void Detach()
    {
        _detachAsked = true;
        _poller.Wake();
    }

    /// <summary>Runs until the execution has ended or was detached.</summary>
    /// <exception cref="DatabaseException">Nothing can be recorded any more. What runs goes on and is adopted by whoever resumes.</exception>
    public ExecutionEnd Run()
    {
        _history.Note(History.Taken, _owner);
        Recover();
        var ready = new List<object>();
        while (true)
        {
            Turn(ready);
            if (_frontier.IsFinished && _attempts.Count == 0)
                return Ending(_frontier.State(NodePath.Root)!.Phase);
            if (_detachAsked)
                return Ending(Phase.Running);
            ready.Clear();
            _poller.Wait(UntilNext(), ready);
        }
    }

    public void Dispose()
    {
        _attempts.Dispose();
        _poller.Dispose();
        _documents.Dispose();
        _results.Dispose();
        foreach ((_, Grant grant) in _intents)
            grant.Dispose();
    }

    private void Turn(List<object> ready)
    {
        if (_killAsked)
            _attempts.KillAll();
        _ends.AddRange(_attempts.Collect(ready));
        foreach (EndedAttempt end in _ends)
        {
            // Before the decision: the next attempt may start in the same turn.
            if (_open.Remove(end.Id.Path, out Step.Start? begun))
            {
                string folder = HostContract.FolderOf(begun.Invocation, _options.ProjectFolder);
                HostContract.RemoveLines(begun.Invocation, folder);
                _recorder.Look(end, begun.Invocation, folder, _folder.Log(end.Id));
            }
            _limits.Ended(end.Id.Path);
            _frontier.AttemptEnded(end.Id.Path, end.Outcome, _watch.OutputsOf(end), end.Ended);
        }
        LookOutForRequests();
        Decide(NowFacts());
        var touched = new List<NodeState>(_touched.Count);
        foreach ((_, NodeState state) in _touched)
            touched.Add(state);
        _touched.Clear();
        List<string> said = KeepResults(touched);
        while (_sayings.TryDequeue(out string? saying))
            said.Add(saying);
        foreach (string text in said)
            _history.Say(text);
        foreach (NodeState state in touched)
        {
            // Before the transaction: the last one records the counts of all.
            if (state.Phase.IsTerminal)
                _count.Ended(state);
        }
        Commit(touched);
        TellHosts(touched);
        Act();
        // Others ask for it from their threads; what it counts belongs to this one.
        _runs = _attempts.Count;
        Publish(touched, said);
    }

    /// <summary>Decides until nothing more follows, or there is no room for what would.</summary>
    private void Decide(Facts facts)
    {
        foreach ((NodePath path, DateTimeOffset due) in _timers)
        {
            if (due <= facts.Now && _timers.Remove(path))
                _frontier.Wake(path);
        }
        _isShort = false;
        do
            DecideReady(facts);
        while (HasRoom() && !_isShort && _limits.TryRelease(_frontier.Defer));
    }

    private void DecideReady(Facts facts)
    {
        while (_frontier.TryNext(HasRoom() && !_isShort, out NodePath path))
        {
            Step step = Decision.Decide(_plan, path, _frontier.State, facts);
            switch (step)
            {
                case Step.Start or Step.Take when !_limits.MayStart(path):
                    break;
                case Step.Start start when !_results.TryClaim(start):
                    _timers[path] = facts.Now + ResultCache.LookAgain;
                    break;
                case Step.Start start when !TryReserve(start):
                    _results.Release(start);
                    _frontier.Defer(path);
                    _isShort = true;
                    break;
                case Step.Wait { Until: { } until }:
                    _timers[path] = until;
                    break;
                case Step.Stop stop:
                    _stops.Add((path, stop.Because));
                    break;
                case Step.Launch launch:
                    _frontier.Apply(path, new Step.Fail(new Outcome.Failed(ErrorClass.System, "task/launch-plan", $"the launch plan `{launch.LaunchPlan}` is an execution of its own, which the local engine does not start")), facts.Now);
                    break;
                default:
                    _frontier.Apply(path, step, facts.Now);
                    break;
            }
        }
    }

    /// <summary>Results that are there for others, before their ends are recorded.</summary>
    /// <returns>What is to be said about it.</returns>
    private List<string> KeepResults(List<NodeState> touched)
    {
        var said = new List<string>();
        foreach (NodeState state in touched)
        {
            if (state.Phase.IsTerminal && _results.Ended(state, NowFacts(), _frontier.State) is { } why)
                said.Add(why);
        }
        if (_results.Trouble() is { } trouble)
            said.Add(trouble);
        return said;
    }

    /// <summary>The one transaction of a turn: ends, states and intents, all or nothing.</summary>
    private void Commit(List<NodeState> touched)
    {
        if (touched.Count == 0 && _ends.Count == 0 && _intents.Count == 0)
            return;
        using Transaction turn = _records.Database.BeginWrite(CancellationToken.None);
        foreach (EndedAttempt end in _ends)
            _records.End(end.Id, StateRows.ToRow(end), end.Started, end.Ended);
        foreach (NodeState state in touched)
        {
            _records.SetNode(_execution.Id, StateRows.ToRow(state));
            _recorder.Record(state);
            if (_watch.TagOf(state) is { } tag)
                _catalog.MoveTag(tag, _execution.Id, state.Path);
        }
        _history.Add(_ends, touched);
        foreach ((Step.Start begin, _) in _intents)
        {
            _history.Add(begin.Invocation.Id);
            _records.Intend(begin.Invocation.Id, _options.Snapshot, "local", "Submitted");
        }
        if (_frontier.State(NodePath.Root) is { Phase.IsTerminal: true } root)
            _records.SetState(_execution.Id, root.Phase.ToString(), StateRows.Write(_count.Tally), _clock.GetUtcNow());
        turn.Commit();
    }

    /// <summary>Task hosts compute what to run from the plan and from what earlier nodes gave: that must be there before one of them starts.</summary>
    private void TellHosts(List<NodeState> touched)
    {
        if (!_hasHosts)
            return;
        foreach (NodeState state in touched)
        {
            if (state.Phase.HasOutputs && state.Path.Index is null && !state.Path.IsRoot)
                _folder.WriteState(state);
        }
    }

    private void Act()
    {
        foreach ((Step.Start begin, Grant grant) in _intents)
        {
            _open[begin.Invocation.Path] = begin;
            _results.Began(begin);
            if (begin is { Document: { } document, Key: { } key })
                _documents.Add(begin.Invocation.Path, key, document);
            _attempts.Start(begin.Invocation, grant);
            PublishStart(begin.Invocation, adopted: false);
        }
        _documents.Flush();
        _intents.Clear();
        foreach ((NodePath path, string because) in _stops)
        {
            if (_open.TryGetValue(path, out Step.Start? begin))
                _attempts.Stop(begin.Invocation.Id, new StopCause.Asked(because));
        }
        _stops.Clear();
    }

    private void Publish(List<NodeState> touched, List<string> said)
    {
        foreach (string text in said)
            _options.Publish(new ExecutionEvent.Said(_clock.GetUtcNow(), text));
        foreach (EndedAttempt end in _ends)
        {
            _options.Publish(new ExecutionEvent.AttemptEnded(end.Ended, end.Id, end.Id.Path.Text, end.Outcome, end.Ended - end.Started) { Warnings = end.Warnings });
        }
        _ends.Clear();
        foreach (NodeState state in touched)
        {
            if (state.Phase == Phase.Running && _watch.QuestionOf(state, _execution.Name) is { } question)
                _options.Publish(new ExecutionEvent.Said(state.Since, question));
            if (!state.Phase.IsTerminal)
                continue;
            if (_watch.MissingResult(state, _frontier.State) is { } warning)
                _options.Publish(new ExecutionEvent.Said(state.Since, warning));
            _options.Publish(new ExecutionEvent.NodeEnded(state.Since, state.Path, state.Phase, state.End));
        }
    }

    private void PublishStart(Invocation call, bool adopted) =>
        _options.Publish(new ExecutionEvent.AttemptStarted(_clock.GetUtcNow(), call.Id, call.Path.Text, _folder.Log(call.Id), adopted));

    private bool HasRoom() => _attempts.Count + _intents.Count < _options.Parallel;

    private bool TryReserve(Step.Start begin)
    {
        if (!HasRoom())
            return false;
        Grant? grant = Grant.Nothing;
        // What could never be granted is started all the same: the planner has warned, and waiting would be for ever.
        if (_ledger is { } ledger && ledger.WhyNever(begin.Invocation.Needs) is null)
            grant = ledger.TryTake(begin.Invocation.Needs);
        if (grant is null)
            return false;
        _intents.Add((begin, grant));
        _limits.Started(begin.Invocation.Path);
        return true;
    }

    private void LookOutForRequests()
    {
        DateTimeOffset now = _clock.GetUtcNow();
        string? before = _stoppedBy;
        if (_stopAsked is { } asked && _stoppedBy is null)
        {
            _stoppedBy = asked;
            using Transaction request = _records.Database.BeginWrite(CancellationToken.None);
            _records.AskStop(_execution.Id, asked);
            request.Commit();
            _history.Note(History.StopAsked, asked);
            if (KeepsLease)
                StopRequest.Clear(_folder, _clock);
        }
        else if (now - _lookedOut >= LookOut)
        {
            _lookedOut = now;
            if (_stoppedBy is null && (_stoppedBy = _records.ReadStop(_execution.Id)) is { } other)
                _history.Note(History.StopAsked, other);
            foreach (NodePath gate in _frontier.Running.Where(path => _plan.Find(path)?.Node is Node.Gate))
                _frontier.Wake(gate);
            if (KeepsLease && _stoppedBy is null)
                _stopAsked ??= StopRequest.Find(_folder, _clock);
            if (KeepsLease && now - _leased >= RenewLease)
                Renew(now);
        }
        if (before != _stoppedBy)
            _frontier.WakeAll();
    }

    private void Renew(DateTimeOffset now)
    {
        _leased = now;
        using Transaction write = _records.Database.BeginWrite(CancellationToken.None);
        if (!_records.RefreshLease(_execution.Id, _owner))
            throw new ExecutionTakenException(_records.Find(_execution.Id)?.Owner ?? "another process");
        write.Commit();
    }

    private Facts NowFacts() => _options.Facts(_files.AddTo(new Facts(_execution.Id, _clock.GetUtcNow())) with
    {
        Cache = _results.Ask,
        CacheMode = _options.CacheMode,
        CacheScope = ResultCache.ScopeOf(_plan.Root.Project),
        Folder = _folder.Work,
        Signals = path => _records.ReadSignal(_execution.Id, path) is { } body ? Answers.Read(body) : null,
        StopAskedBy = _stoppedBy,
    });

    private TimeSpan? UntilNext()
    {
        DateTimeOffset now = _clock.GetUtcNow();
        DateTimeOffset next = now + (_isShort && HasRoom() ? AskAgain : LookOut);
        if (_attempts.NextDue is { } due && due < next)
            next = due;
        foreach (DateTimeOffset timer in _timers.Values)
            next = timer < next ? timer : next;
        return next <= now ? TimeSpan.Zero : next - now;
    }

    private AttemptRow? LastAttempt(NodePath path) => _records.Attempts(_execution.Id, path) is [.., var last] ? last : null;

    /// <summary>Goes on from what was recorded: adopts what runs, and decides anew what was about to.</summary>
    private void Recover()
    {
        var ended = new List<NodeState>();
        var open = new List<NodeRow>();
        _records.ReadNodes(_execution.Id, row =>
        {
            _count.Recorded(row);
            if (!Enum.Parse<Phase>(row.Phase).IsTerminal)
            {
                open.Add(row);
                if (row.Tally is not null)
                    _history.Knows(row.Path);
            }
            else if (IsNeeded(row.Path))
                ended.Add(StateRows.FromRow(row, last: null));
        });
        _frontier.Restore([.. ended, .. open.Select(row => StateRows.FromRow(row, row.Attempt > 0 ? LastAttempt(row.Path) : null))]);
        AdoptOpenAttempts();
        if (_stoppedBy is not null)
            _frontier.WakeAll();
    }

    /// <summary>Of ended elements only those whose results are gathered are needed again.</summary>
    private bool IsNeeded(NodePath path) =>
        path.Index is null || _plan.Find(path.Parent) is not { } sweep || _plan.ShapeAt(sweep.Scope).IsGathered(sweep.Node.Id);

    /// <summary>The call of an open attempt is computed again, from the plan and the states that it was decided by.</summary>
    private void AdoptOpenAttempts()
    {
        var open = new List<(Invocation Call, DateTimeOffset Started)>();
        Facts facts = NowFacts();
        foreach (AttemptRow row in _records.OpenAttempts(_execution.Id))
        {
            Step.Start begin = Decision.StartOf(_plan, row.Id, _frontier.State, facts)
                ?? throw new InvalidOperationException($"the plan has no call of {row.Id}, which was started");
            _open[row.Id.Path] = begin;
            _limits.Started(row.Id.Path);
            // Who else began the same work meanwhile does it too: what runs is not stopped for that.
            _results.TryClaim(begin);
            _results.Began(begin);
            open.Add((begin.Invocation, row.Started ?? row.Intended));
        }
        if (open.Count == 0)
            return;
        List<Invocation> never = _attempts.Adopt(open);
        foreach (Invocation call in never)
            _attempts.Start(call, _ledger?.TryTake(call.Needs) ?? Grant.Nothing);
        foreach (AttemptId id in _attempts.Running.ToList())
            PublishStart(_open[id.Path].Invocation, adopted: !never.Any(call => call.Id == id));
    }

    private ExecutionEnd Ending(Phase state) =>
        new(_execution.Id, _execution.Name, state, Progress, _count.Failures) { StoppedBy = _stoppedBy };
}
