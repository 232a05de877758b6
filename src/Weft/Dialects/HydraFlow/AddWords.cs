namespace Weft.Dialects.HydraFlow;

/// <summary>The words that HydraFlow puts at the end of every command.</summary>
internal static class AddWords
{
    /// <summary>
    /// Both lists in order, one word per key: a later word takes the place of an earlier one with its key. The key is what stands before the
    /// first <c>=</c>, signs included, or the whole word.
    /// </summary>
    public static IReadOnlyList<string> Merge(IEnumerable<string> job, IEnumerable<string> set)
    {
        var words = new List<string>();
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (string word in job.Concat(set))
        {
            int equals = word.IndexOf('=', StringComparison.Ordinal);
            if (places.TryAdd(equals < 0 ? word : word[..equals], words.Count))
                words.Add(word);
            else
                words[places[equals < 0 ? word : word[..equals]]] = word;
        }
        return words;
    }
}
