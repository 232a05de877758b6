namespace Weft.Cli.CommandLine;

/// <summary>
/// One option of the command line. Parser, help, completions and the reference page are all made from these values, so a flag is
/// written down once.
/// </summary>
/// <param name="Name">Long name without dashes.</param>
/// <param name="Short">One letter, or null.</param>
/// <param name="Value">Placeholder of its value (<c>N</c>, <c>FILE</c>); null for a switch.</param>
/// <param name="Summary">What it does, in at most 60 characters, lower-case start.</param>
internal sealed record Flag(string Name, char? Short, string? Value, string Summary)
{
    /// <summary>The only values taken; empty = free.</summary>
    public string[] Choices { get; init; } = [];

    /// <summary>May be given several times; otherwise the last one counts and an earlier one is an error.</summary>
    public bool Repeats { get; init; }

    /// <summary>Understood, but left out of help: another tool's spelling, or for our own processes.</summary>
    public bool Hidden { get; init; }

    /// <summary>Other long names that mean the same.</summary>
    public string[] Aliases { get; init; } = [];

    public bool TakesValue => Value is not null;

    public override string ToString() => $"--{Name}";
}
