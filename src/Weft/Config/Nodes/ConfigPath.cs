using System.Text;

namespace Weft.Config.Nodes;

/// <summary>Paths of keys: <c>a.b[0].c</c>, <c>[a][b]</c>, <c>l.0</c>; leading dots are relative.</summary>
internal static class ConfigPath
{
    /// <summary>
    /// The keys of a path, as OmegaConf splits it: never fails. Each leading dot gives an empty key; what follows a bracket and
    /// begins neither with a dot nor with a bracket is skipped, and so is a bracket that is not closed.
    /// </summary>
    public static List<string> Split(string path)
    {
        var keys = new List<string>();
        int at = 0;
        while (at < path.Length && path[at] == '.')
            at++;
        while (at < path.Length && path[at] is not ('.' or '['))
            at++;
        foreach (Range part in path.AsSpan(0, at).Split('.'))
            keys.Add(path[part]);
        if (at == path.Length)
            return keys;
        if (path[at] == '[' && keys[^1].Length == 0)
            keys.RemoveAt(keys.Count - 1);
        while (at < path.Length)
        {
            if (path[at] == '.')
            {
                int end = path.AsSpan(at + 1).IndexOfAny('.', '[');
                end = end < 0 ? path.Length : at + 1 + end;
                keys.Add(path[(at + 1)..end]);
                at = end;
            }
            else if (path[at] == '[' && path.IndexOf(']', at) is var close and > 0)
            {
                keys.Add(path[(at + 1)..close]);
                at = close + 1;
            }
            else
            {
                at++;
            }
        }
        return keys;
    }

    /// <summary>The path from the root to a node.</summary>
    public static string FullKey(ConfigNode node) => Append(FullKeyOf(node), node, null);

    /// <summary>The path of a key, there or not, below a node.</summary>
    public static string FullKey(ConfigNode container, Scalar key) => Append(FullKeyOf(container), container, key);

    private static StringBuilder FullKeyOf(ConfigNode node)
    {
        var nodes = new List<ConfigNode>();
        for (ConfigNode current = node; current.Parent is { } parent; current = parent)
        {
            if (!current.Key.IsNull)
                nodes.Add(current);
        }
        var text = new StringBuilder();
        for (int i = nodes.Count - 1; i >= 0; i--)
            AppendKey(text, nodes[i].Parent!, nodes[i].Key);
        return text;
    }

    private static string Append(StringBuilder text, ConfigNode container, Scalar? key)
    {
        if (key is { } given)
            AppendKey(text, container, given);
        return text.ToString();
    }

    private static void AppendKey(StringBuilder text, ConfigNode container, Scalar key)
    {
        if (container is ListConfig)
        {
            text.Append('[').Append(key).Append(']');
            return;
        }
        if (text.Length > 0)
            text.Append('.');
        text.Append(key.Kind == ScalarKind.Enum ? key.Enum.Name : key.ToString());
    }
}
