using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Weft.Server.Http;
using Weft.Server.Otlp;
using Weft.Tracking;

namespace Weft.Server.Mlflow;

/// <summary><c>traces/ID/assessments</c>: feedback, expectations and issues of traces.</summary>
internal static class AssessmentRoutes
{
    private static readonly string[] s_kinds = ["feedback", "expectation", "issue"];

    public static async ValueTask CreateAsync(Call call)
    {
        Fields fields = (await call.ReadAsync()).Item("assessment") ?? throw Fields.Missing("assessment");
        await AnswerAsync(call, await call.Store.Assessments.CreateAsync(Read(fields, Part(call, 0))));
    }

    public static ValueTask GetAsync(Call call) => AnswerAsync(call, call.Store.Assessments.Get(Part(call, 0), Part(call, 1)));

    /// <summary>Changes what the update mask names, in snake_case or lowerCamelCase.</summary>
    public static async ValueTask UpdateAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        Fields news = fields.Item("assessment") ?? throw Fields.Missing("assessment");
        string[] mask = fields.Required("update_mask").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        await AnswerAsync(call, await call.Store.Assessments.UpdateAsync(Part(call, 0), Part(call, 1), old => Change(old, news, mask)));
    }

    public static async ValueTask DeleteAsync(Call call)
    {
        await call.Store.Assessments.DeleteAsync(Part(call, 0), Part(call, 1));
        await call.DoneAsync();
    }

    /// <summary>An assessment that came as JSON.</summary>
    public static Assessment Read(Fields fields, string trace)
    {
        string name = fields.Required("assessment_name");
        Fields source = fields.Item("source") ?? throw Fields.Missing("assessment.source");
        string sourceType = source.Required("source_type");
        string kind = s_kinds.FirstOrDefault(fields.Has) ?? throw Fields.Missing("assessment.feedback");
        string? valueText = null;
        double? number = null;
        byte[] body = Json(json =>
        {
            if (fields.Text("span_id") is { Length: > 0 } span)
                json.WriteString("span_id"u8, span);
            json.WriteStartObject("source"u8);
            json.WriteString("source_type"u8, sourceType);
            if (source.Text("source_id") is { Length: > 0 } id)
                json.WriteString("source_id"u8, id);
            json.WriteEndObject();
            (valueText, number) = WriteValue(json, kind, fields);
            if (fields.Text("rationale") is { Length: > 0 } rationale)
                json.WriteString("rationale"u8, rationale);
            WriteMap(json, "metadata", fields.Element("metadata"));
        });
        return new Assessment(
            fields.Text("assessment_id") ?? "", trace, name, kind, valueText, fields.Text("overrides") is { Length: > 0 } older ? older : null, fields.Bool("valid") ?? true, 0, 0, body)
        {
            Number = number,
        };
    }

    public static void Write(Utf8JsonWriter json, Assessment assessment)
    {
        json.WriteStartObject();
        json.WriteString("assessment_id"u8, assessment.Id);
        json.WriteString("assessment_name"u8, assessment.Name);
        json.WriteString("trace_id"u8, assessment.Trace);
        foreach (JsonProperty member in JsonElement.Parse(assessment.Body).EnumerateObject())
            member.WriteTo(json);
        json.WriteString("create_time"u8, Time(assessment.Created));
        json.WriteString("last_update_time"u8, Time(assessment.Updated));
        if (assessment.Overrides is { } older)
            json.WriteString("overrides"u8, older);
        json.WriteBoolean("valid"u8, assessment.IsValid);
        json.WriteEndObject();
    }

    private static Assessment Change(Assessment old, Fields news, string[] mask)
    {
        JsonElement was = JsonElement.Parse(old.Body);
        string kind = s_kinds.FirstOrDefault(name => mask.Contains(name) && news.Has(name)) ?? old.Kind;
        bool hasValue = mask.Contains(kind) && news.Has(kind);
        if (hasValue && kind != old.Kind)
            throw TrackingException.Invalid($"Cannot update {kind} value of an assessment that is {old.Kind}");
        (string? Text, double? Number) value = (old.Value, old.Number);
        byte[] body = Json(json =>
        {
            foreach (JsonProperty member in was.EnumerateObject())
            {
                if (!(member.Name == kind && hasValue) && !(member.Name is "rationale" or "metadata" && mask.Contains(member.Name)))
                    member.WriteTo(json);
            }
            if (hasValue)
                value = WriteValue(json, kind, news);
            if (mask.Contains("rationale") && news.Text("rationale") is { Length: > 0 } rationale)
                json.WriteString("rationale"u8, rationale);
            if (mask.Contains("metadata"))
                WriteMap(json, "metadata", news.Element("metadata"));
        });
        return old with
        {
            Name = mask.Contains("assessment_name") || mask.Contains("assessmentName") ? news.Required("assessment_name") : old.Name,
            IsValid = mask.Contains("valid") ? news.Bool("valid") ?? true : old.IsValid,
            Value = value.Text,
            Number = value.Number,
            Body = body,
        };
    }

    /// <summary>The value as MLflow's servers give it back: an expectation that is no plain value stands as a text of JSON.</summary>
    private static (string? Text, double? Number) WriteValue(Utf8JsonWriter json, string kind, Fields fields)
    {
        JsonElement holder = fields.Element(kind);
        if (holder.ValueKind != JsonValueKind.Object)
            throw TrackingException.Invalid($"Invalid value {holder.GetRawText()} for parameter 'assessment.{kind}' supplied: it must be an object");
        json.WriteStartObject(kind);
        string? text = null;
        double? number = null;
        foreach (JsonProperty member in holder.EnumerateObject())
        {
            if (member.NameEquals("value"u8))
            {
                (text, number) = Searched(member.Value);
                if (kind == "expectation" && member.Value.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
                    WriteSerialized(json, PythonJson.Of(member.Value));
                else
                    member.WriteTo(json);
            }
            else if (member.Name is "serialized_value" or "serializedValue")
            {
                text = member.Value.TryGetProperty("value"u8, out JsonElement inner) ? inner.GetString() : null;
                WriteSerialized(json, text ?? "");
            }
            else if (member.Name is "error" or "issue_name" or "issueName")
            {
                json.WritePropertyName(member.Name == "issueName" ? "issue_name" : member.Name);
                member.Value.WriteTo(json);
                text ??= member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString() : null;
            }
        }
        json.WriteEndObject();
        return (text, number);
    }

    private static void WriteSerialized(Utf8JsonWriter json, string value)
    {
        json.WriteStartObject("serialized_value"u8);
        json.WriteString("serialization_format"u8, "JSON_FORMAT"u8);
        json.WriteString("value"u8, value);
        json.WriteEndObject();
    }

    private static (string? Text, double? Number) Searched(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => (value.GetString(), null),
        JsonValueKind.Number => (value.GetRawText(), value.GetDouble()),
        JsonValueKind.Null => (null, null),
        _ => (PythonJson.Of(value), null),
    };

    private static void WriteMap(Utf8JsonWriter json, string name, JsonElement map)
    {
        if (map.ValueKind != JsonValueKind.Object)
            return;
        json.WriteStartObject(name);
        foreach (JsonProperty entry in map.EnumerateObject())
            json.WriteString(entry.Name, entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString() : entry.Value.GetRawText());
        json.WriteEndObject();
    }

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, TrackingJson.WriterOptions))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    private static string Part(Call call, int index) => Uri.UnescapeDataString(call.Parts[index]);

    private static string Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds).ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    private static ValueTask AnswerAsync(Call call, Assessment assessment) => call.AnswerAsync(json =>
    {
        json.WritePropertyName("assessment"u8);
        Write(json, assessment);
    });
}
