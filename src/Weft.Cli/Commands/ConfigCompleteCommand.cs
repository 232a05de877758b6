using Weft.Cli.CommandLine;
using Weft.Config.Composition;
using Weft.Text;

namespace Weft.Cli.Commands;

/// <summary>For the completion scripts: what the last word of a typed line can become, one candidate a line. It never fails, it only finds nothing.</summary>
internal static class ConfigCompleteCommand
{
    public static readonly Command Command = new("config complete", "complete the overrides of a line", "LINE", [], Run) { Count = (1, 1), Hidden = true };

    private static int Run(Arguments arguments, Session session)
    {
        foreach (string candidate in Candidates(arguments.Words[0].Text, session))
            session.Out.WriteLine(candidate);
        return ExitCodes.Succeeded;
    }

    private static IReadOnlyList<string> Candidates(string line, Session session)
    {
        int start = line.LastIndexOf(' ') + 1;
        string[] typed = line[..start].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        bool isExplained = typed is [_, "config", "explain", ..];
        Command command = isExplained ? ConfigExplainCommand.Command : ConfigShowCommand.Command;
        Arguments before = Arguments.Parse(command, GlobalFlags.All, typed, typed is [_, "check", ..] ? 2 : 3, []);
        try
        {
            ConfigTarget target = ConfigTarget.Find(before, [], session);
            var completion = new OverrideCompletion(target.Composer, target.ConfigName, before.Words.Select(word => word.Text));
            IReadOnlyList<string> found = completion.Complete(line[start..]);
            return isExplained && before.Words.Count == 0 ? [.. found.Where(word => !word.EndsWith('/')).Select(word => word.TrimEnd('=')).Distinct()] : found;
        }
        catch (DiagnosticException)
        {
            return [];
        }
    }
}
