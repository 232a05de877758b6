using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using Weft.Server.Http;
using Weft.Tracking;

namespace Weft.Server.Mlflow;

/// <summary>
/// The body of <c>runs/log-batch</c>, read in one pass without objects: this is the call that training loops make thousands of times. Names of
/// metrics that were seen before are not decoded again. The rules are those of <see cref="Fields"/>; the first mistake of an item is kept
/// until the end, because a missing run id is told before it.
/// </summary>
internal ref struct LogBatchReader
{
    private static readonly Utf8Names s_names = new();

    private Utf8JsonReader _json;
    private string? _runId;
    private string? _runUuid;
    private MetricPoint[] _metrics;
    private int _count;
    private readonly List<Param> _params = [];
    private readonly List<Label> _labels = [];
    private TrackingException? _mistake;

    private LogBatchReader(ReadOnlySpan<byte> body)
    {
        _json = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = Call.DeepestJson });
        _metrics = ArrayPool<MetricPoint>.Shared.Rent(64);
    }

    /// <summary>Reads the whole body. The metrics stand in a rented array, which the caller returns to <see cref="ArrayPool{T}.Shared"/>.</summary>
    public static (RunId Run, Batch Batch, MetricPoint[] Rented) Read(ReadOnlySpan<byte> body)
    {
        var reader = new LogBatchReader(body);
        try
        {
            if (!body.IsEmpty)
                reader.ReadRequest();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw TrackingException.Invalid($"The body of the request is not JSON: {e.Message}");
        }
        string run = reader._runId is { Length: > 0 } id ? id : reader._runUuid is { Length: > 0 } old ? old : throw Fields.Missing("run_id");
        if (reader._mistake is { } mistake)
            throw mistake;
        var batch = new Batch { Metrics = reader._metrics.AsMemory(0, reader._count), Params = reader._params, Labels = reader._labels };
        return (new RunId(run), batch, reader._metrics);
    }

    private void ReadRequest()
    {
        _json.Read();
        if (_json.TokenType == JsonTokenType.Null)
            return;
        if (_json.TokenType != JsonTokenType.StartObject)
            throw TrackingException.Invalid($"The body of a request must be a JSON object, found {_json.TokenType}");
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            if (_json.ValueTextEquals("metrics"u8))
                ReadList("metrics");
            else if (_json.ValueTextEquals("params"u8))
                ReadList("params");
            else if (_json.ValueTextEquals("tags"u8))
                ReadList("tags");
            else if (_json.ValueTextEquals("run_id"u8) || _json.ValueTextEquals("runId"u8))
                _runId = ReadText("run_id");
            else if (_json.ValueTextEquals("run_uuid"u8) || _json.ValueTextEquals("runUuid"u8))
                _runUuid = ReadText("run_uuid");
            else
                _json.Skip();
        }
        if (_json.Read())
            throw new JsonException("something follows the object");
    }

    private void ReadList(string name)
    {
        _json.Read();
        if (_json.TokenType == JsonTokenType.Null)
            return;
        if (_json.TokenType != JsonTokenType.StartArray)
        {
            Refuse(name);
            return;
        }
        for (int i = 0; _json.Read() && _json.TokenType != JsonTokenType.EndArray; i++)
        {
            if (_json.TokenType != JsonTokenType.StartObject)
                Refuse($"{name}[{i}]");
            else if (name == "metrics")
                ReadMetric(i);
            else
                ReadPair(name, i);
        }
    }

    private void ReadMetric(int index)
    {
        string? key = null, model = null, dataset = null, digest = null;
        double? value = null;
        long? timestamp = null;
        long step = 0;
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            if (_json.ValueTextEquals("key"u8))
                key = ReadName(index);
            else if (_json.ValueTextEquals("value"u8))
                value = ReadDouble(index);
            else if (_json.ValueTextEquals("timestamp"u8))
                timestamp = ReadLong(index, "timestamp");
            else if (_json.ValueTextEquals("step"u8))
                step = ReadLong(index, "step") ?? 0;
            else if (_json.ValueTextEquals("model_id"u8) || _json.ValueTextEquals("modelId"u8))
                model = ReadText($"metrics[{index}].model_id");
            else if (_json.ValueTextEquals("dataset_name"u8) || _json.ValueTextEquals("datasetName"u8))
                dataset = ReadText($"metrics[{index}].dataset_name");
            else if (_json.ValueTextEquals("dataset_digest"u8) || _json.ValueTextEquals("datasetDigest"u8))
                digest = ReadText($"metrics[{index}].dataset_digest");
            else
                _json.Skip();
        }
        if (string.IsNullOrEmpty(key) || value is null || timestamp is null)
        {
            _mistake ??= Fields.Missing($"metrics[{index}].{(string.IsNullOrEmpty(key) ? "key" : value is null ? "value" : "timestamp")}");
            return;
        }
        if (_count == _metrics.Length)
        {
            MetricPoint[] longer = ArrayPool<MetricPoint>.Shared.Rent(_count * 2);
            _metrics.AsSpan(0, _count).CopyTo(longer);
            ArrayPool<MetricPoint>.Shared.Return(_metrics);
            _metrics = longer;
        }
        _metrics[_count++] = new MetricPoint(key, value.Value, timestamp.Value, step)
        {
            Subject = model is null && dataset is null ? null : new MetricSubject(model, dataset, digest),
        };
    }

    private void ReadPair(string list, int index)
    {
        string? key = null, value = null;
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            if (_json.ValueTextEquals("key"u8))
                key = ReadText($"{list}[{index}].key");
            else if (_json.ValueTextEquals("value"u8))
                value = ReadText($"{list}[{index}].value");
            else
                _json.Skip();
        }
        if (string.IsNullOrEmpty(key))
            _mistake ??= Fields.Missing($"{list}[{index}].key");
        else if (list == "params")
            _params.Add(new Param(key, value ?? ""));
        else
            _labels.Add(new Label(key, value ?? ""));
    }

    private string? ReadName(int index)
    {
        _json.Read();
        if (_json is { TokenType: JsonTokenType.String, ValueIsEscaped: false })
            return s_names.Get(_json.ValueSpan);
        return TextOf($"metrics[{index}].key");
    }

    private string? ReadText(string path)
    {
        _json.Read();
        return TextOf(path);
    }

    private string? TextOf(string path)
    {
        switch (_json.TokenType)
        {
            case JsonTokenType.String:
                return _json.GetString();
            case JsonTokenType.Null:
                return null;
            default:
                Refuse(path);
                return null;
        }
    }

    private double? ReadDouble(int index)
    {
        _json.Read();
        switch (_json.TokenType)
        {
            case JsonTokenType.Number:
                return _json.GetDouble();
            case JsonTokenType.True:
                return 1;
            case JsonTokenType.False:
                return 0;
            case JsonTokenType.String when Fields.ParseDouble(_json.GetString()!) is { } number:
                return number;
            case JsonTokenType.Null:
                return null;
            default:
                Refuse($"metrics[{index}].value");
                return 0;
        }
    }

    private long? ReadLong(int index, string name)
    {
        _json.Read();
        if (_json.TokenType == JsonTokenType.Null)
            return null;
        if (_json.TokenType == JsonTokenType.Number && _json.TryGetInt64(out long number))
            return number;
        if (_json.TokenType is JsonTokenType.Number or JsonTokenType.String && Fields.ParseLong(Encoding.UTF8.GetString(_json.ValueSpan)) is { } parsed)
            return parsed;
        Refuse($"metrics[{index}].{name}");
        return 0;
    }

    /// <summary>Notes that the value here does not fit, and steps over it.</summary>
    private void Refuse(string path)
    {
        long start = _json.TokenStartIndex;
        string text = _json.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray ? "" : Encoding.UTF8.GetString(_json.ValueSpan);
        if (_json.TokenType == JsonTokenType.String)
            text = $"\"{text}\"";
        else if (text.Length == 0)
            text = _json.TokenType == JsonTokenType.StartObject ? "{…}" : "[…]";
        _json.TrySkip();
        _mistake ??= TrackingException.Invalid($"Invalid value {text} for parameter '{path}' supplied: the value at byte {start} does not fit the parameter's type. See the API docs for more information about request parameters.");
    }
}

