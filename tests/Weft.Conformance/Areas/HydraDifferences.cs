using System.Text.Json;
using Weft.Config.Nodes;

namespace Weft.Conformance.Areas;

/// <summary>
/// Where we differ from OmegaConf 2.3 on purpose: which cases, why, and what comes out here instead (an error id or the canonical value). The same list, for
/// readers, is in docs/reference/differences.md.
/// </summary>
internal static class HydraDifferences
{
    public static (string Reason, string Ours)? Of(JsonElement vector, JsonElement expected)
    {
        if (expected.TryGetProperty("ok", out _) && PutsContainerIntoPrimitives(vector))
            return ("a list or dictionary is no element of a List[str] or Dict[str, int]; OmegaConf lets it in unchecked when it comes by a merge", ConfigErrors.WrongValue);
        if (expected.TryGetProperty("ok", out JsonElement ok) && ok.TryGetProperty("get_error", out JsonElement late) && late.GetProperty("class").GetString() == "GrammarParseError")
            return ("a broken interpolation is reported when the file is read; a shortcut in OmegaConf lets some pass until they are used", ConfigErrors.Grammar);
        return null;
    }

    /// <summary>Of the printed form of a resolved configuration in which Python dumped the insides of its nodes.</summary>
    public static (string Reason, string Ours)? OfDump(JsonProperty part, JsonElement ok) =>
        part.Name == "resolved_yaml" && part.Value.GetString()!.Contains("!!python/object", StringComparison.Ordinal)
            ? ("nodes that a resolver put into a list are printed as YAML, not as the insides of Python objects", ConfigWriter.ToYaml(HydraNodes.FromJson(ok.GetProperty("resolved"), isText: true)))
            : null;

    private static bool PutsContainerIntoPrimitives(JsonElement vector)
    {
        if (!vector.TryGetProperty("types", out JsonElement types) || !vector.TryGetProperty("inputs", out JsonElement inputs)
            || !inputs.EnumerateArray().Any(input => input.ValueKind == JsonValueKind.Object && input.TryGetProperty("type", out _)))
            return false;
        var fields = types.EnumerateObject().Where(type => type.Value.TryGetProperty("fields", out _)).SelectMany(type => type.Value.GetProperty("fields").EnumerateArray())
            .Where(field => HasPrimitiveElements(field.GetProperty("type").GetString()!)).Select(field => field.GetProperty("name").GetString()!).ToHashSet();
        return inputs.EnumerateArray().Skip(1).Where(input => input.ValueKind == JsonValueKind.Object).SelectMany(input => input.EnumerateObject())
            .Any(entry => fields.Contains(entry.Name) && Elements(entry.Value).Any(element => element.ValueKind is JsonValueKind.Array or JsonValueKind.Object));
    }

    private static bool HasPrimitiveElements(string type)
    {
        string plain = type.Replace("Optional[", "", StringComparison.Ordinal).TrimEnd(']');
        return plain.Count(c => c == '[') == 1 && (plain.StartsWith("List[", StringComparison.Ordinal) || plain.StartsWith("Dict[", StringComparison.Ordinal))
            && plain.Split('[', ' ')[^1] is "int" or "float" or "bool" or "str";
    }

    private static IEnumerable<JsonElement> Elements(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.EnumerateArray(),
        JsonValueKind.Object => value.EnumerateObject().Select(entry => entry.Value),
        _ => [],
    };
}
