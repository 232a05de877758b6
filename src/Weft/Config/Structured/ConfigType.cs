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

    public static readonly ConfigType Any = new AnyType { IsOptional = true };
    public static readonly ConfigType Bool = new PrimitiveType(ScalarKind.Bool);
    public static readonly ConfigType Int = new PrimitiveType(ScalarKind.Int);
    public static readonly ConfigType Float = new PrimitiveType(ScalarKind.Float);
    public static readonly ConfigType Str = new PrimitiveType(ScalarKind.Str);
    public static readonly ConfigType Bytes = new PrimitiveType(ScalarKind.Bytes);
    public static readonly ConfigType Path = new PrimitiveType(ScalarKind.Path);
    public static readonly ConfigType AnyDict = new DictType(Any, Any);
    public static readonly ConfigType AnyList = new ListType(Any);

    /// <summary>Null may be put here.</summary>
    public bool IsOptional { get; init; }

    public ConfigType Optional => IsOptional ? this : this with { IsOptional = true };

    public ConfigType Required => this is AnyType || !IsOptional ? this : this with { IsOptional = false };

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
public sealed record PrimitiveType(ScalarKind Kind) : ConfigType
{
    private protected override string Name => Kind.ToString().ToLowerInvariant();
}

public sealed record EnumType(EnumSchema Schema) : ConfigType
{
    private protected override string Name => Schema.Name;
}

/// <summary>One of several types; a value must be exactly of one, nothing is converted.</summary>
public sealed record UnionType(ImmutableArray<ConfigType> Types) : ConfigType
{
    private protected override string Name => $"Union[{string.Join(", ", Types)}]";

    public bool Equals(UnionType? other) => other is not null && IsOptional == other.IsOptional && Types.AsSpan().SequenceEqual(other.Types.AsSpan());

    public override int GetHashCode() => Types.Length;
}

public sealed record ListType(ConfigType Element) : ConfigType
{
    private protected override string Name => $"List[{Element}]";
}

/// <param name="Key">Str, int, float, bool, bytes, an enumeration, or any of them.</param>
public sealed record DictType(ConfigType Key, ConfigType Element) : ConfigType
{
    private protected override string Name => $"Dict[{Key}, {Element}]";
}

/// <summary>A dictionary with the fields of a schema.</summary>
public sealed record StructuredType(ConfigSchema Schema) : ConfigType
{
    private protected override string Name => Schema.Name;
}
