using System.Text.Json;
using Weft.Config.Nodes;
using Weft.Dialects.HydraFlow;
using Weft.Sweeps;
using Weft.Text;

namespace Weft.Conformance.Areas;

/// <summary>
/// Judges the small functions of HydraFlow. Those that are a visible part of its behaviour bind: splitting, quoting, merging, the parts of a
/// word. Its private number functions have no counterpart here, as we do not count in doubles.
/// </summary>
internal static class HydraFlowHelpers
{
    private static readonly string[] Binding = ["split_arg", "split_suffix", "split_parentheses", "split_commas", "collect_parentheses", "get_range", "to_number",
        "count_decimal_digits", "count_integer_digits", "shell_split", "shell_join", "py_repr", "merge_args"];

    private static readonly string[] Private = ["arange", "is_number", "add_exponent", "format_g"];

    public static bool Judges(string op) => Binding.Contains(op) || Private.Contains(op);

    public static CaseResult Judge(string id, string op, JsonElement input, string expected, RangeOrder order)
    {
        if (Private.Contains(op))
            return new CaseResult(id, Verdict.KnownDifference, $"`{op}` is a private function of the original; ranges are counted and written as exact decimals here");
        var diagnostics = new Diagnostics();
        string ours = Ours(op, input, order, diagnostics) is { } result && !diagnostics.HasErrors ? HydraFlowSyntax.Write(JsonSerializer.SerializeToElement(result)) : "error";
        if (ours == expected || (op is "get_range" or "to_number" && SameNumbers(ours, expected)))
            return new CaseResult(id, Verdict.Passed);
        if (op == "to_number" && ours == "error" && ExactDecimal.TryParse(input.GetString()!, out _) is NumberFault.TooLarge or NumberFault.TooSmall)
            return new CaseResult(id, Verdict.KnownDifference, "a number that no double holds is refused");
        if (op == "get_range" && ours == "error" && IsRefused(input.GetString()!, order))
            return new CaseResult(id, Verdict.KnownDifference, "a range that has a fourth number, that no program could count through or that no double holds is refused");
        return new CaseResult(id, Verdict.Failed, $"{op} {input.GetRawText()}: expected {expected}, got {ours}");
    }

    private static object? Ours(string op, JsonElement input, RangeOrder order, Diagnostics diagnostics)
    {
        string text = input.ValueKind == JsonValueKind.String ? input.GetString()! : "";
        Excerpt excerpt = Excerpt.OfArgument(1, text);
        var reader = new ValueReader(excerpt, order, diagnostics);
        switch (op)
        {
            case "split_arg":
                return new SweepReader(diagnostics).SplitWord(excerpt) is { } split ? (string[])[split.Target.Key, split.WrittenSuffix, split.Value.Text] : null;
            case "split_suffix":
                (int body, string suffix) = ValueReader.SplitSuffix(text);
                return (string[])[text[..body], suffix];
            case "split_parentheses":
                return ValueReader.SplitAtParentheses(text).Select(piece => text[piece.Start..piece.End]).Select(piece => ValueReader.ExponentOf(piece) ?? piece);
            case "split_commas":
                return ValueReader.SplitAtCommas(text).Select(piece => text[piece.Start..piece.End]);
            case "collect_parentheses":
                return reader.ReadSingle()?.All();
            case "get_range":
                reader.ReadSingleRange();
                return reader.ReadFields(0, text.Length) is { } fields
                    ? order == RangeOrder.StepLast
                        ? (double[])[Double(fields.Start), Double(fields.Stop), Double(fields.Step)]
                        : [Double(fields.Start), Double(fields.Step), Double(fields.Stop)]
                    : null;
            case "to_number":
                return text.Length == 0 ? 0 : ExactDecimal.TryParse(text, out ExactDecimal number) == NumberFault.None ? Double(number) : null;
            case "count_decimal_digits":
                return ValueReader.DigitsAfterPoint(text);
            case "count_integer_digits":
                return ValueReader.DigitsBeforePoint(text);
            case "shell_split":
                return ShellWords.Split(excerpt, diagnostics) is { IsDefault: false } words ? words.Select(word => word.Text) : null;
            case "shell_join":
                return ShellWords.Join(Strings(input));
            case "py_repr":
                return PythonText.Quoted(text);
            case "merge_args":
                return AddWords.Merge(Strings(input[0]), Strings(input[1]));
            default:
                throw new NotSupportedException(op);
        }
    }

    private static bool IsRefused(string range, RangeOrder order)
    {
        try
        {
            new NaiveSweep(isExact: true, order == RangeOrder.StepInTheMiddle).Range(range);
            return false;
        }
        catch (NaiveSweep.Wrong)
        {
            return true;
        }
    }

    private static string[] Strings(JsonElement list) => [.. list.EnumerateArray().Select(item => item.GetString()!)];

    private static double Double(ExactDecimal number) => double.Parse($"{number.Units}e{number.Exponent}", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Equal by value: 2 is 2.0, and zero has no sign.</summary>
    private static bool SameNumbers(string ours, string expected) =>
        Numbers(ours) is { } left && Numbers(expected) is { } right && left.SequenceEqual(right);

    private static double[]? Numbers(string json)
    {
        if (json == "error" || json.Contains('"'))
            return null;
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.ValueKind == JsonValueKind.Array ? [.. document.RootElement.EnumerateArray().Select(item => item.GetDouble())] : [document.RootElement.GetDouble()];
    }
}
