using System.Diagnostics;
using Weft.Support;

namespace Weft.EndToEnd;

/// <summary>
/// Two hosts on one network file system: two FUSE mounts (bindfs) of one folder, which share no locks, and a host name for each by a UTS namespace.
/// Needs root, <c>/dev/fuse</c>, and Debian's <c>bindfs</c>.
/// </summary>
public sealed class NetworkFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _mounts = [];

    public void Dispose()
    {
        foreach (string mount in _mounts)
            Tool("umount", "-l", mount);
        _folder.Dispose();
    }

    [Fact]
    public void One_host_runs_and_the_other_follows_stops_and_then_runs()
    {
        Mount();
        _folder.Write("src/hydraflow.yaml", """
            jobs:
              slow:
                run: sh -c "echo started; sleep 100"
                sets:
                  - each: x=1
              quick:
                run: "true"
                sets:
                  - each: x=1
            """);
        // Used on its own host before, with the write-ahead log.
        ProgramResult local = WeftProgram.Run(_folder.Path("src"), "run", "quick");
        Assert.True(local.ExitCode == 0, local.ToString());
        using Process first = WeftProgram.StartProgram(_folder.Path("a"), Variables("a"), "unshare", Words("a", "run", "slow"));
        Assert.True(WaitFor(() => On("b", "ps").Out.Contains("running", StringComparison.Ordinal)), "the other host never saw the execution");

        ProgramResult done = On("b", "run", "quick");
        Assert.True(done.ExitCode == 0 && done.Error.Contains("nothing to do", StringComparison.Ordinal), done.ToString());
        ProgramResult refused = On("b", "run", "quick", "--fresh");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("are being written by the host weft-a", refused.Error, StringComparison.Ordinal);

        ProgramResult stopped = On("b", "stop", "slow");
        Assert.True(stopped.ExitCode == 0, stopped.ToString());
        ProgramResult ended = WeftProgram.Finish(first);
        Assert.Equal(130, ended.ExitCode);

        ProgramResult next = On("b", "run", "quick", "--fresh");
        Assert.True(next.ExitCode == 0, next.ToString());
        Assert.DoesNotContain("watching", next.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.Path("src/.weft/weft.db-wal")));
    }

    private void Mount()
    {
        if (Environment.UserName != "root" || !File.Exists("/dev/fuse") || Tool("sh", "-c", "command -v bindfs unshare") != 0)
            Assert.Skip("needs root, /dev/fuse, unshare and bindfs (apt-get install bindfs)");
        Directory.CreateDirectory(_folder.Path("src"));
        foreach (string name in (string[])["a", "b"])
        {
            Directory.CreateDirectory(_folder.Path(name));
            Directory.CreateDirectory(_folder.Path("run-" + name));
            // A network file system reads anew once a lock is taken; without direct_io this one would not.
            if (Tool("bindfs", "-o", "subtype=bindfs,direct_io,attr_timeout=0,entry_timeout=0", _folder.Path("src"), _folder.Path(name)) != 0)
                Assert.Skip("FUSE mounts are not allowed here");
            _mounts.Add(_folder.Path(name));
        }
    }

    private ProgramResult On(string host, params string[] arguments)
    {
        using Process process = WeftProgram.StartProgram(_folder.Path(host), Variables(host), "unshare", Words(host, arguments));
        process.StandardInput.Close();
        return WeftProgram.Finish(process);
    }

    private Dictionary<string, string?> Variables(string host) => new() { ["XDG_RUNTIME_DIR"] = _folder.Path("run-" + host) };

    private static string[] Words(string host, params string[] arguments) =>
        ["--uts", "sh", "-c", "hostname \"$0\" && exec \"$@\"", "weft-" + host, WeftProgram.Binary, .. arguments];

    private int Tool(string program, params string[] arguments)
    {
        using Process process = WeftProgram.StartProgram(_folder.Root, [], program, arguments);
        return WeftProgram.Finish(process).ExitCode;
    }

    private static bool WaitFor(Func<bool> happened)
    {
        for (int i = 0; i < 60; i++)
        {
            if (happened())
                return true;
        }
        return false;
    }
}
