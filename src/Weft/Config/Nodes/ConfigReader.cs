using Weft.Config.Interpolation;
using Weft.Config.Yaml;
using Weft.Text;

namespace Weft.Config.Nodes;

/// <summary>
/// Reads YAML text into configuration nodes by OmegaConf's rules: YAML 1.1 scalars, text keys unique, <c>???</c> missing, <c>${…}</c> parsed
/// at once. Every error is collected; the node is still made where that makes sense, so that one read reports all.
/// </summary>
internal static class ConfigReader
{
    /// <summary>
    /// A document: an empty one is an empty dictionary, a single text is a dictionary with that key and no value.
    /// </summary>
    /// <returns>Null when the document has errors.</returns>
    public static ConfigNode? Read(Source source, Diagnostics diagnostics)
    {
        int before = diagnostics.Errors;
        ConfigNode? node = ReadSound(source, diagnostics);
        return diagnostics.Errors > before ? null : node;
    }

    /// <summary>What is sound of a document, for those who look for further problems in it: what has an error of its own is left out.</summary>
    /// <returns>Null when nothing can be said of it, as it is not YAML or no container.</returns>
    internal static ConfigNode? ReadSound(Source source, Diagnostics diagnostics)
    {
        int before = diagnostics.Errors;
        YamlNode? root = PyYaml.Check(source, diagnostics) ? YamlReader.Read(source, diagnostics, IsTextKey) : null;
        if (root is null)
            return diagnostics.Errors > before ? null : new DictConfig(source.At(0));
        ConfigNode? node = Convert(root, diagnostics);
        if (node is not ValueNode leaf)
            return node;
        if (leaf.IsNull)
            return new DictConfig(leaf.At);
        if (leaf.Content.Kind is ScalarKind.Str or ScalarKind.Missing or ScalarKind.Interpolation)
        {
            var dict = new DictConfig(leaf.At);
            dict.Put(Scalar.Of(leaf.Content.ToString()), new ValueNode(Scalar.Null, leaf.At));
            return dict;
        }
        diagnostics.Error(ConfigErrors.NotAContainer, $"expected a map or a list, found the value `{leaf.Content}`", leaf.At);
        return null;
    }

    /// <summary>The node of any part of a document; null when it has no value that a configuration can hold (a diagnostic says so).</summary>
    public static ConfigNode? Convert(YamlNode node, Diagnostics diagnostics) => node switch
    {
        YamlScalar scalar => ConvertScalar(scalar, diagnostics),
        YamlSequence sequence => ConvertSequence(sequence, diagnostics),
        _ => ConvertMapping((YamlMapping)node, diagnostics),
    };

    /// <summary>
    /// The scalar that text stands for when a program or a quoted value gives it: missing for <c>???</c>, an interpolation when <c>${</c> is in it,
    /// else the text.
    /// </summary>
    /// <returns>Null when an interpolation breaks the grammar; the error says where, inside <paramref name="at"/> if that is given.</returns>
    public static Scalar? OfText(string text, Span? at, Diagnostics diagnostics)
    {
        if (text == "???")
            return Scalar.Missing;
        if (!Interpolated.IsInterpolation(text))
            return Scalar.Of(text);
        if (Interpolated.Parse(text, out GrammarError error) is { } interpolated)
            return Scalar.Of(interpolated);
        diagnostics.Error(ConfigErrors.Grammar, error.Message, Within(at, text, error.Start, error.Length));
        return null;
    }

    /// <summary>Where a part of a value was written: exactly, when the source shows the text as it is; else the whole value.</summary>
    internal static Span? Within(Span? at, string text, int start, int length)
    {
        if (at is not { Source: not null } span)
            return null;
        int offset = span.Text.IndexOf(text, StringComparison.Ordinal);
        return offset < 0 ? span : span.Part(offset + start, length);
    }

    private static bool IsTextKey(YamlScalar key) =>
        key.Tag is "tag:yaml.org,2002:str" or "!" || (key.Tag is null && (!key.IsPlain || PlainScalar.Resolve(key.Text).Kind == ScalarKind.Str));

