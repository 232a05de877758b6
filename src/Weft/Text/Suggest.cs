namespace Weft.Text;

/// <summary>
/// "Did you mean": Damerau–Levenshtein distance (optimal string alignment), at most 1 edit for words under 5 letters and at most 2
/// above, and only if exactly one candidate is nearest. One function for flags, keys, tasks, groups and resolvers alike.
/// </summary>
public static class Suggest
{
    public static string? Nearest(string word, IEnumerable<string> candidates)
    {
        int limit = word.Length < 5 ? 1 : 2;
        string? nearest = null;
        int best = limit + 1;
        bool tied = false;
        foreach (string candidate in candidates)
        {
            if (candidate == word || Math.Abs(candidate.Length - word.Length) > limit)
                continue;
            int distance = Distance(word, candidate, limit);
            if (distance > limit || distance > best)
                continue;
            tied = distance == best && candidate != nearest;
            best = distance;
            nearest = candidate;
        }
        return tied ? null : nearest;
    }

    /// <summary>The hint of a diagnostic: <c>did you mean `x`?</c>, or null.</summary>
    public static string? Hint(string word, IEnumerable<string> candidates) =>
        Nearest(word, candidates) is { } nearest ? $"did you mean `{nearest}`?" : null;

    /// <summary>As <see cref="Hint"/>; without a near one, the candidates are listed if they are few.</summary>
    public static string? HintOrList(string word, IReadOnlyCollection<string> candidates, string label) =>
        Hint(word, candidates) ?? (candidates.Count is > 0 and <= 12 ? $"{label}: {List(candidates)}" : null);

    /// <summary><c>`a`, `b` or `c`</c>.</summary>
    public static string List(IEnumerable<string> words, string last = "or")
    {
        string[] quoted = [.. words.Select(word => $"`{word}`")];
        return quoted.Length switch
        {
            0 => "",
            1 => quoted[0],
            _ => $"{string.Join(", ", quoted[..^1])} {last} {quoted[^1]}",
        };
    }

    /// <summary>The distance, or any number above <paramref name="limit"/> once it is exceeded.</summary>
    internal static int Distance(string a, string b, int limit)
    {
        int[] older = new int[b.Length + 1];
        int[] last = new int[b.Length + 1];
        int[] row = new int[b.Length + 1];
        for (int j = 0; j <= b.Length; j++)
            last[j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            row[0] = i;
            int least = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int cost = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1;
                int value = Math.Min(Math.Min(row[j - 1] + 1, last[j] + 1), last[j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    value = Math.Min(value, older[j - 2] + 1);
                row[j] = value;
                least = Math.Min(least, value);
            }
            if (least > limit)
                return least;
            (older, last, row) = (last, row, older);
        }
        return last[b.Length];
    }
}
