namespace Weft.Tracking.Exchange;

/// <summary>Copies of artifact folders.</summary>
internal static class FileCopy
{
    private const string PartEnd = ".weft-part";

    /// <summary>The folder that a location names: a path, or a <c>file:</c> URI.</summary>
    public static string? FolderOf(string location)
    {
        if (location.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
            return Uri.TryCreate(location, UriKind.Absolute, out Uri? uri) ? uri.LocalPath : null;
        return Path.IsPathRooted(location) ? location : null;
    }

    /// <summary>
    /// Copies all files below a folder, those of the same size that are there already excepted. Each is whole when it has its name. Links are
    /// followed to files, not into folders: nothing is copied twice, nor for ever.
    /// </summary>
    public static void Tree(string from, string to)
    {
        if (!Directory.Exists(from))
            return;
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false };
        foreach (FileInfo file in new DirectoryInfo(from).EnumerateFiles("*", options))
        {
            if (HasLinkAbove(file, from))
                continue;
            string target = Path.Combine(to, Path.GetRelativePath(from, file.FullName));
            long length = file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo { Exists: true } linked ? linked.Length : file.Length;
            if (File.Exists(target) && new FileInfo(target).Length == length)
                continue;
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file.FullName, target + PartEnd, overwrite: true);
            File.Move(target + PartEnd, target, overwrite: true);
        }
    }

    /// <summary>Writes one file that is whole when it has its name.</summary>
    public static void Write(string target, Stream content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        using (FileStream part = File.Create(target + PartEnd))
            content.CopyTo(part);
        File.Move(target + PartEnd, target, overwrite: true);
    }

    private static bool HasLinkAbove(FileInfo file, string root)
    {
        string top = Path.GetFullPath(root).TrimEnd('/');
        for (DirectoryInfo? folder = file.Directory; folder is not null && folder.FullName.TrimEnd('/').Length > top.Length; folder = folder.Parent)
        {
            if (folder.LinkTarget is not null)
                return true;
        }
        return false;
    }
}
