using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Weft.Cli.CommandLine;
using Weft.Dialects;
using Weft.Platform;
using Weft.Server;
using Weft.Text;
using Weft.Tracking;

namespace Weft.Cli.Commands;

/// <summary><c>weft server</c>: the project's records for MLflow's clients. Only this command loads ASP.NET.</summary>
internal static class ServerCommand
{
    private static readonly Flag Host = new("host", null, "ADDRESS", "where to listen; 127.0.0.1 unless given");
    private static readonly Flag Port = new("port", 'p', "N", "the port; 5000 unless given, 0 takes a free one");
    private static readonly Flag IsOpen = new("open", null, null, "ask nobody for a token; on loopback only");
    private static readonly Flag TokenFile = new("token-file", null, "FILE", "the token that clients must send; .weft/server-token unless given, made when it is not there");
    private static readonly Flag ArtifactRoot = new("default-artifact-root", null, "URI", "where new experiments put artifacts; through the server unless given");
    private static readonly Flag NoArtifacts = new("no-serve-artifacts", null, null, "do not pass artifacts through the server");
    private static readonly Flag Prefix = new("path-prefix", null, "PATH", "the path that a proxy puts before all others") { Aliases = ["static-prefix"] };
    private static readonly Flag Hosts = new("allowed-hosts", null, "NAMES", "names that clients may call the server by, with commas; * matches anything");
    private static readonly Flag Origins = new("cors-allowed-origins", null, "ORIGINS", "web pages that may call, with commas");
    private static readonly Flag Certificate = new("tls-certificate", null, "FILE", "a PEM file with the certificate");
    private static readonly Flag CertificateKey = new("tls-key", null, "FILE", "a PEM file with its key");
    private static readonly Flag PlainHttp = new("plain-http", null, null, "listen beyond loopback without TLS: a proxy before the server ends it");

    private static readonly Flag FrameOptions = new("x-frame-options", null, "VALUE", "the header X-Frame-Options; SAMEORIGIN unless given, NONE sends none");
    private static readonly Flag DefaultPermission = new("default-permission", null, "LEVEL", "what users may do where nothing else was granted: none, read, use, edit or manage; read unless given");
    private static readonly Flag MostPerSecond = new("rate-limit", null, "N", "requests a second that each address may send; no limit unless given");
    private static readonly Flag LongestBody = new("max-body", null, "BYTES", "the longest file or request; no limit unless given");

    private static readonly Flag AccessLog = new("access-log", null, null, "a line of JSON for every request, on standard error");

    public static readonly Command Command = new("server", "answer MLflow's clients from the project's records", "",
        [FrameOptions, DefaultPermission, MostPerSecond, LongestBody, AccessLog, Host, Port, IsOpen, TokenFile, StoreChoice.Flag, StoreChoice.Artifacts, ArtifactRoot, NoArtifacts, Prefix, Hosts, Origins, Certificate, CertificateKey, PlainHttp], Run)
    {
        Count = (0, 0),
        Examples =
        [
            ("weft server --open", "for the programs of this machine, without a token"),
            ("MLFLOW_TRACKING_TOKEN=$(cat .weft/server-token) python train.py", "a client of a server with a token"),
        ],
    };

    private static int Run(Arguments arguments, Session session) => Serve(arguments, session, RootOf(arguments, session));

    /// <summary>Apart, so that other commands never load what it names.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Serve(Arguments arguments, Session session, string root)
    {
        ServerOptions options = ReadOptions(arguments, session, root);
        Diagnostics wrong = options.Check();
        if (wrong.HasErrors)
            throw new DiagnosticException(wrong);
        using var stop = new CancellationTokenSource();
        using PosixSignalRegistration interrupt = On(PosixSignal.SIGINT, stop);
        using PosixSignalRegistration terminate = On(PosixSignal.SIGTERM, stop);
        using var log = new LineLog(session.Error, TimeProvider.System, arguments.Has(AccessLog) ? LogLevel.Information : LogLevel.Warning);
        try
        {
            WeftServer.RunAsync(options, log, TimeProvider.System, address => Announce(session, address, options), stop.Token).GetAwaiter().GetResult();
            return ExitCodes.Succeeded;
        }
        catch (IOException e) when (e.InnerException is SocketException or InvalidOperationException)
        {
            throw new DiagnosticException("server/address", $"cannot listen on {options.Listen}: {e.Message}", null, "choose another with `--port`, or 0 for a free one");
        }
    }

