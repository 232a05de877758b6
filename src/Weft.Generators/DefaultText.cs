using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Weft.Generators;

/// <summary>
/// Writes the expression that makes the default of a property as a node of a configuration. Only what is known at compile time has one:
/// constants, collections of such, and new marked records.
/// </summary>
internal sealed class DefaultText(SemanticModel model, CancellationToken cancel)
{
    public const string Library = "global::Weft.Config.Structured.ConfigDefaults.";

    /// <summary>Kinds of syntax that are younger than the compiler this is built against: <c>[a, b]</c> and an item of it.</summary>
    private const int CollectionExpression = 9076;
    private const int ExpressionElement = 9077;

    /// <returns>Null when the value is not known at compile time.</returns>
    public string? Of(ExpressionSyntax expression, ITypeSymbol type)
    {
        while (expression is ParenthesizedExpressionSyntax parentheses)
            expression = parentheses.Expression;
        if (expression is PostfixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.SuppressNullableWarningExpression } sure)
            return Of(sure.Operand, type);
        if (model.GetConstantValue(expression, cancel) is { HasValue: true } constant)
            return OfConstant(constant.Value, type);
        return expression.RawKind == CollectionExpression ? List(CollectionItems(expression), type) : expression switch
        {
            ImplicitArrayCreationExpressionSyntax array => List(array.Initializer.Expressions, type),
            ArrayCreationExpressionSyntax { Initializer: { } items } => List(items.Expressions, type),
            InitializerExpressionSyntax items => List(items.Expressions, type),
            MemberAccessExpressionSyntax { Name.Identifier.ValueText: "Empty" } => Empty(type),
            BaseObjectCreationExpressionSyntax made => Made(made, type),
            _ => null,
        };
    }

    public static string OfConstant(object? value, ITypeSymbol type)
    {
        if (type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } nullable && value is not null)
            type = nullable.TypeArguments[0];
        if (type.TypeKind == TypeKind.Enum && value is not null)
        {
            IFieldSymbol? member = type.GetMembers().OfType<IFieldSymbol>().FirstOrDefault(member => member.HasConstantValue && Equals(member.ConstantValue, value));
            return member is null ? $"{Library}Of({Convert.ToDecimal(value)}L)" : $"{Library}Of({Binding.Quote(member.Name)})";
        }
        return value switch
        {
            null => $"{Library}Null()",
            bool flag => $"{Library}Of({(flag ? "true" : "false")})",
            string text => $"{Library}Of({Binding.Quote(text)})",
            double.NaN => $"{Library}Of(double.NaN)",
            double.PositiveInfinity => $"{Library}Of(double.PositiveInfinity)",
            double.NegativeInfinity => $"{Library}Of(double.NegativeInfinity)",
            double number => $"{Library}Of({number.ToString("R", CultureInfo.InvariantCulture)}D)",
            // The shortest text of a float is what its author wrote; as a double it would show its rounding.
            float number => OfConstant(double.Parse(number.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture), type),
            _ => $"{Library}Of({Convert.ToDecimal(value)}L)",
        };
    }

    /// <summary>What C# puts into a property of a simple type that nobody sets; null for other types.</summary>
    public static string? OfZero(ITypeSymbol type) => type.SpecialType switch
    {
        SpecialType.System_Boolean => OfConstant(false, type),
        SpecialType.System_Int32 or SpecialType.System_Int64 => OfConstant(0, type),
        SpecialType.System_Single or SpecialType.System_Double => OfConstant(0.0, type),
        _ when type.TypeKind == TypeKind.Enum => type.GetMembers().OfType<IFieldSymbol>().FirstOrDefault(member => member.HasConstantValue && Convert.ToDecimal(member.ConstantValue) == 0) is { } first
            ? OfConstant(first.ConstantValue, type)
            : null,
        _ => type.ToDisplayString() == "System.Numerics.BigInteger" ? OfConstant(0, type) : null,
    };

    private static IEnumerable<ExpressionSyntax>? CollectionItems(SyntaxNode collection)
    {
        SyntaxNode[] items = [.. collection.ChildNodes()];
        return items.All(item => item.RawKind == ExpressionElement) ? items.Select(item => item.ChildNodes().OfType<ExpressionSyntax>().Single()) : null;
    }

    private string? List(IEnumerable<ExpressionSyntax>? items, ITypeSymbol type)
    {
        if (ItemOf(type) is not { } item)
            return Empty(type) is { } empty && items?.Any() == false ? empty : null;
        if (item.SpecialType == SpecialType.System_Byte && type is IArrayTypeSymbol)
            return Bytes(items);
        string?[]? made = items?.Select(one => Of(one, item)).ToArray();
        return made is null || made.Contains(null) ? null : $"{Library}List({string.Join(", ", made)})";
    }

    private string? Bytes(IEnumerable<ExpressionSyntax>? items)
    {
        object?[]? bytes = items?.Select(one => model.GetConstantValue(one, cancel) is { HasValue: true, Value: { } value } ? value : null).ToArray();
        return bytes is null || bytes.Contains(null) ? null : $"{Library}Of(new byte[] {{ {string.Join(", ", bytes)} }})";
    }

    private static string? Empty(ITypeSymbol type) => ItemOf(type) is not null ? $"{Library}List()" : EntryOf(type) is not null ? $"{Library}Map()" : null;

    private string? Made(BaseObjectCreationExpressionSyntax made, ITypeSymbol type)
    {
        if (model.GetTypeInfo(made, cancel).Type is INamedTypeSymbol record && RecordReader.IsMarked(record))
            return Record(made, record);
        if (made.ArgumentList is { Arguments.Count: > 0 })
            return null;
        if (made.Initializer is null || made.Initializer.Expressions.Count == 0)
            return Empty(type);
        return EntryOf(type) is { } entry ? Map(made.Initializer.Expressions, entry) : List(made.Initializer.Expressions, type);
    }

    /// <summary><c>{ ["a"] = 1 }</c> or <c>{ { "a", 1 } }</c>.</summary>
    private string? Map(IEnumerable<ExpressionSyntax> entries, (ITypeSymbol Key, ITypeSymbol Value) types)
    {
        var made = new List<string>();
        foreach (ExpressionSyntax entry in entries)
        {
            (ExpressionSyntax? key, ExpressionSyntax? value) = entry switch
            {
                AssignmentExpressionSyntax { Left: ImplicitElementAccessSyntax { ArgumentList.Arguments: { Count: 1 } index }, Right: var right } => (index[0].Expression, right),
                InitializerExpressionSyntax { Expressions: { Count: 2 } pair } => (pair[0], pair[1]),
                _ => (null, null),
            };
            if (key is null || value is null || Of(key, types.Key) is not { } keyText || Of(value, types.Value) is not { } valueText)
                return null;
            made.Add($"({keyText}, {valueText})");
        }
        return $"{Library}Map({string.Join(", ", made)})";
    }

    private string? Record(BaseObjectCreationExpressionSyntax made, INamedTypeSymbol record)
    {
        var values = new List<string>();
        var parameters = (model.GetSymbolInfo(made, cancel).Symbol as IMethodSymbol)?.Parameters;
        int place = 0;
        foreach (ArgumentSyntax argument in made.ArgumentList?.Arguments ?? default)
        {
            string? name = argument.NameColon?.Name.Identifier.ValueText ?? (parameters is { } all && place < all.Length ? all[place].Name : null);
            place++;
            if (name is null || !Add(name, argument.Expression))
                return null;
        }
        foreach (ExpressionSyntax setting in made.Initializer?.Expressions ?? default)
        {
            if (setting is not AssignmentExpressionSyntax { Left: IdentifierNameSyntax name, Right: var value } || !Add(name.Identifier.ValueText, value))
                return null;
        }
        string arguments = string.Join(", ", values);
        return $"{Library}Record<{record.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat)}>({arguments})";

        bool Add(string name, ExpressionSyntax value)
        {
            IPropertySymbol? property = record.GetMembers().OfType<IPropertySymbol>().FirstOrDefault(one => string.Equals(one.Name, name, StringComparison.OrdinalIgnoreCase));
            if (property is null || Of(value, property.Type) is not { } text)
                return false;
            values.Add($"({Binding.Quote(RecordReader.KeyOf(property))}, {text})");
            return true;
        }
    }

    private static ITypeSymbol? ItemOf(ITypeSymbol type) => type switch
    {
        IArrayTypeSymbol array => array.ElementType,
        INamedTypeSymbol { TypeArguments: { Length: 1 } items } when type.OriginalDefinition.SpecialType != SpecialType.System_Nullable_T => items[0],
        _ => null,
    };

    private static (ITypeSymbol Key, ITypeSymbol Value)? EntryOf(ITypeSymbol type) => type is INamedTypeSymbol { TypeArguments: { Length: 2 } pair } ? (pair[0], pair[1]) : null;
}
