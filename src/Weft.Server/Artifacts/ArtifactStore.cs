using System.Security.Cryptography;
using Weft.Tracking;

namespace Weft.Server.Artifacts;

/// <summary>One entry of a folder of artifacts.</summary>
/// <param name="Path">Relative to the root that was listed from, with slashes.</param>
/// <param name="Size">Bytes; 0 for a folder.</param>
internal readonly record struct ArtifactEntry(string Path, bool IsFolder, long Size);

/// <summary>
/// Artifacts in folders of this machine: those that clients send through the server (<c>mlflow-artifacts:</c>), below one root, and those of
/// runs whose location is a local path.
/// </summary>
internal sealed class ArtifactStore(string root, bool servesArtifacts)
{
    private const string Proxied = "mlflow-artifacts:";

    private readonly string _root = System.IO.Path.GetFullPath(root);

    /// <summary>The file or folder of a proxied path.</summary>
    /// <param name="path">Checked by <see cref="ArtifactPath.Check"/>.</param>
    public string Proxy(string path)
    {
        if (!servesArtifacts)
            throw new TrackingException(TrackingError.TemporarilyUnavailable, "Artifacts are not served by this server: it was started with artifact serving off");
        return Below(_root, path);
    }

    /// <summary>The file or folder of a path below a location.</summary>
    public string Resolve(string location, string path)
    {
        if (location.StartsWith(Proxied, StringComparison.Ordinal))
        {
            string rest = location[Proxied.Length..];
            // mlflow-artifacts://host:port/path names a server; its path is ours when the location is.
            if (rest.StartsWith("//", StringComparison.Ordinal))
                rest = rest.IndexOf('/', 2) is > 0 and int slash ? rest[slash..] : "";
            return Below(Proxy(ArtifactPath.Check(rest.TrimStart('/'))), path);
        }
        if (location.StartsWith("file:", StringComparison.OrdinalIgnoreCase) && Uri.TryCreate(location, UriKind.Absolute, out Uri? uri))
            return Below(uri.LocalPath, path);
        if (System.IO.Path.IsPathRooted(location))
            return Below(location, path);
        throw new TrackingException(TrackingError.NotImplemented, $"This server cannot read artifacts at {location}; clients reach them on their own");
    }

    /// <summary>One level of a folder, sorted; nothing when it is a file or is not there.</summary>
    /// <param name="prefix">What stands before the names; null: names alone.</param>
    public static List<ArtifactEntry> List(string folder, string? prefix)
    {
        var entries = new List<ArtifactEntry>();
        if (!Directory.Exists(folder))
            return entries;
        string before = string.IsNullOrEmpty(prefix) ? "" : prefix.TrimEnd('/') + "/";
        foreach (FileSystemInfo entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
        {
            if (entry is FileInfo file)
            {
                if (!file.Name.EndsWith(PartEnd, StringComparison.Ordinal))
                    entries.Add(new ArtifactEntry(before + file.Name, false, file.Length));
            }
            else
            {
                entries.Add(new ArtifactEntry(before + entry.Name, true, 0));
            }
        }
        entries.Sort((x, y) => string.CompareOrdinal(x.Path, y.Path));
        return entries;
    }

    /// <summary>Stores a file: beside its place first, then in one step there, so that nobody reads half of it.</summary>
    public static async Task WriteAsync(string file, Stream content, CancellationToken cancel)
    {
        if (Directory.Exists(file) || IsBlocked(file))
            throw TrackingException.Invalid($"Invalid path: {System.IO.Path.GetFileName(file)} is, or lies below, something else already");
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
        string part = $"{file}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6))}{PartEnd}";
        try
        {
            await using (var output = new FileStream(part, FileMode.CreateNew, FileAccess.Write, FileShare.None, 128 * 1024, useAsync: false))
                await content.CopyToAsync(output, 128 * 1024, cancel);
            File.Move(part, file, overwrite: true);
        }
        catch
        {
            File.Delete(part);
            throw;
        }
    }

    /// <summary>Removes a file or a whole folder; nothing there is no error.</summary>
    public static void Delete(string path)
    {
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
        else if (File.Exists(path))
            File.Delete(path);
    }

    private const string PartEnd = ".weft-part";

    /// <summary>Whether a file stands where a folder above this one would have to be.</summary>
    private static bool IsBlocked(string file)
    {
        for (string? above = System.IO.Path.GetDirectoryName(file); above is not null; above = System.IO.Path.GetDirectoryName(above))
        {
            if (File.Exists(above))
                return true;
        }
        return false;
    }

    private static string Below(string root, string path)
    {
        string full = System.IO.Path.GetFullPath(System.IO.Path.Combine(root, path));
        string start = System.IO.Path.GetFullPath(root).TrimEnd('/');
        return full.TrimEnd('/') == start || full.StartsWith(start + "/", StringComparison.Ordinal) ? full : throw TrackingException.Invalid($"Invalid path: {path}");
    }
}
