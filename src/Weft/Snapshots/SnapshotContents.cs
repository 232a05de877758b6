using Weft.Platform;
using Weft.Storage;
using Weft.Values;

namespace Weft.Snapshots;

/// <summary>
/// Keeps the contents that snapshots name in a blob store, and brings a tree back from them: what git has is asked of git, the rest comes from the store.
/// </summary>
/// <param name="root">The project's folder.</param>
internal sealed class SnapshotContents(string root, BlobStore blobs)
{
    /// <summary>The mode of a submodule in an index, and a blank.</summary>
    private const string Submodule = "160000 ";

    /// <summary>The most bytes that are kept of one snapshot; the smallest files come first. Default: 1 GiB.</summary>
    public long Limit { get; init; } = 1L << 30;

    /// <summary>Contents that are stored now, and the paths of which the content is not: too much in all, or changed since the snapshot was taken.</summary>
    public KeptContents Keep(CodeSnapshot snapshot, CancellationToken cancel)
    {
        var kept = new List<StoredBlob>();
        var missing = new List<string>();
        long total = 0;
        foreach ((string path, Digest digest, long size) in Contents(snapshot, missing).OrderBy(file => file.Size))
        {
            cancel.ThrowIfCancellationRequested();
            if ((total += size) > Limit || !TryKeep(path, digest, cancel))
                missing.Add(path);
            else
                kept.Add(new StoredBlob(digest, size));
        }
        return new KeptContents([.. kept], [.. missing.Order(StringComparer.Ordinal)]);
    }

    /// <summary>Makes the tree of a snapshot in a folder that is empty, or not there yet.</summary>
    /// <returns>The paths of which the content was not kept: they are as in the commit, or not there.</returns>
    /// <exception cref="IOException">The folder cannot be written, or git does not have the commit.</exception>
    public IReadOnlyList<string> Restore(CodeSnapshot snapshot, string target, CancellationToken cancel)
    {
        Directory.CreateDirectory(target);
        var missing = new List<string>();
        if (snapshot.Commit is { } commit)
            CheckOut(root, commit, Path.GetFullPath(target), "", missing, cancel);
        foreach ((string path, FileState state) in snapshot.Files)
        {
            cancel.ThrowIfCancellationRequested();
            string file = Path.Combine(target, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            if (state.Kind == FileKind.Module)
                CheckOutModule(path, state.Content[FileState.Module.Length..], file, missing, cancel);
            else if (!TryRestore(state, file))
                missing.Add(path);
        }
        return missing;
    }

    private IEnumerable<(string Path, Digest Digest, long Size)> Contents(CodeSnapshot snapshot, List<string> missing)
    {
        foreach ((string path, FileState state) in snapshot.Files)
        {
            if (Digest.TryParse(state.Content, out Digest digest))
                yield return (path, digest, FileStatus.TryRead(Path.Combine(root, path))?.Size ?? 0);
            else if (state.Kind is not (FileKind.Deleted or FileKind.Module) && !state.IsLink)
                missing.Add(path);
        }
    }

    private bool TryKeep(string path, Digest digest, CancellationToken cancel)
    {
        if (blobs.Contains(digest))
            return true;
        try
        {
            return blobs.PutFile(Path.Combine(root, path), Intake.Copy, cancel).Digest == digest;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
    }

    /// <summary>
    /// Writes the files of a commit, of one folder only, by an index of its own: neither the user's index nor his tree is touched. Submodules come from where they are
    /// checked out.
    /// </summary>
    /// <param name="folder">The folder in a work tree of the repository.</param>
    /// <param name="inside">Its path from the project's folder, with a final slash, for names.</param>
    private static void CheckOut(string folder, string commit, string target, string inside, List<string> missing, CancellationToken cancel)
    {
        string index = Path.Combine(target, ".weft-index");
        EnvironmentBlock environment = EnvironmentBlock.Current().With([new("GIT_INDEX_FILE", index)]);
        string repository = Git(folder, "rev-parse", "--absolute-git-dir").TrimEnd('\n');
        Git(folder, "read-tree", $"{commit}:./");
        Git(target, $"--git-dir={repository}", $"--work-tree={target}", "checkout-index", "--all", "--force");
        string[] staged = Git(target, $"--git-dir={repository}", $"--work-tree={target}", "ls-files", "--stage", "-z").Split('\0', StringSplitOptions.RemoveEmptyEntries);
        File.Delete(index);
        foreach (string entry in staged.Where(entry => entry.StartsWith(Submodule, StringComparison.Ordinal)))
        {
            // 160000 COMMIT 0<tab>PATH
            string path = entry[(entry.IndexOf('\t') + 1)..];
            string below = Path.Combine(folder, path);
            if (!Path.Exists(Path.Combine(below, ".git")))
                missing.Add(inside + path);
            else
                CheckOut(below, entry.Split(' ')[1], Directory.CreateDirectory(Path.Combine(target, path)).FullName, $"{inside}{path}/", missing, cancel);
        }

        string Git(string where, params string[] words)
        {
            CommandResult result = Command.Run(["git", "-c", "core.quotePath=false", .. words], where, environment, cancel);
            return result.Succeeded ? result.Text : throw new IOException($"git cannot bring back the commit {commit[..12]}: {result.Error.Trim()}");
        }
    }

    /// <summary>A submodule at a commit that is not the one which the project's commit names. Its own changes come after it: their paths are longer.</summary>
    private void CheckOutModule(string path, string commit, string target, List<string> missing, CancellationToken cancel)
    {
        string folder = Path.Combine(root, path);
        missing.Remove(path);
        if (!Path.Exists(Path.Combine(folder, ".git")))
        {
            missing.Add(path);
            return;
        }
        if (Directory.Exists(target))
            Directory.Delete(target, recursive: true);
        CheckOut(folder, commit, Directory.CreateDirectory(target).FullName, path + "/", missing, cancel);
    }

    private bool TryRestore(FileState state, string file)
    {
        bool isDeleted = state.Kind == FileKind.Deleted;
        Digest digest = default;
        if (!isDeleted && !state.IsLink && (!Digest.TryParse(state.Content, out digest) || !blobs.Contains(digest)))
            return false;
        File.Delete(file);
        if (state.IsLink)
            File.CreateSymbolicLink(file, state.Content[FileState.Link.Length..]);
        else if (!isDeleted)
            blobs.Get(digest, file, HandOut.Writable, state.IsExecutable);
        return true;
    }
}

/// <summary>What of a snapshot is in the store.</summary>
internal sealed record KeptContents(StoredBlob[] Blobs, string[] Missing);
