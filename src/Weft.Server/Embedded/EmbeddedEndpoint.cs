using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Weft.Tracking;
using Weft.Values;

namespace Weft.Server.Embedded;

/// <summary>What the endpoint inside a run is made with.</summary>
public sealed record EmbeddedOptions
{
    /// <summary>The port; 0 takes a free one. Who goes on with an execution of a killed process takes its port.</summary>
    public int Port { get; init; }

    /// <summary>Recognises the attempts of the execution.</summary>
    public required AttemptTokens Tokens { get; init; }

    /// <summary>Opens the store, on the first connection; the endpoint closes it.</summary>
    public required Func<TrackingStore> OpenStore { get; init; }

    /// <summary>
    /// The folder that experiments put artifacts in, with MLflow's file layout: <c>EXPERIMENT/RUN/artifacts</c> and a <c>meta.yaml</c> beside. The
    /// store's own artifact root must be this folder, so that programs write their files themselves.
    /// </summary>
    public required string RunsFolder { get; init; }

    /// <summary>Whether programs are told an experiment; not when the user told them one. Default true.</summary>
    public bool NamesExperiment { get; init; } = true;

    /// <summary>Values that must not be recorded, whatever programs log: secrets of tasks. Asked for on the first connection.</summary>
    public Func<IEnumerable<string>> Secrets { get; init; } = () => [];

    /// <summary>The server that the user had set: it answers programs, and what it takes is copied. Null: there is none.</summary>
    public Primary? Primary { get; init; }

    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

/// <summary>
/// The tracking endpoint inside a run. It costs a listening socket until a program connects: only then is the server loaded and started, and
/// the connections that came meanwhile wait in the socket's queue.
/// </summary>
public sealed class EmbeddedEndpoint : ITrackingEndpoint
{
    /// <summary>How many programs may be connecting at once.</summary>
    private const int Backlog = 512;

    private readonly EmbeddedOptions _options;
    private readonly Socket _socket;
    private readonly TaskCompletionSource<Task<IAsyncDisposable>?> _server = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _isDecided;
    private bool _isDisposed;

    private EmbeddedEndpoint(EmbeddedOptions options, Socket socket)
    {
        _options = options;
        _socket = socket;
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)socket.LocalEndPoint!).Port}");
        var first = new SocketAsyncEventArgs();
        first.Completed += (_, _) => Begin(first);
        if (!socket.AcceptAsync(first))
            Begin(first);
    }

    public Uri Address { get; }

    /// <summary>Binds and listens; when this returns, a program can connect.</summary>
    /// <exception cref="SocketException">The port is taken.</exception>
    public static EmbeddedEndpoint Open(EmbeddedOptions options)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, options.Port));
            socket.Listen(Backlog);
            return new EmbeddedEndpoint(options, socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public IEnumerable<KeyValuePair<string, string>> Variables(AttemptId attempt, string experiment)
    {
        yield return new("MLFLOW_TRACKING_URI", Address.GetLeftPart(UriPartial.Authority));
        yield return new("MLFLOW_TRACKING_TOKEN", _options.Tokens.Make(attempt));
        if (_options.NamesExperiment)
            yield return new("MLFLOW_EXPERIMENT_NAME", experiment);
        if (_options.Primary is null)
            yield break;
        // Clients prefer these to the token; they are the other server's, and the endpoint uses them.
        yield return new("MLFLOW_TRACKING_USERNAME", "");
        yield return new("MLFLOW_TRACKING_PASSWORD", "");
    }

    /// <summary>Completes when all that the primary took so far is copied.</summary>
    internal async Task CopiedAsync()
    {
        if (Volatile.Read(ref _isDecided) != 0 && await _server.Task is { } server)
            await ((EmbeddedServer)await server).CopiedAsync();
    }

    /// <summary>Lets requests under way end, and closes the store if it was opened.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        using (_socket)
        {
            if (IsFirst())
                _server.SetResult(null);
            else if (await _server.Task is { } server)
                await (await server).DisposeAsync();
        }
    }

    /// <summary>Either a connection begins the server or the end comes before one: whoever asks first decides.</summary>
    private bool IsFirst() => Interlocked.Exchange(ref _isDecided, 1) == 0;

    /// <summary>The first connection has come. No task waits for it, and its end throws nothing: most runs see none, and both would cost them milliseconds.</summary>
    private void Begin(SocketAsyncEventArgs first)
    {
        using (first)
        {
            if (!IsFirst())
                first.AcceptSocket?.Dispose();
            else if (first.SocketError == SocketError.Success)
                _server.SetResult(StartServerAsync(first.AcceptSocket!));
            else
                _server.SetException(new SocketException((int)first.SocketError));
        }
    }

    /// <summary>Apart, so that nothing of ASP.NET is loaded before it is needed.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private async Task<IAsyncDisposable> StartServerAsync(Socket first) => await EmbeddedServer.StartAsync(_options, _socket, first);
}
