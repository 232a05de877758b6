using Weft.Platform;

namespace Weft.Cli;

/// <summary>
/// What the process finds around itself, read once at the start: nothing below the command line reads environment variables or asks
/// what kind of terminal there is.
/// </summary>
internal sealed record Surroundings
{
    public required string WorkingFolder { get; init; }

    public required string HomeFolder { get; init; }

    public required IReadOnlyDictionary<string, string> Variables { get; init; }

    /// <summary>Standard output is a terminal.</summary>
    public required bool OutputIsTerminal { get; init; }

    /// <summary>Standard error is a terminal: progress may move the cursor there.</summary>
    public required bool ErrorIsTerminal { get; init; }

    public required bool InputIsTerminal { get; init; }

    /// <summary>Columns of the terminal; of anything else, none.</summary>
    public int? Width { get; init; }

    public string? Variable(string name) => Variables.TryGetValue(name, out string? value) && value.Length > 0 ? value : null;

    /// <summary>Where what can be made anew is kept for the user: <c>$XDG_CACHE_HOME/weft</c>, else <c>~/.cache/weft</c>.</summary>
    public string CacheFolder => Path.Combine(Variable("XDG_CACHE_HOME") is { } given && Path.IsPathRooted(given) ? given : Path.Combine(HomeFolder, ".cache"), "weft");

    /// <summary>Where virtual environments are made for tasks that name requirements.</summary>
    public string EnvironmentFolder => Path.Combine(CacheFolder, "environments");

    public static Surroundings Read()
    {
        bool outputIsTerminal = StandardStream.OutputIsTerminal;
        bool errorIsTerminal = StandardStream.ErrorIsTerminal;
        return new Surroundings
        {
            WorkingFolder = Environment.CurrentDirectory,
            HomeFolder = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile),
            Variables = new NotedVariables(),
            OutputIsTerminal = outputIsTerminal,
            ErrorIsTerminal = errorIsTerminal,
            InputIsTerminal = StandardStream.InputIsTerminal,
            Width = outputIsTerminal || errorIsTerminal ? Math.Max(20, StandardStream.Columns ?? 80) : null,
        };
    }
}
