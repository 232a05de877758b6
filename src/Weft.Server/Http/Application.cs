using System.Diagnostics;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Weft.Records;
using Weft.Server.Artifacts;
using Weft.Server.Embedded;
using Weft.Server.Mlflow;
using Weft.Server.Rest;
using Weft.Secrets;
using Weft.Tracking;

namespace Weft.Server.Http;

/// <summary>
/// The server behind Kestrel, without a host, middleware or container: checks who calls from where, finds the route, runs it, and turns what
/// it refuses into MLflow's error bodies.
/// </summary>
internal sealed partial class Application : IHttpApplication<HttpContext>
{
    private static readonly Router s_router = new([.. Routes.All, .. RestRoutes.ForRouter()]);

    private readonly HostRules _hosts;
    private readonly Gate _gate;
    private readonly RateLimit? _rate;
    private readonly long _started;
    private readonly ILogger _log;

    public Application(ServerOptions options, TrackingStore store, Gate gate, TimeProvider clock, ILogger log, Primary? primary = null)
    {
        Options = options;
        _hosts = new HostRules(options);
        _gate = gate;
        _rate = options.MostPerSecond is { } most ? new RateLimit(most, clock) : null;
        _log = log;
        Store = store;
        Clock = clock;
        _started = clock.GetTimestamp();
        Artifacts = new ArtifactStore(options.ArtifactFolder, options.ArtifactRoot, options.ServesArtifacts, options.Variable, clock);
        Tee = primary is null ? null : new Tee(primary, this);
    }

    public ServerOptions Options { get; }

    public TrackingStore Store { get; }

    public ArtifactStore Artifacts { get; }

    public TimeProvider Clock { get; }

    /// <summary>The executions of the project that is served; null: there is none.</summary>
    public ProjectViews? Project { get; init; }

    /// <summary>Covers secrets of the programs that send something; null: they have none.</summary>
    public Mask? Mask { get; init; }

    public RequestCounts Counts { get; } = new();

    /// <summary>Where runs are mirrored in MLflow's file layout; null: nowhere.</summary>
    public RunsFolder? Layout { get; init; }

    /// <summary>The server that answers in place of the records while it can; null: there is none.</summary>
    public Tee? Tee { get; }

    public TimeSpan Uptime => Clock.GetElapsedTime(_started);

    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public void DisposeContext(HttpContext context, Exception? exception)
    {
    }

    /// <summary>One activity a request, for whoever listens.</summary>
    private static readonly ActivitySource s_activities = new("Weft.Server");

    public async Task ProcessRequestAsync(HttpContext context)
    {
        string path = PathOf(context);
        using Activity? activity = s_activities.HasListeners() ? Begin(context, path) : null;
        var call = new Call(context, this, path);
        long start = Clock.GetTimestamp();
        try
        {
            await AnswerAsync(call);
        }
        catch (TrackingException refused) when (!context.Response.HasStarted)
        {
            await ErrorAnswer.SendAsync(call, refused);
        }
        catch (DatabaseException busy) when (busy.Fault == DatabaseFault.Busy && !context.Response.HasStarted)
        {
            await ErrorAnswer.SendAsync(call, new TrackingException(TrackingError.TemporarilyUnavailable, busy.Message));
        }
        catch (BadHttpRequestException bad) when (!context.Response.HasStarted)
        {
            await call.TextAsync(bad.Message, bad.StatusCode);
        }
        catch (Exception e) when (context.RequestAborted.IsCancellationRequested || e is Microsoft.AspNetCore.Connections.ConnectionResetException)
        {
            // The client went away; there is nobody to answer.
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            Log.Failed(_log, context.Request.Method, path, e);
            await ErrorAnswer.SendAsync(call, new TrackingException(TrackingError.InternalError, $"{e.GetType().Name}: {e.Message}"));
        }
        finally
        {
            TimeSpan took = Clock.GetElapsedTime(start);
            Counts.Add(context.Response.StatusCode, took);
            activity?.SetTag("http.response.status_code", context.Response.StatusCode);
            if (_log.IsEnabled(LogLevel.Information))
                Log.Answered(_log, context.Request.Method, path, context.Response.StatusCode, took.TotalMilliseconds, call.Caller.Name);
            call.Release();
        }
    }

