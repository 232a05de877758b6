using System.Collections.Immutable;
using System.Text;
using Weft.Expressions;
using Weft.Platform;
using Weft.Tasks;
using Weft.Values;

namespace Weft.Execution;

/// <summary>What every program that Weft runs may rely on, on whatever machine: its words, its variables, its folders.</summary>
internal static class HostContract
{
    /// <summary><c>module</c> is a function of login shells; Lmod and Environment Modules leave files that define it for others.</summary>
    private const string FindModules = """
        if ! type module >/dev/null 2>&1; then
          for file in "${MODULESHOME:-/usr/share/modules}/init/bash" "${LMOD_PKG:-/usr/share/lmod/lmod}/init/bash" /etc/profile.d/modules.sh /etc/profile.d/lmod.sh; do
            if [ -r "$file" ]; then . "$file"; break; fi
          done
        fi
        type module >/dev/null 2>&1 || { echo "this machine has no environment modules: there is no command \`module\`" >&2; exit 1; }

        """;

    /// <summary>The words of the program to start.</summary>
    /// <param name="folder">The folder in which it starts.</param>
    public static ImmutableArray<string> Words(Invocation call, string folder)
    {
        ImmutableArray<string> words = ProgramOf(call, folder);
        return call.Modules.IsEmpty && call.Setup is null ? words : ["bash", "-c", $"{SetupOf(call)}exec \"$@\"\n", "bash", .. words];
    }

    /// <summary>The lines before a program, for bash: modules, then the task's own. One that fails ends the shell.</summary>
    public static string SetupOf(Invocation call)
    {
        var text = new StringBuilder("set -e\n");
        if (!call.Modules.IsEmpty)
        {
            text.Append(FindModules);
            foreach (string module in call.Modules)
                text.Append("module load ").Append(Template.Quote(module)).Append('\n');
        }
        if (call.Setup is { } setup)
            text.Append(setup.TrimEnd('\n')).Append('\n');
        return text.ToString();
    }

    private static ImmutableArray<string> ProgramOf(Invocation call, string folder) => call.Body switch
    {
        CallBody.Command command => call.Lines is null ? command.Words : command.Words.Add(LinesPath(call.Lines, folder)),
        CallBody.Shell shell => ["bash", "-c", shell.Script],
        _ => throw new IOException($"a task of the kind {call.Body.GetType().Name} cannot be run as a program"),
    };

    /// <summary>The folder that a task runs in: the project's, or its own.</summary>
    public static string WorkspaceOf(Invocation call, string projectFolder) =>
        call.Workspace == Workspace.Project ? projectFolder : Path.Combine(call.Folder, Invocation.PrivateFolder);

    /// <summary>The variables by which the programs of a virtual environment, or those beside an interpreter, come first.</summary>
    public static IEnumerable<KeyValuePair<string, string>> PythonVariables(Invocation call, string projectFolder, string? path)
    {
        if (call.Python is not { } python)
            return [];
        string full = Path.GetFullPath(python, projectFolder);
        string programs = Path.Combine(full, "bin");
        return Directory.Exists(programs)
            ? [new("VIRTUAL_ENV", full), new("PATH", $"{programs}:{path}")]
            : [new("PATH", $"{Path.GetDirectoryName(full)}:{path}")];
    }

