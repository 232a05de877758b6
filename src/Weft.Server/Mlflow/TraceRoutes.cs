using System.Globalization;
using System.Text.Json;
using Weft.Server.Artifacts;
using Weft.Server.Http;
using Weft.Server.Otlp;
using Weft.Tracking;

namespace Weft.Server.Mlflow;

/// <summary>Traces in both of their versions: <c>api/3.0/mlflow/traces</c>, and <c>api/2.0/mlflow/traces</c> of 2.x clients.</summary>
internal static class TraceRoutes
{
    private const int MostLinks = 100;
    private const string LocationLabel = "mlflow.artifactLocation";
    private const string FileName = "traces.json";

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
            Assessments = [.. info.Items("assessments").Select(assessment => AssessmentRoutes.Read(assessment, ""))],
        });
        await AnswerAsync(call, trace);
    }

    public static ValueTask GetAsync(Call call) => AnswerAsync(call, call.Store.Traces.Get(Id(call)));

    /// <summary>A trace with its spans. Without <c>allow_partial</c> it must have ended.</summary>
    public static async ValueTask GetWholeAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        string id = fields.Required("trace_id");
        Trace trace = call.Store.Traces.Get(id);
        var spans = call.Store.Spans.Of(id);
        if (!(fields.Bool("allow_partial") ?? false) && !spans.Any(span => span is { Parent: null, EndedNs: not null }))
            throw TrackingException.Missing($"Trace with ID {id} is not fully exported yet, please try again later.");
        await call.AnswerAsync(json => WriteWhole(json, "trace", trace, spans));
    }

    /// <summary>Those of the traces that are kept here with all their spans.</summary>
    public static async ValueTask GetBatchAsync(Call call)
    {
        var traces = call.Store.Traces.Find(RequiredIds(await call.ReadAsync()));
        await call.AnswerAsync(json =>
        {
            json.WriteStartArray("traces"u8);
            foreach (Trace trace in traces)
            {
                var spans = call.Store.Spans.Of(trace.Id);
                if (spans.Any(span => span is { Parent: null, EndedNs: not null }))
                    WriteWhole(json, null, trace, spans);
            }
            json.WriteEndArray();
        });
    }

    public static async ValueTask GetInfosAsync(Call call)
    {
        var traces = call.Store.Traces.Find(RequiredIds(await call.ReadAsync()));
        await call.AnswerAsync(json =>
        {
            json.WriteStartArray("trace_infos"u8);
            foreach (Trace trace in traces)
                Write(json, trace);
            json.WriteEndArray();
        });
    }

    /// <summary>The spans as the file that clients keep them in, from the records or from where a client put it.</summary>
    public static async ValueTask GetFileAsync(Call call)
    {
        string id = call.Query("request_id") is { Length: > 0 } old ? old : call.Query("trace_id");
        if (id.Length == 0)
            throw new TrackingException(TrackingError.BadRequest, "Request must include the \"request_id\" query parameter.");
        Trace trace = call.Store.Traces.Get(id);
        var spans = call.Store.Spans.Of(id);
        if (call.Query("path").Length > 0 || spans.IsEmpty)
        {
            string location = LocationOf(call, trace) ?? throw TrackingException.Missing($"Trace with ID '{id}' has no artifacts");
            string path = call.Query("path") is { Length: > 0 } asked ? ArtifactPath.Check(asked) : FileName;
            await ArtifactRoutes.SendFileAsync(call, ArtifactRoutes.Find(call, location, path));
            return;
        }
        call.Http.Response.Headers.ContentDisposition = ArtifactRoutes.Disposition(FileName);
        await call.SendAsync("application/octet-stream", SpanJson.File(spans), 200);
    }

    /// <summary>How much more often two filters hold together than chance would have it: normalised pointwise mutual information, −1 to 1.</summary>
    public static async ValueTask CorrelateAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        var experiments = fields.Texts("experiment_ids");
        if (experiments.IsEmpty)
            throw Fields.Missing("experiment_ids");
        (int all, int first, int second, int both) = call.Store.Traces.Correlate(
            call.Readable(experiments), fields.Text("base_filter") ?? "", fields.Required("filter_string1"), fields.Required("filter_string2"));
        await call.AnswerAsync(json =>
        {
            json.WritePropertyName("npmi"u8);
            TrackingJson.WriteDouble(json, Npmi(all, first, second, both, 0));
            json.WritePropertyName("npmi_smoothed"u8);
            TrackingJson.WriteDouble(json, Npmi(all, first, second, both, 0.5));
            json.WriteNumber("filter1_count"u8, first);
            json.WriteNumber("filter2_count"u8, second);
            json.WriteNumber("joint_count"u8, both);
            json.WriteNumber("total_count"u8, all);
        });
    }

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
            call.Readable(experiments), fields.Text("filter") ?? "", fields.Texts("order_by"), fields.Int("max_results") ?? 100, fields.Text("page_token"));
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

    /// <summary>Says that a trace used versions of prompts.</summary>
    public static async ValueTask LinkPromptsAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        string id = fields.Required("trace_id");
        if (!fields.Has("prompt_versions"))
            throw Fields.Missing("prompt_versions");
        await call.Store.Traces.LinkPromptsAsync(id, [.. fields.Items("prompt_versions").Select(prompt => (prompt.Required("name"), prompt.Required("version")))]);
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
            call.Readable(fields.Texts("experiment_ids")), fields.Text("filter") ?? "", fields.Texts("order_by"),
            fields.Int("max_results") ?? 100, fields.Text("page_token"));
        await AnswerAsync(call, page, WriteOld);
    }

    /// <param name="smoothing">What is added to each of the four counts, so that a few traces are not taken for a rule.</param>
    private static double Npmi(int all, int first, int second, int both, double smoothing)
    {
        if (all == 0 || first == 0 || second == 0)
            return double.NaN;
        if (both == 0 && smoothing == 0)
            return -1;
        double together = both + smoothing, one = first + 2 * smoothing, two = second + 2 * smoothing, total = all + 4 * smoothing;
        if (together == total)
            return 1;
        return Math.Clamp(Math.Log(together * total / (one * two)) / -Math.Log(together / total), -1, 1);
    }

    private static IReadOnlyList<string> RequiredIds(Fields fields) => fields.Texts("trace_ids") is { IsEmpty: false } ids ? ids : throw Fields.Missing("trace_ids");

    private static void WriteWhole(Utf8JsonWriter json, string? name, Trace trace, IReadOnlyList<TraceSpan> spans)
    {
        if (name is not null)
            json.WritePropertyName(name);
        json.WriteStartObject();
        json.WritePropertyName("trace_info"u8);
        Write(json, trace);
        json.WriteStartArray("spans"u8);
        foreach (TraceSpan span in spans)
            SpanJson.Write(json, span);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Where a trace's files are. Clients may set the label; it does not lead to files of others.</summary>
    private static string? LocationOf(Call call, Trace trace)
    {
        string? location = trace.Labels.FirstOrDefault(label => label.Key == LocationLabel).Value;
        string own = call.Store.Experiments.Get(trace.Experiment).Location.TrimEnd('/');
        return location is null || (location.StartsWith(own + "/", StringComparison.Ordinal) && !ModelSource.HasRelativeParts(location))
            ? location
            : throw TrackingException.Invalid($"Invalid path: the trace's {LocationLabel} is outside its experiment's artifact location");
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
        if (!trace.Assessments.IsEmpty)
        {
            json.WriteStartArray("assessments"u8);
            foreach (Assessment assessment in trace.Assessments)
                AssessmentRoutes.Write(json, assessment);
            json.WriteEndArray();
        }
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
