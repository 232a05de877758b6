using System.Security.Cryptography;
using Weft.Tracking;

namespace Weft.Server.Artifacts;

/// <summary>A file or folder of this machine.</summary>
internal sealed class LocalPlace : ArtifactPlace
{
    private const string PartEnd = ".weft-part";

    /// <summary>As many links on the way to a file as Linux follows.</summary>
    private const int MostLinks = 40;

    private readonly string _path;

    private LocalPlace(string path) => _path = path;

    /// <summary>The file or folder of a path below a root. Neither the path nor links that somebody put there lead out of it.</summary>
    public static LocalPlace Below(string root, string path)
    {
        string full = Path.GetFullPath(Path.Combine(root, path));
        if (!Locations.IsBelow(full, root))
            throw TrackingException.Invalid($"Invalid path: {path}");
        if (HasLink(root, full) && !Locations.IsBelow(WithoutLinks(full), WithoutLinks(Path.GetFullPath(root))))
            throw TrackingException.Invalid("Invalid path: resolved path is outside the artifact directory");
        return new LocalPlace(full);
    }

    public override string Name => Path.GetFileName(_path);

    public override Task<List<ArtifactEntry>> ListAsync(string? prefix, CancellationToken cancel) => Task.FromResult(List(_path, prefix));

    public override Task<ArtifactContent?> OpenAsync(CancellationToken cancel) =>
        Task.FromResult(File.Exists(_path) ? new ArtifactContent(new FileInfo(_path).Length, _path, null) : null);

    public override Task WriteAsync(Stream content, CancellationToken cancel) => WriteAsync(_path, content, cancel);

    public override Task DeleteAsync(CancellationToken cancel)
    {
        if (Directory.Exists(_path))
            Directory.Delete(_path, recursive: true);
        else if (File.Exists(_path))
            File.Delete(_path);
        return Task.CompletedTask;
    }

    /// <summary>Whether a link stands between a root and a file below it.</summary>
    private static bool HasLink(string root, string full)
    {
        int start = Path.GetFullPath(root).TrimEnd('/').Length;
        for (string? on = full; on is not null && on.Length > start; on = Path.GetDirectoryName(on))
        {
            if (new FileInfo(on).LinkTarget is not null)
                return true;
        }
        return false;
    }

    private static string WithoutLinks(string path)
    {
        int left = MostLinks;
        return WithoutLinks(path, ref left);
    }

    /// <summary>Where a path leads when all links on it are followed.</summary>
    private static string WithoutLinks(string path, ref int left)
    {
        string real = "/";
        foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            string folder = real;
            real = Path.Join(folder, part);
            if (new FileInfo(real).LinkTarget is not { } target)
                continue;
            if (--left < 0)
                throw TrackingException.Invalid("Invalid path: too many links");
            real = WithoutLinks(Path.GetFullPath(Path.Combine(folder, target)), ref left);
        }
        return real;
    }

    private static List<ArtifactEntry> List(string folder, string? prefix)
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

    /// <summary>Beside its place first, then in one step there.</summary>
    private static async Task WriteAsync(string file, Stream content, CancellationToken cancel)
    {
        if (Directory.Exists(file) || IsBlocked(file))
            throw TrackingException.Invalid($"Invalid path: {Path.GetFileName(file)} is, or lies below, something else already");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
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

    /// <summary>Whether a file stands where a folder above this one would have to be.</summary>
    private static bool IsBlocked(string file)
    {
        for (string? above = Path.GetDirectoryName(file); above is not null; above = Path.GetDirectoryName(above))
        {
            if (File.Exists(above))
                return true;
        }
        return false;
    }
}
