using System.Buffers;
using System.Text.Json;
using Weft.Server.Http;
using Weft.Tracking;

namespace Weft.Server.Mlflow;

/// <summary><c>runs/…</c></summary>
internal static class RunRoutes
{
    public static async ValueTask CreateAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        string experiment = fields.Text("experiment_id") is { Length: > 0 } given ? given : "0";
        var run = new NewRun(Fields.ExperimentId(experiment), fields.Text("run_name"), fields.Text("user_id") ?? "", fields.Long("start_time") ?? 0)
        {
            Labels = fields.Labels("tags"),
            Node = call.Caller.Attempt is { } attempt ? (attempt.Execution, attempt.Path) : null,
        };
        Run made = await call.Store.Runs.CreateAsync(run);
        Mirror(call, made.Info);
        await call.AnswerAsync(json =>
        {
            json.WritePropertyName("run"u8);
            RunJson.Write(json, made);
        });
    }

    public static async ValueTask GetAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        RunId id = fields.RequiredRun();
        await call.AnswerAsync(json =>
        {
            json.WritePropertyName("run"u8);
            call.Store.Runs.Write(id, json);
        });
    }

    public static async ValueTask UpdateAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        RunId id = fields.RequiredRun();
        var status = (RunStatus?)fields.Enum("status", "RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED");
        RunInfo run = await call.Store.Runs.UpdateAsync(id, new RunChange(status, fields.Long("end_time"), fields.Text("run_name")));
        Mirror(call, run);
        await call.AnswerAsync(json =>
        {
            json.WritePropertyName("run_info"u8);
            RunJson.WriteInfo(json, run);
        });
    }

    public static async ValueTask DeleteAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        await call.Store.Runs.DeleteAsync(fields.RequiredRun());
        await call.DoneAsync();
    }

    public static async ValueTask RestoreAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        await call.Store.Runs.RestoreAsync(fields.RequiredRun());
        await call.DoneAsync();
    }

    public static async ValueTask SearchAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        var experiments = new List<long>();
        foreach (string id in fields.Texts("experiment_ids"))
        {
            if (long.TryParse(id, out long number))
                experiments.Add(number);
        }
        var query = new RunQuery(
            call.Readable(experiments), fields.Text("filter") ?? "", fields.Texts("order_by"), fields.View("run_view_type") ?? ViewType.ActiveOnly,
            fields.Int("max_results") ?? 1000, fields.Text("page_token"));
        await call.AnswerAsync(json =>
        {
            bool isFirst = true;
            string? token = call.Store.Search.Visit(query, (run, summary) =>
            {
                if (isFirst)
                    json.WriteStartArray("runs"u8);
                isFirst = false;
                RunJson.Write(json, run, summary);
            });
            if (!isFirst)
                json.WriteEndArray();
            if (token is not null)
                json.WriteString("next_page_token"u8, token);
        });
    }

    public static async ValueTask LogMetricAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        RunId id = fields.RequiredRun();
        string key = fields.Required("key");
        double value = fields.Double("value") ?? throw Fields.Missing("value");
        var point = new MetricPoint(key, value, fields.RequiredLong("timestamp"), fields.Long("step") ?? 0);
        string? model = fields.Text("model_id"), dataset = fields.Text("dataset_name"), digest = fields.Text("dataset_digest");
        if (model is not null || dataset is not null)
            point = point with { Subject = new MetricSubject(model, dataset, digest) };
        DemandModel(call, point);
        await call.Store.Runs.LogMetricAsync(id, point);
        await call.DoneAsync();
    }

    public static async ValueTask LogParamAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        RunId id = fields.RequiredRun();
        await call.Store.Runs.LogParamAsync(id, new Param(fields.Required("key"), fields.Text("value") ?? ""));
        await call.DoneAsync();
    }

    public static async ValueTask SetLabelAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        RunId id = fields.RequiredRun();
        await call.Store.Runs.SetLabelAsync(id, new Label(fields.Required("key"), fields.Text("value") ?? ""));
        await call.DoneAsync();
    }

    public static async ValueTask DeleteLabelAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        RunId id = fields.RequiredRun();
        await call.Store.Runs.DeleteLabelAsync(id, fields.Required("key"));
        await call.DoneAsync();
    }

    public static async ValueTask LogBatchAsync(Call call)
    {
        ReadOnlyMemory<byte> body = await call.ReadBodyAsync();
        (RunId id, Batch batch, MetricPoint[] rented) = LogBatchReader.Read(body.Span);
        try
        {
            Rules.CheckRunId(id);
            for (int i = 0; i < batch.Metrics.Length && !call.Caller.MayDoAll; i++)
                DemandModel(call, batch.Metrics.Span[i]);
            await call.Store.Runs.LogBatchAsync(id, batch);
        }
        finally
        {
            ArrayPool<MetricPoint>.Shared.Return(rented, clearArray: true);
        }
        await call.DoneAsync();
    }

    public static async ValueTask LogModelAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        RunId id = fields.RequiredRun();
        string model = fields.Required("model_json");
        await call.Store.Runs.LogModelAsync(id, CheckModel(model, id));
        await call.DoneAsync();
    }

    public static async ValueTask LogInputsAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        RunId id = fields.RequiredRun();
        Rules.CheckRunId(id);
        if (!fields.Has("datasets") && !fields.Has("models"))
            throw Fields.Missing("datasets");
        var datasets = fields.Items("datasets").Select(ReadDataset).ToList();
        var models = fields.Items("models").Select(model => model.Required("model_id")).ToList();
        await call.Store.Inputs.LogInputsAsync(id, datasets, models);
        await call.DoneAsync();
    }

    public static async ValueTask LogOutputsAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        RunId id = fields.RequiredRun();
        var models = fields.Items("models");
        if (models.IsEmpty)
            throw Fields.Missing("models");
        await call.Store.Inputs.LogOutputsAsync(id, [.. models.Select(model => new ModelOutput(model.Required("model_id"), model.Long("step") ?? 0))]);
        await call.DoneAsync();
    }

    /// <summary>A value that is about a logged model is written to it, too.</summary>
    private static void DemandModel(Call call, in MetricPoint point)
    {
        if (point.Subject?.ModelId is { Length: > 0 } model && !call.Caller.MayDoAll)
            call.Caller.Demand(Subject.Experiment(call.Store.LoggedModels.Get(model).Experiment), Permission.Edit);
    }

    private static void Mirror(Call call, RunInfo run)
    {
        if (call.Application.Layout is { } folder)
            folder.Write(call.Store.Experiments.Get(run.Experiment), run);
    }

    private static DatasetInput ReadDataset(Fields input)
    {
        Fields dataset = input.Item("dataset") ?? throw Fields.Missing("dataset");
        return new DatasetInput(
            new Dataset(
                dataset.Required("name"), dataset.Required("digest"), dataset.Required("source_type"), dataset.Required("source"),
                dataset.Text("schema"), dataset.Text("profile")),
            input.Labels("tags"));
    }

    private static readonly string[] MandatoryFields = ["artifact_path", "flavors", "utc_time_created"];

    /// <summary>The model's description as it is kept: an object with the members that clients read back.</summary>
    private static string CheckModel(string model, RunId run)
    {
        try
        {
            JsonElement json = JsonElement.Parse(model);
            string[] missing = [.. MandatoryFields.Where(name => json.ValueKind != JsonValueKind.Object || !json.TryGetProperty(name, out _))];
            if (missing.Length > 0)
                throw TrackingException.Invalid($"Model json is missing mandatory fields: {string.Join(", ", missing)}");
            if (json.TryGetProperty("run_id", out JsonElement id) && id.ValueKind == JsonValueKind.String && id.GetString() != run.Value)
                throw TrackingException.Invalid($"The model of run '{id.GetString()}' cannot be logged to run '{run}'");
            return json.GetRawText();
        }
        catch (JsonException)
        {
            throw TrackingException.Invalid($"Malformed model info. \n {model} \n is not a valid JSON.");
        }
    }
}
