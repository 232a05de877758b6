using System.Text.Json;
using Weft.Platform;
using Weft.Snapshots;
using Weft.Storage;
using Weft.Support;

namespace Weft.Tests.Snapshots;

public sealed class SnapshotContentsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TemporaryFolder _state = new();
    private readonly FolderBlobStore _blobs;

    public SnapshotContentsTests() => _blobs = new FolderBlobStore(_state.Path("blobs"), new FileHashes(null, TimeProvider.System), TimeProvider.System);

    public void Dispose()
    {
        _folder.Dispose();
        _state.Dispose();
    }

    [Fact]
    public void Without_git_all_sources_are_kept_and_brought_back()
    {
        _folder.Write("train.py", "print(1)\n");
        _folder.Write("conf/größe x.yaml", "a: 1\n");
        File.SetUnixFileMode(_folder.Write("run.sh", "#!/bin/sh\n"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Assert.Empty(Keep(Take()).Missing);
        Assert.Equal(Tree(_folder.Root), Restored(Take()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("sub dir")]
    public void Under_git_commit_changes_and_untracked_files_come_back_as_they_were(string inside)
    {
        string project = _folder.Path(inside);
        _folder.Write(Path.Combine(inside, "same.py"), "same");
        _folder.Write(Path.Combine(inside, "changed.py"), "before");
        _folder.Write(Path.Combine(inside, "gone.py"), "x");
        _folder.Write(".gitignore", "*.log\n");
        Git("init", "-q");
        Git("add", "-A");
        Git("-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "one");
        _folder.Write(Path.Combine(inside, "changed.py"), "after");
        File.WriteAllBytes(_folder.Path(Path.Combine(inside, "binary")), [0, 255, 10, 13]);
        File.Delete(_folder.Path(Path.Combine(inside, "gone.py")));
        File.CreateSymbolicLink(_folder.Path(Path.Combine(inside, "link")), "same.py");
        CodeSnapshot snapshot = Take(project);
        Assert.Empty(Keep(snapshot, project).Missing);
        string[] before = Tree(project);

        // The user works on.
        Git("add", "-A");
        Git("-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "two");
        _folder.Write(Path.Combine(inside, "changed.py"), "later");
        Assert.Equal(before, Restored(Read(Written(snapshot)), project));
        Assert.Equal(" M " + Path.Combine(inside, "changed.py").Replace("sub dir/changed.py", "\"sub dir/changed.py\""), Git("status", "--porcelain").TrimEnd());
    }

    [Fact]
    public void Changes_in_submodules_come_back_too()
    {
        using var library = new TemporaryFolder();
        library.Write("mod.py", "old");
        library.Write("gone.py", "x");
        GitIn(library.Root, "init", "-q");
        GitIn(library.Root, "add", "-A");
        GitIn(library.Root, "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "one");
        Git("init", "-q");
        Git("-c", "protocol.file.allow=always", "submodule", "add", "-q", library.Root, "lib ü");
        Git("-c", "protocol.file.allow=always", "submodule", "add", "-q", library.Root, "ahead");
        Git("-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "one");
        _folder.Write("lib ü/mod.py", "new");
        _folder.Write("lib ü/untracked.bin", "\0");
        File.Delete(_folder.Path("lib ü/gone.py"));
        _folder.Write("ahead/more.py", "committed");
        GitIn(_folder.Path("ahead"), "add", "-A");
        GitIn(_folder.Path("ahead"), "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "two");
        CodeSnapshot snapshot = Take();
        Assert.Empty(Keep(snapshot).Missing);
        string[] before = Tree(_folder.Root);
        GitIn(_folder.Path("lib ü"), "reset", "-q", "--hard");
        File.Delete(_folder.Path("lib ü/untracked.bin"));
        Assert.NotEqual(snapshot.Id, Take().Id);
        Assert.Equal(before, Restored(Read(Written(snapshot))));
    }

    [Fact]
    public void Contents_beyond_the_limit_and_those_that_changed_meanwhile_are_named()
    {
        _folder.Write("a.py", "12345");
        _folder.Write("b.py", "123456");
        _folder.Write("c.py", "1");
        CodeSnapshot snapshot = Take();
        _folder.Write("c.py", "2");
        KeptContents kept = new SnapshotContents(_folder.Root, _blobs) { Limit = 10 }.Keep(snapshot, TestContext.Current.CancellationToken);
        Assert.Equal(["b.py", "c.py"], kept.Missing);
        Assert.Equal(5, Assert.Single(kept.Blobs).Size);
        Assert.Equal(["b.py", "c.py"], new SnapshotContents(_folder.Root, _blobs).Restore(snapshot, _state.Path("tree"), TestContext.Current.CancellationToken));
    }

    private CodeSnapshot Take(string? project = null) => new SnapshotReader(project ?? _folder.Root, FileHashes.Read).Take(TestContext.Current.CancellationToken);

    private KeptContents Keep(CodeSnapshot snapshot, string? project = null) => new SnapshotContents(project ?? _folder.Root, _blobs).Keep(snapshot, TestContext.Current.CancellationToken);

    private string[] Restored(CodeSnapshot snapshot, string? project = null)
    {
        string target = _state.Path("tree");
        Assert.Empty(new SnapshotContents(project ?? _folder.Root, _blobs).Restore(snapshot, target, TestContext.Current.CancellationToken));
        return Tree(target);
    }

    /// <summary>Path, kind and content of everything but git's own.</summary>
    private static string[] Tree(string root) =>
    [
        .. new DirectoryInfo(root).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
            .Where(file => !file.FullName.Contains("/.git/", StringComparison.Ordinal) && file.Name != ".git")
            .Select(file => $"{Path.GetRelativePath(root, file.FullName)} {file.LinkTarget ?? Convert.ToHexString(File.ReadAllBytes(file.FullName))} {file.LinkTarget is null && (file.UnixFileMode & UnixFileMode.UserExecute) != 0}")
            .Order(StringComparer.Ordinal),
    ];

    private static byte[] Written(CodeSnapshot snapshot)
    {
        var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
            snapshot.Write(json);
        return stream.ToArray();
    }

    private static CodeSnapshot Read(byte[] text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        return CodeSnapshot.Read(document.RootElement);
    }

    private string Git(params string[] words) => GitIn(_folder.Root, words);

    private static string GitIn(string folder, params string[] words)
    {
        CommandResult result = Command.Run(["git", .. words], folder, null, TestContext.Current.CancellationToken);
        Assert.True(result.Succeeded, result.Error);
        return result.Text;
    }
}
