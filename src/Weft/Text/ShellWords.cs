using System.Collections.Immutable;
using System.Text;

namespace Weft.Text;

/// <summary>
/// Splits a text into words as a POSIX shell does, without expansions and without comments, and quotes words so that a shell reads them back.
/// Rules: blanks, tabs and line breaks separate; <c>'…'</c> is literal; in <c>"…"</c> a backslash escapes <c>"</c> and <c>\</c> only; outside
/// quotes it takes the next character literally; <c>#</c> and <c>$</c> are ordinary characters.
/// </summary>
public static class ShellWords
{
    /// <summary>Of each ASCII character, whether a shell takes it as it is.</summary>
    private static readonly bool[] Bare = Mark("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-");

    /// <returns>The words in order; default (not empty) when the text cannot be split, and a diagnostic says why.</returns>
    public static ImmutableArray<Excerpt> Split(Excerpt text, Diagnostics diagnostics)
    {
        var words = ImmutableArray.CreateBuilder<Excerpt>();
        int at = 0;
        while (true)
        {
            while (at < text.Text.Length && IsBlank(text.Text[at]))
                at++;
            if (at == text.Text.Length)
                return words.DrainToImmutable();
            if (ReadWord(text, ref at, diagnostics) is not { } word)
                return default;
            words.Add(word);
        }
    }

    /// <summary>One word as a shell would need it: bare when every character is harmless, else in single quotes.</summary>
    public static string Quote(string word)
    {
        if (IsBare(word))
            return word;
        return "'" + word.Replace("'", "'\"'\"'", StringComparison.Ordinal) + "'";
    }

    public static string Join(IEnumerable<string> words) => string.Join(' ', words.Select(Quote));

    /// <summary>A plain loop: the vector search of the same characters takes longer to be made ready than all words of a dry run.</summary>
    private static bool IsBare(string word)
    {
        foreach (char c in word)
        {
            if (c >= Bare.Length || !Bare[c])
                return false;
        }
        return word.Length > 0;
    }

    private static bool[] Mark(string characters)
    {
        bool[] marks = new bool[128];
        foreach (char c in characters)
            marks[c] = true;
        return marks;
    }

    private static Excerpt? ReadWord(Excerpt text, ref int at, Diagnostics diagnostics)
    {
        string all = text.Text;
        int start = at;
        while (at < all.Length && !IsBlank(all[at]) && all[at] is not ('\'' or '"' or '\\'))
            at++;
        if (at == all.Length || IsBlank(all[at]))
            return text.Part(start, at - start);

        var word = new StringBuilder();
        var indices = new List<int>();
        for (at = start; at < all.Length && !IsBlank(all[at]); at++)
        {
            switch (all[at])
            {
                case '\'' or '"':
                    if (!ReadQuoted(text, ref at, word, indices, diagnostics))
                        return null;
                    break;
                case '\\' when at + 1 == all.Length:
                    diagnostics.Error("shell/no-escaped-character", "a backslash at the end has no character to escape", text.SpanOf(at, 1), @"write `\\` for a backslash");
                    return null;
                case '\\':
                    Add(++at);
                    break;
                default:
                    Add(at);
                    break;
            }
        }
        return text.Pick(word.ToString(), [.. indices], start, at);

        void Add(int index)
        {
            word.Append(all[index]);
            indices.Add(index);
        }
    }

    /// <summary>Reads from the opening quote to the closing one and leaves <paramref name="at"/> on the latter.</summary>
    private static bool ReadQuoted(Excerpt text, ref int at, StringBuilder word, List<int> indices, Diagnostics diagnostics)
    {
        string all = text.Text;
        int open = at;
        char quote = all[at];
        for (at++; at < all.Length && all[at] != quote; at++)
        {
            if (quote == '"' && all[at] == '\\' && at + 1 < all.Length && all[at + 1] is '"' or '\\')
                at++;
            word.Append(all[at]);
            indices.Add(at);
        }
        if (at < all.Length)
            return true;
        diagnostics.Error("shell/no-closing-quote", $"no closing `{quote}` for this quote", text.SpanOf(open, 1));
        return false;
    }

    private static bool IsBlank(char c) => c is ' ' or '\t' or '\r' or '\n';
}
