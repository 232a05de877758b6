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

    /// <summary>
    /// What a case is to give of which the vector says only that the release which made it lacks list merge modes: the merge as OmegaConf 2.4
    /// documents it, over plain data. Null for other cases.
    /// </summary>
    public static string? OfMergeMode(JsonElement vector, JsonElement expected) =>
        vector.TryGetProperty("list_merge_mode", out JsonElement mode) && IsImportError(expected) ? HydraNodes.Canonical(Merged(vector.GetProperty("inputs"), mode.GetString()!)) : null;

    /// <summary>The text that a part of a result is compared with: what Python's object dump of a node stands for is the node's own YAML.</summary>
    public static string Expected(JsonProperty part, JsonElement ok) =>
        part.Value.GetString()!.Contains("!!python/object:omegaconf", StringComparison.Ordinal)
            ? ConfigWriter.ToYaml(HydraNodes.FromJson(ok.GetProperty("resolved"), isText: true))
            : part.Value.GetString()!;

    private static bool IsImportError(JsonElement expected) =>
        expected.TryGetProperty("error", out JsonElement error) && error.GetProperty("class").GetString() == "ImportError";

    private static ConfigNode Merged(JsonElement inputs, string mode)
    {
        ConfigNode merged = HydraNodes.FromJson(inputs[0], isText: true);
        foreach (JsonElement input in inputs.EnumerateArray().Skip(1))
            merged = Merged(merged, HydraNodes.FromJson(input, isText: true), mode);
        return merged;
    }

    private static ConfigNode Merged(ConfigNode target, ConfigNode source, string mode)
    {
        if (target is DictConfig into && source is DictConfig from)
        {
            foreach (ConfigNode child in from)
                into.Put(child.Key, into.Find(child.Key) is { } present ? Merged(present.Copy(), child, mode) : child.Copy());
            return into;
        }
        if (target is not ListConfig first || source is not ListConfig second || mode == "REPLACE")
            return source.Copy();
        var items = new ListConfig();
        foreach (ConfigNode item in first.Concat(second.Where(item => mode == "EXTEND" || !first.Any(other => HydraNodes.Canonical(other) == HydraNodes.Canonical(item)))))
            items.Add(item.Copy());
        return items;
    }

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
