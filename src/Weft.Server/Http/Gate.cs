using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Weft.Tracking;
using Weft.Values;

namespace Weft.Server.Http;

/// <summary>Who sent a request, and what they may do.</summary>
/// <param name="Attempt">The attempt whose program it is, at the endpoint inside a run.</param>
internal sealed record Caller(string Name, AttemptId? Attempt = null)
{
    /// <summary>Who may do everything: at an open server, with the server's own token, in a run.</summary>
    public static readonly Caller Anyone = new("");

    /// <summary>The account; null: they may do everything.</summary>
    public Account? Account { get; init; }

    /// <summary>What an account may do where nothing else was granted.</summary>
    public Permission Default { get; init; }

    public bool MayDoAll => Account is null or { IsAdmin: true };

    public Permission On(Subject subject)
    {
        if (MayDoAll)
            return Permission.Manage;
        foreach ((Subject granted, Permission permission) in Account!.Grants)
        {
            if (granted == subject)
                return permission;
        }
        return Default;
    }

    /// <exception cref="TrackingException">PERMISSION_DENIED</exception>
    public void Demand(Subject subject, Permission least)
    {
        if (On(subject) < least)
            throw Guards.Denied();
    }

    /// <summary>What they may read of a kind; null: all.</summary>
    public Sight? Sees(string kind)
    {
        if (MayDoAll)
            return null;
        bool isOnly = Default < Permission.Read;
        return new Sight(isOnly, [.. Account!.Grants.Where(grant => grant.Subject.Kind == kind && grant.Permission >= Permission.Read == isOnly).Select(grant => grant.Subject)]);
    }
}

/// <summary>Decides who sent a request; null: nobody we know.</summary>
internal delegate Caller? Gate(HttpContext http);

internal static class Gates
{
    public static Gate Of(Access access, TrackingStore store, TimeProvider clock) => access switch
    {
        Access.Token token => OfToken(token.Value),
        Access.Users users => OfUsers(users, store, new FailedLogins(clock)),
        _ => _ => Caller.Anyone,
    };

    private static Gate OfToken(string token)
    {
        byte[] expected = SHA256.HashData(Encoding.UTF8.GetBytes(token));
        return http => Secret(http.Request) is ({ } name, { } secret) && IsSame(secret, expected) ? new Caller(name) : null;
    }

    /// <summary>The server's own token, the token of an account, or a name with a password. Who guesses is made to wait.</summary>
    private static Gate OfUsers(Access.Users users, TrackingStore store, FailedLogins failed)
    {
        byte[] expected = SHA256.HashData(Encoding.UTF8.GetBytes(users.ServerToken));
        return http =>
        {
            if (Secret(http.Request) is not ({ } name, { } secret))
                return null;
            if (IsSame(secret, expected))
                return new Caller(name);
            string from = http.Connection.RemoteIpAddress?.ToString() ?? "";
            failed.Check(from);
            Account? account = store.Accounts.Verify(secret) ?? (name.Length > 0 ? store.Accounts.Verify(name, secret) : null);
            if (account is null)
                failed.Note(from);
            return account is null ? null : new Caller(account.Name) { Account = account, Default = users.Default };
        };
    }

    private static bool IsSame(string secret, ReadOnlySpan<byte> expected)
    {
        Span<byte> given = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(secret), given);
        return CryptographicOperations.FixedTimeEquals(given, expected);
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
