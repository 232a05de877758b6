using Weft.Tracking;

namespace Weft.Server.Mlflow;

/// <summary>
/// What a version of a registered model may be made from. The server hands out files below a version's source, so a local path must lie in the
/// artifacts of the run or logged model that is named, and no address may lead elsewhere than it reads.
/// </summary>
internal static class ModelSource
{
    private const int MostRounds = 16;

    public static void Check(TrackingStore store, NewModelVersion version)
    {
        string source = version.Source;
        if (source.Contains('\0', StringComparison.Ordinal))
            throw Refuse(source, "it holds a NUL");
        if (!IsLocal(source))
        {
            if (HasRelativeParts(source))
                throw Refuse(source, "If supplying a source as an http, https, local file path, ftp, objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path references present. Please provide an absolute path.");
            return;
        }
        string path = Path.GetFullPath(LocalPath(source));
        if (version.Run is { } run && store.Runs.Find(new RunId(run)) is { } found && IsBelow(path, found.Info.ArtifactUri))
            return;
        if (version.LoggedModel is { } model && IsBelow(path, store.LoggedModels.Get(model).ArtifactUri))
            return;
        throw Refuse(source, "To use a local path as a model version source, the run_id request parameter has to be specified and the local path has to be contained within the artifact directory of the run specified by the run_id.");
    }

    private static TrackingException Refuse(string source, string reason) => TrackingException.Invalid($"Invalid model version source: '{source}'. {reason}");

    private static bool IsLocal(string source)
    {
        int colon = source.IndexOf(':', StringComparison.Ordinal);
        bool hasScheme = colon > 1 && !source.AsSpan(0, colon).ContainsAny('/', '%');
        return !hasScheme || source.StartsWith("file:", StringComparison.OrdinalIgnoreCase);
    }

    private static string LocalPath(string source) =>
        source.StartsWith("file:", StringComparison.OrdinalIgnoreCase) ? Uri.UnescapeDataString(source["file:".Length..].Replace("//", "/", StringComparison.Ordinal)) : source;

    private static bool IsBelow(string path, string location)
    {
        if (!IsLocal(location))
            return false;
        string folder = Path.GetFullPath(LocalPath(location)).TrimEnd('/');
        return path.TrimEnd('/') == folder || path.StartsWith(folder + "/", StringComparison.Ordinal);
    }

    /// <summary>Whether any segment is <c>.</c> or <c>..</c>, however often it was escaped.</summary>
    private static bool HasRelativeParts(string source)
    {
        string plain = source;
        for (int round = 0; round < MostRounds; round++)
        {
            string next = Uri.UnescapeDataString(plain);
            if (next == plain)
                return plain.Contains('\0', StringComparison.Ordinal) || plain.Split('/', '\\').Any(part => part is "." or "..");
            plain = next;
        }
        return true;
    }
}
