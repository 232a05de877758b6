using System.Collections.Immutable;
using System.Text;
using Weft.Platform;
using Weft.Values;

namespace Weft.Snapshots;

/// <summary>
/// Takes the snapshot of a folder. Under git it asks git once (<c>status --porcelain=v2</c>); elsewhere it walks the folder for source files.
/// Left out in both: Weft's own state, the folders that tracking tools write, and byte code.
/// </summary>
public sealed class SnapshotReader
{
    /// <summary>Largest file whose content is read: 32 MiB.</summary>
    public const long LargestFile = 32L << 20;

    /// <summary>Largest source file of a project without git: 1 MiB.</summary>
    private const long LargestSource = 1L << 20;

    private static readonly string[] SourceEndings = [".py", ".sh", ".yaml", ".yml", ".toml", ".cfg", ".json", ".cs", ".csproj"];

    private static readonly string[] LeftOut = [".weft", "mlruns", "multirun", "outputs", "__pycache__", ".git"];

    private readonly string _root;
    private readonly Func<string, Digest> _digestOf;

    /// <param name="root">The project's folder.</param>
    /// <param name="digestOf">The digest of a file's content by its full path; a stat cache makes this cheap.</param>
    public SnapshotReader(string root, Func<string, Digest> digestOf)
    {
        _root = Path.GetFullPath(root);
        _digestOf = digestOf;
    }

    public CodeSnapshot Take(CancellationToken cancellation)
    {
        if (!IsUnderGit())
            return new CodeSnapshot(null, WalkSources());
        CommandResult status = Git(cancellation, "status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all", "--no-renames", "--", ".");
        // A repository that git refuses to read (another owner, a broken index) is still a folder with source files.
        return status.Succeeded ? ReadStatus(status.Text, Prefix(cancellation), cancellation) : new CodeSnapshot(null, WalkSources());
    }

    /// <summary>The files that a snapshot stands for, relative to the project's folder: under git those that are tracked or not ignored, else the sources.</summary>
    public IEnumerable<string> Files(CancellationToken cancellation)
    {
        CommandResult? listed = IsUnderGit() ? Git(cancellation, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ".") : null;
        return listed is { Succeeded: true } ? listed.Text.Split('\0', StringSplitOptions.RemoveEmptyEntries).Where(path => !IsLeftOut(path)) : WalkSources().Keys;
    }

    /// <summary>Paths below the project's folder that differ between two commits; none when git does not know one of them.</summary>
    public IEnumerable<string> ChangedBetween(string earlier, string later, CancellationToken cancellation)
    {
        CommandResult diff = Git(cancellation, "diff", "--name-only", "-z", "--no-renames", "--relative", earlier, later, "--", ".");
        return diff.Succeeded ? diff.Text.Split('\0', StringSplitOptions.RemoveEmptyEntries) : [];
    }

    /// <summary>
    /// What all clones of a repository have in common: its first commit, and the folder of the project in it (with a final slash; empty at the top). Null without git
    /// or before the first commit.
    /// </summary>
    public (string FirstCommit, string Prefix)? Origin(CancellationToken cancellation)
    {
        if (!IsUnderGit())
            return null;
        CommandResult roots = Git(cancellation, "rev-list", "--max-parents=0", "HEAD");
        // Of several the oldest stands last.
        return roots.Succeeded && roots.Text.Trim() is { Length: > 0 } text ? (text.Split('\n')[^1], Prefix(cancellation)) : null;
    }

    private bool IsUnderGit()
    {
        for (string? folder = _root; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (Path.Exists(Path.Combine(folder, ".git")))
                return Executables.Find("git", Environment.GetEnvironmentVariable("PATH"), _root) is not null;
        }
        return false;
    }

    private CommandResult Git(CancellationToken cancellation, params string[] words) =>
        Command.Run(["git", "-c", "core.quotePath=false", "--no-optional-locks", .. words], _root, environment: null, cancellation);

    /// <summary>The project's folder as seen from the top of the repository, with a final slash; status names files from the top.</summary>
    private string Prefix(CancellationToken cancellation) => Git(cancellation, "rev-parse", "--show-prefix").Text.TrimEnd('\n');

