using System.Collections.Concurrent;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Weft.Execution;
using Weft.Platform;
using Weft.Values;

namespace Weft.Cli.Terminal;

/// <summary>
/// Shows what tasks write while they write it. A thread of its own reads their log files, so that a slow terminal never holds up the execution;
/// it learns of attempts by events, which it looks for at its own pace: waking it for each would cost the execution a tenth of its time. Bytes pass as they are, line by line; when several tasks run at a time a line begins with its task's name.
/// Of a line that a program draws again and again (<c>\r</c>) only the last state is kept. A line longer than <see cref="LongestLine"/> is
/// passed on in pieces, so memory is bounded whatever a program writes.
/// </summary>
internal sealed class LiveOutput : IDisposable
{
    private const int LongestLine = 64 * 1024;

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);

    private readonly Session _session;
    private readonly bool _prefixed;
    private readonly bool _showsOutput;
    private readonly Func<ExecutionProgress>? _progress;
    private readonly ProgressLine _line;
    private readonly Dictionary<AttemptId, Tail> _tails = [];
    private readonly byte[] _buffer = new byte[LongestLine];

    /// <summary>Bound: one event for each start and end of an attempt that was not shown yet.</summary>
    private readonly ConcurrentQueue<ExecutionEvent> _events = [];

    private readonly ManualResetEventSlim _closed = new(false, spinCount: 0);
    private readonly Thread _thread;
    private volatile bool _isSilent;

    /// <param name="prefixed">Several tasks may run at a time.</param>
    /// <param name="progress">For the progress line; null for none.</param>
    public LiveOutput(Session session, bool prefixed, Func<ExecutionProgress>? progress)
    {
        _session = session;
        _prefixed = prefixed;
        _showsOutput = !session.Json && !session.Quiet;
        _progress = progress;
        _line = new ProgressLine(session);
        _thread = new Thread(Show) { IsBackground = true, Name = "output" };
        _thread.Start();
    }

    /// <summary>Nobody sees what is written any more.</summary>
    public bool IsSilent => _isSilent;

    /// <summary>The terminal is gone: from now on nothing is written. Safe from any thread.</summary>
    public void Silence() => _isSilent = true;

    /// <summary>Takes an event; never blocks.</summary>
    public void Publish(ExecutionEvent what) => _events.Enqueue(what);

    /// <summary>Shows what is left and takes the progress line away.</summary>
    public void Dispose()
    {
        _closed.Set();
        _thread.Join();
    }

    private void Show()
    {
        bool open = true;
        while (open)
        {
            open = !_closed.Wait(Pace);
            try
            {
                Show(open);
            }
            catch (IOException)
            {
                // The terminal or the reader of our output is gone; the execution is not.
                _isSilent = true;
            }
        }
    }

    private void Show(bool open)
    {
        while (_events.TryDequeue(out ExecutionEvent? what))
        {
            if (!_isSilent)
                Take(what);
        }
        if (_isSilent)
            return;
        foreach (Tail tail in _tails.Values)
            Copy(tail);
        _session.Out.Flush();
        if (_progress is not null && open)
            _line.Draw(Counts(_progress()), Activity());
        else
            _line.Clear();
    }

    private void Take(ExecutionEvent what)
    {
        switch (what)
        {
            case ExecutionEvent.AttemptStarted started when _showsOutput:
                _tails[started.Id] = new Tail(started.Log, _prefixed ? Encoding.UTF8.GetBytes($"[{Short(started.Label)}] ") : []);
                break;
            case ExecutionEvent.AttemptEnded ended:
                if (_tails.Remove(ended.Id, out Tail? tail))
                {
                    Copy(tail);
                    Finish(tail);
                    tail.Dispose();
                }
                foreach (string warning in ended.Warnings)
                    Say($"{ended.Label}: {warning}");
                break;
            case ExecutionEvent.Said said:
                Say(said.Text);
                break;
        }
    }

    private void Say(string text)
    {
        _line.Clear();
        _session.Out.Flush();
        _session.Say(text);
    }

    /// <summary>The point's number when that tells it apart: <c>train[17]</c> is shown as <c>17</c>.</summary>
    private static string Short(string label) => new NodePath(label).Index is { } index && !label.Contains('/', StringComparison.Ordinal)
        ? index.ToString(System.Globalization.CultureInfo.InvariantCulture)
        : label;

    private void Copy(Tail tail)
    {
        int count;
        while ((count = tail.Read(_buffer)) > 0)
        {
            ReadOnlySpan<byte> rest = _buffer.AsSpan(0, count);
            int feed;
            while ((feed = rest.IndexOf((byte)'\n')) >= 0)
            {
                WriteLine(tail, rest[..feed]);
                rest = rest[(feed + 1)..];
            }
            tail.Hold(rest);
            if (tail.Held.Length >= LongestLine)
                WriteLine(tail, []);
        }
    }

    private void WriteLine(Tail tail, ReadOnlySpan<byte> end)
    {
        _line.Clear();
        Stream output = _session.OutStream;
        output.Write(tail.Prefix);
        ReadOnlySpan<byte> held = tail.Held;
        ReadOnlySpan<byte> last = end.TrimEnd((byte)'\r');
        int back = last.LastIndexOf((byte)'\r');
        if (back >= 0)
        {
            output.Write(last[(back + 1)..]);
        }
        else
        {
            held = last.IsEmpty ? held.TrimEnd((byte)'\r') : held;
            output.Write(held[(held.LastIndexOf((byte)'\r') + 1)..]);
            output.Write(last);
        }
        output.WriteByte((byte)'\n');
        tail.Release();
    }

    private void Finish(Tail tail)
    {
        if (tail.Held.Length > 0)
            WriteLine(tail, []);
        _session.OutStream.Flush();
    }

    /// <summary>The unfinished line of the only task that runs: a program's own progress bar.</summary>
    private string? Activity()
    {
        if (_tails.Count != 1)
            return null;
        ReadOnlySpan<byte> held = _tails.Values.First().Held.TrimEnd((byte)'\r');
        return held.IsEmpty ? null : Encoding.UTF8.GetString(held[(held.LastIndexOf((byte)'\r') + 1)..]);
    }

    private static ProgressCounts Counts(ExecutionProgress progress) => new(
        progress.Total, progress.Done, progress.Failed, (int)progress.Running,
        progress.Runs == progress.Total ? null : progress.Runs, progress.RunsDone,
        progress.Elapsed, progress.Remaining);

    /// <summary>One log file and what of its last line was read so far.</summary>
    private sealed class Tail(string path, byte[] prefix) : IDisposable
    {
        private readonly MemoryStream _held = new();
        private SafeFileHandle? _file;
        private long _offset;

        public byte[] Prefix { get; } = prefix;

        public ReadOnlySpan<byte> Held => _held.GetBuffer().AsSpan(0, (int)_held.Length);

        public int Read(byte[] buffer)
        {
            // Not a FileStream: it would lock the log, whose lock says whether the task lives.
            if (_file is null && File.Exists(path))
                _file = RawFile.OpenRead(path);
            int count = _file is null ? 0 : RandomAccess.Read(_file, buffer, _offset);
            _offset += count;
            return count;
        }

        public void Hold(ReadOnlySpan<byte> bytes) => _held.Write(bytes);

        public void Release() => _held.SetLength(0);

        public void Dispose() => _file?.Dispose();
    }
}
