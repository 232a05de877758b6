using Weft.Records;
using Weft.Tasks;
using Weft.Values;

namespace Weft.Execution;

/// <summary>What was done before in a place of a workflow, to compare with: what its cache keys were made from, whether or not its results are still kept.</summary>
/// <param name="cache">The kept results; null when there are none.</param>
internal sealed class EarlierWork(ExecutionRecords records, ExecutionPlace place, ResultCache? cache)
{
    /// <summary>Works that are compared; those further back say little about now.</summary>
    private const int MostCompared = 5;

    private readonly Dictionary<ExecutionId, IReadOnlyList<DocumentLog.Entry>> _logs = [];

    /// <summary>What a key of a node was made from; null when nobody knows any more.</summary>
    public CacheDocument? DocumentOf(ExecutionId execution, NodePath path, string key) =>
        cache?.Find(key)?.Document ?? LogOf(execution).FirstOrDefault(entry => entry.Path == path && entry.Key == key)?.Document;

    /// <summary>The closest of the works before: the one that differs in the fewest parts, of equals the newest.</summary>
    /// <param name="execution">The one in which it runs; null for one that is not there yet. Earlier attempts in it count too.</param>
    public Comparison Closest(string definition, NodePath path, CacheDocument now, ExecutionId? execution)
    {
        var found = new Comparison(null, [], HasRun: false);
        int compared = 0;
        foreach ((string key, string name, CacheDocument? document) in Before(definition, path, now.Key(), execution))
        {
            found = found with { HasRun = true };
            if (key == now.Key())
                return new Comparison(name, [], HasRun: true);
            if (document is null)
                continue;
            CacheDifference[] differences = [.. CacheComparison.Differences(document, now)];
            if (found.With is null || differences.Length < found.Differences.Length)
                found = new Comparison(name, differences, HasRun: true);
            if (++compared == MostCompared)
                break;
        }
        return found;
    }

    private IEnumerable<(string Key, string Execution, CacheDocument? Document)> Before(string definition, NodePath path, string key, ExecutionId? execution)
    {
        if (execution is { } own)
        {
            foreach (DocumentLog.Entry entry in LogOf(own).Where(entry => entry.Path == path && entry.Key != key).Reverse())
                yield return (entry.Key, "an earlier attempt", entry.Document);
        }
        foreach ((string other, ExecutionId earlier, string name) in records.EarlierKeys(definition, path, execution))
            yield return (other, name, DocumentOf(earlier, path, other));
    }

    private IReadOnlyList<DocumentLog.Entry> LogOf(ExecutionId execution)
    {
        if (_logs.TryGetValue(execution, out IReadOnlyList<DocumentLog.Entry>? known))
            return known;
        return _logs[execution] = DocumentLog.Read(place.FolderOf(execution));
    }
}

/// <summary>How a work differs from the closest one before.</summary>
/// <param name="With">What it is compared with, in words; null when there is nothing to compare with.</param>
/// <param name="Differences">None when the same had been done.</param>
/// <param name="HasRun">Something was done in this place before, whether or not it can be compared.</param>
internal sealed record Comparison(string? With, CacheDifference[] Differences, bool HasRun);
