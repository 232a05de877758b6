using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;

namespace Weft.Server.Http;

/// <summary>
/// What a browser must not be talked into. A page of another site that resolves its own name to this machine (DNS rebinding) is told by its Host
/// header; a page that sends a form or a request here is told by its Origin. Programs send no Origin and are not concerned.
/// </summary>
internal sealed class HostRules(ServerOptions options)
{
    private readonly string[] _hosts = [.. options.AllowedHosts];
    private readonly string[] _origins = [.. options.AllowedOrigins.Select(origin => origin.TrimEnd('/'))];

    /// <summary>Local names and private addresses with any port, and the configured patterns.</summary>
    public bool AllowsHost(string host)
    {
        if (!options.ChecksHosts)
            return true;
        if (_hosts.Any(pattern => Matches(host, pattern)))
            return true;
        string name = WithoutPort(host);
        if (name.Equals("localhost", StringComparison.OrdinalIgnoreCase))
            return true;
        return IPAddress.TryParse(name.Trim('[', ']'), out IPAddress? address) && IsPrivate(address);
    }

    public bool AllowsOrigin(string origin)
    {
        if (_origins.Any(pattern => pattern == "*" || Matches(origin, pattern)))
            return true;
        return Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri) && uri.Scheme == "http" && uri.Host is "localhost" or "127.0.0.1" or "[::1]"
            && uri is { AbsolutePath: "/", UserInfo.Length: 0 };
    }

    /// <summary>Whether a page of another site sent this to change something.</summary>
    public bool IsForged(HttpRequest request, bool isApi)
    {
        if (!options.ChecksHosts || !isApi || request.Method is "GET" or "HEAD" or "OPTIONS")
            return false;
        string? origin = request.Headers.Origin;
        return !string.IsNullOrEmpty(origin) && !AllowsOrigin(origin);
    }

    /// <summary>The headers that let a page of an allowed origin read the answer.</summary>
    public void AddHeaders(HttpRequest request, HttpResponse response)
    {
        string? origin = request.Headers.Origin;
        if (!options.ChecksHosts || string.IsNullOrEmpty(origin) || !AllowsOrigin(origin))
            return;
        IHeaderDictionary headers = response.Headers;
        headers.AccessControlAllowOrigin = origin;
        headers.AccessControlAllowCredentials = "true";
        headers.Vary = "Origin";
        if (request.Method != "OPTIONS")
            return;
        headers.AccessControlAllowMethods = "GET, POST, PUT, DELETE, OPTIONS, PATCH";
        headers.AccessControlMaxAge = "600";
        if (request.Headers.AccessControlRequestHeaders.FirstOrDefault() is { } wanted)
            headers.AccessControlAllowHeaders = wanted;
    }

    /// <summary><c>*</c> matches any run of characters; a pattern without a port matches every port.</summary>
    internal static bool Matches(string text, string pattern)
    {
        if (Glob(text, pattern))
            return true;
        return !pattern.Contains(':', StringComparison.Ordinal) && Glob(WithoutPort(text), pattern);
    }

    private static bool Glob(ReadOnlySpan<char> text, ReadOnlySpan<char> pattern) => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, text);

    private static string WithoutPort(string host)
    {
        int colon = host.LastIndexOf(':');
        return colon > host.LastIndexOf(']') && colon >= 0 ? host[..colon] : host;
    }

    private static bool IsPrivate(IPAddress address)
    {
        if (IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any))
            return true;
        if (address.AddressFamily != AddressFamily.InterNetwork)
            return address.IsIPv6UniqueLocal;
        Span<byte> bytes = stackalloc byte[4];
        address.TryWriteBytes(bytes, out _);
        return bytes[0] == 10 || (bytes[0] == 192 && bytes[1] == 168) || (bytes[0] == 172 && bytes[1] is >= 16 and <= 31);
    }
}
