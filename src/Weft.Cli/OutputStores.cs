using System.Runtime.CompilerServices;
using Weft.S3;
using Weft.Storage;
using Weft.Text;

namespace Weft.Cli;

/// <summary>Where outputs lie: in a project's state, or in a bucket with that before it. What speaks S3 is loaded when a bucket is named.</summary>
internal static class OutputStores
{
    /// <param name="place">As <c>store</c> of <c>weft.yaml</c> says; null for the project's state.</param>
    public static BlobStore Open(string root, string? place, FileHashes hashes, Surroundings surroundings, TimeProvider clock)
    {
        var here = new FolderBlobStore(new StateFolder(ProjectStore.FolderOf(root)).Blobs, hashes, clock);
        return place is null ? here : Beyond(here, place, surroundings, clock);
    }

    /// <exception cref="DiagnosticException">The place or the endpoint is no address.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static BlobStore Beyond(FolderBlobStore here, string place, Surroundings surroundings, TimeProvider clock) =>
        S3BlobStore.Behind(here, place, surroundings.Variable, clock);

    /// <summary>Makes sure that a bucket answers, before anything starts.</summary>
    /// <exception cref="DiagnosticException">It does not.</exception>
    public static void Check(string? place, Surroundings surroundings, TimeProvider clock)
    {
        if (place is not null)
            CheckBucket(place, surroundings, clock);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CheckBucket(string place, Surroundings surroundings, TimeProvider clock)
    {
        using var folder = new S3Folder(S3Location.Parse(place), S3Options.Read(surroundings.Variable), clock);
        try
        {
            folder.ListAsync("", CancellationToken.None).GetAwaiter().GetResult();
        }
        catch (IOException failure)
        {
            throw new DiagnosticException("store/unreachable", failure.Message, null, "`store` of weft.yaml names this place; AWS_ENDPOINT_URL names the service where it is not Amazon's");
        }
    }
}
