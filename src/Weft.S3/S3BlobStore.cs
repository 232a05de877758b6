using System.Globalization;
using Amazon.S3.Model;
using Weft.Platform;
using Weft.Storage;
using Weft.Text;
using Weft.Values;

namespace Weft.S3;

/// <summary>
/// Blobs as objects <c>blobs/ab/cdef…</c> of a bucket's folder. Large files go in parts; an upload that broke off is gone on with, since what is
/// under a digest can have one content only. When a blob that was there before is put again, <c>used/abcdef…</c> says when. What is read into a
/// file has the digest it was asked by, or is refused.
/// </summary>
internal sealed class S3BlobStore(S3Folder folder, FileHashes hashes, TimeProvider clock) : BlobStore
{
    private const long Large = 64 << 20;
    private const int MostParts = 9000;
    private const int Parallel = 4;

    /// <summary>A blob whose use was written down less long ago than this is not written down again.</summary>
    private static readonly TimeSpan UseGrain = TimeSpan.FromHours(6);

    /// <summary>A bucket behind the blobs of this machine, where what is used here is kept too.</summary>
    /// <param name="place"><c>s3://BUCKET/FOLDER</c>.</param>
    /// <param name="variable">Of the environment, with keys and endpoint as Amazon's programs read them.</param>
    /// <exception cref="DiagnosticException">The place or the endpoint is no address.</exception>
    public static BlobStore Behind(FolderBlobStore here, string place, Func<string, string?> variable, TimeProvider clock) =>
        new NearBlobStore(here, new S3BlobStore(new S3Folder(S3Location.Parse(place), S3Options.Read(variable), clock), new FileHashes(null, clock), clock));

    public override string Location => folder.Location.ToString();

    public override bool Contains(Digest digest) => Wait(folder.FindAsync(PathOf(digest), CancellationToken.None)) is not null;

    public override StoredBlob Put(ReadOnlySpan<byte> content)
    {
        Digest digest = Digest.Of(content);
        int length = content.Length;
        if (!Wait(TryUseAsync(digest, length, CancellationToken.None)))
        {
            byte[] bytes = content.ToArray();
            Wait(folder.PutAsync(PathOf(digest), bytes, isNew: true, CancellationToken.None));
        }
        return new StoredBlob(digest, length);
    }

    public override StoredBlob[] PutFiles(IReadOnlyList<string> paths, Intake intake, CancellationToken cancel)
    {
        var blobs = new StoredBlob[paths.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancel };
        Wait(System.Threading.Tasks.Parallel.ForAsync(0, paths.Count, options, async (i, stop) => blobs[i] = await PutFileAsync(paths[i], stop)));
        return blobs;
    }

    public override Stream? TryOpen(Digest digest) => Wait(folder.OpenAsync(PathOf(digest), CancellationToken.None));

    public override void Get(Digest digest, string target, HandOut how, bool isExecutable)
    {
        const UnixFileMode readable = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        const UnixFileMode executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        string part = target + ".weft-part";
        Fetch(digest, part);
        File.SetUnixFileMode(part, readable | (isExecutable ? executable : 0) | (how == HandOut.Writable ? UnixFileMode.UserWrite : 0));
        File.Move(part, target);
    }

    public override IEnumerable<(StoredBlob Blob, DateTimeOffset Used)> List()
    {
        var uses = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        foreach (S3Entry use in folder.AllAsync("used", CancellationToken.None).ToBlockingEnumerable())
            uses[use.Path["used/".Length..]] = use.Modified;
        foreach (S3Entry entry in folder.AllAsync("blobs", CancellationToken.None).ToBlockingEnumerable())
        {
            string hex = entry.Path["blobs/".Length..].Replace("/", "", StringComparison.Ordinal);
            if (Digest.TryParse(hex, out Digest digest))
                yield return (new StoredBlob(digest, entry.Size), uses.TryGetValue(hex, out DateTimeOffset used) && used > entry.Modified ? used : entry.Modified);
        }
    }

    public override bool TryRemove(Digest digest, DateTimeOffset unusedSince)
    {
        if (Wait(folder.FindAsync(PathOf(digest), CancellationToken.None)) is not { } found || found.Modified > unusedSince)
            return false;
        if (Wait(folder.FindAsync(UseOf(digest), CancellationToken.None)) is { } use && use.Modified > unusedSince)
            return false;
        Wait(folder.DeleteAsync(PathOf(digest), CancellationToken.None));
        Wait(folder.DeleteAsync(UseOf(digest), CancellationToken.None));
        return true;
    }