    private static void Announce(Session session, Uri address, ServerOptions options)
    {
        session.Out.WriteLine(address.ToString().TrimEnd('/'));
        session.Out.Flush();
        string store = Stores.Show(options.Database);
        session.Say(options.Access is Access.Open ? $"serving {store}; Ctrl+C stops" : $"serving {store} to its users, and to who sends its token as MLFLOW_TRACKING_TOKEN; Ctrl+C stops");
    }

    private static ServerOptions ReadOptions(Arguments arguments, Session session, string root)
    {
        string host = arguments.Value(Host) ?? "127.0.0.1";
        if (!IPAddress.TryParse(host == "localhost" ? "127.0.0.1" : host, out IPAddress? address))
            throw new DiagnosticException("cli/bad-address", $"`--host` takes an IP address, found `{host}`", arguments.SourceOf(Host)?.Whole, "0.0.0.0 listens on all");
        return new ServerOptions
        {
            Database = StoreChoice.Of(arguments, session, root),
            ArtifactFolder = StoreChoice.ArtifactFolder(arguments, root),
            StateFolder = ProjectStore.FolderOf(root),
            RuntimeFolder = Machine.RuntimeFolder(session.Surroundings.Variable("XDG_RUNTIME_DIR")),
            Variable = session.Surroundings.Variable,
            Listen = new IPEndPoint(address, arguments.Int(Port, 0) ?? 5000),
            Access = ReadAccess(arguments, root),
            FrameOptions = arguments.Value(FrameOptions) is { } frame ? (frame.Equals("NONE", StringComparison.OrdinalIgnoreCase) ? null : frame) : "SAMEORIGIN",
            MostPerSecond = arguments.Int(MostPerSecond, 1),
            LongestBody = arguments.Int(LongestBody, 1),
            Certificate = arguments.Value(Certificate) is { } pem ? X509Certificate2.CreateFromPemFile(pem, arguments.Value(CertificateKey)) : null,
            AllowsPlainHttp = arguments.Has(PlainHttp),
            PathPrefix = arguments.Value(Prefix) ?? "",
            ArtifactRoot = arguments.Value(ArtifactRoot) ?? (arguments.Has(NoArtifacts) ? Path.Combine(root, "mlruns") : "mlflow-artifacts:/"),
            ServesArtifacts = !arguments.Has(NoArtifacts),
            AllowedHosts = Words(arguments.Value(Hosts) ?? session.Surroundings.Variable("MLFLOW_SERVER_ALLOWED_HOSTS")),
            AllowedOrigins = Words(arguments.Value(Origins) ?? session.Surroundings.Variable("MLFLOW_SERVER_CORS_ALLOWED_ORIGINS")),
            ChecksHosts = !string.Equals(session.Surroundings.Variable("MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE"), "true", StringComparison.OrdinalIgnoreCase),
        };
    }

    /// <summary>The project that a command of the server works on; its records are made when they are not there.</summary>
    internal static string RootOf(Arguments arguments, Session session)
    {
        string folder = Launch.WorkingFolder(arguments, session);
        string root = Project.FindRoot(folder) ?? folder;
        if (!ProjectStore.Exists(root))
            ProjectStore.Open(root, session).Dispose();
        return root;
    }

    /// <summary>Users, beside the token of the server itself.</summary>
    private static Access ReadAccess(Arguments arguments, string root)
    {
        if (arguments.Has(IsOpen))
            return new Access.Open();
        string token = ReadToken(Path.GetFullPath(arguments.Value(TokenFile) ?? Path.Combine(ProjectStore.FolderOf(root), "server-token"), root));
        string level = arguments.Value(DefaultPermission) ?? "read";
        if (!Enum.TryParse(level, ignoreCase: true, out Permission permission) || !Enum.IsDefined(permission))
            throw new DiagnosticException("server/permission", $"no permission `{level}`", arguments.SourceOf(DefaultPermission)?.Whole, "one of none, read, use, edit, manage");
        return new Access.Users(token, permission);
    }

    /// <summary>The token of a file that only the user may read; made when it is not there.</summary>
    private static string ReadToken(string path)
    {
        if (!File.Exists(path))
        {
            using var file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
            file.Write(System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24))}\n")));
        }
        string token = File.ReadAllText(path).Trim();
        return token.Length > 0 ? token : throw new DiagnosticException("server/empty-token", $"the token file `{path}` is empty", null, "remove it, and a new token is made");
    }

    private static string[] Words(string? list) => list?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];

    private static PosixSignalRegistration On(PosixSignal signal, CancellationTokenSource stop) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        stop.Cancel();
    });
}
