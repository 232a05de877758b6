using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Weft.Tracking.Exchange;

/// <summary>A tracking server as the source, read through MLflow's REST API. When a run was deleted is not told there.</summary>
internal sealed class MlflowServer : RunSource
{
    private const int RunsPerPage = 1000;
    private const int PointsPerPage = 25_000;
    private const int Parallel = 8;
    private const int Retries = 5;

    private readonly HttpClient _client;

    /// <param name="authorization">A bearer token or a name and password; null: none.</param>
    public MlflowServer(Uri address, AuthenticationHeaderValue? authorization)
    {
        _client = new HttpClient { BaseAddress = new Uri(address.ToString().TrimEnd('/') + "/"), Timeout = TimeSpan.FromMinutes(5) };
        _client.DefaultRequestHeaders.Authorization = authorization;
    }

    public override IReadOnlyList<ExperimentEntry> Experiments()
    {
        var found = new List<ExperimentEntry>();
        foreach (JsonElement experiment in Pages("experiments", token => Post("experiments/search", json =>
        {
            json.WriteNumber("max_results", RunsPerPage);
            json.WriteString("view_type", "ALL");
            WriteToken(json, token);
        })))
        {
            string key = Text(experiment, "experiment_id")!;
            found.Add(new ExperimentEntry(key, new Experiment(0, Text(experiment, "name")!, Text(experiment, "artifact_location") ?? "",
                Words.Stage(Text(experiment, "lifecycle_stage") ?? "active"), Number(experiment, "creation_time") ?? 0, Number(experiment, "last_update_time") ?? 0, Labels(experiment))));
        }
        // The server's own order is newest first.
        return [.. found.OrderBy(entry => entry.Experiment.Created).ThenBy(entry => entry.Key.Length).ThenBy(entry => entry.Key, StringComparer.Ordinal)];
    }

    public override long? CountRuns(ExperimentEntry experiment) => null;

    public override IEnumerable<RunEntry> Runs(ExperimentEntry experiment, Predicate<RunId> skips)
    {
        foreach (JsonElement run in Pages("runs", token => Post("runs/search", json =>
        {
            json.WriteStartArray("experiment_ids");
            json.WriteStringValue(experiment.Key);
            json.WriteEndArray();
            json.WriteString("run_view_type", "ALL");
            json.WriteNumber("max_results", RunsPerPage);
            json.WriteStartArray("order_by");
            json.WriteStringValue("start_time ASC");
            json.WriteEndArray();
            WriteToken(json, token);
        })))
        {
            if (!skips(new RunId(Text(run.GetProperty("info"), "run_id")!)))
                yield return ReadRun(run);
        }
    }

    public override IEnumerable<ReadOnlyMemory<MetricPoint>> Points(RunEntry run) => ((ServerRun)run).Metrics
        .AsParallel().AsOrdered().WithDegreeOfParallelism(Parallel).WithMergeOptions(ParallelMergeOptions.NotBuffered)
        .Select(key => (ReadOnlyMemory<MetricPoint>)History(run.Id, key));

    public override IEnumerable<ModelEntry> Models()
    {
        foreach (JsonElement model in Pages("registered_models", token => Get($"registered-models/search?max_results=100{Next(token)}")))
        {
            string name = Text(model, "name")!;
            var registered = new RegisteredModel(name, Text(model, "description"), Number(model, "creation_timestamp") ?? 0, Number(model, "last_updated_timestamp") ?? 0)
            {
                Labels = Labels(model),
                Aliases = [.. Items(model, "aliases").Select(alias => (Text(alias, "alias")!, Number(alias, "version") ?? 0))],
            };
            char quote = name.Contains('\'', StringComparison.Ordinal) ? '"' : '\'';
            string filter = Uri.EscapeDataString($"name = {quote}{name}{quote}");
            IEnumerable<JsonElement> versions = Pages("model_versions", token => Get($"model-versions/search?filter={filter}&max_results=1000{Next(token)}"));
            yield return new ModelEntry(registered, [.. versions.Select(version => ReadVersion(name, version)).OrderBy(version => version.Version)]);
        }
    }

