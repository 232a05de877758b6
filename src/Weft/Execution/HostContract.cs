using System.Collections.Immutable;
using Weft.Tasks;
using Weft.Values;

namespace Weft.Execution;

/// <summary>What every program that Weft runs may rely on, on whatever machine: its words, its variables, its folders.</summary>
internal static class HostContract
{
    /// <summary>The words of the program to start.</summary>
    public static ImmutableArray<string> Words(CallBody body) => body switch
    {
        CallBody.Command command => command.Words,
        CallBody.Shell shell => ["bash", "-c", shell.Script],
        _ => throw new IOException($"a task of the kind {body.GetType().Name} cannot be run as a program"),
    };

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
            new("PYTHONUNBUFFERED", "1"),
        ];
        if (!grant.Gpus.IsEmpty)
            variables.Add(new("CUDA_VISIBLE_DEVICES", string.Join(',', grant.Gpus)));
        foreach (Staged input in call.Staged)
            variables.Add(new("WEFT_INPUT_" + VariableName(input.Name), input.Path));
        foreach (Declared output in call.Outputs)
        {
            if (output.Path is { } path)
                variables.Add(new("WEFT_OUTPUT_" + VariableName(output.Name), path));
        }
        if (HasParams(call))
            variables.Add(new("WEFT_PARAMS", ParamsPath(call)));
        return variables;
    }

    /// <summary>Makes the folders and files that this attempt declares a use for; for a plain command, none.</summary>
    public static void MakeFolders(Invocation call, RunFolder folder)
    {
        bool hasParams = HasParams(call);
        if (hasParams || call.Workspace == Workspace.Private || call.Outputs.Any(output => output.Path is not null))
            Directory.CreateDirectory(call.Folder);
        foreach (Declared output in call.Outputs)
        {
            if (output.Path is { } path)
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        }
        if (hasParams)
            File.WriteAllText(ParamsPath(call), CanonicalJson.Write(new Value.Map(call.Inputs)));
    }

    private static bool HasParams(Invocation call) => !call.Inputs.IsEmpty;

    private static string ParamsPath(Invocation call) => Path.Combine(call.Folder, "params.json");

    private static string VariableName(string name) =>
        string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToUpperInvariant(c) : '_'));
}
