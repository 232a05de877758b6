using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Weft.Support;

namespace Weft.S3.Tests;

/// <summary>
/// A real S3 server for all tests of this process, on loopback, gone with the process, however that ends: s3rver, installed from npm into <c>artifacts/</c> by the
/// first run; or, where <c>WEFT_TEST_S3</c> is <c>swift</c>, OpenStack Swift with its S3 interface, from Debian's packages.
/// </summary>
internal sealed class S3Server
{
    public const string Bucket = "weft-tests";

    private static readonly Lazy<S3Server> s_shared = new(() => IsSwift ? StartSwift() : StartS3rver());

    private static bool IsSwift => Environment.GetEnvironmentVariable("WEFT_TEST_S3") == "swift";

    /// <summary>Held, since its input is closed with it.</summary>
    private readonly Process _keeper;

    private S3Server(Process keeper, int port, string accessKey, string secretKey)
    {
        _keeper = keeper;
        Options = new S3Options(new Uri($"http://127.0.0.1:{port}"), AccessKey: accessKey, SecretKey: secretKey);
    }

    /// <summary>Whether the server can tell which uploads were begun.</summary>
    public static bool ListsUploads => IsSwift;

    public static S3Server Shared => s_shared.Value;

    public bool IsRunning => !_keeper.HasExited;

    public S3Options Options { get; }

    /// <summary>The same as variables of the environment.</summary>
    public string? Variable(string name) => name switch
    {
        "MLFLOW_S3_ENDPOINT_URL" => Options.Endpoint!.ToString(),
        "AWS_ACCESS_KEY_ID" => Options.AccessKey,
        "AWS_SECRET_ACCESS_KEY" => Options.SecretKey,
        _ => null,
    };

    public IEnumerable<KeyValuePair<string, string?>> Variables => ((string[])["MLFLOW_S3_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]).Select(name => KeyValuePair.Create(name, Variable(name)));

    private static S3Server StartS3rver()
    {
        string program = Install();
        string data = Directory.CreateTempSubdirectory("weft-s3-").FullName;
        // Its page tokens need a cipher that OpenSSL 3 keeps apart. The shell waits for the end of its input, which is the end of this process, and
        // stops the server then.
        string script = $"node --openssl-legacy-provider '{program}' -d '{data}' -a 127.0.0.1 -p 0 --silent --configure-bucket {Bucket} & server=$!; exec >/dev/null; read -r _; kill $server; wait $server; rm -rf '{data}'";
        (Process keeper, int port) = Start("-c", script);
        return new S3Server(keeper, port, "S3RVER", "S3RVER");
    }

    private static S3Server StartSwift()
    {
        string folder = Directory.CreateTempSubdirectory("weft-swift-").FullName;
        (Process keeper, int port) = Start(Repository.Path("tests/Weft.S3.Tests/server/swift.sh"), folder, FreePorts(5).ToString(CultureInfo.InvariantCulture));
        var server = new S3Server(keeper, port, "weft:tests", "secret");
        using var bucket = new S3Folder(new S3Location(Bucket, ""), server.Options, TimeProvider.System);
        bucket.Client.PutBucketAsync(Bucket).GetAwaiter().GetResult();
        return server;
    }

    /// <summary>Starts a shell that says on which port its server listens, and ends with its input.</summary>
    private static (Process Keeper, int Port) Start(params string[] arguments)
    {
        Process keeper = Process.Start(new ProcessStartInfo("sh", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        while (keeper.StandardOutput.ReadLine() is { } line)
        {
            string last = line[(line.LastIndexOfAny([':', ' ']) + 1)..];
            if (line.Contains("listening on", StringComparison.Ordinal) && int.TryParse(last, CultureInfo.InvariantCulture, out int port))
                return (keeper, port);
        }
        throw new InvalidOperationException($"`sh {string.Join(' ', arguments)}` did not start a server");
    }

    /// <summary>The first of some ports in a row that nobody uses now.</summary>
    private static int FreePorts(int count)
    {
        while (true)
        {
            using var first = new TcpListener(IPAddress.Loopback, 0);
            first.Start();
            int port = ((IPEndPoint)first.LocalEndpoint).Port;
            if (port + count <= 65_535 && Enumerable.Range(port + 1, count - 1).All(IsFree))
                return port;
        }
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static string Install()
    {
        string folder = Repository.Path("artifacts/s3rver");
        string program = Path.Combine(folder, "node_modules/s3rver/bin/s3rver.js");
        if (File.Exists(program))
            return program;
        Directory.CreateDirectory(folder);
        foreach (string file in Directory.GetFiles(Repository.Path("tests/Weft.S3.Tests/server"), "package*.json"))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        using Process npm = Process.Start(new ProcessStartInfo("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]) { WorkingDirectory = folder, RedirectStandardOutput = true })!;
        string output = npm.StandardOutput.ReadToEnd();
        npm.WaitForExit();
        return npm.ExitCode == 0 ? program : throw new InvalidOperationException($"npm ci failed: {output}");
    }
}
