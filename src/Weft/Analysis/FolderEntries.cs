using System.IO.Enumeration;

namespace Weft.Analysis;

/// <summary>The names in a folder, each with whether it is a folder itself, without asking the file system about every one.</summary>
internal sealed class FolderEntries(string path) : FileSystemEnumerable<(string Name, bool IsFolder)>(path, Transform, Options)
{
    private static readonly EnumerationOptions Options = new() { AttributesToSkip = 0, IgnoreInaccessible = true };

    private static (string, bool) Transform(ref FileSystemEntry entry) => (entry.FileName.ToString(), entry.IsDirectory);
}
