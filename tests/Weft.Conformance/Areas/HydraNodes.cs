using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using Weft.Config.Editing;
using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Config.Resolvers;
using Weft.Config.Structured;
using Weft.Text;

namespace Weft.Conformance.Areas;

/// <summary>
/// The value encoding of the hydra vectors: JSON with ints and floats apart (<c>1</c>, <c>1.0</c>) and <c>$float</c>, <c>$enum</c>, <c>$bytes</c>,
/// <c>$path</c>, <c>$dict</c> for the rest. Values are compared as one canonical text, in which the order of keys counts.
/// </summary>
internal static class HydraNodes
{
    /// <summary>The canonical text of an expected value.</summary>
    public static string Canonical(JsonElement value)
    {
        var text = new StringBuilder();
        Append(text, FromJson(value, isText: true));
        return text.ToString();
    }

    /// <summary>The canonical text of a configuration, interpolations as written.</summary>
    public static string Canonical(ConfigNode node)
    {
        var text = new StringBuilder();
        Append(text, node);
        return text.ToString();
    }

    /// <summary>
    /// The node of an encoded value. <paramref name="isText"/>: strings are kept as they are; else <c>???</c> and <c>${…}</c> mean what they mean to
    /// OmegaConf, and a broken interpolation is a diagnostic.
    /// </summary>
    public static ConfigNode FromJson(JsonElement value, bool isText, Diagnostics? diagnostics = null)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Null:
                return new ValueNode(Scalar.Null);
            case JsonValueKind.True or JsonValueKind.False:
                return new ValueNode(Scalar.Of(value.GetBoolean()));
            case JsonValueKind.Number:
                return new ValueNode(Number(value.GetRawText()));
            case JsonValueKind.String:
                string text = value.GetString()!;
                Scalar? scalar = isText ? Scalar.Of(text) : ConfigReader.OfText(text, null, diagnostics!);
                return new ValueNode(scalar ?? Scalar.Null);
            case JsonValueKind.Array:
                var list = new ListConfig();
                foreach (JsonElement item in value.EnumerateArray())
                    list.Add(FromJson(item, isText, diagnostics));
                return list;
            default:
                return FromObject(value, isText, diagnostics);
        }
    }

    private static ConfigNode FromObject(JsonElement value, bool isText, Diagnostics? diagnostics)
    {
        if (value.TryGetProperty("$float", out JsonElement number))
            return new ValueNode(Scalar.Of(PythonText.ParseFloat(number.GetString())!.Value));
        if (value.TryGetProperty("$enum", out JsonElement member))
        {
            string[] parts = member.GetString()!.Split('.');
            return new ValueNode(Scalar.Of(new EnumMember(parts[0], parts[1], 0)));
        }
        if (value.TryGetProperty("$bytes", out JsonElement bytes))
            return new ValueNode(Scalar.Of(Convert.FromHexString(bytes.GetString()!)));
        if (value.TryGetProperty("$path", out JsonElement path))
            return new ValueNode(Scalar.OfPath(path.GetString()!));
        var dict = new DictConfig();
        if (value.TryGetProperty("$dict", out JsonElement entries))
        {
            foreach (JsonElement entry in entries.EnumerateArray())
                dict.Put(FromJson(entry[0], isText: true).Content, FromJson(entry[1], isText, diagnostics));
            return dict;
        }
        foreach (JsonProperty property in value.EnumerateObject())
            dict.Put(property.Name, FromJson(property.Value, isText, diagnostics));
        return dict;
    }

    private static Scalar Number(string raw) =>
        raw.AsSpan().ContainsAny('.', 'e', 'E') ? Scalar.Of(double.Parse(raw, CultureInfo.InvariantCulture)) : Scalar.Of(BigInteger.Parse(raw, CultureInfo.InvariantCulture));

    private static void Append(StringBuilder text, ConfigNode node)
    {
        if (node is ValueNode || node.IsSpecial)
        {
            AppendScalar(text, node.Content);
            return;
        }
        string separator = "";
        if (node is ListConfig list)
        {
            text.Append('[');
            foreach (ConfigNode item in list)
            {
                text.Append(separator);
                Append(text, item);
                separator = ", ";
            }
            text.Append(']');
            return;
        }
        text.Append('{');
        foreach (ConfigNode child in (DictConfig)node)
        {
            text.Append(separator);
            AppendScalar(text, child.Key);
            text.Append(": ");
            Append(text, child);
            separator = ", ";
        }
        text.Append('}');
    }

    private static void AppendScalar(StringBuilder text, Scalar value) =>
        text.Append(value.Kind switch
        {
            ScalarKind.Missing => "'???'",
            ScalarKind.Enum => $"enum {value.Enum}",
            ScalarKind.Path => $"path {value.Text}",
            _ => PythonText.Repr(value),
        });
}

