namespace Weft.Tracking;

/// <summary>Places of artifacts: URIs and absolute paths.</summary>
internal static class Locations
{
    /// <summary>Appends parts to the path of a location; a query stays behind it.</summary>
    public static string Join(string location, params ReadOnlySpan<string> parts)
    {
        int query = location.Contains("://", StringComparison.Ordinal) ? location.IndexOf('?', StringComparison.Ordinal) : -1;
        string path = query < 0 ? location : location[..query];
        string end = query < 0 ? "" : location[query..];
        foreach (string part in parts)
            path = path.EndsWith('/') ? path + part : $"{path}/{part}";
        return path + end;
    }

    /// <summary>Whether a location names a folder of this machine: it is a path, or a <c>file:</c> URI.</summary>
    public static bool IsLocal(string location)
    {
        int colon = location.IndexOf(':', StringComparison.Ordinal);
        bool hasScheme = colon > 1 && !location.AsSpan(0, colon).ContainsAny('/', '%');
        return !hasScheme || location.StartsWith("file:", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Whether an absolute path is a folder or lies below it.</summary>
    public static bool IsBelow(string path, string folder)
    {
        string start = Path.GetFullPath(folder).TrimEnd('/');
        string full = Path.GetFullPath(path).TrimEnd('/');
        return full == start || full.StartsWith(start + "/", StringComparison.Ordinal);
    }

    /// <summary>The path that a <c>file:</c> URI names (<c>file:///a%20b</c>, <c>file:/a</c>); any other location as it is.</summary>
    public static string PathOf(string location)
    {
        if (!location.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
            return location;
        string path = location["file:".Length..];
        if (path.StartsWith("//", StringComparison.Ordinal))
        {
            int end = path.IndexOf('/', 2);
            path = end < 0 ? "/" : path[end..];
        }
        return Uri.UnescapeDataString(path);
    }
}
