using Weft.Text;

namespace Weft.Config.Yaml;

/// <summary>
/// Says where each character of a scalar's text stands in its file, through quotes, escapes, folding and the indentation of blocks, so that
/// the readers of texts inside YAML can point at a word of them.
/// </summary>
internal static class ScalarExcerpt
{
    /// <param name="text">What the scalar means.</param>
    /// <param name="at">Where it is written. When the text cannot be found there, every part of it stands at the whole.</param>
    public static Excerpt Of(string text, Span at)
    {
        ReadOnlySpan<char> raw = at.Text;
        if (raw.SequenceEqual(text))
            return Excerpt.Of(at);
        char style = raw.Length == 0 ? '\0' : raw[0];
        int start = style switch
        {
            '|' or '>' => raw.IndexOf('\n') + 1,
            '\'' or '"' => 1,
            _ => 0,
        };
        return Align(raw, start, style, text, at.Start) is { } offsets ? Excerpt.Mapped(text, at, offsets) : Excerpt.Computed(text, at);
    }

    /// <summary>Walks the text and its writing side by side; null when they do not fit together.</summary>
    private static int[]? Align(ReadOnlySpan<char> raw, int at, char style, string text, int origin)
    {
        int[] offsets = new int[text.Length];
        for (int i = 0; i < text.Length; i++)
        {
            bool isBlank = char.IsWhiteSpace(text[i]);
            // What folding took away: line breaks with the blanks around them, and escaped line breaks.
            while (at < raw.Length && ((!isBlank && char.IsWhiteSpace(raw[at])) || IsEscapedBreak(raw[at..], style)))
                at += IsEscapedBreak(raw[at..], style) ? 2 : 1;
            offsets[i] = origin + Math.Min(at, raw.Length);
            if (at < raw.Length && style == '"' && raw[at] == '\\')
            {
                if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length)
                    offsets[++i] = origin + at;
                at += EscapeLength(raw[at..]);
            }
            else if (at < raw.Length && style == '\'' && raw[at..].StartsWith("''", StringComparison.Ordinal))
                at += 2;
            else if (at < raw.Length && (raw[at] == text[i] || (isBlank && char.IsWhiteSpace(raw[at]))))
                at++;
            else if (!isBlank)
                return null;
        }
        return offsets;
    }

    private static bool IsEscapedBreak(ReadOnlySpan<char> raw, char style) => style == '"' && raw.Length > 1 && raw[0] == '\\' && raw[1] is '\n' or '\r';

    private static int EscapeLength(ReadOnlySpan<char> raw) => raw.Length < 2 ? 1 : raw[1] switch { 'x' => 4, 'u' => 6, 'U' => 10, _ => 2 };
}
