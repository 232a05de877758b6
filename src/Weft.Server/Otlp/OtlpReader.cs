using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Weft.Server.Otlp;

/// <summary>
/// Reads an <c>ExportTraceServiceRequest</c> of OpenTelemetry's protocol (opentelemetry-proto 1.x, <c>trace.proto</c> and <c>common.proto</c>; the numbers
/// of the fields stand beside them), as protobuf or as JSON. In JSON the ids are hexadecimal digits, not protobuf's base64.
/// </summary>
internal static class OtlpReader
{
    /// <summary>How deep values may be nested.</summary>
    private const int Deepest = 32;

    /// <summary>Programs whose name a trace shows; any other name could be a text of somebody's choice.</summary>
    private static readonly string[] s_services = ["claude-code", "codex_cli_rs", "codex_vscode", "gemini-cli", "qwen-code"];

    /// <exception cref="InvalidDataException">The bytes are not such a message.</exception>
    public static List<OtlpSpan> OfProto(ReadOnlySpan<byte> bytes)
    {
        var spans = new List<OtlpSpan>();
        var request = new ProtoReader(bytes);
        while (Next(ref request, 1))
        {
            var resource = new ProtoReader(request.Bytes());
            int first = spans.Count;
            OtlpAttribute? service = null;
            while (resource.MoveNext())
            {
                if (resource.Field == 1) // resource
                {
                    var described = new ProtoReader(resource.Bytes());
                    while (Next(ref described, 1))
                        service ??= Service(ReadAttribute(described.Bytes(), 0));
                }
                else if (resource.Field == 2) // scope_spans
                {
                    var scope = new ProtoReader(resource.Bytes());
                    while (Next(ref scope, 2))
                        spans.Add(ReadSpan(scope.Bytes()));
                }
                else
                {
                    resource.Skip();
                }
            }
            AddService(spans, first, service);
        }
        return spans;
    }

    /// <exception cref="InvalidDataException">The JSON is not such a message.</exception>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public static List<OtlpSpan> OfJson(ReadOnlySpan<byte> bytes)
    {
        JsonElement request = JsonElement.Parse(bytes, new JsonDocumentOptions { MaxDepth = Deepest * 4 });
        var spans = new List<OtlpSpan>();
        foreach (JsonElement resource in Items(request, "resourceSpans"))
        {
            int first = spans.Count;
            foreach (JsonElement scope in Items(resource, "scopeSpans"))
            {
                foreach (JsonElement span in Items(scope, "spans"))
                    spans.Add(ReadSpan(span));
            }
            AddService(spans, first, Attributes(Member(resource, "resource")).Select(Service).FirstOrDefault(service => service is not null));
        }
        return spans;
    }

    /// <summary>Moves to the next field of that number over all others.</summary>
    private static bool Next(ref ProtoReader reader, int field)
    {
        while (reader.MoveNext())
        {
            if (reader.Field == field)
                return true;
            reader.Skip();
        }
        return false;
    }

    private static OtlpSpan ReadSpan(ReadOnlySpan<byte> bytes)
    {
        byte[] trace = [], id = [], parent = [];
        string name = "", message = "";
        ulong start = 0, end = 0;
        int code = 0;
        var attributes = new List<OtlpAttribute>();
        var events = new List<OtlpEvent>();
        var span = new ProtoReader(bytes);
        while (span.MoveNext())
        {
            switch (span.Field)
            {
                case 1: // trace_id
                    trace = span.Bytes().ToArray();
                    break;
                case 2: // span_id
                    id = span.Bytes().ToArray();
                    break;
                case 4: // parent_span_id
                    parent = span.Bytes().ToArray();
                    break;
                case 5: // name
                    name = span.Text();
                    break;
                case 7: // start_time_unix_nano
                    start = span.Fixed64();
                    break;
                case 8: // end_time_unix_nano
                    end = span.Fixed64();
                    break;
                case 9: // attributes
                    attributes.Add(ReadAttribute(span.Bytes(), 0));
                    break;
                case 11: // events
                    events.Add(ReadEvent(span.Bytes()));
                    break;
                case 15: // status
                    (code, message) = ReadStatus(span.Bytes());
                    break;
                default:
                    span.Skip();
                    break;
            }
        }
        return Checked(new OtlpSpan(trace, id, parent, name, start, end, code, message, attributes, events));
    }

