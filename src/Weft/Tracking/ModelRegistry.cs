using System.Collections.Immutable;
using Weft.Records;
using Weft.Text;
using Weft.Tracking.Search;

namespace Weft.Tracking;

/// <summary>A name for the versions of a model.</summary>
public sealed record RegisteredModel(string Name, string? Description, long Created, long Updated)
{
    /// <summary>The newest version of each stage.</summary>
    public ImmutableArray<ModelVersion> Latest { get; init; } = [];

    public ImmutableArray<Label> Labels { get; init; } = [];

    public ImmutableArray<(string Alias, long Version)> Aliases { get; init; } = [];
}

/// <summary>One version of a registered model.</summary>
/// <param name="Source">What it was made from, as the client said.</param>
/// <param name="Storage">Where its files are.</param>
public sealed record ModelVersion(string Name, long Version, long Created, long Updated, string Stage, string Source, string Storage)
{
    public string? Description { get; init; }

    public string? User { get; init; }

    public string? Run { get; init; }

    public string? RunLink { get; init; }

    public string? LoggedModel { get; init; }

    public string Status { get; init; } = "READY";

    public ImmutableArray<Label> Labels { get; init; } = [];

    public ImmutableArray<string> Aliases { get; init; } = [];
}

/// <summary>What a new version is made from.</summary>
public sealed record NewModelVersion(string Name, string Source)
{
    public string? Run { get; init; }

    public string? RunLink { get; init; }

    public string? Description { get; init; }

    public string? LoggedModel { get; init; }

    public IReadOnlyList<Label> Labels { get; init; } = [];
}

/// <summary>
/// Registered models, their versions, aliases and marks. The number of a version is one more than any the model ever had; a deleted version
/// is gone with its aliases, and its number is not given again.
/// </summary>
public sealed class ModelRegistry
{
    public const int ModelsPage = 1000;
    public const int VersionsPage = 200_000;

    private static readonly string[] s_stages = ["None", "Staging", "Production", "Archived"];

    private readonly WriteLoop _writer;
    private readonly ReaderPool _readers;

    internal ModelRegistry(WriteLoop writer, ReaderPool readers)
    {
        _writer = writer;
        _readers = readers;
    }

    public Task<RegisteredModel> CreateAsync(string name, string? description, IReadOnlyList<Label> labels)
    {
        Rules.CheckModelName(name);
        foreach (Label label in labels)
            CheckLabel(label);
        return _writer.WriteAsync(turn =>
        {
            Database db = turn.Database;
            if (FindId(db, name) is not null)
                throw TrackingException.Exists($"Registered Model (name={name}) already exists.");
            long id = db.Prepare("INSERT INTO registered_model (name, description, created, updated, last_version) VALUES (?1, ?2, ?3, ?3, 0) RETURNING id")
                .Bind(1, name).Bind(2, description).Bind(3, turn.Now).QueryLong()!.Value;
            foreach (Label label in labels)
                SetLabel(db, id, label);
            return RegistryReader.Model(db, id);
        });
    }

    public RegisteredModel Get(string name) => _readers.Read(reader => RegistryReader.Model(reader.Database, Id(reader.Database, name)), oneState: true);

    public Task<RegisteredModel> UpdateAsync(string name, string? description) => ChangeAsync(name, (turn, id) =>
        turn.Database.Prepare("UPDATE registered_model SET description = ?2, updated = ?3 WHERE id = ?1").Bind(1, id).Bind(2, description).Bind(3, turn.Now).Run());

    public Task<RegisteredModel> RenameAsync(string name, string newName)
    {
        Rules.CheckModelName(newName);
        return ChangeAsync(name, (turn, id) =>
        {
            if (FindId(turn.Database, newName) is { } other && other != id)
                throw TrackingException.Exists($"Registered Model (name={newName}) already exists.");
            turn.Database.Prepare("UPDATE registered_model SET name = ?2, updated = ?3 WHERE id = ?1").Bind(1, id).Bind(2, newName).Bind(3, turn.Now).Run();
            AccountStore.Rename(turn.Database, Subject.Model(name), Subject.Model(newName));
        });
    }