    private async Task<StoredBlob> PutFileAsync(string path, CancellationToken cancel)
    {
        FileStatus before = FileStatus.TryRead(path) ?? throw new FileNotFoundException($"there is no file {path}", path);
        if (before.Form != FileForm.File)
            throw new IOException($"cannot store {path}: it is not a file");
        Digest digest = hashes.Of(path);
        if (await TryUseAsync(digest, before.Size, cancel))
            return new StoredBlob(digest, before.Size);
        if (before.Size < Large)
        {
            byte[] bytes = await File.ReadAllBytesAsync(path, cancel);
            if (Digest.Of(bytes) != digest)
                throw Changed(path);
            await folder.PutAsync(PathOf(digest), bytes, isNew: true, cancel);
        }
        else
        {
            try
            {
                await PutLargeAsync(path, before, digest, cancel);
            }
            catch (IOException)
            {
                // Another process, with the same content, may have gone on with the same upload and ended it before us.
                if (!await TryUseAsync(digest, before.Size, cancel))
                    throw;
            }
        }
        return new StoredBlob(digest, before.Size);
    }

    /// <summary>Puts the parts that no earlier try has put.</summary>
    private async Task PutLargeAsync(string path, FileStatus before, Digest digest, CancellationToken cancel)
    {
        string key = PathOf(digest);
        long length = Math.Max(S3Folder.PartLength, (before.Size / MostParts + (1 << 20)) >> 20 << 20);
        int count = (int)((before.Size + length - 1) / length);
        (string upload, List<PartETag> parts) = await FindUploadAsync(key, number => Math.Min(length, before.Size - (number - 1) * length), cancel)
            ?? (await folder.BeginAsync(key, cancel), []);
        int[] missing = [.. Enumerable.Range(1, count).Except(parts.Select(part => part.PartNumber))];
        var options = new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancel };
        await System.Threading.Tasks.Parallel.ForEachAsync(missing, options, async (number, stop) =>
        {
            long start = (number - 1) * length;
            byte[] bytes = new byte[Math.Min(length, before.Size - start)];
            using (Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(path))
            {
                for (int read = 0; read < bytes.Length;)
                {
                    int more = await RandomAccess.ReadAsync(file, bytes.AsMemory(read), start + read, stop);
                    read += more > 0 ? more : throw Changed(path);
                }
            }
            PartETag part = await folder.PutPartAsync(key, upload, number, new MemoryStream(bytes), bytes.Length, stop);
            lock (parts)
                parts.Add(part);
        });
        if (FileStatus.TryRead(path) is not { } after || after != before)
        {
            await folder.AbortAsync(key, upload, CancellationToken.None);
            throw Changed(path);
        }
        await folder.CompleteAsync(key, upload, parts, cancel);
    }

    /// <summary>The newest upload of this key that was begun and not ended, and its parts of the right length.</summary>
    private async Task<(string Upload, List<PartETag> Parts)?> FindUploadAsync(string path, Func<int, long> lengthOf, CancellationToken cancel)
    {
        string bucket = folder.Location.Bucket;
        string key = folder.Location.Key(path);
        try
        {
            ListMultipartUploadsResponse begun = await folder.Client.ListMultipartUploadsAsync(new ListMultipartUploadsRequest { BucketName = bucket, Prefix = key }, cancel);
            if (begun.MultipartUploads?.Where(upload => upload.Key == key).MaxBy(upload => upload.Initiated)?.UploadId is not { } found)
                return null;
            var parts = new List<PartETag>();
            var request = new ListPartsRequest { BucketName = bucket, Key = key, UploadId = found };
            ListPartsResponse page;
            do
            {
                page = await folder.Client.ListPartsAsync(request, cancel);
                parts.AddRange(page.Parts.Where(part => part.Size == lengthOf(part.PartNumber)).Select(part => new PartETag(part.PartNumber, part.ETag)));
                request.PartNumberMarker = page.NextPartNumberMarker.ToString(CultureInfo.InvariantCulture);
            }
            while (page.IsTruncated);
            return (found, parts);
        }
        catch (Exception failure) when (S3Folder.IsFailure(failure))
        {
            // Not every service can list them: the upload is begun anew.
            return null;
        }
    }

    /// <summary>Whether the store has the content; if so, it counts as used now.</summary>
    private async Task<bool> TryUseAsync(Digest digest, long size, CancellationToken cancel)
    {
        if (await folder.FindAsync(PathOf(digest), cancel) is not { } found || found.Size != size)
            return false;
        DateTimeOffset now = clock.GetUtcNow();
        if (now - found.Modified < UseGrain || (await folder.FindAsync(UseOf(digest), cancel) is { } use && now - use.Modified < UseGrain))
            return true;
        await folder.PutAsync(UseOf(digest), ReadOnlyMemory<byte>.Empty, isNew: false, cancel);
        return true;
    }

    private static IOException Changed(string path) => new($"{path} was written to while it was being stored");

    private static string PathOf(Digest digest) => $"blobs/{digest.Hex[..2]}/{digest.Hex[2..]}";

    private static string UseOf(Digest digest) => $"used/{digest.Hex}";

    private static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();

    private static void Wait(Task task) => task.GetAwaiter().GetResult();
}
