using System.Text;

namespace Weft.Config.Nodes;

/// <summary>
/// Block-style YAML as PyYAML's emitter lays it out: indent 2, sequences not indented below their key, width 80. The state is the emitter's:
/// column, whether blanks or only indentation stand before it, the indent of the open collection.
/// </summary>
internal sealed class YamlEmitter
{
    private const int Width = 80;
    private const int NoIndent = -1;

    private readonly StringBuilder _text = new();
    private readonly Stack<int> _indents = new();
    private int _indent = NoIndent;
    private int _column;
    private bool _afterBlank = true;
    private bool _onlyIndentation = true;
    private bool _isMappingValue;
    private bool _isSimpleKey;

    public string EndDocument()
    {
        WriteIndent();
        return _text.ToString();
    }

    /// <param name="tag">Written before the items.</param>
    public void BeginSequence(int count, string? tag = null)
    {
        if (tag is not null)
            Indicator(tag, needsBlank: true);
        if (count == 0)
        {
            Indicator("[", needsBlank: true);
            return;
        }
        Indent(isIndentless: _isMappingValue && !_onlyIndentation);
    }

    public void NextItem()
    {
        WriteIndent();
        Indicator("-", needsBlank: true, isIndentation: true);
        _isMappingValue = false;
    }

    public void EndSequence(int count)
    {
        if (count == 0)
            Indicator("]", needsBlank: false);
        else
            _indent = _indents.Pop();
    }

    public void BeginMapping(int count)
    {
        if (count == 0)
        {
            Indicator("{", needsBlank: true);
            return;
        }
        Indent(isIndentless: false);
    }

    /// <summary>A key that is empty, long or of several lines is written as <c>? key</c>.</summary>
    public void BeginKey(string text, string tag)
    {
        WriteIndent();
        _isSimpleKey = text.Length > 0 && tag.Length + Length(text) < 128 && !ScalarAnalysis.Of(text).IsMultiline;
        if (!_isSimpleKey)
            Indicator("?", needsBlank: true, isIndentation: true);
    }

    public void EndKey()
    {
        if (_isSimpleKey)
        {
            Indicator(":", needsBlank: false);
        }
        else
        {
            WriteIndent();
            Indicator(":", needsBlank: true, isIndentation: true);
        }
        _isSimpleKey = false;
        _isMappingValue = true;
    }

    public void EndMapping(int count)
    {
        if (count == 0)
            Indicator("}", needsBlank: false);
        else
            _indent = _indents.Pop();
    }

    /// <param name="tag">Written before it; such a scalar is a literal block where it can be.</param>
    /// <param name="mustQuote">Quotes are asked for although the text could stand plain.</param>
    /// <param name="isPlain">Without quotes the text keeps its meaning.</param>
    public void Scalar(string text, string? tag, bool mustQuote, bool isPlain)
    {
        _indents.Push(_indent);
        _indent = _indent == NoIndent ? 2 : _indent + 2;
        ScalarAnalysis analysis = ScalarAnalysis.Of(text);
        if (tag is not null)
            Indicator(tag, needsBlank: true);
        bool isOneLine = !(_isSimpleKey && analysis.IsMultiline);
        if (tag is not null && text.Length > 0 && !_isSimpleKey)
            Literal(text);
        else if (!mustQuote && isPlain && isOneLine && analysis.AllowPlain)
            Plain(text);
        else if (tag is null && analysis.AllowSingleQuoted && isOneLine)
            SingleQuoted(text);
        else
            DoubleQuoted(text);
        _indent = _indents.Pop();
    }

    private void Plain(string text)
    {
        if (!_afterBlank)
            Write(" ");
        _afterBlank = false;
        _onlyIndentation = false;
        bool inSpaces = false;
        int start = 0;
        for (int end = 0; end <= text.Length; end++)
        {
            char c = end < text.Length ? text[end] : '\0';
            bool isEnd = end == text.Length;
            if (inSpaces && (isEnd || c != ' '))
            {
                if (start + 1 == end && _column > Width && !_isSimpleKey)
                {
                    WriteIndent();
                    _afterBlank = false;
                    _onlyIndentation = false;
                }
                else
                {
                    Write(text.AsSpan(start, end - start));
                }
                start = end;
            }
            else if (!inSpaces && (isEnd || c == ' '))
            {
                Write(text.AsSpan(start, end - start));
                start = end;
            }
            inSpaces = c == ' ' && !isEnd;
        }
    }

