using Weft.Records;

namespace Weft.Cli;

/// <summary>Keeps the project's code while a run goes on, from its first task on, so that nothing waits for it. Disposing waits until it is done.</summary>
internal sealed class CodeKeeping(CodeState code, Session session) : IDisposable
{
    private readonly CancellationTokenSource _cancel = new();
    private Thread? _thread;
    private string? _failure;

    /// <summary>Begins at the first call; later ones do nothing. Called by one thread.</summary>
    public void Begin()
    {
        if (_thread is not null)
            return;
        _thread = new Thread(Keep) { IsBackground = true, Name = "code", Priority = ThreadPriority.BelowNormal };
        _thread.Start();
    }

    /// <summary>Ends it as soon as may be: the next run of the same code goes on with what is missing.</summary>
    public void Cancel() => _cancel.Cancel();

    public void Dispose()
    {
        _thread?.Join();
        _cancel.Dispose();
        if (Interlocked.Exchange(ref _failure, null) is { } failure)
            session.Say($"the code of this run could not be kept, it cannot be reproduced: {failure}");
    }

    private void Keep()
    {
        try
        {
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
