using System.Net;
using System.Security.Cryptography.X509Certificates;
using Weft.Text;
using Weft.Tracking;

namespace Weft.Server;

/// <summary>What <c>weft server</c> is started with.</summary>
public sealed record ServerOptions
{
    /// <summary>The records: a SQLite file in an existing folder, or <c>postgresql://USER@HOST/DATABASE</c>.</summary>
    public required string Database { get; init; }

    /// <summary>The state folder of the project whose executions are told, <c>.weft</c>; null: none.</summary>
    public string? StateFolder { get; init; }

    /// <summary>Where locks of this machine live; needed with <see cref="StateFolder"/>.</summary>
    public string RuntimeFolder { get; init; } = "";

    /// <summary>Where proxied artifacts lie: a folder, made when it is first needed, or <c>s3://BUCKET/FOLDER</c>.</summary>
    public required string ArtifactFolder { get; init; }

    /// <summary>The environment, where the address and keys of S3 may stand. Default: empty.</summary>
    public Func<string, string?> Variable { get; init; } = static _ => null;

    /// <summary>Where to listen. Default: loopback, port 5000; port 0 takes a free one.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 5000);

    /// <summary>Who may call.</summary>
    public Access Access { get; init; } = new Access.Open();

    /// <summary>The certificate of TLS; null: plain HTTP.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>Beyond loopback, plain HTTP is an explicit wish: something before the server ends TLS.</summary>
    public bool AllowsPlainHttp { get; init; }

    /// <summary>The path that a reverse proxy puts before all others, such as <c>/mlflow</c>; empty: none.</summary>
    public string PathPrefix { get; init; } = "";

    /// <summary>Where experiments put artifacts unless they say otherwise. Default: through this server.</summary>
    public string ArtifactRoot { get; init; } = "mlflow-artifacts:/";

    /// <summary>Whether artifacts go through this server (<c>--no-serve-artifacts</c>).</summary>
    public bool ServesArtifacts { get; init; } = true;

    /// <summary>Host names that clients may call the server by, beside local and private ones; <c>*</c> matches any run of characters.</summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>Origins of web pages that may call, beside local ones.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>Whether hosts and origins are checked at all. Default true.</summary>
    public bool ChecksHosts { get; init; } = true;

    /// <summary>The value of X-Frame-Options; null: the header is not sent.</summary>
    public string? FrameOptions { get; init; } = "SAMEORIGIN";

    /// <summary>Whether over-long params and tags are cut, as MLflow does by default, or refused.</summary>
    public bool TruncatesLongValues { get; init; } = true;

    /// <summary>The longest body of any request in bytes; null: no limit but that of JSON.</summary>
    public long? LongestBody { get; init; }

    /// <summary>How many requests a second each address may send; null: no limit.</summary>
    public int? MostPerSecond { get; init; }

    /// <summary>How long a client may take to send its headers. Default 15 s.</summary>
    public TimeSpan HeadersTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long requests under way may take to end when the server stops. Default 5 s.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Whether clients may have a new experiment keep its files in this folder of the server's machine: anywhere when the server answers the
    /// programs of one user, otherwise below its own places. Whoever names a folder may read and write it through the server.
    /// </summary>
    internal bool Opens(string folder) =>
        (IPAddress.IsLoopback(Listen.Address) && Access is not Access.Users)
        || new[] { ArtifactFolder, ArtifactRoot }.Any(own => Locations.IsLocal(own) && Locations.IsBelow(folder, Locations.PathOf(own)));

    /// <summary>What is wrong with the options taken together.</summary>
    public Diagnostics Check()
    {
        var diagnostics = new Diagnostics();
        bool isLocal = IPAddress.IsLoopback(Listen.Address);
        if (!isLocal && Access is Access.Open)
        {
            diagnostics.Error("server/open-beyond-loopback", $"a server on {Listen} can be reached from other machines and must ask who calls",
                hint: "give it a token or users, or listen on 127.0.0.1");
        }
        if (!isLocal && Certificate is null && !AllowsPlainHttp)
        {
            diagnostics.Error("server/plain-http", $"a server on {Listen} would send tokens in the clear",
                hint: "give it a certificate, or say that a proxy before it ends TLS");
        }
        if (PathPrefix.Length > 0 && (!PathPrefix.StartsWith('/') || PathPrefix.EndsWith('/')))
            diagnostics.Error("server/path-prefix", $"the path prefix `{PathPrefix}` must start with a slash and end without one");
        return diagnostics;
    }
}

/// <summary>Who may call a server.</summary>
public abstract record Access
{
    private Access()
    {
    }

    /// <summary>Everybody who reaches the port; on loopback only.</summary>
    public sealed record Open : Access;

    /// <summary>Accounts of the database; who knows the token may do everything.</summary>
    /// <param name="Default">What an account may do where nothing else was granted.</param>
    public sealed record Users(string ServerToken, Permission Default) : Access;

    /// <summary>Who knows the token: as a bearer token, or as the password of basic authentication under any name.</summary>
    public sealed record Token(string Value) : Access;
}
