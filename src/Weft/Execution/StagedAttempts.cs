using System.Collections.Concurrent;
using Weft.Platform;
using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>
/// Attempts with files around them: a worker puts inputs in their places before the start and stores outputs after a success, another one makes virtual
/// environments, so that the loop never waits for a disk or for pip. Small files that need no waiting are seen to at once: a hand-over to another thread takes
/// longer than they do. Calls without any of it go straight through. What a dead process was staging is found
/// as never started; what it was storing, as ended, and is stored again.
/// </summary>
/// <param name="environments">Where tasks with requirements run.</param>
/// <param name="logOf">The log of an attempt.</param>
internal sealed class StagedAttempts(IAttempts inner, Staging staging, PythonEnvironments environments, Func<AttemptId, string> logOf, Poller poller, TimeProvider clock) : IAttempts
{
    private readonly Dictionary<AttemptId, Work> _works = [];
    private readonly ConcurrentQueue<Work> _done = new();
    private readonly CancellationTokenSource _closing = new();
    private Worker? _files;
    private Worker? _pip;

    public int Count
    {
        get
        {
            int count = inner.Count;
            foreach ((_, Work work) in _works)
                count += work.IsOurs ? 1 : 0;
            return count;
        }
    }

    public IEnumerable<AttemptId> Running => inner.Running.Concat(_works.Values.Where(work => work.IsOurs).Select(work => work.Call.Id));

    public DateTimeOffset? NextDue => _done.IsEmpty ? inner.NextDue : DateTimeOffset.MinValue;

    public void Start(Invocation call, Grant grant)
    {
        if (call.Requirements is null && !Staging.HasInputs(call) && !Staging.HasOutputs(call))
        {
            inner.Start(call, grant);
            return;
        }
        var work = new Work(call, grant, clock.GetUtcNow(), _closing.Token);
        _works.Add(call.Id, work);
        if (call.Requirements is not null)
            Hand(work, Stage.Equipping);
        else
            Place(work);
    }

    public List<Invocation> Adopt(IReadOnlyList<(Invocation Call, DateTimeOffset Started)> open)
    {
        List<Invocation> never = inner.Adopt(open);
        foreach ((Invocation call, DateTimeOffset started) in open)
        {
            if (Staging.HasOutputs(call) && !never.Contains(call))
                _works.Add(call.Id, new Work(call, Grant.Nothing, started, _closing.Token) { Stage = Stage.Running });
        }
        return never;
    }

    public void Stop(AttemptId id, StopCause cause)
    {
        if (_works.TryGetValue(id, out Work? work) && work.IsBeforeStart)
            work.Stop(cause);
        else
            inner.Stop(id, cause);
    }

    public void KillAll()
    {
        foreach (Work work in _works.Values.Where(work => work.IsBeforeStart))
            work.Stop(new StopCause.Asked("the user"));
        inner.KillAll();
    }

    public List<EndedAttempt> Collect(IReadOnlyList<object> ready)
    {
        var ended = new List<EndedAttempt>();
        while (_done.TryDequeue(out Work? work))
        {
            if (work.Stage == Stage.Storing)
                Finish(work, ended);
            else if (work.Error is not null || work.Cause is not null)
                NotStarted(work, ended);
            else if (work.Stage == Stage.Equipping)
                Place(work);
            else
                Run(work);
        }
        foreach (EndedAttempt end in inner.Collect(ready))
        {
            if (!_works.TryGetValue(end.Id, out Work? work))
            {
                ended.Add(end);
                continue;
            }
            work.End = end;
            if (end.Outcome is Outcome.Succeeded && Staging.HasOutputs(work.Call) && !TryStoreAtOnce(work))
                Hand(work, Stage.Storing);
            else
                Finish(work, ended);
        }
        return ended;
    }

    public void Dispose()
    {
        _closing.Cancel();
        _files?.Dispose();
        _pip?.Dispose();
        inner.Dispose();
        foreach (Work work in _works.Values)
        {
            if (work.IsBeforeStart)
                work.Grant.Dispose();
            work.Dispose();
        }
        _closing.Dispose();
    }

    private void Place(Work work)
    {
        if (!Staging.HasInputs(work.Call))
        {
            Run(work);
            return;
        }
        if (!staging.IsQuick(work.Call))
        {
            Hand(work, Stage.Placing);
            return;
        }
        work.Stage = Stage.Placing;
        Act(work);
        if (work.Error is null)
            Run(work);
        else
            _done.Enqueue(work);
    }

    private bool TryStoreAtOnce(Work work)
    {
        try
        {
            if (staging.Recognize(work.Call, work.End!.Outputs) is not { } stored)
                return false;
            work.End = work.End with { Outputs = stored };
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The worker tries again, and says what is wrong.
            return false;
        }
    }