    private static DictConfig ConvertMapping(YamlMapping mapping, Diagnostics diagnostics)
    {
        var dict = new DictConfig(mapping.At);
        if (mapping.Tag is not (null or "tag:yaml.org,2002:map" or "!"))
            Unsupported(mapping, diagnostics);
        foreach (YamlEntry entry in mapping.Entries)
        {
            if (entry.Key is not YamlScalar written)
            {
                diagnostics.Error("yaml/key", $"expected a scalar as key, found {entry.Key.Kind}", entry.Key.At);
                continue;
            }
            ConfigNode? value = Convert(entry.Value, diagnostics);
            if ((written.Text == "=" ? Scalar.Of("=") : TypedValue(written, diagnostics)) is not { } key || value is null)
                continue;
            if (key.IsNull)
            {
                diagnostics.Error(ConfigErrors.WrongKey, "null cannot be a key; expected text, a number, a flag or bytes", written.At);
                continue;
            }
            value.KeyAt = written.At;
            dict.Put(key, value);
        }
        return dict;
    }

    private static ListConfig ConvertSequence(YamlSequence sequence, Diagnostics diagnostics)
    {
        var list = new ListConfig(sequence.At);
        if (sequence.Tag is not (null or "tag:yaml.org,2002:seq" or "!"))
            Unsupported(sequence, diagnostics);
        foreach (YamlNode item in sequence.Items)
        {
            if (Convert(item, diagnostics) is { } node)
                list.Add(node);
        }
        return list;
    }

    private static ValueNode? ConvertScalar(YamlScalar scalar, Diagnostics diagnostics)
    {
        if (TypedValue(scalar, diagnostics) is not { } value)
            return null;
        if (value.AsString is { } text)
        {
            if (OfText(text, scalar.At, diagnostics) is not { } special)
                return null;
            value = special;
        }
        return new ValueNode(value, scalar.At);
    }

    /// <summary>The value of a scalar by its tag, else by its form.</summary>
    private static Scalar? TypedValue(YamlScalar scalar, Diagnostics diagnostics)
    {
        string text = scalar.Text;
        switch (scalar.Tag)
        {
            case null:
                if (scalar.IsPlain && text is "=" or "<<")
                {
                    diagnostics.Error("yaml/tag", $"a plain `{text}` has a meaning of its own in YAML and is no value", scalar.At, "put it in quotes");
                    return null;
                }
                return scalar.IsPlain ? PlainScalar.Resolve(text) : Scalar.Of(text);
            case "tag:yaml.org,2002:str" or "!":
                return Scalar.Of(text);
            case "tag:yaml.org,2002:null":
                return Scalar.Null;
            case "tag:yaml.org,2002:bool" when PlainScalar.Resolve(text.ToLowerInvariant()) is { Kind: ScalarKind.Bool } flag:
                return flag;
            case "tag:yaml.org,2002:int" when text.Length > 0 && PlainScalar.ResolveInt(text) is { } number:
                return number;
            case "tag:yaml.org,2002:float" when text.Length > 0 && (PlainScalar.ResolveFloat(text) ?? OfFloat(text)) is { } fraction:
                return fraction;
            case "tag:yaml.org,2002:binary" when TryBase64(text, out byte[] bytes):
                return Scalar.Of(bytes);
            case "tag:yaml.org,2002:timestamp":
                diagnostics.Error(ConfigErrors.UnsupportedValue, "a configuration cannot hold a timestamp; expected text, a number, a flag or null", scalar.At, "remove the tag `!!timestamp`");
                return null;
            default:
                diagnostics.Error("yaml/tag", scalar.Tag.StartsWith("tag:yaml.org,2002:", StringComparison.Ordinal)
                    ? $"`{text}` is no value of the tag `!!{scalar.Tag[18..]}`"
                    : $"unknown tag `{scalar.Tag}`", scalar.At);
                return null;
        }
    }

    private static Scalar? OfFloat(string text) => PythonText.ParseFloat(text.Replace("_", "")) is { } number ? Scalar.Of(number) : null;

    private static bool TryBase64(string text, out byte[] bytes)
    {
        bytes = new byte[text.Length];
        if (!System.Convert.TryFromBase64String(text, bytes, out int length))
            return false;
        Array.Resize(ref bytes, length);
        return true;
    }

    private static void Unsupported(YamlNode node, Diagnostics diagnostics)
    {
        string tag = node.Tag!;
        if (tag is "tag:yaml.org,2002:set")
            diagnostics.Error(ConfigErrors.UnsupportedValue, "a configuration cannot hold a set; expected a list or a map", node.At, "remove the tag `!!set`");
        else
            diagnostics.Error("yaml/tag", $"unknown tag `{tag}`", node.At);
    }
}
