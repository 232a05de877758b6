using System.Numerics;
using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Config.Structured;
using Weft.Text;

namespace Weft.Config.Editing;

/// <summary>
/// Changes configuration trees by OmegaConf's rules: declared types validate and convert, closed and read-only containers refuse. Every refusal is a
/// diagnostic; what else was asked for is still done, so that all refusals are reported. Values that are put into a tree are copied.
/// </summary>
/// <param name="resolution">Evaluates the interpolations that a merge has to look behind.</param>
internal sealed class ConfigEditor(Resolution resolution, Diagnostics diagnostics)
{
    /// <summary>How many keys a path may have: what nests deeper was not written by a person.</summary>
    public const int MaxDepth = 1000;

    internal Resolution Resolution { get; } = resolution;

    /// <summary>How many entries of sources were merged: the measure of work in tests.</summary>
    internal long Merged { get; set; }

    internal Diagnostics Diagnostics { get; } = diagnostics;

    /// <summary>An object of a schema with its defaults; fields without one are missing.</summary>
    public DictConfig Create(ConfigSchema schema) => Typed.Create(schema, Diagnostics);

    /// <summary>
    /// Merges a source into a target, both dictionaries or both lists, in place: dictionaries key by key, while a list replaces
    /// the list that is there. A read-only target is changed nevertheless, read-only nodes below it are not.
    /// </summary>
    /// <returns>False when something was refused.</returns>
    public bool Merge(ConfigNode target, ConfigNode source)
    {
        int before = Diagnostics.Errors;
        bool? isReadOnly = target.ReadOnly;
        target.ReadOnly = false;
        new Merging(this).Merge(target, source);
        target.ReadOnly = source.ReadOnly ?? isReadOnly;
        return Diagnostics.Errors == before;
    }

    /// <summary>Sets an entry of a dictionary, or an item of a list that is there.</summary>
    public bool Set(ConfigNode container, Scalar key, ConfigNode value) => container switch
    {
        DictConfig dict => SetEntry(dict, key, value, ConfigErrors.UnknownKey),
        ListConfig list => SetItem(list, key, value),
        _ => Fail(ConfigErrors.WrongNode, $"`{container.FullKey}` is not a container and cannot hold `{key}`", container),
    };

    /// <summary>
    /// Sets the value at a path. Containers on the way that are absent, or leaves, become dictionaries.
    /// </summary>
    /// <param name="merge">A dictionary or a list is merged into the container that is there (a list replaces), instead of taking its place.</param>
    /// <param name="forceAdd">New keys are added even to closed dictionaries.</param>
    public bool Update(ConfigNode root, string path, ConfigNode value, bool merge = true, bool forceAdd = false)
    {
        List<string> keys = ConfigPath.Split(path);
        if (keys.Count > MaxDepth)
            return Fail(ConfigErrors.TooDeep, $"the path has {keys.Count:N0} keys, more than {MaxDepth:N0}", value);
        ConfigNode container = root;
        for (int i = 0; i < keys.Count - 1; i++)
        {
            if (Descend(container, keys[i], value, forceAdd) is not { } next)
                return false;
            container = next;
        }
        bool? wasStruct = container.Struct;
        if (forceAdd)
            container.Struct = false;
        bool isDone = SetLast(container, keys[^1], value, merge);
        if (forceAdd)
            container.Struct = wasStruct;
        return isDone;
    }

    /// <summary>Removes an entry of a dictionary or an item of a list.</summary>
    public bool Remove(ConfigNode container, Scalar key)
    {
        if (container.IsReadOnly)
            return Fail(ConfigErrors.ReadOnly, $"`{ConfigPath.FullKey(container, key)}` is read-only", container);
        if (container is DictConfig dict && !dict.IsSpecial)
        {
            if (dict.IsStruct || (dict.Schema is not null && dict.Struct != false))
                return Fail(ConfigErrors.WrongNode, $"no keys may be removed here: `{ConfigPath.FullKey(container, key)}`", container);
            if (Keys.Normalize(dict, key, out Diagnostic? wrong) is not { } normal)
                return Fail(wrong!);
            return dict.Remove(normal) || Fail(Access.Absent(dict, normal));
        }
        if (Access.Child(container, key, out Diagnostic? error) is not { } item)
            return Fail(error!);
        ((ListConfig)container).RemoveAt((int)item.Key.Int);
        return true;
    }

