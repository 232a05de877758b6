using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Weft.Platform;

/// <summary>
/// Looks at and reads many small files below one folder: paths are put together in one buffer, files are read into another. For scans of some
/// hundred thousand files, where the objects that <see cref="File"/> makes for each are most of the time. For one thread.
/// </summary>
internal sealed unsafe class PathWalk
{
    private byte[] _path = new byte[512];
    private byte[] _content = new byte[4096];
    private int _base;

    /// <summary>The folder that relative paths start from.</summary>
    public void Enter(string folder)
    {
        Reserve(Encoding.UTF8.GetMaxByteCount(folder.Length) + 2);
        _base = Encoding.UTF8.GetBytes(folder, _path);
        _path[_base++] = (byte)'/';
    }

    /// <summary>When the file or folder was last touched and which it is; null when there is none. Links are followed.</summary>
    public FileTouch? Look(string relative)
    {
        const int currentFolder = -100;
        const uint basicStats = 0x7ff;
        byte* result = stackalloc byte[256];
        Append(relative);
        fixed (byte* path = _path)
        {
            if (Libc.StatX(currentFolder, path, 0, basicStats, result) != 0)
                return null;
        }
        // struct statx (statx(2)): inode at byte 32, size 40, change time 96.
        return new FileTouch(*(long*)(result + 96) * 1_000_000_000 + *(uint*)(result + 104), *(ulong*)(result + 32), *(long*)(result + 40));
    }

    /// <summary>The content of a file, valid until the next call; false when there is none or it cannot be read.</summary>
    public bool TryRead(string relative, out ReadOnlySpan<byte> content)
    {
        content = default;
        Append(relative);
        int descriptor;
        fixed (byte* path = _path)
        {
            do
                descriptor = Libc.Open(path, Libc.ReadOnly | Libc.CloseOnExec, 0);
            while (descriptor < 0 && Marshal.GetLastPInvokeError() == Libc.Interrupted);
        }
        if (descriptor < 0)
            return false;
        using var file = new SafeFileHandle(descriptor, ownsHandle: true);
        int length = 0;
        while (true)
        {
            if (length == _content.Length)
                Array.Resize(ref _content, _content.Length * 2);
            nint count;
            fixed (byte* start = _content)
                count = Libc.Read(file, start + length, _content.Length - length);
            if (count > 0)
                length += (int)count;
            // A file gives less than was asked for only at its end.
            if (count >= 0 && length < _content.Length)
                break;
            if (count < 0 && Marshal.GetLastPInvokeError() != Libc.Interrupted)
                return false;
        }
        content = _content.AsSpan(0, length);
        return true;
    }

    private void Append(string relative)
    {
        Reserve(_base + Encoding.UTF8.GetMaxByteCount(relative.Length) + 1);
        int end = _base + Encoding.UTF8.GetBytes(relative, _path.AsSpan(_base));
        _path[end] = 0;
    }

    private void Reserve(int length)
    {
        if (length > _path.Length)
            Array.Resize(ref _path, length * 2);
    }
}

/// <summary>Changes whenever a file is written, replaced or given other attributes.</summary>
/// <param name="ChangedNanoseconds">Since 1970; only the system sets it.</param>
/// <param name="Size">Bytes.</param>
internal readonly record struct FileTouch(long ChangedNanoseconds, ulong Inode, long Size);
