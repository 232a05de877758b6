using System.Globalization;

namespace Weft.Text;

/// <summary>
/// A text that a person wrote: a file, an argument of the command line, a value of a configuration store. Every token, node and
/// diagnostic points into one. A source is immutable; line starts are computed on first use, so that a span costs two integers.
/// </summary>
public sealed class Source
{
    private int[]? _lineStarts;

    /// <param name="name">What diagnostics print: a path relative to the working directory, or a label such as <c>&lt;argument 3&gt;</c>.</param>
    /// <param name="text">The whole text, in UTF-16 as decoded from the file.</param>
    public Source(string name, string text)
    {
        Name = name;
        Text = text;
    }

    public string Name { get; }

    public string Text { get; }

    /// <summary>The source of a word typed on the command line. <paramref name="number"/> counts from 1.</summary>
    public static Source OfArgument(int number, string text) => new("<argument " + number.ToString(CultureInfo.InvariantCulture) + ">", text);

    public Span Whole => new(this, 0, Text.Length);

    public Span At(int start, int length = 0) => new(this, start, length);

    /// <summary>1-based line and column (in UTF-16 units) of an offset. An offset past the end is the end.</summary>
    public Position PositionOf(int offset)
    {
        offset = Math.Clamp(offset, 0, Text.Length);
        int[] starts = LineStarts();
        int line = starts.AsSpan().BinarySearch(offset);
        if (line < 0)
            line = ~line - 1;
        return new Position(line + 1, offset - starts[line] + 1);
    }

    /// <summary>Offset of the first character of a 1-based line; the end of the text for a line past the last.</summary>
    public int StartOfLine(int line)
    {
        int[] starts = LineStarts();
        return line - 1 < starts.Length ? starts[Math.Max(line - 1, 0)] : Text.Length;
    }

    /// <summary>A 1-based line without its line break.</summary>
    public ReadOnlySpan<char> Line(int line)
    {
        int start = StartOfLine(line);
        int end = StartOfLine(line + 1);
        return Text.AsSpan(start, end - start).TrimEnd("\r\n");
    }

    public override string ToString() => Name;

    private int[] LineStarts()
    {
        if (_lineStarts is { } known)
            return known;
        var starts = new List<int> { 0 };
        for (int i = 0; i < Text.Length; i++)
        {
            if (Text[i] == '\n' || (Text[i] == '\r' && (i + 1 == Text.Length || Text[i + 1] != '\n')))
                starts.Add(i + 1);
        }
        return _lineStarts = [.. starts];
    }
}

/// <summary>A stretch of a source, in UTF-16 units. Line and column are computed when it is printed.</summary>
public readonly record struct Span(Source Source, int Start, int Length)
{
    public int End => Start + Length;

    public Position Position => Source.PositionOf(Start);

    public ReadOnlySpan<char> Text => Source.Text.AsSpan(Math.Min(Start, Source.Text.Length), Math.Min(Length, Math.Max(0, Source.Text.Length - Start)));

    /// <summary>The span from the start of this one to the end of <paramref name="last"/>, which must be of the same source.</summary>
    public Span To(Span last) => this with { Length = Math.Max(last.End, End) - Start };

    /// <summary>A part of this span; <paramref name="start"/> counts from its first character.</summary>
    public Span Part(int start, int length) => new(Source, Start + start, length);

    /// <summary><c>name:line:column</c>, as compilers print it.</summary>
    public override string ToString() => $"{Source.Name}:{Position}";
}

/// <summary>1-based line and column.</summary>
public readonly record struct Position(int Line, int Column)
{
    public override string ToString() => $"{Line}:{Column}";
}