    /// <summary>Removes a model with all its versions, for good.</summary>
    public Task DeleteAsync(string name) => _writer.WriteAsync(turn =>
    {
        long id = Id(turn.Database, name);
        foreach (string table in new[] { "registered_model_label", "registered_model_alias", "model_version_label", "model_version" })
            turn.Database.Prepare($"DELETE FROM {table} WHERE model = ?1").Bind(1, id).Run();
        turn.Database.Prepare("DELETE FROM registered_model WHERE id = ?1").Bind(1, id).Run();
        AccountStore.Rename(turn.Database, Subject.Model(name), to: null);
    });

    /// <param name="sight">What the asker may read; null: all.</param>
    public Page<RegisteredModel> Search(string filter, IReadOnlyList<string> orders, int most, string? token, Sight? sight = null) =>
        Find(SearchSchema.RegisteredModels, filter, orders, most, ModelsPage, token, (sql, clauses) =>
        {
            sql.Add("SELECT m.id FROM registered_model m WHERE 1 = 1");
            sight?.AddTo(sql, "m.name");
            foreach (Clause clause in clauses.Where(clause => !ExcludesPrompts(clause)))
            {
                sql.Add(" AND ");
                if (clause.Field.Kind == FieldKind.Tag)
                    Conditions.Mark(sql, clause, s => s.Add("FROM registered_model_label l WHERE l.model = m.id AND l.key = ").Value(clause.Field.Key), "l.value");
                else
                    Conditions.Compare(sql, "m.name", clause);
            }
            if (!clauses.Any(AsksForPrompts))
                sql.Add($" AND NOT EXISTS (SELECT 1 FROM registered_model_label p WHERE p.model = m.id AND p.key = '{PromptLabel}' AND p.value = 'true')");
        }, key => key == "name" ? "m.name" : "m.updated", "m.name", row => (row.Long(0), 0L), (db, id) => RegistryReader.Model(db, id.Model));

    /// <param name="sight">What the asker may read; null: all.</param>
    public Page<ModelVersion> SearchVersions(string filter, IReadOnlyList<string> orders, int most, string? token, Sight? sight = null) =>
        Find(SearchSchema.ModelVersions, filter, orders, most, VersionsPage, token, (sql, clauses) =>
        {
            sql.Add("SELECT v.model, v.version FROM model_version v JOIN registered_model m ON m.id = v.model WHERE 1 = 1");
            sight?.AddTo(sql, "m.name");
            foreach (Clause clause in clauses.Where(clause => !ExcludesPrompts(clause)))
            {
                sql.Add(" AND ");
                if (clause.Field.Kind == FieldKind.Tag)
                    Conditions.Mark(sql, clause, s => s.Add("FROM model_version_label l WHERE l.model = v.model AND l.version = v.version AND l.key = ").Value(clause.Field.Key), "l.value");
                else
                    Conditions.Compare(sql, VersionColumn(clause.Field.Key), clause);
            }
            if (!clauses.Any(AsksForPrompts))
                sql.Add($" AND NOT EXISTS (SELECT 1 FROM model_version_label p WHERE p.model = v.model AND p.version = v.version AND p.key = '{PromptLabel}' AND p.value = 'true')");
        }, VersionColumn, "m.name, v.version DESC", row => (row.Long(0), row.Long(1)), (db, id) => RegistryReader.Version(db, id.Model, id.Version)!, whenUnordered: "v.updated DESC, ");

    public Task SetLabelAsync(string name, Label label)
    {
        CheckLabel(label);
        return _writer.WriteAsync(turn => SetLabel(turn.Database, Id(turn.Database, name), label));
    }

    public Task DeleteLabelAsync(string name, string key) => _writer.WriteAsync(turn =>
    {
        turn.Database.Prepare("DELETE FROM registered_model_label WHERE model = ?1 AND key = ?2").Bind(1, Id(turn.Database, name)).Bind(2, key).Run();
    });

