using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;
using System.Text;
using Weft.Config.Nodes;

namespace Weft.Config.Overrides;

internal enum CastType
{
    Bool,
    Float,
    Int,
    Json,
    Text,
}

/// <summary>
/// <c>int float str bool json_str</c>: of a scalar; of a list and the values of a map, one by one; of a choice, each value; of a range or
/// interval, its ends. Several arguments are a simple choice. Shuffling and tags are lost, except the tags of an interval.
/// </summary>
internal static class Casts
{
    public static Element? Cast(Call call, CastType type)
    {
        Element? named = call.Optional("value");
        if (named is not null && call.Positional.Count > 0)
            return call.FailAs<Element>($"`{call.Name}` takes its values with or without a name, not both", named.At);
        Element? value = named ?? call.Positional switch
        {
            [] => null,
            [var only] => only,
            var several => new Element.Choice([.. several.Select(OverrideFunctions.WithoutQuotes)]) { IsSimple = true, At = call.At },
        };
        if (value is null)
            return call.FailAs<Element>($"`{call.Name}` needs a value", call.At);
        return Cast(call, type, value);
    }

    private static Element? Cast(Call call, CastType type, Element value)
    {
        switch (value)
        {
            case Element.Choice choice:
                return Each(call, type, choice.Items) is { IsDefault: false } items ? new Element.Choice(items) { IsSimple = choice.IsSimple } : null;
            case Element.Range range when type is CastType.Int or CastType.Float:
                return Cast(call, type, range.Start) is { } start && Cast(call, type, range.Stop) is { } stop && Cast(call, type, range.Step) is { } step
                    ? new Element.Range(start, stop, step)
                    : null;
            case Element.Interval interval when type is CastType.Int or CastType.Float:
                return Cast(call, type, interval.Start) is { } from && Cast(call, type, interval.End) is { } to ? new Element.Interval(from, to) { Tags = interval.Tags } : null;
            case Element.Range or Element.Interval or Element.Glob or Element.Extension:
                return call.FailAs<Element>($"`{call.Name}` cannot be taken of {value.Kind}", value.At, value is Element.Range or Element.Interval ? "only `int` and `float` can" : null);
        }
        if (type == CastType.Json)
            return JsonElement(call, value);
        switch (value)
        {
            case Element.List list:
                return Each(call, type, list.Items) is { IsDefault: false } items ? new Element.List(items) : null;
            case Element.Map map:
                return Each(call, type, [.. map.Entries.Select(entry => entry.Value)]) is { IsDefault: false } values
                    ? new Element.Map([.. map.Entries.Select((entry, i) => entry with { Value = values[i] })])
                    : null;
            case Element.Null:
                return call.FailAs<Element>($"`{call.Name}` cannot be taken of null", value.At);
            default:
                return Scalar(call, type, value);
        }
    }

    /// <returns>Default when one of them cannot be cast.</returns>
    private static ImmutableArray<Element> Each(Call call, CastType type, ImmutableArray<Element> items)
    {
        var result = ImmutableArray.CreateBuilder<Element>(items.Length);
        foreach (Element item in items)
        {
            if (item.IsSweep)
            {
                call.Fail($"`{call.Name}` cannot be taken of {item.Kind} inside another value", item.At);
                return default;
            }
            if (Cast(call, type, item) is not { } cast)
                return default;
            result.Add(cast);
        }
        return result.MoveToImmutable();
    }

    private static Element? Scalar(Call call, CastType type, Element value) => type switch
    {
        CastType.Int => ToInteger(call, value),
        CastType.Float => ToFloat(call, value),
        CastType.Bool => ToBool(call, value),
        _ => new Element.Text(ToText(value)),
    };

    private static Element? ToInteger(Call call, Element value)
    {
        switch (value)
        {
            case Element.Bool boolean:
                return new Element.Int(boolean.Is ? 1 : 0);
            case Element.Float number when double.IsFinite(number.Number):
                return new Element.Int(new BigInteger(number.Number));
            case Element.Text text when PythonText.ParseInt(text.Content) is { } parsed:
                return new Element.Int(parsed);
            case Element.Int:
                return value;
            default:
                return call.FailAs<Element>($"`{value}` is not an integer", value.At, value is Element.Text fraction && PythonText.ParseFloat(fraction.Content) is not null ? "to cut the fraction off, write it without quotes" : null);
        }
    }

