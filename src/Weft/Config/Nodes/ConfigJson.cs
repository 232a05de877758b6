using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Weft.Config.Nodes;

/// <summary>
/// Writes configuration nodes as JSON for programs. Values are written as kept: an interpolation is its text and a missing value <c>"???"</c>;
/// resolve first to see what they evaluate to. What JSON has no form for is a text: <c>".inf"</c>, <c>".nan"</c>, bytes as Base64, keys that are
/// no texts as YAML writes them.
/// </summary>
internal static class ConfigJson
{
    /// <summary>As deep as configurations can be, and the objects around one.</summary>
    public const int MaxDepth = Editing.ConfigEditor.MaxDepth + 24;

    public static void Write(Utf8JsonWriter json, ConfigNode node)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (node)
        {
            case DictConfig { IsSpecial: false } dict:
                json.WriteStartObject();
                foreach (ConfigNode child in dict)
                {
                    json.WritePropertyName(child.Key.Kind == ScalarKind.Enum ? child.Key.Enum.Name : child.Key.ToString());
                    Write(json, child);
                }
                json.WriteEndObject();
                break;
            case ListConfig { IsSpecial: false } list:
                json.WriteStartArray();
                foreach (ConfigNode item in list)
                    Write(json, item);
                json.WriteEndArray();
                break;
            default:
                Write(json, node.Content);
                break;
        }
    }

    private static void Write(Utf8JsonWriter json, Scalar value)
    {
        switch (value.Kind)
        {
            case ScalarKind.Null or ScalarKind.Container:
                json.WriteNullValue();
                break;
            case ScalarKind.Bool:
                json.WriteBooleanValue(value.Bool);
                break;
            case ScalarKind.Int:
                json.WriteRawValue(PythonText.Str(value), skipInputValidation: true);
                break;
            case ScalarKind.Float when double.IsFinite(value.Float):
                // Keeps 1.0 apart from 1.
                json.WriteRawValue(PythonText.Float(value.Float), skipInputValidation: true);
                break;
            case ScalarKind.Float:
                json.WriteStringValue(double.IsNaN(value.Float) ? ".nan" : value.Float > 0 ? ".inf" : "-.inf");
                break;
            case ScalarKind.Bytes:
                json.WriteBase64StringValue(value.Bytes);
                break;
            case ScalarKind.Enum:
                json.WriteStringValue(value.Enum.Name);
                break;
            default:
                json.WriteStringValue(value.ToString());
                break;
        }
    }
}
