using Microsoft.CodeAnalysis;

namespace Weft.Generators;

/// <summary>Everything that keeps a record from being bound, with the ids under which users may look it up.</summary>
internal static class Problems
{
    public static readonly DiagnosticDescriptor NotPartial = New("WEFT001", "the record is not partial",
        "`{0}` is marked [Config] and is not partial: write `partial` before `{1}`, so that its binding can be added");

    public static readonly DiagnosticDescriptor Generic = New("WEFT002", "the record has type parameters",
        "`{0}` has type parameters, or stands in a type that has: a configuration has one shape, so write a record for each");

    public static readonly DiagnosticDescriptor UnsupportedType = New("WEFT003", "the type of a property cannot stand in a configuration",
        "`{0}` is a `{1}`, which cannot stand in a configuration: expected a number, bool, string, byte[], enum, [Config] record, ConfigNode, or a list or map of these");

    public static readonly DiagnosticDescriptor Endless = New("WEFT004", "a record is made of itself without end",
        "`{0}` is made of itself without end ({1}): make one of these properties nullable");

    public static readonly DiagnosticDescriptor NoConstructor = New("WEFT005", "there is no single public constructor",
        "`{0}` has {1} public constructors, expected one");

    public static readonly DiagnosticDescriptor DefaultNotConstant = New("WEFT006", "the default of a property is not known at compile time",
        "the default of `{0}` is not known at compile time: write a constant, a collection of constants or `new()` of a [Config] record; for a value that is computed from the configuration use [ConfigDefault(\"${{…}}\")]");

    public static readonly DiagnosticDescriptor RepeatedKey = New("WEFT007", "two properties have one key",
        "`{0}` and `{1}` are both the key `{2}`: give one of them another with [ConfigKey(\"…\")]");

    public static readonly DiagnosticDescriptor NotMarked = New("WEFT008", "the record of a property is not marked",
        "`{0}` is a `{1}`, which is not marked [Config]: mark it, so that its keys are known");

    public static readonly DiagnosticDescriptor UnknownParameter = New("WEFT009", "a parameter of the constructor has no property",
        "the parameter `{0}` of `{1}` has no property of the same name: expected a public property `{2}`");

    public static readonly DiagnosticDescriptor Abstract = New("WEFT010", "an abstract record cannot be made",
        "`{0}` is abstract, and a configuration is read into objects: mark the records that derive from it");

    private static DiagnosticDescriptor New(string id, string title, string message) => new(id, title, message, "Weft.Config", DiagnosticSeverity.Error, isEnabledByDefault: true);
}
