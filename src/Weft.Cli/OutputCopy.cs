using System.Collections.Immutable;
using Weft.Platform;
using Weft.Storage;
using Weft.Values;

namespace Weft.Cli;

/// <summary>
/// Copies outputs to where the user wants them. Stored content is compared with its digest on the way; a file that is there already with the same
/// content is left, and one that was being copied is gone on with, so the same command again goes on after an interruption. What stands under its
/// name is whole.
/// </summary>
internal static class OutputCopy
{
    private const UnixFileMode AnyExecute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const int Parallel = 2;

    /// <summary>A stored file.</summary>
    public static void File(BlobStore blobs, Digest digest, string target, bool isExecutable)
    {
        const UnixFileMode plain = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        UnixFileMode mode = plain | (isExecutable ? AnyExecute : 0);
        if (FileStatus.TryRead(target) is { Form: FileForm.File } && FileHashes.Read(target) == digest)
        {
            System.IO.File.SetUnixFileMode(target, mode);
            return;
        }
        MakeWay(target);
        string part = target + ".weft-part";
        blobs.Fetch(digest, part);
        System.IO.File.SetUnixFileMode(part, mode);
        System.IO.File.Move(part, target, overwrite: true);
    }

    /// <summary>What a stored folder has at a path, or all of it.</summary>
    /// <param name="inside">A file, link or folder in it; "" for all.</param>
    /// <returns>False when there is no such path.</returns>
    public static bool Tree(BlobStore blobs, TreeManifest manifest, string inside, string target, CancellationToken cancel)
    {
        ImmutableArray<TreeEntry> entries = manifest.At(inside);
        if (entries.IsEmpty && inside.Length > 0)
            return false;
        if (entries.IsEmpty)
            MakeFolder(target);
        foreach (string folder in entries.Select(entry => entry is TreeEntry.EmptyFolder ? Place(entry) : Path.GetDirectoryName(Place(entry))!).Distinct())
            MakeFolder(folder);
        var options = new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancel };
        System.Threading.Tasks.Parallel.ForEach(entries.OfType<TreeEntry.File>(), options, file => File(blobs, file.Digest, Place(file), file.IsExecutable));
        foreach (TreeEntry.Link link in entries.OfType<TreeEntry.Link>())
            Link(link.Target, Place(link));
        return true;

        string Place(TreeEntry entry) => entry.Path == inside ? target : Path.Combine(target, entry.Path[(inside.Length == 0 ? 0 : inside.Length + 1)..]);
    }

    /// <summary>A file or folder that a program may still write to, as it is now.</summary>
    public static void Live(string place, string target)
    {
        if (FileStatus.TryRead(place) is not { } status)
            throw new FileNotFoundException($"{place} is gone again");
        switch (status.Form)
        {
            case FileForm.Link:
                Link(new FileInfo(place).LinkTarget ?? "", target);
                break;
            case FileForm.Folder:
                MakeFolder(target);
                foreach (string entry in Directory.EnumerateFileSystemEntries(place))
                    Live(entry, Path.Combine(target, Path.GetFileName(entry)));
                break;
            case FileForm.File:
                MakeWay(target);
                string part = target + ".weft-part";
                System.IO.File.Delete(part);
                System.IO.File.Copy(place, part);
                System.IO.File.Move(part, target, overwrite: true);
                break;
            default:
                throw new IOException($"cannot copy {place}: it is neither a file nor a folder nor a link");
        }
    }

    private static void Link(string to, string target)
    {
        if (new FileInfo(target).LinkTarget == to)
            return;
        MakeWay(target);
        System.IO.File.Delete(target);
        System.IO.File.CreateSymbolicLink(target, to);
    }

    private static void MakeFolder(string path)
    {
        if (FileStatus.TryRead(path) is { Form: FileForm.File })
            throw new IOException($"{path} is a file, and a folder is to be there: remove it, or name another place with `-o`");
        Directory.CreateDirectory(path);
    }

    /// <summary>A folder is not replaced: there may be more in it than we know.</summary>
    private static void MakeWay(string target)
    {
        if (FileStatus.TryRead(target) is { Form: FileForm.Folder })
            throw new IOException($"{target} is a folder, and a file is to be there: remove it, or name another place with `-o`");
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
    }
}