    /// <summary>Points an alias at a version, from wherever it pointed before.</summary>
    public Task SetAliasAsync(string name, string alias, long version)
    {
        Rules.CheckAlias(alias);
        return _writer.WriteAsync(turn =>
        {
            long id = RequireVersion(turn.Database, name, version);
            turn.Database.Prepare("INSERT INTO registered_model_alias (model, alias, version) VALUES (?1, ?2, ?3) ON CONFLICT (model, alias) DO UPDATE SET version = excluded.version")
                .Bind(1, id).Bind(2, alias).Bind(3, version).Run();
        });
    }

    public Task DeleteAliasAsync(string name, string alias) => _writer.WriteAsync(turn =>
    {
        turn.Database.Prepare("DELETE FROM registered_model_alias WHERE model = ?1 AND alias = ?2").Bind(1, Id(turn.Database, name)).Bind(2, alias).Run();
    });

    /// <summary>The version an alias points at; <c>latest</c> is the newest.</summary>
    public ModelVersion GetByAlias(string name, string alias) => _readers.Read(reader =>
    {
        Database db = reader.Database;
        long id = Id(db, name);
        long? version = alias.Equals("latest", StringComparison.OrdinalIgnoreCase)
            ? db.Prepare("SELECT max(version) FROM model_version WHERE model = ?1").Bind(1, id).QueryLong()
            : db.Prepare("SELECT version FROM registered_model_alias WHERE model = ?1 AND alias = ?2").Bind(1, id).Bind(2, alias).QueryLong();
        return version is { } found && RegistryReader.Version(db, id, found) is { } model ? model : throw TrackingException.Invalid($"Registered model alias {alias} not found.");
    }, oneState: true);

    public Task<ModelVersion> CreateVersionAsync(NewModelVersion version)
    {
        foreach (Label label in version.Labels)
            CheckLabel(label);
        return _writer.WriteAsync(turn =>
        {
            Database db = turn.Database;
            long id = Id(db, version.Name);
            string storage = Storage(db, version.Source);
            long number = db.Prepare("UPDATE registered_model SET last_version = last_version + 1, updated = ?2 WHERE id = ?1 RETURNING last_version")
                .Bind(1, id).Bind(2, turn.Now).QueryLong()!.Value;
            db.Prepare("""
                INSERT INTO model_version (model, version, created, updated, description, stage, source, storage, run_id, run_link, status, logged_model)
                VALUES (?1, ?2, ?3, ?3, ?4, 'None', ?5, ?6, ?7, ?8, 'READY', ?9)
                """)
                .Bind(1, id).Bind(2, number).Bind(3, turn.Now).Bind(4, version.Description).Bind(5, version.Source).Bind(6, storage)
                .Bind(7, version.Run).Bind(8, version.RunLink).Bind(9, version.LoggedModel).Run();
            foreach (Label label in version.Labels)
                SetVersionLabel(db, id, number, label);
            if (version.LoggedModel is { } model)
                LoggedModelStore.AddVersion(db, model, version.Name, number);
            return RegistryReader.Version(db, id, number)!;
        });
    }

    public ModelVersion GetVersion(string name, long version) => _readers.Read(reader =>
        FindId(reader.Database, name) is { } id && RegistryReader.Version(reader.Database, id, version) is { } found ? found : throw NoVersion(name, version), oneState: true);

    public Task<ModelVersion> UpdateVersionAsync(string name, long version, string? description) => ChangeVersionAsync(name, version, (turn, id) =>
        turn.Database.Prepare("UPDATE model_version SET description = ?3, updated = ?4 WHERE model = ?1 AND version = ?2")
            .Bind(1, id).Bind(2, version).Bind(3, description).Bind(4, turn.Now).Run());

    public Task DeleteVersionAsync(string name, long version) => _writer.WriteAsync(turn =>
    {
        long id = RequireVersion(turn.Database, name, version);
        foreach (string table in new[] { "registered_model_alias", "model_version_label", "model_version" })
            turn.Database.Prepare($"DELETE FROM {table} WHERE model = ?1 AND version = ?2").Bind(1, id).Bind(2, version).Run();
        turn.Database.Prepare("UPDATE registered_model SET updated = ?2 WHERE id = ?1").Bind(1, id).Bind(2, turn.Now).Run();
    });

