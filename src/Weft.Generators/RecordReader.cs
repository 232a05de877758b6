using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Weft.Generators;

/// <summary>Reads a marked record from the compiler's symbols into its model, with everything that keeps it from being bound.</summary>
internal sealed class RecordReader
{
    public const string Attribute = "Weft.Config.Structured.ConfigAttribute";
    private const string KeyAttribute = "Weft.Config.Structured.ConfigKeyAttribute";
    private const string DefaultAttribute = "Weft.Config.Structured.ConfigDefaultAttribute";

    /// <summary>How C# names a type wherever the name is read.</summary>
    public static readonly SymbolDisplayFormat TypeFormat = SymbolDisplayFormat.FullyQualifiedFormat.AddMiscellaneousOptions(SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier);

    private readonly INamedTypeSymbol _record;
    private readonly Compilation _compilation;
    private readonly CancellationToken _cancel;
    private readonly List<ProblemModel> _problems = [];

    private RecordReader(INamedTypeSymbol record, Compilation compilation, CancellationToken cancel)
    {
        _record = record;
        _compilation = compilation;
        _cancel = cancel;
    }

    public static RecordModel Read(INamedTypeSymbol record, Compilation compilation, CancellationToken cancel) => new RecordReader(record, compilation, cancel).Read();

    public static bool IsMarked(ITypeSymbol type) => type.GetAttributes().Any(attribute => attribute.AttributeClass?.ToDisplayString() == Attribute);

    /// <summary>The key of a property, which an attribute of it or of its parameter may give.</summary>
    public static string KeyOf(IPropertySymbol property) => ArgumentOf(KeyAttribute, property, DeclaringParameter(property)) ?? SnakeCase(property.Name);

    /// <summary>The parameter of a primary constructor that a property comes from, perhaps in a record from which this one derives.</summary>
    public static IParameterSymbol? DeclaringParameter(IPropertySymbol property) =>
        property.ContainingType.InstanceConstructors.SelectMany(constructor => constructor.Parameters).FirstOrDefault(parameter => IsNamedAlike(property, parameter));

    private RecordModel Read()
    {
        CheckDeclaration();
        IMethodSymbol? constructor = Constructor();
        var properties = new List<PropertyModel>();
        var arguments = new List<string>();
        IPropertySymbol[] all = [.. Properties(constructor)];
        IParameterSymbol[] parameters = constructor is null ? [] : [.. constructor.Parameters];
        foreach (IParameterSymbol parameter in parameters)
        {
            if (all.FirstOrDefault(property => IsNamedAlike(property, parameter)) is { } property)
                arguments.Add(Identifier(property.Name));
            else
                Report(Problems.UnknownParameter, parameter, parameter.Name, _record.Name, char.ToUpperInvariant(parameter.Name[0]) + parameter.Name.Substring(1));
        }
        var byKey = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (IPropertySymbol property in all)
        {
            _cancel.ThrowIfCancellationRequested();
            IParameterSymbol? parameter = parameters.FirstOrDefault(parameter => IsNamedAlike(property, parameter));
            if (Property(property, parameter) is not { } model)
                continue;
            if (byKey.TryGetValue(model.Key, out string other))
                Report(Problems.RepeatedKey, property, other, property.Name, model.Key);
            else
                byKey.Add(model.Key, property.Name);
            properties.Add(model);
        }
        if (Cycle() is { } cycle)
            Report(Problems.Endless, _record, _record.Name, cycle);
        string? under = _record.BaseType is { } parent && IsMarked(parent) ? parent.ToDisplayString(TypeFormat) : null;
        return new RecordModel(
            _record.ContainingNamespace.IsGlobalNamespace ? null : _record.ContainingNamespace.ToDisplayString(),
            new Texts(Declarations()), Identifier(_record.Name), under, new Texts(arguments), new Items<PropertyModel>(properties), new Items<ProblemModel>(_problems));
    }

