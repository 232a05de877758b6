using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Weft.Tracking.Search;

/// <summary>
/// Where the next page starts: the base64 of <c>{"offset": N}</c>, which is also what MLflow's servers hand out, so that a client may change
/// servers between two pages.
/// </summary>
internal static class PageToken
{
    public static string Write(long offset) => Convert.ToBase64String(Encoding.UTF8.GetBytes($"{{\"offset\": {offset}}}"));

    /// <summary>The offset; 0 without a token. Anything that is no token of ours is the caller's mistake.</summary>
    public static long Read(string? token)
    {
        if (string.IsNullOrEmpty(token))
            return 0;
        try
        {
            using JsonDocument document = JsonDocument.Parse(Decode(token));
            if (document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("offset", out JsonElement offset)
                && offset.ValueKind == JsonValueKind.Number && offset.TryGetInt64(out long value) && value >= 0)
            {
                return value;
            }
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            // Told below with the same words as a token without an offset.
        }
        throw TrackingException.Invalid("Invalid page token, could not base64-decode it to an offset");
    }

    /// <summary>The bytes of a token in either alphabet.</summary>
    /// <exception cref="FormatException">It is not base64.</exception>
    public static byte[] Decode(string token) => token.AsSpan().ContainsAny('-', '_') ? Base64Url.DecodeFromChars(token) : Convert.FromBase64String(token);
}
