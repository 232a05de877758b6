using System.Globalization;
using System.Text;
using System.Text.Json;
using Weft.Tracking;

namespace Weft.Server.Otlp;

/// <summary>
/// Spans in the two forms that MLflow's clients read: the one of <c>traces.json</c>, which is how they are kept (ids in base64, every attribute as a
/// text that is JSON), and OpenTelemetry's own with typed values.
/// </summary>
internal static class SpanJson
{
    private const string TraceAttribute = "mlflow.traceRequestId";

    /// <summary>A span as it is kept.</summary>
    public static TraceSpan Convert(OtlpSpan span)
    {
        // MLflow's own clients say which trace they mean.
        string trace = Text(Find(span, TraceAttribute)) is { Length: > 0 } named ? named : "tr-" + System.Convert.ToHexStringLower(span.Trace);
        return new TraceSpan(
            trace, System.Convert.ToHexStringLower(span.Id), span.Parent.Length > 0 ? System.Convert.ToHexStringLower(span.Parent) : null, span.Name,
            Text(Find(span, "mlflow.spanType")), Status(span.Code), (long)span.StartNs, span.EndNs > 0 ? (long)span.EndNs : null, Content(span, trace))
        {
            RequestPreview = Shown(Find(span, "mlflow.spanInputs")),
            ResponsePreview = Shown(Find(span, "mlflow.spanOutputs")),
            Session = Text(Find(span, "session.id")),
            User = Text(Find(span, "user.id")),
        };
    }

    /// <summary><c>traces.json</c> of a trace.</summary>
    public static byte[] File(IEnumerable<TraceSpan> spans) => Encoding.UTF8.GetBytes($"{{\"spans\": [{string.Join(", ", spans.Select(span => span.Content))}]}}");

    /// <summary>A span in OpenTelemetry's form, as protobuf's JSON in snake_case.</summary>
    public static void Write(Utf8JsonWriter json, TraceSpan span)
    {
        JsonElement content = JsonElement.Parse(span.Content);
        json.WriteStartObject();
        json.WriteString("trace_id"u8, content.GetProperty("trace_id"u8).GetString());
        json.WriteString("span_id"u8, content.GetProperty("span_id"u8).GetString());
        if (content.GetProperty("parent_span_id"u8).GetString() is { } parent)
            json.WriteString("parent_span_id"u8, parent);
        json.WriteString("name"u8, span.Name);
        json.WriteString("start_time_unix_nano"u8, span.StartedNs.ToString(CultureInfo.InvariantCulture));
        if (span.EndedNs is { } ended)
            json.WriteString("end_time_unix_nano"u8, ended.ToString(CultureInfo.InvariantCulture));
        json.WriteStartArray("attributes"u8);
        foreach (JsonProperty attribute in content.GetProperty("attributes"u8).EnumerateObject())
            WriteAttribute(json, attribute.Name, JsonElement.Parse(attribute.Value.GetString()!));
        json.WriteEndArray();
        if (content.GetProperty("events"u8) is { } events && events.GetArrayLength() > 0)
        {
            json.WriteStartArray("events"u8);
            foreach (JsonElement happening in events.EnumerateArray())
                WriteEvent(json, happening);
            json.WriteEndArray();
        }
        WriteStatus(json, content.GetProperty("status"u8));
        json.WriteEndObject();
    }

