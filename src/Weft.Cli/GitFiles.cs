namespace Weft.Cli;

/// <summary>The files by which git knows where a working tree stands: as long as they and the tree are the same, so is the state of the code.</summary>
internal static class GitFiles
{
    private const string Reference = "ref: ";

    /// <summary>Empty where there is no git; null for forms of a repository whose state lies elsewhere: linked trees, modules, tables of references.</summary>
    public static IReadOnlyList<string>? Of(string root)
    {
        for (string? folder = root; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            string git = Path.Combine(folder, ".git");
            if (!Path.Exists(git))
                continue;
            if (!Directory.Exists(git) || File.Exists(Path.Combine(folder, ".gitmodules")) || Directory.Exists(Path.Combine(git, "reftable")))
                return null;
            string head = Path.Combine(git, "HEAD");
            string text = File.Exists(head) ? File.ReadAllText(head).Trim() : "";
            string[] parts = ["HEAD", "index", "packed-refs", "config", "info/exclude", text.StartsWith(Reference, StringComparison.Ordinal) ? text[Reference.Length..] : "HEAD"];
            return [.. Ignored(folder, root), .. parts.Select(part => Path.Combine(git, part))];
        }
        return [];
    }

    /// <summary>What is ignored is also said above the project.</summary>
    private static IEnumerable<string> Ignored(string top, string root)
    {
        for (string? folder = root; folder is not null && folder.Length >= top.Length; folder = Path.GetDirectoryName(folder))
            yield return Path.Combine(folder, ".gitignore");
    }
}
