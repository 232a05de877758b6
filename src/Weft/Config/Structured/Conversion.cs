using System.Numerics;
using Weft.Config.Nodes;
using Weft.Text;

namespace Weft.Config.Structured;

/// <summary>What a typed leaf takes, and what becomes of it: OmegaConf's conversion tables.</summary>
internal static class Conversion
{
    /// <summary>Converts a value to a type.</summary>
    /// <returns>Null when it fits, else what was found and what was expected.</returns>
    public static string? Problem(ConfigType type, Scalar value, out Scalar converted)
    {
        converted = value;
        if (value.Kind is ScalarKind.Missing or ScalarKind.Interpolation || type.IsAny)
            return null;
        if (value.IsNull)
            return type.IsOptional ? null : $"null is no value of type `{type}`";
        Scalar? result = type switch
        {
            PrimitiveType primitive => ToPrimitive(primitive.Kind, value),
            EnumType enumeration => ToEnum(enumeration.Schema, value),
            UnionType union => union.Types.Any(member => IsExactly(member, value)) ? value : null,
            _ => null,
        };
        if (result is not { } fits)
            return $"`{value}` is {Describe(value)}, expected {Expected(type)}";
        converted = fits;
        return null;
    }

    public static string NotAScalar(ConfigType type, ConfigNode value, out Scalar converted)
    {
        converted = default;
        return $"found {(value is ListConfig ? "a list" : "a dictionary")}, expected {Expected(type)}";
    }

    private static Scalar? ToPrimitive(ScalarKind kind, Scalar value) => kind switch
    {
        ScalarKind.Int => value.Kind switch
        {
            ScalarKind.Int => value,
            ScalarKind.Str => PythonText.ParseInt(value.Text) is { } number ? Scalar.Of(number) : null,
            _ => null,
        },
        ScalarKind.Float => value.Kind switch
        {
            ScalarKind.Float => value,
            ScalarKind.Int => Scalar.Of((double)value.Int),
            ScalarKind.Str => PythonText.ParseFloat(value.Text) is { } number ? Scalar.Of(number) : null,
            _ => null,
        },
        ScalarKind.Bool => ToBool(value),
        ScalarKind.Str => value.Kind == ScalarKind.Bytes ? null : Scalar.Of(PythonText.Str(value)),
        ScalarKind.Bytes => value.Kind == ScalarKind.Bytes ? value : null,
        ScalarKind.Path => value.Kind switch
        {
            ScalarKind.Path => value,
            ScalarKind.Str => Scalar.OfPath(NormalPath(value.Text)),
            _ => null,
        },
        _ => null,
    };

    private static Scalar? ToBool(Scalar value)
    {
        switch (value.Kind)
        {
            case ScalarKind.Bool:
                return value;
            case ScalarKind.Int:
                return Scalar.Of(!value.Int.IsZero);
            case ScalarKind.Str when PythonText.ParseInt(value.Text) is { } number:
                return Scalar.Of(!number.IsZero);
            case ScalarKind.Str:
                return value.Text.ToLowerInvariant() switch
                {
                    "yes" or "y" or "on" or "true" => Scalar.True,
                    "no" or "n" or "off" or "false" => Scalar.False,
                    _ => null,
                };
            default:
                return null;
        }
    }

    private static Scalar? ToEnum(EnumSchema schema, Scalar value)
    {
        EnumMember? member = null;
        switch (value.Kind)
        {
            case ScalarKind.Enum when value.Enum.Type == schema.Name:
                return value;
            case ScalarKind.Int:
                BigInteger number = value.Int;
                member = schema.Members.FirstOrDefault(m => m.Value == number);
                break;
            case ScalarKind.Str:
                string name = value.Text.StartsWith(schema.Name + ".", StringComparison.Ordinal) ? value.Text[(schema.Name.Length + 1)..] : value.Text;
                member = schema.Members.FirstOrDefault(m => m.Name == name);
                break;
        }
        return member is null ? null : Scalar.Of(member);
    }

    /// <summary>Whether a value is of a type without any conversion, as a union demands.</summary>
    private static bool IsExactly(ConfigType type, Scalar value) => type switch
    {
        PrimitiveType primitive => primitive.Kind == value.Kind,
        EnumType enumeration => value.Kind == ScalarKind.Enum && value.Enum.Type == enumeration.Schema.Name,
        _ => type.IsAny,
    };

    /// <summary>As Python's <c>pathlib</c> keeps it: without doubled slashes, <c>.</c> steps and a slash at the end.</summary>
    private static string NormalPath(string path)
    {
        string root = path.StartsWith('/') ? path.StartsWith("//", StringComparison.Ordinal) && !path.StartsWith("///", StringComparison.Ordinal) ? "//" : "/" : "";
        string rest = string.Join('/', path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(step => step != "."));
        return root.Length + rest.Length == 0 ? "." : root + rest;
    }

    private static string Describe(Scalar value) => value.Kind switch
    {
        ScalarKind.Bool => "a flag",
        ScalarKind.Int => "an integer",
        ScalarKind.Float => "a float",
        ScalarKind.Bytes => "bytes",
        ScalarKind.Path => "a path",
        ScalarKind.Enum => "a member of an enumeration",
        _ => "text",
    };

    private static string Expected(ConfigType type) => type switch
    {
        EnumType enumeration => $"one of {Suggest.List(enumeration.Schema.Members.Select(member => member.Name))}",
        PrimitiveType { Kind: ScalarKind.Bool } => "`true` or `false`",
        PrimitiveType { Kind: ScalarKind.Int } => "an integer",
        PrimitiveType { Kind: ScalarKind.Float } => "a number",
        PrimitiveType { Kind: ScalarKind.Path } => "a path",
        _ => $"a value of type `{type}`",
    };
}