    private void CheckDeclaration()
    {
        for (INamedTypeSymbol? type = _record; type is not null; type = type.ContainingType)
        {
            bool isPartial = type.DeclaringSyntaxReferences.Any(reference => reference.GetSyntax(_cancel) is TypeDeclarationSyntax declaration && declaration.Modifiers.Any(SyntaxKind.PartialKeyword));
            if (!isPartial)
                Report(Problems.NotPartial, type, type.Name, Keyword(type));
            if (type.IsGenericType)
                Report(Problems.Generic, type, _record.Name);
        }
        if (_record.IsAbstract)
            Report(Problems.Abstract, _record, _record.Name);
    }

    private IMethodSymbol? Constructor()
    {
        IMethodSymbol[] found = [.. _record.InstanceConstructors.Where(one => one.DeclaredAccessibility == Accessibility.Public && !IsCopy(one))];
        if (found.Length == 1)
            return found[0];
        if (!_record.IsAbstract)
            Report(Problems.NoConstructor, _record, _record.Name, found.Length == 0 ? "no" : found.Length.ToString());
        return null;

        bool IsCopy(IMethodSymbol one) => one.IsImplicitlyDeclared && one.Parameters.Length == 1 && SymbolEqualityComparer.Default.Equals(one.Parameters[0].Type, _record);
    }

    /// <summary>Those of the records that it derives from come first; what cannot be set is computed and is no key.</summary>
    private IEnumerable<IPropertySymbol> Properties(IMethodSymbol? constructor)
    {
        var levels = new Stack<INamedTypeSymbol>();
        for (INamedTypeSymbol? type = _record; type is { SpecialType: not SpecialType.System_Object }; type = type.BaseType)
            levels.Push(type);
        var all = new List<IPropertySymbol>();
        foreach (IPropertySymbol property in levels.SelectMany(level => level.GetMembers().OfType<IPropertySymbol>()))
        {
            bool isArgument = constructor?.Parameters.Any(parameter => IsNamedAlike(property, parameter)) == true;
            if (property.IsStatic || property.IsIndexer || property.DeclaredAccessibility != Accessibility.Public || !(isArgument || property.SetMethod is { DeclaredAccessibility: Accessibility.Public }))
                continue;
            int inherited = all.FindIndex(other => other.Name == property.Name);
            if (inherited < 0)
                all.Add(property);
            else
                all[inherited] = property;
        }
        return all;
    }

    private PropertyModel? Property(IPropertySymbol property, IParameterSymbol? parameter)
    {
        int before = _problems.Count;
        string? codec = new CodecText(problem => Report(problem.Descriptor, property, [property.Name, .. problem.Arguments])).Of(property.Type);
        string? value = Default(property, parameter);
        if (codec is null || _problems.Count > before)
            return null;
        return new PropertyModel(Identifier(property.Name), KeyOf(property), property.Type.ToDisplayString(TypeFormat), codec, value, Documentation.Of(property, _cancel));
    }

    /// <summary>The expression of the default of a property; null when somebody must give the value.</summary>
    private string? Default(IPropertySymbol property, IParameterSymbol? parameter)
    {
        if (ArgumentOf(DefaultAttribute, property, DeclaringParameter(property)) is { } text)
            return text == "???" ? null : $"{DefaultText.Library}Evaluated({Binding.Quote(text)})";
        if (parameter is { HasExplicitDefaultValue: true })
            return DefaultText.OfConstant(parameter.ExplicitDefaultValue, property.Type);
        EqualsValueClauseSyntax? initializer = property.DeclaringSyntaxReferences.Select(reference => Initializer(reference.GetSyntax(_cancel))).FirstOrDefault(found => found is not null);
        if (parameter is null && initializer is not null)
        {
            if (new DefaultText(_compilation.GetSemanticModel(initializer.SyntaxTree), _cancel).Of(initializer.Value, property.Type) is { } found)
                return found;
            _problems.Add(ProblemModel.At(Problems.DefaultNotConstant, initializer.Value.GetLocation(), property.Name));
            return null;
        }
        bool isNullable = property.NullableAnnotation == NullableAnnotation.Annotated || property.Type.OriginalDefinition.SpecialType == SpecialType.System_Nullable_T;
        if (isNullable)
            return parameter is null && !IsRequired(property) ? $"{DefaultText.Library}Null()" : null;
        if (parameter is null && !IsRequired(property) && DefaultText.OfZero(property.Type) is { } zero)
            return zero;
        return property.Type is INamedTypeSymbol type && IsMarked(type) ? $"{DefaultText.Library}Record<{type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat)}>()" : null;
    }

