using System.Diagnostics;
using System.Globalization;

namespace Weft.Postgres.Tests;

/// <summary>
/// A real PostgreSQL server for all tests of this process: made in a temporary folder when the first one asks for it, reached through a socket
/// there, gone with the process, however that ends.
/// </summary>
internal sealed class PostgresServer
{
    private static readonly Lazy<PostgresServer> s_shared = new(Start);

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    private readonly string _folder;

    /// <summary>Held, since its input is closed with it.</summary>
    private readonly Process _keeper;

    private PostgresServer(string folder, Process keeper)
    {
        _folder = folder;
        _keeper = keeper;
    }

    public bool IsRunning => !_keeper.HasExited;

    public static PostgresServer Shared => s_shared.Value;

    /// <summary>The folder of its socket.</summary>
    public string Folder => _folder;

    /// <summary>The address of a schema of its own.</summary>
    public string Address(string schema) => $"postgresql://weft@/postgres?host={Uri.EscapeDataString(_folder)}&schema={schema}";

    private static PostgresServer Start()
    {
        string bin = Programs();
        // Short, because the name of a socket has at most 107 bytes.
        string folder = Directory.CreateTempSubdirectory("weft-pg-").FullName;
        string owner = "";
        if (Environment.IsPrivilegedProcess)
        {
            // The server refuses to run as root.
            owner = "setpriv --reuid=postgres --regid=postgres --init-groups ";
            Run($"chown postgres '{folder}'");
        }
        Run($"cd / && {owner}{bin}/initdb -D {folder}/data -A trust -U weft -E UTF8 --locale=C.UTF-8 --no-sync --no-instructions");
        string settings = $"-c listen_addresses= -c unix_socket_directories={folder} -c unix_socket_permissions=0777 -c max_connections=300"
            + " -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=64MB";
        // The shell waits for the end of its input, which is the end of this process, and stops the server then.
        string script = $"cd /; {owner}{bin}/postgres -D {folder}/data {settings} >{folder}/log 2>&1 & server=$!; read -r _; kill -INT $server; wait $server; rm -rf '{folder}'";
        Process keeper = Process.Start(new ProcessStartInfo("sh", ["-c", script]) { RedirectStandardInput = true })!;
        using Process ready = Process.Start(new ProcessStartInfo("sh", ["-c", $"until {bin}/pg_isready -q -h {folder} -U weft -t 1; do kill -0 {keeper.Id.ToString(CultureInfo.InvariantCulture)} || exit 1; done"]))!;
        if (!ready.WaitForExit(Deadline) || ready.ExitCode != 0)
            throw new InvalidOperationException($"PostgreSQL did not start: {File.ReadAllText(Path.Combine(folder, "log"))}");
        return new PostgresServer(folder, keeper);
    }

    /// <summary>Where Debian keeps the programs of the newest version.</summary>
    private static string Programs()
    {
        const string packages = "/usr/lib/postgresql";
        string? newest = Directory.Exists(packages)
            ? Directory.GetDirectories(packages).OrderByDescending(path => int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture)).FirstOrDefault()
            : null;
        return newest is not null ? newest + "/bin" : throw new InvalidOperationException("there is no PostgreSQL: apt-get install postgresql");
    }

    private static void Run(string script)
    {
        using Process process = Process.Start(new ProcessStartInfo("sh", ["-c", script]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"`{script}` failed: {output.Result}{errors}");
    }
}
