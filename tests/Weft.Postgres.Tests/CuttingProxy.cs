using System.Net.Sockets;
using System.Text;

namespace Weft.Postgres.Tests;

/// <summary>Stands between client and server, and cuts the connection on which a COMMIT is sent: before the server hears of it, or after it answered.</summary>
internal sealed class CuttingProxy : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("weft-cut-").FullName;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly string _server;
    private int _cuts;

    /// <param name="address">The server's, with the folder of its socket.</param>
    public CuttingProxy(string address, string serverFolder)
    {
        _server = Path.Combine(serverFolder, ".s.PGSQL.5432");
        Address = address.Replace(Uri.EscapeDataString(serverFolder), Uri.EscapeDataString(_folder), StringComparison.Ordinal);
        _listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(_folder, ".s.PGSQL.5432")));
        _listener.Listen();
        _ = Task.Run(AcceptAsync);
    }

    public string Address { get; }

    /// <summary>Whether the server is to hear of the COMMIT that is cut.</summary>
    public bool CutsAnswer { get; set; }

    /// <summary>How many of the next COMMITs are cut.</summary>
    public void Cut(int commits) => Volatile.Write(ref _cuts, commits);

    public void Dispose()
    {
        _listener.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = CarryAsync(await _listener.AcceptAsync());
        }
        catch (SocketException)
        {
            // The listener was closed.
        }
        catch (ObjectDisposedException)
        {
        }
    }

    private async Task CarryAsync(Socket client)
    {
        using (client)
        using (var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            try
            {
                await server.ConnectAsync(new UnixDomainSocketEndPoint(_server));
                Task back = CopyAsync(server, client);
                byte[] buffer = new byte[1 << 16];
                while (await client.ReceiveAsync(buffer) is var read and > 0)
                {
                    bool cuts = Encoding.ASCII.GetString(buffer, 0, read).Contains("COMMIT", StringComparison.Ordinal) && Interlocked.Decrement(ref _cuts) >= 0;
                    if (cuts && !CutsAnswer)
                        return;
                    if (cuts)
                    {
                        client.Close();
                        await server.SendAsync(buffer.AsMemory(0, read));
                        server.Shutdown(SocketShutdown.Send);
                        await back;
                        return;
                    }
                    await server.SendAsync(buffer.AsMemory(0, read));
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // One end went away; the other is closed on the way out.
            }
        }
    }

    private static async Task CopyAsync(Socket from, Socket to)
    {
        byte[] buffer = new byte[1 << 16];
        try
        {
            while (await from.ReceiveAsync(buffer) is var read and > 0)
                await to.SendAsync(buffer.AsMemory(0, read));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }
}
