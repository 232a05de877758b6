using System.Text.Json;
using Weft.Server.Http;
using Weft.Tracking;

namespace Weft.Server.Mlflow;

/// <summary><c>metrics/…</c></summary>
internal static class MetricRoutes
{
    public static async ValueTask HistoryAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        RunId id = fields.RequiredRun();
        string key = fields.Required("metric_key");
        int? most = fields.Int("max_results");
        if (most is < 1)
            throw TrackingException.Invalid($"Invalid value {most} for parameter 'max_results' supplied: It must be a positive integer");
        string? token = fields.Text("page_token");
        await call.AnswerAsync(json =>
        {
            var list = new PointList(json, namesRuns: false);
            string? next = call.Store.History.Read(id, key, most, token, list.Add);
            list.End();
            if (next is not null)
                json.WriteString("next_page_token"u8, next);
        });
    }

    public static async ValueTask BulkAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        var ids = fields.Texts("run_id");
        if (ids.IsEmpty)
            throw TrackingException.Invalid("GetMetricHistoryBulk request must specify at least one run_id.");
        if (ids.Length > Rules.BulkRuns)
            throw TrackingException.Invalid($"GetMetricHistoryBulk request cannot specify more than {Rules.BulkRuns} run_ids. Received {ids.Length} run_ids.");
        if (fields.Text("metric_key") is not { Length: > 0 } key)
            throw TrackingException.Invalid("GetMetricHistoryBulk request must specify a metric_key.");
        int most = Math.Min(fields.Int("max_results") ?? Rules.HistoryPage, Rules.HistoryPage);
        await call.AnswerAsync(json =>
        {
            json.WriteStartArray("metrics"u8);
            call.Store.History.ReadBulk(Runs(ids), key, most, (RunId run, in MetricPoint point) => TrackingJson.WritePoint(json, point, run));
            json.WriteEndArray();
        });
    }

    public static async ValueTask IntervalAsync(Call call)
    {
        Fields fields = await call.ReadAsync();
        var ids = fields.Texts("run_ids");
        if (ids.IsEmpty)
            throw Fields.Missing("run_ids");
        if (ids.Length > Rules.BulkRuns)
            throw TrackingException.Invalid($"GetMetricHistoryBulkInterval request must specify at most {Rules.BulkRuns} run_ids. Received {ids.Length} run_ids.");
        string key = fields.Required("metric_key");
        long? start = fields.Long("start_step"), end = fields.Long("end_step");
        if (start is null != end is null)
            throw TrackingException.Invalid("If either start step or end step are specified, both must be specified.");
        if (start > end)
            throw TrackingException.Invalid($"end_step must be greater than start_step. Found start_step={start} and end_step={end}.");
        int most = fields.Int("max_results") ?? Rules.IntervalPoints;
        if (most is < 1 or > Rules.IntervalPoints)
            throw TrackingException.Invalid($"max_results must be between 1 and {Rules.IntervalPoints}.");
        await call.AnswerAsync(json =>
        {
            var list = new PointList(json, namesRuns: true);
            call.Store.History.ReadInterval(Runs(ids), key, start, end, most, list.Add);
            list.End();
        });
    }

    private static List<RunId> Runs(IEnumerable<string> ids) => [.. ids.Select(id => new RunId(id))];

    /// <summary>Writes the list with its first point: an empty list is left out.</summary>
    private sealed class PointList(Utf8JsonWriter json, bool namesRuns)
    {
        private bool _isOpen;

        public void Add(RunId run, in MetricPoint point)
        {
            if (!_isOpen)
                json.WriteStartArray("metrics"u8);
            _isOpen = true;
            TrackingJson.WritePoint(json, point, namesRuns ? run : null);
        }

        public void End()
        {
            if (_isOpen)
                json.WriteEndArray();
        }
    }
}
