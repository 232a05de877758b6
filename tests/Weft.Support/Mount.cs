using Weft.Platform;

namespace Weft.Support;

/// <summary>A mount that is undone at the end; making one needs root.</summary>
public sealed class Mount : IDisposable
{
    private readonly string _path;

    private Mount(string path) => _path = path;

    /// <summary>A file system in memory with this much room; null where mounting is not allowed.</summary>
    public static Mount? Memory(string path, string size) => Make(path, "-t", "tmpfs", "-o", $"size={size}", "none");

    /// <summary>The folder as it is, without the right to write; null where mounting is not allowed.</summary>
    public static Mount? ReadOnly(string path) => Make(path, "--bind", "-o", "ro", path);

    public void Resize(string size) => Command.Run(["mount", "-o", $"remount,size={size}", _path], "/", null, CancellationToken.None);

    public void Dispose() => Command.Run(["umount", _path], "/", null, CancellationToken.None);

    private static Mount? Make(string path, params string[] options)
    {
        Directory.CreateDirectory(path);
        return Command.Run(["mount", .. options, path], "/", null, CancellationToken.None).Succeeded ? new Mount(path) : null;
    }
}
