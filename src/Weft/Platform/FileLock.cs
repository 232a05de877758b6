using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Weft.Platform;

/// <summary>How a lock is held: by one open file alone, or by any number of readers.</summary>
public enum LockMode
{
    Shared = 1,
    Exclusive = 2,
}

/// <summary>
/// A <c>flock</c>. It belongs to the open file, not to the process: it lives until the last descriptor of that open file is closed, those that
/// were handed to child processes included. It is never left behind by a dead process, and a reboot frees all.
/// Two opens of one file exclude each other even within a process.
/// </summary>
public sealed class FileLock : IDisposable
{
    private FileLock(SafeFileHandle file) => File = file;

    /// <summary>The open file that carries the lock: hand it to a child and the lock lives as long as either.</summary>
    public SafeFileHandle File { get; }

    /// <summary>Takes the lock or returns null at once when somebody else holds it. Makes the file, mode 0600, where it is missing.</summary>
    public static FileLock? TryAcquire(string path, LockMode mode)
    {
        SafeFileHandle file = RawFile.OpenPrivate(path);
        if (TryLock(file, mode))
            return new FileLock(file);
        file.Dispose();
        return null;
    }

    /// <summary>
    /// As <see cref="TryAcquire(string, LockMode)"/>, trying again for a while: a lock that was let go of can seem held for a moment more, by a child
    /// that another thread is starting just now, or by somebody who only asks (<see cref="IsHeld"/>).
    /// </summary>
    public static FileLock? TryAcquire(string path, LockMode mode, TimeSpan patience)
    {
        using var never = new ManualResetEventSlim();
        long started = Environment.TickCount64;
        FileLock? acquired;
        while ((acquired = TryAcquire(path, mode)) is null && Environment.TickCount64 - started < patience.TotalMilliseconds)
            never.Wait(10);
        return acquired;
    }

    /// <summary>Waits for the lock, holding up the calling thread. For short critical sections only.</summary>
    public static FileLock Acquire(string path, LockMode mode)
    {
        SafeFileHandle file = RawFile.OpenPrivate(path);
        while (Libc.Flock(file, (int)mode) != 0)
        {
            if (Marshal.GetLastPInvokeError() == Libc.Interrupted)
                continue;
            file.Dispose();
            throw SystemCallException.Last($"lock {path}");
        }
        return new FileLock(file);
    }

    /// <summary>Whether somebody holds the file's exclusive lock right now; a missing file is not locked.</summary>
    public static bool IsHeld(string path)
    {
        using SafeFileHandle? file = RawFile.TryOpenRead(path);
        return file is not null && !TryLock(file, LockMode.Shared);
    }

    /// <summary>Locks an already open file; false when somebody else holds it.</summary>
    public static bool TryLock(SafeFileHandle file, LockMode mode)
    {
        const int noWait = 4;
        while (Libc.Flock(file, (int)mode | noWait) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error == Libc.WouldBlock)
                return false;
            if (error != Libc.Interrupted)
                throw new SystemCallException("lock a file", error);
        }
        return true;
    }

    /// <summary>Closes our descriptor. Children that share the open file keep the lock.</summary>
    public void Dispose() => File.Dispose();
}
