using System.Text.Json;
using Weft.Values;

namespace Weft.Conformance.Areas;

/// <summary>Typed workflows: what fits, what a graph may be, how it runs, and by what a call is known in the cache.</summary>
internal static class FlyteArea
{
    public static readonly IReadOnlyDictionary<string, Func<JsonElement, IEnumerable<CaseResult>>> Files =
        new Dictionary<string, Func<JsonElement, IEnumerable<CaseResult>>>
        {
            ["types"] = Types,
            ["workflows"] = FlyteWorkflows.Judge,
            ["cache-keys"] = FlyteCacheKeys.Judge,
        };

    private static IEnumerable<CaseResult> Types(JsonElement file)
    {
        foreach (JsonElement one in file.GetProperty("cases").EnumerateArray())
        {
            (string up, string down) = Pair(one);
            bool expected = one.GetProperty("castable").GetBoolean();
            Castable ours = Casting.From(TypeParser.Parse(up), TypeParser.Parse(down));
            string id = $"{up} -> {down}";
            if ((ours != Castable.No) == expected)
                yield return new CaseResult(id, Verdict.Passed);
            else if (expected && ours == Castable.No && IsFileAgainstFolder(up, down))
                yield return new CaseResult(id, Verdict.KnownDifference, "a file is no folder: the engine compares only formats");
            else
                yield return new CaseResult(id, Verdict.Failed, $"expected {expected}, ours is {ours}");
        }
        foreach (JsonElement one in file.GetProperty("stricterInOurs").EnumerateArray())
        {
            (string up, string down) = Pair(one);
            JsonElement expected = one.GetProperty("ours");
            Castable ours = Casting.From(TypeParser.Parse(up), TypeParser.Parse(down));
            Castable wanted = expected.ValueKind == JsonValueKind.False ? Castable.No : expected.GetString() == "warning" ? Castable.Unproven : Castable.Checked;
            yield return new CaseResult($"ours: {up} -> {down}", ours == wanted ? Verdict.Passed : Verdict.Failed, $"expected {wanted}, ours is {ours}");
        }
    }

    /// <summary>The pair fits once every folder is called a file.</summary>
    private static bool IsFileAgainstFolder(string up, string down) =>
        Casting.From(TypeParser.Parse(up.Replace("dir", "file")), TypeParser.Parse(down.Replace("dir", "file"))) != Castable.No;

    private static (string Up, string Down) Pair(JsonElement one) => (one.GetProperty("upstream").GetString()!, one.GetProperty("downstream").GetString()!);
}
