using System.Collections.Immutable;
using System.Text.Json;
using Weft.Values;

namespace Weft.Expressions;

/// <summary>
/// Expressions as JSON, each an object with one leading key that says its kind. Where it was written is not kept: that is no part of its
/// meaning.
/// </summary>
public static class ExprJson
{
    public static void Write(Utf8JsonWriter json, Expr expression)
    {
        json.WriteStartObject();
        switch (expression)
        {
            case Expr.Literal literal:
                json.WritePropertyName("is");
                ValueJson.Write(json, literal.Value);
                break;
            case Expr.Ref reference:
                json.WriteString("ref", NameOf(reference.Root));
                json.WriteStartArray("path");
                foreach (Segment segment in reference.Path)
                {
                    if (segment.Name is { } name)
                        json.WriteStringValue(name);
                    else
                        json.WriteNumberValue(segment.Index);
                }
                json.WriteEndArray();
                break;
            case Expr.ListOf list:
                Write(json, "list", list.Items);
                break;
            case Expr.MapOf map:
                json.WriteStartArray("map");
                foreach ((string key, Expr value) in map.Entries)
                {
                    json.WriteStartArray();
                    json.WriteStringValue(key);
                    Write(json, value);
                    json.WriteEndArray();
                }
                json.WriteEndArray();
                break;
            case Expr.Apply apply:
                json.WriteString("op", apply.Op.ToString());
                Write(json, "args", apply.Arguments);
                break;
            case Expr.Concat concat:
                Write(json, "text", concat.Parts);
                break;
            case Expr.First first:
                Write(json, "first", first.Options);
                break;
            default:
                throw new InvalidOperationException($"no JSON for {expression.GetType().Name}");
        }
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, ImmutableSortedDictionary<string, Expr> expressions)
    {
        json.WriteStartObject();
        foreach ((string name, Expr expression) in expressions)
        {
            json.WritePropertyName(name);
            Write(json, expression);
        }
        json.WriteEndObject();
    }

    /// <exception cref="JsonException">It was not written by <see cref="Write(Utf8JsonWriter, Expr)"/>.</exception>
    public static Expr Read(JsonElement json)
    {
        using JsonElement.ObjectEnumerator properties = json.EnumerateObject();
        if (!properties.MoveNext())
            throw new JsonException("an expression was expected");
        JsonElement first = properties.Current.Value;
        return properties.Current.Name switch
        {
            "is" => new Expr.Literal(ValueJson.Read(first), Expr.Nowhere),
            "ref" => new Expr.Ref(RootOf(first.GetString()), [.. json.GetProperty("path").EnumerateArray().Select(ReadSegment)], Expr.Nowhere),
            "list" => new Expr.ListOf(ReadAll(first), Expr.Nowhere),
            "map" => new Expr.MapOf([.. first.EnumerateArray().Select(entry => KeyValuePair.Create(entry[0].GetString()!, Read(entry[1])))], Expr.Nowhere),
            "op" => new Expr.Apply(Enum.Parse<Op>(first.GetString()!), ReadAll(json.GetProperty("args")), Expr.Nowhere),
            "text" => new Expr.Concat(ReadAll(first), Expr.Nowhere),
            "first" => new Expr.First(ReadAll(first), Expr.Nowhere),
            string other => throw new JsonException($"an expression of the kind `{other}` is not known"),
        };
    }

    public static ImmutableSortedDictionary<string, Expr> ReadMap(JsonElement json) =>
        json.EnumerateObject().ToImmutableSortedDictionary(entry => entry.Name, entry => Read(entry.Value), StringComparer.Ordinal);

    private static void Write(Utf8JsonWriter json, string name, ImmutableArray<Expr> expressions)
    {
        json.WriteStartArray(name);
        foreach (Expr expression in expressions)
            Write(json, expression);
        json.WriteEndArray();
    }

    private static ImmutableArray<Expr> ReadAll(JsonElement json) => [.. json.EnumerateArray().Select(Read)];

    private static Segment ReadSegment(JsonElement json) => json.ValueKind == JsonValueKind.String ? new Segment(json.GetString()) : Segment.Of(json.GetInt64());

    private static string NameOf(Root root) => root == Root.Node ? "node" : Functions.NameOf(root);

    private static Root RootOf(string? name) => name == "node" ? Root.Node : Functions.Roots.TryGetValue(name ?? "", out Root root) ? root : throw new JsonException($"`{name}` names no source of values");
}
