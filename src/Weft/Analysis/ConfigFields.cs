using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Text;
using Weft.Values;

namespace Weft.Analysis;

/// <summary>Nodes of a composed configuration as values, and values as nodes.</summary>
internal static class ConfigFields
{
    /// <summary>The value of a node.</summary>
    /// <param name="resolution">Follows interpolations; null keeps them as their text. One that leads nowhere is kept as its text too.</param>
    public static Value ValueOf(ConfigNode node, Resolution? resolution)
    {
        if (node.IsInterpolation && resolution?.Dereference(node, out _) is { IsInterpolation: false } target)
            node = target;
        return node switch
        {
            DictConfig { IsSpecial: false } dict => Value.MapOf(dict.Select(child => KeyValuePair.Create(child.Key.ToString(), ValueOf(child, resolution)))),
            ListConfig { IsSpecial: false } list => Value.ListOf(list.Select(item => ValueOf(item, resolution))),
            _ => ValueOf(node.Content),
        };
    }

    public static Value ValueOf(Scalar scalar) => scalar.Kind switch
    {
        ScalarKind.Null => Value.None,
        ScalarKind.Bool => Value.Of(scalar.Bool),
        ScalarKind.Int => new Value.Int(scalar.Int),
        ScalarKind.Float => Value.Of(scalar.Float),
        _ => Value.Of(scalar.ToString()),
    };

    /// <summary>
    /// The leaves of a configuration by their dotted paths, in its order: lists are leaves, interpolations stay as written. Of two leaves with one path the later
    /// counts, in the place of the earlier.
    /// </summary>
    /// <param name="withEmpty">Empty maps are leaves; otherwise they vanish.</param>
    public static List<KeyValuePair<string, ConfigNode>> Leaves(DictConfig config, bool withEmpty = false)
    {
        var leaves = new List<KeyValuePair<string, ConfigNode>>();
        Gather(config, "", leaves, [], withEmpty);
        return leaves;
    }

    /// <summary>The text of a field as HydraFlow's users know it from logged parameters: <c>True</c>, <c>None</c>, <c>0.1</c>, <c>[1, 2]</c>.</summary>
    public static string TextOf(Value value) => value is Value.Text text ? text.Content : PythonText.Str(NodeOf(value));

    public static ConfigNode NodeOf(Value value)
    {
        switch (value)
        {
            case Value.List list:
                var items = new ListConfig();
                foreach (Value item in list.Items)
                    items.Add(NodeOf(item));
                return items;
            case Value.Map map:
                var dict = new DictConfig();
                foreach ((string key, Value item) in map.Entries)
                    dict.Put(key, NodeOf(item));
                return dict;
            default:
                return new ValueNode(ScalarOf(value));
        }
    }

    private static Scalar ScalarOf(Value value) => value switch
    {
        Value.Bool flag => Scalar.Of(flag.Is),
        Value.Int integer => Scalar.Of(integer.Number),
        Value.Float number => Scalar.Of(number.Number),
        Value.Text { Content: var text } => ConfigReader.OfText(text, null, new Diagnostics()) ?? Scalar.Of(text),
        Value.Null => Scalar.Null,
        _ => Scalar.Of(CanonicalJson.Write(value)),
    };

    /// <summary>The leaves as they are remembered, with interpolations followed.</summary>
    public static ImmutableArray<Leaf> Remember(DictConfig config, Resolution resolution) =>
        [.. Leaves(config, withEmpty: true).Select(leaf => new Leaf(leaf.Key, Leaf.JsonOf(ValueOf(leaf.Value, resolution))))];

    private static void Gather(DictConfig dict, string prefix, List<KeyValuePair<string, ConfigNode>> leaves, Dictionary<string, int> places, bool withEmpty)
    {
        foreach (ConfigNode child in dict)
        {
            string path = prefix + child.Key;
            if (child is DictConfig { IsSpecial: false } inner && (inner.Count > 0 || !withEmpty))
            {
                Gather(inner, path + ".", leaves, places, withEmpty);
            }
            else if (places.TryAdd(path, leaves.Count))
            {
                leaves.Add(new(path, child));
            }
            else
            {
                leaves[places[path]] = new(path, child);
            }
        }
    }
}

/// <summary>A setting of a composed configuration.</summary>
/// <param name="Path">Its keys with dots between them.</param>
/// <param name="Json">Its value as JSON that keeps <c>1</c> and <c>1.0</c> apart: an empty map too, which lists leave out.</param>
internal readonly record struct Leaf(string Path, string Json)
{
    public Value Value
    {
        get
        {
            // Ten thousand runs are sorted by such a value: most are plain numbers and texts.
            if (Json[0] == '-' || char.IsAsciiDigit(Json[0]))
                return ValueJson.ReadNumber(Json);
            if (Json[0] == '"' && !Json.Contains('\\', StringComparison.Ordinal))
                return Value.Of(Json[1..^1]);
            using JsonDocument document = JsonDocument.Parse(Json);
            return ValueJson.Read(document.RootElement);
        }
    }

    public bool IsEmptyMap => Json == "{}";

    public static string JsonOf(Value value)
    {
        var text = new ArrayBufferWriter<byte>(64);
        using (var json = new Utf8JsonWriter(text))
            ValueJson.Write(json, value);
        return Encoding.UTF8.GetString(text.WrittenSpan);
    }

    /// <summary>The leaf that a path names, among all leaves of a configuration.</summary>
    /// <param name="isDecided">False when the path leads to a part of the configuration that is no leaf, or into one.</param>
    public static Value? Find(ImmutableArray<Leaf> leaves, string path, out bool isDecided)
    {
        isDecided = true;
        foreach (Leaf leaf in leaves)
        {
            if (leaf.Path == path)
                return leaf.Value;
            bool leadsOn = leaf.Path.Length > path.Length
                ? leaf.Path[path.Length] == '.' && leaf.Path.StartsWith(path, StringComparison.Ordinal)
                : path.Length > leaf.Path.Length && path[leaf.Path.Length] is '.' or '[' && path.StartsWith(leaf.Path, StringComparison.Ordinal);
            isDecided &= !leadsOn && !path.Contains('[');
        }
        return null;
    }
}