    private static void WriteEvent(Utf8JsonWriter json, JsonElement happening)
    {
        json.WriteStartObject();
        json.WriteString("time_unix_nano"u8, happening.GetProperty("time_unix_nano"u8).GetRawText());
        json.WriteString("name"u8, happening.GetProperty("name"u8).GetString());
        json.WriteStartArray("attributes"u8);
        foreach (JsonProperty attribute in happening.GetProperty("attributes"u8).EnumerateObject())
            WriteAttribute(json, attribute.Name, attribute.Value);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteStatus(Utf8JsonWriter json, JsonElement status)
    {
        json.WriteStartObject("status"u8);
        if (status.GetProperty("message"u8).GetString() is { Length: > 0 } message)
            json.WriteString("message"u8, message);
        if (status.GetProperty("code"u8).GetString() is { } code && code != "STATUS_CODE_UNSET")
            json.WriteString("code"u8, code);
        json.WriteEndObject();
    }

    private static void WriteAttribute(Utf8JsonWriter json, string key, JsonElement value)
    {
        json.WriteStartObject();
        json.WriteString("key"u8, key);
        json.WritePropertyName("value"u8);
        WriteValue(json, value);
        json.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter json, JsonElement value)
    {
        json.WriteStartObject();
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                json.WriteString("string_value"u8, value.GetString());
                break;
            case JsonValueKind.True or JsonValueKind.False:
                json.WriteBoolean("bool_value"u8, value.GetBoolean());
                break;
            case JsonValueKind.Number when value.TryGetInt64(out long number) && !value.GetRawText().AsSpan().ContainsAny('.', 'e', 'E'):
                json.WriteNumber("int_value"u8, number);
                break;
            case JsonValueKind.Number:
                json.WritePropertyName("double_value"u8);
                TrackingJson.WriteDouble(json, value.GetDouble());
                break;
            case JsonValueKind.Array:
                json.WriteStartObject("array_value"u8);
                json.WriteStartArray("values"u8);
                foreach (JsonElement item in value.EnumerateArray())
                    WriteValue(json, item);
                json.WriteEndArray();
                json.WriteEndObject();
                break;
            case JsonValueKind.Object:
                json.WriteStartObject("kvlist_value"u8);
                json.WriteStartArray("values"u8);
                foreach (JsonProperty member in value.EnumerateObject())
                    WriteAttribute(json, member.Name, member.Value);
                json.WriteEndArray();
                json.WriteEndObject();
                break;
        }
        json.WriteEndObject();
    }

    private static string Content(OtlpSpan span, string trace)
    {
        var text = new StringBuilder("{\"trace_id\": \"").Append(System.Convert.ToBase64String(span.Trace)).Append("\", \"span_id\": \"")
            .Append(System.Convert.ToBase64String(span.Id)).Append("\", \"parent_span_id\": ");
        text.Append(span.Parent.Length > 0 ? $"\"{System.Convert.ToBase64String(span.Parent)}\"" : "null").Append(", \"name\": ");
        PythonJson.WriteText(text, span.Name);
        text.Append(CultureInfo.InvariantCulture, $", \"start_time_unix_nano\": {span.StartNs}, \"end_time_unix_nano\": ")
            .Append(span.EndNs > 0 ? span.EndNs.ToString(CultureInfo.InvariantCulture) : "null").Append(", \"events\": [");
        string before = "";
        foreach (OtlpEvent happening in span.Events)
        {
            PythonJson.WriteText(text.Append(before).Append("{\"name\": "), happening.Name);
            text.Append(CultureInfo.InvariantCulture, $", \"time_unix_nano\": {happening.TimeNs}, \"attributes\": ");
            WriteAttributes(text, happening.Attributes, asText: false);
            text.Append('}');
            before = ", ";
        }
        text.Append($"], \"status\": {{\"code\": \"STATUS_CODE_{Status(span.Code)}\", \"message\": ");
        PythonJson.WriteText(text, span.Message);
        text.Append("}, \"attributes\": ");
        IEnumerable<OtlpAttribute> attributes = span.Attributes;
        if (Find(span, TraceAttribute) is null)
            attributes = attributes.Prepend(new OtlpAttribute(TraceAttribute, $"\"{trace}\""));
        WriteAttributes(text, attributes, asText: true);
        return text.Append('}').ToString();
    }

    private static void WriteAttributes(StringBuilder text, IEnumerable<OtlpAttribute> attributes, bool asText)
    {
        string before = "{";
        foreach ((string key, string json) in attributes)
        {
            PythonJson.WriteText(text.Append(before), key);
            text.Append(": ");
            if (asText)
                PythonJson.WriteText(text, json);
            else
                text.Append(json);
            before = ", ";
        }
        text.Append(before == "{" ? "{}" : "}");
    }

    private static string Status(int code) => code switch
    {
        1 => "OK",
        2 => "ERROR",
        _ => "UNSET",
    };

    private static string? Find(OtlpSpan span, string key)
    {
        foreach ((string name, string json) in span.Attributes)
        {
            if (name == key)
                return json;
        }
        return null;
    }

    /// <summary>What a JSON text says when it is a string.</summary>
    private static string? Text(string? json) => json is ['"', ..] ? JsonElement.Parse(json).GetString() : null;

    private static string? Shown(string? json) => Text(json) ?? (json is "null" ? null : json);
}
