using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Weft.Platform;

/// <summary>
/// Any number of locks, one per number, as locks on single bytes of one empty file (open file description locks, fcntl(2)). They end with the process that
/// holds them, however it ends, and are not handed to children. Two objects exclude each other even within a process; one object does not exclude itself.
/// </summary>
public sealed unsafe class NumberLocks(string path) : IDisposable
{
    private const int Test = 36, Set = 37;
    private const short ForWriting = 1, Unlocked = 2;
    private const int NotPermitted = 13;

    private SafeFileHandle? _file;

    /// <summary>Takes the lock of a number, from 0; false when another object holds it. Makes the file where it is missing.</summary>
    public bool TryTake(long number)
    {
        _file ??= RawFile.OpenPrivate(path);
        var range = new FileRange { Kind = ForWriting, Start = number, Length = 1 };
        if (Ask(Set, &range))
            return true;
        int error = Marshal.GetLastPInvokeError();
        return error is Libc.WouldBlock or NotPermitted ? false : throw new SystemCallException($"lock {path}", error);
    }

    /// <summary>Whether another object holds the lock of a number.</summary>
    public bool IsTaken(long number)
    {
        if (_file is null && !File.Exists(path))
            return false;
        _file ??= RawFile.OpenPrivate(path);
        var range = new FileRange { Kind = ForWriting, Start = number, Length = 1 };
        return Ask(Test, &range) ? range.Kind != Unlocked : throw SystemCallException.Last($"look at the locks of {path}");
    }

    public void Free(long number)
    {
        if (_file is null)
            return;
        var range = new FileRange { Kind = Unlocked, Start = number, Length = 1 };
        if (!Ask(Set, &range))
            throw SystemCallException.Last($"unlock {path}");
    }

    /// <summary>Frees all of them.</summary>
    public void Dispose() => _file?.Dispose();

    private bool Ask(int command, FileRange* range)
    {
        int result;
        do
            result = Libc.Fcntl(_file!, command, (nint)range);
        while (result != 0 && Marshal.GetLastPInvokeError() == Libc.Interrupted);
        return result == 0;
    }

    /// <summary><c>struct flock</c> of 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct FileRange
    {
        public short Kind;
        public short From;
        public long Start;
        public long Length;
        public int Process;
    }
}
