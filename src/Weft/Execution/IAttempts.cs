using Weft.Tasks;
using Weft.Values;

namespace Weft.Execution;

/// <summary>
/// Starts attempts and sees their ends, for the loop that decides: on this machine by itself (<see cref="LocalAttempts"/>), or by task hosts
/// wherever they are (<see cref="HostedAttempts"/>). Belongs to the loop's thread.
/// </summary>
internal interface IAttempts : IDisposable
{
    /// <summary>How many attempts run.</summary>
    int Count { get; }

    IEnumerable<AttemptId> Running { get; }

    /// <summary>When <see cref="Collect"/> has to be called at the latest; null when only the poller's word counts.</summary>
    DateTimeOffset? NextDue { get; }

    /// <summary>
    /// Starts an attempt whose intent is committed. What cannot be started ends at once: its end is among the next <see cref="Collect"/>.
    /// </summary>
    /// <exception cref="IOException">The run folder cannot be written: no attempt could be started.</exception>
    void Start(Invocation call, Grant grant);

    /// <summary>
    /// Looks at what a process that is gone has begun, all open attempts in one call. Those that run are watched from now on; those that have ended are
    /// among the next <see cref="Collect"/>; handed back are those that never started and may start now, under the same number.
    /// </summary>
    List<Invocation> Adopt(IReadOnlyList<(Invocation Call, DateTimeOffset Started)> open);

    /// <summary>Asks an attempt to end, with its grace time. Its end comes by <see cref="Collect"/>.</summary>
    void Stop(AttemptId id, StopCause cause);

    /// <summary>Kills what has not ended yet, without waiting for the grace time.</summary>
    void KillAll();

    /// <summary>The attempts that have ended since the last call.</summary>
    /// <param name="ready">What <see cref="Platform.Poller.Wait"/> found ready.</param>
    List<EndedAttempt> Collect(IReadOnlyList<object> ready);
}
