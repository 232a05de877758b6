using System.Collections.Immutable;
using System.Text.Json;
using Weft.Records;

namespace Weft.Tracking;

/// <summary>A trace of the calls a program made to models and tools; its spans are in <see cref="SpanStore"/> or an artifact of the client.</summary>
/// <param name="Started">Unix milliseconds.</param>
/// <param name="Duration">Milliseconds; null while it runs.</param>
/// <param name="State"><c>OK</c>, <c>ERROR</c>, <c>IN_PROGRESS</c> or <c>STATE_UNSPECIFIED</c>.</param>
public sealed record Trace(string Id, long Experiment, long Started, long? Duration, string State)
{
    /// <summary>The state of a trace whose program did not say, and what MLflow 2 called it.</summary>
    internal const string NoState = "STATE_UNSPECIFIED", OldNoState = "TRACE_STATUS_UNSPECIFIED";

    public string? ClientId { get; init; }

    public string? RequestPreview { get; init; }

    public string? ResponsePreview { get; init; }

    public ImmutableArray<Label> Metadata { get; init; } = [];

    public ImmutableArray<Label> Labels { get; init; } = [];

    /// <summary>Oldest first.</summary>
    public ImmutableArray<Assessment> Assessments { get; init; } = [];
}

/// <summary>Traces of experiments: started, ended, marked, searched, deleted.</summary>
public sealed class TraceStore
{
    /// <summary>The tag that says where the client puts the trace's spans.</summary>
    internal const string LocationLabel = "mlflow.artifactLocation";

    private const string PromptsLabel = "mlflow.linkedPrompts";

    internal const string SourceRun = "mlflow.sourceRun";
    internal const string NameLabel = "mlflow.traceName";
    private const int PreviewLength = 1000;

    private readonly WriteLoop _writer;
    private readonly ReaderPool _readers;

    internal TraceStore(WriteLoop writer, ReaderPool readers)
    {
        _writer = writer;
        _readers = readers;
    }

    /// <summary>An id for a trace whose client gave none.</summary>
    public static string NewId() => "tr-" + RunNames.NewId();

    /// <summary>Stores a trace, or what is new of one that is there.</summary>
    public Task<Trace> StartAsync(Trace trace)
    {
        foreach (Label label in trace.Labels)
            CheckLabel(label);
        return _writer.WriteAsync(turn =>
        {
            Database db = turn.Database;
            Experiment experiment = ExperimentStore.Require(db, trace.Experiment);
            CheckHome(db, trace.Id, trace.Experiment);
            db.Prepare("""
                INSERT INTO trace (id, experiment, started, duration, state, client_id, request, response) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                ON CONFLICT (id) DO UPDATE SET started = excluded.started, duration = excluded.duration, state = excluded.state,
                    client_id = coalesce(excluded.client_id, trace.client_id), request = coalesce(excluded.request, trace.request),
                    response = coalesce(excluded.response, trace.response)
                """)
                .Bind(1, trace.Id).Bind(2, trace.Experiment).Bind(3, trace.Started).Bind(4, trace.Duration).Bind(5, trace.State).Bind(6, trace.ClientId)
                .Bind(7, Preview(trace.RequestPreview)).Bind(8, Preview(trace.ResponsePreview)).Run();
            SetMarks(db, "trace_metadata", trace.Id, trace.Metadata);
            SetMarks(db, "trace_label", trace.Id, trace.Labels);
            AddMark(db, "trace_label", trace.Id, new Label(LocationLabel, Locations.Join(experiment.Location, "traces", trace.Id, "artifacts")));
            foreach (Assessment assessment in trace.Assessments)
                AssessmentStore.Add(db, assessment with { Trace = trace.Id }, turn.Now);
            return Require(db, trace.Id);
        });
    }

    /// <summary>Ends a trace.</summary>
    public Task<Trace> EndAsync(string id, long ended, string state, IReadOnlyList<Label> metadata, IReadOnlyList<Label> labels) => _writer.WriteAsync(turn =>
    {
        Trace trace = Require(turn.Database, id);
        turn.Database.Prepare("UPDATE trace SET duration = ?2, state = ?3 WHERE id = ?1").Bind(1, id).Bind(2, Math.Max(0, ended - trace.Started)).Bind(3, state).Run();
        SetMarks(turn.Database, "trace_metadata", id, metadata);
        SetMarks(turn.Database, "trace_label", id, labels);
        return Require(turn.Database, id);
    });

