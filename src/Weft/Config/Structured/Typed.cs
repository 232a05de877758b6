using Weft.Config.Nodes;
using Weft.Text;

namespace Weft.Config.Structured;

/// <summary>Makes nodes that fit declared types: what OmegaConf calls wrapping.</summary>
internal static class Typed
{
    /// <summary>
    /// A new node of a type with the content of another: leaves are converted, containers validated entry by entry. A place of type Any takes
    /// a copy with the types it has.
    /// </summary>
    /// <param name="key">Full key of the place, for messages.</param>
    /// <returns>Null with diagnostics when the content does not fit.</returns>
    public static ConfigNode? Wrap(ConfigType type, ConfigNode value, string key, Diagnostics diagnostics)
    {
        if (type.IsAny)
            return value.Copy();
        if (value.IsNull && !type.IsOptional)
        {
            Fail(value, $"`{key}` is not optional: null is no value of type `{type}`", diagnostics);
            return null;
        }
        ConfigNode? wrapped = type switch
        {
            DictType or StructuredType when value.IsSpecial => new DictConfig(value.Content, value.At) { ContentType = type.Required },
            ListType when value.IsSpecial => new ListConfig(value.Content, value.At) { ContentType = type.Required },
            DictType dict => WrapDict(dict, value, key, diagnostics),
            ListType list => WrapList(list, value, key, diagnostics),
            StructuredType structured => WrapStructured(structured, value, key, diagnostics),
            _ => WrapLeaf(type, value, key, diagnostics),
        };
        if (wrapped is null)
            return null;
        wrapped.Type = type;
        wrapped.KeyAt = value.KeyAt;
        wrapped.CopyFlags(value);
        return wrapped;
    }

    /// <summary>An object of a schema with its defaults; fields without one are missing.</summary>
    public static DictConfig Create(ConfigSchema schema, Diagnostics diagnostics, int depth = 0)
    {
        var dict = new DictConfig { ContentType = new StructuredType(schema) };
        if (depth > 200)
        {
            diagnostics.Error(ConfigErrors.TooDeep, $"the defaults of `{schema.Name}` make it again without end");
            return dict;
        }
        foreach (ConfigField field in schema.Fields)
        {
            ConfigNode value = field.Default?.Invoke() ?? new ValueNode(Scalar.Missing);
            if (Wrap(field.Type, value, field.Name, diagnostics) is { } wrapped)
                dict.Put(field.Name, wrapped);
        }
        return dict;
    }

    /// <summary>
    /// Gives an untyped node the type that a merged source has, down to its entries. Nothing is converted here: entries that do not fit are errors.
    /// </summary>
    public static void Promote(ConfigNode node, ConfigType type, Diagnostics diagnostics)
    {
        if (type.IsAny)
            return;
        if (Mismatch(node, type) is { } problem)
        {
            Fail(node, problem, diagnostics);
            return;
        }
        node.Type = type;
        switch (node)
        {
            case DictConfig { IsSpecial: false } dict when type is DictType declared:
                dict.ContentType = declared.Required;
                foreach (ConfigNode child in dict)
                {
                    if (Keys.Normalize(dict, child.Key, out Diagnostic? error) is not { } kept || !kept.Equals(child.Key))
                        diagnostics.Add(error ?? new Diagnostic(ConfigErrors.WrongKey, $"the key of `{child.FullKey}` is no `{declared.Key}`"));
                    Promote(child, declared.Element, diagnostics);
                }
                break;
            case ListConfig { IsSpecial: false } list when type is ListType declared:
                list.ContentType = declared.Required;
                foreach (ConfigNode item in list)
                    Promote(item, declared.Element, diagnostics);
                break;
        }
    }

    private static string? Mismatch(ConfigNode node, ConfigType type)
    {
        if (node.IsNull)
            return type.IsOptional ? null : $"`{node.FullKey}` is not optional: null is no value of type `{type}`";
        if (node.IsSpecial)
            return null;
        bool fits = (node, type) switch
        {
            (DictConfig, DictType or StructuredType) => true,
            (ListConfig, ListType) => true,
            (ValueNode, PrimitiveType primitive) => primitive.Kind == node.Content.Kind,
            (ValueNode, EnumType) => node.Content.Kind == ScalarKind.Enum,
            _ => false,
        };
        return fits ? null : $"`{node.FullKey}` does not fit the type `{type}`";
    }

    private static ValueNode? WrapLeaf(ConfigType type, ConfigNode value, string key, Diagnostics diagnostics)
    {
        string? problem = value is ValueNode || value.IsSpecial ? Conversion.Problem(type, value.Content, out Scalar converted) : Conversion.NotAScalar(type, value, out converted);
        if (problem is null)
            return new ValueNode(converted, value.At);
        Fail(value, $"`{key}`: {problem}", diagnostics);
        return null;
    }

    private static ListConfig? WrapList(ListType type, ConfigNode value, string key, Diagnostics diagnostics)
    {
        if (value is not ListConfig source)
        {
            Fail(value, $"`{key}`: found {Describe(value)}, expected a list", diagnostics);
            return null;
        }
        var list = new ListConfig(value.At) { ContentType = type.Required };
        int before = diagnostics.Errors;
        for (int i = 0; i < source.Count; i++)
        {
            if (Wrap(type.Element, source[i], $"{key}[{i}]", diagnostics) is { } item)
                list.Add(item);
        }
        return diagnostics.Errors > before ? null : list;
    }

    private static DictConfig? WrapDict(DictType type, ConfigNode value, string key, Diagnostics diagnostics)
    {
        if (value is not DictConfig { Schema: null } source)
        {
            Fail(value, $"`{key}`: found {Describe(value)}, expected a dictionary", diagnostics);
            return null;
        }
        var dict = new DictConfig(value.At) { ContentType = type.Required };
        int before = diagnostics.Errors;
        foreach (ConfigNode child in source)
        {
            if (Keys.Normalize(dict, child.Key, out Diagnostic? error) is not { } normal)
                diagnostics.Add(child.KeyAt.Source is null ? error! : error! with { At = child.KeyAt });
            else if (Wrap(type.Element, child, $"{key}.{child.Key}", diagnostics) is { } wrapped)
                dict.Put(normal, wrapped);
        }
        return diagnostics.Errors > before ? null : dict;
    }

    /// <summary>Only an object of the schema, or of one derived from it, can be assigned; a plain dictionary is merged instead.</summary>
    private static ConfigNode? WrapStructured(StructuredType type, ConfigNode value, string key, Diagnostics diagnostics)
    {
        if (value is DictConfig { Schema: { } schema } && schema.IsSubclassOf(type.Schema))
            return value.Copy();
        Fail(value, $"`{key}`: found {Describe(value)}, expected a `{type.Schema.Name}`", diagnostics);
        return null;
    }

    private static void Fail(ConfigNode value, string message, Diagnostics diagnostics) =>
        diagnostics.Error(ConfigErrors.WrongValue, message, value.At.Source is null ? null : value.At);

    private static string Describe(ConfigNode value) => value switch
    {
        DictConfig { Schema: { } schema } => $"a `{schema.Name}`",
        DictConfig => "a plain dictionary",
        ListConfig => "a list",
        _ => $"`{value.Content}`",
    };
}
