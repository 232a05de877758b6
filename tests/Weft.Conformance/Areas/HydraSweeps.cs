using System.Numerics;
using System.Text.Json;
using Weft.Config.Composition;
using Weft.Config.Nodes;
using Weft.Config.Overrides;
using Weft.Text;

namespace Weft.Conformance.Areas;

/// <summary>Judges <c>sweeps.json</c>: overrides to the batches of jobs that the basic sweeper makes.</summary>
internal static class HydraSweeps
{
    public static IEnumerable<CaseResult> Judge(JsonElement file)
    {
        using var folders = new ConfigFolders(file);
        foreach (JsonElement vector in file.GetProperty("cases").EnumerateArray())
        {
            string folder = vector.TryGetProperty("conf", out _) ? folders.Of(vector) : "";
            yield return JudgeCase(vector, folder);
        }
    }

    private static CaseResult JudgeCase(JsonElement vector, string folder)
    {
        string id = vector.GetProperty("id").GetString()!;
        var diagnostics = new Diagnostics();
        string? batches = Expand(vector, folder, diagnostics);
        JsonElement expect = vector.GetProperty("expect");
        if (expect.TryGetProperty("error", out JsonElement error))
        {
            string wanted = error.GetProperty("class").GetString()!;
            bool isOfClass = batches is null && (HydraCompose.IsOfClass(wanted, diagnostics.First().Id) || (wanted is "ValidationError" or "AssertionError" && diagnostics.First().Id.StartsWith("sweep/")));
            return isOfClass ? new(id, Verdict.Passed) : new(id, Verdict.Failed, $"expected {wanted}, found {batches ?? diagnostics.First().Id}");
        }
        string expected = Text(expect.GetProperty("ok"));
        if (batches == expected)
            return new CaseResult(id, Verdict.Passed);
        bool isSorted = vector.GetProperty("overrides").EnumerateArray().Any(word => word.GetString()!.Contains("sort(", StringComparison.Ordinal));
        if (isSorted && vector.TryGetProperty("expect_1_4", out JsonElement newer) && newer.TryGetProperty("ok", out JsonElement ok) && batches == Text(ok))
            return new CaseResult(id, Verdict.KnownDifference, "a sorted range keeps its values, as in Hydra 1.4");
        return new CaseResult(id, Verdict.Failed, $"expected {expected}, found {batches ?? DiagnosticPrinter.Print(diagnostics)}");
    }

    private static string? Expand(JsonElement vector, string folder, Diagnostics diagnostics)
    {
        var parameters = new List<KeyValuePair<string, string>>();
        if (vector.TryGetProperty("params", out JsonElement given))
            parameters.AddRange(given.EnumerateObject().Select(entry => KeyValuePair.Create(entry.Name, PythonText.Str(HydraNodes.FromJson(entry.Value, isText: true)))));
        var overrides = new List<Override>(BasicSweep.ReadParams(parameters, diagnostics));
        overrides.AddRange(Override.ParseAll([.. vector.GetProperty("overrides").EnumerateArray().Select(word => word.GetString()!)], diagnostics));
        if (diagnostics.HasErrors)
            return null;
        var composer = new Composer(new SearchPath { Main = folder.Length == 0 ? null : new FileConfigSource("main", folder) });
        if (BasicSweep.Of(overrides, group => composer.Options(group, null, []), diagnostics) is not { } sweep)
            return null;
        long? maxSize = vector.TryGetProperty("max_batch_size", out JsonElement size) && size.ValueKind == JsonValueKind.Number ? size.GetInt64() : null;
        if (sweep.Batches(maxSize, diagnostics) is not { } batches)
            return null;
        return Text(batches.Select(batch => Numbers(batch.First, batch.Size).Select(number => (IEnumerable<string>)sweep.Job(number)))) + $" {sweep.Count}";
    }

    private static IEnumerable<BigInteger> Numbers(BigInteger first, BigInteger size)
    {
        for (BigInteger number = first; number < first + size; number++)
            yield return number;
    }

    private static string Text(JsonElement ok) =>
        Text(ok.GetProperty("batches").EnumerateArray().Select(batch => batch.EnumerateArray().Select(job => job.EnumerateArray().Select(word => word.GetString()!)))) + $" {ok.GetProperty("n_jobs").GetInt64()}";

    private static string Text(IEnumerable<IEnumerable<IEnumerable<string>>> batches) =>
        string.Join(" | ", batches.Select(batch => string.Join("; ", batch.Select(job => string.Join(' ', job)))));
}
