using System.Numerics;
using Weft.Config.Structured;
using Weft.Text;

namespace Weft.Config.Nodes;

/// <summary>Reads the entries of containers as they are kept: interpolations are not followed.</summary>
internal static class Access
{
    /// <summary>The entry under a key as a program asks for it; absence is an error.</summary>
    public static ConfigNode? Child(ConfigNode container, Scalar key, out Diagnostic? error)
    {
        error = null;
        switch (container)
        {
            case DictConfig { IsSpecial: false } dict:
                if (Keys.Normalize(dict, key, out error) is not { } normal)
                    return null;
                if (dict.Find(normal) is { } child)
                    return child;
                error = Absent(dict, normal);
                return null;
            case ListConfig { IsSpecial: false } list:
                return Item(list, key, out error);
            default:
                error = new Diagnostic(ConfigErrors.WrongNode, $"{Describe(container)} has no entries; `{key}` was asked for", container.At.Source is null ? null : container.At);
                return null;
        }
    }

    /// <summary>The entry under a text key of a path; null when absent. An index that is no integer is an error.</summary>
    internal static ConfigNode? ByText(ConfigNode container, string key, out Diagnostic? error)
    {
        error = null;
        if (container is DictConfig dict)
            return Keys.Normalize(dict, Scalar.Of(key), out _) is { } normal ? dict.Find(normal) : null;
        var list = (ListConfig)container;
        if (PythonText.ParseInt(key) is not { } index)
        {
            error = new Diagnostic(ConfigErrors.WrongNode, $"`{key}` is no index of the list `{list.FullKey}`: expected an integer", list.At.Source is null ? null : list.At);
            return null;
        }
        return index >= 0 && index < list.Count ? list[(int)index] : null;
    }

    /// <summary>What a key that is not there means for a dictionary.</summary>
    internal static Diagnostic Absent(DictConfig dict, Scalar key)
    {
        string? hint = key.AsString is { } text ? Suggest.Hint(text, dict.TextKeys) : null;
        string full = ConfigPath.FullKey(dict, key);
        string message = dict.Schema is { } schema ? $"unknown key `{full}` in `{schema.Name}`"
            : dict.IsStruct ? $"unknown key `{full}`; no keys may be added here"
            : $"there is no key `{full}`";
        return new Diagnostic(ConfigErrors.UnknownKey, message, dict.At.Source is null ? null : dict.At) { Hint = hint };
    }

    private static ConfigNode? Item(ListConfig list, Scalar key, out Diagnostic? error)
    {
        error = null;
        Span? at = list.At.Source is null ? null : list.At;
        if (key.Kind is not (ScalarKind.Int or ScalarKind.Bool))
        {
            error = new Diagnostic(ConfigErrors.WrongKey, $"`{key}` is no index of the list `{list.FullKey}`: expected an integer", at);
            return null;
        }
        BigInteger index = key.Int < 0 ? key.Int + list.Count : key.Int;
        if (index >= 0 && index < list.Count)
            return list[(int)index];
        error = new Diagnostic(ConfigErrors.OutOfRange, $"the list `{list.FullKey}` has {list.Count} {(list.Count == 1 ? "item" : "items")}, there is no index {key}", at);
        return null;
    }

    private static string Describe(ConfigNode node) =>
        node.FullKey is { Length: > 0 } key ? $"`{key}` is {PythonText.Str(node)} and" : $"{PythonText.Str(node)}";
}

/// <summary>The keys that a dictionary takes, by its declared key type.</summary>
internal static class Keys
{
    /// <returns>The key in the form in which it is kept; null with an error when the dictionary takes no such key.</returns>
    public static Scalar? Normalize(DictConfig dict, Scalar key, out Diagnostic? error)
    {
        error = null;
        ConfigType type = dict.ContentType switch
        {
            DictType typed => typed.Key,
            _ => ConfigType.Any,
        };
        if (type.IsAny)
        {
            if (key.Kind is ScalarKind.Str or ScalarKind.Int or ScalarKind.Bool or ScalarKind.Float or ScalarKind.Bytes or ScalarKind.Enum)
                return key;
            error = Wrong(dict, key, "text, a number, a flag, bytes or a member of an enumeration");
            return null;
        }
        switch (type)
        {
            case EnumType enumeration:
                if (Conversion.Problem(enumeration, key, out Scalar member) is null)
                    return member;
                error = Wrong(dict, key, $"a member of `{enumeration.Schema.Name}`: {Suggest.List(enumeration.Schema.Members.Select(m => m.Name))}");
                return null;
            case PrimitiveType { Kind: ScalarKind.Bool } when key.Kind is ScalarKind.Int or ScalarKind.Float && Scalar.KeyComparer.Equals(key, Scalar.True):
                return Scalar.True;
            case PrimitiveType { Kind: ScalarKind.Bool } when key.Kind is ScalarKind.Int or ScalarKind.Float && Scalar.KeyComparer.Equals(key, Scalar.False):
                return Scalar.False;
            case PrimitiveType primitive when primitive.Kind == key.Kind || (primitive.Kind == ScalarKind.Int && key.Kind == ScalarKind.Bool):
                return key;
            default:
                error = Wrong(dict, key, $"a key of type `{type}`");
                return null;
        }
    }

    private static Diagnostic Wrong(DictConfig dict, Scalar key, string expected) =>
        new(ConfigErrors.WrongKey, $"`{key}` cannot be a key{(dict.FullKey is { Length: > 0 } full ? $" of `{full}`" : "")}: expected {expected}", dict.At.Source is null ? null : dict.At);
}
