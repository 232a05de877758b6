namespace Weft.Tracking.Search;

/// <summary>The type of an attribute and whether a list of values may be asked for.</summary>
internal sealed record AttributeType(string Canonical, bool IsNumber, bool TakesLists = false);

/// <summary>
/// What may be searched for in one kind of record: its entity names, attributes, and which operators each takes. The tables are those of
/// MLflow's search language, because scripts written for it run against this store unchanged.
/// </summary>
internal sealed class SearchSchema
{
    private static readonly Comparison[] s_numeric =
        [Comparison.Equal, Comparison.NotEqual, Comparison.Less, Comparison.LessOrEqual, Comparison.Greater, Comparison.GreaterOrEqual];

    private static readonly Comparison[] s_text = [Comparison.Equal, Comparison.NotEqual, Comparison.Like, Comparison.ILike];

    private static readonly Comparison[] s_mark = [.. s_text, Comparison.IsNull, Comparison.IsNotNull];

    private static readonly Comparison[] s_listed = [.. s_text, Comparison.In, Comparison.NotIn];

    private static readonly Comparison[] s_marked = [.. s_mark, Comparison.RLike];

    private static readonly Comparison[] s_span = [.. s_listed, Comparison.IsNull, Comparison.IsNotNull, Comparison.RLike];

    private static readonly Comparison[] s_setting = [.. s_mark, Comparison.Less, Comparison.LessOrEqual, Comparison.Greater, Comparison.GreaterOrEqual];

    private static readonly Comparison[] s_any = [.. s_mark, Comparison.Less, Comparison.LessOrEqual, Comparison.Greater, Comparison.GreaterOrEqual, Comparison.RLike];

    /// <summary>What is searched, in the plural, for messages.</summary>
    public required string Subject { get; init; }

    public required IReadOnlyDictionary<string, FieldKind> Entities { get; init; }

    public required IReadOnlyDictionary<string, AttributeType> Attributes { get; init; }

    /// <summary>The attributes an order may name; null: all of <see cref="Attributes"/>.</summary>
    public IReadOnlyDictionary<string, AttributeType>? OrderAttributes { get; init; }

    /// <summary>Whether the text operators also include a regular expression (traces only).</summary>
    public bool TakesPatterns { get; init; }

    /// <summary>Whether params may be compared with numbers, as numbers. MLflow's servers compare them with texts only.</summary>
    public bool ParamsTakeNumbers { get; init; }

    public static readonly SearchSchema Runs = OfRuns(paramsTakeNumbers: false);

    /// <summary>Runs that are searched in memory, where nothing forbids <c>params.lr &lt; 0.01</c>.</summary>
    public static readonly SearchSchema RunsInMemory = OfRuns(paramsTakeNumbers: true);

    public static readonly SearchSchema Experiments = new()
    {
        Subject = "experiments",
        Entities = Names((FieldKind.Attribute, "attribute"), (FieldKind.Tag, "tag tags")),
        Attributes = Table(Text("name"), Number("creation_time"), Number("last_update_time")),
        OrderAttributes = Table(Text("name"), Number("experiment_id"), Number("creation_time"), Number("last_update_time")),
    };

    public static readonly SearchSchema RegisteredModels = new()
    {
        Subject = "registered models",
        Entities = Names((FieldKind.Attribute, "attribute attributes"), (FieldKind.Tag, "tag tags")),
        Attributes = Table(Text("name")),
        OrderAttributes = Table(Text("name"), Alias("timestamp", "last_updated_timestamp", isNumber: true), Number("last_updated_timestamp")),
    };

    public static readonly SearchSchema ModelVersions = new()
    {
        Subject = "model versions",
        Entities = Names((FieldKind.Attribute, "attribute attributes"), (FieldKind.Tag, "tag tags")),
        Attributes = Table(Text("name"), Text("run_id", lists: true), Text("source_path"), Number("version_number")),
        OrderAttributes = Table(Text("name"), Number("version_number"), Number("creation_timestamp"), Number("last_updated_timestamp")),
    };

    public static readonly SearchSchema LoggedModels = new()
    {
        Subject = "logged models",
        Entities = Names((FieldKind.Attribute, "attributes"), (FieldKind.Metric, "metrics"), (FieldKind.Param, "params"), (FieldKind.Tag, "tags")),
        Attributes = Table(
            Text("name", lists: true), Text("model_id", lists: true), Text("model_type", lists: true), Text("status", lists: true),
            Text("source_run_id", lists: true), Number("creation_timestamp"), Alias("creation_time", "creation_timestamp", isNumber: true),
            Number("last_updated_timestamp")),
    };

