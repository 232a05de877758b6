using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Weft.Tracking;

namespace Weft.Cli.Terminal;

/// <summary>Runs as rows: name, status, then a column for each param and each metric, then the time it took.</summary>
internal sealed class RunsTable
{
    private readonly ImmutableArray<Run> _runs;
    private readonly List<string> _params;
    private readonly List<string> _metrics;

    /// <param name="only">The params and metrics to show, in this order; null: all, in the order of their first appearance.</param>
    public RunsTable(ImmutableArray<Run> runs, string[]? only)
    {
        _runs = runs;
        _params = Ordered(runs.SelectMany(run => run.Params).Select(param => param.Key), only);
        _metrics = Ordered(runs.SelectMany(run => run.Metrics).Select(metric => metric.Last.Key), only);
    }

    public int Count => _runs.Length;

    public Table ToTable(TimeProvider clock)
    {
        var table = new Table(["RUN", "STATUS", .. _params, .. _metrics, "STARTED", "TOOK"]);
        foreach (Run run in _runs)
        {
            Dictionary<string, string> parameters = Params(run);
            Dictionary<string, double> metrics = Metrics(run);
            table.Add([
                run.Info.Name, run.Info.Status.ToString().ToLowerInvariant(),
                .. _params.Select(key => parameters.GetValueOrDefault(key, "")),
                .. _metrics.Select(key => metrics.TryGetValue(key, out double value) ? Amounts.Number(value) : ""),
                Amounts.Instant(DateTimeOffset.FromUnixTimeMilliseconds(run.Info.Started), clock), Took(run),
            ]);
        }
        return table;
    }

    /// <summary>The first run in words: name, the metric, its params.</summary>
    public string? Describe(string metric)
    {
        Run? first = _runs.FirstOrDefault();
        if (first is null || !Metrics(first).TryGetValue(metric, out double value))
            return null;
        return $"{first.Info.Name}  {metric} {Amounts.Number(value)}  ({string.Join(' ', first.Params.Select(param => $"{param.Key}={param.Value}"))})";
    }

    /// <summary>RFC 4180: fields with commas, quotes or line breaks are quoted.</summary>
    public void WriteCsv(TextWriter output)
    {
        WriteRow(["run_id", "name", "status", "start_time", "end_time", .. _params.Select(key => "params." + key), .. _metrics.Select(key => "metrics." + key)]);
        foreach (Run run in _runs)
        {
            Dictionary<string, string> parameters = Params(run);
            Dictionary<string, double> metrics = Metrics(run);
            WriteRow([
                run.Info.Id.Value, run.Info.Name, Word(run), run.Info.Started.ToString(CultureInfo.InvariantCulture), run.Info.Ended?.ToString(CultureInfo.InvariantCulture) ?? "",
                .. _params.Select(key => parameters.GetValueOrDefault(key, "")),
                .. _metrics.Select(key => metrics.TryGetValue(key, out double value) ? value.ToString("R", CultureInfo.InvariantCulture) : ""),
            ]);
        }

        void WriteRow(IEnumerable<string> cells)
        {
            output.Write(string.Join(',', cells.Select(cell => cell.AsSpan().ContainsAny(",\"\r\n") ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : cell)));
            output.Write('\n');
        }
    }

    public void WriteJson(Utf8JsonWriter json)
    {
        json.WriteStartArray();
        foreach (Run run in _runs)
        {
            json.WriteStartObject();
            json.WriteString("run_id", run.Info.Id.Value);
            json.WriteString("name", run.Info.Name);
            json.WriteString("status", Word(run));
            json.WriteNumber("start_time", run.Info.Started);
            if (run.Info.Ended is { } ended)
                json.WriteNumber("end_time", ended);
            json.WriteStartObject("params");
            foreach (Param param in run.Params)
                json.WriteString(param.Key, param.Value);
            json.WriteEndObject();
            json.WriteStartObject("metrics");
            foreach (MetricSummary metric in run.Metrics)
            {
                json.WritePropertyName(metric.Last.Key);
                if (double.IsFinite(metric.Last.Value))
                    json.WriteNumberValue(metric.Last.Value);
                else
                    json.WriteStringValue(metric.Last.Value.ToString(CultureInfo.InvariantCulture));
            }
            json.WriteEndObject();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static string Word(Run run) => run.Info.Status.ToString().ToUpperInvariant();

    private static string Took(Run run) => run.Info.Ended is { } ended ? Amounts.Duration(TimeSpan.FromMilliseconds(ended - run.Info.Started)) : "";

    private static Dictionary<string, string> Params(Run run) => run.Params.ToDictionary(param => param.Key, param => param.Value);

    private static Dictionary<string, double> Metrics(Run run) => run.Metrics.ToDictionary(metric => metric.Last.Key, metric => metric.Last.Value);

    private static List<string> Ordered(IEnumerable<string> keys, string[]? only)
    {
        List<string> found = [.. keys.Distinct()];
        return only is null ? found : [.. only.Where(found.Contains)];
    }
}