    /// <summary>The variables of one attempt: the task's own, then those that say where everything is.</summary>
    public static List<KeyValuePair<string, string>> Variables(Invocation call, RunFolder folder, Grant grant)
    {
        List<KeyValuePair<string, string>> variables =
        [
            .. call.Env,
            new("WEFT_EXECUTION", call.Id.Execution.Value),
            new("WEFT_TASK", call.Path.Text),
            new("WEFT_ATTEMPT", call.Id.Number.ToString()),
            new("WEFT_RUN_DIR", call.Folder),
            new("WEFT_RESULTS", folder.Results(call.Id)),
            new("WEFT_CHECKPOINT", folder.Checkpoint(call.Path)),
            new("PYTHONUNBUFFERED", "1"),
        ];
        if (!grant.Gpus.IsEmpty)
            variables.Add(new("CUDA_VISIBLE_DEVICES", string.Join(',', grant.Gpus)));
        foreach (Staged input in call.Staged)
            variables.Add(new("WEFT_INPUT_" + Declared.InVariables(input.Name), input.Path));
        foreach (Declared output in call.Outputs)
        {
            if (output.Path is { } path)
                variables.Add(new("WEFT_OUTPUT_" + Declared.InVariables(output.Name), path));
        }
        if (HasParams(call))
            variables.Add(new("WEFT_PARAMS", ParamsPath(call)));
        return variables;
    }

    /// <summary>Makes the folders and files that this attempt declares a use for; for a plain command, none.</summary>
    public static void MakeFolders(Invocation call, RunFolder folder)
    {
        bool hasParams = HasParams(call);
        if (hasParams || call.Workspace == Workspace.Private || Staging.HasOutputs(call))
            RawFile.MakeFolder(call.Folder);
        foreach (Declared output in call.Outputs)
        {
            if (output is { Path: { } path, IsFixed: false } && (output.Type is TypeExpr.Folder ? path : Path.GetDirectoryName(path)!) is { } needed && needed != call.Folder)
                RawFile.MakeFolder(needed);
        }
        if (call.KeepsCheckpoints)
            Directory.CreateDirectory(folder.Checkpoint(call.Path));
        if (hasParams)
            RawFile.WriteAll(ParamsPath(call), Encoding.UTF8.GetBytes(CanonicalJson.Write(new Value.Map(ParamsOf(call)))));
    }

    /// <summary>
    /// Writes the file of lines that the program takes, if it takes one: UTF-8, readable by its owner only, no line feed after the last line. A file that an
    /// attempt of the same name left is written anew.
    /// </summary>
    /// <exception cref="IOException">It cannot be written; nothing is left of it.</exception>
    public static void WriteLines(Invocation call, string folder)
    {
        if (call.Lines is not { } lines)
            return;
        string path = LinesPath(lines, folder);
        try
        {
            using var file = new StreamWriter(path, new UTF8Encoding(false), new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                BufferSize = 1 << 16,
            });
            bool isFirst = true;
            foreach (string line in lines.Content)
            {
                if (!isFirst)
                    file.Write('\n');
                file.Write(line);
                isFirst = false;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            RemoveLines(call, folder);
            throw new IOException($"cannot write {path}: {error.Message}", error);
        }
    }

    /// <summary>Takes the file of lines away after the end of an attempt, whoever saw it; harmless where there is none.</summary>
    public static void RemoveLines(Invocation call, string folder)
    {
        if (call.Lines is not { } lines)
            return;
        try
        {
            File.Delete(LinesPath(lines, folder));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The folder cannot be written any more: a file that is left there changes nothing about how the attempt ended.
        }
    }

    /// <summary>Where the program of an attempt starts.</summary>
    public static string FolderOf(Invocation call, string projectFolder) =>
        call.WorkingFolder is { } inside ? Path.Combine(WorkspaceOf(call, projectFolder), inside) : WorkspaceOf(call, projectFolder);

    public static string LinesPath(LineFile lines, string folder) => Path.Combine(folder, lines.Name);

    /// <summary>The inputs as the program sees them: files and folders are paths.</summary>
    public static ImmutableSortedDictionary<string, Value> ParamsOf(Invocation call)
    {
        ImmutableSortedDictionary<string, Value> inputs = call.Inputs;
        foreach (Staged input in call.Staged)
            inputs = inputs.SetItem(input.Name, input.Given);
        return inputs;
    }

    private static bool HasParams(Invocation call) => !call.Inputs.IsEmpty;

    public static string ParamsPath(Invocation call) => Path.Combine(call.Folder, "params.json");
}