    public Task SetVersionLabelAsync(string name, long version, Label label)
    {
        CheckLabel(label);
        return _writer.WriteAsync(turn => SetVersionLabel(turn.Database, RequireVersion(turn.Database, name, version), version, label));
    }

    public Task DeleteVersionLabelAsync(string name, long version, string key) => _writer.WriteAsync(turn =>
    {
        long id = RequireVersion(turn.Database, name, version);
        turn.Database.Prepare("DELETE FROM model_version_label WHERE model = ?1 AND version = ?2 AND key = ?3").Bind(1, id).Bind(2, version).Bind(3, key).Run();
    });

    /// <summary>Moves a version to a stage; with <paramref name="archivesOthers"/> those that were there go to Archived.</summary>
    public Task<ModelVersion> TransitionAsync(string name, long version, string stage, bool archivesOthers)
    {
        string canonical = Stage(stage);
        if (archivesOthers && canonical is not ("Staging" or "Production"))
            throw TrackingException.Invalid($"Model version transition cannot archive existing model versions because '{stage}' is not an Active stage. Valid stages are ['Staging', 'Production']");
        return ChangeVersionAsync(name, version, (turn, id) =>
        {
            if (archivesOthers)
            {
                turn.Database.Prepare("UPDATE model_version SET stage = 'Archived', updated = ?4 WHERE model = ?1 AND version <> ?2 AND stage = ?3")
                    .Bind(1, id).Bind(2, version).Bind(3, canonical).Bind(4, turn.Now).Run();
            }
            turn.Database.Prepare("UPDATE model_version SET stage = ?3, updated = ?4 WHERE model = ?1 AND version = ?2")
                .Bind(1, id).Bind(2, version).Bind(3, canonical).Bind(4, turn.Now).Run();
            turn.Database.Prepare("UPDATE registered_model SET updated = ?2 WHERE id = ?1").Bind(1, id).Bind(2, turn.Now).Run();
        });
    }

    /// <summary>The newest version of each of the stages, or of all.</summary>
    public ImmutableArray<ModelVersion> Latest(string name, IReadOnlyList<string> stages)
    {
        string[] wanted = [.. stages.Select(Stage)];
        return [.. Get(name).Latest.Where(version => wanted.Length == 0 || wanted.Contains(version.Stage))];
    }

    private const string PromptLabel = "mlflow.prompt.is_prompt";

    /// <summary>Only <c>= 'true'</c> and <c>!= 'false'</c> ask for prompts.</summary>
    private static bool AsksForPrompts(Clause clause) => clause.Field is { Kind: FieldKind.Tag, Key: PromptLabel } && clause is
    {
        Comparison: Comparison.Equal, Operand: Operand.Text { Content: "true" or "True" },
    } or
    {
        Comparison: Comparison.NotEqual, Operand: Operand.Text { Content: "false" or "False" },
    };

    /// <summary>Models have no such tag, so a clause that excludes prompts must not be taken by its words: clients send <c>!= 'true'</c> with every search.</summary>
    private static bool ExcludesPrompts(Clause clause) => clause.Field is { Kind: FieldKind.Tag, Key: PromptLabel } && !AsksForPrompts(clause);

    private static string VersionColumn(string key) => key switch
    {
        "name" => "m.name",
        "run_id" => "v.run_id",
        "source_path" => "v.source",
        "version_number" => "v.version",
        "creation_timestamp" => "v.created",
        _ => "v.updated",
    };

