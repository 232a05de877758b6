using System.Runtime.CompilerServices;
using Weft.Tracking;

namespace Weft.Server.Artifacts;

/// <summary>
/// Artifacts in folders of this machine or on S3: those that clients send through the server (<c>mlflow-artifacts:</c>), below one root, and
/// those of runs whose location is a local path or lies in a bucket that the server was started with.
/// </summary>
/// <param name="root">A folder, or <c>s3://BUCKET/FOLDER</c>.</param>
/// <param name="artifactRoot">Where experiments put artifacts: its bucket may be read, too.</param>
/// <param name="variable">The environment, where S3's address and keys may stand.</param>
internal sealed class ArtifactStore(string root, string artifactRoot, bool servesArtifacts, Func<string, string?> variable, TimeProvider clock) : IDisposable
{
    private const string Proxied = "mlflow-artifacts:";

    private const string Bucket = "s3://";

    private readonly string _root = root.StartsWith(Bucket, StringComparison.OrdinalIgnoreCase) ? root : Path.GetFullPath(root);
    private IDisposable? _buckets;

    /// <summary>The file or folder of a proxied path.</summary>
    /// <param name="path">Checked by <see cref="ArtifactPath.Check"/>.</param>
    public ArtifactPlace Proxy(string path)
    {
        if (!servesArtifacts)
            throw new TrackingException(TrackingError.TemporarilyUnavailable, "Artifacts are not served by this server: it was started with artifact serving off");
        return IsBucket(_root) ? OnS3(_root, path) : LocalPlace.Below(_root, path);
    }

    /// <summary>The file or folder of a path below a location.</summary>
    public ArtifactPlace Resolve(string location, string path)
    {
        if (location.StartsWith(Proxied, StringComparison.Ordinal))
        {
            string rest = location[Proxied.Length..];
            // mlflow-artifacts://host:port/path names a server; its path is ours when the location is.
            if (rest.StartsWith("//", StringComparison.Ordinal))
                rest = rest.IndexOf('/', 2) is > 0 and int slash ? rest[slash..] : "";
            string start = ArtifactPath.Check(rest.TrimStart('/'));
            return Proxy(start.Length == 0 ? path : path.Length == 0 ? start : $"{start}/{path}");
        }
        if (Path.IsPathRooted(Locations.PathOf(location)))
            return LocalPlace.Below(Locations.PathOf(location), path);
        if (IsBucket(location))
            return OnS3(location, path);
        throw new TrackingException(TrackingError.NotImplemented, $"This server cannot read artifacts at {location}; clients reach them on their own");
    }

    public void Dispose() => _buckets?.Dispose();

    private static bool IsBucket(string location) => location.StartsWith(Bucket, StringComparison.OrdinalIgnoreCase);

    /// <summary>Apart, so that Amazon's library is loaded for who has something there only.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private ArtifactPlace OnS3(string location, string path)
    {
        S3Places places = (S3Places?)Volatile.Read(ref _buckets) ?? Make();
        return places.At(location, path);

        S3Places Make()
        {
            var made = new S3Places([_root, artifactRoot], variable, clock);
            if (Interlocked.CompareExchange(ref _buckets, made, null) is S3Places first)
            {
                made.Dispose();
                return first;
            }
            return made;
        }
    }
}
