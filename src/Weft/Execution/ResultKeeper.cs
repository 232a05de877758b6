using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>
/// Keeps the results of one execution's tasks in the cache: claims a key before its task starts, writes the entry when it has succeeded, gives the claim back
/// however it ended. A result is not kept when something that counts for its key changed while it was made.
/// </summary>
internal sealed class ResultKeeper(ExecutionId execution, Plan plan, ResultCache cache, CacheMode mode, TimeProvider clock) : IDisposable
{
    private readonly Dictionary<NodePath, Step.Start> _making = [];
    private readonly Dictionary<string, NodePath> _claims = new(StringComparer.Ordinal);
    private bool _hasSaidTrouble;

    public CacheAnswer Ask(string key)
    {
        CacheAnswer answer = cache.Ask(key);
        // Claims of our own do not hinder us; those of another node of this execution do.
        return answer is CacheAnswer.Miss && _claims.ContainsKey(key) ? new CacheAnswer.Reserved(clock.GetUtcNow() + ResultCache.LookAgain) : answer;
    }

    /// <summary>False when the same work is being done elsewhere, and its result is to be waited for.</summary>
    public bool TryClaim(Step.Start start)
    {
        if (start is not { Document.IsExclusive: true, Key: { } key } || mode != CacheMode.Enabled)
            return true;
        if (_claims.TryGetValue(key, out NodePath holder))
            return holder == start.Invocation.Path;
        if (!cache.TryClaim(key))
            return false;
        _claims.Add(key, start.Invocation.Path);
        return true;
    }

    /// <summary>Gives a claim back whose task did not start.</summary>
    public void Release(Step.Start start)
    {
        if (start.Key is { } key && _claims.TryGetValue(key, out NodePath holder) && holder == start.Invocation.Path)
        {
            _claims.Remove(key);
            cache.Release(key);
        }
    }

    public void Began(Step.Start start)
    {
        if (start.Document is not null)
            _making[start.Invocation.Path] = start;
    }

    /// <summary>
    /// A node has ended for good. Called before its end is recorded: whoever dies in between leaves an entry more, never one less, and whoever resumes finds the same
    /// end and the same contents again.
    /// </summary>
    /// <returns>A sentence when its result is not kept.</returns>
    public string? Ended(NodeState state, Facts facts, Func<NodePath, NodeState?> states)
    {
        if (!_making.Remove(state.Path, out Step.Start? start) || start is not { Document: { } document, Key: { } key })
            return null;
        string? why = state.Phase == Phase.Succeeded ? Keep(key, document, state, facts, states) : null;
        Release(start);
        return why is null ? null : $"{state.Path}: {why}";
    }

    /// <summary>A sentence about a cache that does not work, once.</summary>
    public string? Trouble()
    {
        if (_hasSaidTrouble || cache.Trouble is not { } trouble)
            return null;
        _hasSaidTrouble = true;
        return trouble;
    }

    public void Dispose() => cache.Dispose();

    private string? Keep(string key, CacheDocument document, NodeState state, Facts facts, Func<NodePath, NodeState?> states)
    {
        // What counts for the key is looked at once more: the program may have seen something else than what was hashed before it started.
        CacheDocument? now = document.Computed?.Files is null && !document.Inputs.Values.Any(IsFromOutside) ? document : Decision.DocumentOf(plan, state.Path, states, facts);
        if (now is null && document.Computed?.Files is { } files && facts.Files(new FileSet([.. files.Each.Keys]))?.Whole != files.Whole)
            return "files that count for it changed while it ran, so its result is not kept for others";
        if (now is not null && !ReferenceEquals(now, document) && now.Key() != key)
            return $"{CacheComparison.First(document, now)} changed while it ran, so its result is not kept for others";
        // An entry that is older than the start was there and was not taken: it makes room.
        DateTimeOffset unlessSince = mode == CacheMode.Overwrite ? DateTimeOffset.MaxValue : state.Started ?? DateTimeOffset.MinValue;
        return cache.Save(key, new CacheEntry(document, state.Outputs, execution, state.Path, clock.GetUtcNow()), unlessSince);
    }

    /// <summary>Whether a value has a file in it that others than tasks may change.</summary>
    private static bool IsFromOutside(Value value) => value switch
    {
        Value.Blob blob => blob.Uri?.StartsWith(Staged.OutsideScheme, StringComparison.Ordinal) == true,
        Value.List list => list.Items.Any(IsFromOutside),
        Value.Map map => map.Entries.Values.Any(IsFromOutside),
        _ => false,
    };
}