    public override IEnumerable<LoggedModel> LoggedModels(ExperimentEntry experiment)
    {
        foreach (JsonElement model in Newer("models", token => Post("logged-models/search", json =>
        {
            json.WriteStartArray("experiment_ids");
            json.WriteStringValue(experiment.Key);
            json.WriteEndArray();
            json.WriteNumber("max_results", 100);
            WriteToken(json, token);
        })))
        {
            JsonElement info = model.GetProperty("info"), data = model.TryGetProperty("data", out JsonElement given) ? given : default;
            string id = Text(info, "model_id")!;
            yield return new LoggedModel(id, 0, Text(info, "name") ?? id, Text(info, "artifact_uri") ?? "", Number(info, "creation_timestamp_ms") ?? 0,
                Number(info, "last_updated_timestamp_ms") ?? 0, Text(info, "status") switch
                {
                    "LOGGED_MODEL_READY" => LoggedModelStatus.Ready,
                    "LOGGED_MODEL_UPLOAD_FAILED" => LoggedModelStatus.UploadFailed,
                    _ => LoggedModelStatus.Pending,
                })
            {
                Type = Text(info, "model_type"),
                SourceRun = Text(info, "source_run_id"),
                StatusMessage = Text(info, "status_message"),
                Labels = Labels(info),
                Params = [.. Items(data, "params").Select(param => new Param(Text(param, "key")!, Text(param, "value") ?? ""))],
                Metrics = [.. Items(data, "metrics").Select(metric => (new MetricPoint(Text(metric, "key")!, Double(metric.GetProperty("value")), Number(metric, "timestamp") ?? 0, Number(metric, "step") ?? 0)
                {
                    Subject = new MetricSubject(id, Text(metric, "dataset_name"), Text(metric, "dataset_digest")),
                }, Text(metric, "run_id") ?? ""))],
            };
        }
    }

    public override bool TryCopyArtifacts(RunEntry run, string folder)
    {
        try
        {
            CopyFolder(run.Id, "", folder);
            return true;
        }
        catch (TrackingException refused) when (refused.Error is TrackingError.NotImplemented)
        {
            return false;
        }
    }

    public override void Dispose()
    {
        _client.Dispose();
        base.Dispose();
    }

    private void CopyFolder(RunId run, string path, string folder)
    {
        foreach (JsonElement file in Pages("files", token => Get($"artifacts/list?run_id={run}&path={Uri.EscapeDataString(path)}{Next(token)}")))
        {
            string name = Text(file, "path")!;
            string target = Path.GetFullPath(Path.Combine(folder, name));
            if (!target.StartsWith(Path.GetFullPath(folder) + "/", StringComparison.Ordinal))
                throw TrackingException.Invalid($"the server lists `{name}`, which would lie outside of the run's folder");
            if (file.TryGetProperty("is_dir", out JsonElement isFolder) && isFolder.GetBoolean())
            {
                CopyFolder(run, name, folder);
            }
            else if (!File.Exists(target) || new FileInfo(target).Length != (Number(file, "file_size") ?? 0))
            {
                using HttpResponseMessage answer = Send(() => new HttpRequestMessage(HttpMethod.Get, $"get-artifact?run_uuid={run}&path={Uri.EscapeDataString(name)}"));
                using Stream content = answer.Content.ReadAsStream();
                FileCopy.Write(target, content);
            }
        }
    }

    private MetricPoint[] History(RunId run, string key) =>
    [
        .. Pages("metrics", token => Get($"metrics/get-history?run_id={run}&metric_key={Uri.EscapeDataString(key)}&max_results={PointsPerPage}{Next(token)}"))
            .Select(point => new MetricPoint(key, Double(point.GetProperty("value")), Number(point, "timestamp") ?? 0, Number(point, "step") ?? 0)),
    ];

    private static ServerRun ReadRun(JsonElement json)
    {
        JsonElement info = json.GetProperty("info");
        JsonElement data = json.TryGetProperty("data", out JsonElement given) ? given : default;
        ImmutableArray<Label> labels = Labels(data);
        string name = Text(info, "run_name") ?? labels.FirstOrDefault(label => label.Key == Rules.RunNameLabel).Value ?? "";
        var run = new Run(new RunInfo(new RunId(Text(info, "run_id")!), 0, name, Text(info, "user_id") ?? "", Words.Status(Text(info, "status") ?? "RUNNING"),
            Number(info, "start_time") ?? 0, Number(info, "end_time"), Text(info, "artifact_uri") ?? "", Words.Stage(Text(info, "lifecycle_stage") ?? "active")))
        {
            Params = [.. Items(data, "params").Select(param => new Param(Text(param, "key")!, Text(param, "value") ?? ""))],
            Labels = labels,
        };
        if (json.TryGetProperty("inputs", out JsonElement inputs))
        {
            run = run with
            {
                Datasets = [.. Items(inputs, "dataset_inputs").Select(ReadDataset)],
                ModelInputs = [.. Items(inputs, "model_inputs").Select(model => Text(model, "model_id")!)],
            };
        }
        if (json.TryGetProperty("outputs", out JsonElement outputs))
            run = run with { ModelOutputs = [.. Items(outputs, "model_outputs").Select(model => new ModelOutput(Text(model, "model_id")!, Number(model, "step") ?? 0))] };
        return new ServerRun(run, [.. Items(data, "metrics").Select(metric => Text(metric, "key")!)]);
    }

    private static DatasetInput ReadDataset(JsonElement input)
    {
        JsonElement dataset = input.GetProperty("dataset");
        return new DatasetInput(
            new Dataset(Text(dataset, "name")!, Text(dataset, "digest")!, Text(dataset, "source_type") ?? "", Text(dataset, "source") ?? "", Text(dataset, "schema"), Text(dataset, "profile")),
            Labels(input));
    }

