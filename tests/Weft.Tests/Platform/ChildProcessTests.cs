using Microsoft.Win32.SafeHandles;
using Weft.Platform;
using Weft.Support;

namespace Weft.Tests.Platform;

public sealed class ChildProcessTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("exit 0", 0, 0)]
    [InlineData("exit 7", 7, 0)]
    [InlineData("kill -KILL $$", 137, 9)]
    public void An_end_is_told_by_code_and_signal(string script, int code, int signal)
    {
        using ChildProcess child = Start(script);
        Assert.Equal(new ExitStatus(code, signal), child.Reap());
    }

    [Fact]
    public void A_child_gets_its_descriptors_and_nothing_else()
    {
        using SafeFileHandle ours = RawFile.OpenAppend(_folder.Path("ours"));
        using SafeFileHandle log = RawFile.OpenAppend(_folder.Path("log"));
        using FileLock held = FileLock.TryAcquire(_folder.Path("lock"), LockMode.Exclusive)!;
        using ChildProcess child = Start("readlink /proc/$$/fd/0; readlink /proc/$$/fd/3; readlink /proc/$$/fd/4; ls /proc/$$/fd", null, log, log, held.File);
        child.Reap();
        string[] lines = ReadLog();
        Assert.Equal(["/dev/null", _folder.Path("lock"), "0", "1", "2", "3"], lines);
    }

    [Fact]
    public void A_child_starts_in_its_folder_with_its_variables_and_signals_as_usual()
    {
        Directory.CreateDirectory(_folder.Path("work"));
        using SafeFileHandle log = RawFile.OpenAppend(_folder.Path("log"));
        EnvironmentBlock environment = EnvironmentBlock.Current().With([new("NAME", "ü=1"), new("PATH", "/usr/bin:/bin")]);
        using ChildProcess child = ChildProcess.Start(new ProgramStart
        {
            Path = "/bin/sh",
            Arguments = ["sh", "-c", "pwd; echo $NAME; grep SigIgn /proc/self/status"],
            Environment = environment,
            Folder = _folder.Path("work"),
            Descriptors = [null, log, log],
        });
        child.Reap();
        string[] lines = ReadLog();
        Assert.Equal([_folder.Path("work"), "ü=1"], lines[..2]);
        // The C library keeps signals 32 and above for itself.
        Assert.Equal(0, Convert.ToInt64(lines[2].Split('\t')[1], 16) & 0x7fffffff);
    }

    [Fact]
    public void The_end_of_a_child_wakes_the_poller()
    {
        using var poller = new Poller();
        using ChildProcess child = Start("exit 3");
        poller.Add(child.Ended, "child");
        var ready = new List<object>();
        poller.Wait(limit: null, ready);
        Assert.Equal(["child"], ready);
        Assert.Equal(3, child.Peek()?.Code);
        Assert.Equal(3, child.Reap().Code);
    }

    [Fact]
    public void A_wake_from_another_thread_ends_a_wait_and_an_early_one_is_kept()
    {
        using var poller = new Poller();
        var ready = new List<object>();
        poller.Wake();
        poller.Wait(limit: null, ready);
        var waker = new Thread(poller.Wake);
        waker.Start();
        poller.Wait(limit: null, ready);
        waker.Join();
        Assert.Empty(ready);
    }

    [Fact]
    public void A_group_is_signalled_as_a_whole_and_known_by_its_log()
    {
        string path = _folder.Path("log");
        using SafeFileHandle log = RawFile.OpenAppend(path);
        using ChildProcess child = Start("sleep 100 & echo up; wait", null, log, log);
        using var reader = RawFile.OpenRead(path);
        while (RandomAccess.GetLength(reader) == 0)
            Assert.Null(child.Peek());
        FileIdentity identity = RawFile.IdentityOf(path)!.Value;
        Assert.True(ProcessGroup.Holds(child.Id, identity));
        Assert.False(ProcessGroup.Holds(child.Id, RawFile.IdentityOf("/dev/null")!.Value));
        Assert.True(ProcessGroup.Signal(child.Id, ProcessSignal.Kill));
        Assert.Equal(9, child.Reap().Signal);
    }

    [Fact]
    public void A_missing_program_says_what_was_tried()
    {
        var error = Assert.Throws<SystemCallException>(() => ChildProcess.Start(new ProgramStart
        {
            Path = "/nonexistent/program",
            Arguments = ["program"],
            Environment = EnvironmentBlock.Of([]),
        }));
        Assert.Equal("cannot start /nonexistent/program: No such file or directory", error.Message);
    }

    [Fact]
    public void A_command_is_run_and_its_output_kept_apart()
    {
        CommandResult result = Command.Run(["sh", "-c", "head -c 300000 /dev/zero; echo wrong >&2; exit 4"], _folder.Root, null, TestContext.Current.CancellationToken);
        Assert.Equal(300000, result.Output.Length);
        Assert.Equal("wrong\n", result.Error);
        Assert.Equal(4, result.Status.Code);
        Assert.False(result.Succeeded);
    }

    [Fact]
    public void Cancelling_ends_a_command_and_what_it_started()
    {
        using var cancellation = new CancellationTokenSource();
        string fifo = _folder.Path("fifo");
        Command.Run(["mkfifo", fifo], _folder.Root, null, TestContext.Current.CancellationToken);
        var canceller = new Thread(() =>
        {
            using SafeFileHandle started = RawFile.OpenRead(fifo);
            cancellation.Cancel();
        });
        canceller.Start();
        Assert.ThrowsAny<OperationCanceledException>(() => Command.Run(["sh", "-c", "sleep 100 & echo > fifo; wait"], _folder.Root, null, cancellation.Token));
        canceller.Join();
    }

    [Fact]
    public void Programs_are_found_as_execvp_finds_them()
    {
        string script = _folder.Write("bin/tool", "#!/bin/sh\n");
        _folder.Write("bin/text", "no program");
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Assert.Equal(script, Executables.Find("tool", $"/nowhere:{_folder.Path("bin")}", "/"));
        Assert.Equal("bin/tool", Executables.Find("bin/tool", "", _folder.Root));
        Assert.Null(Executables.Find("text", _folder.Path("bin"), "/"));
        Assert.Null(Executables.Find("bin", _folder.Root, "/"));
    }

    private static ChildProcess Start(string script, params SafeFileHandle?[] descriptors) => ChildProcess.Start(new ProgramStart
    {
        Path = "/bin/sh",
        Arguments = ["sh", "-c", script],
        Environment = EnvironmentBlock.Current(),
        Descriptors = descriptors.Length == 0 ? [null, null, null] : [.. descriptors],
    });

    private string[] ReadLog() => File.ReadAllLines(_folder.Path("log"));
}
