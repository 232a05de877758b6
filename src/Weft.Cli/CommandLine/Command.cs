namespace Weft.Cli.CommandLine;

/// <summary>One verb of the command line, with everything that help, parser and completions need to know of it.</summary>
/// <param name="Name">The verb; a verb of two words is written with a blank (<c>config show</c>).</param>
/// <param name="Summary">One line, lower-case start, no final stop.</param>
/// <param name="Words">Its positional words as help prints them: <c>NAME [KEY=VALUE …]</c>.</param>
/// <param name="Flags">Its own flags; the global ones come on top.</param>
/// <param name="Run">Does the work; returns the exit code. User errors are thrown as <see cref="Weft.Text.DiagnosticException"/>.</param>
internal sealed record Command(string Name, string Summary, string Words, Flag[] Flags, Func<Arguments, Session, int> Run)
{
    /// <summary>Paragraph below the usage line of its help.</summary>
    public string? Detail { get; init; }

    public (string Line, string Meaning)[] Examples { get; init; } = [];

    /// <summary>For our own processes: left out of help.</summary>
    public bool Hidden { get; init; }

    /// <summary>Fewest and most positional words; a word past the most is an error.</summary>
    public (int Least, int Most) Count { get; init; } = (0, int.MaxValue);

    /// <summary>Takes everything after the verb untouched (a command of the user's): flags stop at the first word.</summary>
    public bool PassesRest { get; init; }
}