    public static readonly SearchSchema Traces = new()
    {
        Subject = "traces",
        TakesPatterns = true,
        Entities = Names(
            (FieldKind.Attribute, "attribute attributes attr trace"), (FieldKind.Tag, "tag tags"), (FieldKind.Metadata, "metadata request_metadata"),
            (FieldKind.Span, "span"), (FieldKind.Feedback, "feedback"), (FieldKind.Expectation, "expectation"), (FieldKind.Issue, "issue")),
        Attributes = Table(
            Text("status", lists: true), Alias("state", "status"), Number("timestamp_ms"), Alias("timestamp", "timestamp_ms", isNumber: true),
            Number("execution_time_ms"), Alias("execution_time", "execution_time_ms", isNumber: true), Number("end_time_ms"), Text("name", lists: true),
            Text("run_id", lists: true), Text("request_id", lists: true), Alias("trace_id", "request_id"), Text("client_request_id", lists: true),
            Text("prompt"), Text("text")),
        OrderAttributes = Table(
            Number("timestamp_ms"), Alias("timestamp", "timestamp_ms", isNumber: true), Number("execution_time_ms"),
            Alias("execution_time", "execution_time_ms", isNumber: true), Text("status"), Text("name"), Text("run_id"), Text("request_id"),
            Alias("trace_id", "request_id"), Number("end_time_ms"), Text("experiment_id")),
    };

    /// <summary>The operators that a field takes.</summary>
    public ReadOnlySpan<Comparison> ComparisonsOf(in Field field)
    {
        switch (field.Kind)
        {
            case FieldKind.Metric:
                return s_numeric;
            case FieldKind.Attribute:
                AttributeType type = Attributes[field.Key];
                return type.IsNumber ? s_numeric : TakesPatterns ? s_span : type.TakesLists ? s_listed : s_text;
            case FieldKind.Dataset:
                return s_listed;
            case FieldKind.Span:
                return s_span;
            case FieldKind.Param when ParamsTakeNumbers:
                return s_setting;
            case FieldKind.Feedback or FieldKind.Expectation or FieldKind.SpanAttribute:
                return s_any;
            default:
                return TakesPatterns ? s_marked : s_mark;
        }
    }

    /// <summary>Whether the field is compared with numbers only.</summary>
    public bool IsNumber(in Field field) =>
        field.Kind == FieldKind.Metric || (field.Kind == FieldKind.Attribute && Attributes[field.Key].IsNumber);

    /// <summary>Whether the field may be compared with a number.</summary>
    public bool TakesNumbers(in Field field) => IsNumber(field)
        || field.Kind is FieldKind.Feedback or FieldKind.Expectation or FieldKind.SpanAttribute || (field.Kind == FieldKind.Param && ParamsTakeNumbers);

    private static SearchSchema OfRuns(bool paramsTakeNumbers) => new()
    {
        Subject = "runs",
        ParamsTakeNumbers = paramsTakeNumbers,
        Entities = Names(
            (FieldKind.Metric, "metric metrics"), (FieldKind.Param, "param params parameter parameters"), (FieldKind.Tag, "tag tags"),
            (FieldKind.Attribute, "attribute attributes attr run"), (FieldKind.Dataset, "dataset datasets")),
        Attributes = Table(
            Text("run_id", lists: true), Text("run_name"), Alias("run name", "run_name"), Alias("Run name", "run_name"), Alias("Run Name", "run_name"),
            Text("status"), Text("artifact_uri"), Text("user_id"), Number("start_time"), Number("end_time"),
            Alias("created", "start_time", isNumber: true), Alias("Created", "start_time", isNumber: true)),
    };

    private static (string, AttributeType) Text(string name, bool lists = false) => (name, new AttributeType(name, IsNumber: false, lists));

    private static (string, AttributeType) Number(string name) => (name, new AttributeType(name, IsNumber: true));

    private static (string, AttributeType) Alias(string name, string canonical, bool isNumber = false) => (name, new AttributeType(canonical, isNumber));

    private static Dictionary<string, AttributeType> Table(params ReadOnlySpan<(string Name, AttributeType Type)> rows)
    {
        var table = new Dictionary<string, AttributeType>();
        foreach ((string name, AttributeType type) in rows)
            table.Add(name, type);
        return table;
    }

    private static Dictionary<string, FieldKind> Names(params ReadOnlySpan<(FieldKind Kind, string Words)> rows)
    {
        var names = new Dictionary<string, FieldKind>();
        foreach ((FieldKind kind, string words) in rows)
        {
            foreach (string word in words.Split(' '))
                names.Add(word, kind);
        }
        return names;
    }
}
