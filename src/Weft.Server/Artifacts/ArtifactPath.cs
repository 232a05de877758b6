using Weft.Tracking;

namespace Weft.Server.Artifacts;

/// <summary>
/// Paths of artifacts as clients send them. Escapes are undone until none is left, because what a proxy or a store undoes later must not become
/// a way out; then the path must be relative and stay below where it starts.
/// </summary>
internal static class ArtifactPath
{
    private const int MostRounds = 16;

    /// <summary>The decoded path; empty for the root.</summary>
    /// <param name="isEscaped">Whether the text comes from the path of a URL; the value of a query was decoded once already.</param>
    public static string Check(string path, bool isEscaped = false)
    {
        string decoded = isEscaped ? Uri.UnescapeDataString(path) : path;
        string plain = decoded;
        for (int round = 0; ; round++)
        {
            if (IsBad(plain) || round == MostRounds)
                throw TrackingException.Invalid("Invalid path");
            string next = Uri.UnescapeDataString(plain);
            if (next == plain)
                return decoded.TrimEnd('/');
            plain = next;
        }
    }

    private static bool IsBad(string path)
    {
        if (path.StartsWith('/') || path.StartsWith('\\') || path.AsSpan().ContainsAny('#', '\0') || path.Contains("..\\", StringComparison.Ordinal) || path.Contains("\\..", StringComparison.Ordinal))
            return true;
        if (path.Length > 1 && path[1] == ':' && char.IsAsciiLetter(path[0]))
            return true;
        if (path.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
            return true;
        foreach (Range segment in path.AsSpan().Split('/'))
        {
            if (path.AsSpan()[segment] is "..")
                return true;
        }
        return false;
    }
}