    private static EqualsValueClauseSyntax? Initializer(SyntaxNode declaration) => declaration switch
    {
        PropertyDeclarationSyntax property => property.Initializer,
        ParameterSyntax parameter => parameter.Default,
        _ => null,
    };

    /// <summary>The compiler that the generator is built against does not know the word yet.</summary>
    private bool IsRequired(IPropertySymbol property) => property.DeclaringSyntaxReferences
        .Any(reference => reference.GetSyntax(_cancel) is PropertyDeclarationSyntax declaration && declaration.Modifiers.Any(modifier => modifier.ValueText == "required"));

    /// <summary>The way from the record back to itself through properties that are made with it; null when there is none.</summary>
    private string? Cycle()
    {
        var path = new List<string> { _record.Name };
        return Follow(_record, []) ? string.Join(" → ", path) : null;

        bool Follow(INamedTypeSymbol type, HashSet<string> seen)
        {
            foreach (IPropertySymbol property in type.GetMembers().OfType<IPropertySymbol>())
            {
                if (property.IsStatic || property.NullableAnnotation == NullableAnnotation.Annotated || property.Type is not INamedTypeSymbol inner || !IsMarked(inner))
                    continue;
                path.Add(inner.Name);
                if (SymbolEqualityComparer.Default.Equals(inner, _record) || (seen.Add(inner.ToDisplayString()) && Follow(inner, seen)))
                    return true;
                path.RemoveAt(path.Count - 1);
            }
            return false;
        }
    }

    private IEnumerable<string> Declarations()
    {
        var types = new Stack<INamedTypeSymbol>();
        for (INamedTypeSymbol? type = _record; type is not null; type = type.ContainingType)
            types.Push(type);
        return types.Select(type => $"partial {Keyword(type)} {Identifier(type.Name)}");
    }

    private void Report(DiagnosticDescriptor descriptor, ISymbol symbol, params string[] arguments) =>
        _problems.Add(ProblemModel.At(descriptor, symbol.Locations.FirstOrDefault(location => location.IsInSource) ?? _record.Locations.FirstOrDefault(), arguments));

    private static string? ArgumentOf(string attribute, params ISymbol?[] symbols) => symbols
        .Where(symbol => symbol is not null)
        .SelectMany(symbol => symbol!.GetAttributes())
        .FirstOrDefault(found => found.AttributeClass?.ToDisplayString() == attribute)?.ConstructorArguments.FirstOrDefault().Value as string;

    private static bool IsNamedAlike(IPropertySymbol property, IParameterSymbol parameter) => string.Equals(property.Name, parameter.Name, StringComparison.OrdinalIgnoreCase);

    private static string Keyword(INamedTypeSymbol type) => type switch
    {
        { IsRecord: true, IsValueType: true } => "record struct",
        { IsRecord: true } => "record",
        { IsValueType: true } => "struct",
        { TypeKind: TypeKind.Interface } => "interface",
        _ => "class",
    };

    private static string Identifier(string name) => SyntaxFacts.GetKeywordKind(name) != SyntaxKind.None ? "@" + name : name;

    /// <summary><c>LearningRate</c> is <c>learning_rate</c>, <c>MaxURLLength</c> <c>max_url_length</c>, <c>L2</c> <c>l2</c>.</summary>
    internal static string SnakeCase(string name)
    {
        var key = new StringBuilder();
        for (int i = 0; i < name.Length; i++)
        {
            bool startsWord = i > 0 && char.IsUpper(name[i]) && (!char.IsUpper(name[i - 1]) || (i + 1 < name.Length && char.IsLower(name[i + 1]))) && name[i - 1] != '_';
            key.Append(startsWord ? "_" : "").Append(char.ToLowerInvariant(name[i]));
        }
        return key.ToString();
    }
}
