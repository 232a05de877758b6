using Weft.Cli.CommandLine;
using Weft.Server;

namespace Weft.Cli.Commands;

/// <summary>Which records a command works with, and where the artifacts lie that clients sent through a server.</summary>
internal static class StoreChoice
{
    private const string FileScheme = "sqlite:///";

    public static readonly Flag Flag = new("store", null, "ADDRESS", "the records: a SQLite file, or postgresql://USER@HOST/DATABASE; $WEFT_STORE or the project's own unless given")
    {
        Aliases = ["database", "backend-store-uri"],
    };

    public static readonly Flag Artifacts = new("artifacts", null, "PLACE", "where clients' artifacts are kept: a folder, or s3://BUCKET/FOLDER; .weft/artifacts unless given") { Aliases = ["artifacts-destination"] };

    /// <summary>A full path, or the address of a server.</summary>
    public static string Of(Arguments arguments, Session session, string root) => Given(arguments, session, root) ?? ProjectStore.DatabaseOf(root);

    /// <summary>Null when the project's own records are meant.</summary>
    public static string? Given(Arguments arguments, Session session, string root)
    {
        string? given = arguments.Value(Flag) ?? session.Surroundings.Variable("WEFT_STORE");
        if (string.IsNullOrEmpty(given))
            return null;
        if (given.StartsWith(FileScheme, StringComparison.Ordinal))
            given = given[FileScheme.Length..];
        return Stores.IsRemote(given) ? given : Path.GetFullPath(given, root);
    }

    /// <summary>A full path, or <c>s3://BUCKET/FOLDER</c>.</summary>
    public static string ArtifactFolder(Arguments arguments, string root) => arguments.Value(Artifacts) switch
    {
        null => Path.Combine(ProjectStore.FolderOf(root), "artifacts"),
        { } given when given.Contains("://", StringComparison.Ordinal) => given,
        { } given => Path.GetFullPath(given, root),
    };
}