    private Page<T> Find<T>(
        SearchSchema schema, string filter, IReadOnlyList<string> orders, int most, int limit, string? token, Action<SqlText, ImmutableArray<Clause>> select,
        Func<string, string> column, string lastOrder, RowKey key, Func<Database, (long Model, long Version), T> load,
        string whenUnordered = "")
    {
        if (most < 1 || most > limit)
            throw TrackingException.Invalid($"Invalid value {most} for parameter 'max_results' supplied: It must be at least 1 and at most {limit}");
        var diagnostics = new Diagnostics();
        ImmutableArray<Clause> clauses = SearchParser.Filter(schema, new Source("<filter>", filter), diagnostics);
        TrackingException.ThrowIfAny(diagnostics, "filter");
        ImmutableArray<OrderKey> keys = SearchParser.Orders(schema, orders, diagnostics);
        TrackingException.ThrowIfAny(diagnostics, "order_by");
        long offset = PageToken.Read(token);
        var sql = new SqlText();
        select(sql, clauses);
        sql.Add(" ORDER BY ");
        foreach (OrderKey order in keys)
            sql.Add($"{column(order.Field.Key)} {(order.Ascending ? "ASC" : "DESC")}, ");
        sql.Add(keys.IsEmpty ? whenUnordered : "").Add(lastOrder).Add(" LIMIT ").Value(most + 1L).Add(" OFFSET ").Value(offset);
        return _readers.Read(reader =>
        {
            var ids = new List<(long, long)>();
            using (Statement statement = sql.Prepare(reader.Database))
            {
                foreach (Row row in statement.Query())
                    ids.Add(key(row));
            }
            return new Page<T>([.. ids.Take(most).Select(id => load(reader.Database, id))], ids.Count > most ? PageToken.Write(offset + most) : null);
        }, oneState: true);
    }

    private delegate (long Model, long Version) RowKey(Row row);

    private Task<RegisteredModel> ChangeAsync(string name, Action<WriteTurn, long> change) => _writer.WriteAsync(turn =>
    {
        long id = Id(turn.Database, name);
        change(turn, id);
        return RegistryReader.Model(turn.Database, id);
    });

    private Task<ModelVersion> ChangeVersionAsync(string name, long version, Action<WriteTurn, long> change) => _writer.WriteAsync(turn =>
    {
        long id = RequireVersion(turn.Database, name, version);
        change(turn, id);
        return RegistryReader.Version(turn.Database, id, version)!;
    });

    private static long? FindId(Database db, string name) => db.Prepare("SELECT id FROM registered_model WHERE name = ?1").Bind(1, name).QueryLong();

    private static long Id(Database db, string name) => FindId(db, name) ?? throw TrackingException.Missing($"Registered Model with name={name} not found");

    private static long RequireVersion(Database db, string name, long version) =>
        FindId(db, name) is { } id && db.Prepare("SELECT 1 FROM model_version WHERE model = ?1 AND version = ?2").Bind(1, id).Bind(2, version).Any()
            ? id
            : throw NoVersion(name, version);

    private static TrackingException NoVersion(string name, long version) => TrackingException.Missing($"Model Version (name={name}, version={version}) not found");

    private static string Stage(string stage) =>
        s_stages.FirstOrDefault(known => known.Equals(stage, StringComparison.OrdinalIgnoreCase))
        ?? throw TrackingException.Invalid($"Invalid Model Version stage: {stage}. Value must be one of {string.Join(", ", s_stages)}.");

    /// <summary>Where the files of a source are: of another version or a logged model, its own place.</summary>
    private static string Storage(Database db, string source)
    {
        if (!source.StartsWith("models:/", StringComparison.Ordinal))
            return source;
        string rest = source["models:/".Length..].TrimStart('/');
        string? found = rest.LastIndexOf('/') is > 0 and int slash && long.TryParse(rest[(slash + 1)..], out long version)
            ? db.Prepare("SELECT v.storage FROM model_version v JOIN registered_model m ON m.id = v.model WHERE m.name = ?1 AND v.version = ?2")
                .Bind(1, rest[..slash]).Bind(2, version).QueryText()
            : db.Prepare("SELECT location FROM logged_model WHERE id = ?1").Bind(1, rest).QueryText();
        return found ?? throw TrackingException.Missing($"Unable to fetch model from model URI source artifact location '{source}': there is no such model");
    }

