using System.Text;
using Weft.Cli.CommandLine;
using Weft.Text;

namespace Weft.Cli.Commands;

/// <summary><c>weft init</c>: a first <c>weft.yaml</c> for what lies in a folder.</summary>
internal static class InitCommand
{
    private const string FileName = "weft.yaml";

    /// <summary>Names that a program to start with usually has.</summary>
    private static readonly string[] Usual = ["train.py", "main.py", "run.py", "app.py", "train.sh", "run.sh", "main.sh"];

    /// <summary>What weft reads as it is.</summary>
    private static readonly string[] Known = ["hydraflow.yaml", "hydraflow.yml", ".dstack/workflows.yaml", "project.yaml"];

    private static readonly Flag DryRun = new("dry-run", 'n', null, "show the file, write nothing");

    public static readonly Command Command = new("init", "write a first weft.yaml for what lies here", "", [DryRun], Run)
    {
        Count = (0, 0),
        Detail = "Looks for a program (train.py, main.py, …) and for a Hydra folder. Prints the file that it writes.",
        Examples = [("weft init --dry-run", "what it would write"), ("weft init && weft run main", "and use it")],
    };

    private static int Run(Arguments arguments, Session session)
    {
        string folder = Launch.WorkingFolder(arguments, session);
        string path = Path.Combine(folder, FileName);
        if (File.Exists(path))
            throw new DiagnosticException("init/exists", $"there is a {FileName} here already", null, "`weft ls` lists what can be run");
        if (Known.FirstOrDefault(name => File.Exists(Path.Combine(folder, name))) is { } known)
            throw new DiagnosticException("init/known", $"there is a `{known}` here, which weft reads as it is", null, "`weft ls` lists what can be run");
        string text = Compose(folder);
        session.Out.Write(text);
        session.Out.Flush();
        if (arguments.Has(DryRun))
            return ExitCodes.Succeeded;
        try
        {
            using var file = new StreamWriter(new FileStream(path, FileMode.CreateNew), new UTF8Encoding(false));
            file.Write(text);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DiagnosticException("init/write", $"cannot write {FileName}: {error.Message}");
        }
        session.Say($"wrote {FileName}: `weft check` looks at it, `weft run main` runs it");
        return ExitCodes.Succeeded;
    }

    private static string Compose(string folder)
    {
        string? program = Program(folder);
        bool isHydra = program is not null && program.EndsWith(".py", StringComparison.Ordinal) && File.ReadAllText(Path.Combine(folder, program)).Contains("hydra.main", StringComparison.Ordinal);
        string name = program is null ? "hello" : TaskName(Path.GetFileNameWithoutExtension(program));
        string run = program switch
        {
            null => "echo hello",
            _ when program.EndsWith(".py", StringComparison.Ordinal) => $"python3 {program}",
            _ => $"bash {program}",
        };
        var text = new StringBuilder("weft: 1\ntasks:\n");
        text.Append("  ").Append(name).Append(":\n    run: ").Append(run).Append('\n');
        if (isHydra)
            text.Append("    # a Hydra program takes its settings as words: `args: hydra` with a sweep hands each point's to it\n");
        return text.ToString();
    }

    /// <summary>The program to begin with: one of the usual names, else the only script; null when nothing tells.</summary>
    private static string? Program(string folder)
    {
        if (Usual.FirstOrDefault(name => File.Exists(Path.Combine(folder, name))) is { } usual)
            return usual;
        string[] scripts = [.. Directory.EnumerateFiles(folder, "*.py").Concat(Directory.EnumerateFiles(folder, "*.sh")).Select(path => Path.GetFileName(path)).Where(name => !name.Contains(' '))];
        return scripts.Length == 1 ? scripts[0] : null;
    }

    private static string TaskName(string stem)
    {
        string name = string.Concat(stem.Select(c => char.IsAsciiLetterOrDigit(c) || c == '_' ? c : '_'));
        return name.Length > 0 && char.IsAsciiLetter(name[0]) ? name : "task_" + name;
    }
}
