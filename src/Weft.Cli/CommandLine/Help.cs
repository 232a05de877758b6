using System.Text;

namespace Weft.Cli.CommandLine;

/// <summary>Help texts, made from the tables of commands and flags. Both forms fit a screen of 80 × 50.</summary>
internal static class Help
{
    public static string Overview(IEnumerable<(string Group, IEnumerable<Command> Commands)> groups)
    {
        var text = new StringBuilder("weft runs machine-learning workflows: sweeps, graphs, records.\n\nusage: weft COMMAND [WORDS] [FLAGS]\n");
        foreach ((string group, IEnumerable<Command> commands) in groups)
        {
            text.Append('\n').Append(group).Append(":\n");
            (string Names, string Summary)[] lines =
                [.. commands.Where(command => !command.Hidden).GroupBy(command => command.Name.Split(' ')[0]).Select(verb => (Names(verb.Key, [.. verb]), verb.First().Summary))];
            int width = lines.Max(line => line.Names.Length);
            foreach ((string names, string summary) in lines)
                text.Append("  ").Append(names.PadRight(width)).Append("  ").Append(summary).Append('\n');
        }
        text.Append("\n`weft COMMAND --help` tells more about one.\n");
        return text.ToString();
    }

    /// <summary>Commands of one verb share a line: <c>artifacts list|get|put</c>.</summary>
    private static string Names(string verb, Command[] commands)
    {
        string second = string.Join('|', commands.Select(command => command.Name[verb.Length..].TrimStart()).Where(name => name.Length > 0));
        return second.Length == 0 ? verb : commands.Any(command => command.Name == verb) ? $"{verb} [{second}]" : $"{verb} {second}";
    }

    public static string Of(Command command)
    {
        var text = new StringBuilder();
        text.Append("usage: weft ").Append(command.Name);
        if (command.Words.Length > 0)
            text.Append(' ').Append(command.Words);
        text.Append("\n\n").Append(Sentence(command.Summary)).Append('\n');
        if (command.Detail is { } detail)
            text.Append('\n').Append(detail.Trim()).Append('\n');
        Flag[] own = [.. command.Flags.Where(flag => !flag.Hidden)];
        if (own.Length > 0)
            AppendFlags(text.Append("\nflags:\n"), own);
        AppendFlags(text.Append("\nflags of every command:\n"), GlobalFlags.All);
        if (command.Examples.Length > 0)
        {
            text.Append("\nexamples:\n");
            foreach ((string line, string meaning) in command.Examples)
                text.Append("  ").Append(line.PadRight(44)).Append(' ').Append(meaning).Append('\n');
        }
        return text.ToString();
    }

    private static string Sentence(string summary) => char.ToUpperInvariant(summary[0]) + summary[1..] + ".";

    private static void AppendFlags(StringBuilder text, IEnumerable<Flag> flags)
    {
        foreach (Flag flag in flags)
        {
            string left = (flag.Short is { } letter ? $"-{letter}, " : "    ") + "--" + flag.Name + (flag.TakesValue ? " " + flag.Value : "");
            string choices = flag.Choices.Length > 0 ? $" ({string.Join(", ", flag.Choices)})" : "";
            text.Append("  ").Append(left.PadRight(24)).Append(' ').Append(flag.Summary).Append(choices).Append('\n');
        }
    }
}