    private static ModelVersion ReadVersion(string name, JsonElement version)
    {
        string source = Text(version, "source") ?? "";
        return new ModelVersion(name, Number(version, "version") ?? 0, Number(version, "creation_timestamp") ?? 0, Number(version, "last_updated_timestamp") ?? 0,
            Text(version, "current_stage") ?? "None", source, source)
        {
            Description = Text(version, "description"),
            User = Text(version, "user_id"),
            Run = Text(version, "run_id"),
            RunLink = Text(version, "run_link"),
            LoggedModel = Text(version, "model_id"),
            Status = Text(version, "status") ?? "READY",
            Labels = Labels(version),
        };
    }

    private static ImmutableArray<Label> Labels(JsonElement json) =>
        [.. Items(json, "tags").Select(tag => new Label(Text(tag, "key")!, Text(tag, "value") ?? "")).OrderBy(label => label.Key, StringComparer.Ordinal)];

    private static IEnumerable<JsonElement> Items(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out JsonElement list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : [];

    private static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null
            ? value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText()
            : null;

    /// <summary>A number, or one in quotes: protobuf's own JSON writes 64-bit numbers so.</summary>
    private static long? Number(JsonElement json, string name) =>
        Text(json, name) is { } text && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? number : null;

    private static double Double(JsonElement value) => value.ValueKind == JsonValueKind.Number
        ? value.GetDouble()
        : value.GetString() switch
        {
            "Infinity" => double.PositiveInfinity,
            "-Infinity" => double.NegativeInfinity,
            _ => double.NaN,
        };

    private static string Next(string? token) => token is null ? "" : "&page_token=" + Uri.EscapeDataString(token);

    private static void WriteToken(Utf8JsonWriter json, string? token)
    {
        if (token is not null)
            json.WriteString("page_token", token);
    }

    private static IEnumerable<JsonElement> Pages(string list, Func<string?, JsonElement> read)
    {
        string? token = null;
        do
        {
            JsonElement page = read(token);
            foreach (JsonElement item in Items(page, list))
                yield return item;
            token = Text(page, "next_page_token") is { Length: > 0 } next && next != token ? next : null;
        }
        while (token is not null);
    }

    /// <summary>The items of a call that servers of older versions do not know.</summary>
    private static IEnumerable<JsonElement> Newer(string list, Func<string?, JsonElement> read) => Pages(list, token =>
    {
        try
        {
            return read(token);
        }
        catch (TrackingException refused) when (refused.Error is TrackingError.NotImplemented or TrackingError.EndpointNotFound)
        {
            return default;
        }
    });

    private JsonElement Get(string path) => Read(() => new HttpRequestMessage(HttpMethod.Get, "api/2.0/mlflow/" + path));

    private JsonElement Post(string path, Action<Utf8JsonWriter> body) => Read(() =>
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            body(json);
            json.WriteEndObject();
        }
        var content = new ByteArrayContent(buffer.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return new HttpRequestMessage(HttpMethod.Post, "api/2.0/mlflow/" + path) { Content = content };
    });

    private JsonElement Read(Func<HttpRequestMessage> make)
    {
        using HttpResponseMessage answer = Send(make);
        using Stream content = answer.Content.ReadAsStream();
        using JsonDocument document = JsonDocument.Parse(content);
        return document.RootElement.Clone();
    }

    /// <summary>Sends a request, again when the server is busy or the connection broke.</summary>
    private HttpResponseMessage Send(Func<HttpRequestMessage> make)
    {
        for (int retry = 0; ; retry++)
        {
            using HttpRequestMessage request = make();
            try
            {
                HttpResponseMessage answer = _client.Send(request, HttpCompletionOption.ResponseHeadersRead);
                if (answer.IsSuccessStatusCode)
                    return answer;
                using (answer)
                {
                    bool isPassing = answer.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout || ((int)answer.StatusCode >= 500 && answer.StatusCode != HttpStatusCode.NotImplemented);
                    if (!isPassing || retry == Retries)
                        throw Refused(request, answer);
                }
            }
            catch (HttpRequestException) when (retry < Retries)
            {
                // Tried again below.
            }
            CancellationToken.None.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(200 << retry));
        }
    }

    private static TrackingException Refused(HttpRequestMessage request, HttpResponseMessage answer)
    {
        using var reader = new StreamReader(answer.Content.ReadAsStream(), Encoding.UTF8);
        string body = reader.ReadToEnd();
        TrackingError error = answer.StatusCode switch
        {
            HttpStatusCode.NotImplemented => TrackingError.NotImplemented,
            HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed => TrackingError.EndpointNotFound,
            _ => TrackingError.InvalidParameterValue,
        };
        return new TrackingException(error, $"{request.RequestUri} answered {(int)answer.StatusCode}: {(body.Length > 300 ? body[..300] + "…" : body)}");
    }

    /// <summary>A run that knows which metrics it has.</summary>
    private sealed record ServerRun(Run Run, ImmutableArray<string> Metrics) : RunEntry(Run);
}