    public Trace Get(string id) => _readers.Read(reader => Require(reader.Database, id), oneState: true);

    public Task SetLabelAsync(string id, Label label)
    {
        CheckLabel(label);
        return _writer.WriteAsync(turn =>
        {
            Require(turn.Database, id);
            SetMarks(turn.Database, "trace_label", id, [label]);
        });
    }

    public Task DeleteLabelAsync(string id, string key) => _writer.WriteAsync(turn =>
    {
        if (turn.Database.Prepare("DELETE FROM trace_label WHERE trace = ?1 AND key = ?2").Bind(1, id).Bind(2, key).Run() == 0)
            throw TrackingException.Missing($"No trace tag with key '{key}' for request_id '{id}'");
    });

    /// <summary>Removes traces by their ids, or the oldest up to a time, and says how many.</summary>
    public Task<int> DeleteAsync(long experiment, IReadOnlyList<string> ids, long? until, int? most)
    {
        if (ids.Count == 0 == until is null)
            throw TrackingException.Invalid("Either `max_timestamp_millis` or `request_ids` must be specified, and not both.");
        if (ids.Count > 0 && most is not null)
            throw TrackingException.Invalid("`max_traces` can't be specified if `request_ids` is specified.");
        if (most <= 0)
            throw TrackingException.Invalid($"`max_traces` must be a positive integer, received {most}.");
        return _writer.WriteAsync(turn =>
        {
            SqlText sql = new SqlText().Add("SELECT id FROM trace WHERE experiment = ").Value(experiment);
            if (until is { } time)
                sql.Add(" AND started <= ").Value(time).Add(" ORDER BY started, id LIMIT ").Value((long)(most ?? int.MaxValue));
            else
                sql.Add(" AND id IN ").Values(ids);
            List<string> found = TraceSearch.Ids(turn.Database, sql);
            foreach (string id in found)
            {
                foreach (string table in new[] { "trace_label", "trace_metadata", "trace_run", "assessment", "span" })
                    turn.Database.Prepare($"DELETE FROM {table} WHERE trace = ?1").Bind(1, id).Run();
                turn.Database.Prepare("DELETE FROM trace WHERE id = ?1").Bind(1, id).Run();
            }
            return found.Count;
        });
    }

    /// <summary>Says that traces belong to a run; a trace may come later than that.</summary>
    public Task LinkAsync(RunId run, IReadOnlyList<string> ids) => _writer.WriteAsync(turn =>
    {
        RunStore.Require(turn.Database, run);
        foreach (string id in ids)
            turn.Database.Prepare("INSERT INTO trace_run (trace, run) VALUES (?1, ?2) ON CONFLICT DO NOTHING").Bind(1, id).Bind(2, run.Value).Run();
    });

    /// <summary>Says that a trace used versions of prompts, in the tag that clients keep them in and searches read.</summary>
    public Task LinkPromptsAsync(string id, IReadOnlyList<(string Name, string Version)> prompts) => _writer.WriteAsync(turn =>
    {
        string list = Require(turn.Database, id).Labels.FirstOrDefault(label => label.Key == PromptsLabel).Value ?? "[]";
        foreach ((string name, string version) in prompts)
        {
            string entry = $"{{\"name\": \"{JsonEncodedText.Encode(name)}\", \"version\": \"{JsonEncodedText.Encode(version)}\"}}";
            if (list.EndsWith(']') && !list.Contains(entry, StringComparison.Ordinal))
                list = list.Length > 2 ? $"{list[..^1]}, {entry}]" : $"[{entry}]";
        }
        SetMarks(turn.Database, "trace_label", id, [new Label(PromptsLabel, list)]);
    });

    public Page<Trace> Search(IReadOnlyList<long> experiments, string filter, IReadOnlyList<string> orders, int most, string? token) => _readers.Read(reader =>
    {
        (List<string> ids, string? next) = TraceSearch.Find(reader, experiments, filter, orders, most, token);
        return new Page<Trace>([.. ids.Select(id => Require(reader.Database, id))], next);
    }, oneState: true);

