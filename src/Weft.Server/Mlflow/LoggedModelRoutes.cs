using System.Text.Json;
using Weft.Server.Artifacts;
using Weft.Server.Http;
using Weft.Tracking;

namespace Weft.Server.Mlflow;

/// <summary><c>logged-models/…</c></summary>
internal static class LoggedModelRoutes
{
    private const int DefaultPage = 50;

    public static async ValueTask CreateAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        LoggedModel model = await call.Store.LoggedModels.CreateAsync(
            fields.RequiredExperiment(), fields.Text("name"), fields.Text("model_type"), fields.Text("source_run_id"), Params(fields), fields.Labels("tags"));
        await AnswerAsync(call, model);
    }

    public static ValueTask GetAsync(Call call) => AnswerAsync(call, call.Store.LoggedModels.Get(Id(call)));

    public static async ValueTask DeleteAsync(Call call)
    {
        await call.Store.LoggedModels.DeleteAsync(Id(call));
        await call.DoneAsync();
    }

    public static async ValueTask FinalizeAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        fields.Required("model_id");
        int status = fields.Enum("status", "LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED") ?? throw Fields.Missing("status");
        await AnswerAsync(call, await call.Store.LoggedModels.FinalizeAsync(Id(call), (LoggedModelStatus)status));
    }

    public static async ValueTask SetLabelsAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        await AnswerAsync(call, await call.Store.LoggedModels.SetLabelsAsync(Id(call), fields.Labels("tags")));
    }

    public static async ValueTask DeleteLabelAsync(Call call)
    {
        await call.Store.LoggedModels.DeleteLabelAsync(Id(call), Uri.UnescapeDataString(call.Parts[1]));
        await call.DoneAsync();
    }

    public static async ValueTask LogParamsAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        await call.Store.LoggedModels.LogParamsAsync(Id(call), Params(fields));
        await call.DoneAsync();
    }

    public static async ValueTask SearchAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        var experiments = fields.Texts("experiment_ids");
        if (experiments.IsEmpty)
            throw Fields.Missing("experiment_ids");
        var query = new LoggedModelQuery(
            call.Readable(experiments),
            fields.Text("filter") ?? "",
            [.. fields.Items("datasets").Select(dataset => (dataset.Required("dataset_name"), dataset.Text("dataset_digest")))],
            fields.Int("max_results") ?? DefaultPage,
            [.. fields.Items("order_by").Select(order => new LoggedModelOrder(
                order.Required("field_name"), order.Bool("ascending") ?? true, order.Text("dataset_name"), order.Text("dataset_digest")))],
            fields.Text("page_token"));
        Page<LoggedModel> page = call.Store.LoggedModels.Search(query);
        await call.AnswerAsync(json =>
        {
            if (!page.Items.IsEmpty)
            {
                json.WriteStartArray("models"u8);
                foreach (LoggedModel model in page.Items)
                    Write(json, model);
                json.WriteEndArray();
            }
            if (page.NextToken is { } token)
                json.WriteString("next_page_token"u8, token);
        });
    }

    public static ValueTask ListFilesAsync(Call call) =>
        ArtifactRoutes.ListAsync(call, call.Store.LoggedModels.Get(Id(call)).ArtifactUri, call.Query("artifact_directory_path"));

    public static ValueTask GetFileAsync(Call call)
    {
        if (call.Query("artifact_file_path").Length == 0)
            throw Fields.Missing("artifact_file_path");
        string path = ArtifactPath.Check(call.Query("artifact_file_path"));
        return ArtifactRoutes.SendFileAsync(call, ArtifactRoutes.Find(call, call.Store.LoggedModels.Get(Id(call)).ArtifactUri, path));
    }

    private static string Id(Call call) => Uri.UnescapeDataString(call.Parts[0]);

    private static List<Param> Params(Fields fields) => [.. fields.Items("params").Select(param => new Param(param.Required("key"), param.Text("value") ?? ""))];

    private static ValueTask AnswerAsync(Call call, LoggedModel model) => call.AnswerAsync(json =>
    {
        json.WritePropertyName("model"u8);
        Write(json, model);
    });

    private static void Write(Utf8JsonWriter json, LoggedModel model)
    {
        json.WriteStartObject();
        json.WriteStartObject("info"u8);
        json.WriteString("model_id"u8, model.Id);
        json.WriteString("experiment_id"u8, model.Experiment.ToString());
        json.WriteString("name"u8, model.Name);
        json.WriteNumber("creation_timestamp_ms"u8, model.Created);
        json.WriteNumber("last_updated_timestamp_ms"u8, model.Updated);
        json.WriteString("artifact_uri"u8, model.ArtifactUri);
        json.WriteString("status"u8, model.Status switch
        {
            LoggedModelStatus.Pending => "LOGGED_MODEL_PENDING",
            LoggedModelStatus.Ready => "LOGGED_MODEL_READY",
            _ => "LOGGED_MODEL_UPLOAD_FAILED",
        });
        if (!string.IsNullOrEmpty(model.Type))
            json.WriteString("model_type"u8, model.Type);
        if (!string.IsNullOrEmpty(model.SourceRun))
            json.WriteString("source_run_id"u8, model.SourceRun);
        if (!string.IsNullOrEmpty(model.StatusMessage))
            json.WriteString("status_message"u8, model.StatusMessage);
        TrackingJson.WriteLabels(json, "tags", model.Labels);
        json.WriteEndObject();
        json.WriteStartObject("data"u8);
        TrackingJson.WriteLabels(json, "params", [.. model.Params.Select(param => new Label(param.Key, param.Value))]);
        if (!model.Metrics.IsEmpty)
        {
            json.WriteStartArray("metrics"u8);
            foreach ((MetricPoint point, string run) in model.Metrics)
                TrackingJson.WritePoint(json, point, new RunId(run));
            json.WriteEndArray();
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
