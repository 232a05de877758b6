using Weft.Text;

namespace Weft.Config.Yaml;

/// <summary>
/// Says where each character of a scalar's text stands in its file, through quotes, escapes, folding and the indentation of blocks, so that
/// the readers of texts inside YAML can point at a word of them.
/// </summary>
public static class YamlExcerpt
{
    public static Excerpt Of(YamlScalar scalar)
    {
        ReadOnlySpan<char> raw = scalar.At.Text;
        if (raw.SequenceEqual(scalar.Text))
            return Excerpt.Of(scalar.At);
        int start = scalar.IsBlock ? raw.IndexOf('\n') + 1 : scalar.IsPlain ? 0 : 1;
        return Align(raw, start, scalar) is { } offsets ? Excerpt.Mapped(scalar.Text, scalar.At, offsets) : Excerpt.Computed(scalar.Text, scalar.At);
    }

    /// <summary>Walks the text and its writing side by side; null when they do not fit together.</summary>
    private static int[]? Align(ReadOnlySpan<char> raw, int at, YamlScalar scalar)
    {
        char quote = scalar.IsPlain || scalar.IsBlock || raw.Length == 0 ? '\0' : raw[0];
        string text = scalar.Text;
        int[] offsets = new int[text.Length];
        for (int i = 0; i < text.Length; i++)
        {
            bool isBlank = char.IsWhiteSpace(text[i]);
            // What folding took away: line breaks with the blanks around them, and escaped line breaks.
            while (at < raw.Length && ((!isBlank && char.IsWhiteSpace(raw[at])) || IsEscapedBreak(raw[at..], quote)))
                at += IsEscapedBreak(raw[at..], quote) ? 2 : 1;
            offsets[i] = scalar.At.Start + Math.Min(at, raw.Length);
            if (at < raw.Length && quote == '"' && raw[at] == '\\')
            {
                bool isPair = char.IsHighSurrogate(text[i]) && i + 1 < text.Length;
                if (isPair)
                    offsets[++i] = scalar.At.Start + at;
                at += EscapeLength(raw[at..]);
            }
            else if (at < raw.Length && quote == '\'' && raw[at..].StartsWith("''", StringComparison.Ordinal))
                at += 2;
            else if (at < raw.Length && (raw[at] == text[i] || (isBlank && char.IsWhiteSpace(raw[at]))))
                at++;
            else if (!isBlank)
                return null;
        }
        return offsets;
    }

    private static bool IsEscapedBreak(ReadOnlySpan<char> raw, char quote) => quote == '"' && raw.Length > 1 && raw[0] == '\\' && raw[1] is '\n' or '\r';

    private static int EscapeLength(ReadOnlySpan<char> raw) => raw.Length < 2 ? 1 : raw[1] switch { 'x' => 4, 'u' => 6, 'U' => 10, _ => 2 };
}
