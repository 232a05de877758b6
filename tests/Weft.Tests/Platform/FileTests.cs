using Microsoft.Win32.SafeHandles;
using Weft.Platform;
using Weft.Support;

namespace Weft.Tests.Platform;

public sealed class FileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_lock_lives_as_long_as_a_child_that_shares_it()
    {
        string path = _folder.Path("lock");
        ChildProcess child;
        using (FileLock held = FileLock.TryAcquire(path, LockMode.Exclusive)!)
        {
            Assert.Null(FileLock.TryAcquire(path, LockMode.Shared));
            child = ChildProcess.Start(new ProgramStart
            {
                Path = "/bin/sleep",
                Arguments = ["sleep", "100"],
                Environment = EnvironmentBlock.Current(),
                Descriptors = [null, null, null, held.File],
            });
        }
        Assert.True(FileLock.IsHeld(path));
        ProcessGroup.Signal(child.Id, ProcessSignal.Kill);
        child.Reap();
        child.Dispose();
        // Other tests start programs at the same time: until their exec such children hold a copy of every open file.
        using FileLock? free = FileLock.TryAcquire(path, LockMode.Exclusive, TimeSpan.FromSeconds(5));
        Assert.NotNull(free);
    }

    [Fact]
    public void Readers_share_a_lock_and_keep_writers_out()
    {
        string path = _folder.Path("lock");
        using FileLock first = FileLock.TryAcquire(path, LockMode.Shared)!;
        using FileLock? second = FileLock.TryAcquire(path, LockMode.Shared);
        Assert.NotNull(second);
        Assert.Null(FileLock.TryAcquire(path, LockMode.Exclusive));
    }

    [Fact]
    public void A_locked_file_can_still_be_read()
    {
        string path = _folder.Path("log");
        using SafeFileHandle log = RawFile.OpenAppend(path);
        Assert.True(FileLock.TryLock(log, LockMode.Exclusive));
        RawFile.Write(log, "line\n"u8);
        using SafeFileHandle reader = RawFile.OpenRead(path);
        Assert.Equal(5, RandomAccess.GetLength(reader));
        Assert.Throws<IOException>(() => File.OpenRead(path).Dispose());
    }

    [Fact]
    public void Of_two_that_create_or_link_one_wins()
    {
        using SafeFileHandle? first = RawFile.TryCreate(_folder.Path("claim"));
        Assert.NotNull(first);
        Assert.Null(RawFile.TryCreate(_folder.Path("claim")));
        Assert.True(FileSystems.TryLink(_folder.Path("claim"), _folder.Path("end")));
        Assert.False(FileSystems.TryLink(_folder.Path("claim"), _folder.Path("end")));
    }

    [Fact]
    public void A_clone_holds_the_same_bytes_or_is_not_made()
    {
        string source = _folder.Write("source", "text");
        string target = _folder.Path("target");
        if (FileSystems.TryClone(source, target))
            Assert.Equal("text", File.ReadAllText(target));
        else
            Assert.False(File.Exists(target));
    }

    [Theory]
    [InlineData("/data/set/a", "nfs4")]
    [InlineData("/data set/a", "fuse.sshfs")]
    [InlineData("/database", "ext4")]
    [InlineData("/", "ext4")]
    public void The_mount_of_a_path_is_the_longest_that_holds_it(string path, string type)
    {
        string[] table =
        [
            "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
            "30 22 0:40 / /data rw - nfs4 server:/export rw",
            @"31 22 0:41 / /data\040set rw shared:2 master:3 - fuse.sshfs host: rw",
        ];
        Assert.Equal(type, Mounts.TypeOf(path, table));
    }

    [Fact]
    public void The_temporary_folder_is_a_local_file_system() => Assert.False(FileSystems.IsNetwork(_folder.Root));

    [Fact]
    public void A_folder_for_locks_that_others_can_open_is_refused()
    {
        string own = Machine.RuntimeFolder(_folder.Root);
        Assert.Equal(_folder.Path("weft"), own);
        File.SetUnixFileMode(own, File.GetUnixFileMode(own) | UnixFileMode.GroupRead);
        var error = Assert.Throws<IOException>(() => Machine.RuntimeFolder(_folder.Root));
        Assert.Contains("0700", error.Message);
    }

    [Fact]
    public void This_machine_grants_something()
    {
        Assert.InRange(Machine.Processors, 0.01, 100_000);
        Assert.InRange(Machine.MemoryBytes, 1 << 20, long.MaxValue - 1);
        Assert.NotEqual("", Machine.BootId);
    }

    [Fact]
    public void A_variable_given_again_replaces_the_first()
    {
        EnvironmentBlock block = EnvironmentBlock.Of([new("A", "1"), new("AB", "2")]).With([new("A", "3"), new("C", "")]).With([new("C", "4"), new("C", "5")]);
        Assert.Equal(("3", "2", "5", null), (block["A"], block["AB"], block["C"], block["B"]));
        Assert.Equal(3, block.Starts.Length);
    }
}
