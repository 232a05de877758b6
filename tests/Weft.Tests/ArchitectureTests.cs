using System.Text.RegularExpressions;
using Weft.Support;

namespace Weft.Tests;

/// <summary>The arrows between the library's folders run down only: docs/architecture.md shows the same table.</summary>
public sealed partial class ArchitectureTests
{
    /// <summary>Lowest first: a folder may use those above it in this list, and itself.</summary>
    private static readonly string[] Folders =
    [
        "Platform", "Text", "Values", "Expressions", "Config", "Storage", "Records", "Secrets", "Snapshots", "Tracking", "Analysis",
        "Sweeps", "Applications", "Tasks", "Workflows", "Registry", "Execution", "Engines", "Dialects",
    ];

    /// <summary>What a folder may not see although it stands lower: a dialect only translates.</summary>
    private static readonly Dictionary<string, string[]> Forbidden = new()
    {
        ["Dialects"] = ["Execution", "Records", "Tracking", "Engines"],
    };

    [Fact]
    public void Every_source_folder_of_the_library_has_its_place_in_the_order()
    {
        string[] found = [.. Directory.GetDirectories(Repository.Path("src/Weft")).Select(path => Path.GetFileName(path)).Where(name => name is not ("bin" or "obj")).Order()];
        Assert.Empty(found.Except(Folders));
    }

    [Fact]
    public void No_arrow_runs_up()
    {
        var wrong = new List<string>();
        foreach (string folder in Folders)
        {
            string root = Repository.Path("src/Weft/" + folder);
            if (!Directory.Exists(root))
                continue;
            foreach (string file in Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories))
            {
                foreach (string used in UsedFolders(File.ReadAllText(file)))
                {
                    if (Array.IndexOf(Folders, used) > Array.IndexOf(Folders, folder) || Forbidden.GetValueOrDefault(folder, []).Contains(used))
                        wrong.Add($"{Path.GetRelativePath(Repository.Root, file)} uses {used}");
                }
            }
        }
        Assert.Empty(wrong);
    }

    private static IEnumerable<string> UsedFolders(string code) =>
        QualifiedName().Matches(code).Select(match => match.Groups[1].Value).Where(Folders.Contains).Distinct();

    [GeneratedRegex(@"\bWeft\.([A-Z]\w+)")]
    private static partial Regex QualifiedName();
}
