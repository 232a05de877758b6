using System.Globalization;

namespace Weft.Support;

/// <summary>Writes folders as MLflow's file store and HydraFlow leave them: <c>mlruns/EXPERIMENT/RUN/{meta.yaml, params, metrics, tags, artifacts/.hydra}</c>.</summary>
public sealed class MlrunsFolder(string root)
{
    public string Root { get; } = root;

    /// <summary>An experiment of this name; false when it is marked as deleted.</summary>
    public void AddExperiment(string id, string name, bool isActive = true)
    {
        Directory.CreateDirectory(Path.Combine(Root, id));
        File.WriteAllText(Path.Combine(Root, id, "meta.yaml"),
            $"artifact_location: file://{Root}/{id}\ncreation_time: 1732212000000\nexperiment_id: '{id}'\nlast_update_time: 1732212000000\nlifecycle_stage: {(isActive ? "active" : "deleted")}\nname: {name}\n");
    }

    /// <summary>A finished run; returns its folder.</summary>
    public string AddRun(string experiment, string id, IEnumerable<(string Key, string Value)>? parameters = null, IEnumerable<(string Key, double Value)>? metrics = null, string? config = null)
    {
        string folder = Path.Combine(Root, experiment, id);
        foreach (string part in (string[])["params", "metrics", "tags", "artifacts"])
            Directory.CreateDirectory(Path.Combine(folder, part));
        File.WriteAllText(Path.Combine(folder, "meta.yaml"), Meta(experiment, id, status: 3));
        foreach ((string key, string value) in parameters ?? [])
            Write(Path.Combine(folder, "params", key), value);
        foreach ((string key, double value) in metrics ?? [])
            Write(Path.Combine(folder, "metrics", key), $"1732212001000 {value.ToString("R", CultureInfo.InvariantCulture)} 0\n");
        Write(Path.Combine(folder, "tags/mlflow.user"), "ada");
        if (config is not null)
            Write(Path.Combine(folder, "artifacts/.hydra/config.yaml"), config);
        return folder;
    }

    /// <summary>The file beside the run's values.</summary>
    public string Meta(string experiment, string id, int status) =>
        $"""
        artifact_uri: file://{Root}/{experiment}/{id}/artifacts
        end_time: {(status == 1 ? "null" : "1732212005000")}
        entry_point_name: ''
        experiment_id: '{experiment}'
        lifecycle_stage: active
        run_id: {id}
        run_name: wise-fox-{id}
        run_uuid: {id}
        source_name: ''
        source_type: 4
        source_version: ''
        start_time: 1732212000000
        status: {status}
        tags: []
        user_id: ada

        """;

    private static void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
