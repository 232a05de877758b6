using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Weft.Config.Nodes;

/// <summary>
/// Writes configuration nodes as the YAML text that <c>OmegaConf.to_yaml</c> gives, character by character: order kept, block style, Unicode
/// as it is, lines folded after 80 columns. Values are written as kept; resolve first to see what interpolations evaluate to.
/// </summary>
internal static partial class ConfigWriter
{
    /// <summary>The text of a node and everything below it, with a line break at the end.</summary>
    public static string ToYaml(ConfigNode node)
    {
        var emitter = new YamlEmitter();
        WriteNode(emitter, node);
        return emitter.EndDocument();
    }

    private static void WriteNode(YamlEmitter emitter, ConfigNode node)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (node)
        {
            case DictConfig { IsSpecial: false } dict:
                WriteDict(emitter, dict);
                break;
            case ListConfig { IsSpecial: false } list:
                emitter.BeginSequence(list.Count);
                foreach (ConfigNode item in list)
                {
                    emitter.NextItem();
                    WriteNode(emitter, item);
                }
                emitter.EndSequence(list.Count);
                break;
            default:
                WriteScalar(emitter, node.Content);
                break;
        }
    }

    private static void WriteDict(YamlEmitter emitter, DictConfig dict)
    {
        emitter.BeginMapping(dict.Count);
        foreach (ConfigNode child in dict)
        {
            (string text, string tag, bool mustQuote, bool isPlain) = Represent(child.Key);
            emitter.BeginKey(text, tag);
            emitter.Scalar(text, child.Key.Kind == ScalarKind.Bytes ? tag : null, mustQuote, isPlain);
            emitter.EndKey();
            WriteNode(emitter, child);
        }
        emitter.EndMapping(dict.Count);
    }

    private static void WriteScalar(YamlEmitter emitter, Scalar value)
    {
        if (value.Kind == ScalarKind.Path)
        {
            WritePath(emitter, value.Text);
            return;
        }
        (string text, string tag, bool mustQuote, bool isPlain) = Represent(value);
        emitter.Scalar(text, value.Kind == ScalarKind.Bytes ? tag : null, mustQuote, isPlain);
    }

    /// <summary>A path has no YAML form; PyYAML writes the call that makes it, from its parts.</summary>
    private static void WritePath(YamlEmitter emitter, string path)
    {
        string[] parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (path.StartsWith('/'))
            parts = ["/", .. parts];
        else if (parts is ["."])
            parts = [];
        emitter.BeginSequence(parts.Length, "!!python/object/apply:pathlib.PosixPath");
        foreach (string part in parts)
        {
            emitter.NextItem();
            WriteScalar(emitter, Nodes.Scalar.Of(part));
        }
        emitter.EndSequence(parts.Length);
    }

    /// <summary>Text and tag of a scalar, whether it is written in quotes in any case, and whether it may stand plain without changing its meaning.</summary>
    private static (string Text, string Tag, bool MustQuote, bool IsPlain) Represent(Scalar value)
    {
        switch (value.Kind)
        {
            case ScalarKind.Null:
                return ("null", "!!null", false, true);
            case ScalarKind.Bool:
                return (value.Bool ? "true" : "false", "!!bool", false, true);
            case ScalarKind.Int:
                return (value.ToString(), "!!int", false, true);
            case ScalarKind.Float:
                return (FloatText(value.Float), "!!float", false, true);
            case ScalarKind.Bytes:
                return (Base64(value.Bytes), "!!binary", false, false);
            default:
                string text = value.Kind == ScalarKind.Enum ? value.Enum.Name : value.ToString();
                bool mustQuote = text is "y" or "Y" or "n" or "N" || PlainScalar.Resolve(text).Kind == ScalarKind.Bool
                    || PythonText.ParseInt(text) is not null || PythonText.ParseFloat(text) is not null;
                return (text, "!!str", mustQuote, IsPlainText(text));
        }
    }

    /// <summary>Whether text without quotes is read as text again, by any YAML 1.1 reader.</summary>
    private static bool IsPlainText(string text) =>
        text is not ("=" or "<<") && PlainScalar.Resolve(text).Kind == ScalarKind.Str && !(text.Length >= 8 && char.IsAsciiDigit(text[0]) && Timestamp().IsMatch(text));

    private static string FloatText(double value)
    {
        if (double.IsNaN(value))
            return ".nan";
        if (double.IsInfinity(value))
            return value > 0 ? ".inf" : "-.inf";
        string text = PythonText.Float(value);
        int e = text.IndexOf('e');
        return e >= 0 && !text.Contains('.') ? text.Insert(e, ".0") : text;
    }

    /// <summary>Base64 in lines of 76 characters, each ended by a line break.</summary>
    private static string Base64(byte[] bytes)
    {
        string all = Convert.ToBase64String(bytes);
        return string.Concat(all.Chunk(76).Select(line => new string(line) + "\n"));
    }

    [GeneratedRegex(@"^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)\z")]
    private static partial Regex Timestamp();
}
