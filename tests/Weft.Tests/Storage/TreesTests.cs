using System.Text;
using Weft.Storage;
using Weft.Support;
using Weft.Values;

namespace Weft.Tests.Storage;

public sealed class TreesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FolderBlobStore _store;
    private readonly Trees _trees;

    public TreesTests()
    {
        _store = new FolderBlobStore(_folder.Path("blobs"), new FileHashes(null, TimeProvider.System), TimeProvider.System);
        _trees = new Trees(_store);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_manifest_of_a_folder_is_the_one_documented()
    {
        MakeTree("in");
        StoredBlob tree = _trees.Put(_folder.Path("in"), Intake.Copy, default);
        string x = Digest.Of("x").Hex;
        string empty = Digest.Of("").Hex;
        string expected = string.Join('\n',
            "weft-tree 1",
            $"x {x} 1 \"bin/run\"",
            "d \"empty/deep\"",
            "l \"bin/run\" \"link\"",
            $"f {empty} 0 \"odd \\\"name\\\" ü\\n\"",
            "");
        Assert.Equal(expected, Encoding.UTF8.GetString(_store.TryRead(tree.Digest)!));
        Assert.Equal(Digest.Of(expected), tree.Digest);
        Assert.Equal(1, tree.Size);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_folder_comes_back_as_it_was(bool isWritable)
    {
        MakeTree("in");
        StoredBlob tree = _trees.Put(_folder.Path("in"), Intake.Copy, default);
        _trees.Get(tree.Digest, _folder.Path("out"), isWritable ? HandOut.Writable : HandOut.ReadOnly, default);
        Assert.Equal("x", File.ReadAllText(_folder.Path("out/bin/run")));
        Assert.Equal("bin/run", new FileInfo(_folder.Path("out/link")).LinkTarget);
        Assert.True(Directory.Exists(_folder.Path("out/empty/deep")));
        Assert.True(File.GetUnixFileMode(_folder.Path("out/bin/run")).HasFlag(UnixFileMode.UserExecute));
        Assert.Equal(tree, _trees.Put(_folder.Path("out"), Intake.Copy, default));
    }

    [Fact]
    public void Names_content_links_and_the_executable_bit_tell_folders_apart_and_nothing_else_does()
    {
        MakeTree("a");
        MakeTree("b");
        File.SetUnixFileMode(_folder.Path("b/bin/run"), (UnixFileMode)0x1C0);
        File.SetLastWriteTimeUtc(_folder.Path("b/bin/run"), DateTime.UnixEpoch);
        Digest digest = DigestOf("a");
        Assert.Equal(digest, DigestOf("b"));
        File.SetUnixFileMode(_folder.Path("b/bin/run"), (UnixFileMode)0x180);
        Assert.NotEqual(digest, DigestOf("b"));
        MakeTree("c");
        File.Move(_folder.Path("c/bin/run"), _folder.Path("c/bin/ran"));
        Assert.NotEqual(digest, DigestOf("c"));
        MakeTree("d");
        Directory.Delete(_folder.Path("d/empty/deep"));
        Assert.NotEqual(digest, DigestOf("d"));
        MakeTree("e");
        File.Delete(_folder.Path("e/link"));
        File.CreateSymbolicLink(_folder.Path("e/link"), "bin");
        Assert.NotEqual(digest, DigestOf("e"));
    }

    [Fact]
    public void An_empty_folder_is_a_folder_too()
    {
        Directory.CreateDirectory(_folder.Path("in"));
        StoredBlob tree = _trees.Put(_folder.Path("in"), Intake.Copy, default);
        _trees.Get(tree.Digest, _folder.Path("out"), HandOut.ReadOnly, default);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path("out")));
    }

    [Theory]
    [InlineData("d \"../up\"")]
    [InlineData("d \"/abs\"")]
    [InlineData("d \"a/../b\"")]
    [InlineData("d \"a//b\"")]
    [InlineData("d \"\"")]
    [InlineData("l \"/etc\" \"a\"\nd \"a/b\"")]
    [InlineData("d \"a\"\nd \"a\"")]
    [InlineData("d a")]
    [InlineData("f 12 3 \"a\"")]
    [InlineData("q \"a\"")]
    [InlineData("d \"a\"x")]
    public void A_manifest_that_reaches_out_of_its_folder_or_is_damaged_is_refused(string lines) =>
        Assert.Throws<InvalidDataException>(() => TreeManifest.Read(Encoding.UTF8.GetBytes("weft-tree 1\n" + lines + (lines.EndsWith('x') ? "" : "\n"))));

    [Fact]
    public void Every_manifest_reads_back()
    {
        var random = new Random(11);
        for (int round = 0; round < 200; round++)
        {
            var entries = new Dictionary<string, TreeEntry>(StringComparer.Ordinal);
            for (int i = random.Next(20); i > 0; i--)
            {
                string path = string.Concat(Enumerable.Range(0, random.Next(1, 6)).Select(_ => "abß\n\"\\ \u0001💡"[random.Next(7)])) + i;
                entries[path] = random.Next(3) switch
                {
                    0 => new TreeEntry.Link(path, "../" + path),
                    1 => new TreeEntry.EmptyFolder(path),
                    _ => new TreeEntry.File(path, Digest.Of(path), random.NextInt64(), random.Next(2) == 0),
                };
            }
            TreeManifest manifest = TreeManifest.Of(entries.Values);
            Assert.Equal(manifest.Entries.AsEnumerable(), TreeManifest.Read(manifest.Write()).Entries.AsEnumerable());
        }
    }

    [Fact]
    public void A_manifest_is_told_from_any_other_content()
    {
        Directory.CreateDirectory(_folder.Path("in"));
        Assert.NotNull(TreeManifest.TryRead(_store, _trees.Put(_folder.Path("in"), Intake.Copy, default).Digest));
        Assert.Null(TreeManifest.TryRead(_store, _store.Put("weft"u8).Digest));
        Assert.Null(TreeManifest.TryRead(_store, Digest.Of("missing")));
    }

    private Digest DigestOf(string folder) => _trees.Put(_folder.Path(folder), Intake.Copy, default).Digest;

    private void MakeTree(string root)
    {
        _folder.Write(root + "/odd \"name\" ü\n", "");
        File.SetUnixFileMode(_folder.Write(root + "/bin/run", "x"), (UnixFileMode)0x1ED);
        Directory.CreateDirectory(_folder.Path(root + "/empty/deep"));
        File.CreateSymbolicLink(_folder.Path(root + "/link"), "bin/run");
    }
}
