using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Weft.Platform;

/// <summary>
/// Locks on ranges of a file's bytes, which need not exist. As with <see cref="FileLock"/> they belong to the open file and live until its last
/// descriptor is closed, in whatever process (fcntl(2), "open file description locks").
/// </summary>
public static unsafe class RangeLocks
{
    private const int Get = 36, Set = 37;
    private const short Write = 1, Unlocked = 2;

    /// <summary>Takes the range alone, or returns false at once when somebody else holds a part of it.</summary>
    public static bool TryLock(SafeFileHandle file, long start, long length)
    {
        var range = new Range { Type = Write, Start = start, Length = length };
        if (Libc.Fcntl(file, Set, (nint)(&range)) == 0)
            return true;
        int error = Marshal.GetLastPInvokeError();
        const int accessDenied = 13;
        return error is Libc.WouldBlock or accessDenied ? false : throw new SystemCallException("lock a range of a file", error);
    }

    /// <summary>The lowest range between two places that another open file holds, as far as it lies between them; null when none is held.</summary>
    public static (long From, long To)? FirstHeld(SafeFileHandle file, long from, long to)
    {
        long found = to;
        long foundEnd = to;
        // The system names some conflicting lock, not the lowest one: look again below it until there is none.
        while (from < found)
        {
            var range = new Range { Type = Write, Start = from, Length = found - from };
            if (Libc.Fcntl(file, Get, (nint)(&range)) != 0)
                throw SystemCallException.Last("look at the locks of a file");
            if (range.Type == Unlocked)
                break;
            foundEnd = range.Length == 0 ? to : Math.Min(to, range.Start + range.Length);
            found = Math.Max(from, range.Start);
        }
        return found < to ? (found, foundEnd) : null;
    }

    /// <summary><c>struct flock</c> of 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Range
    {
        public short Type;
        public short Whence;
        public long Start;
        public long Length;
        public int Process;
    }
}
