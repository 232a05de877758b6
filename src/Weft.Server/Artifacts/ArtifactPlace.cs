namespace Weft.Server.Artifacts;

/// <summary>One entry of a folder of artifacts.</summary>
/// <param name="Path">Relative to the root that was listed from, with slashes.</param>
/// <param name="Size">Bytes; 0 for a folder.</param>
internal readonly record struct ArtifactEntry(string Path, bool IsFolder, long Size);

/// <summary>The content of an artifact: a file of this machine, or a stream that the receiver disposes.</summary>
internal sealed record ArtifactContent(long Length, string? File, Stream? Stream);

/// <summary>A file or folder of artifacts, wherever it lies.</summary>
internal abstract class ArtifactPlace
{
    /// <summary>The last part of its path.</summary>
    public abstract string Name { get; }

    /// <summary>One level, sorted; nothing when it is a file or is not there.</summary>
    /// <param name="prefix">What stands before the names; null: names alone.</param>
    public abstract Task<List<ArtifactEntry>> ListAsync(string? prefix, CancellationToken cancel);

    /// <summary>The file's content; null when there is no such file.</summary>
    public abstract Task<ArtifactContent?> OpenAsync(CancellationToken cancel);

    /// <summary>Stores the file; nobody reads half of it.</summary>
    public abstract Task WriteAsync(Stream content, CancellationToken cancel);

    /// <summary>Removes a file or a whole folder; nothing there is no error.</summary>
    public abstract Task DeleteAsync(CancellationToken cancel);

    /// <summary>What lets clients send and fetch files past this server; null where that is not possible.</summary>
    public virtual IDirectAccess? Direct => null;
}

/// <summary>A file that clients can reach by addresses that this server signs.</summary>
internal interface IDirectAccess
{
    Task<string> BeginAsync(CancellationToken cancel);

    string PartLink(string upload, int part);

    Task CompleteAsync(string upload, IReadOnlyList<(int Number, string ETag)> parts, CancellationToken cancel);

    Task AbortAsync(string upload, CancellationToken cancel);

    string ReadLink();

    /// <summary>An address to which the whole file can be put.</summary>
    string WriteLink(TimeSpan lifetime);
}
