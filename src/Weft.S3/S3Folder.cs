using System.Net;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace Weft.S3;

/// <summary>An object's path in its folder, or a folder below it.</summary>
public readonly record struct S3Entry(string Path, bool IsFolder, long Size, DateTimeOffset Modified);

/// <summary>
/// The objects below one place of a bucket, by their paths. Requests are tried again when the service is busy or a connection breaks; failures
/// that stay are <see cref="IOException"/>s that say what was tried. Thread-safe.
/// </summary>
public sealed class S3Folder : IDisposable
{
    /// <summary>The length of the parts of a stream whose length is not known; with the 10,000 parts of S3, at most 156 GiB.</summary>
    public const int PartLength = 16 << 20;

    private const int MostDeleted = 1000;
    private const int Retries = 5;

    private static readonly TimeSpan LinkLifetime = TimeSpan.FromHours(1);

    private readonly AmazonS3Client _client;
    private readonly TimeProvider _clock;
    private readonly Protocol _protocol;
    private bool _knowsConditions = true;

    public S3Folder(S3Location location, S3Options options, TimeProvider clock)
    {
        Location = location;
        _clock = clock;
        _protocol = options.Endpoint is { Scheme: "http" } ? Protocol.HTTP : Protocol.HTTPS;
        var config = new AmazonS3Config { MaxErrorRetry = Retries, RetryMode = RequestRetryMode.Standard, AuthenticationRegion = options.Region ?? "us-east-1" };
        if (options.Endpoint is { } endpoint)
        {
            config.ServiceURL = endpoint.ToString();
            config.ForcePathStyle = true;
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(options.Region ?? "us-east-1");
        }
        AWSCredentials? credentials = options is { AccessKey: { } key, SecretKey: { } secret }
            ? options.SessionToken is { } token ? new SessionAWSCredentials(key, secret, token) : new BasicAWSCredentials(key, secret)
            : null;
        // Signed addresses too: buckets that were made since 2020, and other services, do not take the older form, which the library has there by default.
        AWSConfigsS3.UseSignatureVersion4 = true;
        _client = credentials is null ? new AmazonS3Client(config) : new AmazonS3Client(credentials, config);
    }

    public S3Location Location { get; }

    internal AmazonS3Client Client => _client;

    public void Dispose() => _client.Dispose();

