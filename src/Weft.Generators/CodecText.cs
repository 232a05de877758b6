using Microsoft.CodeAnalysis;

namespace Weft.Generators;

/// <summary>Writes the expression of the codec of a type.</summary>
/// <param name="report">Takes what is wrong: a descriptor, and its arguments after the name of the property.</param>
internal sealed class CodecText(Action<(DiagnosticDescriptor Descriptor, string[] Arguments)> report)
{
    private const string Library = "global::Weft.Config.Structured.ConfigCodecs.";

    /// <summary>Generic types that are lists, and what the library calls their codecs.</summary>
    private static readonly Dictionary<string, string> Lists = new(StringComparer.Ordinal)
    {
        ["System.Collections.Immutable.ImmutableArray<T>"] = "ImmutableArray",
        ["System.Collections.Generic.List<T>"] = "List",
        ["System.Collections.Generic.IReadOnlyList<T>"] = "ReadOnlyList",
    };

    private static readonly Dictionary<string, string> Maps = new(StringComparer.Ordinal)
    {
        ["System.Collections.Generic.Dictionary<TKey, TValue>"] = "Dictionary",
        ["System.Collections.Generic.IReadOnlyDictionary<TKey, TValue>"] = "ReadOnlyDictionary",
        ["System.Collections.Immutable.ImmutableDictionary<TKey, TValue>"] = "ImmutableDictionary",
    };

    /// <returns>Null when the type cannot stand in a configuration, which is reported.</returns>
    public string? Of(ITypeSymbol type)
    {
        if (type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } nullable)
            return Wrap("OptionalValue", Of(nullable.TypeArguments[0]));
        if (type is { IsReferenceType: true, NullableAnnotation: NullableAnnotation.Annotated })
            return Wrap("Optional", Of(type.WithNullableAnnotation(NullableAnnotation.NotAnnotated)));
        if (Simple(type) is { } simple)
            return Library + simple;
        switch (type)
        {
            case IArrayTypeSymbol { Rank: 1 } array:
                return Wrap("Array", Of(array.ElementType));
            case INamedTypeSymbol { TypeKind: TypeKind.Enum } enumeration:
                return Enumeration(enumeration);
            case INamedTypeSymbol { IsGenericType: true } generic when Lists.TryGetValue(generic.OriginalDefinition.ToDisplayString(), out string list):
                return Wrap(list, Of(generic.TypeArguments[0]));
            case INamedTypeSymbol { IsGenericType: true } generic when Maps.TryGetValue(generic.OriginalDefinition.ToDisplayString(), out string map):
                return IsKey(generic.TypeArguments[0]) ? Wrap(map, Of(generic.TypeArguments[0]), Of(generic.TypeArguments[1])) : Refuse(Problems.UnsupportedType, type);
            case INamedTypeSymbol record when RecordReader.IsMarked(record) && !record.IsGenericType:
                return $"{Library}Record<{record.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat)}>()";
            case INamedTypeSymbol { IsRecord: true, IsValueType: false, IsGenericType: false }:
                return Refuse(Problems.NotMarked, type);
            default:
                return Refuse(Problems.UnsupportedType, type);
        }
    }

    private static string? Simple(ITypeSymbol type) => type.SpecialType switch
    {
        SpecialType.System_Boolean => "Bool",
        SpecialType.System_Int32 => "Int32",
        SpecialType.System_Int64 => "Int64",
        SpecialType.System_Single => "Single",
        SpecialType.System_Double => "Double",
        SpecialType.System_String => "Text",
        _ => type.ToDisplayString() switch
        {
            "System.Numerics.BigInteger" => "BigInteger",
            "byte[]" => "Bytes",
            "Weft.Config.Nodes.ConfigNode" => "Node",
            _ => null,
        },
    };

    private static bool IsKey(ITypeSymbol type) =>
        type.SpecialType is SpecialType.System_String or SpecialType.System_Int32 or SpecialType.System_Int64 or SpecialType.System_Boolean || type.TypeKind == TypeKind.Enum;

    private string? Enumeration(INamedTypeSymbol type)
    {
        if (type.GetMembers().OfType<IFieldSymbol>().Any(member => member.HasConstantValue && Convert.ToDecimal(member.ConstantValue) > long.MaxValue))
            return Refuse(Problems.UnsupportedType, type);
        string name = type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);
        IEnumerable<string> members = type.GetMembers().OfType<IFieldSymbol>().Where(member => member.HasConstantValue)
            .Select(member => $"new({Binding.Quote(member.Name)}, {Convert.ToDecimal(member.ConstantValue)}L)");
        return $"{Library}Enum<{name}>({Binding.Quote(type.Name)}, [{string.Join(", ", members)}], static value => ({name})value)";
    }

    private static string? Wrap(string codec, params string?[] inner) => inner.Contains(null) ? null : $"{Library}{codec}({string.Join(", ", inner)})";

    private string? Refuse(DiagnosticDescriptor problem, ITypeSymbol type)
    {
        report((problem, [type.ToDisplayString()]));
        return null;
    }
}