    /// <summary>Records of git-status(1), "Porcelain Format Version 2", separated by NUL.</summary>
    private CodeSnapshot ReadStatus(string text, string prefix, CancellationToken cancellation)
    {
        string? commit = null;
        var files = ImmutableSortedDictionary.CreateBuilder<string, FileState>(StringComparer.Ordinal);
        foreach (string record in text.Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            if (record.StartsWith("# branch.oid ", StringComparison.Ordinal))
            {
                string id = record["# branch.oid ".Length..];
                commit = id.StartsWith('(') ? null : id;
                continue;
            }
            (string? path, FileKind kind) = record[0] switch
            {
                '1' when record[5] == 'S' => (Field(record, 8), FileKind.Module),
                '1' => (Field(record, 8), FileKind.Changed),
                'u' => (Field(record, 10), FileKind.Changed),
                '?' => (record[2..], FileKind.Untracked),
                _ => (null, FileKind.Plain),
            };
            if (path is null || !path.StartsWith(prefix, StringComparison.Ordinal) || IsLeftOut(path[prefix.Length..]))
                continue;
            string relative = path[prefix.Length..];
            if (kind == FileKind.Module && Path.Exists(Path.Combine(_root, relative, ".git")))
                AddModule(files, relative, cancellation);
            else if (StateOf(relative, kind == FileKind.Module ? FileKind.Changed : kind) is { } state)
                files[relative] = state;
        }
        return new CodeSnapshot(commit, files.ToImmutable());
    }

    /// <summary>A submodule with changes of its own, or at another commit than is named: the commit, and what differs from that.</summary>
    private void AddModule(ImmutableSortedDictionary<string, FileState>.Builder files, string relative, CancellationToken cancellation)
    {
        CodeSnapshot inside = new SnapshotReader(Path.Combine(_root, relative), _digestOf).Take(cancellation);
        if (inside.Commit is not null)
            files[relative] = new FileState(FileKind.Module, FileState.Module + inside.Commit);
        foreach ((string path, FileState state) in inside.Files)
            files[$"{relative}/{path}"] = state;
    }

    /// <summary>What stands after the n-th blank: paths may hold blanks themselves and are last.</summary>
    private static string? Field(string record, int blanks)
    {
        int at = 0;
        for (int i = 0; i < blanks; i++)
        {
            at = record.IndexOf(' ', at) + 1;
            if (at == 0)
                return null;
        }
        return record[at..];
    }

    private ImmutableSortedDictionary<string, FileState> WalkSources()
    {
        var files = ImmutableSortedDictionary.CreateBuilder<string, FileState>(StringComparer.Ordinal);
        var folders = new Stack<string>();
        folders.Push(_root);
        while (folders.TryPop(out string? folder))
        {
            foreach (FileSystemInfo entry in new DirectoryInfo(folder).EnumerateFileSystemInfos("*", new EnumerationOptions { AttributesToSkip = 0, IgnoreInaccessible = true }))
            {
                if (LeftOut.Contains(entry.Name) || entry.LinkTarget is not null)
                    continue;
                if (entry is DirectoryInfo)
                    folders.Push(entry.FullName);
                else if (entry is FileInfo file && file.Length < LargestSource && SourceEndings.Contains(file.Extension))
                    Add(Path.GetRelativePath(_root, file.FullName));
            }
        }
        return files.ToImmutable();

        void Add(string relative)
        {
            if (StateOf(relative, FileKind.Plain) is { } state)
                files[relative] = state;
        }
    }

    private static bool IsLeftOut(string path) => path.Split('/').Any(part => LeftOut.Contains(part));

    private FileState? StateOf(string relative, FileKind kind)
    {
        var file = new FileInfo(Path.Combine(_root, relative));
        try
        {
            if (file.Attributes == (FileAttributes)(-1))
                return kind == FileKind.Changed ? new FileState(FileKind.Deleted, "") : null;
            if (file.LinkTarget is { } target)
                return new FileState(kind, FileState.Link + target);
            if (!file.Exists)
                return null; // a repository inside this one
            bool executable = !OperatingSystem.IsWindows() && (file.UnixFileMode & UnixFileMode.UserExecute) != 0;
            return file.Length > LargestFile
                ? new FileState(kind, new StringBuilder("size:").Append(file.Length).Append(':').Append(file.LastWriteTimeUtc.Ticks).ToString(), executable)
                : new FileState(kind, _digestOf(file.FullName).ToString(), executable);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It vanished between the listing and now, or cannot be read: then no run reads it either.
            return null;
        }
    }
}
