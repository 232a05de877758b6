using System.Diagnostics.CodeAnalysis;
using Weft.Config.Editing;
using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Text;

namespace Weft.Config.Structured;

/// <summary>A record that a configuration can be read into. The generator implements it for records marked <see cref="ConfigAttribute"/>.</summary>
public interface IConfigRecord<TSelf> where TSelf : class, IConfigRecord<TSelf>
{
    /// <summary>The keys, their types, defaults and descriptions.</summary>
    static abstract ConfigSchema Schema { get; }

    /// <summary>Makes the record from a dictionary of its schema.</summary>
    /// <returns>Null when a value is missing or does not fit; the reader's diagnostics say which.</returns>
    static abstract TSelf? Read(ConfigRecordReader reader);
}

/// <summary>Reads configurations into records.</summary>
public static class ConfigRecord
{
    /// <summary>The schema of a record.</summary>
    public static ConfigSchema SchemaOf<T>() where T : class, IConfigRecord<T> => T.Schema;

    /// <summary>
    /// Reads a dictionary into a record. One that is not of the record's schema yet is validated by merging it into the schema's defaults.
    /// </summary>
    /// <param name="resolution">Evaluates the interpolations in it.</param>
    /// <returns>Null when anything does not fit; diagnostics say what, each at the place where the value was written.</returns>
    public static T? Read<T>(ConfigNode node, Resolution resolution, Diagnostics diagnostics) where T : class, IConfigRecord<T>
    {
        int before = diagnostics.Errors;
        if (node is not DictConfig dict || node.IsSpecial)
        {
            diagnostics.Error(ConfigErrors.WrongValue, $"expected a dictionary of `{T.Schema.Name}`, found {(node is ListConfig ? "a list" : $"`{node.Content}`")}", node.At.Source is null ? null : node.At);
            return null;
        }
        if (dict.Schema is not { } schema || !schema.IsSubclassOf(T.Schema))
        {
            DictConfig typed = Typed.Create(T.Schema, diagnostics);
            new ConfigEditor(resolution, diagnostics).Merge(typed, dict);
            if (dict.Parent is not null)
                typed.Adopt(dict.Parent);
            dict = typed;
        }
        if (diagnostics.Errors > before)
            return null;
        T? record = ConfigCodecs.Record<T>().TryRead(dict, new ConfigBinder(resolution, diagnostics), out T? read) ? read : null;
        return diagnostics.Errors > before ? null : record;
    }
}

/// <summary>What reading a configuration into records needs everywhere. For generated code.</summary>
public sealed class ConfigBinder(Resolution resolution, Diagnostics diagnostics)
{
    internal Diagnostics Diagnostics { get; } = diagnostics;

    /// <summary>The value behind a node; null when it is missing or fails, which is reported.</summary>
    internal ConfigNode? ValueOf(ConfigNode node)
    {
        if (resolution.Dereference(node, out Diagnostic? error) is not { } value)
            Diagnostics.Add(error!);
        else if (!value.IsMissing)
            return value;
        else
            Diagnostics.Error(ConfigErrors.MissingValue, $"`{node.FullKey}` must be given a value; it is `???`", PlaceOf(node), $"write `{node.FullKey}=VALUE`, or give it in a configuration");
        return null;
    }

    internal bool Refuse(ConfigNode node, string message)
    {
        Diagnostics.Error(ConfigErrors.WrongValue, $"`{node.FullKey}`: {message}", PlaceOf(node));
        return false;
    }

    private static Span? PlaceOf(ConfigNode node) => node.At.Source is null ? null : node.At;
}

/// <summary>Reads the entries of one dictionary for a record; all that do not fit are reported. For generated code.</summary>
public sealed class ConfigRecordReader
{
    private readonly DictConfig _dict;
    private readonly ConfigBinder _binder;

    internal ConfigRecordReader(DictConfig dict, ConfigBinder binder)
    {
        _dict = dict;
        _binder = binder;
    }

    /// <summary>Every entry so far could be read.</summary>
    public bool IsGood { get; private set; } = true;

    /// <summary>The value of a property; the default of its type when it could not be read.</summary>
    public T Get<T>(ConfigProperty<T> property)
    {
        if (_dict[property.Key] is { } node && property.Codec.TryRead(node, _binder, out T? value))
            return value;
        IsGood = false;
        return default!;
    }
}

/// <summary>A property of a record as a key of a configuration. For generated code.</summary>
/// <param name="Key">The key.</param>
/// <param name="Codec">How its values stand in a configuration.</param>
/// <param name="Default">Makes its default; null when somebody must give the value.</param>
/// <param name="Doc">What it is for.</param>
public sealed record ConfigProperty<T>(string Key, ConfigCodec<T> Codec, Func<ConfigNode>? Default = null, string? Doc = null)
{
    /// <summary>The property as a field of a schema.</summary>
    public ConfigField Field => new(Key, Codec.Type, Default) { Doc = Doc };
}

/// <summary>How values of one C# type stand in a configuration. For generated code.</summary>
public abstract class ConfigCodec<T>
{
    private protected ConfigCodec()
    {
    }

    /// <summary>The declared type of places that hold such values.</summary>
    public abstract ConfigType Type { get; }

    /// <summary>Reads a node of <see cref="Type"/>; what does not fit is reported.</summary>
    internal abstract bool TryRead(ConfigNode node, ConfigBinder binder, [MaybeNullWhen(false)] out T value);
}
