using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using System.Xml.Linq;
using Weft.Applications;
using Weft.Support;

namespace Weft.Tests;

/// <summary>
/// What C# programs are written against. Its listing is approved as a file, so that a change of it is seen as one, and every member says what it is for.
/// The other public types of the library are the business of this repository's own projects.
/// </summary>
public sealed class PublicApiTests
{
    private static readonly string[] Namespaces = ["Weft.Analysis", "Weft.Applications", "Weft.Config.Structured"];

    private static IEnumerable<Type> Types => typeof(WeftApp).Assembly.GetExportedTypes().Where(type => Namespaces.Contains(type.Namespace)).OrderBy(type => type.FullName, StringComparer.Ordinal);

    [Fact]
    public void Public_members_are_those_of_the_approved_listing()
    {
        var text = new StringBuilder();
        foreach (IGrouping<string?, Type> space in Types.GroupBy(type => type.Namespace))
        {
            text.Append("namespace ").Append(space.Key).Append('\n');
            foreach (Type type in space)
            {
                text.Append("\n    ").Append(Kind(type)).Append(' ').Append(NameOf(type)).Append('\n');
                foreach (string member in Members(type).Select(Signature).Order(StringComparer.Ordinal))
                    text.Append("        ").Append(member).Append('\n');
            }
            text.Append('\n');
        }
        Snapshot.Match(text.ToString(), "listing");
    }

    [Fact]
    public void Every_public_member_says_what_it_is_for()
    {
        XElement[] documented = [.. XDocument.Load(Path.ChangeExtension(typeof(WeftApp).Assembly.Location, ".xml")).Descendants("member")];
        string[] silent = [.. Types.Where(type => !IsSaid(documented, type, null)).Select(type => type.FullName!),
            .. Types.SelectMany(Members).Where(member => member is not ConstructorInfo && !member.DeclaringType!.IsEnum && !IsSaid(documented, member.DeclaringType!, member.Name)).Select(member => $"{member.DeclaringType}.{member.Name}")];
        Assert.True(silent.Length == 0, string.Join("\n", silent));
    }

    private static bool IsSaid(XElement[] documented, Type type, string? member)
    {
        string name = type.FullName!.Replace('+', '.');
        if (member is null)
            return documented.Any(element => element.Attribute("name")!.Value == $"T:{name}");
        // A parameter of a record is documented with the record.
        return documented.Any(element => IsOf(element.Attribute("name")!.Value, $"{name}.{member}")
            || (element.Attribute("name")!.Value == $"T:{name}" && element.Elements("param").Any(parameter => parameter.Attribute("name")!.Value == member)));

        static bool IsOf(string id, string full) => id.Length > 2 && id.AsSpan(2).StartsWith(full) && (id.Length == full.Length + 2 || id[full.Length + 2] is '(' or '`');
    }

    private static IEnumerable<MemberInfo> Members(Type type) => type
        .GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
        .Where(member => !member.IsDefined(typeof(CompilerGeneratedAttribute)) && member switch
        {
            MethodInfo method => !method.IsSpecialName && method.GetBaseDefinition() == method && method.Name != nameof(Equals),
            FieldInfo field => !field.IsSpecialName,
            ConstructorInfo or PropertyInfo => true,
            _ => false,
        });

    private static string Kind(Type type) => type switch
    {
        { IsInterface: true } => "interface",
        { IsEnum: true } => "enum",
        { IsValueType: true } => "struct",
        { IsAbstract: true, IsSealed: true } => "static class",
        { IsAbstract: true } => "abstract class",
        { IsSealed: true } => "sealed class",
        _ => "class",
    };

    private static string Signature(MemberInfo member) => member switch
    {
        FieldInfo { DeclaringType.IsEnum: true } field => $"{field.Name} = {Convert.ToInt64(field.GetRawConstantValue())}",
        FieldInfo { IsLiteral: true } field => $"const {NameOf(field.FieldType)} {field.Name}",
        FieldInfo field => $"static {NameOf(field.FieldType)} {field.Name}",
        PropertyInfo property => $"{Static(property.GetMethod!)}{NameOf(property.PropertyType)} {property.Name} {{ get; {Setter(property)}}}",
        ConstructorInfo constructor => $"new({Parameters(constructor)})",
        MethodInfo method => $"{Static(method)}{NameOf(method.ReturnType)} {method.Name}{Generics(method.GetGenericArguments())}({Parameters(method)})",
        _ => member.Name,
    };

    private static string Static(MethodInfo method) => method.IsStatic ? "static " : "";

    private static string Setter(PropertyInfo property) => property.SetMethod is not { IsPublic: true } setter ? ""
        : setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? "init; " : "set; ";

    private static string Parameters(MethodBase method) =>
        string.Join(", ", method.GetParameters().Select(parameter => $"{NameOf(parameter.ParameterType)} {parameter.Name}{(parameter.HasDefaultValue ? $" = {parameter.DefaultValue ?? "default"}" : "")}"));

    private static string NameOf(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } inner)
            return NameOf(inner) + "?";
        if (type.IsArray)
            return NameOf(type.GetElementType()!) + "[]";
        string name = type.Name.Contains('`') ? type.Name[..type.Name.IndexOf('`')] : type.Name;
        return (type.IsNested && !type.IsGenericParameter ? NameOf(type.DeclaringType!) + "." : "") + name + Generics(type.GetGenericArguments());
    }

    private static string Generics(Type[] arguments) => arguments.Length == 0 ? "" : $"<{string.Join(", ", arguments.Select(NameOf))}>";
}
