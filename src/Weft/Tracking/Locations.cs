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