    private void NotStarted(Work work, List<EndedAttempt> ended)
    {
        work.Grant.Dispose();
        Outcome outcome = work switch
        {
            { Cause: { } cause } => Verdict.Stopped(cause, null),
            { Stage: Stage.Equipping } => new Outcome.Failed(ErrorClass.System, "task/environment", work.Error!) { LastLines = LastLines.Read(logOf(work.Call.Id), Verdict.TailLines) },
            _ => new Outcome.Failed(ErrorClass.System, "task/inputs", $"its inputs cannot be put in place: {work.Error}"),
        };
        work.End = new EndedAttempt(work.Call.Id, outcome, work.Began, clock.GetUtcNow());
        Finish(work, ended);
    }

    private void Run(Work work)
    {
        work.Stage = Stage.Running;
        inner.Start(work.Call, work.Grant);
    }

    private void Finish(Work work, List<EndedAttempt> ended)
    {
        _works.Remove(work.Call.Id);
        work.Dispose();
        EndedAttempt end = work.End!;
        ended.Add(work is { Stage: Stage.Storing, Error: { } error }
            ? end with { Outcome = new Outcome.Failed(ErrorClass.System, "task/outputs", $"its outputs cannot be stored: {error}"), Outputs = Value.NoEntries }
            : end);
    }

    private void Hand(Work work, Stage stage)
    {
        work.Stage = stage;
        Worker worker = stage == Stage.Equipping
            ? _pip ??= new Worker("environments", Do)
            : _files ??= new Worker("staging", Do);
        worker.Add(work);
    }

    private void Do(Work work)
    {
        Act(work);
        _done.Enqueue(work);
        poller.Wake();
    }

    private void Act(Work work)
    {
        try
        {
            switch (work.Stage)
            {
                case Stage.Equipping:
                    PythonEnvironment environment = environments.Open(work.Call, logOf(work.Call.Id), work.Cancelled);
                    work.Call = work.Call with { Python = environment.Folder, Requirements = null };
                    work.Grant = work.Grant with { Environment = environment.Use };
                    break;
                case Stage.Placing:
                    staging.PlaceInputs(work.Call, work.Cancelled);
                    break;
                default:
                    work.End = work.End! with { Outputs = staging.StoreOutputs(work.Call, work.End.Outputs, work.Cancelled) };
                    break;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            work.Error = error.Message;
        }
        catch (OperationCanceledException) when (work.Cause is not null)
        {
            // Its cause says what became of it.
        }
    }

    private enum Stage
    {
        /// <summary>Its virtual environment is being made.</summary>
        Equipping,

        /// <summary>Its inputs are being put in their places.</summary>
        Placing,
        Running,
        Storing,
    }

    private sealed class Work(Invocation call, Grant grant, DateTimeOffset began, CancellationToken closing) : IDisposable
    {
        private readonly CancellationTokenSource _cancel = CancellationTokenSource.CreateLinkedTokenSource(closing);
        private volatile StopCause? _cause;

        public Invocation Call { get; set; } = call;

        public Grant Grant { get; set; } = grant;

        public DateTimeOffset Began { get; } = began;

        public Stage Stage { get; set; }

        /// <summary>The inner attempts do not count it.</summary>
        public bool IsOurs => Stage != Stage.Running;

        public bool IsBeforeStart => Stage is Stage.Equipping or Stage.Placing;

        /// <summary>Why it does not start any more; null while it will.</summary>
        public StopCause? Cause => _cause;

        public CancellationToken Cancelled => _cancel.Token;

        public string? Error { get; set; }

        public EndedAttempt? End { get; set; }

        public void Stop(StopCause cause)
        {
            _cause ??= cause;
            _cancel.Cancel();
        }

        public void Dispose() => _cancel.Dispose();
    }

    /// <summary>A thread that takes works one after the other.</summary>
    private sealed class Worker : IDisposable
    {
        private readonly Queue<Work> _queue = [];
        private readonly Thread _thread;
        private bool _isClosing;

        public Worker(string name, Action<Work> act)
        {
            _thread = new Thread(() => WorkOff(act)) { IsBackground = true, Name = name };
            _thread.Start();
        }

        public void Add(Work work)
        {
            lock (_queue)
            {
                _queue.Enqueue(work);
                Monitor.Pulse(_queue);
            }
        }

        /// <summary>Waits for the work at hand only.</summary>
        public void Dispose()
        {
            lock (_queue)
            {
                _isClosing = true;
                Monitor.Pulse(_queue);
            }
            _thread.Join();
        }

        private void WorkOff(Action<Work> act)
        {
            try
            {
                while (Next() is { } work)
                    act(work);
            }
            catch (OperationCanceledException)
            {
                // The loop lets go; whoever resumes begins again what was under way.
            }
        }

        /// <summary>Sleeps until there is work; null when there is to be no more. The collections of the framework would spin first, and take the processor from the tasks.</summary>
        private Work? Next()
        {
            lock (_queue)
            {
                while (!_isClosing)
                {
                    if (_queue.TryDequeue(out Work? work))
                        return work;
                    Monitor.Wait(_queue);
                }
                return null;
            }
        }
    }
}