/// <summary>
/// Strings by their UTF-8 bytes, so that a name which every request repeats is made once. Holds at most <see cref="Most"/>; then new names are made
/// each time.
/// </summary>
internal sealed class Utf8Names
{
    private const int Most = 50_000;

    private readonly ConcurrentDictionary<string, string> _names = new(Comparer.Instance);
    private readonly ConcurrentDictionary<string, string>.AlternateLookup<ReadOnlySpan<byte>> _byBytes;

    public Utf8Names() => _byBytes = _names.GetAlternateLookup<ReadOnlySpan<byte>>();

    /// <exception cref="InvalidOperationException">The bytes are not UTF-8.</exception>
    public string Get(ReadOnlySpan<byte> utf8)
    {
        if (_byBytes.TryGetValue(utf8, out string? known))
            return known;
        if (!System.Text.Unicode.Utf8.IsValid(utf8))
            throw new InvalidOperationException("a name is not valid UTF-8");
        string name = Encoding.UTF8.GetString(utf8);
        if (_names.Count < Most)
            _names.TryAdd(name, name);
        return name;
    }

    private sealed class Comparer : IEqualityComparer<string>, IAlternateEqualityComparer<ReadOnlySpan<byte>, string>
    {
        public static readonly Comparer Instance = new();

        public bool Equals(string? x, string? y) => x == y;

        public int GetHashCode([DisallowNull] string obj) => GetHashCode(Encoding.UTF8.GetBytes(obj));

        public string Create(ReadOnlySpan<byte> alternate) => Encoding.UTF8.GetString(alternate);

        public bool Equals(ReadOnlySpan<byte> alternate, string other)
        {
            if (alternate.Length < other.Length || alternate.Length > other.Length * 3)
                return false;
            if (alternate.Length == other.Length)
                return Ascii.Equals(alternate, other);
            return Encoding.UTF8.GetString(alternate) == other;
        }

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = new HashCode();
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }
    }
}
