namespace Weft.Config.Composition;

/// <summary>Finds Hydra's folders of configurations by their usual names.</summary>
internal static class ConfigFolder
{
    /// <summary>The name that Hydra's documents give to it.</summary>
    public const string Name = "conf";

    /// <summary>The name of the primary configuration when nobody says another.</summary>
    public const string Primary = "config";

    /// <summary>Other names that projects give to it; they are not searched for, as other things have them too.</summary>
    private static readonly string[] OtherNames = ["configs", "config"];

    /// <summary>The nearest folder <c>conf</c>, from a folder upward; the folder itself when it has that name. Null when there is none.</summary>
    public static string? FindNearest(string folder)
    {
        for (DirectoryInfo? one = new(folder); one is not null; one = one.Parent)
        {
            string inside = Path.Combine(one.FullName, Name);
            if (Directory.Exists(inside))
                return inside;
            if (one.Name == Name)
                return one.FullName;
        }
        return null;
    }

    /// <summary>A folder that may be meant where there is no <c>conf</c>: its name, or null.</summary>
    public static string? FindOther(string folder) =>
        Array.Find(OtherNames, name => Directory.Exists(Path.Combine(folder, name)) && Directory.EnumerateFiles(Path.Combine(folder, name), "*" + ConfigText.Ending).Any());

    /// <summary>
    /// The primary configuration among the names at the root of a search path: <c>config</c>, or the only one there is; null when that does not decide it.
    /// </summary>
    public static string? PrimaryOf(IReadOnlyList<string> names) => names.Contains(Primary) ? Primary : names.Count == 1 ? names[0] : null;
}
