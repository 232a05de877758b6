using System.Text.Json;
using Weft.Analysis;
using Weft.Cli.Commands;
using Weft.Tracking;

namespace Weft.Cli.Remote;

/// <summary>The recorded runs behind a server, by MLflow's REST; so any MLflow server will do.</summary>
internal sealed class ServerRuns : RunsOrigin
{
    private const string Api = "api/2.0/mlflow/";

    private readonly RemoteProject _remote;
    private readonly Dictionary<string, string> _experiments = [];

    public ServerRuns(RemoteProject remote)
    {
        _remote = remote;
        foreach (JsonElement experiment in Items(remote.Send(HttpMethod.Post, Api + "experiments/search", """{"max_results":10000}"""), "experiments"))
            _experiments[Text(experiment, "experiment_id")] = Text(experiment, "name");
    }

    public override IReadOnlyList<string> Experiments => [.. _experiments.Where(one => one.Key != "0").Select(one => one.Value)];

    /// <summary>Runs that have a metric come first in its order.</summary>
    public override bool IsMetric(string name) =>
        Items(Search(null, "", [$"metrics.`{name}` DESC"], 1, null), "runs").Any(run => Items(run.GetProperty("data"u8), "metrics").Any(metric => Text(metric, "key") == name));

    /// <summary>What a server refuses, a setting compared with a number, is looked at here in all that it finds.</summary>
    public override (RunCollection Runs, bool HasMore) Find(string? experiment, string filter, IReadOnlyList<string> orders, int most)
    {
        (string theirs, string ours) = RunFilter.Split(filter);
        if (ours.Length == 0)
            return FindTheirs(experiment, theirs, orders, most);
        RunCollection found = FindTheirs(experiment, theirs, orders, int.MaxValue).Runs.Search(ours, []);
        return (found.Slice(0, Math.Min(most, found.Count)), found.Count > most);
    }

    private (RunCollection Runs, bool HasMore) FindTheirs(string? experiment, string filter, IReadOnlyList<string> orders, int most)
    {
        var runs = new List<Analysis.Run>();
        string? token = null;
        do
        {
            JsonElement page = Search(experiment, filter, orders, Math.Min(most - runs.Count, 1000), token);
            foreach (JsonElement run in Items(page, "runs"))
                runs.Add(new Analysis.Run(new StoredRun(Read(run), _experiments.GetValueOrDefault(Text(run.GetProperty("info"u8), "experiment_id"), "")) { PrefersFacts = true }));
            token = page.TryGetProperty("next_page_token"u8, out JsonElement next) ? next.GetString() : null;
        }
        while (token is not null && runs.Count < most);
        return (new RunCollection(runs), token is not null);
    }

    public override void Dispose() => _remote.Dispose();

    private JsonElement Search(string? experiment, string filter, IReadOnlyList<string> orders, int most, string? token)
    {
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteStartArray("experiment_ids"u8);
            foreach ((string id, string name) in _experiments)
            {
                if (experiment is null || name == experiment)
                    json.WriteStringValue(id);
            }
            json.WriteEndArray();
            json.WriteString("filter"u8, filter);
            json.WriteNumber("max_results"u8, most);
            json.WriteStartArray("order_by"u8);
            foreach (string order in orders)
                json.WriteStringValue(order);
            json.WriteEndArray();
            if (token is not null)
                json.WriteString("page_token"u8, token);
            json.WriteEndObject();
        }
        return _remote.Send(HttpMethod.Post, Api + "runs/search", System.Text.Encoding.UTF8.GetString(body.ToArray()));
    }

    /// <summary>A run as MLflow's REST tells it.</summary>
    internal static Tracking.Run Read(JsonElement run)
    {
        JsonElement info = run.GetProperty("info"u8), data = run.GetProperty("data"u8);
        var read = new RunInfo(
            new RunId(Text(info, "run_id")), long.TryParse(Text(info, "experiment_id"), out long experiment) ? experiment : 0, Text(info, "run_name"), Text(info, "user_id"),
            Status(Text(info, "status")), Number(info, "start_time") ?? 0, Number(info, "end_time"), Text(info, "artifact_uri"),
            Text(info, "lifecycle_stage") == "deleted" ? LifecycleStage.Deleted : LifecycleStage.Active);
        return new Tracking.Run(read)
        {
            Metrics = [.. Items(data, "metrics").Select(metric => new MetricSummary(Point(metric), double.NaN, double.NaN))],
            Params = [.. Items(data, "params").Select(param => new Param(Text(param, "key"), Text(param, "value")))],
            Labels = [.. Items(data, "tags").Select(tag => new Label(Text(tag, "key"), Text(tag, "value")))],
        };
    }

    private static MetricPoint Point(JsonElement metric)
    {
        JsonElement value = metric.GetProperty("value"u8);
        return new MetricPoint(Text(metric, "key"), value.ValueKind == JsonValueKind.Number ? value.GetDouble() : double.NaN, Number(metric, "timestamp") ?? 0, Number(metric, "step") ?? 0);
    }

    private static RunStatus Status(string word) => word switch
    {
        "RUNNING" => RunStatus.Running,
        "SCHEDULED" => RunStatus.Scheduled,
        "FINISHED" => RunStatus.Finished,
        "FAILED" => RunStatus.Failed,
        _ => RunStatus.Killed,
    };

    private static IEnumerable<JsonElement> Items(JsonElement holder, string name) => holder.TryGetProperty(name, out JsonElement list) ? list.EnumerateArray() : [];

    private static string Text(JsonElement holder, string name) => holder.TryGetProperty(name, out JsonElement value) ? value.ToString() : "";

    private static long? Number(JsonElement holder, string name) => holder.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetInt64() : null;
}
