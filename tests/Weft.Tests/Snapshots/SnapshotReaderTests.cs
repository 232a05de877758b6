using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Weft.Snapshots;
using Weft.Support;
using Weft.Values;

namespace Weft.Tests.Snapshots;

public sealed class SnapshotReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Without_git_every_source_file_counts_and_state_folders_do_not()
    {
        _folder.Write("train.py", "a");
        _folder.Write("conf/x y.yaml", "b");
        _folder.Write("data.bin", "c");
        _folder.Write("mlruns/0/meta.yaml", "d");
        _folder.Write("pkg/__pycache__/train.py", "e");
        CodeSnapshot snapshot = Take();
        Assert.Null(snapshot.Commit);
        Assert.Equal(["conf/x y.yaml", "train.py"], snapshot.Files.Keys);
    }

    [Fact]
    public void Under_git_the_commit_and_the_differences_count()
    {
        InitGit();
        CodeSnapshot clean = Take();
        Assert.True(clean.IsClean);
        Assert.Equal(40, clean.Commit!.Length);

        _folder.Write("train.py", "changed");
        _folder.Write("größe neu.py", "new");
        _folder.Write("ignored.log", "x");
        File.Delete(_folder.Path("old.py"));
        CodeSnapshot dirty = Take();
        Assert.Equal(["größe neu.py", "old.py", "train.py"], dirty.Files.Keys);
        Assert.Equal(FileKind.Untracked, dirty.Files["größe neu.py"].Kind);
        Assert.Equal(new FileState(FileKind.Deleted, ""), dirty.Files["old.py"]);
        Assert.Equal(Digest.Of("changed").ToString(), dirty.Files["train.py"].Content);
        Assert.NotEqual(clean.Id, dirty.Id);

        // Untracked files that a run wrote are not its code.
        Assert.Equal(["old.py", "train.py"], dirty.ChangedSince(clean, NoCommits));
        Assert.Equal(["größe neu.py", "old.py", "train.py"], clean.ChangedSince(dirty, NoCommits));
    }

    [Fact]
    public void A_project_in_a_subfolder_sees_only_itself()
    {
        _folder.Write("sub dir/inside.py", "1");
        InitGit();
        _folder.Write("sub dir/inside.py", "2");
        _folder.Write("train.py", "outside");
        CodeSnapshot snapshot = new SnapshotReader(_folder.Path("sub dir"), DigestOf).Take(TestContext.Current.CancellationToken);
        Assert.Equal(["inside.py"], snapshot.Files.Keys);
    }

    [Fact]
    public void Changes_between_commits_are_named()
    {
        InitGit();
        CodeSnapshot before = Take();
        _folder.Write("train.py", "2");
        Git("commit", "-qam", "second");
        var reader = new SnapshotReader(_folder.Root, DigestOf);
        CodeSnapshot after = reader.Take(TestContext.Current.CancellationToken);
        Assert.Equal(["train.py"], after.ChangedSince(before, (a, b) => reader.ChangedBetween(a, b, TestContext.Current.CancellationToken)));
    }

    [Fact]
    public void A_snapshot_reads_back_as_it_was_written()
    {
        InitGit();
        _folder.Write("train.py", "changed");
        File.CreateSymbolicLink(_folder.Path("link.py"), "train.py");
        CodeSnapshot snapshot = Take();
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
            snapshot.Write(json);
        CodeSnapshot read = CodeSnapshot.Read(JsonDocument.Parse(Encoding.UTF8.GetString(stream.ToArray())).RootElement);
        Assert.Equal(snapshot.Id, read.Id);
        Assert.Equal("link:train.py", read.Files["link.py"].Content);
    }

    private CodeSnapshot Take() => new SnapshotReader(_folder.Root, DigestOf).Take(TestContext.Current.CancellationToken);

    private static Digest DigestOf(string path) => Digest.Of(File.ReadAllBytes(path));

    private static IEnumerable<string> NoCommits(string earlier, string later) => throw new InvalidOperationException("the commits are the same");

    private void InitGit()
    {
        _folder.Write("train.py", "1");
        _folder.Write("old.py", "1");
        _folder.Write(".gitignore", "*.log\n");
        Git("init", "-q");
        Git("add", ".");
        Git("commit", "-qm", "first");
    }

    private void Git(params string[] words)
    {
        using Process git = Process.Start(new ProcessStartInfo("git", ["-c", "user.name=t", "-c", "user.email=t@t", .. words]) { WorkingDirectory = _folder.Root })!;
        git.WaitForExit();
        Assert.Equal(0, git.ExitCode);
    }
}
