using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace Weft.Values;

/// <summary>
/// Values as JSON that reads back as the same value, for plans and records. Unlike the canonical text, which is hashed, it keeps integers and
/// floats apart (a float always has a point or an exponent) and all of a blob. Values that JSON has no form for are one-entry maps whose key
/// begins with a dollar; a map with such a key of its own is wrapped.
/// </summary>
public static class ValueJson
{
    public static void Write(Utf8JsonWriter json, Value value)
    {
        switch (value)
        {
            case Value.Null:
                json.WriteNullValue();
                break;
            case Value.Bool b:
                json.WriteBooleanValue(b.Is);
                break;
            case Value.Int i:
                json.WriteRawValue(i.Number.ToString(CultureInfo.InvariantCulture));
                break;
            case Value.Float f when double.IsFinite(f.Number):
                string text = f.Number.ToString("R", CultureInfo.InvariantCulture);
                json.WriteRawValue(text.AsSpan().ContainsAny('.', 'E') ? text : text + ".0");
                break;
            case Value.Float f:
                Wrap(json, "$float", double.IsNaN(f.Number) ? "nan" : f.Number > 0 ? "inf" : "-inf");
                break;
            case Value.Text t:
                WriteText(json, t.Content);
                break;
            case Value.Time t:
                Wrap(json, "$time", t.Instant.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
                break;
            case Value.Duration d:
                json.WriteStartObject();
                json.WriteNumber("$ticks", d.Length.Ticks);
                json.WriteEndObject();
                break;
            case Value.List list:
                json.WriteStartArray();
                foreach (Value item in list.Items)
                    Write(json, item);
                json.WriteEndArray();
                break;
            case Value.Map map:
                WriteMap(json, map);
                break;
            case Value.Blob blob:
                json.WriteStartObject();
                json.WriteStartObject("$blob");
                json.WriteString("digest", blob.Digest.Hex);
                json.WriteNumber("size", blob.Size);
                json.WriteString("kind", KindOf(blob.Kind));
                if (blob.Uri is { } uri)
                    json.WriteString("uri", uri);
                json.WriteEndObject();
                json.WriteEndObject();
                break;
            default:
                throw new InvalidOperationException($"no JSON for {value.GetType().Name}");
        }
    }

    public static void WriteEntries(Utf8JsonWriter json, ImmutableSortedDictionary<string, Value> entries)
    {
        json.WriteStartObject();
        foreach ((string key, Value item) in entries)
        {
            json.WritePropertyName(key);
            Write(json, item);
        }
        json.WriteEndObject();
    }

    /// <exception cref="JsonException">The text was not written by <see cref="Write"/>.</exception>
    public static Value Read(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Null => Value.None,
        JsonValueKind.True => Value.Of(true),
        JsonValueKind.False => Value.Of(false),
        JsonValueKind.String => Value.Of(json.GetString()!),
        JsonValueKind.Number => ReadNumber(json.GetRawText()),
        JsonValueKind.Array => new Value.List([.. json.EnumerateArray().Select(Read)]),
        JsonValueKind.Object => ReadObject(json),
        _ => throw new JsonException("a value was expected"),
    };

    public static ImmutableSortedDictionary<string, Value> ReadEntries(JsonElement json)
    {
        var entries = Value.NoEntries.ToBuilder();
        foreach (JsonProperty property in json.EnumerateObject())
            entries[property.Name] = Read(property.Value);
        return entries.ToImmutable();
    }

    /// <summary>Text as a JSON string; half of a surrogate pair, which JSON text cannot hold, is kept by its number.</summary>
    private static void WriteText(Utf8JsonWriter json, string text)
    {
        if (!HasLoneSurrogate(text))
        {
            json.WriteStringValue(text);
            return;
        }
        json.WriteStartObject();
        json.WriteStartArray("$units");
        foreach (char unit in text)
            json.WriteNumberValue((int)unit);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static bool HasLoneSurrogate(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (i + 1 >= text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                return true;
            i++;
        }
        return false;
    }

    private static void WriteMap(Utf8JsonWriter json, Value.Map map)
    {
        bool isWrapped = map.Entries.Keys.Any(key => key.StartsWith('$'));
        if (isWrapped)
        {
            json.WriteStartObject();
            json.WritePropertyName("$map");
        }
        WriteEntries(json, map.Entries);
        if (isWrapped)
            json.WriteEndObject();
    }

    private static void Wrap(Utf8JsonWriter json, string key, string text)
    {
        json.WriteStartObject();
        json.WriteString(key, text);
        json.WriteEndObject();
    }

    internal static Value ReadNumber(string raw) => raw.AsSpan().IndexOfAny('.', 'e', 'E') < 0
        ? new Value.Int(BigInteger.Parse(raw, CultureInfo.InvariantCulture))
        : Value.Of(double.Parse(raw, CultureInfo.InvariantCulture));

    private static Value ReadObject(JsonElement json)
    {
        using JsonElement.ObjectEnumerator properties = json.EnumerateObject();
        if (!properties.MoveNext() || !properties.Current.Name.StartsWith('$'))
            return new Value.Map(ReadEntries(json));
        JsonElement inner = properties.Current.Value;
        switch (properties.Current.Name)
        {
            case "$map":
                return new Value.Map(ReadEntries(inner));
            case "$float":
                return Value.Of(inner.GetString() switch { "nan" => double.NaN, "inf" => double.PositiveInfinity, _ => double.NegativeInfinity });
            case "$time":
                return new Value.Time(DateTimeOffset.Parse(inner.GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind));
            case "$ticks":
                return new Value.Duration(TimeSpan.FromTicks(inner.GetInt64()));
            case "$units":
                return Value.Of(new string([.. inner.EnumerateArray().Select(unit => (char)unit.GetInt32())]));
            case "$blob":
                return new Value.Blob(
                    Digest.Parse(inner.GetProperty("digest").GetString()!), inner.GetProperty("size").GetInt64(), ReadKind(inner.GetProperty("kind").GetString()),
                    inner.TryGetProperty("uri", out JsonElement uri) ? uri.GetString() : null);
            default:
                throw new JsonException($"a value of the kind `{properties.Current.Name}` is not known");
        }
    }

    private static string KindOf(BlobKind kind) => kind switch { BlobKind.File => "file", BlobKind.Folder => "folder", _ => "table" };

    private static BlobKind ReadKind(string? kind) => kind switch { "file" => BlobKind.File, "folder" => BlobKind.Folder, _ => BlobKind.Table };
}
