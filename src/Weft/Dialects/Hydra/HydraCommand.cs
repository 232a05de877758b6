using System.Collections.Immutable;
using Weft.Text;

namespace Weft.Dialects.Hydra;

/// <summary>
/// A command whose program composes a folder of configurations that can be told without running it: a Python program with
/// <c>@hydra.main(config_path=…, config_name=…)</c>, or with the flags <c>--config-path</c> and <c>--config-name</c>.
/// </summary>
/// <param name="Script">The program, absolute.</param>
/// <param name="Main">What its decorator says.</param>
/// <param name="Words">The words behind the program that all points share.</param>
internal sealed record HydraCommand(string Script, PythonMain Main, ImmutableArray<string> Words)
{
    /// <summary>Files that are looked through for what a program registers while it runs.</summary>
    private const int MaxFiles = 200;

    /// <summary>What a Python module says that adds configurations which no file holds.</summary>
    private static readonly string[] Registers = ["ConfigStore", "SearchPathPlugin"];

    /// <param name="folder">Where the command runs, absolute.</param>
    /// <returns>Null for other programs.</returns>
    public static HydraCommand? Of(ImmutableArray<string> command, string folder)
    {
        for (int i = 0; i < command.Length; i++)
        {
            string? file = command[i].EndsWith(".py", StringComparison.Ordinal) ? command[i]
                : i > 0 && command[i - 1] == "-m" ? Module(command[i], folder)
                : null;
            if (file is null)
                continue;
            string script = Path.GetFullPath(file, folder);
            return Text(script) is { } text && PythonMain.Read("\n" + text) is { } main ? new HydraCommand(script, main, command[(i + 1)..]) : null;
        }
        return null;
    }

    /// <summary>A module of the program that registers configurations; null when none does, as far as its own imports tell.</summary>
    public static string? FindRegistration(string script, string folder)
    {
        string[] roots = [Path.GetDirectoryName(script)!, folder, Path.Combine(folder, "src")];
        var seen = new HashSet<string>(StringComparer.Ordinal) { script };
        var open = new Queue<string>([script]);
        while (seen.Count < MaxFiles && open.TryDequeue(out string? file))
        {
            if (Text(file) is not { } text)
                continue;
            if (Array.Exists(Registers, word => text.Contains(word, StringComparison.Ordinal)))
                return file;
            foreach (string module in PythonMain.Imports(text))
            {
                bool isRelative = module.StartsWith('.');
                string path = module.Trim('.').Replace('.', '/');
                foreach (string root in isRelative ? [Path.GetDirectoryName(file)!] : roots)
                {
                    foreach (string candidate in (string[])[Path.Combine(root, path + ".py"), Path.Combine(root, path, "__init__.py")])
                    {
                        if (File.Exists(candidate) && seen.Add(candidate))
                            open.Enqueue(candidate);
                    }
                }
            }
        }
        return null;
    }

    private static string? Module(string name, string folder)
    {
        string path = name.Replace('.', '/');
        string[] candidates = [path + ".py", $"{path}/__main__.py", $"src/{path}.py", $"src/{path}/__main__.py"];
        return Array.Find(candidates, candidate => File.Exists(Path.Combine(folder, candidate)));
    }

    private static string? Text(string file) => File.Exists(file) ? TextFile.Read(file, file, [])?.Text : null;
}
