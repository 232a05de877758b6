using System.Text.Json;
using Weft.Conformance.Areas;

namespace Weft.Conformance;

/// <summary>Verdict of one vector.</summary>
public enum Verdict
{
    Passed,
    Failed,
    KnownDifference,
}

/// <param name="Id">The vector's id, unique in its file.</param>
/// <param name="Detail">Of a failure: what was expected and what came out. Of a known difference: the reason.</param>
public readonly record struct CaseResult(string Id, Verdict Verdict, string Detail = "");

/// <summary>
/// Runs recorded behaviour through the real code. An area (a folder such as <c>hydraflow</c>) names for each of its files the function that
/// judges it; a known difference is a rule inside that function (a predicate over the case, the reason and our own expected value), never
/// a list of ids, since other vectors than the bundled ones are run. Files of areas that are not built yet count as failed.
/// </summary>
public static class Runner
{
    /// <summary>By folder, then by file name without ending.</summary>
    private static readonly Dictionary<string, IReadOnlyDictionary<string, Func<JsonElement, IEnumerable<CaseResult>>>> Areas = new()
    {
        ["flyte"] = FlyteArea.Files,
        ["hydra"] = HydraArea.Files,
        ["hydra-upstream"] = HydraArea.Files,
        ["hydraflow"] = HydraFlowArea.Files,
    };

    public static Func<JsonElement, IEnumerable<CaseResult>>? Find(string area, string file) => Areas.GetValueOrDefault(area)?.GetValueOrDefault(file);

    public static int Run(string folder, TextWriter output)
    {
        int failures = 0;
        int files = 0;
        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        bool isArea = Areas.ContainsKey(Path.GetFileName(folder)) && Directory.EnumerateFiles(folder, "*.json").Any();
        string[] areas = isArea ? [folder] : [.. Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal)];
        foreach (string area in areas)
        {
            foreach (string path in Directory.EnumerateFiles(area, "*.json").Order(StringComparer.Ordinal))
            {
                files++;
                string name = Path.GetFileNameWithoutExtension(path);
                string label = $"{Path.GetFileName(area)}/{Path.GetFileName(path)}";
                using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
                if (Find(Path.GetFileName(area), name) is not { } judge)
                {
                    failures++;
                    output.WriteLine($"{label}: not built");
                    continue;
                }
                var results = judge(document.RootElement).ToList();
                int failed = results.Count(result => result.Verdict == Verdict.Failed);
                int known = results.Count(result => result.Verdict == Verdict.KnownDifference);
                output.WriteLine($"{label}: {results.Count - failed - known} passed, {failed} failed, {known} known differences");
                foreach (CaseResult result in results.Where(result => result.Verdict == Verdict.Failed))
                    output.WriteLine($"  {result.Id}: {result.Detail}");
                foreach (CaseResult result in results.Where(result => result.Verdict == Verdict.KnownDifference))
                    output.WriteLine($"  {result.Id} differs as known: {result.Detail}");
                failures += failed;
            }
        }
        if (files == 0)
        {
            output.WriteLine($"no vector files under {folder}");
            return 1;
        }
        return failures == 0 ? 0 : 1;
    }
}
