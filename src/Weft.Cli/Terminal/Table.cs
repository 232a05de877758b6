using System.Globalization;
using System.Text;

namespace Weft.Cli.Terminal;

/// <summary>
/// A table of aligned columns without frames, as <c>ls -l</c> prints: readable for people, cut by other programs. On a terminal the widest
/// columns shrink until a row fits; elsewhere nothing is cut. Written by hand because a listing of 10,000 rows must take milliseconds
/// and start-up is counted.
/// </summary>
internal sealed class Table(params string[] headers)
{
    private const int Gap = 2;

    private const int LeastWidth = 6;

    private readonly List<string[]> _rows = [];

    public int Count => _rows.Count;

    /// <summary>One cell per header. Line breaks and control characters are shown as spaces.</summary>
    public void Add(params string[] cells) => _rows.Add(cells);

    /// <param name="width">Columns of the terminal; null: no limit.</param>
    /// <param name="bold">Print the header in bold.</param>
    public void Print(TextWriter output, int? width, bool bold)
    {
        int[] widths = Widths(width);
        bool[] right = new bool[headers.Length];
        for (int i = 0; i < right.Length; i++)
        {
            int column = i;
            right[i] = _rows.Count > 0 && _rows.TrueForAll(row => row[column].Length == 0 || IsNumber(row[column]));
        }
        if (bold)
            output.Write("\u001b[1m");
        PrintRow(output, headers, widths, right);
        if (bold)
            output.Write("\u001b[0m");
        foreach (string[] row in _rows)
            PrintRow(output, row, widths, right);
    }

    private int[] Widths(int? limit)
    {
        int[] widths = Array.ConvertAll(headers, Cells.Width);
        foreach (string[] row in _rows)
        {
            for (int i = 0; i < widths.Length; i++)
                widths[i] = Math.Max(widths[i], Cells.Width(row[i]));
        }
        while (limit is { } most && widths.Sum() + Gap * (widths.Length - 1) > most)
        {
            int widest = Array.IndexOf(widths, widths.Max());
            if (widths[widest] <= LeastWidth)
                break;
            widths[widest]--;
        }
        return widths;
    }

    private static void PrintRow(TextWriter output, string[] cells, int[] widths, bool[] right)
    {
        var line = new StringBuilder();
        for (int i = 0; i < cells.Length; i++)
        {
            string cell = Cells.Fit(cells[i], widths[i]);
            string padding = new(' ', Math.Max(0, widths[i] - Cells.Width(cell)));
            line.Append(right[i] ? padding + cell : cell + padding).Append(' ', Gap);
        }
        output.Write(line.ToString().TrimEnd());
        output.Write('\n');
    }

    private static bool IsNumber(string cell) => double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out _);
}

/// <summary>How many columns of a terminal a text takes, and cutting it to fewer.</summary>
internal static class Cells
{
    public static int Width(string text)
    {
        int width = 0;
        foreach (Rune rune in text.EnumerateRunes())
            width += Width(rune);
        return width;
    }

    public static string Fit(string text, int width)
    {
        if (text.AsSpan().ContainsAnyInRange('\0', '\u001f'))
            text = string.Concat(text.Select(c => c < ' ' ? ' ' : c));
        if (Width(text) <= width)
            return text;
        var cut = new StringBuilder();
        int used = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (used + Width(rune) > width - 1)
                break;
            used += Width(rune);
            cut.Append(rune);
        }
        return cut.Append('…').ToString();
    }

    /// <summary>0 for combining marks, 2 for the wide blocks of East Asian scripts and emoji (Unicode annex 11), else 1.</summary>
    private static int Width(Rune rune) => rune.Value switch
    {
        < 0x300 => 1,
        >= 0x1100 and <= 0x115F or >= 0x2E80 and <= 0xA4CF or >= 0xAC00 and <= 0xD7A3 or >= 0xF900 and <= 0xFAFF
            or >= 0xFE30 and <= 0xFE6F or >= 0xFF00 and <= 0xFF60 or >= 0xFFE0 and <= 0xFFE6 or >= 0x1F300 and <= 0x1FAFF or >= 0x20000 and <= 0x3FFFD => 2,
        _ => Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format ? 0 : 1,
    };
}
