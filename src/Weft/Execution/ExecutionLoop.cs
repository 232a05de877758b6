using Microsoft.Win32.SafeHandles;
using Weft.Platform;
using Weft.Records;
using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

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
    private readonly Board _board;
    private readonly Poller _poller = new();
    private readonly LocalAttempts _attempts;
    private readonly ProgressCount _count;
    private readonly Dictionary<NodePath, Step.Start> _open = [];
    private readonly List<(Step.Start Begin, Grant Grant)> _intents = [];
    private readonly List<(NodePath Path, string Because)> _stops = [];
    private readonly List<EndedAttempt> _ends = [];
    private readonly string _owner;
    private volatile string? _stopAsked;
    private volatile bool _killAsked;
    private volatile bool _detachAsked;
    private string? _stoppedBy;
    private DateTimeOffset _lookedOut;
    private DateTimeOffset _leased;

    public ExecutionLoop(ExecutionRow execution, string owner, Plan plan, Decider decide, RunOptions options, RunFolder folder, ExecutionRecords records, Ledger? ledger)
    {
        _execution = execution;
        _owner = owner;
        _plan = plan;
        _options = options;
        _folder = folder;
        _records = records;
        _ledger = options.IgnoreResources ? null : ledger;
        _clock = options.Clock;
        _board = new Board(plan, decide, Recorded);
        _count = new ProgressCount(plan, options.RunsPerPoint, _clock);
        _stoppedBy = execution.StopAsked;
        _attempts = new LocalAttempts(folder, _poller, _clock, new LocalSurroundings(options.ProjectFolder, options.Environment)
        {
            Input = options.TerminalInput ? new SafeFileHandle(0, ownsHandle: false) : null,
            Additional = options.Variables,
        });
    }

    /// <summary>On a network file system the owner says now and then that it lives.</summary>
    public bool KeepsLease { get; init; }

    /// <summary>How far it is. Safe from any thread.</summary>
    public ExecutionProgress Progress => _count.Now(_attempts.Count);

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
        Recover();
        var ready = new List<object>();
        while (true)
        {
            Turn(ready);
            if (_board.Root.Phase.IsTerminal && _attempts.Count == 0 && _ends.Count == 0)
                return Finished();
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
        foreach ((_, Grant grant) in _intents)
            grant.Dispose();
    }

    private void Turn(List<object> ready)
    {
        if (_killAsked)
            _attempts.KillAll();
        _ends.AddRange(_attempts.Collect(ready));
        foreach (EndedAttempt end in _ends)
            _board.Ended(end);
        LookOutForRequests();
        _board.Advance(NowFacts(), HasRoom, TryReserve, (path, because) => _stops.Add((path, because)));
        List<NodeState> touched = _board.TakeTouched();
        Commit(touched);
        Act();
        Publish(touched);
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
            _records.SetNode(_execution.Id, StateRows.ToRow(state));
        foreach ((Step.Start begin, _) in _intents)
            _records.Intend(begin.Invocation.Id, _options.Snapshot, "local", "Submitted");
        NodeState root = _board.Root;
        if (root.Phase.IsTerminal)
            _records.SetState(_execution.Id, root.Phase.ToString(), StateRows.Write(_count.Tally), _clock.GetUtcNow());
        turn.Commit();
    }

    private void Act()
    {
        foreach ((Step.Start begin, Grant grant) in _intents)
        {
            _open[begin.Invocation.Path] = begin;
            _attempts.Start(begin.Invocation, grant);
            PublishStart(begin.Invocation, adopted: false);
        }
        _intents.Clear();
        foreach ((NodePath path, string because) in _stops)
        {
            if (_open.TryGetValue(path, out Step.Start? begin))
                _attempts.Stop(begin.Invocation.Id, new StopCause.Asked(because));
        }
        _stops.Clear();
    }

    private void Publish(List<NodeState> touched)
    {
        foreach (EndedAttempt end in _ends)
        {
            _open.Remove(end.Id.Path);
            _options.Publish(new ExecutionEvent.AttemptEnded(end.Ended, end.Id, end.Id.Path.Text, end.Outcome, end.Ended - end.Started) { Warnings = end.Warnings });
        }
        _ends.Clear();
        foreach (NodeState state in touched)
        {
            if (!state.Phase.IsTerminal)
                continue;
            _count.Ended(state);
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
        }
        else if (now - _lookedOut >= LookOut)
        {
            _lookedOut = now;
            _stoppedBy ??= _records.ReadStop(_execution.Id);
            if (KeepsLease && now - _leased >= RenewLease)
                Renew(now);
        }
        if (before != _stoppedBy)
            _board.Reconsider();
    }

    private void Renew(DateTimeOffset now)
    {
        _leased = now;
        using Transaction write = _records.Database.BeginWrite(CancellationToken.None);
        if (!_records.RefreshLease(_execution.Id, _owner))
            throw new ExecutionTakenException(_records.Find(_execution.Id)?.Owner ?? "another process");
        write.Commit();
    }

    private Facts NowFacts() => _options.Facts(new Facts(_execution.Id, _clock.GetUtcNow())
    {
        Folder = _folder.Work,
        StopAskedBy = _stoppedBy,
    });

    private TimeSpan? UntilNext()
    {
        DateTimeOffset now = _clock.GetUtcNow();
        DateTimeOffset next = now + (_board.Held > 0 && HasRoom() ? AskAgain : LookOut);
        if (_attempts.NextDue is { } due && due < next)
            next = due;
        if (_board.NextTimer is { } timer && timer < next)
            next = timer;
        return next <= now ? TimeSpan.Zero : next - now;
    }

    private NodeState? Recorded(NodePath path)
    {
        NodeRow? row = _records.FindNode(_execution.Id, path);
        return row is null ? null : StateRows.FromRow(row, LastAttempt(path));
    }

    private AttemptRow? LastAttempt(NodePath path) => _records.Attempts(_execution.Id, path) is [.., var last] ? last : null;

    /// <summary>Goes on from what was recorded: adopts what runs, and decides anew what was about to.</summary>
    private void Recover()
    {
        var states = new List<NodeState>();
        var openElements = new List<NodeRow>();
        _records.ReadNodes(_execution.Id, row =>
        {
            bool terminal = Enum.Parse<Phase>(row.Phase).IsTerminal;
            _count.Recorded(row);
            if (!terminal)
                openElements.Add(row);
            else if (row.Path.Index is null)
                states.Add(StateRows.FromRow(row, last: null));
        });
        foreach (NodeRow row in openElements)
            states.Add(StateRows.FromRow(row, row.Attempt > 0 ? LastAttempt(row.Path) : null));
        _board.Load(states);
        AdoptOpenAttempts();
    }

    /// <summary>
    /// The call of an open attempt is computed again, as it was computed when it was decided: from the plan and the state before it started.
    /// </summary>
    private void AdoptOpenAttempts()
    {
        var open = new List<(Invocation Call, DateTimeOffset Started)>();
        Facts facts = NowFacts() with { StopAskedBy = null };
        foreach (AttemptRow row in _records.OpenAttempts(_execution.Id))
        {
            Outcome? previous = _records.Attempts(_execution.Id, row.Id.Path).LastOrDefault(attempt => attempt.End is not null)?.End is { } end ? StateRows.OutcomeOf(end) : null;
            if (_board.StartAgain(row.Id, previous, facts) is not { } begin)
                continue;
            _open[row.Id.Path] = begin;
            open.Add((begin.Invocation, row.Started ?? row.Intended));
        }
        List<Invocation> never = _attempts.Adopt(open);
        foreach (Invocation call in never)
        {
            Grant? grant = _ledger?.TryTake(call.Needs) ?? Grant.Nothing;
            _attempts.Start(call, grant);
        }
        foreach (AttemptId id in _attempts.Running.ToList())
            PublishStart(_open[id.Path].Invocation, adopted: !never.Any(call => call.Id == id));
    }

    private ExecutionEnd Finished() => Ending(_board.Root.Phase);

    private ExecutionEnd Ending(Phase state) =>
        new(_execution.Id, _execution.Name, state, Progress, _count.Failures) { StoppedBy = _stoppedBy };
}
