using Weft.Tasks;
using Weft.Values;

namespace Weft.Execution;

/// <summary>
/// Two ways to run attempts on this machine, told apart by the call: what has secrets needs a task host as its parent, which masks its output; everything
/// else runs by itself.
/// </summary>
/// <param name="isHosted">Whether a task host runs the call.</param>
internal sealed class PlacedAttempts(IAttempts local, IAttempts hosted, Func<Invocation, bool> isHosted) : IAttempts
{
    public int Count => local.Count + hosted.Count;

    public IEnumerable<AttemptId> Running => local.Running.Concat(hosted.Running);

    public DateTimeOffset? NextDue => local.NextDue is not { } first ? hosted.NextDue : hosted.NextDue is { } second && second < first ? second : first;

    public void Start(Invocation call, Grant grant) => (isHosted(call) ? hosted : local).Start(call, grant);

    public List<Invocation> Adopt(IReadOnlyList<(Invocation Call, DateTimeOffset Started)> open) =>
    [
        .. local.Adopt([.. open.Where(attempt => !isHosted(attempt.Call))]),
        .. hosted.Adopt([.. open.Where(attempt => isHosted(attempt.Call))]),
    ];

    public void Stop(AttemptId id, StopCause cause)
    {
        local.Stop(id, cause);
        hosted.Stop(id, cause);
    }

    public void KillAll()
    {
        local.KillAll();
        hosted.KillAll();
    }

    public List<EndedAttempt> Collect(IReadOnlyList<object> ready) => [.. local.Collect(ready), .. hosted.Collect(ready)];

    public void Dispose()
    {
        local.Dispose();
        hosted.Dispose();
    }
}
