using System.Collections.Immutable;
using Weft.Config.Nodes;

namespace Weft.Config.Structured;

/// <summary>
/// The declared type of a place in a configuration. <see cref="Any"/> takes everything; every other type validates and converts what is put
/// there. A type is immutable and compared by content, schemas by identity.
/// </summary>
public abstract record ConfigType
{
    private protected ConfigType()
    {
    }

    /// <summary>Takes everything.</summary>
    public static readonly ConfigType Any = new AnyType { IsOptional = true };
    /// <summary>A flag.</summary>
    public static readonly ConfigType Bool = new PrimitiveType(ScalarKind.Bool);
    /// <summary>An integer of any size.</summary>
    public static readonly ConfigType Int = new PrimitiveType(ScalarKind.Int);
    /// <summary>A float of 64 bits.</summary>
    public static readonly ConfigType Float = new PrimitiveType(ScalarKind.Float);
    /// <summary>A text.</summary>
    public static readonly ConfigType Str = new PrimitiveType(ScalarKind.Str);
    /// <summary>Bytes.</summary>
    public static readonly ConfigType Bytes = new PrimitiveType(ScalarKind.Bytes);
    /// <summary>The path of a file or folder.</summary>
    public static readonly ConfigType Path = new PrimitiveType(ScalarKind.Path);
    /// <summary>A dictionary of anything.</summary>
    public static readonly ConfigType AnyDict = new DictType(Any, Any);
    /// <summary>A list of anything.</summary>
    public static readonly ConfigType AnyList = new ListType(Any);

    /// <summary>Null may be put here.</summary>
    public bool IsOptional { get; init; }

    /// <summary>The type that takes null as well.</summary>
    public ConfigType Optional => IsOptional ? this : this with { IsOptional = true };

    /// <summary>The type that does not take null.</summary>
    public ConfigType Required => this is AnyType || !IsOptional ? this : this with { IsOptional = false };

    /// <summary>It takes everything.</summary>
    public bool IsAny => this is AnyType;

    /// <summary>What messages call it: <c>int</c>, <c>Optional[List[str]]</c>.</summary>
    public sealed override string ToString() => IsOptional && this is not AnyType ? $"Optional[{Name}]" : Name;

    private protected abstract string Name { get; }

    private sealed record AnyType : ConfigType
    {
        private protected override string Name => "Any";
    }
}

/// <summary>Bool, int, float, str, bytes or path.</summary>
/// <param name="Kind">Which of them.</param>
public sealed record PrimitiveType(ScalarKind Kind) : ConfigType
{
    private protected override string Name => Kind.ToString().ToLowerInvariant();
}

/// <summary>A member of an enumeration.</summary>
/// <param name="Schema">The enumeration.</param>
public sealed record EnumType(EnumSchema Schema) : ConfigType
{
    private protected override string Name => Schema.Name;
}

/// <summary>One of several types; a value must be exactly of one, nothing is converted.</summary>
/// <param name="Types">The types.</param>
public sealed record UnionType(ImmutableArray<ConfigType> Types) : ConfigType
{
    private protected override string Name => $"Union[{string.Join(", ", Types)}]";

    public bool Equals(UnionType? other) => other is not null && IsOptional == other.IsOptional && Types.AsSpan().SequenceEqual(other.Types.AsSpan());

    public override int GetHashCode() => Types.Length;
}

/// <summary>A list.</summary>
/// <param name="Element">The type of its items.</param>
public sealed record ListType(ConfigType Element) : ConfigType
{
    private protected override string Name => $"List[{Element}]";
}

/// <summary>A dictionary.</summary>
/// <param name="Key">Str, int, float, bool, bytes, an enumeration, or any of them.</param>
/// <param name="Element">The type of its values.</param>
public sealed record DictType(ConfigType Key, ConfigType Element) : ConfigType
{
    private protected override string Name => $"Dict[{Key}, {Element}]";
}

/// <summary>A dictionary with the fields of a schema.</summary>
/// <param name="Schema">The schema.</param>
public sealed record StructuredType(ConfigSchema Schema) : ConfigType
{
    private protected override string Name => Schema.Name;
}
