using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>
/// Keeps the results of one execution's tasks in the cache: claims a key before its task starts, writes the entry when it has succeeded, gives the claim back
/// however it ended. A result is not kept when a file that counts for its key changed while it was made.
/// </summary>
internal sealed class ResultKeeper(ExecutionId execution, Plan plan, ResultCache cache, CacheMode mode, TimeProvider clock)
{
    private readonly Dictionary<NodePath, Step.Start> _making = [];

    public CacheAnswer Ask(string key) => cache.Ask(key);

    /// <summary>False when the same work is being done elsewhere, and its result is to be waited for.</summary>
    public bool TryClaim(Step.Start start) =>
        start.Document is not { IsExclusive: true } document || mode != CacheMode.Enabled || cache.TryClaim(document.Key(), ClaimOf(start.Invocation.Path));

    /// <summary>Gives a claim back whose task did not start.</summary>
    public void Release(Step.Start start)
    {
        if (start.Document is { IsExclusive: true } document)
            cache.Release(document.Key(), ClaimOf(start.Invocation.Path));
    }

    public void Began(Step.Start start)
    {
        if (start.Document is not null)
            _making[start.Invocation.Path] = start;
    }

    /// <summary>A node has ended for good; its state is recorded.</summary>
    /// <returns>A sentence when its result is not kept because something changed meanwhile.</returns>
    public string? Ended(NodeState state, Facts facts, Func<NodePath, NodeState?> states)
    {
        if (!_making.Remove(state.Path, out Step.Start? start) || start.Document is not { } document)
            return null;
        string key = document.Key();
        string? drift = null;
        if (state.Phase == Phase.Succeeded)
        {
            // What counts for the key is looked at once more: the program may have seen something else than what was hashed before it started.
            if (Decision.DocumentOf(plan, state.Path, states, facts) is { } now && now.Key() != key)
                drift = $"{state.Path}: {CacheComparison.First(document, now)} changed while it ran, so its result is not kept for others";
            else
                cache.Save(key, new CacheEntry(document, state.Outputs, execution, state.Path, clock.GetUtcNow()), mode == CacheMode.Overwrite);
        }
        Release(start);
        return drift;
    }

    private CacheClaim ClaimOf(NodePath path) => new(execution, path);
}