    private void SingleQuoted(string text)
    {
        Indicator("'", needsBlank: true);
        bool inSpaces = false;
        bool inBreaks = false;
        int start = 0;
        for (int end = 0; end <= text.Length; end++)
        {
            bool isEnd = end == text.Length;
            char c = isEnd ? '\0' : text[end];
            if (inSpaces)
            {
                if (isEnd || c != ' ')
                {
                    if (start + 1 == end && _column > Width && !_isSimpleKey && start != 0 && !isEnd)
                        WriteIndent();
                    else
                        Write(text.AsSpan(start, end - start));
                    start = end;
                }
            }
            else if (inBreaks)
            {
                if (isEnd || !ScalarAnalysis.IsBreak(c))
                {
                    WriteBreaks(text.AsSpan(start, end - start));
                    start = end;
                }
            }
            else if ((isEnd || c is ' ' or '\'' || ScalarAnalysis.IsBreak(c)) && start < end)
            {
                Write(text.AsSpan(start, end - start));
                start = end;
            }
            if (!isEnd && c == '\'')
            {
                Write("''");
                start = end + 1;
            }
            inSpaces = !isEnd && c == ' ';
            inBreaks = !isEnd && ScalarAnalysis.IsBreak(c);
        }
        Indicator("'", needsBlank: false);
    }

    /// <summary>A run of line breaks inside single quotes: one more line break than text has, since one alone reads as a space.</summary>
    private void WriteBreaks(ReadOnlySpan<char> breaks)
    {
        if (breaks[0] == '\n')
            LineBreak('\n');
        foreach (char c in breaks)
            LineBreak(c);
        WriteIndent();
    }

    private void DoubleQuoted(string text)
    {
        Indicator("\"", needsBlank: true);
        int start = 0;
        for (int end = 0; end <= text.Length; end++)
        {
            bool isEnd = end == text.Length;
            char c = isEnd ? '\0' : text[end];
            int width = 1;
            if (isEnd || MustEscape(c))
            {
                if (start < end)
                    Write(text.AsSpan(start, end - start));
                start = end;
                if (!isEnd)
                {
                    width = char.IsHighSurrogate(c) && end + 1 < text.Length && char.IsLowSurrogate(text[end + 1]) ? 2 : 1;
                    Write(Escape(text, end, width));
                    start = end + width;
                }
            }
            if (end > 0 && end + width < text.Length && (c == ' ' || start >= end) && _column + (end - start) > Width && !_isSimpleKey)
                start = FoldDoubleQuoted(text, start, end);
            end += width - 1;
        }
        Indicator("\"", needsBlank: false);
    }

    /// <summary>Ends the line with a backslash; a blank that begins the next one is escaped.</summary>
    private int FoldDoubleQuoted(string text, int start, int end)
    {
        Write(text.AsSpan(start, Math.Max(0, end - start)));
        Write("\\");
        start = Math.Max(start, end);
        WriteIndent();
        _afterBlank = false;
        _onlyIndentation = false;
        if (text[start] == ' ')
            Write("\\");
        return start;
    }

    private void Literal(string text)
    {
        Indicator("|", needsBlank: true);
        foreach (string line in text.TrimEnd('\n').Split('\n'))
        {
            LineBreak('\n');
            WriteIndent();
            Write(line);
        }
        LineBreak('\n');
    }

    private static bool MustEscape(char c) =>
        c is '"' or '\\' or '\x85' or '\u2028' or '\u2029' or '\uFEFF'
        || !(c is >= '\x20' and <= '\x7E' or >= '\xA0' and <= '\uD7FF' or >= '\uE000' and <= '\uFFFD');

    private static string Escape(string text, int at, int width) => text[at] switch
    {
        '\0' => "\\0",
        '\a' => "\\a",
        '\b' => "\\b",
        '\t' => "\\t",
        '\n' => "\\n",
        '\v' => "\\v",
        '\f' => "\\f",
        '\r' => "\\r",
        '\e' => "\\e",
        '"' => "\\\"",
        '\\' => "\\\\",
        '\x85' => "\\N",
        '\u2028' => "\\L",
        '\u2029' => "\\P",
        _ when width == 2 => $"\\U{char.ConvertToUtf32(text, at):X8}",
        <= '\xFF' => $"\\x{(int)text[at]:X2}",
        _ => $"\\u{(int)text[at]:X4}",
    };

