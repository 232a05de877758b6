namespace Weft.Storage;

/// <summary>How much a folder holds.</summary>
internal static class FolderSize
{
    /// <summary>Bytes of all files below it; 0 when there is none.</summary>
    public static long Of(string folder) => Directory.Exists(folder)
        ? new DirectoryInfo(folder).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint }).Sum(file => file.Length)
        : 0;
}
