namespace Weft.Cli.CommandLine;

/// <summary>
/// One option of the command line. Parser, help, completions and the reference page are all made from these values, so a flag is
/// written down once.
/// </summary>
/// <param name="name">Long name without dashes.</param>
/// <param name="letter">The short name, or null.</param>
/// <param name="value">Placeholder of its value (<c>N</c>, <c>FILE</c>); null for a switch.</param>
/// <param name="summary">What it does, in at most 60 characters, lower-case start.</param>
internal sealed class Flag(string name, char? letter, string? value, string summary)
{
    public string Name { get; } = name;

    public char? Short { get; } = letter;

    public string? Value { get; } = value;

    public string Summary { get; } = summary;

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
