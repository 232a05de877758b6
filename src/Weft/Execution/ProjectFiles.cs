using System.Collections.Immutable;
using System.IO.Enumeration;
using Weft.Expressions;
using Weft.Platform;
using Weft.Storage;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>What decisions ask of the files of a project: the content of inputs from outside the store, and of the code that counts.</summary>
/// <param name="root">The project's folder, absolute.</param>
internal sealed class ProjectFiles(string root, FileHashes hashes)
{
    private static readonly string[] LeftOut = [StateFolder.Name, ".git", "__pycache__", "mlruns"];

    /// <summary>Adds what this object knows to the facts.</summary>
    public Facts AddTo(Facts facts) => facts with { Outside = Find, Files = Code, ProjectFolder = root };

    /// <summary>The digests of the files of a set by their paths; null when one that is named without a pattern is missing.</summary>
    public FileDigests? Code(FileSet set)
    {
        var found = ImmutableSortedDictionary.CreateBuilder<string, Digest>(StringComparer.Ordinal);
        foreach (string pattern in set.Patterns)
        {
            bool takesOut = pattern.StartsWith('!');
            string text = takesOut ? pattern[1..] : pattern;
            if (!text.AsSpan().ContainsAny('*', '?'))
            {
                if (takesOut)
                    found.Remove(text);
                else if (!Add(text))
                    return null;
                continue;
            }
            if (takesOut)
                found.RemoveRange(found.Keys.Where(path => FilePattern.Matches(text, path)).ToList());
            else
                foreach (string path in Walk().Where(path => FilePattern.Matches(text, path)))
                    Add(path);
        }
        return new FileDigests(found.ToImmutable());

        bool Add(string path)
        {
            string full = Path.Combine(root, path);
            if (FileStatus.TryRead(full) is not { } status)
                return false;
            found[path] = status.Form == FileForm.File ? hashes.Of(full, status) : hashes.Of(full);
            return true;
        }
    }

    private Evaluated Find(Expr.Ref reference)
    {
        if (reference.Path is not [{ Name: Outside.File }, { Name: { } path }, { Name: { } by }])
            return Evaluator.Wrong(reference, "outside/unresolved", $"`{string.Join('/', reference.Path.Skip(1))}` names an earlier result, which is looked up before the start");
        string full = FullPath(path);
        try
        {
            if (FileStatus.TryRead(full) is not { } status)
            {
                string? near = Directory.Exists(Path.GetDirectoryName(full)) ? Suggest.Hint(Path.GetFileName(full), Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(full)!).Select(one => Path.GetFileName(one))) : null;
                return Evaluator.Wrong(reference, "input/missing", $"there is no file or folder `{path}`", near);
            }
            bool isFolder = Directory.Exists(full);
            (Digest digest, long size) = by switch
            {
                Outside.None => (Digest.Of(path), 0),
                Outside.Stat => (Digest.Of($"{path}\n{status.Size}\n{status.ModifiedNanoseconds}"), status.Size),
                _ when isFolder => Trees.DigestOf(full, hashes),
                _ => (hashes.Of(full), status.Size),
            };
            return new Evaluated.Is(new Value.Blob(digest, size, isFolder ? BlobKind.Folder : BlobKind.File, Staged.OutsideScheme + full));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Evaluator.Wrong(reference, "input/unreadable", $"`{path}` cannot be read: {error.Message}");
        }
    }

    private string FullPath(string path) => path.StartsWith("~/", StringComparison.Ordinal)
        ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), path[2..])
        : Path.GetFullPath(path, root);

    private FileSystemEnumerable<string> Walk() => new(
        root,
        (ref FileSystemEntry entry) => Path.GetRelativePath(root, entry.ToFullPath()),
        new EnumerationOptions { AttributesToSkip = 0, RecurseSubdirectories = true, IgnoreInaccessible = true })
    {
        ShouldIncludePredicate = (ref FileSystemEntry entry) => !entry.IsDirectory,
        ShouldRecursePredicate = (ref FileSystemEntry entry) => (entry.Attributes & FileAttributes.ReparsePoint) == 0 && !LeftOut.Contains(entry.FileName.ToString()),
    };
}

/// <summary>Patterns of paths: <c>*</c> and <c>?</c> stay inside one part, <c>**</c> stands for any number of parts.</summary>
internal static class FilePattern
{
    public static bool Matches(string pattern, string path) => Matches(pattern.Split('/'), path.Split('/'));

    private static bool Matches(ReadOnlySpan<string> pattern, ReadOnlySpan<string> path)
    {
        if (pattern.IsEmpty)
            return path.IsEmpty;
        if (pattern[0] == "**")
        {
            for (int i = 0; i <= path.Length; i++)
            {
                if (Matches(pattern[1..], path[i..]))
                    return true;
            }
            return false;
        }
        return !path.IsEmpty && FileSystemName.MatchesSimpleExpression(pattern[0], path[0], ignoreCase: false) && Matches(pattern[1..], path[1..]);
    }
}
