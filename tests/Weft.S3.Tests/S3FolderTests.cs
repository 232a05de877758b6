using System.Security.Cryptography;
using Weft.Text;

namespace Weft.S3.Tests;

public sealed class S3FolderTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly S3Folder _folder = new(new S3Location(S3Server.Bucket, "f-" + RandomNumberGenerator.GetHexString(8, lowercase: true)), S3Server.Shared.Options, TimeProvider.System);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("s3://bucket/a/b/", "bucket", "a/b", "a/b/x")]
    [InlineData("s3://bucket", "bucket", "", "x")]
    public void A_location_names_bucket_and_folder(string text, string bucket, string prefix, string key)
    {
        S3Location location = S3Location.Parse(text);
        Assert.Equal((bucket, prefix, key), (location.Bucket, location.Prefix, location.Key("x")));
    }

    [Theory]
    [InlineData("s3://")]
    [InlineData("s3://a b/c")]
    [InlineData("gs://bucket/c")]
    public void What_names_no_bucket_is_refused(string text) =>
        Assert.Equal("s3/location", Assert.Throws<DiagnosticException>(() => S3Location.Parse(text)).Diagnostics.Single().Id);

    [Fact]
    public async Task Objects_are_written_listed_read_and_removed_by_their_paths()
    {
        foreach (string path in (string[])["a.txt", "d/b.txt", "d/e/c.txt", "größe/ä b+c%.txt", "empty"])
            await _folder.WriteAsync(path, new MemoryStream(path == "empty" ? [] : System.Text.Encoding.UTF8.GetBytes(path)), None);
        Assert.Equal([("a.txt", false, 5), ("d", true, 0), ("empty", false, 0), ("größe", true, 0)], (await _folder.ListAsync("", None)).Select(entry => (entry.Path, entry.IsFolder, entry.Size)));
        Assert.Equal(["d/b.txt", "d/e"], (await _folder.ListAsync("d", None)).Select(entry => entry.Path));
        Assert.Equal("größe/ä b+c%.txt", await Text("größe/ä b+c%.txt"));
        Assert.Equal("", await Text("empty"));
        Assert.Empty(await _folder.ListAsync("a.txt", None));
        await _folder.DeleteAsync("d", None);
        Assert.Null(await _folder.FindAsync("d/e/c.txt", None));
        Assert.Null(await _folder.OpenAsync("nothing", None));
        await _folder.DeleteAsync("nothing", None);
    }

    [Fact]
    public async Task A_long_stream_goes_in_parts_and_is_read_from_any_place()
    {
        byte[] bytes = RandomNumberGenerator.GetBytes(2 * S3Folder.PartLength + 12_345);
        await _folder.WriteAsync("long", new Trickle(bytes), None);
        await using Stream read = (await _folder.OpenAsync("long", None))!;
        Assert.Equal(bytes.Length, read.Length);
        read.Position = S3Folder.PartLength - 5;
        byte[] middle = new byte[10];
        await read.ReadExactlyAsync(middle, None);
        Assert.Equal(bytes[(S3Folder.PartLength - 5)..(S3Folder.PartLength + 5)], middle);
        read.Position = 0;
        Assert.Equal(SHA256.HashData(bytes), await SHA256.HashDataAsync(read, None));
    }

    [Fact]
    public async Task A_stream_that_breaks_leaves_nothing()
    {
        await Assert.ThrowsAsync<IOException>(() => _folder.WriteAsync("broken", new Trickle(new byte[3 * S3Folder.PartLength], failsAt: 2 * S3Folder.PartLength), None));
        Assert.Null(await _folder.FindAsync("broken", None));
    }

    [Fact]
    public async Task More_than_a_page_of_objects_is_listed_and_removed()
    {
        await Parallel.ForAsync(0, 1010, None, async (i, stop) => await _folder.PutAsync($"many/{i:0000}", new byte[] { 1 }, isNew: true, stop));
        Assert.Equal(1010, (await _folder.ListAsync("many", None)).Count);
        await _folder.DeleteAsync("many", None);
        Assert.Empty(await _folder.ListAsync("many", None));
    }

    [Fact]
    public async Task Parts_are_put_and_files_read_by_signed_addresses()
    {
        using var client = new HttpClient();
        string upload = await _folder.BeginAsync("direct", None);
        byte[] first = RandomNumberGenerator.GetBytes(5 << 20);
        var parts = new List<(int, string)>();
        foreach ((int number, byte[] bytes) in (IEnumerable<(int, byte[])>)[(1, first), (2, [7, 8])])
        {
            using HttpResponseMessage put = await client.PutAsync(_folder.PartLink("direct", upload, number), new ByteArrayContent(bytes), None);
            put.EnsureSuccessStatusCode();
            parts.Add((number, put.Headers.ETag!.Tag));
        }
        await _folder.CompleteAsync("direct", upload, parts, None);
        Assert.Equal([.. first, 7, 8], await client.GetByteArrayAsync(_folder.ReadLink("direct"), None));
        using var whole = new ByteArrayContent([9]);
        (await client.PutAsync(_folder.WriteLink("whole", TimeSpan.FromMinutes(1)), whole, None)).EnsureSuccessStatusCode();
        Assert.Equal([9], await client.GetByteArrayAsync(_folder.ReadLink("whole"), None));
        string dropped = await _folder.BeginAsync("dropped", None);
        await _folder.AbortAsync("dropped", dropped, None);
        Assert.Null(await _folder.FindAsync("dropped", None));
    }

    [Fact]
    public async Task A_wrong_key_and_a_missing_bucket_are_named_with_what_may_help()
    {
        using var wrong = new S3Folder(_folder.Location, S3Server.Shared.Options with { AccessKey = "wrong" }, TimeProvider.System);
        IOException refused = await Assert.ThrowsAsync<IOException>(() => wrong.WriteAsync("x", new MemoryStream([1]), None));
        Assert.StartsWith($"cannot write {_folder.Location}/x: ", refused.Message, StringComparison.Ordinal);
        Assert.EndsWith("check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and what this user may do", refused.Message, StringComparison.Ordinal);
        using var nowhere = new S3Folder(new S3Location("no-such-bucket", ""), S3Server.Shared.Options, TimeProvider.System);
        IOException missing = await Assert.ThrowsAsync<IOException>(() => nowhere.ListAsync("", None));
        Assert.EndsWith("make the bucket first: aws s3 mb s3://no-such-bucket", missing.Message, StringComparison.Ordinal);
    }

    private async Task<string> Text(string path)
    {
        using var reader = new StreamReader((await _folder.OpenAsync(path, None))!);
        return await reader.ReadToEndAsync(None);
    }

    /// <summary>Gives a few bytes at a time, and breaks where it is told to.</summary>
    private sealed class Trickle(byte[] bytes, int failsAt = int.MaxValue) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Position >= failsAt ? throw new IOException("the line went dead") : base.ReadAsync(buffer[..Math.Min(buffer.Length, 100_000)], cancellationToken);
    }
}
