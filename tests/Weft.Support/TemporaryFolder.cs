namespace Weft.Support;

/// <summary>A fresh folder that is removed at the end of a test. Its name holds a space and a letter beyond ASCII on purpose.</summary>
public sealed class TemporaryFolder : IDisposable
{
    private static int s_count;

    public TemporaryFolder()
    {
        Root = System.IO.Path.Combine(System.IO.Path.GetTempPath(), "weft-tests", $"{Environment.ProcessId} ü {Interlocked.Increment(ref s_count)}");
        Directory.CreateDirectory(Root);
    }

    public string Root { get; }

    public string Path(string relative) => System.IO.Path.Combine(Root, relative);

    /// <summary>Writes a text file, with its folders, and returns its path.</summary>
    public string Write(string relative, string text)
    {
        string path = Path(relative);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(Root, recursive: true);
        }
        catch (IOException)
        {
            // A process that a test left behind may still write here; the next clean-up of the temporary folder takes it.
        }
    }
}
