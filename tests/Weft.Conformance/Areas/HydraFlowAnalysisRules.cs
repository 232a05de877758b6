using System.Text.Json;
using Weft.Values;

namespace Weft.Conformance.Areas;

/// <summary>Where the reading of results is better than HydraFlow's on purpose: which cases, why, and what is right, computed from the case alone.</summary>
internal static class HydraFlowAnalysisRules
{
    /// <param name="Expected">The right result, as canonical JSON.</param>
    public sealed record Rule(string Reason, string Expected);

    /// <summary>The rule that a case falls under; null when it must be as recorded.</summary>
    public static Rule? Find(string op, JsonElement input, string recorded) => op switch
    {
        "matches" when IsMap(input.GetProperty("value")) || IsMap(input.GetProperty("criterion")) => new(
            "a map is equal to a map of the same content, and to no list of its keys", Same(input.GetProperty("value"), input.GetProperty("criterion")) ? "true" : "false"),
        "filter" or "exclude" when input.GetProperty("criteria").EnumerateArray().Any(one => IsMap(one.GetProperty("value"))) && input.GetProperty("criteria").EnumerateArray().All(one => HasAll(input, one.GetProperty("key").GetString())) => new(
            "a map is equal to a map of the same content", Places(ByMaps(input, isExcluding: op == "exclude"))),
        "to_hashable" when IsMap(input) => new("runs are grouped by the content of a map, not by its keys", Text(input)),
        "run_get" when input.GetProperty("config") is var config && IsMap(config) && recorded.StartsWith('{') => new("interpolations in a map are followed", Resolved(config, input.GetProperty("key").GetString()!)),
        "same_config" when input.GetRawText().Contains("nan", StringComparison.Ordinal) => new("NaN is the setting that NaN is", "true"),
        "n_unique" when recorded == "error" && HasAll(input) => new("null is a value like another", Column(input).Select(Text).Distinct().Count().ToString()),
        "n_unique" or "unique" when IsMixed(input) => new("values of several types keep their types", op == "unique" ? $"[{string.Join(',', Distinct(input))}]" : Distinct(input).Count().ToString()),
        "unique" when recorded == "error" && HasAll(input) => new("null is a value like another, and the last", $"[{string.Join(',', Distinct(input))}]"),
        "sort" when recorded == "error" && Keys(input).All(key => HasAll(input, key)) => new("null comes last, and lists are ordered item by item", Places(Sorted(input))),
        "to_frame" when Keys(input).Length == 0 => new("without keys a frame has every field", AllColumns(input)),
        "experiment_match" when input.GetProperty("name").GetString() == "Default" => new(
            "runs of the experiment Default are runs too", input.GetProperty("patterns").ValueKind == JsonValueKind.Null || input.GetProperty("patterns").EnumerateArray().Any(one => one.GetString() is "*" or "Default" or "D*") ? "true" : "false"),
        _ => null,
    };

    private static bool IsMap(JsonElement json) => json.ValueKind == JsonValueKind.Object && !json.EnumerateObject().Any(pair => pair.Name.StartsWith('$'));

    private static bool Same(JsonElement a, JsonElement b) => JsonElement.DeepEquals(a, b);

    /// <summary>Positions that pass criteria of which at least one is a map; the others must be plain values.</summary>
    private static IEnumerable<int> ByMaps(JsonElement input, bool isExcluding)
    {
        int place = 0;
        foreach (JsonElement config in input.GetProperty("configs").EnumerateArray())
        {
            var met = input.GetProperty("criteria").EnumerateArray().Select(one => Same(Field(config, one.GetProperty("key").GetString()!)!.Value, one.GetProperty("value")));
            if (isExcluding ? !met.Any(is_ => is_) : met.All(is_ => is_))
                yield return place;
            place++;
        }
    }

    private static JsonElement? Field(JsonElement config, string key)
    {
        foreach (string part in key.Replace("__", ".", StringComparison.Ordinal).Split('.'))
        {
            if (config.ValueKind != JsonValueKind.Object || !config.TryGetProperty(part, out config))
                return null;
        }
        return config;
    }

    private static bool HasAll(JsonElement input, string? key = null) =>
        input.GetProperty("configs").EnumerateArray().All(config => Field(config, key ?? input.GetProperty("key").GetString()!) is not null);

    private static JsonElement[] Column(JsonElement input, string? key = null) =>
        [.. input.GetProperty("configs").EnumerateArray().Select(config => Field(config, key ?? input.GetProperty("key").GetString()!)!.Value)];

