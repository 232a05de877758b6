using System.Collections.Immutable;
using Weft.Dialects.Hydra;
using Weft.Text;
using Weft.Values;

namespace Weft.Cli;

/// <summary>
/// Composes the configurations of large sweeps on a thread of its own while they run, ahead of the points that are started, and says what is wrong with
/// later ones as soon as it is known. The sweep goes on: its good points are wanted, and the others fail by themselves.
/// </summary>
internal sealed class ComposingAhead : IDisposable
{
    private readonly ImmutableArray<ConfigurationsAhead> _sweeps;
    private readonly long[] _started;
    private readonly Action<string> _say;
    private readonly Thread _thread;
    private readonly SemaphoreSlim _due = new(0);
    private volatile bool _isOver;

    /// <param name="say">Shows a text; safe from any thread.</param>
    public ComposingAhead(ImmutableArray<ConfigurationsAhead> sweeps, Action<string> say)
    {
        _sweeps = sweeps;
        _started = new long[sweeps.Length];
        _say = say;
        _thread = new Thread(Compose) { IsBackground = true, Name = "configurations", Priority = ThreadPriority.BelowNormal };
        _thread.Start();
    }

    /// <summary>A point was started. Called by one thread.</summary>
    public void Started(NodePath path)
    {
        if (path.Index is not { } index)
            return;
        string name = path.Parent.Text;
        for (int i = 0; i < _sweeps.Length; i++)
        {
            string node = _sweeps[i].Node.Text;
            if (index <= _started[i] || !name.EndsWith(node, StringComparison.Ordinal) || (name.Length > node.Length && name[^(node.Length + 1)] != '/'))
                continue;
            Volatile.Write(ref _started[i], index);
            _due.Release();
        }
    }

    public void Dispose()
    {
        _isOver = true;
        _due.Release();
        _thread.Join();
        _due.Dispose();
    }

    private void Compose()
    {
        while (true)
        {
            _due.Wait();
            if (_isOver)
                return;
            for (int i = 0; i < _sweeps.Length; i++)
            {
                long started = Volatile.Read(ref _started[i]);
                if (_sweeps[i].IsDue(started) && _sweeps[i].Check(started) is { Count: > 0 } problems)
                    _say(DiagnosticPrinter.Print(problems));
            }
        }
    }
}
