using Weft.Platform;

namespace Weft.Storage;

/// <summary>
/// The folder <c>.weft</c> beside a project's files: <c>weft.db</c> (what was asked for), <c>executions/ID</c> (what happened),
/// <c>blobs</c>, <c>cache</c>, <c>owner</c> (which host may write, on a network file system). Nothing in it holds an absolute path, so a project can
/// be moved.
/// </summary>
internal sealed class StateFolder(string root)
{
    /// <summary>Its usual name.</summary>
    public const string Name = ".weft";

    public string Root { get; } = Path.GetFullPath(root);

    public string Database => Path.Combine(Root, "weft.db");

    public string Executions => Path.Combine(Root, "executions");

    public string Blobs => Path.Combine(Root, "blobs");

    public string Cache => Path.Combine(Root, "cache");

    public bool Exists => Directory.Exists(Root);

    /// <summary>Whether other hosts may write here too; the folder must exist.</summary>
    public bool IsShared => FileSystems.IsNetwork(Root);

    /// <summary>Makes the folder where it is missing, with a <c>.gitignore</c> that keeps all of it out of git.</summary>
    public void Create()
    {
        Directory.CreateDirectory(Root);
        string ignore = Path.Combine(Root, ".gitignore");
        if (!File.Exists(ignore))
            AtomicFile.Write(ignore, "*\n"u8);
    }
}
