using System.Globalization;
using System.Text;

namespace Weft.Tracking;

/// <summary>
/// The <c>meta.yaml</c> files that MLflow's file store has beside artifacts: <c>EXPERIMENT/meta.yaml</c> and <c>EXPERIMENT/RUN/meta.yaml</c>. Tools
/// that walk such a folder (HydraFlow's skip, notebooks) find runs by them; the records stay the truth.
/// </summary>
internal sealed class RunsFolder(string root)
{
    /// <summary>Writes both files of a run; those outside this folder are somebody else's.</summary>
    public void Write(Experiment experiment, RunInfo run)
    {
        string home = Path.Combine(root, experiment.Id.ToString(CultureInfo.InvariantCulture));
        if (Path.GetFullPath(experiment.Location) != Path.GetFullPath(home))
            return;
        Directory.CreateDirectory(Path.Combine(home, run.Id.Value, "artifacts"));
        string file = Path.Combine(home, "meta.yaml");
        if (!File.Exists(file))
            WriteFile(file, OfExperiment(experiment));
        WriteFile(Path.Combine(home, run.Id.Value, "meta.yaml"), OfRun(run));
    }

    private static string OfExperiment(Experiment experiment) =>
        $"""
        artifact_location: {Quote(experiment.Location)}
        creation_time: {experiment.Created}
        experiment_id: '{experiment.Id}'
        last_update_time: {experiment.Updated}
        lifecycle_stage: {Words.Of(experiment.Stage)}
        name: {Quote(experiment.Name)}

        """;

    private static string OfRun(RunInfo run) =>
        $"""
        artifact_uri: {Quote(run.ArtifactUri)}
        end_time: {run.Ended?.ToString(CultureInfo.InvariantCulture) ?? "null"}
        entry_point_name: ''
        experiment_id: '{run.Experiment}'
        lifecycle_stage: {Words.Of(run.Stage)}
        run_id: {run.Id}
        run_name: {Quote(run.Name)}
        run_uuid: {run.Id}
        source_name: ''
        source_type: 4
        source_version: ''
        start_time: {run.Started}
        status: {(int)run.Status}
        tags: []
        user_id: {Quote(run.User)}

        """;

    /// <summary>A double-quoted scalar of YAML: any text, on one line.</summary>
    private static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (char c in text)
        {
            if (c is '"' or '\\')
                quoted.Append('\\').Append(c);
            else if (c < ' ' || c is '\u0085' or '\u2028' or '\u2029')
                quoted.Append("\\u").Append(((int)c).ToString("X4", CultureInfo.InvariantCulture));
            else
                quoted.Append(c);
        }
        return quoted.Append('"').ToString();
    }

    /// <summary>Two that write the same at once must not share what is not whole yet. Not flushed: it can be made again from the record.</summary>
    private static void WriteFile(string path, string text)
    {
        string part = $"{path}.{RunNames.NewId()}.weft-part";
        File.WriteAllText(part, text);
        File.Move(part, path, overwrite: true);
    }
}
