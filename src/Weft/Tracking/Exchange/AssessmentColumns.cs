using System.Buffers;
using System.Text.Json;

namespace Weft.Tracking.Exchange;

/// <summary>An assessment as MLflow's database has it: value, error and metadata are JSON in columns of their own.</summary>
internal sealed record AssessmentColumns(
    string Name, string Kind, string Value, string? Error, string? SourceType, string? SourceId, string? Span, string? Rationale, string? Overrides, string? Metadata)
{
    /// <summary>As we keep it: its body is MLflow's JSON.</summary>
    public Assessment ToAssessment(string id, string trace, long created, long updated, bool isValid)
    {
        JsonElement value = Parse(Value);
        string? searched = value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Null or JsonValueKind.Undefined => null,
            _ => value.GetRawText(),
        };
        return new Assessment(id, trace, Name, Kind, searched, Overrides, isValid, created, updated, Body(value))
        {
            Number = value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null,
        };
    }

    private byte[] Body(JsonElement value)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, TrackingJson.WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("assessment_name"u8, Name);
            json.WriteStartObject("source"u8);
            json.WriteString("source_type"u8, SourceType ?? "SOURCE_TYPE_UNSPECIFIED");
            if (SourceId is not null)
                json.WriteString("source_id"u8, SourceId);
            json.WriteEndObject();
            WriteValue(json, value);
            if (Rationale is not null)
                json.WriteString("rationale"u8, Rationale);
            if (Span is not null)
                json.WriteString("span_id"u8, Span);
            if (Overrides is not null)
                json.WriteString("overrides"u8, Overrides);
            if (Metadata is not null && Parse(Metadata) is { ValueKind: JsonValueKind.Object } metadata)
            {
                json.WritePropertyName("metadata"u8);
                metadata.WriteTo(json);
            }
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>An expectation that is no plain value stands as a text of JSON.</summary>
    private void WriteValue(Utf8JsonWriter json, JsonElement value)
    {
        json.WriteStartObject(Kind);
        if (Kind == "expectation" && value.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
        {
            json.WriteStartObject("serialized_value"u8);
            json.WriteString("serialization_format"u8, "JSON_FORMAT"u8);
            json.WriteString("value"u8, Value);
            json.WriteEndObject();
        }
        else if (value.ValueKind != JsonValueKind.Undefined)
        {
            json.WritePropertyName("value"u8);
            value.WriteTo(json);
        }
        if (Error is not null && Parse(Error) is { ValueKind: not JsonValueKind.Undefined } error)
        {
            json.WritePropertyName("error"u8);
            error.WriteTo(json);
        }
        json.WriteEndObject();
    }

    private static JsonElement Parse(string text)
    {
        try
        {
            return JsonElement.Parse(text);
        }
        catch (JsonException)
        {
            return default;
        }
    }
}
