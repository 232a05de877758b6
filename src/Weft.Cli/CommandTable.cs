using System.Reflection;
using Weft.Cli.CommandLine;
using Weft.Cli.Commands;
using Weft.Text;

namespace Weft.Cli;

/// <summary>All commands, grouped as help shows them, and the way from typed words to one of them.</summary>
internal static class CommandTable
{
    /// <summary>Names of the commands by group, in the order of help.</summary>
    private static readonly (string Group, string[] Names)[] Groups =
    [
        ("define and run", ["init", "ls", "show", "plan", "run", "resume", "approve", "why", "reproduce"]),
        ("configurations", ["check", "config show", "config explain", "config complete"]),
        ("watch", ["ps", "attach", "logs", "stop", "shell"]),
        ("results", ["runs", "diff", "tag", "label", "rm", "gc", "artifacts list", "artifacts get", "artifacts put"]),
        ("share", ["server", "server user", "server backup", "server clean", "import mlflow", "export mlflow"]),
        ("this machine", ["secret list", "secret set", "secret rm", "doctor", "python", "completion", "exec"]),
    ];

    public static IEnumerable<Command> All => Groups.SelectMany(group => group.Names).Select(name => Named(name)!);

    /// <summary>
    /// The command that words name, or that they mean by the habits of other tools' users; null for none. The names stand here as well as in the commands, so
    /// that a start makes only the one command that it needs.
    /// </summary>
    public static Command? Named(string words) => words switch
    {
        "init" => InitCommand.Command,
        "ls" => ListCommand.Command,
        "show" => ShowCommand.Command,
        "plan" => PlanCommand.Command,
        "run" => RunCommand.Command,
        "resume" => ResumeCommand.Command,
        "approve" => ApproveCommand.Command,
        "why" => WhyCommand.Command,
        "reproduce" => ReproduceCommand.Command,
        "check" => CheckCommand.Command,
        "config show" => ConfigShowCommand.Command,
        "config explain" => ConfigExplainCommand.Command,
        "config complete" => ConfigCompleteCommand.Command,
        "ps" or "status" => ProcessesCommand.Command,
        "attach" => AttachCommand.Command,
        "logs" => LogsCommand.Command,
        "stop" => StopCommand.Command,
        "shell" => ShellCommand.Command,
        "runs" => RunsCommand.Command,
        "diff" => DiffCommand.Command,
        "tag" or "tags" or "tags add" or "tags list" => TagCommand.Command,
        "label" => LabelCommand.Command,
        "rm" => RemoveCommand.Command,
        "gc" => CollectCommand.Command,
        "artifacts list" => ArtifactsCommands.List,
        "artifacts get" or "artifacts download" => ArtifactsCommands.Get,
        "artifacts put" => ArtifactsCommands.Put,
        "server" => ServerCommand.Command,
        "server user" => ServerUserCommand.Command,
        "server backup" => ServerBackupCommand.Command,
        "server clean" => ServerCleanCommand.Command,
        "import mlflow" => ImportCommand.Command,
        "export mlflow" => ExportCommand.Command,
        "secret list" => SecretCommands.List,
        "secret set" or "secret add" or "secrets add" => SecretCommands.Set,
        "secret rm" or "secret delete" or "secrets delete" => SecretCommands.Remove,
        "doctor" => DoctorCommand.Command,
        "python" => PythonCommand.Command,
        "completion" => CompletionCommand.Command,
        "exec" => ExecCommand.Command,
        _ => null,
    };

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
            return Tell(Help.Overview(Groups.Select(group => (group.Group, group.Names.Select(name => Named(name)!)))), surroundings);
        if (typed[0] is "--version" or "-V" or "version")
            return Tell($"weft {Version}\n", surroundings);
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

    private static int Tell(string text, Surroundings surroundings)
    {
        using var session = new Session(surroundings, json: false, quiet: false, "auto");
        session.Out.Write(text);
        return ExitCodes.Succeeded;
    }

    /// <summary>The command that the first one or two words name, and how many words named it.</summary>
    private static (Command? Command, int Used) Find(string[] typed, Diagnostics diagnostics)
    {
        if (typed.Length > 1 && Named(typed[0] + " " + typed[1]) is { } found)
            return (found, 2);
        if (Named(typed[0]) is { } one)
            return (one, 1);
        Refuse(typed, diagnostics);
        return (null, 0);
    }

    private static void Refuse(string[] typed, Diagnostics diagnostics)
    {
        Source word = Source.OfArgument(1, typed[0]);
        string[] inside = [.. All.Where(command => !command.Hidden && command.Name.StartsWith(typed[0] + " ", StringComparison.Ordinal)).Select(command => command.Name)];
        if (inside.Length > 0)
            diagnostics.Error("cli/missing-word", $"`weft {typed[0]}` needs one more word", word.Whole, $"one of {Suggest.List(inside)}");
        else
            diagnostics.Error("cli/unknown-command", $"no command `{typed[0]}`", word.Whole, Suggest.Hint(typed[0], All.Where(command => !command.Hidden).Select(command => command.Name)) ?? "`weft --help` lists the commands");
    }
}
