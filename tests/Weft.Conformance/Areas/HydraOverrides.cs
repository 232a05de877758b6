using System.Globalization;
using System.Text;
using System.Text.Json;
using Weft.Config.Nodes;
using Weft.Config.Overrides;
using Weft.Text;

namespace Weft.Conformance.Areas;

/// <summary>Judges one override string per case: what it reads as, what its value is printed as, what its sweep enumerates.</summary>
internal static class HydraOverrides
{
    public static IEnumerable<CaseResult> Judge(JsonElement root) => root.GetProperty("cases").EnumerateArray().Select(JudgeCase);

    private static CaseResult JudgeCase(JsonElement vector)
    {
        string id = vector.GetProperty("id").GetString()!;
        string input = vector.GetProperty("input").GetString()!;
        var diagnostics = new Diagnostics();
        Override? parsed = Override.Parse(Source.OfArgument(1, input), diagnostics);
        JsonElement expect = vector.GetProperty("expect");

        // Functions of the 1.4 line that are part of our grammar: what that line gives is the measure.
        bool hasNewer = vector.TryGetProperty("expect_1_4", out JsonElement newer);
        if (hasNewer && (input.Contains("json_str(") || input.Contains("extend_list(")))
            expect = newer;
        string problem = Compare(input, expect, parsed, diagnostics);
        bool isSorted = problem.Length > 0 && hasNewer && input.Contains("sort(") && parsed?.Value is Element.Range && Compare(input, newer, parsed, diagnostics).Length == 0;
        if (problem.Length == 0)
            return new CaseResult(id, Verdict.Passed);
        if (problem.StartsWith("sweep_strings", StringComparison.Ordinal) && IsQuotedOnly(expect.GetProperty("ok"), parsed!))
            return new CaseResult(id, Verdict.KnownDifference, "a word that Hydra's grammar could not read back is put in quotes");
        if (isSorted)
            return new CaseResult(id, Verdict.KnownDifference, "a sorted range keeps its values, as in Hydra 1.4");
        return new CaseResult(id, Verdict.Failed, $"{input}: {problem}");
    }

    private static string Compare(string input, JsonElement expect, Override? parsed, Diagnostics diagnostics)
    {
        if (expect.TryGetProperty("error", out JsonElement error))
        {
            if (parsed is not null)
                return $"expected {error.GetProperty("class").GetString()}, read as {Describe(parsed)}";
            if (error.TryGetProperty("column", out JsonElement column) && Column(input, diagnostics.First().At!.Value.Start) != column.GetInt32())
                return $"expected an error in column {column.GetInt32()}, found it in {diagnostics.First().At!.Value.Start}";
            return "";
        }
        if (parsed is null)
            return $"expected a value, found {diagnostics.First().Message}";
        JsonElement ok = expect.GetProperty("ok");
        string[] problems =
        [
            Differs("type", ok.GetProperty("type").GetString(), TypeOf(parsed)),
            Differs("key", ok.GetProperty("key").GetString(), parsed.Key),
            Differs("package", ok.GetProperty("package").GetString(), parsed.Package),
            Differs("value_type", ok.GetProperty("value_type").GetString(), ValueTypeOf(parsed.Value)),
            Differs("key_element", ok.GetProperty("key_element").GetString(), parsed.KeyElement),
            Differs("value", HydraValues.Canonical(ok.GetProperty("value")), parsed.Value is null ? "null" : HydraValues.Canonical(parsed.Value, withQuotes: parsed.IsSweep)),
            ok.TryGetProperty("raw", out JsonElement raw) ? Differs("raw", HydraValues.Canonical(raw), HydraValues.Canonical(parsed.Value!, withQuotes: true)) : "",
            ok.TryGetProperty("value_str", out JsonElement text) ? Differs("value_str", text.GetString(), parsed.Value!.ToString()) : "",
            ComparePoints(ok, parsed),
        ];
        return string.Join("; ", problems.Where(problem => problem.Length > 0));
    }

    private static string ComparePoints(JsonElement ok, Override parsed)
    {
        bool hasPoints = ok.TryGetProperty("sweep_strings", out JsonElement strings);
        bool hasError = ok.TryGetProperty("sweep_error", out _);
        if (!hasPoints && !hasError)
            return "";
        var diagnostics = new Diagnostics();
        SweepAxis? axis = SweepAxis.Of(parsed, NoOptions, diagnostics);
        if (hasError)
            return axis is null ? "" : "expected that the sweep cannot be enumerated";
        if (axis is null)
            return $"expected sweep strings, found {diagnostics.First().Message}";
        string[] expected = [.. strings.EnumerateArray().Select(item => item.GetString()!)];
        string[] found = [.. axis.Values.Take(200).Select(ElementPrinter.Print)];
        return found.SequenceEqual(expected) ? "" : $"sweep_strings: expected {string.Join(' ', expected)}, found {string.Join(' ', found)}";
    }

    /// <summary>Whether all words that differ are ones that cannot be read as they were recorded, and are read as the same text as ours are.</summary>
    private static bool IsQuotedOnly(JsonElement ok, Override parsed)
    {
        string[] expected = [.. ok.GetProperty("sweep_strings").EnumerateArray().Select(item => item.GetString()!)];
        string[] found = [.. SweepAxis.Of(parsed, NoOptions, [])!.Values.Take(200).Select(ElementPrinter.Print)];
        return expected.Length == found.Length && expected.Zip(found).All(pair => pair.First == pair.Second || (Read(pair.First) is null && Read(pair.Second) is { } value && Unquoted(value) == pair.First));
    }

