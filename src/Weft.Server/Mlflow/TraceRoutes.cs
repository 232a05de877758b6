using System.Globalization;
using System.Text.Json;
using Weft.Server.Http;
using Weft.Tracking;

namespace Weft.Server.Mlflow;

/// <summary>Traces in both of their versions: <c>api/3.0/mlflow/traces</c>, and <c>api/2.0/mlflow/traces</c> of 2.x clients.</summary>
internal static class TraceRoutes
{
    private const int MostLinks = 100;

    public static async ValueTask StartAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        Fields info = (fields.Item("trace") ?? throw Fields.Missing("trace")).Item("trace_info") ?? throw Fields.Missing("trace.trace_info");
        Fields location = info.Item("trace_location") ?? throw Fields.Missing("trace.trace_info.trace_location");
        Fields experiment = location.Item("mlflow_experiment") ?? throw Fields.Missing("trace.trace_info.trace_location.mlflow_experiment");
        Trace trace = await call.Store.Traces.StartAsync(new Trace(
            info.Text("trace_id") is { Length: > 0 } id ? id : TraceStore.NewId(), experiment.RequiredExperiment(),
            ParseTime(info.Text("request_time"), call), ParseDuration(info.Text("execution_duration")), State(info))
        {
            ClientId = info.Text("client_request_id"),
            RequestPreview = info.Text("request_preview"),
            ResponsePreview = info.Text("response_preview"),
            Metadata = info.Map("trace_metadata"),
            Labels = info.Map("tags"),
        });
        await AnswerAsync(call, trace);
    }

    public static ValueTask GetAsync(Call call) => AnswerAsync(call, call.Store.Traces.Get(Id(call)));

    public static async ValueTask SearchAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        var experiments = new List<long>();
        foreach (Fields location in fields.Items("locations"))
        {
            if (location.Item("mlflow_experiment") is { } experiment)
                experiments.Add(experiment.RequiredExperiment());
        }
        Page<Trace> page = call.Store.Traces.Search(
            experiments, fields.Text("filter") ?? "", fields.Texts("order_by"), fields.Int("max_results") ?? 100, fields.Text("page_token"));
        await AnswerAsync(call, page, Write);
    }

    public static async ValueTask SetLabelAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        await call.Store.Traces.SetLabelAsync(Id(call), new Label(fields.Required("key"), fields.Text("value") ?? ""));
        await call.DoneAsync();
    }

    public static async ValueTask DeleteLabelAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        await call.Store.Traces.DeleteLabelAsync(Id(call), fields.Text("key") is { Length: > 0 } key ? key : call.Query("key") is { Length: > 0 } asked ? asked : throw Fields.Missing("key"));
        await call.DoneAsync();
    }

    public static async ValueTask DeleteAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        int deleted = await call.Store.Traces.DeleteAsync(
            fields.RequiredExperiment(), fields.Texts("request_ids"), fields.Long("max_timestamp_millis"), fields.Int("max_traces"));
        await call.AnswerAsync(json => json.WriteNumber("traces_deleted"u8, deleted));
    }

    public static async ValueTask LinkAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        RunId run = fields.RequiredRun();
        var ids = fields.Texts("trace_ids");
        if (ids.IsEmpty)
            throw Fields.Missing("trace_ids");
        if (ids.Length > MostLinks)
            throw TrackingException.Invalid($"Cannot link more than {MostLinks} traces to a run in a single request. Got {ids.Length} traces.");
        await call.Store.Traces.LinkAsync(run, ids);
        await call.DoneAsync();
    }

    public static async ValueTask StartOldAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        Trace trace = await call.Store.Traces.StartAsync(new Trace(
            TraceStore.NewId(), fields.RequiredExperiment(), fields.RequiredLong("timestamp_ms"), null, "IN_PROGRESS")
        {
            Metadata = fields.Labels("request_metadata"),
            Labels = fields.Labels("tags"),
        });
        await AnswerOldAsync(call, trace);
    }

    public static async ValueTask EndOldAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        int? status = fields.Enum("status", "OK", "ERROR", "IN_PROGRESS");
        string state = status switch
        {
            1 => "OK",
            2 => "ERROR",
            3 => "IN_PROGRESS",
            _ => "STATE_UNSPECIFIED",
        };
        await AnswerOldAsync(call, await call.Store.Traces.EndAsync(Id(call), fields.RequiredLong("timestamp_ms"), state, fields.Labels("request_metadata"), fields.Labels("tags")));
    }

    public static ValueTask GetOldAsync(Call call) => AnswerOldAsync(call, call.Store.Traces.Get(Id(call)));

    public static async ValueTask SearchOldAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        Page<Trace> page = call.Store.Traces.Search(
            [.. fields.Texts("experiment_ids").Select(Fields.ExperimentId)], fields.Text("filter") ?? "", fields.Texts("order_by"),
            fields.Int("max_results") ?? 100, fields.Text("page_token"));
        await AnswerAsync(call, page, WriteOld);
    }

    private static string Id(Call call) => Uri.UnescapeDataString(call.Parts[0]);

    private static string State(Fields info) => info.Enum("state", "OK", "ERROR", "IN_PROGRESS") switch
    {
        1 => "OK",
        2 => "ERROR",
        3 => "IN_PROGRESS",
        _ => "STATE_UNSPECIFIED",
    };

    private static long ParseTime(string? text, Call call)
    {
        if (string.IsNullOrEmpty(text))
            return call.Application.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)
            ? time.ToUnixTimeMilliseconds()
            : throw TrackingException.Invalid($"Invalid value \"{text}\" for parameter 'request_time' supplied: it is not a time of RFC 3339");
    }

    /// <summary>Seconds with an <c>s</c> behind: <c>1.500s</c>.</summary>
    private static long? ParseDuration(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        return text.EndsWith('s') && decimal.TryParse(text[..^1], NumberStyles.Float, CultureInfo.InvariantCulture, out decimal seconds)
            ? (long)(seconds * 1000)
            : throw TrackingException.Invalid($"Invalid value \"{text}\" for parameter 'execution_duration' supplied: it is not a duration such as 1.5s");
    }

    private static ValueTask AnswerAsync(Call call, Trace trace) => call.AnswerAsync(json =>
    {
        json.WriteStartObject("trace"u8);
        json.WritePropertyName("trace_info"u8);
        Write(json, trace);
        json.WriteEndObject();
    });

    private static ValueTask AnswerOldAsync(Call call, Trace trace) => call.AnswerAsync(json =>
    {
        json.WritePropertyName("trace_info"u8);
        WriteOld(json, trace);
    });

    private static ValueTask AnswerAsync(Call call, Page<Trace> page, Action<Utf8JsonWriter, Trace> write) => call.AnswerAsync(json =>
    {
        if (!page.Items.IsEmpty)
        {
            json.WriteStartArray("traces"u8);
            foreach (Trace trace in page.Items)
                write(json, trace);
            json.WriteEndArray();
        }
        if (page.NextToken is { } token)
            json.WriteString("next_page_token"u8, token);
    });

    private static void Write(Utf8JsonWriter json, Trace trace)
    {
        json.WriteStartObject();
        json.WriteString("trace_id"u8, trace.Id);
        if (trace.ClientId is { Length: > 0 } client)
            json.WriteString("client_request_id"u8, client);
        json.WriteStartObject("trace_location"u8);
        json.WriteString("type"u8, "MLFLOW_EXPERIMENT"u8);
        json.WriteStartObject("mlflow_experiment"u8);
        json.WriteString("experiment_id"u8, trace.Experiment.ToString());
        json.WriteEndObject();
        json.WriteEndObject();
        if (trace.RequestPreview is { } request)
            json.WriteString("request_preview"u8, request);
        if (trace.ResponsePreview is { } response)
            json.WriteString("response_preview"u8, response);
        json.WriteString("request_time"u8, DateTimeOffset.FromUnixTimeMilliseconds(trace.Started).ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture));
        if (trace.Duration is { } duration)
            json.WriteString("execution_duration"u8, (duration / 1000m).ToString("0.000", CultureInfo.InvariantCulture) + "s");
        json.WriteString("state"u8, trace.State);
        WriteMap(json, "trace_metadata", trace.Metadata);
        WriteMap(json, "tags", trace.Labels);
        json.WriteEndObject();
    }

    private static void WriteMap(Utf8JsonWriter json, string name, IReadOnlyList<Label> marks)
    {
        if (marks.Count == 0)
            return;
        json.WriteStartObject(name);
        foreach (Label mark in marks)
            json.WriteString(mark.Key, mark.Value);
        json.WriteEndObject();
    }

    private static void WriteOld(Utf8JsonWriter json, Trace trace)
    {
        json.WriteStartObject();
        json.WriteString("request_id"u8, trace.Id);
        json.WriteString("experiment_id"u8, trace.Experiment.ToString());
        json.WriteNumber("timestamp_ms"u8, trace.Started);
        if (trace.Duration is { } duration)
            json.WriteNumber("execution_time_ms"u8, duration);
        json.WriteString("status"u8, trace.State == "STATE_UNSPECIFIED" ? "TRACE_STATUS_UNSPECIFIED" : trace.State);
        TrackingJson.WriteLabels(json, "request_metadata", trace.Metadata);
        TrackingJson.WriteLabels(json, "tags", trace.Labels);
        json.WriteEndObject();
    }
}
