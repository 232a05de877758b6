using System.Collections.Immutable;
using Weft.Records;

namespace Weft.Tracking;

/// <summary>One call within a trace.</summary>
/// <param name="Id">16 hexadecimal digits.</param>
/// <param name="Type">What kind of call it is, such as <c>LLM</c>; null when the program did not say.</param>
/// <param name="Status"><c>OK</c>, <c>ERROR</c> or <c>UNSET</c>.</param>
/// <param name="StartedNs">Unix nanoseconds.</param>
/// <param name="EndedNs">Unix nanoseconds; null while it runs.</param>
/// <param name="Content">All of it, as the JSON that MLflow's clients read.</param>
public sealed record TraceSpan(string Trace, string Id, string? Parent, string Name, string? Type, string Status, long StartedNs, long? EndedNs, string Content)
{
    /// <summary>Of a root: what went in and came out, cut to what a list shows.</summary>
    public string? RequestPreview { get; init; }

    public string? ResponsePreview { get; init; }

    /// <summary>The conversation and the user that the program named.</summary>
    public string? Session { get; init; }

    public string? User { get; init; }
}

/// <summary>Spans of traces, as programs send them: in any order, before or after the trace itself is started, and more than once.</summary>
public sealed class SpanStore
{
    internal const string LocationLabel = "mlflow.trace.spansLocation";
    private const string NameLabel = "mlflow.traceName";
    private const string SessionKey = "mlflow.trace.session";
    private const string UserKey = "mlflow.trace.user";

    private readonly WriteLoop _writer;
    private readonly ReaderPool _readers;

    internal SpanStore(WriteLoop writer, ReaderPool readers)
    {
        _writer = writer;
        _readers = readers;
    }

    /// <summary>Stores spans, and makes the traces that are not there yet from what their spans tell. All of it, or nothing.</summary>
    public Task LogAsync(long experiment, IReadOnlyList<TraceSpan> spans) => _writer.WriteAsync(turn =>
    {
        Experiment home = ExperimentStore.Require(turn.Database, experiment);
        foreach (IGrouping<string, TraceSpan> trace in spans.GroupBy(span => span.Trace))
        {
            Begin(turn.Database, home, trace.Key, [.. trace]);
            foreach (TraceSpan span in trace)
                Store(turn.Database, span);
        }
    });

    /// <summary>The spans of a trace: its root first, then as they began. Empty when the client keeps them elsewhere.</summary>
    public ImmutableArray<TraceSpan> Of(string trace) => _readers.Read(reader => Of(reader.Database, trace));

    internal static ImmutableArray<TraceSpan> Of(Database database, string trace)
    {
        var spans = ImmutableArray.CreateBuilder<TraceSpan>();
        Statement select = database.Prepare("""
            SELECT id, parent, name, type, status, started_ns, ended_ns, content FROM span WHERE trace = ?1
            ORDER BY CASE WHEN parent IS NULL THEN 0 ELSE 1 END, started_ns, id
            """);
        foreach (Row row in select.Bind(1, trace).Query())
            spans.Add(new TraceSpan(trace, row.Text(0), row.TextOrNull(1), row.Text(2), row.TextOrNull(3), row.Text(4), row.Long(5), row.LongOrNull(6), row.Text(7)));
        return spans.DrainToImmutable();
    }

    /// <summary>The trace of these spans. One that its program started already keeps its own times and state.</summary>
    private static void Begin(Database db, Experiment home, string trace, IReadOnlyList<TraceSpan> spans)
    {
        TraceSpan? root = spans.FirstOrDefault(span => span.Parent is null);
        TraceStore.CheckHome(db, trace, home.Id);
        long started = spans.Min(span => span.StartedNs) / 1_000_000;
        long? ended = spans.Max(span => span.EndedNs) / 1_000_000;
        db.Prepare("""
            INSERT INTO trace (id, experiment, started, duration, state, request, response) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO UPDATE SET
                duration = CASE WHEN trace.state = 'IN_PROGRESS' THEN excluded.duration ELSE trace.duration END,
                started = CASE WHEN trace.state = 'IN_PROGRESS' AND excluded.started < trace.started THEN excluded.started ELSE trace.started END,
                state = CASE WHEN trace.state = 'IN_PROGRESS' THEN excluded.state ELSE trace.state END,
                request = coalesce(trace.request, excluded.request), response = coalesce(trace.response, excluded.response)
            """)
            .Bind(1, trace).Bind(2, home.Id).Bind(3, started).Bind(4, ended - started)
            .Bind(5, root is null ? "IN_PROGRESS" : root.Status == "ERROR" ? "ERROR" : "OK")
            .Bind(6, TraceStore.Preview(root?.RequestPreview)).Bind(7, TraceStore.Preview(root?.ResponsePreview)).Run();
        TraceStore.SetMarks(db, "trace_label", trace, [new Label(LocationLabel, "TRACKING_STORE")]);
        TraceStore.AddMark(db, "trace_label", trace, new Label(TraceStore.LocationLabel, Locations.Join(home.Location, "traces", trace, "artifacts")));
        if (root is not null)
            TraceStore.AddMark(db, "trace_label", trace, new Label(NameLabel, root.Name));
        if (spans.FirstOrDefault(span => span.Session is not null)?.Session is { } session)
            TraceStore.AddMark(db, "trace_metadata", trace, new Label(SessionKey, session));
        if (spans.FirstOrDefault(span => span.User is not null)?.User is { } user)
            TraceStore.AddMark(db, "trace_metadata", trace, new Label(UserKey, user));
    }

    internal static void Store(Database db, TraceSpan span) =>
        db.Prepare("""
            INSERT INTO span (trace, id, parent, name, type, status, started_ns, ended_ns, content) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
            ON CONFLICT (trace, id) DO UPDATE SET parent = excluded.parent, name = excluded.name, type = excluded.type, status = excluded.status,
                started_ns = excluded.started_ns, ended_ns = excluded.ended_ns, content = excluded.content
            """)
            .Bind(1, span.Trace).Bind(2, span.Id).Bind(3, span.Parent).Bind(4, span.Name).Bind(5, span.Type).Bind(6, span.Status)
            .Bind(7, span.StartedNs).Bind(8, span.EndedNs).Bind(9, span.Content).Run();
}