    private static Element? Read(string word) => Override.Parse(Source.OfArgument(1, "k=" + word), [])?.Value;

    /// <summary>The value as Hydra prints it, which forgets the quotes of texts.</summary>
    private static string Unquoted(Element value) => value switch
    {
        Element.Text text => text.Content,
        Element.List list => $"[{string.Join(',', list.Items.Select(Unquoted))}]",
        _ => value.ToString()!,
    };

    private static IReadOnlyList<string> NoOptions(string group) => [];

    private static string Differs(string what, string? expected, string? found) => expected == found ? "" : $"{what}: expected {expected ?? "null"}, found {found ?? "null"}";

    private static string Describe(Override parsed) => $"{TypeOf(parsed)} {parsed.KeyElement} = {parsed.Value}";

    private static string TypeOf(Override parsed) => parsed.Kind switch
    {
        OverrideKind.Add => "ADD",
        OverrideKind.ForceAdd => "FORCE_ADD",
        OverrideKind.Delete => "DEL",
        OverrideKind.ExtendList => "EXTEND_LIST",
        _ => "CHANGE",
    };

    private static string? ValueTypeOf(Element? value) => value switch
    {
        null => null,
        Element.Choice { IsSimple: true } => "SIMPLE_CHOICE_SWEEP",
        Element.Choice => "CHOICE_SWEEP",
        Element.Range => "RANGE_SWEEP",
        Element.Interval => "INTERVAL_SWEEP",
        Element.Glob => "GLOB_CHOICE_SWEEP",
        _ => "ELEMENT",
    };

    /// <summary>Vectors count code points.</summary>
    private static int Column(string text, int offset) => text.AsSpan(0, offset).ToString().EnumerateRunes().Count();
}

/// <summary>The value encoding of the Hydra vectors as one text per value, in which integers and floats differ.</summary>
internal static class HydraValues
{
    public static string Canonical(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Null:
                return "null";
            case JsonValueKind.True:
                return "true";
            case JsonValueKind.False:
                return "false";
            case JsonValueKind.Number:
                string number = value.GetRawText();
                return number.AsSpan().ContainsAny('.', 'e', 'E') ? PythonText.Float(value.GetDouble()) : number;
            case JsonValueKind.String:
                return Quoted(value.GetString()!);
            case JsonValueKind.Array:
                return $"[{string.Join(", ", value.EnumerateArray().Select(Canonical))}]";
        }
        if (value.TryGetProperty("$float", out JsonElement special))
            return special.GetString()!;
        if (value.TryGetProperty("$quoted", out JsonElement quoted))
            return value.GetProperty("quote").GetString() + Quoted(quoted.GetString()!);
        if (value.TryGetProperty("$dict", out JsonElement pairs))
            return $"{{{string.Join(", ", pairs.EnumerateArray().Select(pair => $"{Canonical(pair[0])}: {Canonical(pair[1])}"))}}}";
        return $"{{{string.Join(", ", value.EnumerateObject().Select(entry => $"{Quoted(entry.Name)}: {Canonical(entry.Value)}"))}}}";
    }

    public static string Canonical(Element value, bool withQuotes)
    {
        switch (value)
        {
            case Element.Null:
                return "null";
            case Element.Bool boolean:
                return boolean.Is ? "true" : "false";
            case Element.Int integer:
                return integer.Number.ToString(CultureInfo.InvariantCulture);
            case Element.Float number:
                return PythonText.Float(number.Number);
            case Element.Text text:
                string quote = withQuotes && text.Quote != Quote.None ? (text.Quote == Quote.Single ? "'" : "\"") : "";
                return quote + Quoted(text.Content);
            case Element.List list:
                return $"[{string.Join(", ", list.Items.Select(item => Canonical(item, withQuotes)))}]";
            case Element.Map map:
                return $"{{{string.Join(", ", map.Entries.Select(entry => $"{Canonical(entry.Key, withQuotes)}: {Canonical(entry.Value, withQuotes)}"))}}}";
            case Element.Choice choice:
                return Sweep("choice", choice.Tags, ("list", $"[{string.Join(", ", choice.Items.Select(item => Canonical(item, true)))}]"), ("simple_form", Text(choice.IsSimple)), ("shuffle", Text(choice.IsShuffled)));
            case Element.Range range:
                return Sweep("range", range.Tags, ("start", Canonical(range.Start, true)), ("stop", Canonical(range.Stop, true)), ("step", Canonical(range.Step, true)), ("shuffle", Text(range.IsShuffled)));
            case Element.Interval interval:
                return Sweep("interval", interval.Tags, ("start", Canonical(interval.Start, true)), ("end", Canonical(interval.End, true)));
            case Element.Glob glob:
                return Sweep("glob", Element.NoTags, ("include", Texts(glob.Include)), ("exclude", Texts(glob.Exclude)));
            default:
                return value.ToString();
        }
    }

    private static string Sweep(string kind, IReadOnlyCollection<string> tags, params (string Name, string Value)[] parts)
    {
        IEnumerable<(string Name, string Value)> all = parts.Prepend(("$sweep", Quoted(kind)));
        if (tags.Count > 0)
            all = all.Append(("tags", Texts(tags)));
        return $"{{{string.Join(", ", all.Select(part => $"{Quoted(part.Name)}: {part.Value}"))}}}";
    }

    private static string Text(bool value) => value ? "true" : "false";

    private static string Texts(IEnumerable<string> texts) => $"[{string.Join(", ", texts.Select(Quoted))}]";

    private static string Quoted(string text) => new StringBuilder().Append('"').Append(text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)).Append('"').ToString();
}
