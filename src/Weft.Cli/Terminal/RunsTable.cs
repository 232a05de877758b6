using System.Globalization;
using System.Text.Json;
using Weft.Analysis;
using Weft.Text;
using Weft.Tracking;
using Weft.Values;
using Run = Weft.Analysis.Run;

namespace Weft.Cli.Terminal;

/// <summary>Runs as rows: name, status, then a column for each param and each metric, then the time it took.</summary>
internal sealed class RunsTable
{
    /// <summary>With more columns of values, those that say the same of all runs are told once.</summary>
    private const int ManyColumns = 12;

    private readonly RunCollection _runs;
    private readonly List<Dictionary<string, string>> _values;
    private readonly List<string> _params;
    private readonly List<string> _metrics;
    private readonly bool _isChosen;

    /// <param name="only">The params and metrics to show, in this order, with commas; null: all, in the order of their first appearance.</param>
    /// <exception cref="DiagnosticException">No run has one of them.</exception>
    public RunsTable(RunCollection runs, Source? only)
    {
        _runs = runs;
        _isChosen = only is not null;
        _values = [.. runs.Select(ParamsOf)];
        List<string> parameters = [.. _values.SelectMany(values => values.Keys).Distinct()];
        List<string> metrics = [.. runs.SelectMany(run => run.Facts.Metrics).Select(metric => metric.Last.Key).Distinct()];
        string[]? chosen = only?.Text.Split(',', StringSplitOptions.TrimEntries);
        _params = chosen is null ? parameters : [.. chosen.Where(parameters.Contains)];
        _metrics = chosen is null ? metrics : [.. chosen.Where(metrics.Contains)];
        string? missing = runs.Count == 0 ? null : chosen?.FirstOrDefault(name => !parameters.Contains(name) && !metrics.Contains(name));
        if (missing is not null)
            throw new DiagnosticException("runs/no-column", $"no run has a param or metric `{missing}`", only!.Whole, Suggest.HintOrList(missing, [.. parameters, .. metrics], "there are"));
    }

    /// <summary>The table, and what is the same in all runs and is not in it.</summary>
    public (Table Table, string? Same) ToTable(TimeProvider clock)
    {
        string[] same = _isChosen || _runs.Count < 2 || _params.Count + _metrics.Count <= ManyColumns ? [] : [.. _params.Where(IsSame)];
        string[] shown = [.. _params.Except(same)];
        var table = new Table(["RUN", "STATUS", .. shown, .. _metrics, "STARTED", "TOOK"]);
        for (int i = 0; i < _runs.Count; i++)
        {
            Run run = _runs[i];
            table.Add([
                run.Name, run.Status?.ToString().ToLowerInvariant() ?? "",
                .. shown.Select(key => _values[i].GetValueOrDefault(key, "")),
                .. _metrics.Select(key => run.Metrics.TryGetValue(key, out MetricSummary metric) ? Amounts.Number(metric.Last.Value) : ""),
                run.Started is { } started ? Amounts.Instant(started, clock) : "", run is { Started: { } from, Ended: { } ended } ? Amounts.Duration(ended - from) : "",
            ]);
        }
        return (table, same.Length == 0 ? null : string.Join(' ', same.Select(key => $"{key}={_values[0][key]}")));
    }

    /// <summary>The first run in words: name, the metric, its params.</summary>
    public string? Describe(string metric)
    {
        if (_runs.Count == 0 || !_runs[0].Metrics.TryGetValue(metric, out MetricSummary value))
            return null;
        return $"{_runs[0].Name}  {metric} {Amounts.Number(value.Last.Value)}  ({string.Join(' ', _values[0].Select(param => $"{param.Key}={param.Value}"))})";
    }

    public void WriteCsv(TextWriter output)
    {
        Frame.WriteLine(output, ["run_id", "name", "status", "start_time", "end_time", .. _params.Select(key => "params." + key), .. _metrics.Select(key => "metrics." + key)]);
        for (int i = 0; i < _runs.Count; i++)
        {
            Run run = _runs[i];
            Frame.WriteLine(output, [
                run.Id, run.Name, Word(run), Time(run.Started), Time(run.Ended),
                .. _params.Select(key => _values[i].GetValueOrDefault(key, "")),
                .. _metrics.Select(key => run.Metrics.TryGetValue(key, out MetricSummary metric) ? metric.Last.Value.ToString("R", CultureInfo.InvariantCulture) : ""),
            ]);
        }
    }

    public void WriteJson(Utf8JsonWriter json)
    {
        json.WriteStartArray();
        for (int i = 0; i < _runs.Count; i++)
        {
            Run run = _runs[i];
            json.WriteStartObject();
            json.WriteString("run_id", run.Id);
            json.WriteString("name", run.Name);
            json.WriteString("status", Word(run));
            if (run.Started is { } started)
                json.WriteNumber("start_time", started.ToUnixTimeMilliseconds());
            if (run.Ended is { } ended)
                json.WriteNumber("end_time", ended.ToUnixTimeMilliseconds());
            json.WriteStartObject("params");
            foreach ((string key, string value) in _values[i])
                json.WriteString(key, value);
            json.WriteEndObject();
            json.WriteStartObject("metrics");
            foreach (MetricSummary metric in run.Facts.Metrics)
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

    private bool IsSame(string key) => _values.All(values => values.TryGetValue(key, out string? value) && value == _values[0].GetValueOrDefault(key));

    private static string Word(Run run) => run.Status?.ToString().ToUpperInvariant() ?? "";

    private static string Time(DateTimeOffset? time) => time?.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture) ?? "";

    /// <summary>What was logged, then what only the configuration says.</summary>
    private static Dictionary<string, string> ParamsOf(Run run)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (Param param in run.Facts.Params)
            values.Add(param.Key, param.Value);
        foreach ((string path, Value value) in run.ConfigLeaves())
            values.TryAdd(path, ConfigFields.TextOf(value));
        return values;
    }
}
