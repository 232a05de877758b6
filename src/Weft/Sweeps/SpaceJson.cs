using System.Collections.Immutable;
using System.Text.Json;
using Weft.Expressions;

namespace Weft.Sweeps;

/// <summary>Reads the JSON form of a space. It holds how the space is made, so a million points cost what a line of a sweep costs.</summary>
public static class SpaceJson
{
    /// <exception cref="JsonException">The kind is not known to this version.</exception>
    public static Space Read(JsonElement json) => json.GetProperty("kind").GetString() switch
    {
        "axis" => Axis.Read(json, Expr.Nowhere),
        "concat" => Concat.Read(json, Expr.Nowhere),
        "draw" => Draw.Read(json, Expr.Nowhere),
        "given" => Given.Read(json, Expr.Nowhere),
        "hydra" => HydraAxis.Read(json),
        "listing" => Listing.Read(json, Expr.Nowhere),
        "product" => Product.Read(json, Expr.Nowhere),
        "shuffle" => Shuffle.Read(json, Expr.Nowhere),
        "where" => Where.Read(json, Expr.Nowhere),
        "zip" => Zip.Read(json, Expr.Nowhere),
        string kind => throw new JsonException($"a space of the kind `{kind}` is not known"),
        null => throw new JsonException("a space without a kind"),
    };

    internal static void WriteParts(Utf8JsonWriter json, ImmutableArray<Space> parts)
    {
        json.WriteStartArray("parts");
        foreach (Space part in parts)
            part.Write(json);
        json.WriteEndArray();
    }

    internal static ImmutableArray<Space> ReadParts(JsonElement json) => [.. json.GetProperty("parts").EnumerateArray().Select(Read)];
}
