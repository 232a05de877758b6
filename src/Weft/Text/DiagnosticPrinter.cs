using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Weft.Text;

/// <summary>Writes diagnostics for people (place, line, caret, hint) or for programs (JSON).</summary>
public static class DiagnosticPrinter
{
    /// <summary>Columns of a source line that are shown around the caret; longer lines are cut with an ellipsis.</summary>
    private const int Window = 100;

    public static string Print(Diagnostics diagnostics)
    {
        var text = new StringBuilder();
        foreach (Diagnostic diagnostic in diagnostics)
        {
            if (text.Length > 0)
                text.Append('\n');
            Print(text, diagnostic);
        }
        if (diagnostics.Total > diagnostics.Count)
            text.Append('\n').Append(CultureInfo.InvariantCulture, $"… and {diagnostics.Total - diagnostics.Count} more\n");
        return text.ToString();
    }

    public static string Print(Diagnostic diagnostic)
    {
        var text = new StringBuilder();
        Print(text, diagnostic);
        return text.ToString();
    }

    private static void Print(StringBuilder text, Diagnostic diagnostic)
    {
        text.Append(diagnostic.Severity == Severity.Error ? "error: " : "warning: ").Append(diagnostic.Message).Append('\n');
        if (diagnostic.At is { } at)
            PrintPlace(text, at);
        foreach (Note note in diagnostic.Notes)
        {
            text.Append("note: ").Append(note.Message).Append('\n');
            if (note.At is { } place)
                PrintPlace(text, place);
        }
        if (diagnostic.Hint is { } hint)
            text.Append("hint: ").Append(hint).Append('\n');
    }

    private static void PrintPlace(StringBuilder text, Span at)
    {
        Position position = at.Position;
        string number = position.Line.ToString(CultureInfo.InvariantCulture);
        string gutter = new(' ', number.Length);
        ReadOnlySpan<char> line = at.Source.Line(position.Line);

        int column = Math.Min(position.Column - 1, line.Length);
        int from = line.Length <= Window ? 0 : Math.Clamp(column - Window / 3, 0, line.Length - Window);
        int to = Math.Min(line.Length, from + Window);
        int carets = Math.Max(1, Math.Min(at.Length, to - column));

        text.Append(gutter).Append(" --> ").Append(at.ToString()).Append('\n');
        text.Append(gutter).Append("  |\n");
        text.Append(number).Append("  | ");
        if (from > 0)
            text.Append('…');
        AppendVisible(text, line[from..to]);
        if (to < line.Length)
            text.Append('…');
        text.Append('\n').Append(gutter).Append("  | ");
        if (from > 0)
            text.Append(' ');
        // Tabs are repeated under the line, so that the caret stands below its character whatever the terminal's tab width.
        foreach (char c in line[from..column])
            text.Append(c == '\t' ? '\t' : ' ');
        text.Append('^', carets).Append('\n');
    }

    private static void AppendVisible(StringBuilder text, ReadOnlySpan<char> line)
    {
        foreach (char c in line)
            text.Append(char.IsControl(c) && c != '\t' ? '\uFFFD' : c);
    }

    /// <summary>
    /// An array of objects: <c>id, severity, message, file, line, column, endLine, endColumn, notes, hint</c>. Absent parts are left out.
    /// </summary>
    public static void WriteJson(Utf8JsonWriter json, Diagnostics diagnostics)
    {
        json.WriteStartArray();
        foreach (Diagnostic diagnostic in diagnostics)
        {
            json.WriteStartObject();
            json.WriteString("id", diagnostic.Id);
            json.WriteString("severity", diagnostic.Severity == Severity.Error ? "error" : "warning");
            json.WriteString("message", diagnostic.Message);
            WritePlace(json, diagnostic.At);
            if (diagnostic.Notes.Length > 0)
            {
                json.WriteStartArray("notes");
                foreach (Note note in diagnostic.Notes)
                {
                    json.WriteStartObject();
                    json.WriteString("message", note.Message);
                    WritePlace(json, note.At);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            }
            if (diagnostic.Hint is { } hint)
                json.WriteString("hint", hint);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WritePlace(Utf8JsonWriter json, Span? place)
    {
        if (place is not { } at)
            return;
        Position start = at.Position;
        Position end = at.Source.PositionOf(at.End);
        json.WriteString("file", at.Source.Name);
        json.WriteNumber("line", start.Line);
        json.WriteNumber("column", start.Column);
        json.WriteNumber("endLine", end.Line);
        json.WriteNumber("endColumn", end.Column);
    }
}