    /// <summary>The traces among these that exist, in this order.</summary>
    public ImmutableArray<Trace> Find(IReadOnlyList<string> ids) => _readers.Read<ImmutableArray<Trace>>(reader => [.. ids.Distinct().Select(id => Find(reader.Database, id)).OfType<Trace>()], oneState: true);

    /// <summary>How many traces a base filter leaves, and how many of them each of two filters and both do.</summary>
    public (int All, int First, int Second, int Both) Correlate(IReadOnlyList<long> experiments, string baseFilter, string first, string second) => _readers.Read(reader =>
    {
        HashSet<string> all = TraceSearch.All(reader, experiments, baseFilter);
        HashSet<string> one = TraceSearch.All(reader, experiments, first);
        HashSet<string> two = TraceSearch.All(reader, experiments, second);
        one.IntersectWith(all);
        two.IntersectWith(all);
        return (all.Count, one.Count, two.Count, one.Count(two.Contains));
    }, oneState: true);

    /// <summary>Who may write to one experiment must not write to a trace of another by its id.</summary>
    internal static void CheckHome(Database db, string id, long experiment)
    {
        if (db.Prepare("SELECT experiment FROM trace WHERE id = ?1").Bind(1, id).QueryLong() is { } home && home != experiment)
            throw TrackingException.Invalid($"The trace with ID '{id}' belongs to another experiment");
    }

    internal static string? Preview(string? text) => text is { Length: > PreviewLength } ? text[..PreviewLength] : text;

    private static void CheckLabel(Label label)
    {
        if (label.Key.Length is 0 or > Rules.KeyLength)
            throw TrackingException.BadValue(label.Key, "key", $"a key has 1 to {Rules.KeyLength} characters");
    }

    /// <summary>Sets a mark unless it is there.</summary>
    internal static void AddMark(Database db, string table, string id, Label mark) =>
        db.Prepare($"INSERT INTO {table} (trace, key, value) VALUES (?1, ?2, ?3) ON CONFLICT (trace, key) DO NOTHING")
            .Bind(1, id).Bind(2, mark.Key).Bind(3, Rules.Fit(mark.Value, Rules.LabelLength, "value", truncates: true)).Run();

    internal static void SetMarks(Database db, string table, string id, IReadOnlyList<Label> marks)
    {
        foreach (Label mark in marks)
        {
            db.Prepare($"INSERT INTO {table} (trace, key, value) VALUES (?1, ?2, ?3) ON CONFLICT (trace, key) DO UPDATE SET value = excluded.value")
                .Bind(1, id).Bind(2, mark.Key).Bind(3, Rules.Fit(mark.Value, Rules.LabelLength, "value", truncates: true)).Run();
        }
    }

    internal static Trace Require(Database db, string id) => Find(db, id) ?? throw TrackingException.Missing($"Trace with ID '{id}' not found.");

    private static Trace? Find(Database db, string id)
    {
        Trace? trace = null;
        foreach (Row row in db.Prepare("SELECT experiment, started, duration, state, client_id, request, response FROM trace WHERE id = ?1").Bind(1, id).Query())
        {
            trace = new Trace(id, row.Long(0), row.Long(1), row.LongOrNull(2), row.Text(3))
            {
                ClientId = row.TextOrNull(4),
                RequestPreview = row.TextOrNull(5),
                ResponsePreview = row.TextOrNull(6),
            };
        }
        return trace is null ? null : trace with
        {
            Metadata = Marks(db, "trace_metadata", id),
            Labels = Marks(db, "trace_label", id),
            Assessments = AssessmentStore.Of(db, id),
        };
    }

    private static ImmutableArray<Label> Marks(Database db, string table, string id)
    {
        var marks = ImmutableArray.CreateBuilder<Label>();
        foreach (Row row in db.Prepare($"SELECT key, value FROM {table} WHERE trace = ?1 ORDER BY key").Bind(1, id).Query())
            marks.Add(new Label(row.Text(0), row.Text(1)));
        return marks.DrainToImmutable();
    }
}
