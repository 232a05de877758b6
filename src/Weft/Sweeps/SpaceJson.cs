using System.Text.Json;
using Weft.Expressions;

namespace Weft.Sweeps;

/// <summary>Reads the JSON form of a space. It holds how the space is made, so a million points cost what a line of a sweep costs.</summary>
public static class SpaceJson
{
    /// <exception cref="JsonException">The kind is not known to this version.</exception>
    public static Space Read(JsonElement json) => json.GetProperty("kind").GetString() switch
    {
        "listing" => Listing.Read(json, Expr.Nowhere),
        string kind => throw new JsonException($"a space of the kind `{kind}` is not known"),
        null => throw new JsonException("a space without a kind"),
    };
}
