using System.Collections.Concurrent;
using Weft.Platform;
using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>
/// Attempts with files around them: a worker puts inputs in their places before the start and stores outputs after a success, so that the loop never waits
/// for a disk. Calls without files go straight through. What a dead process was staging is found as never started; what it was storing, as ended, and is
/// stored again.
/// </summary>
internal sealed class StagedAttempts(IAttempts inner, Staging staging, Poller poller, TimeProvider clock) : IAttempts
{
    private readonly Dictionary<AttemptId, Work> _works = [];
    private readonly ConcurrentQueue<Work> _done = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly Queue<Work> _queue = [];
    private Thread? _worker;

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
        if (!Staging.HasInputs(call) && !Staging.HasOutputs(call))
        {
            inner.Start(call, grant);
            return;
        }
        var work = new Work(call, grant, clock.GetUtcNow());
        _works.Add(call.Id, work);
        if (Staging.HasInputs(call))
            Hand(work, Stage.Placing);
        else
            Run(work);
    }

    public List<Invocation> Adopt(IReadOnlyList<(Invocation Call, DateTimeOffset Started)> open)
    {
        List<Invocation> never = inner.Adopt(open);
        foreach ((Invocation call, DateTimeOffset started) in open)
        {
            if (Staging.HasOutputs(call) && !never.Contains(call))
                _works.Add(call.Id, new Work(call, Grant.Nothing, started) { Stage = Stage.Running });
        }
        return never;
    }

    public void Stop(AttemptId id, StopCause cause)
    {
        if (_works.TryGetValue(id, out Work? work) && work.Stage == Stage.Placing)
            work.Cause ??= cause;
        else
            inner.Stop(id, cause);
    }

    public void KillAll()
    {
        foreach (Work work in _works.Values.Where(work => work.Stage == Stage.Placing))
            work.Cause ??= new StopCause.Asked("the user");
        inner.KillAll();
    }

    public List<EndedAttempt> Collect(IReadOnlyList<object> ready)
    {
        var ended = new List<EndedAttempt>();
        while (_done.TryDequeue(out Work? work))
        {
            if (work.Stage == Stage.Placing)
                Placed(work, ended);
            else
                Finish(work, ended);
        }
        foreach (EndedAttempt end in inner.Collect(ready))
        {
            if (!_works.TryGetValue(end.Id, out Work? work))
            {
                ended.Add(end);
                continue;
            }
            work.End = end;
            if (end.Outcome is Outcome.Succeeded && Staging.HasOutputs(work.Call))
                Hand(work, Stage.Storing);
            else
                Finish(work, ended);
        }
        return ended;
    }

    public void Dispose()
    {
        _closing.Cancel();
        lock (_queue)
            Monitor.Pulse(_queue);
        _worker?.Join();
        inner.Dispose();
        foreach (Work work in _works.Values.Where(work => work.Stage == Stage.Placing))
            work.Grant.Dispose();
        _closing.Dispose();
    }

    private void Placed(Work work, List<EndedAttempt> ended)
    {
        if (work.Error is null && work.Cause is null)
        {
            Run(work);
            return;
        }
        work.Grant.Dispose();
        DateTimeOffset now = clock.GetUtcNow();
        Outcome outcome = work.Cause is { } cause ? Verdict.Stopped(cause, null) : new Outcome.Failed(ErrorClass.System, "task/inputs", $"its inputs cannot be put in place: {work.Error}");
        work.End = new EndedAttempt(work.Call.Id, outcome, work.Began, now);
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
        EndedAttempt end = work.End!;
        ended.Add(work is { Stage: Stage.Storing, Error: { } error }
            ? end with { Outcome = new Outcome.Failed(ErrorClass.System, "task/outputs", $"its outputs cannot be stored: {error}"), Outputs = Value.NoEntries }
            : end);
    }

    private void Hand(Work work, Stage stage)
    {
        work.Stage = stage;
        if (_worker is null)
        {
            _worker = new Thread(WorkOff) { IsBackground = true, Name = "staging" };
            _worker.Start();
        }
        lock (_queue)
        {
            _queue.Enqueue(work);
            Monitor.Pulse(_queue);
        }
    }

    private void WorkOff()
    {
        try
        {
            while (Next() is { } work)
            {
                Do(work);
                _done.Enqueue(work);
                poller.Wake();
            }
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
            while (!_closing.IsCancellationRequested)
            {
                if (_queue.TryDequeue(out Work? work))
                    return work;
                Monitor.Wait(_queue);
            }
            return null;
        }
    }

    private void Do(Work work)
    {
        try
        {
            if (work.Stage == Stage.Placing)
                staging.PlaceInputs(work.Call, _closing.Token);
            else
                work.End = work.End! with { Outputs = staging.StoreOutputs(work.Call, work.End.Outputs, _closing.Token) };
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            work.Error = error.Message;
        }
    }

    private enum Stage
    {
        Placing,
        Running,
        Storing,
    }

    private sealed class Work(Invocation call, Grant grant, DateTimeOffset began)
    {
        public Invocation Call { get; } = call;

        public Grant Grant { get; } = grant;

        public DateTimeOffset Began { get; } = began;

        public Stage Stage { get; set; }

        /// <summary>The inner attempts do not count it.</summary>
        public bool IsOurs => Stage != Stage.Running;

        public StopCause? Cause { get; set; }

        public string? Error { get; set; }

        public EndedAttempt? End { get; set; }
    }
}
