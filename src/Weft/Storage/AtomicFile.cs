using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Weft.Platform;

namespace Weft.Storage;

/// <summary>Files that are there wholly or not at all, whoever dies when, on local and network file systems.</summary>
internal static class AtomicFile
{
    /// <summary>Writes a file, in place of an older one if there is one: beside it, to disk, then renamed.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        string temporary = TemporaryBeside(path);
        try
        {
            WriteThrough(temporary, content, toDisk: true);
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>
    /// Makes a file with its content unless there is one of that name: of several processes on any hosts exactly one gets true. So attempts
    /// are claimed and ended.
    /// </summary>
    /// <param name="survivesPowerCut">
    /// Waits for the disk. Without it the file may be empty or damaged after a power cut, though never after the end of a process: for what can be made anew.
    /// </param>
    public static bool TryCreate(string path, ReadOnlySpan<byte> content, bool survivesPowerCut = true)
    {
        string temporary = TemporaryBeside(path);
        try
        {
            WriteThrough(temporary, content, survivesPowerCut);
            // A network file system may repeat a request whose answer was lost, and then says "exists" of our own link: count the names.
            return FileSystems.TryLink(temporary, path) || FileStatus.TryRead(temporary) is { Links: 2 };
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>The content, or null when there is no such file: which costs no more than asking, caches miss often.</summary>
    public static byte[]? TryRead(string path)
    {
        using SafeFileHandle? file = RawFile.TryOpenRead(path);
        return file is null ? null : RawFile.ReadAll(file, Array.MaxLength);
    }

    private static void WriteThrough(string path, ReadOnlySpan<byte> content, bool toDisk)
    {
        using SafeFileHandle file = RawFile.TryCreate(path, mode: 0x1B6) ?? throw new IOException($"cannot write {path}: it exists");
        RawFile.Write(file, content);
        if (toDisk)
            RandomAccess.FlushToDisk(file);
    }

    private static string TemporaryBeside(string path) =>
        Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}.{RandomNumberGenerator.GetHexString(12, lowercase: true)}.tmp");
}
