using System.Collections.Immutable;
using System.Text.Json;
using Weft.Sweeps;
using Weft.Text;

namespace Weft.Conformance.Areas;

/// <summary>
/// Judges the sweep syntax. Where ours is not the recorded value, the naive reading of the grammar must give the recorded value when it counts
/// as the original does, and ours when it counts exactly: then and only then it is a known difference.
/// </summary>
internal static class HydraFlowSyntax
{
    private const string Exact = "ranges are exact decimals with both ends and nothing past the stop; what makes no sense (nesting, a fourth number, log) is refused";

    public static IEnumerable<CaseResult> Judge(JsonElement document) => Cases(document).Select(one => Judge(one, RangeOrder.StepLast));

    public static IEnumerable<CaseResult> JudgeLegacy(JsonElement document) => Cases(document).Select(one => Judge(one, RangeOrder.StepInTheMiddle));

    private static IEnumerable<JsonElement> Cases(JsonElement document) =>
        document.GetProperty("vectors").EnumerateArray().Concat(document.TryGetProperty("errors", out JsonElement errors) ? errors.EnumerateArray() : []);

    public static CaseResult Judge(JsonElement one, RangeOrder order)
    {
        string id = one.GetProperty("id").GetString()!;
        string op = one.GetProperty("op").GetString()!;
        JsonElement input = one.GetProperty("input");
        string expected = one.TryGetProperty("output", out JsonElement output) ? Write(output) : "error";
        if (HydraFlowHelpers.Judges(op))
            return HydraFlowHelpers.Judge(id, op, input, expected, order);

        string ours = Ours(op, input, order);
        if (ours == expected)
            return new CaseResult(id, Verdict.Passed);
        bool isLegacy = order == RangeOrder.StepInTheMiddle;
        if (Naive(new NaiveSweep(isExact: false, isLegacy), op, input) == expected && Naive(new NaiveSweep(isExact: true, isLegacy), op, input) == ours)
            return new CaseResult(id, Verdict.KnownDifference, Exact);
        return new CaseResult(id, Verdict.Failed, $"{op} {input.GetRawText()}: expected {expected}, got {ours}");
    }

    private static string Ours(string op, JsonElement input, RangeOrder order)
    {
        var diagnostics = new Diagnostics();
        var reader = new SweepReader(diagnostics, order);
        object? result = op switch
        {
            "collect_values" => Texts(new ValueReader(Excerpt(input), order, diagnostics).ReadSingle()),
            "expand_values" => Suffixed(reader, input),
            "collect_arg" => reader.ReadAllWord(Excerpt(input))?.Text,
            "expand_arg" => reader.ReadEachWord(Excerpt(input)) is { } word ? Words(word) : null,
            "collect" => Words(input, reader),
            "expand" => Combinations(input, reader, []),
            "iter_args" => reader.ReadAll(Excerpt(input[1])) is { IsDefault: false } all ? Combinations(input[0], reader, [.. all.Select(word => word.Text)]) : null,
            _ => throw new NotSupportedException(op),
        };
        return diagnostics.HasErrors || result is null ? "error" : Write(JsonSerializer.SerializeToElement(result));
    }

    private static string Naive(NaiveSweep naive, string op, JsonElement input)
    {
        try
        {
            object result = op switch
            {
                "collect_values" => naive.Item(input.GetString()!),
                "expand_values" => naive.Values(input[0].GetString()!, input[1].GetString()!),
                "collect_arg" => naive.Collect(input.GetString()!),
                "expand_arg" => naive.Expand(input.GetString()!),
                "collect" => SplitWords(input).Select(naive.Collect).ToList(),
                "expand" => naive.ExpandAll(SplitWords(input)),
                "iter_args" => naive.ExpandAll(SplitWords(input[0])).Select(each => (List<string>)[.. each, .. SplitWords(input[1]).Select(naive.Collect)]).ToList(),
                _ => throw new NotSupportedException(op),
            };
            return Write(JsonSerializer.SerializeToElement(result));
        }
        catch (NaiveSweep.Wrong)
        {
            return "error";
        }
    }

    private static Excerpt Excerpt(JsonElement text) => Text.Excerpt.OfArgument(1, text.GetString()!);

    private static List<string>? Texts(Choices? choices) => choices?.All().ToList();

    private static List<string>? Suffixed(SweepReader reader, JsonElement input)
    {
        string suffix = input[1].GetString()!;
        string key = suffix.Length == 0 ? "k" : "k/" + suffix;
        return reader.ReadEachWord(Text.Excerpt.OfArgument(1, $"{key}={input[0].GetString()}"))?.Parts[0].Values.All().ToList();
    }

    private static List<string> Words(SweptWord word) => [.. word.Parts.SelectMany(part => part.Values.All().Select(value => $"{part.Key}={value}"))];

    private static List<string>? Words(JsonElement input, SweepReader reader) =>
        input.ValueKind == JsonValueKind.String
            ? reader.ReadAll(Excerpt(input)) is { IsDefault: false } all ? [.. all.Select(word => word.Text)] : null
            : [.. input.EnumerateArray().Select(word => reader.ReadAllWord(Excerpt(word))?.Text ?? "")];

    private static List<List<string>>? Combinations(JsonElement input, SweepReader reader, ImmutableArray<string> tail)
    {
        SweptWord?[] words = input.ValueKind == JsonValueKind.String
            ? reader.ReadEach(Excerpt(input)) is { IsDefault: false } each ? [.. each] : [null]
            : [.. input.EnumerateArray().Select(word => reader.ReadEachWord(Excerpt(word)))];
        if (words.Contains(null))
            return null;
        List<List<string>> all = [[]];
        foreach (SweptWord? word in words)
            all = [.. all.SelectMany(before => Words(word!).Select(text => (List<string>)[.. before, text]))];
        return [.. all.Select(list => (List<string>)[.. list, .. tail])];
    }

    private static IEnumerable<string> SplitWords(JsonElement input)
    {
        if (input.ValueKind == JsonValueKind.Array)
            return input.EnumerateArray().Select(word => word.GetString()!);
        ImmutableArray<Excerpt> words = ShellWords.Split(Excerpt(input), new Diagnostics());
        return words.IsDefault ? throw new NaiveSweep.Wrong("quoting") : words.Select(word => word.Text);
    }

    /// <summary>One spelling per value, so that texts can be compared.</summary>
    internal static string Write(JsonElement json) => JsonSerializer.Serialize(json);
}
