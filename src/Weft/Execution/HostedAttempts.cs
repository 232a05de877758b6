using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>Places task hosts: a process on this machine, a job of a scheduler.</summary>
internal interface IHosts : IDisposable
{
    /// <summary>Has a task host run this attempt, now or when there is room. Doing so twice is harmless: the second host finds the attempt claimed.</summary>
    /// <param name="grant">What the attempt holds of this machine: for a host that runs here.</param>
    /// <exception cref="IOException">No host can be placed.</exception>
    void Submit(Invocation call, Grant grant);

    /// <summary>Whether a host of this attempt still waits or runs, as far as is known.</summary>
    bool IsAlive(AttemptId id);

    /// <summary>Takes back what waits, asks what runs to end; with <paramref name="kill"/> at once.</summary>
    void Cancel(AttemptId id, bool kill);
}

/// <summary>
/// Attempts that task hosts run. All that is known of them stands in their folders, so any process can take them over: submitted twice they run once,
/// and an end is only believed when it stands there. An attempt whose host is gone is given up by making its end, which host and giver-up cannot both do.
/// </summary>
internal sealed class HostedAttempts(RunFolder folder, IHosts hosts, TimeProvider clock) : IAttempts
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(25);

    /// <summary>How long a host may take to show itself after it was submitted.</summary>
    private static readonly TimeSpan Appearing = TimeSpan.FromSeconds(5);

    private readonly Dictionary<AttemptId, Hosted> _running = [];

    public int Count => _running.Count;

    public IEnumerable<AttemptId> Running => _running.Keys;

    public DateTimeOffset? NextDue => _running.Count == 0 ? null : clock.GetUtcNow() + LookAgain;

    public void Start(Invocation call, Grant grant)
    {
        DateTimeOffset now = clock.GetUtcNow();
        _running.Add(call.Id, new Hosted(call, now));
        try
        {
            hosts.Submit(call, grant);
        }
        catch (IOException error)
        {
            FolderOf(call.Id).TryEnd(new EndedAttempt(call.Id, new Outcome.Failed(ErrorClass.System, "task/host", error.Message), now, now));
        }
        grant.Dispose();
    }

    public List<Invocation> Adopt(IReadOnlyList<(Invocation Call, DateTimeOffset Started)> open)
    {
        var never = new List<Invocation>();
        foreach ((Invocation call, DateTimeOffset started) in open)
        {
            AttemptFolder attempt = FolderOf(call.Id);
            if (attempt.IsClaimed || attempt.HasEnded || hosts.IsAlive(call.Id))
                _running.Add(call.Id, new Hosted(call, started));
            else
                never.Add(call);
        }
        return never;
    }

    public void Stop(AttemptId id, StopCause cause)
    {
        if (_running.TryGetValue(id, out Hosted? hosted) && hosted.Cause is null)
        {
            hosted.Cause = cause;
            FolderOf(id).AskStop(kill: false);
            hosts.Cancel(id, kill: false);
        }
    }

    public void KillAll()
    {
        foreach (Hosted hosted in _running.Values)
        {
            hosted.Cause ??= new StopCause.Asked("the user");
            FolderOf(hosted.Call.Id).AskStop(kill: true);
            hosts.Cancel(hosted.Call.Id, kill: true);
        }
    }

    public List<EndedAttempt> Collect(IReadOnlyList<object> ready)
    {
        var ended = new List<EndedAttempt>();
        foreach (Hosted hosted in _running.Values.ToList())
        {
            if (Look(hosted) is not { } end)
                continue;
            _running.Remove(hosted.Call.Id);
            bool wasStopped = hosted.Cause is not null && end.Outcome is not Outcome.Succeeded;
            ended.Add(wasStopped ? end with { Outcome = Verdict.Stopped(hosted.Cause!, null) } : end);
        }
        return ended;
    }

    public void Dispose() => hosts.Dispose();

    private EndedAttempt? Look(Hosted hosted)
    {
        AttemptId id = hosted.Call.Id;
        AttemptFolder attempt = FolderOf(id);
        if (attempt.ReadEnd(id) is { } end)
            return end;
        DateTimeOffset now = clock.GetUtcNow();
        if (hosts.IsAlive(id))
        {
            hosted.LastAlive = now;
            return null;
        }
        // Between the end of a host and what it left behind, or between submission and claim, there is a moment.
        if (now - hosted.LastAlive < (attempt.IsClaimed ? LookAgain : Appearing))
            return null;
        attempt.TryEnd(new EndedAttempt(id, new Outcome.Lost(), hosted.LastAlive, now));
        return attempt.ReadEnd(id);
    }

    private AttemptFolder FolderOf(AttemptId id) => new(folder.Hosted(id));

    private sealed class Hosted(Invocation call, DateTimeOffset started)
    {
        public Invocation Call { get; } = call;

        public DateTimeOffset LastAlive { get; set; } = started;

        public StopCause? Cause { get; set; }
    }
}
