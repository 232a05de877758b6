using System.Collections;
using System.Collections.Immutable;

namespace Weft.Text;

public enum Severity
{
    Error,
    Warning,
}

/// <summary>
/// One thing that is wrong with what a person wrote. Reading, checking and planning collect these instead of throwing,
/// so that one command reports every problem at once.
/// </summary>
/// <param name="Id">Stable kebab-case name, <c>area/what</c>; listed in docs/reference/diagnostics.md.</param>
/// <param name="Message">Lower-case start, no final stop; user text in backticks; what was found and what was expected.</param>
/// <param name="At">Where; null only when no text is to blame (a missing file).</param>
public sealed record Diagnostic(string Id, string Message, Span? At = null)
{
    public Severity Severity { get; init; } = Severity.Error;

    /// <summary>Further places: the other end of an interpolation, the first of two duplicates, the entry that chose a file.</summary>
    public ImmutableArray<Note> Notes { get; init; } = [];

    /// <summary>The remedy: a suggestion, or the command to type.</summary>
    public string? Hint { get; init; }

    public Diagnostic WithNote(string message, Span? at) => this with { Notes = Notes.Add(new Note(message, at)) };

    public bool Equals(Diagnostic? other) =>
        other is not null && Id == other.Id && Message == other.Message && At == other.At && Severity == other.Severity && Hint == other.Hint
        && Notes.AsSpan().SequenceEqual(other.Notes.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Id, Message, At);
}

/// <summary>A further place that explains a diagnostic.</summary>
public readonly record struct Note(string Message, Span? At);

/// <summary>
/// Collects what is wrong, in the order it was found. After <see cref="Limit"/> entries only the count goes on, so that a broken file
/// of 50 MB does not print 50 MB.
/// </summary>
public sealed class Diagnostics : IReadOnlyCollection<Diagnostic>
{
    public const int Limit = 200;

    private readonly List<Diagnostic> _all = [];

    /// <summary>How many were added, those above the limit included.</summary>
    public int Total { get; private set; }

    public int Errors { get; private set; }

    public bool HasErrors => Errors > 0;

    public int Count => _all.Count;

    public Diagnostic Add(Diagnostic diagnostic)
    {
        Total++;
        if (diagnostic.Severity == Severity.Error)
            Errors++;
        if (_all.Count < Limit)
            _all.Add(diagnostic);
        return diagnostic;
    }

    public Diagnostic Error(string id, string message, Span? at = null, string? hint = null) =>
        Add(new Diagnostic(id, message, at) { Hint = hint });

    public Diagnostic Warning(string id, string message, Span? at = null, string? hint = null) =>
        Add(new Diagnostic(id, message, at) { Hint = hint, Severity = Severity.Warning });

    public void AddRange(Diagnostics others)
    {
        foreach (Diagnostic other in others)
            Add(other);
        Total += others.Total - others.Count;
    }

    public IEnumerator<Diagnostic> GetEnumerator() => _all.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>
/// Carries diagnostics through code that cannot go on, up to the one place that prints them. It is for the edges of an operation
/// (a file that must exist); inside a reader, collect instead.
/// </summary>
public sealed class DiagnosticException(Diagnostics diagnostics) : Exception(diagnostics.FirstOrDefault()?.Message ?? "")
{
    public DiagnosticException(Diagnostic diagnostic) : this(new Diagnostics { diagnostic })
    {
    }

    public DiagnosticException(string id, string message, Span? at = null, string? hint = null)
        : this(new Diagnostic(id, message, at) { Hint = hint })
    {
    }

    public Diagnostics Diagnostics { get; } = diagnostics;
}
