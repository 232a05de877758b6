using System.Text;
using Weft.Platform;
using Weft.Storage;
using Weft.Support;
using Weft.Values;

namespace Weft.Tests.Storage;

public sealed class FolderBlobStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FolderBlobStore _store;

    public FolderBlobStoreTests() => _store = new FolderBlobStore(_folder.Path("blobs"), new FileHashes(null, TimeProvider.System), TimeProvider.System);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Content_is_found_under_its_digest()
    {
        StoredBlob blob = _store.Put("hello"u8);
        // SHA-256 of "hello".
        Assert.Equal("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", blob.Digest.Hex);
        Assert.Equal(5, blob.Size);
        Assert.True(_store.Contains(blob.Digest));
        Assert.Equal("hello"u8.ToArray(), _store.TryRead(blob.Digest));
        Assert.False(_store.Contains(Digest.Of("other")));
        Assert.Null(_store.TryOpen(Digest.Of("other")));
        Assert.True(File.Exists(_folder.Path("blobs/2c/" + blob.Digest.Hex[2..])));
    }

    [Fact]
    public void A_small_plain_file_is_recognized_when_its_content_is_there()
    {
        string path = _folder.Path("out");
        File.WriteAllText(path, "hello");
        Assert.Null(_store.Recognize(path));
        StoredBlob kept = _store.Put("hello"u8);
        Assert.Equal(kept, _store.Recognize(path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead, File.GetUnixFileMode(path));

        // What can be executed has a mode of its own, large files take their time, folders hold many: they are not looked at here.
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Assert.Null(_store.Recognize(path));
        string large = _folder.Path("large");
        File.WriteAllBytes(large, new byte[1 << 20]);
        _store.PutFile(large, Intake.Copy, default);
        Assert.Null(_store.Recognize(large));
        Assert.Null(_store.Recognize(_folder.Path("")));
        Assert.Null(_store.Recognize(_folder.Path("missing")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Files_of_any_size_are_kept_whole(bool isShared)
    {
        Intake intake = isShared ? Intake.Share : Intake.Copy;
        int[] sizes = [0, 1, 128 * 1024 - 1, 128 * 1024, 128 * 1024 + 1, 1_000_000];
        var random = new Random(7);
        string[] paths = [.. sizes.Select(size =>
        {
            byte[] bytes = new byte[size];
            random.NextBytes(bytes);
            string path = _folder.Path($"in {size}");
            File.WriteAllBytes(path, bytes);
            return path;
        })];
        StoredBlob[] blobs = _store.PutFiles(paths, intake, default);
        for (int i = 0; i < paths.Length; i++)
        {
            Assert.Equal(Digest.Of(File.ReadAllBytes(paths[i])), blobs[i].Digest);
            Assert.Equal(sizes[i], blobs[i].Size);
            Assert.Equal(File.ReadAllBytes(paths[i]), _store.TryRead(blobs[i].Digest));
            Assert.True(_store.IsWhole(blobs[i].Digest));
        }
        Assert.Empty(Directory.GetFiles(_folder.Path("blobs/new")));
    }

    [Fact]
    public void A_copied_file_may_be_written_to_afterwards_and_a_shared_one_is_read_only()
    {
        string copied = _folder.Write("copied", "a");
        string shared = _folder.Write("shared", "b");
        Digest first = _store.PutFile(copied, Intake.Copy, default).Digest;
        Digest second = _store.PutFile(shared, Intake.Share, default).Digest;
        File.WriteAllText(copied, "changed");
        Assert.Equal("a"u8.ToArray(), _store.TryRead(first));
        Assert.Equal(FileStatus.TryRead(shared)!.Value.Inode, FileStatus.TryRead(_folder.Path($"blobs/{second.Hex[..2]}/{second.Hex[2..]}"))!.Value.Inode);
        Assert.Equal((UnixFileMode)0x124, File.GetUnixFileMode(shared));
    }

    [Fact]
    public void The_same_content_is_stored_once()
    {
        string[] paths = [.. Enumerable.Range(0, 40).Select(i => _folder.Write($"same {i}", "same"))];
        _store.PutFiles(paths, Intake.Copy, default);
        _store.Put("same"u8);
        Assert.Equal("same".Length, Assert.Single(_store.List()).Blob.Size);
        Assert.Empty(Directory.GetFiles(_folder.Path("blobs/new")));
    }

    [Theory]
    [InlineData(false, false, 0x124)]
    [InlineData(false, true, 0x16D)]
    [InlineData(true, false, 0x1A4)]
    [InlineData(true, true, 0x1ED)]
    public void What_is_handed_out_has_the_mode_that_was_asked_for(bool isWritable, bool isExecutable, int mode)
    {
        HandOut how = isWritable ? HandOut.Writable : HandOut.ReadOnly;
        Digest digest = _store.Put("#!/bin/sh\n"u8).Digest;
        string target = _folder.Path("out");
        _store.Get(digest, target, how, isExecutable);
        Assert.Equal((UnixFileMode)mode, File.GetUnixFileMode(target));
        Assert.Equal("#!/bin/sh\n", File.ReadAllText(target));
        if (how == HandOut.Writable)
            File.WriteAllText(target, "mine");
        Assert.Equal("#!/bin/sh\n"u8.ToArray(), _store.TryRead(digest));
    }

    [Fact]
    public void Handing_out_never_replaces_a_file_and_says_what_is_missing()
    {
        Digest digest = _store.Put("x"u8).Digest;
        string target = _folder.Write("out", "the user's");
        Assert.ThrowsAny<IOException>(() => _store.Get(digest, target, HandOut.ReadOnly, isExecutable: false));
        Assert.ThrowsAny<IOException>(() => _store.Get(digest, target, HandOut.Writable, isExecutable: false));
        Assert.Equal("the user's", File.ReadAllText(target));
        Assert.Equal(Digest.Of("y"), Assert.Throws<BlobMissingException>(() => _store.Get(Digest.Of("y"), _folder.Path("z"), HandOut.ReadOnly, false)).Digest);
    }

    [Fact]
    public void A_missing_file_fails_the_whole_and_leaves_nothing_behind()
    {
        string[] paths = [_folder.Write("a", "a"), _folder.Path("none"), _folder.Write("b", "b")];
        Assert.Throws<FileNotFoundException>(() => _store.PutFiles(paths, Intake.Copy, default));
        Assert.Empty(_store.List());
        Assert.Empty(Directory.GetFiles(_folder.Path("blobs/new")));
    }

    [Fact]
    public void What_was_used_lately_is_not_removed()
    {
        Digest digest = _store.Put("x"u8).Digest;
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        Assert.False(_store.TryRemove(digest, now.AddDays(-1)));
        File.SetLastWriteTimeUtc(_folder.Path($"blobs/{digest.Hex[..2]}/{digest.Hex[2..]}"), now.UtcDateTime.AddDays(-9));
        _store.Put("x"u8);
        Assert.False(_store.TryRemove(digest, now.AddDays(-1)));
        File.SetLastWriteTimeUtc(_folder.Path($"blobs/{digest.Hex[..2]}/{digest.Hex[2..]}"), now.UtcDateTime.AddDays(-9));
        Assert.True(_store.TryRemove(digest, now.AddDays(-1)));
        Assert.False(_store.TryRemove(digest, now.AddDays(-1)));
    }

    [Fact]
    public void Many_that_put_the_same_files_at_once_all_find_them()
    {
        string[] paths = [.. Enumerable.Range(0, 50).Select(i => _folder.Write($"in/{i}", $"content {i % 10}"))];
        Parallel.For(0, 4, _ =>
        {
            var store = new FolderBlobStore(_folder.Path("blobs"), new FileHashes(null, TimeProvider.System), TimeProvider.System);
            foreach (StoredBlob blob in store.PutFiles(paths, Intake.Copy, default))
                Assert.True(store.IsWhole(blob.Digest));
        });
        Assert.Equal(10, _store.List().Count());
    }

    [Fact]
    public void A_damaged_blob_is_found_out()
    {
        Digest digest = _store.Put("whole"u8).Digest;
        string path = _folder.Path($"blobs/{digest.Hex[..2]}/{digest.Hex[2..]}");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllBytes(path, Encoding.UTF8.GetBytes("hole"));
        Assert.False(_store.IsWhole(digest));
    }
}
