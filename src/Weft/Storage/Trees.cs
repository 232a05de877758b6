using System.IO.Enumeration;
using Weft.Platform;
using Weft.Values;

namespace Weft.Storage;

/// <summary>Folders in a blob store: each file a blob, and the list of them (<see cref="TreeManifest"/>) another, whose digest is the folder's.</summary>
internal sealed class Trees(BlobStore blobs)
{
    private const UnixFileMode AnyExecute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const int Parallel = 2;

    private delegate Digest DigestOfFile(string path, in FileStatus status);

    /// <summary>Keeps a folder with all that is in it. The digest is the folder's; the size that of its files.</summary>
    /// <exception cref="IOException">Something in it is unreadable, changes meanwhile, or is neither file nor folder nor link.</exception>
    public StoredBlob Put(string folder, Intake intake, CancellationToken cancel)
    {
        var paths = new List<string>();
        var statuses = new List<FileStatus>();
        var entries = new List<TreeEntry>();
        foreach (string path in Walk(folder))
        {
            cancel.ThrowIfCancellationRequested();
            string relative = Path.GetRelativePath(folder, path);
            // .NET shows bytes that are no UTF-8 as U+FFFD, and the file is not found under that name.
            FileStatus status = FileStatus.TryRead(path)
                ?? throw new IOException($"cannot store {path}: it is gone, or its name is not UTF-8");
            switch (status.Form)
            {
                case FileForm.File:
                    paths.Add(path);
                    statuses.Add(status);
                    break;
                case FileForm.Link:
                    entries.Add(new TreeEntry.Link(relative, new FileInfo(path).LinkTarget ?? ""));
                    break;
                case FileForm.Folder:
                    entries.Add(new TreeEntry.EmptyFolder(relative));
                    break;
                default:
                    throw new IOException($"cannot store {path}: it is neither a file nor a folder nor a link");
            }
        }
        StoredBlob[] stored = blobs.PutFiles(paths, intake, cancel);
        for (int i = 0; i < stored.Length; i++)
            entries.Add(new TreeEntry.File(Path.GetRelativePath(folder, paths[i]), stored[i].Digest, stored[i].Size, (statuses[i].Mode & AnyExecute) != 0));
        TreeManifest manifest = TreeManifest.Of(entries);
        return new StoredBlob(blobs.Put(manifest.Write()).Digest, manifest.Size);
    }

    /// <summary>The digest that a folder would be kept under, and the size of its files; nothing is kept.</summary>
    /// <exception cref="IOException">Something in it is unreadable, or changes meanwhile.</exception>
    public static (Digest Digest, long Size) DigestOf(string folder, FileHashes hashes)
    {
        TreeManifest manifest = ListOf(folder, hashes.Of);
        return (Digest.Of(manifest.Write()), manifest.Size);
    }

    /// <summary>What is in a folder that may still be written to, without digests.</summary>
    public static TreeManifest ListOf(string folder) => ListOf(folder, (string _, in FileStatus _) => default);

    private static TreeManifest ListOf(string folder, DigestOfFile digestOf)
    {
        var entries = new List<TreeEntry>();
        foreach (string path in Walk(folder))
        {
            string relative = Path.GetRelativePath(folder, path);
            FileStatus status = FileStatus.TryRead(path) ?? throw new IOException($"cannot read {path}: it is gone, or its name is not UTF-8");
            entries.Add(status.Form switch
            {
                FileForm.Link => new TreeEntry.Link(relative, new FileInfo(path).LinkTarget ?? ""),
                FileForm.Folder => new TreeEntry.EmptyFolder(relative),
                _ => new TreeEntry.File(relative, digestOf(path, status), status.Size, (status.Mode & AnyExecute) != 0),
            });
        }
        return TreeManifest.Of(entries);
    }

    /// <summary>What is in a stored folder.</summary>
    /// <exception cref="BlobMissingException">The store has none.</exception>
    public TreeManifest Read(Digest tree) =>
        TreeManifest.Read(blobs.TryRead(tree) ?? throw new BlobMissingException(tree, blobs.Location));

    /// <summary>Makes a folder with this content.</summary>
    /// <param name="target">Must not exist; its parent must.</param>
    public void Get(Digest tree, string target, HandOut how, CancellationToken cancel)
    {
        TreeManifest manifest = Read(tree);
        Directory.CreateDirectory(target);
        var made = new HashSet<string>(StringComparer.Ordinal) { "" };
        foreach (TreeEntry entry in manifest.Entries)
        {
            string folder = entry is TreeEntry.EmptyFolder ? entry.Path : Path.GetDirectoryName(entry.Path)!;
            if (made.Add(folder))
                Directory.CreateDirectory(Path.Combine(target, folder));
        }
        TreeEntry.File[] files = [.. manifest.Entries.OfType<TreeEntry.File>()];
        var options = new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancel };
        System.Threading.Tasks.Parallel.ForEach(files, options, file => blobs.Get(file.Digest, Path.Combine(target, file.Path), how, file.IsExecutable));
        // Links last: nothing is written through one.
        foreach (TreeEntry.Link link in manifest.Entries.OfType<TreeEntry.Link>())
            File.CreateSymbolicLink(Path.Combine(target, link.Path), link.Target);
    }

    /// <summary>Files, links and empty folders below a folder; links are not followed.</summary>
    private static IEnumerable<string> Walk(string folder)
    {
        var options = new EnumerationOptions { AttributesToSkip = 0, IgnoreInaccessible = false, RecurseSubdirectories = false };
        var open = new Stack<string>();
        open.Push(folder);
        while (open.TryPop(out string? current))
        {
            var found = new FileSystemEnumerable<(string Path, bool IsFolder)>(
                current, (ref FileSystemEntry entry) => (entry.ToFullPath(), entry.IsDirectory && (entry.Attributes & FileAttributes.ReparsePoint) == 0), options);
            bool isEmpty = true;
            foreach ((string path, bool isFolder) in found)
            {
                isEmpty = false;
                if (isFolder)
                    open.Push(path);
                else
                    yield return path;
            }
            if (isEmpty && current != folder)
                yield return current;
        }
    }
}
