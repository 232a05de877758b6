using System.Globalization;
using System.Text;
using System.Text.Json;
using Weft.Tracking;

namespace Weft.Server.Otlp;

/// <summary>
/// Writes JSON as Python's <c>json.dumps(value, ensure_ascii=False)</c> does, with a space after commas and colons: clients compare what they stored
/// with what they read as text.
/// </summary>
internal static class PythonJson
{
    public static void WriteText(StringBuilder output, ReadOnlySpan<char> text)
    {
        output.Append('"');
        foreach (char c in text)
        {
            switch (c)
            {
                case '"' or '\\':
                    output.Append('\\').Append(c);
                    break;
                case '\n':
                    output.Append("\\n");
                    break;
                case '\r':
                    output.Append("\\r");
                    break;
                case '\t':
                    output.Append("\\t");
                    break;
                case '\b':
                    output.Append("\\b");
                    break;
                case '\f':
                    output.Append("\\f");
                    break;
                case < ' ':
                    output.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
                    break;
                default:
                    output.Append(c);
                    break;
            }
        }
        output.Append('"');
    }

    public static void WriteNumber(StringBuilder output, double value)
    {
        if (double.IsNaN(value) || double.IsInfinity(value))
        {
            output.Append(double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
            return;
        }
        Span<byte> text = stackalloc byte[40];
        output.Append(Encoding.ASCII.GetString(text[..TrackingJson.FormatDouble(value, text)]));
    }

    public static string Of(JsonElement value)
    {
        var output = new StringBuilder();
        Write(output, value);
        return output.ToString();
    }

    public static void Write(StringBuilder output, JsonElement value)
    {
        string before = "";
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                WriteText(output, value.GetString());
                break;
            case JsonValueKind.Array:
                output.Append('[');
                foreach (JsonElement item in value.EnumerateArray())
                {
                    Write(output.Append(before), item);
                    before = ", ";
                }
                output.Append(']');
                break;
            case JsonValueKind.Object:
                output.Append('{');
                foreach (JsonProperty member in value.EnumerateObject())
                {
                    WriteText(output.Append(before), member.Name);
                    Write(output.Append(": "), member.Value);
                    before = ", ";
                }
                output.Append('}');
                break;
            case JsonValueKind.Undefined:
                output.Append("null");
                break;
            default:
                output.Append(value.GetRawText());
                break;
        }
    }
}