    /// <summary>Size and time of an object; null when there is none.</summary>
    public async Task<S3Entry?> FindAsync(string path, CancellationToken cancel)
    {
        try
        {
            GetObjectMetadataResponse found = await _client.GetObjectMetadataAsync(new GetObjectMetadataRequest { BucketName = Location.Bucket, Key = Location.Key(path) }, cancel);
            return new S3Entry(path, false, found.ContentLength, new DateTimeOffset(found.LastModified.ToUniversalTime()));
        }
        catch (AmazonS3Exception missing) when (missing.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
        catch (Exception failure) when (IsFailure(failure))
        {
            throw Failed("look at", path, failure);
        }
    }

    /// <summary>A stream over an object that can be read from any place and goes on after a broken connection; null when there is none.</summary>
    public async Task<Stream?> OpenAsync(string path, CancellationToken cancel) =>
        await FindAsync(path, cancel) is { } found ? new S3Stream(this, path, found.Size) : null;

    /// <summary>Stores a stream of any length: a short one at once, a long one in parts, of which nothing stays when it fails.</summary>
    public async Task WriteAsync(string path, Stream content, CancellationToken cancel)
    {
        byte[] buffer = new byte[PartLength];
        int read = await content.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancel);
        if (read < buffer.Length)
        {
            await PutAsync(path, new ReadOnlyMemory<byte>(buffer, 0, read), isNew: false, cancel);
            return;
        }
        string upload = await BeginAsync(path, cancel);
        try
        {
            var parts = new List<PartETag>();
            while (read > 0)
            {
                parts.Add(await PutPartAsync(path, upload, parts.Count + 1, new MemoryStream(buffer, 0, read), read, cancel));
                read = await content.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancel);
            }
            await CompleteAsync(path, upload, parts, cancel);
        }
        catch
        {
            await AbortAsync(path, upload, CancellationToken.None);
            throw;
        }
    }

    /// <summary>Stores bytes.</summary>
    /// <param name="isNew">Leave an object that is there as it is, where the service knows how.</param>
    public async Task PutAsync(string path, ReadOnlyMemory<byte> content, bool isNew, CancellationToken cancel)
    {
        bool asks = isNew && _knowsConditions;
        try
        {
            var request = new PutObjectRequest
            {
                BucketName = Location.Bucket,
                Key = Location.Key(path),
                InputStream = new MemoryStream(content.ToArray()),
                ContentType = "application/octet-stream",
                UseChunkEncoding = false,
            };
            if (asks)
                request.Headers["If-None-Match"] = "*";
            await _client.PutObjectAsync(request, cancel);
        }
        catch (AmazonS3Exception present) when (asks && present.StatusCode == HttpStatusCode.PreconditionFailed)
        {
            // It is there, which is all that was wanted.
        }
        catch (AmazonS3Exception unknown) when (asks && unknown.StatusCode is HttpStatusCode.NotImplemented or HttpStatusCode.BadRequest)
        {
            _knowsConditions = false;
            await PutAsync(path, content, isNew, cancel);
        }
        catch (Exception failure) when (IsFailure(failure))
        {
            throw Failed("write", path, failure);
        }
    }

    /// <summary>One level of a folder, sorted by path; folders by their path without the slash.</summary>
    public async Task<List<S3Entry>> ListAsync(string folder, CancellationToken cancel)
    {
        var found = new List<S3Entry>();
        await foreach (S3Entry entry in ReadAsync(folder, "/", cancel))
            found.Add(entry);
        found.Sort((x, y) => string.CompareOrdinal(x.Path, y.Path));
        return found;
    }

    /// <summary>All objects below a folder, in no order.</summary>
    public IAsyncEnumerable<S3Entry> AllAsync(string folder, CancellationToken cancel) => ReadAsync(folder, null, cancel);

    /// <summary>Removes an object and all below a folder of this path; nothing there is no error.</summary>
    public async Task DeleteAsync(string path, CancellationToken cancel)
    {
        try
        {
            await _client.DeleteObjectAsync(new DeleteObjectRequest { BucketName = Location.Bucket, Key = Location.Key(path) }, cancel);
            var keys = new List<KeyVersion>();
            await foreach (S3Entry entry in AllAsync(path, cancel))
            {
                keys.Add(new KeyVersion { Key = Location.Key(entry.Path) });
                if (keys.Count == MostDeleted)
                    await DeleteAllAsync(keys, cancel);
            }
            await DeleteAllAsync(keys, cancel);
        }
        catch (Exception failure) when (IsFailure(failure))
        {
            throw Failed("remove", path, failure);
        }
    }

    /// <summary>Begins an upload in parts.</summary>
    public async Task<string> BeginAsync(string path, CancellationToken cancel)
    {
        try
        {
            var request = new InitiateMultipartUploadRequest { BucketName = Location.Bucket, Key = Location.Key(path), ContentType = "application/octet-stream" };
            return (await _client.InitiateMultipartUploadAsync(request, cancel)).UploadId;
        }
        catch (Exception failure) when (IsFailure(failure))
        {
            throw Failed("write", path, failure);
        }
    }

    /// <summary>An address to which whoever has it may put one part of an upload, for an hour.</summary>
    public string PartLink(string path, string upload, int part) => _client.GetPreSignedURL(new GetPreSignedUrlRequest
    {
        BucketName = Location.Bucket,
        Key = Location.Key(path),
        Verb = HttpVerb.PUT,
        UploadId = upload,
        PartNumber = part,
        Protocol = _protocol,
        Expires = (_clock.GetUtcNow() + LinkLifetime).UtcDateTime,
    });

    /// <summary>An address from which whoever has it may read an object, for an hour.</summary>
    public string ReadLink(string path) => _client.GetPreSignedURL(new GetPreSignedUrlRequest
    {
        BucketName = Location.Bucket,
        Key = Location.Key(path),
        Verb = HttpVerb.GET,
        Protocol = _protocol,
        Expires = (_clock.GetUtcNow() + LinkLifetime).UtcDateTime,
    });

    /// <summary>An address to which whoever has it may put an object.</summary>
    public string WriteLink(string path, TimeSpan lifetime) => _client.GetPreSignedURL(new GetPreSignedUrlRequest
    {
        BucketName = Location.Bucket,
        Key = Location.Key(path),
        Verb = HttpVerb.PUT,
        Protocol = _protocol,
        Expires = (_clock.GetUtcNow() + lifetime).UtcDateTime,
    });

    /// <summary>Makes one object of the parts of an upload.</summary>
    public Task CompleteAsync(string path, string upload, IEnumerable<(int Number, string ETag)> parts, CancellationToken cancel) =>
        CompleteAsync(path, upload, [.. parts.Select(part => new PartETag(part.Number, part.ETag))], cancel);

    public async Task AbortAsync(string path, string upload, CancellationToken cancel)
    {
        try
        {
            await _client.AbortMultipartUploadAsync(Location.Bucket, Location.Key(path), upload, cancel);
        }
        catch (AmazonS3Exception gone) when (gone.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotImplemented)
        {
            // Ended already, or the service has no way to: it clears away by itself what is never completed.
        }
        catch (Exception failure) when (IsFailure(failure))
        {
            throw Failed("end the upload of", path, failure);
        }
    }

    internal async Task<PartETag> PutPartAsync(string path, string upload, int number, Stream content, long length, CancellationToken cancel)
    {
        try
        {
            UploadPartResponse answer = await _client.UploadPartAsync(
                new UploadPartRequest
                {
                    BucketName = Location.Bucket,
                    Key = Location.Key(path),
                    UploadId = upload,
                    PartNumber = number,
                    PartSize = length,
                    InputStream = content,
                    UseChunkEncoding = false,
                },
                cancel);
            return new PartETag(number, answer.ETag);
        }
        catch (Exception failure) when (IsFailure(failure))
        {
            throw Failed("write", path, failure);
        }
    }

    internal async Task CompleteAsync(string path, string upload, List<PartETag> parts, CancellationToken cancel)
    {
        try
        {
            parts.Sort((x, y) => x.PartNumber.CompareTo(y.PartNumber));
            await _client.CompleteMultipartUploadAsync(
                new CompleteMultipartUploadRequest { BucketName = Location.Bucket, Key = Location.Key(path), UploadId = upload, PartETags = parts }, cancel);
        }
        catch (Exception failure) when (IsFailure(failure))
        {
            throw Failed("write", path, failure);
        }
    }

    internal static bool IsFailure(Exception failure) => failure is AmazonServiceException or AmazonClientException or HttpRequestException or WebException;

    internal IOException Failed(string verb, string path, Exception failure)
    {
        string remedy = failure is AmazonServiceException { StatusCode: HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized }
            ? "; check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and what this user may do"
            : failure is AmazonServiceException { ErrorCode: "NoSuchBucket" } ? $"; make the bucket first: aws s3 mb s3://{Location.Bucket}" : "";
        return new IOException($"cannot {verb} {Location}{(path.Length > 0 ? "/" : "")}{path}: {failure.Message}{remedy}", failure);
    }

    private async Task DeleteAllAsync(List<KeyVersion> keys, CancellationToken cancel)
    {
        if (keys.Count == 0)
            return;
        await _client.DeleteObjectsAsync(new DeleteObjectsRequest { BucketName = Location.Bucket, Objects = [.. keys], Quiet = true }, cancel);
        keys.Clear();
    }

    private async IAsyncEnumerable<S3Entry> ReadAsync(string folder, string? delimiter, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        string start = Location.Key(folder);
        if (start.Length > 0)
            start += "/";
        int cut = Location.Prefix.Length == 0 ? 0 : Location.Prefix.Length + 1;
        var request = new ListObjectsV2Request { BucketName = Location.Bucket, Prefix = start, Delimiter = delimiter };
        ListObjectsV2Response page;
        do
        {
            try
            {
                page = await _client.ListObjectsV2Async(request, cancel);
            }
            catch (Exception failure) when (IsFailure(failure))
            {
                throw Failed("list", folder, failure);
            }
            foreach (string below in page.CommonPrefixes)
                yield return new S3Entry(below[cut..].TrimEnd('/'), true, 0, default);
            foreach (S3Object found in page.S3Objects)
            {
                // An object that is named as a folder is the mark of an empty one.
                if (!found.Key.EndsWith('/'))
                    yield return new S3Entry(found.Key[cut..], false, found.Size, new DateTimeOffset(found.LastModified.ToUniversalTime()));
            }
            request.ContinuationToken = page.NextContinuationToken;
        }
        while (page.IsTruncated && page.NextContinuationToken is { Length: > 0 });
    }
}
