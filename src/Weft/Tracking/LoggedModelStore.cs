using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Weft.Records;
using Weft.Text;
using Weft.Tracking.Search;
using Weft.Values;

namespace Weft.Tracking;

/// <summary>MLflow's states of a logged model, with its numbers.</summary>
public enum LoggedModelStatus
{
    Pending = 1,
    Ready = 2,
    UploadFailed = 3,
}

/// <summary>A model that a program logged: its files are artifacts, its params and metrics are its own.</summary>
public sealed record LoggedModel(string Id, long Experiment, string Name, string ArtifactUri, long Created, long Updated, LoggedModelStatus Status)
{
    public string? Type { get; init; }

    public string? SourceRun { get; init; }

    public string? StatusMessage { get; init; }

    public ImmutableArray<Label> Labels { get; init; } = [];

    public ImmutableArray<Param> Params { get; init; } = [];

    public ImmutableArray<(MetricPoint Point, string Run)> Metrics { get; init; } = [];
}

/// <summary>One key of the order of a search for logged models.</summary>
public sealed record LoggedModelOrder(string Field, bool Ascending = true, string? DatasetName = null, string? DatasetDigest = null);

/// <summary>Which logged models are asked for.</summary>
/// <param name="Datasets">If there are any, only values measured on one of them count as metrics.</param>
public sealed record LoggedModelQuery(
    IReadOnlyList<long> Experiments, string Filter, IReadOnlyList<(string Name, string? Digest)> Datasets, int Most, IReadOnlyList<LoggedModelOrder> Orders, string? Token);

/// <summary>Logged models of experiments.</summary>
public sealed class LoggedModelStore
{
    private const string StatusName = "CASE m.status WHEN 1 THEN 'PENDING' WHEN 2 THEN 'READY' ELSE 'UPLOAD_FAILED' END";

    private const string VersionsLabel = "mlflow.modelVersions";

    private readonly WriteLoop _writer;
    private readonly ReaderPool _readers;

    internal LoggedModelStore(WriteLoop writer, ReaderPool readers)
    {
        _writer = writer;
        _readers = readers;
    }

    public Task<LoggedModel> CreateAsync(long experiment, string? name, string? type, string? sourceRun, IReadOnlyList<Param> parameters, IReadOnlyList<Label> labels)
    {
        string given = string.IsNullOrEmpty(name) ? RunNames.New() : name;
        Rules.CheckLoggedModelName(given);
        string id = "m-" + RunNames.NewId();
        return _writer.WriteAsync(turn =>
        {
            Experiment home = ExperimentStore.Require(turn.Database, experiment);
            turn.Database.Prepare("""
                INSERT INTO logged_model (id, experiment, name, location, created, updated, status, type, source_run, stage)
                VALUES (?1, ?2, ?3, ?4, ?5, ?5, 1, ?6, ?7, 'active')
                """)
                .Bind(1, id).Bind(2, experiment).Bind(3, given).Bind(4, Locations.Join(home.Location, "models", id, "artifacts")).Bind(5, turn.Now)
                .Bind(6, type).Bind(7, sourceRun).Run();
            foreach (Param param in parameters)
                SetParam(turn.Database, id, param);
            foreach (Label label in labels)
                SetLabel(turn.Database, id, label);
            return Require(turn.Database, id);
        });
    }

    public LoggedModel Get(string id) => _readers.Read(reader => Require(reader.Database, id), oneState: true);

    public Task DeleteAsync(string id) => _writer.WriteAsync(turn =>
    {
        Require(turn.Database, id);
        turn.Database.Prepare("UPDATE logged_model SET stage = 'deleted', updated = ?2 WHERE id = ?1").Bind(1, id).Bind(2, turn.Now).Run();
    });

    public Task<LoggedModel> FinalizeAsync(string id, LoggedModelStatus status) => ChangeAsync(id, turn =>
        turn.Database.Prepare("UPDATE logged_model SET status = ?2, updated = ?3 WHERE id = ?1").Bind(1, id).Bind(2, (long)status).Bind(3, turn.Now).Run());

    public Task<LoggedModel> SetLabelsAsync(string id, IReadOnlyList<Label> labels) => ChangeAsync(id, turn =>
    {
        foreach (Label label in labels)
            SetLabel(turn.Database, id, label);
    });

    public Task<LoggedModel> LogParamsAsync(string id, IReadOnlyList<Param> parameters) => ChangeAsync(id, turn =>
    {
        foreach (Param param in parameters)
            SetParam(turn.Database, id, param);
    });

    public Task DeleteLabelAsync(string id, string key) => _writer.WriteAsync(turn =>
    {
        Require(turn.Database, id);
        if (turn.Database.Prepare("DELETE FROM logged_model_label WHERE model = ?1 AND key = ?2").Bind(1, id).Bind(2, key).Run() == 0)
            throw TrackingException.Missing($"No tag with key {key} found for model with ID {id}.");
    });

