using System.Collections.Immutable;
using Weft.Config.Nodes;

namespace Weft.Config.Structured;

/// <summary>
/// A class of configuration as a plain value: what a C# record declares, or what is written by hand. A dictionary of this type is closed: it has
/// these fields and no others, and each value is validated. Schemas are compared by identity.
/// </summary>
public sealed class ConfigSchema
{
    private readonly Func<ConfigSchema, IEnumerable<ConfigField>> _declare;
    private ImmutableArray<ConfigField> _fields;

    /// <param name="name">Name of the class, as messages show it.</param>
    /// <param name="fields">Its own fields, in order; those of the base come before them.</param>
    public ConfigSchema(string name, IEnumerable<ConfigField> fields, ConfigSchema? baseSchema = null)
        : this(name, _ => fields, baseSchema)
    {
    }

    /// <summary>A schema whose fields may name the schema itself; they are asked for on first use.</summary>
    public ConfigSchema(string name, Func<ConfigSchema, IEnumerable<ConfigField>> fields, ConfigSchema? baseSchema = null)
    {
        Name = name;
        Base = baseSchema;
        _declare = fields;
    }

    /// <summary>Name of the class, as messages show it.</summary>
    public string Name { get; }

    /// <summary>The class that it derives from; null for none.</summary>
    public ConfigSchema? Base { get; }

    /// <summary>All fields, those of the base first; a field of the same name replaces the base's in its place.</summary>
    public ImmutableArray<ConfigField> Fields => _fields.IsDefault ? _fields = Collect() : _fields;

    /// <summary>Whether it is the other, or derives from it.</summary>
    public bool IsSubclassOf(ConfigSchema other)
    {
        for (ConfigSchema? schema = this; schema is not null; schema = schema.Base)
        {
            if (ReferenceEquals(schema, other))
                return true;
        }
        return false;
    }

    public override string ToString() => Name;

    private ImmutableArray<ConfigField> Collect()
    {
        var all = new List<ConfigField>();
        if (Base is not null)
            all.AddRange(Base.Fields);
        foreach (ConfigField field in _declare(this))
        {
            int inherited = all.FindIndex(other => other.Name == field.Name);
            if (inherited < 0)
                all.Add(field);
            else
                all[inherited] = field;
        }
        return [.. all];
    }
}

/// <summary>A key of a schema.</summary>
/// <param name="Name">The key.</param>
/// <param name="Type">The declared type of its values.</param>
/// <param name="Default">Makes the default afresh for every object; null when there is none: the value is missing until somebody gives it.</param>
public sealed record ConfigField(string Name, ConfigType Type, Func<ConfigNode>? Default = null)
{
    /// <summary>What the field is for, in one sentence.</summary>
    public string? Doc { get; init; }
}

/// <summary>An enumeration that a schema names.</summary>
public sealed class EnumSchema(string name, params ReadOnlySpan<KeyValuePair<string, long>> members)
{
    /// <summary>As messages and the printed form of members show it.</summary>
    public string Name { get; } = name;

    /// <summary>In order of declaration.</summary>
    public ImmutableArray<EnumMember> Members { get; } = MembersOf(name, members);

    public override string ToString() => Name;

    private static ImmutableArray<EnumMember> MembersOf(string name, ReadOnlySpan<KeyValuePair<string, long>> members)
    {
        var all = ImmutableArray.CreateBuilder<EnumMember>(members.Length);
        foreach ((string member, long value) in members)
            all.Add(new EnumMember(name, member, value));
        return all.DrainToImmutable();
    }
}
