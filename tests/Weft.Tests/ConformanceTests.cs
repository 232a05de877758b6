using System.Text.Json;
using Weft.Conformance;
using Weft.Support;

namespace Weft.Tests;

/// <summary>Every bundled vector file that has a judge, through the real code; the areas without one are named in <see cref="NotBuilt"/>.</summary>
public sealed class ConformanceTests
{
    /// <summary>Areas whose dialect or engine does not exist yet; of the others, files without a judge are skipped with that reason.</summary>
    private static readonly string[] NotBuilt = ["argo", "dstack", "mlrun"];

    public static TheoryData<string, string> All => new(Files().Where(file => !NotBuilt.Contains(file.Area)));

    [Theory]
    [MemberData(nameof(All))]
    public void Vectors(string area, string name)
    {
        Assert.SkipWhen(Runner.Find(area, name) is null, "no judge yet");
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Repository.Path($"tests/conformance/{area}/{name}.json")));
        var results = Runner.Find(area, name)!(document.RootElement).ToList();
        Assert.NotEmpty(results);
        string[] failed = [.. results.Where(result => result.Verdict == Verdict.Failed).Select(result => $"{result.Id}: {result.Detail}")];
        Assert.True(failed.Length == 0, $"{failed.Length} of {results.Count} failed\n{string.Join('\n', failed.Take(30))}");
    }

    private static IEnumerable<(string Area, string Name)> Files() =>
        Directory.EnumerateFiles(Repository.Path("tests/conformance"), "*.json", SearchOption.AllDirectories)
            .Select(path => (Path.GetFileName(Path.GetDirectoryName(path)!), Path.GetFileNameWithoutExtension(path)))
            .Order();
}
