using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Weft.Tracking;

/// <summary>
/// MLflow's JSON: ids are strings, other 64-bit integers numbers, doubles always have a point or an exponent, NaN is the string "NaN", and
/// what is absent or empty is left out.
/// </summary>
public static class TrackingJson
{
    public static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>A double as Python writes it: <c>1.0</c>, <c>1e-07</c>, <c>1e+300</c>; the shortest digits that read back.</summary>
    public static void WriteDouble(Utf8JsonWriter json, double value)
    {
        if (double.IsNaN(value))
        {
            json.WriteStringValue("NaN"u8);
            return;
        }
        if (double.IsInfinity(value))
        {
            json.WriteStringValue(value > 0 ? "Infinity"u8 : "-Infinity"u8);
            return;
        }
        Span<byte> text = stackalloc byte[40];
        json.WriteRawValue(text[..FormatDouble(value, text)], skipInputValidation: true);
    }

    /// <summary>Formats a finite number into at least 40 bytes and returns how many were used.</summary>
    internal static int FormatDouble(double value, Span<byte> text)
    {
        value.TryFormat(text, out int length, default, CultureInfo.InvariantCulture);
        int exponent = text[..length].IndexOf((byte)'E');
        if (exponent >= 0)
        {
            text[exponent] = (byte)'e';
        }
        else if (!text[..length].Contains((byte)'.'))
        {
            // .NET writes whole numbers out up to 17 digits, Python up to 16.
            if (Math.Abs(value) >= 1e16)
                return MoveToExponent(text, length);
            text[length++] = (byte)'.';
            text[length++] = (byte)'0';
        }
        return length;
    }

    private static int MoveToExponent(Span<byte> text, int length)
    {
        int first = text[0] == '-' ? 1 : 0;
        int exponent = length - first - 1;
        ReadOnlySpan<byte> rest = text[(first + 1)..length].TrimEnd((byte)'0');
        int written = first + 1;
        if (rest.Length > 0)
        {
            rest.CopyTo(text[(written + 1)..]);
            text[written] = (byte)'.';
            written += rest.Length + 1;
        }
        "e+"u8.CopyTo(text[written..]);
        Utf8Formatter.TryFormat(exponent, text[(written + 2)..], out int digits);
        return written + 2 + digits;
    }

    public static void WriteLabels(Utf8JsonWriter json, string name, IReadOnlyList<Label> labels)
    {
        if (labels.Count == 0)
            return;
        json.WriteStartArray(name);
        foreach (Label label in labels)
            WritePair(json, label.Key, label.Value);
        json.WriteEndArray();
    }

    public static void WritePair(Utf8JsonWriter json, string key, string value)
    {
        json.WriteStartObject();
        json.WriteString("key"u8, key);
        json.WriteString("value"u8, value);
        json.WriteEndObject();
    }

    /// <summary>A point as an object; <paramref name="run"/> is added where several runs are mixed.</summary>
    public static void WritePoint(Utf8JsonWriter json, in MetricPoint point, RunId? run = null)
    {
        json.WriteStartObject();
        json.WriteString("key"u8, point.Key);
        json.WritePropertyName("value"u8);
        WriteDouble(json, point.Value);
        json.WriteNumber("timestamp"u8, point.Timestamp);
        json.WriteNumber("step"u8, point.Step);
        if (point.Subject is { } subject)
        {
            if (!string.IsNullOrEmpty(subject.ModelId))
                json.WriteString("model_id"u8, subject.ModelId);
            if (!string.IsNullOrEmpty(subject.DatasetName))
                json.WriteString("dataset_name"u8, subject.DatasetName);
            if (!string.IsNullOrEmpty(subject.DatasetDigest))
                json.WriteString("dataset_digest"u8, subject.DatasetDigest);
        }
        if (run is { } id)
            json.WriteString("run_id"u8, id.Value);
        json.WriteEndObject();
    }

    public static void WriteExperiment(Utf8JsonWriter json, Experiment experiment)
    {
        json.WriteStartObject();
        json.WriteString("experiment_id"u8, experiment.Id.ToString());
        json.WriteString("name"u8, experiment.Name);
        json.WriteString("artifact_location"u8, experiment.Location);
        json.WriteString("lifecycle_stage"u8, Words.Of(experiment.Stage));
        json.WriteNumber("last_update_time"u8, experiment.Updated);
        json.WriteNumber("creation_time"u8, experiment.Created);
        WriteLabels(json, "tags", experiment.Labels);
        json.WriteEndObject();
    }
}