    public Page<LoggedModel> Search(LoggedModelQuery query)
    {
        if (query.Most is < 1 or > Rules.SearchPage)
            throw TrackingException.Invalid($"Invalid value {query.Most} for parameter 'max_results' supplied: It must be at least 1 and at most {Rules.SearchPage}");
        var diagnostics = new Diagnostics();
        ImmutableArray<Clause> clauses = SearchParser.Filter(SearchSchema.LoggedModels, new Source("<filter>", query.Filter), diagnostics);
        TrackingException.ThrowIfAny(diagnostics, "filter");
        string fingerprint = Fingerprint(query);
        long offset = Offset(query.Token, fingerprint);
        var sql = new SqlText().Add("SELECT m.id FROM logged_model m WHERE m.stage = 'active' AND m.experiment IN ").Values(query.Experiments);
        foreach (Clause clause in clauses)
            AddClause(sql.Add(" AND "), clause, query);
        if (query.Datasets.Count > 0 && !clauses.Any(clause => clause.Field.Kind == FieldKind.Metric))
        {
            sql.Add(" AND EXISTS (SELECT 1 FROM logged_model_metric s WHERE s.model = m.id");
            AddDatasets(sql, "s", query.Datasets).Add(")");
        }
        sql.Add(" ORDER BY ");
        foreach (LoggedModelOrder order in query.Orders)
            AddOrder(sql, order, diagnostics);
        TrackingException.ThrowIfAny(diagnostics, "order_by");
        sql.Add("m.created DESC, m.id LIMIT ").Value(query.Most + 1L).Add(" OFFSET ").Value(offset);
        return _readers.Read(reader =>
        {
            var ids = new List<string>();
            using (Statement statement = sql.Prepare(reader.Database))
            {
                foreach (Row row in statement.Query())
                    ids.Add(row.Text(0));
            }
            string? next = ids.Count > query.Most
                ? Convert.ToBase64String(Encoding.UTF8.GetBytes($"{{\"offset\": {offset + query.Most}, \"query\": \"{fingerprint}\"}}"))
                : null;
            return new Page<LoggedModel>([.. ids.Take(query.Most).Select(id => Require(reader.Database, id))], next);
        }, oneState: true);
    }

    private static void AddClause(SqlText sql, Clause clause, LoggedModelQuery query)
    {
        string key = clause.Field.Key;
        switch (clause.Field.Kind)
        {
            case FieldKind.Metric:
                sql.Add("EXISTS (SELECT 1 FROM logged_model_metric c WHERE c.model = m.id AND c.nan = 0 AND c.name = ").Value(key).Add(" AND ");
                AddDatasets(Conditions.Compare(sql, "c.value", clause), "c", query.Datasets).Add(")");
                break;
            case FieldKind.Param or FieldKind.Tag:
                string table = clause.Field.Kind == FieldKind.Param ? "logged_model_param" : "logged_model_label";
                Conditions.Mark(sql, clause, s => s.Add($"FROM {table} c WHERE c.model = m.id AND c.key = ").Value(key), "c.value");
                break;
            default:
                Conditions.Compare(sql, Column(key), clause);
                break;
        }
    }

    private static SqlText AddDatasets(SqlText sql, string table, IReadOnlyList<(string Name, string? Digest)> datasets)
    {
        string before = " AND (";
        foreach ((string name, string? digest) in datasets)
        {
            sql.Add(before).Add($"({table}.dataset_name = ").Value(name);
            if (!string.IsNullOrEmpty(digest))
                sql.Add($" AND {table}.dataset_digest = ").Value(digest);
            sql.Add(")");
            before = " OR ";
        }
        return datasets.Count > 0 ? sql.Add(")") : sql;
    }

    private static void AddOrder(SqlText sql, LoggedModelOrder order, Diagnostics diagnostics)
    {
        string direction = order.Ascending ? "ASC" : "DESC";
        if (SearchParser.Order(SearchSchema.LoggedModels, new Source("<order>", order.Field), diagnostics) is not { } key)
            return;
        if (key.Field.Kind == FieldKind.Attribute)
        {
            sql.Add($"{Column(key.Field.Key)} {direction} NULLS LAST, ");
        }
        else if (key.Field.Kind == FieldKind.Metric)
        {
            sql.Add("(SELECT o.value FROM logged_model_metric o WHERE o.model = m.id AND o.nan = 0 AND o.name = ").Value(key.Field.Key);
            if (!string.IsNullOrEmpty(order.DatasetName))
                AddDatasets(sql, "o", [(order.DatasetName, order.DatasetDigest)]);
            sql.Add($" ORDER BY o.ts DESC, o.step DESC LIMIT 1) {direction} NULLS LAST, ");
        }
        else
        {
            diagnostics.Error("search/order", $"logged models are ordered by attributes and metrics, not by `{order.Field}`", key.Field.At);
        }
    }