    private void Indent(bool isIndentless)
    {
        _indents.Push(_indent);
        if (_indent == NoIndent)
            _indent = 0;
        else if (!isIndentless)
            _indent += 2;
        _isMappingValue = false;
    }

    /// <summary>Goes to the indent of the open collection, on a new line unless only indentation stands on this one.</summary>
    private void WriteIndent()
    {
        int indent = Math.Max(_indent, 0);
        if (!_onlyIndentation || _column > indent || (_column == indent && !_afterBlank))
            LineBreak('\n');
        if (_column < indent)
        {
            _afterBlank = true;
            _text.Append(' ', indent - _column);
            _column = indent;
        }
    }

    private void LineBreak(char c)
    {
        _afterBlank = true;
        _onlyIndentation = true;
        _column = 0;
        _text.Append(c);
    }

    private void Indicator(string indicator, bool needsBlank, bool isIndentation = false)
    {
        if (!_afterBlank && needsBlank)
            Write(" ");
        Write(indicator);
        _afterBlank = indicator is "[" or "{";
        _onlyIndentation &= isIndentation;
    }

    private void Write(ReadOnlySpan<char> text)
    {
        _column += Length(text);
        _text.Append(text);
    }

    /// <summary>In code points.</summary>
    private static int Length(ReadOnlySpan<char> text)
    {
        int length = text.Length;
        foreach (char c in text)
        {
            if (char.IsLowSurrogate(c))
                length--;
        }
        return length;
    }
}

/// <summary>In which styles a text can be written in block context without a change.</summary>
internal readonly record struct ScalarAnalysis(bool IsMultiline, bool AllowPlain, bool AllowSingleQuoted)
{
    public static ScalarAnalysis Of(string text)
    {
        if (text.Length == 0)
            return new(false, true, true);
        bool hasIndicator = text.StartsWith("---", StringComparison.Ordinal) || text.StartsWith("...", StringComparison.Ordinal) || BeginsWithIndicator(text);
        bool isMultiline = false;
        bool hasSpecial = false;
        bool breakThenSpace = false;
        bool spaceThenBreak = false;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (i > 0)
                hasIndicator |= (c == ':' && IsBlankAt(text, i + 1)) || (c == '#' && IsBlankAt(text, i - 1));
            hasSpecial |= IsSpecial(text, i);
            isMultiline |= IsBreak(c);
            if (i > 0)
            {
                breakThenSpace |= c == ' ' && IsBreak(text[i - 1]);
                spaceThenBreak |= IsBreak(c) && text[i - 1] == ' ';
            }
        }
        bool isTrimmed = text[0] != ' ' && text[^1] != ' ';
        bool allowQuotes = !breakThenSpace && !spaceThenBreak && !hasSpecial;
        return new(isMultiline, allowQuotes && isTrimmed && !isMultiline && !hasIndicator, allowQuotes);
    }

    public static bool IsBreak(char c) => c is '\n' or '\x85' or '\u2028' or '\u2029';

    private static bool BeginsWithIndicator(string text) =>
        "#,[]{}&*!|>'\"%@`".Contains(text[0]) || (text[0] is '?' or ':' or '-' && IsBlankAt(text, 1));

    private static bool IsBlankAt(string text, int at) => at >= text.Length || text[at] is '\0' or ' ' or '\t' or '\r' || IsBreak(text[at]);

    /// <summary>A character that must be escaped.</summary>
    private static bool IsSpecial(string text, int at)
    {
        char c = text[at];
        if (c is '\n' or >= '\x20' and <= '\x7E')
            return false;
        if (char.IsHighSurrogate(c) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]))
            return char.ConvertToUtf32(c, text[at + 1]) == 0x10ffff;
        if (char.IsLowSurrogate(c) && at > 0 && char.IsHighSurrogate(text[at - 1]))
            return false;
        return !(c is '\x85' or >= '\xA0' and <= '\uD7FF' or >= '\uE000' and <= '\uFFFD') || c == '\uFEFF';
    }
}