/// <summary>
/// Runs as MLflow's JSON. A run's summary, as it is kept with the run, is three lines: its data, its inputs and its outputs, each an object,
/// so that a list of a thousand runs is written by copying.
/// </summary>
public static class RunJson
{
    public static void WriteInfo(Utf8JsonWriter json, RunInfo run)
    {
        json.WriteStartObject();
        json.WriteString("run_id"u8, run.Id.Value);
        json.WriteString("run_uuid"u8, run.Id.Value);
        json.WriteString("run_name"u8, run.Name);
        json.WriteString("experiment_id"u8, run.Experiment.ToString());
        json.WriteString("user_id"u8, run.User);
        json.WriteString("status"u8, Words.Of(run.Status));
        json.WriteNumber("start_time"u8, run.Started);
        if (run.Ended is { } ended)
            json.WriteNumber("end_time"u8, ended);
        json.WriteString("artifact_uri"u8, run.ArtifactUri);
        json.WriteString("lifecycle_stage"u8, Words.Of(run.Stage));
        json.WriteEndObject();
    }

    /// <summary>A whole run as an object.</summary>
    public static void Write(Utf8JsonWriter json, Run run)
    {
        var summary = new ArrayBufferWriter<byte>(1024);
        WriteSummary(summary, run);
        Write(json, run.Info, summary.WrittenSpan);
    }

    internal static void Write(Utf8JsonWriter json, RunInfo info, ReadOnlySpan<byte> summary)
    {
        json.WriteStartObject();
        json.WritePropertyName("info"u8);
        WriteInfo(json, info);
        int first = summary.IndexOf((byte)'\n');
        int second = first + 1 + summary[(first + 1)..].IndexOf((byte)'\n');
        json.WritePropertyName("data"u8);
        json.WriteRawValue(summary[..first], skipInputValidation: true);
        json.WritePropertyName("inputs"u8);
        json.WriteRawValue(summary[(first + 1)..second], skipInputValidation: true);
        if (summary.Length - second > 3)
        {
            json.WritePropertyName("outputs"u8);
            json.WriteRawValue(summary[(second + 1)..], skipInputValidation: true);
        }
        json.WriteEndObject();
    }

    internal static void WriteSummary(IBufferWriter<byte> output, Run run)
    {
        using var json = new Utf8JsonWriter(output, TrackingJson.WriterOptions);
        WriteData(json, run);
        NextLine();
        WriteInputs(json, run);
        NextLine();
        json.WriteStartObject();
        if (!run.ModelOutputs.IsEmpty)
        {
            json.WriteStartArray("model_outputs"u8);
            foreach (ModelOutput model in run.ModelOutputs)
            {
                json.WriteStartObject();
                json.WriteString("model_id"u8, model.ModelId);
                json.WriteNumber("step"u8, model.Step);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        json.WriteEndObject();

        void NextLine()
        {
            json.Flush();
            output.Write("\n"u8);
            json.Reset();
        }
    }

    private static void WriteData(Utf8JsonWriter json, Run run)
    {
        json.WriteStartObject();
        if (!run.Metrics.IsEmpty)
        {
            json.WriteStartArray("metrics"u8);
            foreach (MetricSummary metric in run.Metrics)
                TrackingJson.WritePoint(json, metric.Last);
            json.WriteEndArray();
        }
        if (!run.Params.IsEmpty)
        {
            json.WriteStartArray("params"u8);
            foreach (Param param in run.Params)
                TrackingJson.WritePair(json, param.Key, param.Value);
            json.WriteEndArray();
        }
        TrackingJson.WriteLabels(json, "tags", run.Labels);
        json.WriteEndObject();
    }

    private static void WriteInputs(Utf8JsonWriter json, Run run)
    {
        json.WriteStartObject();
        if (!run.Datasets.IsEmpty)
        {
            json.WriteStartArray("dataset_inputs"u8);
            foreach (DatasetInput input in run.Datasets)
            {
                json.WriteStartObject();
                TrackingJson.WriteLabels(json, "tags", input.Labels);
                json.WriteStartObject("dataset"u8);
                json.WriteString("name"u8, input.Dataset.Name);
                json.WriteString("digest"u8, input.Dataset.Digest);
                json.WriteString("source_type"u8, input.Dataset.SourceType);
                json.WriteString("source"u8, input.Dataset.Source);
                if (input.Dataset.Schema is { } schema)
                    json.WriteString("schema"u8, schema);
                if (input.Dataset.Profile is { } profile)
                    json.WriteString("profile"u8, profile);
                json.WriteEndObject();
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        if (!run.ModelInputs.IsEmpty)
        {
            json.WriteStartArray("model_inputs"u8);
            foreach (string model in run.ModelInputs)
            {
                json.WriteStartObject();
                json.WriteString("model_id"u8, model);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }
}