    private static (int Code, string Message) ReadStatus(ReadOnlySpan<byte> bytes)
    {
        int code = 0;
        string message = "";
        var status = new ProtoReader(bytes);
        while (status.MoveNext())
        {
            if (status.Field == 2)
                message = status.Text();
            else if (status.Field == 3)
                code = (int)status.Number();
            else
                status.Skip();
        }
        return (code, message);
    }

    private static OtlpEvent ReadEvent(ReadOnlySpan<byte> bytes)
    {
        ulong time = 0;
        string name = "";
        var attributes = new List<OtlpAttribute>();
        var happening = new ProtoReader(bytes);
        while (happening.MoveNext())
        {
            if (happening.Field == 1)
                time = happening.Fixed64();
            else if (happening.Field == 2)
                name = happening.Text();
            else if (happening.Field == 3)
                attributes.Add(ReadAttribute(happening.Bytes(), 0));
            else
                happening.Skip();
        }
        return new OtlpEvent(name, time, attributes);
    }

    private static OtlpAttribute ReadAttribute(ReadOnlySpan<byte> bytes, int depth)
    {
        string key = "";
        var value = new StringBuilder();
        var pair = new ProtoReader(bytes);
        while (pair.MoveNext())
        {
            if (pair.Field == 1)
                key = pair.Text();
            else if (pair.Field == 2)
                WriteValue(value, pair.Bytes(), depth);
            else
                pair.Skip();
        }
        return new OtlpAttribute(key, value.Length > 0 ? value.ToString() : "null");
    }

    /// <summary>AnyValue: 1 string, 2 bool, 3 int, 4 double, 5 array, 6 key-value list, 7 bytes; none of them: null.</summary>
    private static void WriteValue(StringBuilder output, ReadOnlySpan<byte> bytes, int depth)
    {
        if (depth > Deepest)
            throw new InvalidDataException("a value is nested too deeply");
        var value = new ProtoReader(bytes);
        if (!value.MoveNext())
        {
            output.Append("null");
            return;
        }
        switch (value.Field)
        {
            case 1:
                PythonJson.WriteText(output, value.Text());
                break;
            case 2:
                output.Append(value.Number() != 0 ? "true" : "false");
                break;
            case 3:
                output.Append(CultureInfo.InvariantCulture, $"{(long)value.Number()}");
                break;
            case 4:
                PythonJson.WriteNumber(output, BitConverter.UInt64BitsToDouble(value.Fixed64()));
                break;
            case 5:
                WriteItems(output, value.Bytes(), depth);
                break;
            case 6:
                WriteMembers(output, value.Bytes(), depth);
                break;
            case 7:
                PythonJson.WriteText(output, Convert.ToBase64String(value.Bytes()));
                break;
            default:
                output.Append("null");
                break;
        }
    }

    private static void WriteItems(StringBuilder output, ReadOnlySpan<byte> bytes, int depth)
    {
        string before = "[";
        var list = new ProtoReader(bytes);
        while (Next(ref list, 1))
        {
            WriteValue(output.Append(before), list.Bytes(), depth + 1);
            before = ", ";
        }
        output.Append(before == "[" ? "[]" : "]");
    }

    private static void WriteMembers(StringBuilder output, ReadOnlySpan<byte> bytes, int depth)
    {
        string before = "{";
        var list = new ProtoReader(bytes);
        while (Next(ref list, 1))
        {
            OtlpAttribute member = ReadAttribute(list.Bytes(), depth + 1);
            PythonJson.WriteText(output.Append(before), member.Key);
            output.Append(": ").Append(member.Json);
            before = ", ";
        }
        output.Append(before == "{" ? "{}" : "}");
    }

    private static OtlpSpan ReadSpan(JsonElement span)
    {
        JsonElement status = Member(span, "status");
        return Checked(new OtlpSpan(
            Hex(span, "traceId"), Hex(span, "spanId"), Hex(span, "parentSpanId"), Text(span, "name"), Nanoseconds(span, "startTimeUnixNano"),
            Nanoseconds(span, "endTimeUnixNano"), Code(Member(status, "code")), Text(status, "message"), Attributes(span),
            [.. Items(span, "events").Select(happening => new OtlpEvent(Text(happening, "name"), Nanoseconds(happening, "timeUnixNano"), Attributes(happening)))]));
    }

