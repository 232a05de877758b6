using System.Text.RegularExpressions;
using Weft.Support;

namespace Weft.Tests.Text;

/// <summary>The reference names every diagnostic that the source can make, and no others.</summary>
public sealed partial class DiagnosticListTests
{
    /// <summary>Texts of the same form that are something else: Hydra's groups, a scope of the cache, a route of MLflow.</summary>
    private static readonly string[] NoIds = ["default/development", "hydra/config", "hydra/launcher", "hydra/sweeper", "runs/search"];

    [Fact]
    public void Every_diagnostic_has_its_line_in_the_reference()
    {
        HashSet<string> listed = [.. Listed()];
        Assert.Equal(listed.Count, Listed().Count());
        string[] made = [.. Made(listed).Distinct().Order()];
        Assert.True(made.Except(listed).ToArray() is [], $"without a line in docs/reference/diagnostics.md: {string.Join(", ", made.Except(listed))}");
        Assert.True(listed.Except(made).ToArray() is [], $"listed, but made nowhere: {string.Join(", ", listed.Except(made).Order())}");
    }

    private static IEnumerable<string> Listed() =>
        Row().Matches(File.ReadAllText(Repository.Path("docs/reference/diagnostics.md"))).Select(row => row.Groups[1].Value);

    /// <summary>Of the server only its own settings: its folders speak MLflow's language, whose routes and media types look alike.</summary>
    private static IEnumerable<string> Made(HashSet<string> listed)
    {
        HashSet<string> areas = [.. listed.Select(id => id[..id.IndexOf('/')])];
        foreach (string file in Directory.EnumerateFiles(Repository.Path("src"), "*.cs", SearchOption.AllDirectories))
        {
            if (file.Contains("/obj/", StringComparison.Ordinal) || (file.Contains("/Weft.Server/", StringComparison.Ordinal) && Path.GetFileName(Path.GetDirectoryName(file)) != "Weft.Server"))
                continue;
            string text = File.ReadAllText(file);
            foreach (Match id in Id().Matches(text))
            {
                ReadOnlySpan<char> before = text.AsSpan(0, id.Index);
                bool isMade = areas.Contains(id.Groups[2].Value) || before.EndsWith("Diagnostic(") || before.EndsWith("DiagnosticException(") || before.EndsWith(".Error(") || before.EndsWith(".Warning(");
                if (isMade && !NoIds.Contains(id.Groups[1].Value))
                    yield return id.Groups[1].Value;
            }
        }
    }

    [GeneratedRegex(@"^\| `([a-z0-9-]+/[a-z0-9-]+)` \| \S", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("\"(([a-z][a-z0-9]*(?:-[a-z0-9]+)*)/[a-z0-9]+(?:-[a-z0-9]+)*)\"")]
    private static partial Regex Id();
}
