using System.Runtime.InteropServices;

namespace Weft.Platform;

/// <summary>
/// What the file system says of a file without opening it; links are not followed. Two equal statuses mean an unchanged file, unless both were
/// taken within the clock tick of a write.
/// </summary>
/// <param name="ModifiedNanoseconds">Since 1970; a program may set it to anything.</param>
/// <param name="ChangedNanoseconds">When content or attributes were last touched; only the system sets it.</param>
/// <param name="Links">How many names the file has.</param>
public readonly record struct FileStatus(
    FileForm Form, UnixFileMode Mode, long Size, long ModifiedNanoseconds, long ChangedNanoseconds, ulong Inode, uint Links)
{
    /// <summary>Null when there is no such file.</summary>
    /// <exception cref="SystemCallException">A folder on the way cannot be searched.</exception>
    public static unsafe FileStatus? TryRead(string path)
    {
        const int currentFolder = -100, noFollow = 0x100;
        const uint basicStats = 0x7ff;
        byte* result = stackalloc byte[256];
        if (Libc.StatX(currentFolder, path, noFollow, basicStats, result) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            return error is Libc.NotFound or Libc.NotADirectory ? null : throw new SystemCallException($"look at {path}", error);
        }
        // struct statx (statx(2)): links at byte 16, mode 28, inode 32, size 40, change time 96, modification time 112.
        int mode = *(ushort*)(result + 28);
        FileForm form = (mode & 0xf000) switch
        {
            0x8000 => FileForm.File,
            0x4000 => FileForm.Folder,
            0xa000 => FileForm.Link,
            _ => FileForm.Other,
        };
        return new FileStatus(form, (UnixFileMode)(mode & 0xfff), *(long*)(result + 40), Time(result + 112), Time(result + 96), *(ulong*)(result + 32), *(uint*)(result + 16));

        static long Time(byte* at) => (*(long*)at * 1_000_000_000) + *(uint*)(at + 8);
    }
}

public enum FileForm
{
    File,
    Folder,
    Link,

    /// <summary>A device, socket or pipe.</summary>
    Other,
}