    private static List<OtlpAttribute> Attributes(JsonElement holder)
    {
        var attributes = new List<OtlpAttribute>();
        foreach (JsonElement pair in Items(holder, "attributes"))
        {
            var value = new StringBuilder();
            WriteValue(value, Member(pair, "value"));
            attributes.Add(new OtlpAttribute(Text(pair, "key"), value.ToString()));
        }
        return attributes;
    }

    private static void WriteValue(StringBuilder output, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            output.Append("null");
            return;
        }
        string before = "";
        foreach (JsonProperty kind in value.EnumerateObject())
        {
            switch (kind.Name)
            {
                case "arrayValue":
                    output.Append('[');
                    foreach (JsonElement item in Items(kind.Value, "values"))
                    {
                        WriteValue(output.Append(before), item);
                        before = ", ";
                    }
                    output.Append(']');
                    break;
                case "kvlistValue":
                    output.Append('{');
                    foreach (JsonElement member in Items(kind.Value, "values"))
                    {
                        PythonJson.WriteText(output.Append(before), Text(member, "key"));
                        WriteValue(output.Append(": "), Member(member, "value"));
                        before = ", ";
                    }
                    output.Append('}');
                    break;
                case "intValue":
                    output.Append(kind.Value.ValueKind == JsonValueKind.String && long.TryParse(kind.Value.GetString(), CultureInfo.InvariantCulture, out long number)
                        ? number.ToString(CultureInfo.InvariantCulture)
                        : kind.Value.GetRawText());
                    break;
                default:
                    PythonJson.Write(output, kind.Value);
                    break;
            }
            return;
        }
        output.Append("null");
    }

    private static OtlpSpan Checked(OtlpSpan span) =>
        span.Trace.Length == 16 && span.Id.Length == 8 && span.Parent.Length is 0 or 8 ? span : throw new FormatException("a span has no valid trace_id and span_id");

    /// <summary>Roots carry the name of the program that sent them.</summary>
    private static void AddService(List<OtlpSpan> spans, int first, OtlpAttribute? service)
    {
        for (int i = first; i < spans.Count && service is { } named; i++)
        {
            if (spans[i].Parent.Length == 0)
                spans[i] = spans[i] with { Attributes = [.. spans[i].Attributes, named] };
        }
    }

    private static OtlpAttribute? Service(OtlpAttribute attribute) =>
        attribute.Key == "service.name" && s_services.Contains(attribute.Json.Trim('"')) ? attribute : null;

    private static int Code(JsonElement code) => code.ValueKind switch
    {
        JsonValueKind.Number => code.GetInt32(),
        JsonValueKind.String => code.GetString() is "STATUS_CODE_OK" ? 1 : code.GetString() is "STATUS_CODE_ERROR" ? 2 : 0,
        _ => 0,
    };

    private static byte[] Hex(JsonElement holder, string name)
    {
        try
        {
            return Convert.FromHexString(Text(holder, name));
        }
        catch (FormatException)
        {
            throw new InvalidDataException($"{name} must be hexadecimal digits");
        }
    }

    private static ulong Nanoseconds(JsonElement holder, string name) => Member(holder, name) switch
    {
        { ValueKind: JsonValueKind.Number } number when number.TryGetUInt64(out ulong value) => value,
        { ValueKind: JsonValueKind.String } text when ulong.TryParse(text.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) => value,
        { ValueKind: JsonValueKind.Undefined } => 0,
        _ => throw new InvalidDataException($"{name} must be nanoseconds"),
    };

    private static string Text(JsonElement holder, string name) => Member(holder, name) is { ValueKind: JsonValueKind.String } text ? text.GetString()! : "";

    private static JsonElement Member(JsonElement holder, string name) =>
        holder.ValueKind == JsonValueKind.Object && holder.TryGetProperty(name, out JsonElement member) ? member : default;

    private static IEnumerable<JsonElement> Items(JsonElement holder, string name) =>
        Member(holder, name) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : [];
}
