using Weft.Text;

namespace Weft.Config.Composition;

/// <summary>
/// A folder of YAML files. What a folder holds is listed once, so that looking for a group or an option costs no further system call; a new
/// source sees new files.
/// </summary>
internal sealed class FileConfigSource : IConfigSource
{
    private readonly string _root;
    private readonly string _shownRoot;
    private readonly Dictionary<string, Listing?> _listings = new(StringComparer.Ordinal);

    /// <param name="folder">Absolute, or relative to the working folder; with or without <c>file://</c>.</param>
    /// <param name="shownAs">What diagnostics print in place of the folder's path; null for the path itself, empty for nothing before a file's name.</param>
    public FileConfigSource(string provider, string folder, string? shownAs = null)
    {
        Provider = provider;
        string path = folder.StartsWith("file://", StringComparison.Ordinal) ? folder["file://".Length..] : folder;
        Path = "file://" + path;
        _root = path;
        _shownRoot = shownAs ?? path;
    }

    public string Provider { get; }

    public string Path { get; }

    public bool IsAvailable => HasGroup("");

    public bool HasGroup(string group) => List(group) is not null;

    public bool HasConfig(string path)
    {
        (string group, string name) = Split(path);
        return List(group) is { } listing && listing.Files.Contains(ConfigText.FileName(name));
    }

    public IEnumerable<string> Options(string group) =>
        List(group)?.Files.Where(file => file.EndsWith(ConfigText.Ending, StringComparison.Ordinal)).Select(file => file[..^ConfigText.Ending.Length]) ?? [];

    public IEnumerable<string> Groups(string group) => List(group)?.Folders ?? [];

    public ConfigDocument? Load(string path, Diagnostics diagnostics)
    {
        string file = ConfigText.FileName(path);
        return TextFile.Read(System.IO.Path.Combine(_root, file), System.IO.Path.Combine(_shownRoot, file), diagnostics) is { } source ? ConfigText.Read(source, diagnostics) : null;
    }

    private static (string Group, string Name) Split(string path)
    {
        int slash = path.LastIndexOf('/');
        return slash < 0 ? ("", path) : (path[..slash], path[(slash + 1)..]);
    }

    private Listing? List(string group)
    {
        if (_listings.TryGetValue(group, out Listing? known))
            return known;
        var folder = new DirectoryInfo(System.IO.Path.Combine(_root, group));
        Listing? listing = null;
        if (folder.Exists)
        {
            listing = new Listing([], []);
            foreach (FileSystemInfo entry in folder.EnumerateFileSystemInfos())
                (IsFolder(entry) ? listing.Folders : listing.Files).Add(entry.Name);
        }
        return _listings[group] = listing;
    }

    private static bool IsFolder(FileSystemInfo entry) =>
        entry is DirectoryInfo || (entry.LinkTarget is not null && entry.ResolveLinkTarget(returnFinalTarget: true) is DirectoryInfo);

    private sealed record Listing(HashSet<string> Files, HashSet<string> Folders);
}
