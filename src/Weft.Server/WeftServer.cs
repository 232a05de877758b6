using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Weft.Server.Http;
using Weft.Server.Rest;
using Weft.Tracking;

namespace Weft.Server;

/// <summary>
/// A running tracking server: Kestrel without a host or container, so that its first answer comes soon after the start.
/// <code>
/// await WeftServer.RunAsync(new ServerOptions { Database = "weft.db", ArtifactFolder = "mlartifacts" }, loggers, stop);
/// </code>
/// </summary>
public sealed class WeftServer : IAsyncDisposable
{
    private readonly IServer _kestrel;
    private readonly TrackingStore _store;
    private readonly ProjectViews? _project;
    private readonly TimeSpan _grace;
    private readonly TimeProvider _clock;

    private WeftServer(IServer kestrel, TrackingStore store, ProjectViews? project, ServerOptions options, TimeProvider clock)
    {
        _project = project;
        _kestrel = kestrel;
        _store = store;
        _grace = options.Grace;
        _clock = clock;
        string address = kestrel.Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Address = new Uri(address + options.PathPrefix);
    }

    /// <summary>Where clients reach it: what belongs into MLFLOW_TRACKING_URI.</summary>
    public Uri Address { get; }

    public TrackingStore Store => _store;

    /// <summary>Opens the store and listens; returns as soon as requests are answered.</summary>
    /// <param name="options">Must have passed <see cref="ServerOptions.Check"/>.</param>
    public static async Task<WeftServer> StartAsync(ServerOptions options, ILoggerFactory loggers, TimeProvider clock, CancellationToken cancel)
    {
        TrackingStore store = Stores.Open(options.Database, new TrackingOptions(options.ArtifactRoot, options.TruncatesLongValues), clock);
        try
        {
            var application = new Application(options, store, Gates.Of(options.Access, store, clock), clock, loggers.CreateLogger("Weft.Server"))
            {
                Project = options.StateFolder is { } state ? new ProjectViews(state, options.RuntimeFolder, options.Variable, clock) : null,
            };
            IServer kestrel = options.Certificate is { } certificate
                ? MakeSecure(options, certificate)
                : MakePlain(new SocketTransportFactory(Options.Create(new SocketTransportOptions()), loggers), loggers, options.Listen, options);
            await kestrel.StartAsync(application, cancel);
            return new WeftServer(kestrel, store, application.Project, options, clock);
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    /// <summary>Serves until it is cancelled, then lets requests under way end.</summary>
    /// <param name="started">Told the address once requests are answered.</param>
    public static async Task RunAsync(ServerOptions options, ILoggerFactory loggers, TimeProvider clock, Action<Uri> started, CancellationToken stop)
    {
        await using WeftServer server = await StartAsync(options, loggers, clock, stop);
        started(server.Address);
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration registration = stop.Register(stopped.SetResult);
        await stopped.Task;
    }

    /// <summary>Stops listening, lets requests under way end within the grace time, and closes the store.</summary>
    public async ValueTask DisposeAsync()
    {
        using var grace = new CancellationTokenSource(_grace, _clock);
        await _kestrel.StopAsync(grace.Token);
        _kestrel.Dispose();
        _project?.Dispose();
        await _store.DisposeAsync();
    }

    /// <summary>Kestrel by itself.</summary>
    internal static KestrelServer MakePlain(IConnectionListenerFactory transport, ILoggerFactory loggers, EndPoint listen, ServerOptions options)
    {
        var kestrel = new KestrelServerOptions();
        Limit(kestrel, options);
        kestrel.Listen(listen);
        return new KestrelServer(Options.Create(kestrel), transport, loggers);
    }

    /// <summary>Kestrel with TLS, whose parts can only be had from a container.</summary>
    private static IServer MakeSecure(ServerOptions options, X509Certificate2 certificate)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            Limit(kestrel, options);
            kestrel.Listen(options.Listen, endpoint => endpoint.UseHttps(certificate));
        });
        return builder.Build().Services.GetRequiredService<IServer>();
    }

    private static void Limit(KestrelServerOptions kestrel, ServerOptions options)
    {
        kestrel.AddServerHeader = false;
        // Artifacts may be of any size unless said otherwise; JSON has its own limit (Call). Slow senders of bodies are dropped by Kestrel's minimum data rates.
        kestrel.Limits.MaxRequestBodySize = options.LongestBody;
        kestrel.Limits.RequestHeadersTimeout = options.HeadersTimeout;
        kestrel.Limits.MaxRequestHeadersTotalSize = 64 * 1024;
        kestrel.Limits.MaxRequestLineSize = 64 * 1024;
    }
}
