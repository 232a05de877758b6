using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Weft.Platform;

/// <summary>
/// Files opened by the system's own <c>open</c>. .NET's <see cref="File"/> takes a <c>flock</c> of its own on every file it opens and fails
/// on one that is locked; logs and lock files of this project are locked by those who write them, so they are opened here.
/// Every descriptor is closed on exec: a child gets only what it is handed.
/// </summary>
public static unsafe class RawFile
{
    public static SafeFileHandle OpenRead(string path) => Open(path, Libc.ReadOnly, 0);

    /// <summary>Null when there is no such file.</summary>
    public static SafeFileHandle? TryOpenRead(string path)
    {
        int descriptor = OpenDescriptor(path, Libc.ReadOnly, 0);
        if (descriptor >= 0)
            return new SafeFileHandle(descriptor, ownsHandle: true);
        return Marshal.GetLastPInvokeError() is Libc.NotFound or Libc.NotADirectory ? null : throw SystemCallException.Last($"open {path}");
    }

    /// <summary>Makes the file where it is missing (mode 0644 less the umask); each write goes to its end as a whole.</summary>
    public static SafeFileHandle OpenAppend(string path) => Open(path, Libc.ReadWrite | Libc.Create | Libc.Append, 0x1A4);

    /// <summary>Makes the file where it is missing, readable and writable by its owner only.</summary>
    public static SafeFileHandle OpenPrivate(string path) => Open(path, Libc.ReadWrite | Libc.Create, 0x180);

    /// <summary>Makes a file that must not exist; null when it does. Of several processes on any hosts exactly one wins.</summary>
    /// <param name="mode">What the umask is taken from; 0644.</param>
    public static SafeFileHandle? TryCreate(string path, int mode = 0x1A4)
    {
        int descriptor = OpenDescriptor(path, Libc.ReadWrite | Libc.Create | Libc.Exclusive, mode);
        if (descriptor >= 0)
            return new SafeFileHandle(descriptor, ownsHandle: true);
        return Marshal.GetLastPInvokeError() == Libc.Exists ? null : throw SystemCallException.Last($"create {path}");
    }

    /// <summary>Writes a file, in place of what it held (mode 0666 less the umask). Whoever reads it meanwhile may find a part.</summary>
    public static void WriteAll(string path, ReadOnlySpan<byte> bytes)
    {
        using SafeFileHandle file = Open(path, Libc.WriteOnly | Libc.Create | Libc.Truncate, 0x1B6);
        Write(file, bytes);
    }

    /// <summary>Makes a folder, and those above it, where it is missing: one system call where only it is.</summary>
    public static void MakeFolder(string path)
    {
        if (Libc.MakeFolder(path, 0x1FF) != 0 && Marshal.GetLastPInvokeError() != Libc.Exists)
            Directory.CreateDirectory(path);
    }

    /// <summary>Makes a folder that must not exist, and those above it; false when it does. Of several processes exactly one wins.</summary>
    public static bool TryCreateFolder(string path)
    {
        if (Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(path)) is { Length: > 0 } parent)
            Directory.CreateDirectory(parent);
        if (Libc.MakeFolder(path, 0x1FF) == 0)
            return true;
        return Marshal.GetLastPInvokeError() == Libc.Exists ? false : throw SystemCallException.Last($"mkdir {path}");
    }

    /// <summary>Writes all bytes, in one system call where the system takes them at once.</summary>
    public static void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            nint written;
            fixed (byte* start = bytes)
                written = Libc.Write(file, start, bytes.Length);
            if (written >= 0)
                bytes = bytes[(int)written..];
            else if (Marshal.GetLastPInvokeError() != Libc.Interrupted)
                throw SystemCallException.Last("write");
        }
    }

    /// <summary>Reads what is there, from a file or a pipe, waiting for something; 0 at the end.</summary>
    public static int Read(SafeFileHandle file, Span<byte> bytes)
    {
        nint count;
        do
        {
            fixed (byte* start = bytes)
                count = Libc.Read(file, start, bytes.Length);
        }
        while (count < 0 && Marshal.GetLastPInvokeError() == Libc.Interrupted);
        return count >= 0 ? (int)count : throw SystemCallException.Last("read");
    }

    /// <summary>Reads to the end; null when that is more than <paramref name="most"/> bytes away.</summary>
    public static byte[]? ReadAll(SafeFileHandle file, int most)
    {
        byte[] bytes = new byte[4096];
        int size = 0;
        while (Read(file, bytes.AsSpan(size)) is > 0 and int count)
        {
            size += count;
            if (size > most)
                return null;
            if (size == bytes.Length)
                Array.Resize(ref bytes, size * 2);
        }
        return bytes[..size];
    }

    /// <summary>A pipe; neither end is inherited unless handed over.</summary>
    public static (SafeFileHandle Reader, SafeFileHandle Writer) Pipe()
    {
        int* ends = stackalloc int[2];
        if (Libc.Pipe(ends, Libc.CloseOnExec) != 0)
            throw SystemCallException.Last("make a pipe");
        return (new SafeFileHandle(ends[0], ownsHandle: true), new SafeFileHandle(ends[1], ownsHandle: true));
    }

    /// <summary>Device and inode of an open descriptor of a process, as far as we may look: null when it is gone or not ours.</summary>
    public static FileIdentity? IdentityOf(int process, int descriptor) => IdentityOf($"/proc/{process}/fd/{descriptor}");

    /// <summary>Device and inode of a file; null when there is none.</summary>
    public static FileIdentity? IdentityOf(string path)
    {
        const int currentFolder = -100;
        const uint basicStats = 0x7ff;
        byte* result = stackalloc byte[256];
        if (Libc.StatX(currentFolder, path, 0, basicStats, result) != 0)
            return null;
        // struct statx: inode at byte 32, device major and minor at 136 and 140.
        return new FileIdentity(*(ulong*)(result + 32), *(uint*)(result + 136), *(uint*)(result + 140));
    }

    /// <summary>A second descriptor of the same open file, with a number of at least <paramref name="lowest"/>.</summary>
    public static SafeFileHandle Duplicate(SafeFileHandle file, int lowest = 3)
    {
        const int duplicateCloseOnExec = 1030;
        int copy = Libc.Fcntl(file, duplicateCloseOnExec, lowest);
        return copy >= 0 ? new SafeFileHandle(copy, ownsHandle: true) : throw SystemCallException.Last("duplicate a descriptor");
    }

    private static SafeFileHandle Open(string path, int flags, int mode)
    {
        int descriptor = OpenDescriptor(path, flags, mode);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw SystemCallException.Last($"open {path}");
    }

    private static int OpenDescriptor(string path, int flags, int mode)
    {
        int descriptor;
        do
            descriptor = Libc.Open(path, flags | Libc.CloseOnExec, mode);
        while (descriptor < 0 && Marshal.GetLastPInvokeError() == Libc.Interrupted);
        return descriptor;
    }
}

/// <summary>What makes a file the same file whatever its names: inode and device.</summary>
public readonly record struct FileIdentity(ulong Inode, uint DeviceMajor, uint DeviceMinor);
