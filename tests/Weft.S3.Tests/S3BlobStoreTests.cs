using System.Security.Cryptography;
using Amazon.S3.Model;
using Weft.Storage;
using Weft.Support;
using Weft.Values;

namespace Weft.S3.Tests;

public sealed class S3BlobStoreTests : IDisposable
{
    private readonly TemporaryFolder _files = new();
    private readonly S3Folder _folder = new(new S3Location(S3Server.Bucket, "b-" + RandomNumberGenerator.GetHexString(8, lowercase: true)), S3Server.Shared.Options, TimeProvider.System);
    private readonly S3BlobStore _store;

    public S3BlobStoreTests() => _store = new S3BlobStore(_folder, new FileHashes(null, TimeProvider.System), TimeProvider.System);

    public void Dispose()
    {
        _folder.Dispose();
        _files.Dispose();
    }

    [Fact]
    public void Content_comes_back_by_its_digest()
    {
        StoredBlob blob = _store.Put("content"u8);
        Assert.Equal(new StoredBlob(Digest.Of("content"), 7), blob);
        Assert.Equal(blob, _store.Put("content"u8));
        Assert.True(_store.Contains(blob.Digest));
        Assert.Equal("content"u8.ToArray(), _store.TryRead(blob.Digest));
        Assert.Null(_store.TryOpen(Digest.Of("other")));
        Assert.Equal([blob], _store.List().Select(entry => entry.Blob));
    }

    [Fact]
    public void Files_are_kept_and_handed_out_with_their_modes()
    {
        string[] paths = [.. Enumerable.Range(0, 20).Select(i => _files.Write($"{i}", $"content {i % 15}"))];
        StoredBlob[] blobs = _store.PutFiles(paths, Intake.Copy, default);
        Assert.Equal(Enumerable.Range(0, 20).Select(i => Digest.Of($"content {i % 15}")), blobs.Select(blob => blob.Digest));
        _store.Get(blobs[3].Digest, _files.Path("out"), HandOut.Writable, isExecutable: true);
        Assert.Equal("content 3", File.ReadAllText(_files.Path("out")));
        Assert.Equal((UnixFileMode)0b111_101_101, File.GetUnixFileMode(_files.Path("out")));
        Assert.Throws<BlobMissingException>(() => _store.Get(Digest.Of("none"), _files.Path("none"), HandOut.ReadOnly, false));
        Assert.Throws<FileNotFoundException>(() => _store.PutFile(_files.Path("missing"), Intake.Copy, default));
    }

    [Fact]
    public void A_large_file_goes_on_where_an_upload_broke_off()
    {
        string path = _files.Path("large");
        byte[] bytes = RandomNumberGenerator.GetBytes((64 << 20) + 77);
        File.WriteAllBytes(path, bytes);
        Digest digest = Digest.Of(bytes);
        string key = $"blobs/{digest.Hex[..2]}/{digest.Hex[2..]}";
        // A process that died had put the second part, and part of another layout that is not to be used.
        string upload = _folder.BeginAsync(key, default).GetAwaiter().GetResult();
        PartETag put = _folder.PutPartAsync(key, upload, 2, new MemoryStream(bytes, S3Folder.PartLength, S3Folder.PartLength), S3Folder.PartLength, default).GetAwaiter().GetResult();
        _folder.PutPartAsync(key, upload, 3, new MemoryStream([1, 2, 3]), 3, default).GetAwaiter().GetResult();
        Assert.NotNull(put.ETag);
        bool lists = Uploads() is [var begun] && begun == upload;
        Assert.Equal(new StoredBlob(digest, bytes.Length), _store.PutFile(path, Intake.Copy, default));
        // s3rver cannot list uploads, so there it is begun anew.
        if (lists)
            Assert.Empty(Uploads()!);
        Assert.Equal(S3Server.ListsUploads, lists);
        _store.Get(digest, _files.Path("back"), HandOut.ReadOnly, isExecutable: false);
        Assert.Equal(digest, Digest.Of(File.ReadAllBytes(_files.Path("back"))));
    }

    /// <summary>The uploads that were begun and not ended; null where the server cannot tell.</summary>
    private string[]? Uploads()
    {
        try
        {
            return [.. (_folder.Client.ListMultipartUploadsAsync(new ListMultipartUploadsRequest { BucketName = S3Server.Bucket, Prefix = _folder.Location.Prefix }).GetAwaiter().GetResult().MultipartUploads ?? []).Select(one => one.UploadId)];
        }
        catch (Amazon.Runtime.AmazonServiceException)
        {
            return null;
        }
    }

    [Fact]
    public void A_download_goes_on_where_it_broke_off_and_a_wrong_start_is_thrown_away()
    {
        byte[] bytes = RandomNumberGenerator.GetBytes(300_000);
        Digest digest = _store.Put(bytes).Digest;
        File.WriteAllBytes(_files.Path("a.weft-part"), bytes[..100_000]);
        _store.Get(digest, _files.Path("a"), HandOut.ReadOnly, false);
        Assert.Equal(bytes, File.ReadAllBytes(_files.Path("a")));
        File.WriteAllBytes(_files.Path("b.weft-part"), new byte[100_000]);
        _store.Get(digest, _files.Path("b"), HandOut.ReadOnly, false);
        Assert.Equal(bytes, File.ReadAllBytes(_files.Path("b")));
        Assert.Equal(["a", "b"], Directory.GetFiles(_files.Root).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task Content_that_is_not_what_it_was_is_refused()
    {
        Digest digest = _store.Put("right"u8).Digest;
        await _folder.WriteAsync($"blobs/{digest.Hex[..2]}/{digest.Hex[2..]}", new MemoryStream("wrong"u8.ToArray()), default);
        Assert.Contains("is not what it was", Assert.Throws<IOException>(() => _store.Get(digest, _files.Path("out"), HandOut.ReadOnly, false)).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_files.Root));
    }

    [Fact]
    public void What_is_used_again_is_kept_and_what_is_not_is_removed()
    {
        var later = new S3BlobStore(_folder, new FileHashes(null, TimeProvider.System), new LaterClock(TimeSpan.FromHours(7)));
        Digest used = _store.Put("used"u8).Digest;
        Digest unused = _store.Put("unused"u8).Digest;
        DateTimeOffset between = _store.List().Max(entry => entry.Used);
        Assert.False(_store.TryRemove(used, between.AddDays(-1)));
        later.Put("used"u8);
        Assert.Contains(_store.List(), entry => entry.Blob.Digest == used && entry.Used >= between);
        Assert.True(_store.TryRemove(unused, between.AddDays(1)));
        Assert.False(_store.Contains(unused));
        Assert.False(_store.TryRemove(unused, between.AddDays(1)));
        Assert.True(_store.TryRemove(used, between.AddDays(1)));
        Assert.Empty(_store.List());
    }

    [Fact]
    public void A_folder_is_kept_as_a_tree_as_in_any_store()
    {
        _files.Write("tree/a", "1");
        _files.Write("tree/sub/größe", "2");
        var trees = new Trees(_store);
        StoredBlob tree = trees.Put(_files.Path("tree"), Intake.Copy, default);
        trees.Get(tree.Digest, _files.Path("back"), HandOut.ReadOnly, default);
        Assert.Equal("2", File.ReadAllText(_files.Path("back/sub/größe")));
    }

    /// <summary>The system's clock, some time on.</summary>
    private sealed class LaterClock(TimeSpan later) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + later;
    }
}
