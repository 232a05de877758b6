using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Weft.Values;

namespace Weft.Server.Http;

/// <summary>Who sent a request.</summary>
/// <param name="Attempt">The attempt whose program it is, at the endpoint inside a run.</param>
internal sealed record Caller(string Name, AttemptId? Attempt = null)
{
    public static readonly Caller Anyone = new("");
}

/// <summary>Decides who sent a request; null: nobody we know.</summary>
internal delegate Caller? Gate(HttpContext http);

internal static class Gates
{
    public static Gate Of(Access access) => access switch
    {
        Access.Token token => OfToken(token.Value),
        _ => _ => Caller.Anyone,
    };

    private static Gate OfToken(string token)
    {
        byte[] expected = SHA256.HashData(Encoding.UTF8.GetBytes(token));
        return http =>
        {
            if (Secret(http.Request) is not ({ } name, { } secret))
                return null;
            Span<byte> given = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(Encoding.UTF8.GetBytes(secret), given);
            return CryptographicOperations.FixedTimeEquals(given, expected) ? new Caller(name) : null;
        };
    }

    /// <summary>The bearer token, or the name and password of basic authentication, as MLflow's clients send them.</summary>
    public static (string? Name, string? Secret) Secret(HttpRequest request)
    {
        if (!AuthenticationHeaderValue.TryParse(request.Headers.Authorization, out AuthenticationHeaderValue? header) || header.Parameter is not { } parameter)
            return default;
        if (header.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase))
            return ("", parameter);
        if (!header.Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase))
            return default;
        Span<byte> bytes = new byte[parameter.Length];
        if (!Convert.TryFromBase64String(parameter, bytes, out int length))
            return default;
        string pair = Encoding.UTF8.GetString(bytes[..length]);
        int colon = pair.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? default : (pair[..colon], pair[(colon + 1)..]);
    }
}
