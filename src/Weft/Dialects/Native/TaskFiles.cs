using System.Collections.Immutable;
using Weft.Config.Yaml;
using Weft.Expressions;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;

namespace Weft.Dialects.Native;

/// <summary>The files of the project's folder that a task names: those that must be there, and those whose content counts for its cache key.</summary>
internal sealed class TaskFiles(WeftFile file, Diagnostics problems)
{
    /// <summary>The files whose content is part of the cache key: those that are named, else those that the command names, with what they import.</summary>
    public ImmutableArray<string> SourcesOf(YamlMapping task, YamlMapping where, TaskBody body)
    {
        if (task["sources"] is not null)
            return task.TextsOf("sources");
        IEnumerable<string> words = body switch
        {
            TaskBody.Command command when where["call"] is null => command.Words.OfType<Expr.Literal>().Select(word => word.Value).OfType<Value.Text>().Select(text => text.Content),
            TaskBody.Command => TaskBodies.FileOfCall(where) is { } module ? [module] : [],
            _ => [],
        };
        return PythonSources.Of(file.Folder, task.TextOf("working_dir"), words);
    }

    /// <summary>What the environment is made from counts as code does.</summary>
    public IEnumerable<string> RequirementsOf(YamlNode? node)
    {
        if (node is not YamlScalar { Text: var path })
            return [];
        string full = Path.GetFullPath(path, file.Folder);
        if (!File.Exists(full))
            problems.Error("weft/requirements", $"there is no file `{path}`", node.At, "one package to a line, as `pip install -r` reads it; the path is relative to this file");
        return Requirements.FilesOf(full).Select(one => Path.GetRelativePath(file.Folder, one));
    }

    /// <summary>What must be there: the interpreter, the folder in which the task starts, the script that it runs.</summary>
    public void Check(YamlMapping task, YamlMapping where, TaskBody body)
    {
        YamlNode? python = task.MapOf("env")?["python"] ?? file.Root.MapOf("env")?["python"];
        if (python is YamlScalar { Text: var interpreter } && !Path.Exists(Path.GetFullPath(interpreter, file.Folder)))
            problems.Error("weft/no-python", $"there is no virtual environment or interpreter `{interpreter}`", python.At, "`python3 -m venv .venv` makes one; or name a file for pip by `requirements`");
        string folder = file.Folder;
        if (task.TextOf("working_dir") is { } inside && !Directory.Exists(folder = Path.GetFullPath(inside, file.Folder)))
        {
            problems.Error("weft/no-folder", $"there is no folder `{inside}`", task["working_dir"]!.At);
            return;
        }
        if (where["run"] is null || body is not TaskBody.Command { Words: [Expr.Literal { Value: Value.Text { Content: var program } }, Expr.Literal { Value: Value.Text { Content: var script } } named, ..] })
            return;
        bool isScript = (Path.GetFileName(program).StartsWith("python", StringComparison.Ordinal) && script.EndsWith(".py", StringComparison.Ordinal))
            || (Path.GetFileName(program) is "bash" or "sh" && script.EndsWith(".sh", StringComparison.Ordinal));
        string full = Path.GetFullPath(script, folder);
        if (isScript && script[0] != '-' && !File.Exists(full))
        {
            string? beside = Path.GetDirectoryName(full);
            problems.Error("weft/no-script", $"there is no file `{script}`", named.At,
                Directory.Exists(beside) ? Suggest.Hint(Path.GetFileName(script), Directory.EnumerateFiles(beside!).Select(one => Path.GetFileName(one))) : null);
        }
    }
}
