using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Weft.Server.Http;
using Weft.Secrets;
using Weft.Tracking;

namespace Weft.Server.Embedded;

/// <summary>The server behind <see cref="EmbeddedEndpoint"/>, started on a socket that listens already.</summary>
internal sealed class EmbeddedServer : IAsyncDisposable
{
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(2);

    private readonly IServer _kestrel;
    private readonly TrackingStore _store;
    private readonly Tee? _tee;
    private readonly TimeProvider _clock;

    private EmbeddedServer(IServer kestrel, TrackingStore store, Tee? tee, TimeProvider clock)
    {
        _tee = tee;
        _kestrel = kestrel;
        _store = store;
        _clock = clock;
    }

    /// <param name="first">A connection that was accepted already.</param>
    public static async Task<EmbeddedServer> StartAsync(EmbeddedOptions options, Socket listening, Socket first)
    {
        TrackingStore store = options.OpenStore();
        var server = new ServerOptions
        {
            Database = "",
            ArtifactFolder = options.RunsFolder,
            Access = new Access.Token(""),
        };
        Gate gate = http => Gates.Secret(http.Request).Secret is { } token && options.Tokens.Read(token) is { } attempt ? new Caller(attempt.ToString(), attempt) : null;
        string[] secrets = [.. options.Secrets()];
        var application = new Application(server, store, gate, options.Clock, NullLogger.Instance, options.Primary)
        {
            Layout = new RunsFolder(options.RunsFolder),
            Mask = secrets.Length == 0 ? null : Mask.Of(secrets),
        };
        IServer kestrel = WeftServer.MakePlain(new HandedSocket(listening, first), NullLoggerFactory.Instance, listening.LocalEndPoint!, server);
        await kestrel.StartAsync(application, CancellationToken.None);
        return new EmbeddedServer(kestrel, store, application.Tee, options.Clock);
    }

    public Task CopiedAsync() => _tee?.CopiedAsync() ?? Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        using var grace = new CancellationTokenSource(s_grace, _clock);
        await _kestrel.StopAsync(grace.Token);
        _kestrel.Dispose();
        if (_tee is { } tee)
            await tee.DisposeAsync();
        await _store.DisposeAsync();
    }

    /// <summary>A transport for Kestrel over a socket that somebody else bound, and one connection that came before.</summary>
    private sealed class HandedSocket(Socket listening, Socket first) : IConnectionListenerFactory, IConnectionListener
    {
        private readonly SocketConnectionContextFactory _connections = new(new SocketConnectionFactoryOptions(), NullLogger.Instance);
        private readonly CancellationTokenSource _unbound = new();
        private Socket? _first = first;

        public EndPoint EndPoint => listening.LocalEndPoint!;

        public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => new(this);

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (true)
            {
                try
                {
                    Socket socket = Interlocked.Exchange(ref _first, null) ?? await listening.AcceptAsync(_unbound.Token);
                    socket.NoDelay = true;
                    return _connections.Create(socket);
                }
                catch (OperationCanceledException)
                {
                    return null;
                }
                catch (ObjectDisposedException)
                {
                    return null;
                }
                catch (SocketException)
                {
                    // This connection was reset before it was accepted; the next one is another.
                }
            }
        }

        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default) => await _unbound.CancelAsync();

        public ValueTask DisposeAsync()
        {
            _connections.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
