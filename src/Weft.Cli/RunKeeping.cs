using Weft.Records;

namespace Weft.Cli;

/// <summary>
/// Keeps what an execution ran with, the project's code and the environment, while it runs: from its first task on, so that nothing waits for it. Disposing waits until
/// it is done.
/// </summary>
/// <param name="keepEnvironment">Called on a thread of its own.</param>
internal sealed class RunKeeping(CodeState code, Action keepEnvironment, Session session) : IDisposable
{
    private readonly CancellationTokenSource _cancel = new();
    private Thread? _thread;
    private string? _failure;

    /// <summary>Begins at the first call; later ones do nothing. Called by one thread.</summary>
    public void Begin()
    {
        if (_thread is not null)
            return;
        _thread = new Thread(Keep) { IsBackground = true, Name = "keeping", Priority = ThreadPriority.BelowNormal };
        _thread.Start();
    }

    /// <summary>Ends it as soon as may be: the next run of the same code goes on with what is missing.</summary>
    public void Cancel() => _cancel.Cancel();

    public void Dispose()
    {
        _thread?.Join();
        _cancel.Dispose();
        if (Interlocked.Exchange(ref _failure, null) is { } failure)
            session.Say($"what this run ran with could not be kept, it cannot be reproduced: {failure}");
    }

    private void Keep()
    {
        try
        {
            keepEnvironment();
            code.Keep(_cancel.Token);
        }
        catch (OperationCanceledException)
        {
            // The user wants to go.
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or DatabaseException)
        {
            _failure = error.Message;
        }
    }
}