    public static Element? ToFloat(Call call, Element value)
    {
        switch (value)
        {
            case Element.Bool boolean:
                return new Element.Float(boolean.Is ? 1 : 0);
            case Element.Int integer when double.IsFinite(RangeValues.ToDouble(integer.Number)):
                return new Element.Float(RangeValues.ToDouble(integer.Number));
            case Element.Text text when PythonText.ParseFloat(text.Content) is { } parsed:
                return new Element.Float(parsed);
            case Element.Float:
                return value;
            default:
                return call.FailAs<Element>($"`{value}` is not a float", value.At);
        }
    }

    private static Element? ToBool(Call call, Element value) => value switch
    {
        Element.Int integer => new Element.Bool(!integer.Number.IsZero),
        Element.Float number => new Element.Bool(number.Number != 0),
        Element.Text text when text.Content.Equals("true", StringComparison.OrdinalIgnoreCase) => new Element.Bool(true),
        Element.Text text when text.Content.Equals("false", StringComparison.OrdinalIgnoreCase) => new Element.Bool(false),
        Element.Bool => value,
        _ => call.FailAs<Element>($"`{value}` is not a boolean", value.At, "expected `true` or `false`"),
    };

    private static string ToText(Element value) => value switch
    {
        Element.Bool boolean => boolean.Is ? "true" : "false",
        Element.Text text => text.Content,
        _ => value.ToString(),
    };

    private static Element.Text? JsonElement(Call call, Element value)
    {
        var text = new StringBuilder();
        return WriteJson(call, text, value) ? new Element.Text(text.ToString()) : null;
    }

    /// <summary>As Python's <c>json.dumps</c> writes it: a space after <c>:</c> and <c>,</c>, only ASCII, <c>NaN</c> and <c>Infinity</c> by name.</summary>
    private static bool WriteJson(Call call, StringBuilder text, Element value)
    {
        switch (value)
        {
            case Element.List list:
                text.Append('[');
                for (int i = 0; i < list.Items.Length; i++)
                {
                    text.Append(i > 0 ? ", " : "");
                    if (!WriteJson(call, text, list.Items[i]))
                        return false;
                }
                text.Append(']');
                return true;
            case Element.Map map:
                text.Append('{');
                for (int i = 0; i < map.Entries.Length; i++)
                {
                    text.Append(i > 0 ? ", " : "");
                    AppendJsonText(text, JsonScalar(map.Entries[i].Key) ?? ((Element.Text)map.Entries[i].Key).Content);
                    text.Append(": ");
                    if (!WriteJson(call, text, map.Entries[i].Value))
                        return false;
                }
                text.Append('}');
                return true;
            case Element.Text content:
                AppendJsonText(text, content.Content);
                return true;
            default:
                if (JsonScalar(value) is not { } scalar)
                    return call.Fail($"`{call.Name}` cannot be taken of {value.Kind} inside another value", value.At);
                text.Append(scalar);
                return true;
        }
    }

    private static string? JsonScalar(Element value) => value switch
    {
        Element.Null => "null",
        Element.Bool boolean => boolean.Is ? "true" : "false",
        Element.Int integer => integer.Number.ToString(CultureInfo.InvariantCulture),
        Element.Float number when double.IsNaN(number.Number) => "NaN",
        Element.Float number when double.IsInfinity(number.Number) => number.Number > 0 ? "Infinity" : "-Infinity",
        Element.Float number => PythonText.Float(number.Number),
        _ => null,
    };

    private static void AppendJsonText(StringBuilder text, string content)
    {
        text.Append('"');
        foreach (char c in content)
        {
            text.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\b' => "\\b",
                '\f' => "\\f",
                < ' ' or > '~' => $"\\u{(int)c:x4}",
                _ => c.ToString(),
            });
        }
        text.Append('"');
    }
}
