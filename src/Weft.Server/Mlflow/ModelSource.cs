using Weft.Server.Http;
using Weft.Tracking;

namespace Weft.Server.Mlflow;

/// <summary>
/// What a version of a registered model may be made from. The server hands out files below a version's source, so a local path must lie in the
/// artifacts of the run or logged model that is named, and no address may lead elsewhere than it reads.
/// </summary>
internal static class ModelSource
{
    private const int MostRounds = 16;

    /// <summary>Marks a version of a prompt.</summary>
    private const string PromptLabel = "mlflow.prompt.is_prompt";

    public static void Check(TrackingStore store, NewModelVersion version)
    {
        string source = version.Source;
        if (source.Contains('\0', StringComparison.Ordinal))
            throw Refuse(source, "it holds a NUL");
        if (version.Labels.Any(label => label.Key == PromptLabel) && Locations.IsLocal(source))
        {
            // A prompt has no files: clients name a word of their own, by which nothing can be read.
            if (Path.IsPathRooted(Locations.PathOf(source)) || source.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
                throw TrackingException.Invalid($"Invalid prompt source: '{source}'. Local source paths are not allowed for prompts.");
            return;
        }
        if (!Locations.IsLocal(source))
        {
            if (HasRelativeParts(source))
                throw Refuse(source, "If supplying a source as an http, https, local file path, ftp, objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path references present. Please provide an absolute path.");
            return;
        }
        if (source.StartsWith("file://", StringComparison.OrdinalIgnoreCase) && Uri.TryCreate(source, UriKind.Absolute, out Uri? uri) && uri.Host is not ("" or "localhost"))
            throw Refuse(source, "It is not a valid remote uri.");
        string path = Locations.PathOf(source);
        if (version.Run is { } run && store.Runs.Find(new RunId(run)) is { } found && IsBelow(path, found.Info.ArtifactUri))
            return;
        if (version.LoggedModel is { } model && IsBelow(path, store.LoggedModels.Get(model).ArtifactUri))
            return;
        throw Refuse(source, "To use a local path as a model version source, the run_id request parameter has to be specified and the local path has to be contained within the artifact directory of the run specified by the run_id.");
    }

    /// <summary>Whether a location is on a store that clients reach on their own, so that this server hands nothing out from it.</summary>
    public static bool IsElsewhere(string location) =>
        !Locations.IsLocal(location) && !location.StartsWith("mlflow-artifacts:", StringComparison.Ordinal) && !location.StartsWith("http", StringComparison.Ordinal)
        && !location.StartsWith("s3:", StringComparison.Ordinal);

    /// <summary>Refuses a source whose files the caller may not read, since whoever may read the version may then read them.</summary>
    public static void CheckReadable(Call call, string source)
    {
        if (Locations.IsLocal(source) && !Path.IsPathRooted(Locations.PathOf(source)))
            return;
        if (IsElsewhere(source) && !source.StartsWith("models:", StringComparison.Ordinal) && !source.StartsWith("runs:", StringComparison.Ordinal))
            return;
        string[] parts = source.TrimEnd('/').Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (source.StartsWith("mlflow-artifacts:/", StringComparison.Ordinal) && !source.StartsWith("mlflow-artifacts://", StringComparison.Ordinal)
            && parts.Length > 1 && long.TryParse(parts[1], out long experiment))
        {
            call.Caller.Demand(Subject.Experiment(experiment), Permission.Read);
        }
        else if (source.StartsWith("runs:/", StringComparison.Ordinal) && parts.Length > 1)
        {
            if (call.Store.Runs.Find(new RunId(parts[1])) is { } run)
                call.Caller.Demand(Subject.Experiment(run.Info.Experiment), Permission.Read);
        }
        else if (source.StartsWith("models:/m-", StringComparison.Ordinal) && parts.Length == 2)
        {
            call.Caller.Demand(Subject.Experiment(call.Store.LoggedModels.Get(parts[1]).Experiment), Permission.Read);
        }
        else if (source.StartsWith("models:/", StringComparison.Ordinal) && parts.Length == 3)
        {
            call.Caller.Demand(Subject.Model(parts[1]), Permission.Read);
        }
        else
        {
            throw Guards.Denied();
        }
    }

    private static TrackingException Refuse(string source, string reason) => TrackingException.Invalid($"Invalid model version source: '{source}'. {reason}");

    private static bool IsBelow(string path, string location) => Locations.IsLocal(location) && Locations.IsBelow(path, Locations.PathOf(location));

    /// <summary>Whether any segment is <c>.</c> or <c>..</c>, however often it was escaped.</summary>
    public static bool HasRelativeParts(string source)
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
