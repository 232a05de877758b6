using System.Collections.Concurrent;
using Weft.S3;
using Weft.Tracking;

namespace Weft.Server.Artifacts;

/// <summary>
/// Artifacts in buckets. Only those that the server was started with: otherwise whoever may make an experiment could read with the server's keys
/// whatever these open.
/// </summary>
internal sealed class S3Places(IEnumerable<string> roots, Func<string, string?> variable, TimeProvider clock) : IDisposable
{
    private readonly HashSet<string> _buckets = [.. roots.Where(S3Location.IsLocation).Select(root => S3Location.Parse(root).Bucket)];
    private readonly S3Options _options = S3Options.Read(variable);
    private readonly ConcurrentDictionary<string, Lazy<S3Folder>> _folders = new(StringComparer.Ordinal);

    /// <param name="path">Checked by <see cref="ArtifactPath.Check"/>.</param>
    public ArtifactPlace At(string location, string path)
    {
        S3Location place = S3Location.Parse(location);
        if (!_buckets.Contains(place.Bucket))
            throw new TrackingException(TrackingError.NotImplemented, $"This server does not read artifacts at {location}: it was not started with that bucket; clients reach it on their own");
        // One client for a bucket, however many folders of it are asked for.
        S3Folder bucket = _folders.GetOrAdd(place.Bucket, name => new Lazy<S3Folder>(() => new S3Folder(new S3Location(name, ""), _options, clock))).Value;
        return new S3Place(bucket, place.Key(path));
    }

    public void Dispose()
    {
        foreach (Lazy<S3Folder> folder in _folders.Values.Where(folder => folder.IsValueCreated))
            folder.Value.Dispose();
    }

    private sealed class S3Place(S3Folder bucket, string key) : ArtifactPlace, IDirectAccess
    {
        public override string Name => key[(key.LastIndexOf('/') + 1)..];

        public override IDirectAccess? Direct => this;

        public override async Task<List<ArtifactEntry>> ListAsync(string? prefix, CancellationToken cancel)
        {
            string before = string.IsNullOrEmpty(prefix) ? "" : prefix.TrimEnd('/') + "/";
            List<S3Entry> found = await bucket.ListAsync(key, cancel);
            return [.. found.Select(entry => new ArtifactEntry(before + entry.Path[(entry.Path.LastIndexOf('/') + 1)..], entry.IsFolder, entry.Size))];
        }

        public override async Task<ArtifactContent?> OpenAsync(CancellationToken cancel) =>
            key.Length > 0 && await bucket.OpenAsync(key, cancel) is { } content ? new ArtifactContent(content.Length, null, content) : null;

        public override Task WriteAsync(Stream content, CancellationToken cancel) => bucket.WriteAsync(key, content, cancel);

        public override Task DeleteAsync(CancellationToken cancel) => bucket.DeleteAsync(key, cancel);

        public Task<string> BeginAsync(CancellationToken cancel) => bucket.BeginAsync(key, cancel);

        public string PartLink(string upload, int part) => bucket.PartLink(key, upload, part);

        public Task CompleteAsync(string upload, IReadOnlyList<(int Number, string ETag)> parts, CancellationToken cancel) => bucket.CompleteAsync(key, upload, parts, cancel);

        public Task AbortAsync(string upload, CancellationToken cancel) => bucket.AbortAsync(key, upload, cancel);

        public string ReadLink() => bucket.ReadLink(key);

        public string WriteLink(TimeSpan lifetime) => bucket.WriteLink(key, lifetime);
    }
}
