using System.Text;
using System.Text.Json;

namespace Weft.Cli;

/// <summary>One thing that two plans, runs or executions have differently; null where one has it not.</summary>
/// <param name="What">The kind of thing: <c>definition</c>, <c>input</c>, <c>code</c>, <c>param</c>, …</param>
internal sealed record Difference(string What, string Name, string? Before, string? After)
{
    public static void WriteJson(Utf8JsonWriter json, IEnumerable<Difference> differences)
    {
        json.WriteStartArray();
        foreach (Difference one in differences)
        {
            json.WriteStartObject();
            json.WriteString("what", one.What);
            json.WriteString("name", one.Name);
            json.WriteString("before", one.Before);
            json.WriteString("after", one.After);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    /// <summary>The entries that two sets of named texts have differently, in ordinal order of names.</summary>
    public static IEnumerable<Difference> Of(string what, IReadOnlyDictionary<string, string> before, IReadOnlyDictionary<string, string> after) =>
        before.Keys.Union(after.Keys).Order(StringComparer.Ordinal)
            .Select(name => new Difference(what, name, before.GetValueOrDefault(name), after.GetValueOrDefault(name)))
            .Where(one => one.Before != one.After);
}

/// <summary>
/// What two stored plans say differently of the definitions and inputs, in words of the plan's own form: <c>train.command</c>, <c>main.nodes.train.over</c>.
/// Where things stood in their files is not in a plan, so moving a definition is no difference.
/// </summary>
internal static class PlanDifference
{
    private const int LongestText = 200;

    /// <param name="onlyTasks">Leaves out how the tasks hang together, what is swept and the inputs.</param>
    public static IReadOnlyList<Difference> Of(ReadOnlyMemory<byte> before, ReadOnlyMemory<byte> after, bool onlyTasks)
    {
        using JsonDocument one = JsonDocument.Parse(before);
        using JsonDocument other = JsonDocument.Parse(after);
        var found = new List<Difference>();
        foreach (string kind in onlyTasks ? (string[])["tasks"] : ["tasks", "workflows", "launchPlans"])
            Compare("definition", "", one.RootElement.GetProperty("definitions").GetProperty(kind), other.RootElement.GetProperty("definitions").GetProperty(kind), found);
        if (!onlyTasks)
            Compare("input", "", one.RootElement.GetProperty("inputs"), other.RootElement.GetProperty("inputs"), found);
        return found;
    }

    private static void Compare(string what, string path, JsonElement? before, JsonElement? after, List<Difference> found)
    {
        if (before is { } a && after is { } b)
        {
            if (JsonElement.DeepEquals(a, b))
                return;
            if (Parts(a) is { } mine && Parts(b) is { } theirs)
            {
                foreach (string name in mine.Keys.Union(theirs.Keys))
                    Compare(what, path.Length == 0 ? name : $"{path}.{name}", Find(mine, name), Find(theirs, name), found);
                return;
            }
        }
        // What only one of them defines is not spelled out.
        bool isWhole = (before is null || after is null) && Parts((before ?? after)!.Value) is not null;
        found.Add(new Difference(what, path, isWhole && before is not null ? "defined" : Text(before), isWhole && after is not null ? "defined" : Text(after)));
    }

    private static JsonElement? Find(OrderedDictionary<string, JsonElement> parts, string name) => parts.TryGetValue(name, out JsonElement part) ? part : null;

    /// <summary>The named parts of an object, or of a list of objects that have names; null of anything that is shown as a whole.</summary>
    private static OrderedDictionary<string, JsonElement>? Parts(JsonElement json)
    {
        var parts = new OrderedDictionary<string, JsonElement>(StringComparer.Ordinal);
        if (json.ValueKind == JsonValueKind.Object)
        {
            if (IsExpression(json))
                return null;
            foreach (JsonProperty property in json.EnumerateObject())
                parts[property.Name] = property.Value;
            return parts;
        }
        if (json.ValueKind != JsonValueKind.Array)
            return null;
        foreach (JsonElement item in json.EnumerateArray())
        {
            if (NameOf(item) is not { } name || !parts.TryAdd(name, item))
                return null;
        }
        return parts;
    }

    private static string? NameOf(JsonElement item)
    {
        foreach (string key in (string[])["name", "id", "key"])
        {
            if (item.ValueKind == JsonValueKind.Object && item.TryGetProperty(key, out JsonElement name) && name.ValueKind == JsonValueKind.String)
                return name.GetString();
        }
        return null;
    }

    private static bool IsExpression(JsonElement json) => json.TryGetProperty("is", out _) || json.TryGetProperty("ref", out _) || json.TryGetProperty("text", out _);

    private static string? Text(JsonElement? json)
    {
        if (json is not { } value)
            return null;
        var text = new StringBuilder();
        Append(text, value);
        return text.Length <= LongestText ? text.ToString() : text.ToString(0, LongestText - 1) + "…";
    }

    /// <summary>Expressions as they are written, lists by their items, all else as JSON.</summary>
    private static void Append(StringBuilder text, JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.Object && json.TryGetProperty("is", out JsonElement literal))
            Append(text, literal);
        else if (json.ValueKind == JsonValueKind.Object && json.TryGetProperty("ref", out JsonElement root))
            text.Append("${{ ").AppendJoin('.', json.GetProperty("path").EnumerateArray().Select(part => part.ToString()).Prepend(root.ToString())).Append(" }}");
        else if (json.ValueKind == JsonValueKind.Object && json.TryGetProperty("text", out JsonElement parts) && parts.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement part in parts.EnumerateArray())
                Append(text, part);
        }
        else if (json.ValueKind == JsonValueKind.Object && json.TryGetProperty("texts", out JsonElement choices))
            text.AppendJoin(',', choices.EnumerateArray().Select(choice => choice.ToString()));
        else if (json.ValueKind == JsonValueKind.Array)
        {
            int start = text.Length;
            foreach (JsonElement item in json.EnumerateArray())
                Append(text.Append(text.Length > start ? " " : ""), item);
        }
        else
            text.Append(json.ValueKind == JsonValueKind.String ? json.GetString() : json.GetRawText());
    }
}