    private static string Column(string key) => key switch
    {
        "name" => "m.name",
        "model_id" => "m.id",
        "model_type" => "m.type",
        "status" => StatusName,
        "source_run_id" => "m.source_run",
        "creation_timestamp" => "m.created",
        _ => "m.updated",
    };

    /// <summary>What a token is good for: this query and no other.</summary>
    private static string Fingerprint(LoggedModelQuery query) => Digest.Of(string.Join('\n',
        [string.Join(',', query.Experiments), query.Filter, .. query.Datasets.Select(dataset => $"{dataset.Name} {dataset.Digest}"), .. query.Orders.Select(order => order.ToString())])).Short;

    private static long Offset(string? token, string fingerprint)
    {
        long offset = PageToken.Read(token);
        if (!string.IsNullOrEmpty(token) && !Encoding.UTF8.GetString(PageToken.Decode(token)).Contains(fingerprint, StringComparison.Ordinal))
            throw TrackingException.Invalid("The page token was made for a search with other experiments, filter or order");
        return offset;
    }

    private Task<LoggedModel> ChangeAsync(string id, Action<WriteTurn> change) => _writer.WriteAsync(turn =>
    {
        Require(turn.Database, id);
        change(turn);
        return Require(turn.Database, id);
    });

    private static void SetParam(Database db, string id, Param param) =>
        db.Prepare("INSERT INTO logged_model_param (model, key, value) VALUES (?1, ?2, ?3) ON CONFLICT (model, key) DO UPDATE SET value = excluded.value")
            .Bind(1, id).Bind(2, param.Key).Bind(3, param.Value).Run();

    private static void SetLabel(Database db, string id, Label label) =>
        db.Prepare("INSERT INTO logged_model_label (model, key, value) VALUES (?1, ?2, ?3) ON CONFLICT (model, key) DO UPDATE SET value = excluded.value")
            .Bind(1, id).Bind(2, label.Key).Bind(3, label.Value).Run();

    /// <summary>Notes that a version of a registered model was made from a logged one, in the tag that clients show it by.</summary>
    internal static void AddVersion(Database db, string id, string name, long version)
    {
        if (!db.Prepare("SELECT 1 FROM logged_model WHERE id = ?1").Bind(1, id).Any())
            return;
        string? list = db.Prepare("SELECT value FROM logged_model_label WHERE model = ?1 AND key = ?2").Bind(1, id).Bind(2, VersionsLabel).QueryText();
        string entry = $"{{\"name\": \"{JsonEncodedText.Encode(name)}\", \"version\": {version}}}";
        SetLabel(db, id, new Label(VersionsLabel, list is { Length: > 2 } && list.EndsWith(']') ? $"{list[..^1]}, {entry}]" : $"[{entry}]"));
    }

    internal static LoggedModel Require(Database db, string id)
    {
        LoggedModel? model = null;
        Statement select = db.Prepare("""
            SELECT experiment, name, location, created, updated, status, type, source_run, status_message FROM logged_model WHERE id = ?1 AND stage = 'active'
            """);
        foreach (Row row in select.Bind(1, id).Query())
        {
            model = new LoggedModel(id, row.Long(0), row.Text(1), row.Text(2), row.Long(3), row.Long(4), (LoggedModelStatus)row.Int(5))
            {
                Type = row.TextOrNull(6),
                SourceRun = row.TextOrNull(7),
                StatusMessage = row.TextOrNull(8),
            };
        }
        if (model is null)
            throw TrackingException.Missing($"Logged model with ID '{id}' not found.");
        var labels = ImmutableArray.CreateBuilder<Label>();
        foreach (Row row in db.Prepare("SELECT key, value FROM logged_model_label WHERE model = ?1 ORDER BY key").Bind(1, id).Query())
            labels.Add(new Label(row.Text(0), row.Text(1)));
        var parameters = ImmutableArray.CreateBuilder<Param>();
        foreach (Row row in db.Prepare("SELECT key, value FROM logged_model_param WHERE model = ?1 ORDER BY key").Bind(1, id).Query())
            parameters.Add(new Param(row.Text(0), row.Text(1)));
        var metrics = ImmutableArray.CreateBuilder<(MetricPoint, string)>();
        Statement points = db.Prepare("SELECT name, value, nan, ts, step, run, dataset_name, dataset_digest FROM logged_model_metric WHERE model = ?1 ORDER BY name, step, ts");
        foreach (Row row in points.Bind(1, id).Query())
        {
            metrics.Add((new MetricPoint(row.Text(0), row.Bool(2) ? double.NaN : row.Double(1), row.Long(3), row.Long(4))
            {
                Subject = new MetricSubject(id, row.TextOrNull(6), row.TextOrNull(7)),
            }, row.Text(5)));
        }
        return model with { Labels = labels.DrainToImmutable(), Params = parameters.DrainToImmutable(), Metrics = metrics.DrainToImmutable() };
    }
}
