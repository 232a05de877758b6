using Weft.Snapshots;
using Weft.Storage;
using Weft.Text;
using Weft.Values;

namespace Weft.Cli;

/// <summary>
/// The folder in which the clones of a repository share results: <c>~/.cache/weft/results/FAMILY</c>, or under <c>$WEFT_CACHE</c>. Clones are a family when they
/// have the same first commit, so two projects that only look alike never share anything.
/// </summary>
internal static class SharedFolder
{
    private const string Variable = "WEFT_CACHE";
    private const string Off = "off";

    /// <summary>The name of the family, kept so that git is asked once.</summary>
    private const string FamilyFile = "family";

    /// <summary>Null when nothing is shared: switched off, no git, or no commit yet.</summary>
    /// <exception cref="DiagnosticException">The variable says something else than a folder.</exception>
    public static string? Of(string root, Surroundings surroundings)
    {
        string? given = surroundings.Variable(Variable);
        if (given == Off)
            return null;
        if (given is not null && !Path.IsPathRooted(given))
            throw new DiagnosticException("cache/folder", $"`{Variable}` must be the absolute path of a folder, or `{Off}`; it is `{given}`");
        return FamilyOf(root) is { } family ? Path.Combine(given ?? Path.Combine(surroundings.CacheFolder, "results"), family) : null;
    }

    private static string? FamilyOf(string root)
    {
        string state = ProjectStore.FolderOf(root), file = Path.Combine(state, FamilyFile);
        if (AtomicFile.TryRead(file) is { } known)
            return System.Text.Encoding.UTF8.GetString(known).Trim() is { Length: > 0 } name && !name.AsSpan().ContainsAny('/', '\0') && name[0] != '.' ? name : null;
        if (new SnapshotReader(root, FileHashes.Read).Origin(CancellationToken.None) is not { } origin)
            return null;
        string family = origin.Prefix.Length == 0 ? origin.FirstCommit : $"{origin.FirstCommit}-{Digest.Of(origin.Prefix).Short}";
        if (Directory.Exists(state))
        {
            try
            {
                AtomicFile.TryCreate(file, System.Text.Encoding.UTF8.GetBytes(family + "\n"), survivesPowerCut: false);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // Git is asked again the next time.
            }
        }
        return family;
    }
}