    /// <summary>Under the trace that the client says it belongs to; the names are those of OpenTelemetry's conventions.</summary>
    private static Activity? Begin(HttpContext context, string path)
    {
        ActivityContext.TryParse(context.Request.Headers.TraceParent, context.Request.Headers.TraceState, isRemote: true, out ActivityContext parent);
        Activity? activity = s_activities.StartActivity(context.Request.Method, ActivityKind.Server, parent);
        activity?.SetTag("http.request.method", context.Request.Method).SetTag("url.path", "/" + path);
        return activity;
    }

    private async ValueTask AnswerAsync(Call call)
    {
        HttpRequest request = call.Http.Request;
        IHeaderDictionary headers = call.Http.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        if (Options.FrameOptions is { } frame)
            headers.XFrameOptions = frame;
        bool isProbe = call.Path is "health" or "version" or "healthz";
        if (!isProbe && !_hosts.AllowsHost(request.Host.Value ?? ""))
        {
            await call.TextAsync("Invalid Host header - possible DNS rebinding attack detected", 403);
            return;
        }
        bool isApi = call.Path.StartsWith("api/", StringComparison.Ordinal) || call.Path.StartsWith("ajax-api/", StringComparison.Ordinal);
        if (_hosts.IsForged(request, isApi || call.Path.StartsWith("v1/", StringComparison.Ordinal)))
        {
            await call.TextAsync("Cross-origin request blocked", 403);
            return;
        }
        _hosts.AddHeaders(request, call.Http.Response);
        if (request.Method == "OPTIONS")
        {
            call.Http.Response.StatusCode = 204;
            return;
        }
        if (!isProbe && _rate?.TryTake(call.Http.Connection.RemoteIpAddress?.ToString() ?? "") == false)
        {
            headers.RetryAfter = "1";
            throw new TrackingException(TrackingError.RequestLimitExceeded, $"More than {Options.MostPerSecond} requests a second from this address");
        }
        if (!isProbe)
        {
            if (_gate(call.Http) is not { } caller)
            {
                headers.WWWAuthenticate = "Basic realm=\"mlflow\"";
                await call.TextAsync("You are not authenticated. Send a bearer token, or a user name and password.", 401);
                return;
            }
            call.Caller = caller;
        }
        if (Tee is not { } tee || call.Path is "health" or "healthz" or "metrics" || !await tee.TryAnswerAsync(call))
            await DispatchAsync(call);
    }

    private static async ValueTask DispatchAsync(Call call)
    {
        string verb = call.Http.Request.Method == "HEAD" ? "GET" : call.Http.Request.Method;
        string path = call.Path.StartsWith("ajax-api/", StringComparison.Ordinal) ? call.Path["ajax-".Length..] : call.Path;
        Route? route = s_router.Find(verb, path, out string[] parts, out bool isKnown);
        if (route is null)
        {
            await call.TextAsync(isKnown ? "Method Not Allowed" : "Not Found", isKnown ? 405 : 404);
            return;
        }
        call.Parts = parts;
        if (!call.Caller.MayDoAll)
            await (route.Guard ?? throw Guards.Denied())(call);
        await route.Handle(call);
    }

    /// <summary>
    /// The path as it was sent, without the leading slash and the configured prefix. It is not decoded here: a handler that takes a path of
    /// a file must see its escapes.
    /// </summary>
    private string PathOf(HttpContext context)
    {
        string target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        if (!target.StartsWith('/'))
            target = context.Request.Path.Value ?? "/";
        int query = target.IndexOf('?', StringComparison.Ordinal);
        if (query >= 0)
            target = target[..query];
        if (Options.PathPrefix.Length > 0 && target.StartsWith(Options.PathPrefix + "/", StringComparison.Ordinal))
            target = target[Options.PathPrefix.Length..];
        return target.TrimStart('/');
    }

    private static partial class Log
    {
        [LoggerMessage(2, LogLevel.Information, "{Verb} /{Path} {Status} {Milliseconds:0.0} ms {Caller}")]
        public static partial void Answered(ILogger logger, string verb, string path, int status, double milliseconds, string caller);

        [LoggerMessage(1, LogLevel.Error, "{Verb} {Path} failed")]
        public static partial void Failed(ILogger logger, string verb, string path, Exception failure);
    }
}
