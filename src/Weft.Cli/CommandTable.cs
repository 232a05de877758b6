using System.Reflection;
using Weft.Cli.CommandLine;
using Weft.Cli.Commands;
using Weft.Text;

namespace Weft.Cli;

/// <summary>All commands, grouped as help shows them, and the way from typed words to one of them.</summary>
internal static class CommandTable
{
    public static readonly (string Group, Command[] Commands)[] Groups =
    [
        ("define and run", [InitCommand.Command, ListCommand.Command, ShowCommand.Command, PlanCommand.Command, RunCommand.Command, ResumeCommand.Command, ApproveCommand.Command, WhyCommand.Command, ReproduceCommand.Command]),
        ("configurations", [CheckCommand.Command, ConfigShowCommand.Command, ConfigExplainCommand.Command, ConfigCompleteCommand.Command]),
        ("watch", [ProcessesCommand.Command, AttachCommand.Command, LogsCommand.Command, StopCommand.Command, ShellCommand.Command]),
        ("results", [RunsCommand.Command, DiffCommand.Command, TagCommand.Command, LabelCommand.Command, RemoveCommand.Command, CollectCommand.Command, ArtifactsCommands.List, ArtifactsCommands.Get, ArtifactsCommands.Put]),
        ("share", [ServerCommand.Command, ServerUserCommand.Command, ServerBackupCommand.Command, ServerCleanCommand.Command, ImportCommand.Command, ExportCommand.Command]),
        ("this machine", [SecretCommands.List, SecretCommands.Set, SecretCommands.Remove, DoctorCommand.Command, PythonCommand.Command, CompletionCommand.Command, ExecCommand.Command]),
    ];

    public static IEnumerable<Command> All
    {
        get
        {
            foreach ((_, Command[] commands) in Groups)
            {
                foreach (Command command in commands)
                    yield return command;
            }
        }
    }

    /// <summary>Version and the first digits of the commit: <c>0.1.0+9635d4af</c>.</summary>
    public static string Version => Shorten(typeof(CommandTable).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0");

    private static string Shorten(string version)
    {
        int plus = version.IndexOf('+', StringComparison.Ordinal);
        return plus >= 0 && version.Length > plus + 9 ? version[..(plus + 9)] : version;
    }

    public static int Run(string[] typed, Surroundings surroundings)
    {
        if (typed.Length == 0 || typed[0] is "--help" or "-h" or "help" && typed.Length == 1)
        {
            using var help = new Session(surroundings, json: false, quiet: false, "auto");
            help.Out.Write(Help.Overview(Groups));
            return ExitCodes.Succeeded;
        }
        if (typed[0] is "--version" or "-V" or "version")
        {
            using var version = new Session(surroundings, json: false, quiet: false, "auto");
            version.Out.WriteLine($"weft {Version}");
            return ExitCodes.Succeeded;
        }
        if (typed[0] == "help")
            typed = [.. typed[1..], "--help"];

        var diagnostics = new Diagnostics();
        (Command? command, int used) = Find(typed, diagnostics);
        Arguments? arguments = command is null ? null : Arguments.Parse(command, GlobalFlags.All, typed, used, diagnostics);
        using var session = new Session(surroundings, arguments?.Has(GlobalFlags.Json) ?? false, arguments?.Has(GlobalFlags.Quiet) ?? false, arguments?.Value(GlobalFlags.Color) ?? "auto");
        if (arguments is not null && arguments.Has(GlobalFlags.Help))
        {
            session.Out.Write(Help.Of(command!));
            return ExitCodes.Succeeded;
        }
        if (diagnostics.HasErrors || arguments is null)
        {
            session.Report(diagnostics);
            return ExitCodes.BadInput;
        }
        try
        {
            return command!.Run(arguments, session);
        }
        catch (DiagnosticException e)
        {
            session.Report(e.Diagnostics);
            return ExitCodes.BadInput;
        }
    }

    /// <summary>The command that the first one or two words name, and how many words named it.</summary>
    private static (Command? Command, int Used) Find(string[] typed, Diagnostics diagnostics)
    {
        if (typed.Length > 1)
        {
            string two = typed[0] + " " + typed[1];
            if (All.FirstOrDefault(command => command.Name == two || command.Aliases.Contains(two)) is { } found)
                return (found, 2);
        }
        if (All.FirstOrDefault(command => command.Name == typed[0] || command.Aliases.Contains(typed[0])) is { } one)
            return (one, 1);
        Source word = Source.OfArgument(1, typed[0]);
        string[] inside = [.. All.Where(command => !command.Hidden && command.Name.StartsWith(typed[0] + " ", StringComparison.Ordinal)).Select(command => command.Name)];
        if (inside.Length > 0)
            diagnostics.Error("cli/missing-word", $"`weft {typed[0]}` needs one more word", word.Whole, $"one of {Suggest.List(inside)}");
        else
            diagnostics.Error("cli/unknown-command", $"no command `{typed[0]}`", word.Whole, Suggest.Hint(typed[0], All.Where(command => !command.Hidden).Select(command => command.Name)) ?? "`weft --help` lists the commands");
        return (null, 0);
    }
}
