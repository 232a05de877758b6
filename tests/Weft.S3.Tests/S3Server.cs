using System.Diagnostics;
using System.Globalization;
using Weft.Support;

namespace Weft.S3.Tests;

/// <summary>
/// A real S3 server for all tests of this process: s3rver, installed from npm into <c>artifacts/</c> by the first run, on a free port of
/// loopback, gone with the process, however that ends.
/// </summary>
internal sealed class S3Server
{
    public const string Bucket = "weft-tests";

    private static readonly Lazy<S3Server> s_shared = new(Start);

    /// <summary>Held, since its input is closed with it.</summary>
    private readonly Process _keeper;

    private S3Server(Process keeper, Uri address)
    {
        _keeper = keeper;
        Address = address;
    }

    public static S3Server Shared => s_shared.Value;

    public Uri Address { get; }

    public bool IsRunning => !_keeper.HasExited;

    public S3Options Options => new(Address, AccessKey: "S3RVER", SecretKey: "S3RVER");

    /// <summary>The same as variables of the environment.</summary>
    public string? Variable(string name) => name switch
    {
        "MLFLOW_S3_ENDPOINT_URL" => Address.ToString(),
        "AWS_ACCESS_KEY_ID" or "AWS_SECRET_ACCESS_KEY" => "S3RVER",
        _ => null,
    };

    private static S3Server Start()
    {
        string program = Install();
        string data = Directory.CreateTempSubdirectory("weft-s3-").FullName;
        // Its page tokens need a cipher that OpenSSL 3 keeps apart. The shell waits for the end of its input, which is the end of this process, and
        // stops the server then.
        string script = $"node --openssl-legacy-provider '{program}' -d '{data}' -a 127.0.0.1 -p 0 --silent --configure-bucket {Bucket} & server=$!; exec >/dev/null; read -r _; kill $server; wait $server; rm -rf '{data}'";
        Process keeper = Process.Start(new ProcessStartInfo("sh", ["-c", script]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        while (keeper.StandardOutput.ReadLine() is { } line)
        {
            int colon = line.LastIndexOf(':');
            if (line.Contains("listening on", StringComparison.Ordinal) && int.TryParse(line[(colon + 1)..], CultureInfo.InvariantCulture, out int port))
                return new S3Server(keeper, new Uri($"http://127.0.0.1:{port}"));
        }
        throw new InvalidOperationException("s3rver did not start");
    }

    private static string Install()
    {
        string folder = Repository.Path("artifacts/s3rver");
        string program = Path.Combine(folder, "node_modules/s3rver/bin/s3rver.js");
        if (File.Exists(program))
            return program;
        Directory.CreateDirectory(folder);
        foreach (string file in Directory.GetFiles(Repository.Path("tests/Weft.S3.Tests/server")))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        using Process npm = Process.Start(new ProcessStartInfo("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]) { WorkingDirectory = folder, RedirectStandardOutput = true })!;
        string output = npm.StandardOutput.ReadToEnd();
        npm.WaitForExit();
        return npm.ExitCode == 0 ? program : throw new InvalidOperationException($"npm ci failed: {output}");
    }
}
