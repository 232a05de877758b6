using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Weft.Platform;

/// <summary>
/// Lets one thread wait for many things: descriptors that become readable (a process descriptor does so when its process ends) and calls of
/// <see cref="Wake"/> from other threads. Everything but <see cref="Wake"/> belongs to the one thread that waits.
/// </summary>
public sealed unsafe class Poller : IDisposable
{
    private readonly SafeFileHandle _wake;
    private readonly List<SafeHandle> _handles = [];
    private readonly List<object> _states = [];
    private Libc.PollEntry[] _entries = new Libc.PollEntry[8];

    public Poller()
    {
        int descriptor = Libc.EventCounter(0, Libc.CloseOnExec | 0x800);
        if (descriptor < 0)
            throw SystemCallException.Last("make an event counter");
        _wake = new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>How many descriptors are waited for.</summary>
    public int Count => _handles.Count;

    /// <summary>Waits for <paramref name="handle"/> too, until <see cref="Remove"/>; <paramref name="state"/> comes back from <see cref="Wait"/>.</summary>
    public void Add(SafeHandle handle, object state)
    {
        _handles.Add(handle);
        _states.Add(state);
    }

    public void Remove(SafeHandle handle)
    {
        int at = _handles.IndexOf(handle);
        if (at < 0)
            return;
        _handles.RemoveAt(at);
        _states.RemoveAt(at);
    }

    /// <summary>
    /// Blocks until something is ready, <see cref="Wake"/> was called (also before), or the time is over (null: no limit). Adds the states of
    /// what is ready to <paramref name="ready"/>.
    /// </summary>
    public void Wait(TimeSpan? limit, List<object> ready)
    {
        if (_entries.Length < _handles.Count + 1)
            _entries = new Libc.PollEntry[(_handles.Count + 1) * 2];
        _entries[0] = new Libc.PollEntry { Descriptor = (int)_wake.DangerousGetHandle(), Wanted = 1 };
        for (int i = 0; i < _handles.Count; i++)
            _entries[i + 1] = new Libc.PollEntry { Descriptor = (int)_handles[i].DangerousGetHandle(), Wanted = 1 };

        long started = Stopwatch.GetTimestamp();
        int count;
        fixed (Libc.PollEntry* entries = _entries)
        {
            while ((count = Libc.Poll(entries, (nuint)(_handles.Count + 1), Left(limit, started))) < 0)
            {
                if (Marshal.GetLastPInvokeError() != Libc.Interrupted)
                    throw SystemCallException.Last("wait for descriptors");
            }
        }
        if (count == 0)
            return;
        if (_entries[0].Ready != 0)
        {
            ulong ignored;
            _ = Libc.Read(_wake, (byte*)&ignored, sizeof(ulong));
        }
        for (int i = 0; i < _handles.Count; i++)
        {
            if (_entries[i + 1].Ready != 0)
                ready.Add(_states[i]);
        }
    }

    /// <summary>Makes the present or the next <see cref="Wait"/> return. Safe from any thread, also after disposal.</summary>
    public void Wake()
    {
        ulong one = 1;
        try
        {
            _ = Libc.Write(_wake, (byte*)&one, sizeof(ulong));
        }
        catch (ObjectDisposedException)
        {
            // A late signal after the end has nobody left to wake.
        }
    }

    public void Dispose() => _wake.Dispose();

    /// <summary>Milliseconds left, rounded up so that a wait never ends before its time; -1 for no limit.</summary>
    private static int Left(TimeSpan? limit, long started)
    {
        if (limit is not { } time)
            return -1;
        double left = (time - Stopwatch.GetElapsedTime(started)).TotalMilliseconds;
        return left <= 0 ? 0 : (int)Math.Min(Math.Ceiling(left), int.MaxValue);
    }
}
