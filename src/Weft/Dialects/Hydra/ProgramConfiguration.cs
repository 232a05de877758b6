using System.Collections.Immutable;
using Weft.Applications;
using Weft.Sweeps;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Dialects.Hydra;

/// <summary>The configuration that the commands of a job or of an ad-hoc sweep compose, as their program and its flags name it.</summary>
/// <param name="Folder">Absolute.</param>
/// <param name="Name">The primary configuration.</param>
/// <param name="AddedFolder">Of <c>--config-dir</c>, absolute; null when there is none.</param>
/// <param name="VersionBase">The release whose defaults apply.</param>
public sealed record ProgramConfiguration(string Folder, string Name, string? AddedFolder, string VersionBase)
{
    /// <summary>The program that composes it, absolute.</summary>
    public required string Script { get; init; }

    /// <summary>The words behind the program that all points share.</summary>
    public required ImmutableArray<string> Words { get; init; }

    /// <returns>Null when the program names none. Whether the folder is there was not looked at.</returns>
    public static ProgramConfiguration? Of(CommandPoints points)
    {
        if (HydraCommand.Of(points.Command, points.Folder) is not { } command)
            return null;
        ImmutableArray<string> words = points.Space.Points().FirstOrDefault() is { } point ? [.. command.Words, .. points.WordsOf(point)] : command.Words;
        if (HydraArguments.Parse(words, []) is not { } arguments)
            return null;
        string? folder = arguments.ConfigPath ?? command.Main.ConfigPath;
        string? name = arguments.ConfigName ?? command.Main.ConfigName;
        if (folder is null || name is null || folder.Contains("://", StringComparison.Ordinal))
            return null;
        return new ProgramConfiguration(
            Path.GetFullPath(folder, Path.GetDirectoryName(command.Script)!),
            name,
            arguments.ConfigDir is { } added ? Path.GetFullPath(added, points.Folder) : null,
            command.Main.VersionBase is { } version and ("1.1" or "1.2") ? version : "1.3")
        {
            Script = command.Script,
            Words = command.Words,
        };
    }
}

/// <summary>The commands of a sweep, as far as a check of their words needs to know them.</summary>
/// <param name="Command">The program and the words before those of a point.</param>
/// <param name="WordsOf">The words behind them.</param>
/// <param name="Folder">Where the commands run, absolute.</param>
/// <param name="PlaceOf">Where a word was written; null when it was made up.</param>
/// <param name="Node">The node that runs them.</param>
/// <param name="At">Where the command was written.</param>
public sealed record CommandPoints(Space Space, ImmutableArray<string> Command, Func<Point, IEnumerable<string>> WordsOf, string Folder, Func<string, Span?> PlaceOf, NodeId Node, Span At)
{
    /// <summary>The commands of a plan by node; those that only run time tells are left out.</summary>
    /// <param name="folder">The project's, absolute.</param>
    public static IEnumerable<CommandPoints> Of(Plan plan, string folder) => new CommandLines(plan.Closure, plan.Workflow, plan.Inputs).Points(folder);

    /// <summary>Finds the place of a word by its key: that of the parameter of which the values have it.</summary>
    public static Func<string, Span?> PlacesOf(Space space, IEnumerable<Span> others)
    {
        // Places are asked for when something is wrong.
        List<(string Key, Span At)>? places = null;
        return word =>
        {
            places ??= [.. Axes(space).Select(axis => (axis.Key, axis.At)), .. others.Select(span => (KeyOf(span.Text.ToString()), span))];
            string key = KeyOf(word);
            string value = word[Math.Min(word.Length, key.Length + 1)..];
            Span? nearest = null;
            foreach ((string name, Span at) in places)
            {
                if (name != key || at.Source is not { Name.Length: > 0 })
                    continue;
                if (at.Text.Contains(value, StringComparison.Ordinal))
                    return at;
                nearest ??= at;
            }
            return nearest;
        };
    }

    private static string KeyOf(string word) => word.IndexOf('=') is >= 0 and var equals ? word[..equals] : word;

    private static IEnumerable<Axis> Axes(Space space) => space switch
    {
        Axis axis => [axis],
        Product product => product.Parts.SelectMany(Axes),
        Concat concat => concat.Parts.SelectMany(Axes),
        _ => [],
    };
}
