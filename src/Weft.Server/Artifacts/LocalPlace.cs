using System.Security.Cryptography;
using Weft.Tracking;

namespace Weft.Server.Artifacts;

/// <summary>A file or folder of this machine.</summary>
internal sealed class LocalPlace(string path) : ArtifactPlace
{
    private const string PartEnd = ".weft-part";

    public override string Name => Path.GetFileName(path);

    public override Task<List<ArtifactEntry>> ListAsync(string? prefix, CancellationToken cancel) => Task.FromResult(List(path, prefix));

    public override Task<ArtifactContent?> OpenAsync(CancellationToken cancel) =>
        Task.FromResult(File.Exists(path) ? new ArtifactContent(new FileInfo(path).Length, path, null) : null);

    public override Task WriteAsync(Stream content, CancellationToken cancel) => WriteAsync(path, content, cancel);

    public override Task DeleteAsync(CancellationToken cancel)
    {
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
        else if (File.Exists(path))
            File.Delete(path);
        return Task.CompletedTask;
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
