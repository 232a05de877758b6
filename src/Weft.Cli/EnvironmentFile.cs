using System.Text.Json;
using Weft.Execution;
using Weft.Expressions;
using Weft.Platform;
using Weft.Snapshots;
using Weft.Storage;
using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Cli;

/// <summary><c>environment.json</c> in the folder of an execution: what its programs found around themselves, of the process that ran it last.</summary>
internal sealed class EnvironmentFile(RunFolder folder)
{
    private string FilePath => folder.Environment;

    /// <summary>Writes what is there now.</summary>
    public void Write(Plan plan, string projectFolder, IReadOnlyDictionary<string, string> variables)
    {
        string? search = variables.GetValueOrDefault("PATH");
        IEnumerable<string> programs = plan.Closure.Tasks.Values.Select(task => ProgramOf(task.Body)).OfType<string>()
            .Select(program => Executables.Find(program, search, projectFolder)).OfType<string>().Select(path => Path.GetFullPath(path, projectFolder));
        EnvironmentSnapshot environment = EnvironmentSnapshot.Take(programs, projectFolder, variables);
        using var content = new MemoryStream();
        using (var json = new Utf8JsonWriter(content))
            environment.Write(json);
        AtomicFile.Write(FilePath, content.GetBuffer().AsSpan(0, (int)content.Length));
    }

    /// <summary>Null when it was not written, or by a newer version.</summary>
    public EnvironmentSnapshot? Read()
    {
        if (AtomicFile.TryRead(FilePath) is not { } content)
            return null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(content);
            return EnvironmentSnapshot.Read(document.RootElement);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>What two environments have differently: interpreters, packages, facts of the machine, variables.</summary>
    public static IEnumerable<Difference> Between(EnvironmentSnapshot before, EnvironmentSnapshot after)
    {
        IEnumerable<Difference> differences = Difference.Of("interpreter", Versions(before), Versions(after))
            .Concat(Difference.Of("package", Packages(before), Packages(after)))
            .Concat(Difference.Of("machine", before.Machine, after.Machine))
            .Concat(Difference.Of("variable", before.Variables, after.Variables));
        return differences;

        static Dictionary<string, string> Versions(EnvironmentSnapshot all) => all.Interpreters.ToDictionary(one => one.Key, one => one.Value.Version);

        // Of several interpreters all are named; of one the package's name says enough, wherever it is installed.
        static Dictionary<string, string> Packages(EnvironmentSnapshot all) => all.Interpreters
            .SelectMany(one => one.Value.Packages.Select(package => (Name: all.Interpreters.Count == 1 ? package.Key : $"{package.Key} ({one.Key})", Version: package.Value)))
            .ToDictionary(one => one.Name, one => one.Version);
    }

    private static string? ProgramOf(TaskBody body) => body switch
    {
        TaskBody.Command { Words: [Expr.Literal { Value: Value.Text program }, ..] } => program.Content,
        TaskBody.Python or TaskBody.Shell => "python3",
        _ => null,
    };
}
