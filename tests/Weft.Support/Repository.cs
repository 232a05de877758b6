namespace Weft.Support;

/// <summary>Where the repository's files are, found from the test program's own place.</summary>
public static class Repository
{
    public static string Root { get; } = Find();

    public static string Path(string relative) => System.IO.Path.Combine(Root, relative);

    private static string Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "Weft.slnx")))
                return folder.FullName;
        }
        throw new InvalidOperationException("no Weft.slnx above " + AppContext.BaseDirectory);
    }
}