    /// <summary>Sets an entry; <paramref name="unknownKey"/> is the id of the error for a key that may not be added.</summary>
    internal bool SetEntry(DictConfig dict, Scalar key, ConfigNode value, string unknownKey)
    {
        if (Keys.Normalize(dict, key, out Diagnostic? wrong) is not { } normal)
            return Fail(value.KeyAt.Source is null ? wrong! : wrong! with { At = value.KeyAt });
        ConfigNode? present = dict.Find(normal);
        if (present is null && IsClosed(dict))
        {
            Diagnostic absent = Access.Absent(dict, normal) with { Id = unknownKey };
            return Fail(value.KeyAt.Source is not null ? absent with { At = value.KeyAt } : value.At.Source is not null ? absent with { At = value.At } : absent);
        }
        ConfigType type = present is { Type.IsAny: false } ? present.Type : ElementType(dict);
        if (dict.IsReadOnly || present?.ReadOnly == true)
            return Fail(ConfigErrors.ReadOnly, $"`{ConfigPath.FullKey(dict, normal)}` is read-only", value);
        if (Typed.Wrap(type, value, ConfigPath.FullKey(dict, normal), Diagnostics) is not { } wrapped)
            return false;
        if (wrapped.KeyAt.Source is null && present is not null)
            wrapped.KeyAt = present.KeyAt;
        dict.Put(normal, wrapped);
        return true;
    }

    internal static ConfigType ElementType(DictConfig dict) => dict.ContentType is DictType typed ? typed.Element : ConfigType.Any;

    internal static ConfigType ElementType(ListConfig list) => ((ListType)list.ContentType).Element;

    internal bool Fail(Diagnostic error)
    {
        Diagnostics.Add(error);
        return false;
    }

    internal bool Fail(string id, string message, ConfigNode place) => Fail(new Diagnostic(id, message, place.At.Source is null ? null : place.At));

    private static bool IsClosed(DictConfig dict) => dict.IsStruct || (dict.Schema is not null && dict.Struct != false);

    private bool SetItem(ListConfig list, Scalar key, ConfigNode value)
    {
        if (Access.Child(list, key, out Diagnostic? error) is not { } item)
            return Fail(error!);
        if (list.IsReadOnly)
            return Fail(ConfigErrors.ReadOnly, $"`{ConfigPath.FullKey(list, key)}` is read-only", value);
        ConfigType type = item.Type.IsAny ? ElementType(list) : item.Type;
        if (Typed.Wrap(type, value, ConfigPath.FullKey(list, key), Diagnostics) is not { } wrapped)
            return false;
        list.Replace((int)item.Key.Int, wrapped);
        return true;
    }

    /// <summary>The container under a key of a path, made when there is none.</summary>
    private ConfigNode? Descend(ConfigNode container, string key, ConfigNode value, bool forceAdd)
    {
        if (!CanHold(container, key))
            return null;
        ConfigNode? next = Access.ByText(container, key, out Diagnostic? error);
        if (error is not null)
        {
            Fail(error with { At = value.At.Source is null ? error.At : value.At });
            return null;
        }
        if (next is DictConfig or ListConfig)
            return Behind(next);
        var made = new DictConfig(value.At) { KeyAt = value.KeyAt };
        bool? wasStruct = container.Struct;
        if (forceAdd)
            container.Struct = false;
        bool isSet = Set(container, KeyFor(container, key), made);
        if (forceAdd)
            container.Struct = wasStruct;
        return isSet ? Access.ByText(container, key, out _) : null;
    }

    /// <summary>A container whose state is an interpolation leads to another one.</summary>
    private ConfigNode? Behind(ConfigNode container)
    {
        if (Resolution.Dereference(container, out Diagnostic? error) is { } target)
            return target;
        Fail(error!);
        return null;
    }

    private bool SetLast(ConfigNode container, string last, ConfigNode value, bool merge)
    {
        if (!CanHold(container, last))
            return false;
        Scalar key = KeyFor(container, last);
        if (container is ListConfig && key.Kind != ScalarKind.Int)
            return Fail(new Diagnostic(ConfigErrors.WrongKey, $"`{last}` is no index of the list `{container.FullKey}`: expected an integer", value.At.Source is null ? null : value.At));
        if (merge && value is DictConfig or ListConfig)
        {
            ConfigNode? present = container is DictConfig dict
                ? Keys.Normalize(dict, key, out _) is { } normal ? dict.Find(normal) : null
                : Access.Child(container, key, out _);
            if (present is DictConfig or ListConfig)
            {
                int before = Diagnostics.Errors;
                new Merging(this).Merge(present, value);
                return Diagnostics.Errors == before;
            }
        }
        return container is DictConfig entries ? SetEntry(entries, key, value, ConfigErrors.UnknownAttribute) : SetItem((ListConfig)container, key, value);
    }

    private bool CanHold(ConfigNode container, string key)
    {
        if (container is not ValueNode && container.IsMissing)
            return Fail(ConfigErrors.MissingValue, $"`{container.FullKey}` must be given a value before `{key}` can be set in it; it is `???`", container);
        return (container is not ValueNode && !container.IsSpecial)
            || Fail(ConfigErrors.WrongNode, $"`{container.FullKey}` is {PythonText.Str(container)} and cannot hold `{key}`", container);
    }

    private static Scalar KeyFor(ConfigNode container, string key) =>
        container is ListConfig && PythonText.ParseInt(key) is BigInteger index ? Scalar.Of(index) : Scalar.Of(key);
}
