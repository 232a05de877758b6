using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Weft.Tracking;

namespace Weft.Server.Http;

/// <summary>
/// The members of a request, from a JSON object or a query, read by protobuf's JSON mapping: names in snake_case or lowerCamelCase, null is
/// absent, 64-bit integers as numbers or digits in quotes, doubles also as "NaN" and "Infinity". A member of the wrong type, and a required
/// one that is absent or empty, is an INVALID_PARAMETER_VALUE that names it.
/// </summary>
internal readonly struct Fields
{
    private readonly JsonElement _json;
    private readonly IQueryCollection? _query;
    private readonly string _path;

    private Fields(JsonElement json, IQueryCollection? query, string path)
    {
        _json = json;
        _query = query;
        _path = path;
    }

    public static Fields OfJson(JsonElement json) => new(json, null, "");

    public static Fields OfQuery(IQueryCollection query) => new(default, query, "");

    public string Required(string name)
    {
        string? text = Text(name);
        return string.IsNullOrEmpty(text) ? throw Missing(_path + name) : text;
    }

    public long RequiredLong(string name) => Long(name) ?? throw Missing(_path + name);

    public RunId RequiredRun() => new(Text("run_id") is { Length: > 0 } id ? id : Text("run_uuid") is { Length: > 0 } old ? old : throw Missing(_path + "run_id"));

    /// <summary>An experiment's id: a string of digits. Another string is a name that no experiment has.</summary>
    public long RequiredExperiment(string name = "experiment_id") => ExperimentId(Required(name));

    public static long ExperimentId(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long id) ? id : throw TrackingException.Missing($"No Experiment with id={text} exists");

    public string? Text(string name)
    {
        if (_query is { } query)
            return Find(query, name) is { Count: > 0 } values ? values[0] : null;
        if (!Find(name, out JsonElement value))
            return null;
        return value.ValueKind == JsonValueKind.String ? String(value, name) : throw Invalid(value, name);
    }

    public long? Long(string name)
    {
        if (_query is { } query)
        {
            if (Find(query, name) is not { Count: > 0 } values)
                return null;
            return ParseLong(values[0]!) ?? throw Invalid(values[0]!, name);
        }
        if (!Find(name, out JsonElement value))
            return null;
        long? parsed = value.ValueKind switch
        {
            JsonValueKind.Number => value.TryGetInt64(out long number) ? number : ParseLong(value.GetRawText()),
            JsonValueKind.String => ParseLong(String(value, name)),
            _ => null,
        };
        return parsed ?? throw Invalid(value, name);
    }

    public int? Int(string name) => Long(name) is { } value ? value is >= int.MinValue and <= int.MaxValue ? (int)value : throw Invalid(value.ToString(), name) : null;

    public double? Double(string name)
    {
        if (!Find(name, out JsonElement value))
            return null;
        switch (value.ValueKind)
        {
            case JsonValueKind.Number:
                return value.GetDouble();
            case JsonValueKind.True:
                return 1;
            case JsonValueKind.False:
                return 0;
            case JsonValueKind.String when ParseDouble(String(value, name)) is { } number:
                return number;
            default:
                throw Invalid(value, name);
        }
    }

    public bool? Bool(string name)
    {
        if (_query is { } query)
        {
            if (Find(query, name) is not { Count: > 0 } values)
                return null;
            return bool.TryParse(values[0], out bool parsed) ? parsed : throw Invalid(values[0]!, name);
        }
        if (!Find(name, out JsonElement value))
            return null;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Invalid(value, name);
    }

    /// <summary>An enumeration by name or number.</summary>
    /// <param name="names">The names, whose places plus one are the numbers.</param>
    public int? Enum(string name, params ReadOnlySpan<string> names)
    {
        string? text;
        if (_query is { } query)
        {
            text = Find(query, name) is { Count: > 0 } values ? values[0] : null;
        }
        else
        {
            if (!Find(name, out JsonElement value))
                return null;
            text = value.ValueKind switch
            {
                JsonValueKind.String => String(value, name),
                JsonValueKind.Number => value.GetRawText(),
                _ => throw Invalid(value, name),
            };
        }
        if (text is null)
            return null;
        int number = names.IndexOf(text) + 1;
        if (number == 0 && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int given) && given >= 1 && given <= names.Length)
            number = given;
        return number > 0 ? number : throw Invalid('"' + text + '"', name);
    }

    public ViewType? View(string name) => (ViewType?)Enum(name, "ACTIVE_ONLY", "DELETED_ONLY", "ALL");

    public ImmutableArray<string> Texts(string name)
    {
        if (_query is { } query)
            return Find(query, name) is { Count: > 0 } values ? [.. values.Where(value => value is not null).Select(value => value!)] : [];
        if (!Find(name, out JsonElement list))
            return [];
        if (list.ValueKind != JsonValueKind.Array)
            throw Invalid(list, name);
        var texts = ImmutableArray.CreateBuilder<string>(list.GetArrayLength());
        foreach (JsonElement item in list.EnumerateArray())
            texts.Add(item.ValueKind == JsonValueKind.String ? String(item, name) : throw Invalid(list, name));
        return texts.MoveToImmutable();
    }

    /// <summary>The texts of a list, or the one text that stands in its place.</summary>
    public ImmutableArray<string> OneOrMore(string name) =>
        _query is null && Find(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? [String(value, name)] : Texts(name);

    /// <summary>The objects of a list; their own members are named <c>name[i].member</c>.</summary>
    public ImmutableArray<Fields> Items(string name)
    {
        if (!Find(name, out JsonElement list))
            return [];
        if (list.ValueKind != JsonValueKind.Array)
            throw Invalid(list, name);
        var items = ImmutableArray.CreateBuilder<Fields>(list.GetArrayLength());
        foreach (JsonElement item in list.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Object)
                throw Invalid(list, name);
            items.Add(new Fields(item, null, $"{_path}{name}[{items.Count}]."));
        }
        return items.MoveToImmutable();
    }

    public Fields? Item(string name)
    {
        if (!Find(name, out JsonElement item))
            return null;
        return item.ValueKind == JsonValueKind.Object ? new Fields(item, null, $"{_path}{name}.") : throw Invalid(item, name);
    }

    /// <summary>A map of texts.</summary>
    public ImmutableArray<Label> Map(string name)
    {
        if (!Find(name, out JsonElement map))
            return [];
        if (map.ValueKind != JsonValueKind.Object)
            throw Invalid(map, name);
        var labels = ImmutableArray.CreateBuilder<Label>();
        foreach (JsonProperty entry in map.EnumerateObject())
            labels.Add(new Label(entry.Name, entry.Value.ValueKind == JsonValueKind.String ? String(entry.Value, name) : throw Invalid(map, name)));
        return labels.DrainToImmutable();
    }

    /// <summary>A list of key and value objects.</summary>
    public ImmutableArray<Label> Labels(string name) => [.. Items(name).Select(item => new Label(item.Required("key"), item.Text("value") ?? ""))];

    public bool Has(string name) => _query is { } query ? Find(query, name).Count > 0 : Find(name, out _);

    /// <summary>The member as it is; undefined when it is absent.</summary>
    public JsonElement Element(string name) => Find(name, out JsonElement value) ? value : default;

    /// <summary>The member as JSON text; null when it is absent.</summary>
    public string? Raw(string name) => Find(name, out JsonElement value) ? value.GetRawText() : null;

    public static TrackingException Missing(string path) =>
        TrackingException.Invalid($"Missing value for required parameter '{path}'. See the API docs for more information about request parameters.");

    public TrackingException Invalid(string value, string name) =>
        TrackingException.Invalid($"Invalid value {value} for parameter '{_path}{name}' supplied: the value does not fit the parameter's type. See the API docs for more information about request parameters.");

    /// <summary>Digits, or a whole number with a fraction of zeros.</summary>
    internal static long? ParseLong(string text)
    {
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number))
            return number;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double real) && double.IsInteger(real) && Math.Abs(real) < 9.2e18)
            return (long)real;
        return null;
    }

    internal static double? ParseDouble(string text) => text switch
    {
        "NaN" => double.NaN,
        "Infinity" => double.PositiveInfinity,
        "-Infinity" => double.NegativeInfinity,
        _ => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? number : null,
    };

    private TrackingException Invalid(JsonElement value, string name)
    {
        string raw = value.GetRawText();
        return Invalid(raw.Length > 500 ? raw[..500] + "…" : raw, name);
    }

    /// <summary>The text of a string; half of a surrogate pair is not text.</summary>
    private string String(JsonElement value, string name)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Invalid("that is not valid Unicode", name);
        }
    }

    private bool Find(string name, out JsonElement value)
    {
        value = default;
        if (_json.ValueKind != JsonValueKind.Object)
            return false;
        if (!_json.TryGetProperty(name, out value) && !(name.Contains('_', StringComparison.Ordinal) && _json.TryGetProperty(Camel(name), out value)))
            return false;
        return value.ValueKind != JsonValueKind.Null;
    }

    /// <summary>A parameter may be repeated, and older clients write <c>name[]</c>.</summary>
    private static StringValues Find(IQueryCollection query, string name) =>
        query.TryGetValue(name, out StringValues values) || query.TryGetValue(name + "[]", out values) || query.TryGetValue(Camel(name), out values) ? values : default;

    private static string Camel(string name)
    {
        var text = new StringBuilder(name.Length);
        for (int i = 0; i < name.Length; i++)
            text.Append(name[i] == '_' && ++i < name.Length ? char.ToUpperInvariant(name[i]) : name[i]);
        return text.ToString();
    }
}
