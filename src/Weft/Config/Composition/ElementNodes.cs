using Weft.Config.Nodes;
using Weft.Config.Overrides;
using Weft.Text;

namespace Weft.Config.Composition;

/// <summary>Values of the override grammar as configuration nodes, which know where in the argument they stand.</summary>
internal static class ElementNodes
{
    /// <returns>Null when a configuration cannot hold the value; a diagnostic says why.</returns>
    public static ConfigNode? ToNode(Element element, Diagnostics diagnostics)
    {
        switch (element)
        {
            case Element.List list:
                var items = new ListConfig(list.At);
                foreach (Element item in list.Items)
                {
                    if (ToNode(item, diagnostics) is not { } node)
                        return null;
                    items.Add(node);
                }
                return items;
            case Element.Map map:
                var dict = new DictConfig(map.At);
                foreach (MapEntry entry in map.Entries)
                {
                    if (ToScalar(entry.Key, diagnostics) is not { IsNull: false } key)
                    {
                        diagnostics.Error(ConfigErrors.WrongKey, "null cannot be a key", entry.Key.At);
                        return null;
                    }
                    if (ToNode(entry.Value, diagnostics) is not { } value)
                        return null;
                    value.KeyAt = entry.Key.At;
                    dict.Put(key, value);
                }
                return dict;
            default:
                return ToScalar(element, diagnostics) is { } scalar ? new ValueNode(scalar, element.At) : null;
        }
    }

    private static Scalar? ToScalar(Element element, Diagnostics diagnostics)
    {
        switch (element)
        {
            case Element.Null:
                return Scalar.Null;
            case Element.Bool boolean:
                return Scalar.Of(boolean.Is);
            case Element.Int integer:
                return Scalar.Of(integer.Number);
            case Element.Float number:
                return Scalar.Of(number.Number);
            case Element.Text text:
                return ConfigReader.OfText(text.Content, text.At, diagnostics);
            default:
                diagnostics.Error(ConfigErrors.UnsupportedValue, $"{element.Kind} inside another value is not swept: only a whole value is", element.At);
                return null;
        }
    }
}