/// <summary>The schemas that a case describes as data.</summary>
internal sealed class HydraTypes
{
    private readonly Dictionary<string, ConfigSchema> _schemas = [];
    private readonly Dictionary<string, EnumSchema> _enums = [];

    public HydraTypes(JsonElement types)
    {
        foreach (JsonProperty type in types.EnumerateObject())
        {
            if (type.Value.TryGetProperty("enum", out JsonElement members))
            {
                _enums.Add(type.Name, new EnumSchema(type.Name, [.. members.EnumerateObject().Select(member => KeyValuePair.Create(member.Name, member.Value.GetInt64()))]));
                continue;
            }
            ConfigSchema? baseSchema = type.Value.TryGetProperty("base", out JsonElement name) ? _schemas[name.GetString()!] : null;
            JsonElement fields = type.Value.GetProperty("fields");
            _schemas.Add(type.Name, new ConfigSchema(type.Name, _ => [.. fields.EnumerateArray().Select(Field)], baseSchema));
        }
    }

    public ConfigSchema Schema(string name) => _schemas[name];

    /// <summary>The node of a value that may name members of enumerations and new objects.</summary>
    public ConfigNode Value(JsonElement value, Diagnostics diagnostics)
    {
        if (value.ValueKind == JsonValueKind.Array)
        {
            var list = new ListConfig();
            foreach (JsonElement item in value.EnumerateArray())
                list.Add(Value(item, diagnostics));
            return list;
        }
        if (value.ValueKind != JsonValueKind.Object)
            return HydraNodes.FromJson(value, isText: false, diagnostics);
        if (value.TryGetProperty("$new", out JsonElement name) && _schemas.TryGetValue(name.GetString()!, out ConfigSchema? schema))
            return new ConfigEditor(new Resolution(Resolvers.Standard(new Dictionary<string, string>())), diagnostics).Create(schema);
        if (value.TryGetProperty("$enum", out JsonElement member) && member.GetString()!.Split('.') is [var type, var memberName] && _enums.TryGetValue(type, out EnumSchema? members))
            return new ValueNode(Scalar.Of(members.Members.Single(m => m.Name == memberName)));
        if (value.EnumerateObject().Any(property => property.Name.StartsWith('$')))
            return HydraNodes.FromJson(value, isText: false, diagnostics);
        var dict = new DictConfig();
        foreach (JsonProperty property in value.EnumerateObject())
            dict.Put(property.Name, Value(property.Value, diagnostics));
        return dict;
    }

    private ConfigField Field(JsonElement field)
    {
        Func<ConfigNode>? made = field.TryGetProperty("default", out JsonElement value) ? () => Value(value, []) : null;
        return new ConfigField(field.GetProperty("name").GetString()!, Parse(field.GetProperty("type").GetString()!), made);
    }

    /// <summary><c>Optional[Dict[str, In]]</c>.</summary>
    private ConfigType Parse(string text)
    {
        int open = text.IndexOf('[');
        if (open < 0)
            return Named(text);
        List<string> arguments = Arguments(text[(open + 1)..^1]);
        return text[..open] switch
        {
            "Optional" => Parse(arguments[0]).Optional,
            "List" => new ListType(Parse(arguments[0])),
            "Tuple" => new ListType(Parse(arguments[0])),
            "Dict" => new DictType(Parse(arguments[0]), Parse(arguments[1])),
            "Union" => new UnionType([.. arguments.Where(argument => argument != "None").Select(Parse)]) { IsOptional = arguments.Contains("None") },
            var other => throw new FormatException($"unknown type {other}"),
        };
    }

    private ConfigType Named(string name) => name switch
    {
        "Any" => ConfigType.Any,
        "int" => ConfigType.Int,
        "float" => ConfigType.Float,
        "bool" => ConfigType.Bool,
        "str" => ConfigType.Str,
        "bytes" => ConfigType.Bytes,
        "Path" or "pathlib.Path" => ConfigType.Path,
        "dict" or "Dict" => ConfigType.AnyDict,
        "list" or "List" => ConfigType.AnyList,
        _ => _enums.TryGetValue(name, out EnumSchema? members) ? new EnumType(members) : new StructuredType(_schemas[name]),
    };

    private static List<string> Arguments(string text)
    {
        var arguments = new List<string>();
        int depth = 0;
        int start = 0;
        for (int i = 0; i <= text.Length; i++)
        {
            if (i == text.Length || (text[i] == ',' && depth == 0))
            {
                arguments.Add(text[start..i].Trim());
                start = i + 1;
            }
            else
            {
                depth += text[i] switch { '[' => 1, ']' => -1, _ => 0 };
            }
        }
        return arguments;
    }
}
