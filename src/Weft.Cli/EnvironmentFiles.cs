using System.Globalization;
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

/// <summary>
/// What the programs of an execution found around themselves: a file for each process of ours that ran it, named by the moment since which it did, in Unix milliseconds;
/// one that found what the one before had found writes none.
/// </summary>
internal sealed class EnvironmentFiles(RunFolder folder)
{
    /// <summary>What the programs of a plan find now.</summary>
    public static EnvironmentSnapshot Take(Plan plan, string projectFolder, IReadOnlyDictionary<string, string> variables)
    {
        string? search = variables.GetValueOrDefault("PATH");
        IEnumerable<string> programs = plan.Closure.Tasks.Values.Select(task => ProgramOf(task.Body)).OfType<string>().Distinct()
            .Select(program => Executables.Find(program, search, projectFolder)).OfType<string>().Select(path => Path.GetFullPath(path, projectFolder));
        // What tasks declare as secret is one, whatever its name.
        HashSet<string> secrets = [.. plan.Closure.Tasks.Values.SelectMany(task => task.Secrets)];
        Dictionary<string, string> open = new(variables);
        foreach (string secret in secrets)
            open.Remove(secret);
        return EnvironmentSnapshot.Take(programs, projectFolder, open);
    }

    /// <summary>Writes what is there now.</summary>
    /// <param name="since">When the process began to run the execution.</param>
    public void Write(Plan plan, string projectFolder, IReadOnlyDictionary<string, string> variables, DateTimeOffset since)
    {
        EnvironmentSnapshot environment = Take(plan, projectFolder, variables);
        using var content = new MemoryStream();
        using (var json = new Utf8JsonWriter(content))
            environment.Write(json);
        ReadOnlySpan<byte> bytes = content.GetBuffer().AsSpan(0, (int)content.Length);
        if (Times() is [.., var last] && AtomicFile.TryRead(PathOf(last)) is { } before && bytes.SequenceEqual(before))
            return;
        Directory.CreateDirectory(folder.Environments);
        AtomicFile.Write(PathOf(since.ToUnixTimeMilliseconds()), bytes);
    }

    /// <summary>What an attempt found that was begun at a moment; of the whole execution what its last ones found. Null when it was not written, or by a newer version.</summary>
    public EnvironmentSnapshot? Read(DateTimeOffset? at)
    {
        long[] times = [.. Times().Where(time => at is null || time <= at.Value.ToUnixTimeMilliseconds())];
        if (times is not [.., var last] || AtomicFile.TryRead(PathOf(last)) is not { } content)
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

    private string PathOf(long time) => Path.Combine(folder.Environments, time.ToString(CultureInfo.InvariantCulture) + ".json");

    private long[] Times() => Directory.Exists(folder.Environments)
        ? [.. Directory.EnumerateFiles(folder.Environments, "*.json").Select(file => long.TryParse(Path.GetFileNameWithoutExtension(file), CultureInfo.InvariantCulture, out long time) ? time : -1).Where(time => time >= 0).Order()]
        : [];

    /// <summary>What two environments have differently: interpreters, packages, facts of the machine, variables.</summary>
    public static IEnumerable<Difference> Between(EnvironmentSnapshot before, EnvironmentSnapshot after) =>
        Facts(before).Zip(Facts(after)).SelectMany(pair => Difference.Of(pair.First.What, pair.First.ByName, pair.Second.ByName));

    /// <summary>An environment as tables: interpreters, packages, facts of the machine, variables.</summary>
    public static IEnumerable<(string What, IReadOnlyDictionary<string, string> ByName)> Facts(EnvironmentSnapshot environment)
    {
        yield return ("interpreter", Versions(environment));
        yield return ("package", Packages(environment));
        yield return ("machine", environment.Machine);
        yield return ("variable", environment.Variables);

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
