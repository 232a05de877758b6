using Weft.Dialects.Hydra;
using Weft.Dialects.Native;
using Weft.Execution;

namespace Weft.Cli;

/// <summary>Configurations of a project as text, looked at for what would make a composition depend on more than these files.</summary>
internal static class ConfigurationFiles
{
    /// <summary>Folders of configurations elsewhere, and the time.</summary>
    private static readonly string[] Unsettling = ["searchpath", "now:"];

    /// <summary>False when a word or a file of configuration names other places or asks for the time.</summary>
    /// <param name="words">What was typed.</param>
    public static bool AreSettled(Launch launch, IEnumerable<string> words)
    {
        var folders = new HashSet<string>(StringComparer.Ordinal);
        foreach (CommandPoints points in launch.Prepared.Points)
        {
            if (ProgramConfiguration.Of(points) is not { } program)
                continue;
            folders.Add(program.Folder);
            if (program.AddedFolder is { } added)
                folders.Add(added);
        }
        if (launch.Prepared.ConfigFolder is { } config)
            folders.Add(config);
        if (folders.Count == 0)
            return true;
        IEnumerable<string> files = folders.SelectMany(folder => Directory.EnumerateFiles(folder, "*.yaml", SearchOption.AllDirectories)).Append(Path.Combine(launch.Root, WeftFile.Name));
        return folders.All(folder => ProjectStamp.Covers(launch.Root, folder)) && words.Concat(files.Select(File.ReadAllText)).All(IsSettled);
    }

    private static bool IsSettled(string text) => !Array.Exists(Unsettling, word => text.Contains(word, StringComparison.Ordinal));
}