    private static bool IsMixed(JsonElement input) =>
        HasAll(input) && Column(input).Select(one => one.ValueKind).Where(kind => kind != JsonValueKind.Null).Distinct().Count() > 1;

    private static string Text(JsonElement json) => HydraFlowAnalysis.Write(HydraFlowAnalysis.Read(json));

    /// <summary>Distinct values by their text without quotes, null last.</summary>
    private static IEnumerable<string> Distinct(JsonElement input) =>
        Column(input).OrderBy(one => one.ValueKind == JsonValueKind.Null).ThenBy(one => one.ValueKind == JsonValueKind.Number && !IsMixed(input) ? one.GetDouble() : 0)
            .ThenBy(one => one.ToString(), StringComparer.Ordinal).Select(Text).Distinct();

    private static string[] Keys(JsonElement input) => [.. input.GetProperty("keys").EnumerateArray().Select(one => one.GetString()!)];

    /// <summary>By insertion: null last, equal ones turned round when the order is reversed.</summary>
    private static List<int> Sorted(JsonElement input)
    {
        JsonElement[][] columns = [.. Keys(input).Select(key => Column(input, key))];
        bool isReversed = input.GetProperty("reverse").GetBoolean();
        var order = new List<int>();
        foreach (int i in isReversed ? Enumerable.Range(0, columns[0].Length).Reverse() : Enumerable.Range(0, columns[0].Length))
        {
            int place = order.FindIndex(other => columns.Select(column => Compare(column[i], column[other], isReversed)).FirstOrDefault(difference => difference != 0) < 0);
            order.Insert(place < 0 ? order.Count : place, i);
        }
        return order;
    }

    private static int Compare(JsonElement a, JsonElement b, bool isReversed)
    {
        if (a.ValueKind == JsonValueKind.Null || b.ValueKind == JsonValueKind.Null)
            return (a.ValueKind == JsonValueKind.Null ? 1 : 0) - (b.ValueKind == JsonValueKind.Null ? 1 : 0);
        int difference;
        if (a.ValueKind == JsonValueKind.String || b.ValueKind == JsonValueKind.String)
        {
            difference = string.CompareOrdinal(a.ToString(), b.ToString());
        }
        else
        {
            double[] x = Numbers(a);
            double[] y = Numbers(b);
            int first = Enumerable.Range(0, Math.Min(x.Length, y.Length)).FirstOrDefault(i => x[i] != y[i], -1);
            difference = first >= 0 ? x[first].CompareTo(y[first]) : x.Length.CompareTo(y.Length);
        }
        return isReversed ? -difference : difference;
    }

    /// <summary>A map of a configuration with the references to keys of the first level replaced.</summary>
    private static string Resolved(JsonElement config, string key)
    {
        var map = (Value.Map)HydraFlowAnalysis.Read(key.Length == 0 || key == "cfg" ? config : Field(config, key)!.Value);
        return HydraFlowAnalysis.Write(Value.MapOf(map.Entries.Select(pair => KeyValuePair.Create(
            pair.Key, pair.Value is Value.Text { Content: ['$', '{', ..] and var text } && Field(config, text[2..^1]) is { } target ? HydraFlowAnalysis.Read(target) : pair.Value))));
    }

    private static double[] Numbers(JsonElement json) => json.ValueKind == JsonValueKind.Array ? [.. json.EnumerateArray().Select(one => one.GetDouble())] : [json.GetDouble()];

    private static string Places(IEnumerable<int> places) => $"[{string.Join(',', places)}]";

    private static string AllColumns(JsonElement input)
    {
        var leaves = new SortedDictionary<string, List<Value>>(StringComparer.Ordinal);
        JsonElement[] configs = [.. input.GetProperty("configs").EnumerateArray()];
        foreach (JsonElement config in configs)
            Gather(config, "", path => leaves.TryAdd(path, []));
        foreach (JsonElement config in configs)
        {
            foreach ((string path, List<Value> values) in leaves)
                values.Add(Field(config, path) is { } found ? HydraFlowAnalysis.Read(found) : Value.None);
        }
        return HydraFlowAnalysis.Write(Value.MapOf(leaves.Select(leaf => KeyValuePair.Create(leaf.Key, Value.ListOf(leaf.Value)))));
    }

    private static void Gather(JsonElement map, string prefix, Action<string> found)
    {
        foreach (JsonProperty pair in map.EnumerateObject())
        {
            if (IsMap(pair.Value))
                Gather(pair.Value, prefix + pair.Name + ".", found);
            else
                found(prefix + pair.Name);
        }
    }
}
