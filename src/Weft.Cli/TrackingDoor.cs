using System.Globalization;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using Weft.Cli.Commands;
using Weft.Server.Embedded;
using Weft.Tracking;
using Weft.Values;

namespace Weft.Cli;

/// <summary>
/// The tracking endpoint of an execution that this process runs. Its port and secret are kept in the run folder, readable by the user only, so
/// that who goes on with the execution of a killed process answers its programs at the same address.
/// </summary>
internal sealed class TrackingDoor : IDisposable
{
    private const string FileName = "tracking";

    private readonly string _folder;
    private readonly Lazy<ITrackingEndpoint>? _endpoint;

    /// <summary>
    /// Nothing listens before the first attempt asks for its variables. A server that the user had set stays the one that answers, and a copy is kept
    /// here; nothing listens at all when programs are to log into a folder or a database of the user's.
    /// </summary>
    /// <param name="folder">The execution's run folder.</param>
    /// <param name="runsFolder">Where artifacts of programs go, absolute.</param>
    /// <param name="secrets">The names of secrets that its tasks are given.</param>
    public TrackingDoor(ProjectStore store, string folder, string runsFolder, IReadOnlyCollection<string> secrets, Session session)
    {
        _folder = folder;
        SayWhere(session);
        if (session.Surroundings.Variable("MLFLOW_TRACKING_URI") is not { } other || IsServer(other))
            _endpoint = new Lazy<ITrackingEndpoint>(() => Listen(store, folder, runsFolder, secrets, session.Surroundings));
    }

    /// <summary>Names the place where the user wants programs to log, if there is one.</summary>
    public static void SayWhere(Session session)
    {
        if (session.Surroundings.Variable("MLFLOW_TRACKING_URI") is { } other)
            session.Say(IsServer(other) ? $"programs log to {Shown(other)}, as MLFLOW_TRACKING_URI says, and a copy is kept" : $"programs log to {other}, as MLFLOW_TRACKING_URI says");
    }

    /// <summary>Listens at once when programs of a process before this one may still run. The execution must be taken.</summary>
    public void Reopen()
    {
        if (File.Exists(Path.Combine(_folder, FileName)))
            _ = _endpoint?.Value;
    }

    public IEnumerable<KeyValuePair<string, string>> Variables(AttemptId attempt, string experiment) => _endpoint?.Value.Variables(attempt, experiment) ?? [];

    public void Dispose()
    {
        if (_endpoint is { IsValueCreated: true })
            _endpoint.Value.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    /// <summary>Apart, so that nothing of the server is loaded where it is not wanted.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static EmbeddedEndpoint Listen(ProjectStore store, string folder, string runsFolder, IReadOnlyCollection<string> secrets, Surroundings surroundings)
    {
        (int port, byte[] secret) = Read(folder) ?? (0, AttemptTokens.NewSecret());
        var options = new EmbeddedOptions
        {
            Port = port,
            Tokens = new AttemptTokens(secret),
            RunsFolder = runsFolder,
            OpenStore = () => TrackingStore.Open(ProjectStore.DatabaseOf(store.Root), new TrackingOptions(runsFolder), store.Clock),
            Clock = store.Clock,
            Primary = ReadPrimary(surroundings),
            Secrets = () => secrets.Select(name => SecretCommands.ValueOf(store.Root, name, surroundings)).OfType<string>(),
            NamesExperiment = surroundings.Variable("MLFLOW_TRACKING_URI") is null
                || (surroundings.Variable("MLFLOW_EXPERIMENT_NAME") ?? surroundings.Variable("MLFLOW_EXPERIMENT_ID")) is null,
        };
        EmbeddedEndpoint endpoint;
        try
        {
            endpoint = EmbeddedEndpoint.Open(options);
        }
        catch (SocketException) when (port != 0)
        {
            // Somebody took the port meanwhile: programs that still run lose their endpoint, new ones get another.
            endpoint = EmbeddedEndpoint.Open(options with { Port = 0 });
        }
        if (endpoint.Address.Port != port)
            Write(folder, endpoint.Address.Port, secret);
        return endpoint;
    }

    /// <summary>The server that the user had set, with what MLflow's clients would send it.</summary>
    private static Primary? ReadPrimary(Surroundings surroundings)
    {
        if (surroundings.Variable("MLFLOW_TRACKING_URI") is not { } uri)
            return null;
        string? authorization = surroundings.Variable("MLFLOW_TRACKING_TOKEN") is { } token ? "Bearer " + token : null;
        if (surroundings.Variable("MLFLOW_TRACKING_USERNAME") is { } name && surroundings.Variable("MLFLOW_TRACKING_PASSWORD") is { } password)
            authorization = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{password}"));
        return new Primary(new Uri(uri))
        {
            Authorization = authorization,
            AllowsAnyCertificate = surroundings.Variable("MLFLOW_TRACKING_INSECURE_TLS") is "true" or "1",
        };
    }

    /// <summary>Whether a tracking URI names a server, and not a folder or a database.</summary>
    private static bool IsServer(string uri) => Uri.TryCreate(uri, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https";

    /// <summary>The address without the password that may stand in it.</summary>
    private static string Shown(string uri) => new Uri(uri).GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);

    private static (int Port, byte[] Secret)? Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            return null;
        string[] words = File.ReadAllText(path).Split(' ', StringSplitOptions.TrimEntries);
        return words.Length == 2 && int.TryParse(words[0], out int port) && words[1].Length == 64 ? (port, Convert.FromHexString(words[1])) : null;
    }

    private static void Write(string folder, int port, byte[] secret)
    {
        Directory.CreateDirectory(folder);
        string part = Path.Combine(folder, FileName + ".part");
        File.Delete(part);
        using (var file = new FileStream(part, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            file.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{port} {Convert.ToHexStringLower(secret)}\n")));
        }
        File.Move(part, Path.Combine(folder, FileName), overwrite: true);
    }
}