    private static void CheckLabel(Label label)
    {
        Rules.CheckKey(label.Key, "key");
        Rules.Fit(label.Value, Rules.RegistryLabelLength, "value", truncates: false);
    }

    private static void SetLabel(Database db, long id, Label label) =>
        db.Prepare("INSERT INTO registered_model_label (model, key, value) VALUES (?1, ?2, ?3) ON CONFLICT (model, key) DO UPDATE SET value = excluded.value")
            .Bind(1, id).Bind(2, label.Key).Bind(3, label.Value).Run();

    private static void SetVersionLabel(Database db, long id, long version, Label label) =>
        db.Prepare("INSERT INTO model_version_label (model, version, key, value) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (model, version, key) DO UPDATE SET value = excluded.value")
            .Bind(1, id).Bind(2, version).Bind(3, label.Key).Bind(4, label.Value).Run();
}

/// <summary>Reads registered models and versions.</summary>
internal static class RegistryReader
{
    public static RegisteredModel Model(Database db, long id)
    {
        RegisteredModel? model = null;
        foreach (Row row in db.Prepare("SELECT name, description, created, updated FROM registered_model WHERE id = ?1").Bind(1, id).Query())
            model = new RegisteredModel(row.Text(0), row.TextOrNull(1), row.Long(2), row.Long(3));
        var newest = new List<long>();
        foreach (Row row in db.Prepare("SELECT max(version) FROM model_version WHERE model = ?1 GROUP BY stage ORDER BY 1").Bind(1, id).Query())
            newest.Add(row.Long(0));
        var aliases = ImmutableArray.CreateBuilder<(string, long)>();
        foreach (Row row in db.Prepare("SELECT alias, version FROM registered_model_alias WHERE model = ?1 ORDER BY alias").Bind(1, id).Query())
            aliases.Add((row.Text(0), row.Long(1)));
        var labels = ImmutableArray.CreateBuilder<Label>();
        foreach (Row row in db.Prepare("SELECT key, value FROM registered_model_label WHERE model = ?1 ORDER BY key").Bind(1, id).Query())
            labels.Add(new Label(row.Text(0), row.Text(1)));
        return model! with { Latest = [.. newest.Select(version => Version(db, id, version)!)], Aliases = aliases.DrainToImmutable(), Labels = labels.DrainToImmutable() };
    }

    public static ModelVersion? Version(Database db, long id, long version)
    {
        ModelVersion? found = null;
        Statement select = db.Prepare("""
            SELECT m.name, v.created, v.updated, v.stage, v.source, v.storage, v.description, v.user_id, v.run_id, v.run_link, v.logged_model, v.status
            FROM model_version v JOIN registered_model m ON m.id = v.model WHERE v.model = ?1 AND v.version = ?2
            """);
        foreach (Row row in select.Bind(1, id).Bind(2, version).Query())
        {
            found = new ModelVersion(row.Text(0), version, row.Long(1), row.Long(2), row.Text(3), row.Text(4), row.Text(5))
            {
                Description = row.TextOrNull(6),
                User = row.TextOrNull(7),
                Run = row.TextOrNull(8),
                RunLink = row.TextOrNull(9),
                LoggedModel = row.TextOrNull(10),
                Status = row.Text(11),
            };
        }
        if (found is null)
            return null;
        var labels = ImmutableArray.CreateBuilder<Label>();
        foreach (Row row in db.Prepare("SELECT key, value FROM model_version_label WHERE model = ?1 AND version = ?2 ORDER BY key").Bind(1, id).Bind(2, version).Query())
            labels.Add(new Label(row.Text(0), row.Text(1)));
        var aliases = ImmutableArray.CreateBuilder<string>();
        foreach (Row row in db.Prepare("SELECT alias FROM registered_model_alias WHERE model = ?1 AND version = ?2 ORDER BY alias").Bind(1, id).Bind(2, version).Query())
            aliases.Add(row.Text(0));
        return found with { Labels = labels.DrainToImmutable(), Aliases = aliases.DrainToImmutable() };
    }
}
