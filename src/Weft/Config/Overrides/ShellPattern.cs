namespace Weft.Config.Overrides;

/// <summary>Shell patterns over names: <c>*</c>, <c>?</c>, <c>[abc]</c>, <c>[a-z]</c>, <c>[!a]</c>. Upper and lower case differ.</summary>
internal static class ShellPattern
{
    public static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name)
    {
        int p = 0;
        int n = 0;
        // Where to go on when what follows the last star does not fit: the star, and one more character taken by it.
        int star = -1;
        int taken = 0;
        while (n < name.Length)
        {
            int next = p < pattern.Length && pattern[p] != '*' ? One(pattern, p, name[n]) : -1;
            if (next > 0)
            {
                p = next;
                n++;
            }
            else if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                taken = n;
            }
            else if (star >= 0)
            {
                p = star + 1;
                n = ++taken;
            }
            else
            {
                return false;
            }
        }
        return pattern[p..].TrimStart('*').IsEmpty;
    }

    /// <summary>Where the pattern goes on after one character; -1 when it does not fit.</summary>
    private static int One(ReadOnlySpan<char> pattern, int at, char c)
    {
        if (pattern[at] == '?')
            return at + 1;
        if (pattern[at] != '[')
            return pattern[at] == c ? at + 1 : -1;
        int start = at + 1;
        bool isNegated = start < pattern.Length && pattern[start] == '!';
        if (isNegated)
            start++;
        // A bracket directly after the opening one is a member.
        int close = start + 1 < pattern.Length ? pattern[(start + 1)..].IndexOf(']') : -1;
        if (close < 0)
            return c == '[' ? at + 1 : -1;
        ReadOnlySpan<char> members = pattern.Slice(start, close + 1);
        return Contains(members, c) != isNegated ? start + close + 2 : -1;
    }

    private static bool Contains(ReadOnlySpan<char> members, char c)
    {
        for (int i = 0; i < members.Length; i++)
        {
            if (i + 2 < members.Length && members[i + 1] == '-')
            {
                if (members[i] <= c && c <= members[i + 2])
                    return true;
                i += 2;
            }
            else if (members[i] == c)
            {
                return true;
            }
        }
        return false;
    }
}
