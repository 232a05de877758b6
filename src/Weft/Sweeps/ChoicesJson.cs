using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Weft.Values;

namespace Weft.Sweeps;

/// <summary>The JSON form of choices: an object with one entry, named by what it is; numbers of any size stand as text.</summary>
internal static class ChoicesJson
{
    public static void Write(Utf8JsonWriter json, Choices choices)
    {
        json.WriteStartObject();
        switch (choices)
        {
            case Choices.Listed listed:
                json.WriteStartArray("texts");
                foreach (string text in listed.Texts)
                    json.WriteStringValue(text);
                json.WriteEndArray();
                break;
            case Choices.Typed typed:
                json.WriteStartArray("values");
                foreach (Word word in typed.Words)
                {
                    json.WriteStartArray();
                    json.WriteStringValue(word.Text);
                    ValueJson.Write(json, word.Typed);
                    json.WriteEndArray();
                }
                json.WriteEndArray();
                break;
            case Choices.Ranged(DecimalRange range, string suffix):
                json.WriteStartObject("range");
                json.WriteString("first", ExactDecimal.Print(range.First));
                json.WriteString("step", ExactDecimal.Print(range.Step));
                json.WriteNumber("exponent", range.Exponent);
                json.WriteNumber("count", range.Count);
                json.WriteNumber("digits", range.Precision);
                json.WriteString("suffix", suffix);
                json.WriteEndObject();
                break;
            case Choices.Joined(ImmutableArray<Choices> parts):
                WriteParts(json, "joined", parts);
                break;
            case Choices.Combined(ImmutableArray<Choices> parts):
                WriteParts(json, "combined", parts);
                break;
            case Choices.Suffixed(Choices of, string suffix):
                json.WriteStartObject("suffixed");
                json.WritePropertyName("of");
                Write(json, of);
                json.WriteString("suffix", suffix);
                json.WriteEndObject();
                break;
        }
        json.WriteEndObject();
    }

    /// <exception cref="JsonException">The kind is not known to this version.</exception>
    public static Choices Read(JsonElement json)
    {
        JsonProperty only = json.EnumerateObject().First();
        JsonElement content = only.Value;
        return only.Name switch
        {
            "texts" => new Choices.Listed([.. content.EnumerateArray().Select(text => text.GetString()!)]),
            "values" => new Choices.Typed([.. content.EnumerateArray().Select(word => new Word(word[0].GetString()!, ValueJson.Read(word[1])))]),
            "range" => new Choices.Ranged(ReadRange(content), content.GetProperty("suffix").GetString()!),
            "joined" => new Choices.Joined(ReadParts(content)),
            "combined" => new Choices.Combined(ReadParts(content)),
            "suffixed" => new Choices.Suffixed(Read(content.GetProperty("of")), content.GetProperty("suffix").GetString()!),
            string kind => throw new JsonException($"choices of the kind `{kind}` are not known"),
        };
    }

    private static DecimalRange ReadRange(JsonElement json) => new(
        BigInteger.Parse(json.GetProperty("first").GetString()!, CultureInfo.InvariantCulture),
        BigInteger.Parse(json.GetProperty("step").GetString()!, CultureInfo.InvariantCulture),
        json.GetProperty("exponent").GetInt32(),
        json.GetProperty("count").GetInt64(),
        json.GetProperty("digits").GetInt32());

    private static void WriteParts(Utf8JsonWriter json, string name, ImmutableArray<Choices> parts)
    {
        json.WriteStartArray(name);
        foreach (Choices part in parts)
            Write(json, part);
        json.WriteEndArray();
    }

    private static ImmutableArray<Choices> ReadParts(JsonElement json) => [.. json.EnumerateArray().Select(Read)];
}
