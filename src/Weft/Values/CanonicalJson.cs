using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;

namespace Weft.Values;

/// <summary>
/// The one text of a value that is hashed: JSON with sorted keys, no blanks, numbers in the shortest form of RFC 8785 (ECMAScript's),
/// text escaped only where JSON demands it. Keys are sorted by UTF-16 unit, as RFC 8785 says. Integers keep all their digits.
/// Values that JSON has no form for are one-entry maps: <c>{"$digest":…}</c>, <c>{"$float":"nan"}</c>, <c>{"$time":…}</c>,
/// <c>{"$duration":…}</c>; a float with an integral value prints as ECMAScript does (<c>1</c>), the declared type tells them apart.
/// </summary>
public static class CanonicalJson
{
    public static string Write(Value value)
    {
        var text = new StringBuilder();
        Write(text, value);
        return text.ToString();
    }

    public static Digest DigestOf(Value value) => Digest.Of(Write(value));

    public static void Write(StringBuilder text, Value value)
    {
        switch (value)
        {
            case Value.Null:
                text.Append("null");
                break;
            case Value.Bool b:
                text.Append(b.Is ? "true" : "false");
                break;
            case Value.Int i:
                text.Append(i.Number.ToString(CultureInfo.InvariantCulture));
                break;
            case Value.Float f when !double.IsFinite(f.Number):
                text.Append("{\"$float\":\"").Append(double.IsNaN(f.Number) ? "nan" : f.Number > 0 ? "inf" : "-inf").Append("\"}");
                break;
            case Value.Float f:
                text.Append(Number(f.Number));
                break;
            case Value.Text t:
                WriteText(text, t.Content);
                break;
            case Value.Time t:
                text.Append("{\"$time\":\"").Append(t.Instant.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFFZ", CultureInfo.InvariantCulture)).Append("\"}");
                break;
            case Value.Duration d:
                text.Append("{\"$duration\":").Append(Number(d.Length.TotalSeconds)).Append('}');
                break;
            case Value.List list:
                text.Append('[');
                for (int i = 0; i < list.Items.Length; i++)
                {
                    if (i > 0)
                        text.Append(',');
                    Write(text, list.Items[i]);
                }
                text.Append(']');
                break;
            case Value.Map map:
                text.Append('{');
                bool first = true;
                foreach ((string key, Value item) in map.Entries)
                {
                    if (!first)
                        text.Append(',');
                    first = false;
                    WriteText(text, key);
                    text.Append(':');
                    Write(text, item);
                }
                text.Append('}');
                break;
            case Value.Blob blob:
                text.Append("{\"$digest\":\"").Append(blob.Digest).Append("\"}");
                break;
            default:
                throw new InvalidOperationException($"no canonical form for {value.GetType().Name}");
        }
    }

    /// <summary>ECMAScript's Number::toString: shortest digits that read back, plain between 1e-6 and 1e21, else with an exponent.</summary>
    public static string Number(double number)
    {
        if (number == 0)
            return "0";
        string sign = number < 0 ? "-" : "";
        (string digits, int exponent) = Shortest(Math.Abs(number));
        if (exponent is > 0 and <= 21)
        {
            return digits.Length <= exponent
                ? sign + digits + new string('0', exponent - digits.Length)
                : sign + digits[..exponent] + "." + digits[exponent..];
        }
        if (exponent is > -6 and <= 0)
            return sign + "0." + new string('0', -exponent) + digits;
        string mantissa = digits.Length == 1 ? digits : digits[..1] + "." + digits[1..];
        int shown = exponent - 1;
        return $"{sign}{mantissa}e{(shown < 0 ? "-" : "+")}{Math.Abs(shown).ToString(CultureInfo.InvariantCulture)}";
    }

    /// <summary>The fewest digits that read back as this positive number: it is 0.DIGITS × 10^exponent.</summary>
    internal static (string Digits, int Exponent) Shortest(double number)
    {
        string text = number.ToString("R", CultureInfo.InvariantCulture);
        int exponent = 0;
        int e = text.IndexOf('E', StringComparison.Ordinal);
        if (e >= 0)
        {
            exponent = int.Parse(text.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            text = text[..e];
        }
        int point = text.IndexOf('.', StringComparison.Ordinal);
        if (point < 0)
            point = text.Length;
        else
            text = text.Remove(point, 1);
        string digits = text.TrimStart('0');
        exponent += point - (text.Length - digits.Length);
        return (digits.TrimEnd('0'), exponent);
    }

    /// <summary>A JSON string with the escapes that RFC 8785 names and no others.</summary>
    public static void WriteText(StringBuilder text, string content)
    {
        text.Append('"');
        foreach (char c in content)
        {
            switch (c)
            {
                case '"': text.Append("\\\""); break;
                case '\\': text.Append("\\\\"); break;
                case '\b': text.Append("\\b"); break;
                case '\f': text.Append("\\f"); break;
                case '\n': text.Append("\\n"); break;
                case '\r': text.Append("\\r"); break;
                case '\t': text.Append("\\t"); break;
                case < ' ': text.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture)); break;
                default: text.Append(c); break;
            }
        }
        text.Append('"');
    }

    /// <summary>
    /// Reads JSON into a value: a number without point or exponent is an integer, the one-entry maps of <see cref="Write(Value)"/> become their
    /// values again (a blob read back has the size 0: its digest is its identity).
    /// </summary>
    public static Value Read(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined => Value.None,
        JsonValueKind.True => Value.Of(true),
        JsonValueKind.False => Value.Of(false),
        JsonValueKind.String => Value.Of(json.GetString()!),
        JsonValueKind.Number => ReadNumber(json.GetRawText()),
        JsonValueKind.Array => new Value.List([.. json.EnumerateArray().Select(Read)]),
        _ => ReadObject(json),
    };

    public static Value Read(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 512 });
        return Read(document.RootElement);
    }

    private static Value ReadNumber(string raw) => raw.AsSpan().IndexOfAny('.', 'e', 'E') < 0
        ? new Value.Int(BigInteger.Parse(raw, CultureInfo.InvariantCulture))
        : Value.Of(double.Parse(raw, CultureInfo.InvariantCulture));

    private static Value ReadObject(JsonElement json)
    {
        var entries = ImmutableSortedDictionary.CreateBuilder<string, Value>(StringComparer.Ordinal);
        foreach (JsonProperty property in json.EnumerateObject())
            entries[property.Name] = Read(property.Value);
        if (entries.Count == 1)
        {
            (string key, Value value) = entries.First();
            switch (key, value)
            {
                case ("$digest", Value.Text t) when Digest.TryParse(t.Content, out Digest digest):
                    return new Value.Blob(digest, 0, BlobKind.File);
                case ("$float", Value.Text t):
                    return Value.Of(t.Content switch { "nan" => double.NaN, "inf" => double.PositiveInfinity, _ => double.NegativeInfinity });
                case ("$time", Value.Text t) when DateTimeOffset.TryParse(t.Content, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset instant):
                    return new Value.Time(instant);
                case ("$duration", Value.Int i):
                    return new Value.Duration(TimeSpan.FromSeconds((double)i.Number));
                case ("$duration", Value.Float f):
                    return new Value.Duration(TimeSpan.FromSeconds(f.Number));
            }
        }
        return new Value.Map(entries.ToImmutable());
    }
}
