using System.Collections.Immutable;
using Weft.Records;
using Weft.Text;
using Weft.Tracking.Search;

namespace Weft.Tracking;

/// <summary>Experiments: named sets of runs. The experiment 0, <c>Default</c>, always exists.</summary>
public sealed class ExperimentStore
{
    private const string Columns = "e.id, e.name, e.location, e.stage, e.created, e.updated";

    private readonly WriteLoop _writer;
    private readonly ReaderPool _readers;
    private readonly string _artifactRoot;

    internal ExperimentStore(WriteLoop writer, ReaderPool readers, string artifactRoot)
    {
        _writer = writer;
        _readers = readers;
        _artifactRoot = artifactRoot.TrimEnd('/');
    }

    /// <summary>Makes an experiment and returns its id. A name is taken for ever, also by a deleted experiment.</summary>
    /// <param name="location">Where artifacts go; null: a folder named by the id under the store's artifact root.</param>
    /// <param name="mayExist">Answer the id of an active experiment that has the name already, instead of refusing.</param>
    public Task<long> CreateAsync(string name, string? location, IReadOnlyList<Label> labels, bool mayExist = false)
    {
        Rules.CheckExperimentName(name);
        foreach (Label label in labels)
            CheckLabel(label);
        string? checkedLocation = string.IsNullOrEmpty(location) ? null : Rules.CheckLocation(location);
        return _writer.WriteAsync(turn =>
            mayExist && turn.Database.Prepare("SELECT id FROM experiment WHERE name = ?1 AND stage = 'active'").Bind(1, name).QueryLong() is { } found
                ? found
                : Insert(turn, name, checkedLocation, labels));
    }

    public Experiment Get(long id) =>
        Find(id) ?? throw TrackingException.Missing($"No Experiment with id={id} exists");

    public Experiment? Find(long id) => _readers.Read(reader => Load(reader.Database, id));

    public Experiment? FindByName(string name) => _readers.Read(reader =>
    {
        long? id = reader.Database.Prepare("SELECT id FROM experiment WHERE name = ?1").Bind(1, name).QueryLong();
        return id is { } found ? Load(reader.Database, found) : null;
    });

    public Task RenameAsync(long id, string name)
    {
        Rules.CheckExperimentName(name);
        return _writer.WriteAsync(turn =>
        {
            if (StageOf(turn.Database, id) is not LifecycleStage.Active)
                throw new TrackingException(TrackingError.InvalidState, "Cannot rename a non-active experiment.");
            if (turn.Database.Prepare("SELECT id FROM experiment WHERE name = ?1").Bind(1, name).QueryLong() is { } other && other != id)
                throw TrackingException.Exists($"Experiment(name={name}) already exists.");
            turn.Database.Prepare("UPDATE experiment SET name = ?2, updated = ?3 WHERE id = ?1").Bind(1, id).Bind(2, name).Bind(3, turn.Now).Run();
        });
    }

    /// <summary>Deletes an active experiment and all its runs, softly.</summary>
    public Task DeleteAsync(long id) => _writer.WriteAsync(turn => Move(turn, id, LifecycleStage.Active, LifecycleStage.Deleted));

    /// <summary>Restores a deleted experiment and all its runs, also those that had been deleted before it.</summary>
    public Task RestoreAsync(long id) => _writer.WriteAsync(turn => Move(turn, id, LifecycleStage.Deleted, LifecycleStage.Active));

    public Task SetLabelAsync(long id, Label label)
    {
        CheckLabel(label);
        return _writer.WriteAsync(turn =>
        {
            if (StageOf(turn.Database, id) is not LifecycleStage.Active)
                throw TrackingException.Invalid($"The experiment {id} must be in the 'active' lifecycle_stage to set tags");
            Upsert(turn.Database, id, label);
        });
    }

    public Task DeleteLabelAsync(long id, string key) => _writer.WriteAsync(turn =>
    {
        if (StageOf(turn.Database, id) is not LifecycleStage.Active)
            throw TrackingException.Invalid($"The experiment {id} must be in the 'active' lifecycle_stage to delete tags");
        if (turn.Database.Prepare("DELETE FROM experiment_label WHERE experiment = ?1 AND key = ?2").Bind(1, id).Bind(2, key).Run() == 0)
            throw TrackingException.Missing($"No tag with name: {key} in experiment with id {id}");
    });

    /// <summary>One page of experiments.</summary>
    /// <param name="most">How many at most, 1 to 50,000.</param>
    /// <param name="sight">What the asker may read; null: all.</param>
    public Page<Experiment> Search(string filter, IReadOnlyList<string> orders, ViewType view, int most, string? token, Sight? sight = null)
    {
        if (most is < 1 or > Rules.SearchPage)
            throw TrackingException.Invalid($"Invalid value {most} for parameter 'max_results' supplied: It must be a positive integer of at most {Rules.SearchPage}");
        var diagnostics = new Diagnostics();
        ImmutableArray<Clause> clauses = SearchParser.Filter(SearchSchema.Experiments, new Source("<filter>", filter), diagnostics);
        TrackingException.ThrowIfAny(diagnostics, "filter");
        ImmutableArray<OrderKey> keys = SearchParser.Orders(SearchSchema.Experiments, orders, diagnostics);
        TrackingException.ThrowIfAny(diagnostics, "order_by");
        long offset = PageToken.Read(token);

        var sql = new SqlText().Add($"SELECT {Columns} FROM experiment e WHERE 1 = 1");
        if (view != ViewType.All)
            sql.Add(" AND e.stage = ").Value(Words.Of(view == ViewType.ActiveOnly ? LifecycleStage.Active : LifecycleStage.Deleted));
        sight?.AddTo(sql, "e.id");
        foreach (Clause clause in clauses)
        {
            sql.Add(" AND ");
            if (clause.Field.Kind == FieldKind.Tag)
                Conditions.Mark(sql, clause, s => s.Add("FROM experiment_label l WHERE l.experiment = e.id AND l.key = ").Value(clause.Field.Key), "l.value");
            else
                Conditions.Compare(sql, "e." + Column(clause.Field.Key), clause);
        }
        sql.Add(" ORDER BY ");
        foreach (OrderKey key in keys)
            sql.Add($"e.{Column(key.Field.Key)} {(key.Ascending ? "ASC" : "DESC")}, ");
        if (keys.IsEmpty)
            sql.Add("e.created DESC, e.id ASC");
        else
            sql.Add("e.id DESC");
        sql.Add(" LIMIT ").Value((long)most + 1).Add(" OFFSET ").Value(offset);
        return _readers.Read(reader => ReadPage(reader.Database, sql, most, offset), oneState: true);
    }

    /// <summary>The experiment with this id, active, for a write that needs it.</summary>
    internal static Experiment Require(Database database, long id)
    {
        Experiment experiment = Load(database, id) ?? throw TrackingException.Missing($"No Experiment with id={id} exists");
        return Usable(experiment);
    }

    internal long Insert(WriteTurn turn, string name, string? location, IReadOnlyList<Label> labels)
    {
        Database db = turn.Database;
        foreach (Row row in db.Prepare("SELECT id, stage FROM experiment WHERE name = ?1").Bind(1, name).Query())
        {
            throw TrackingException.Exists(row.Text(1) == "deleted"
                ? $"Experiment(name={name}) already exists in deleted state. You can restore the experiment, or permanently delete it to create a new one."
                : $"Experiment(name={name}) already exists.");
        }
        long now = turn.Now;
        long id = db.Prepare("INSERT INTO experiment (name, location, stage, created, updated) VALUES (?1, ?2, 'active', ?3, ?3) RETURNING id")
            .Bind(1, name).Bind(2, location ?? "").Bind(3, now).QueryLong()!.Value;
        if (location is null)
            db.Prepare("UPDATE experiment SET location = ?2 WHERE id = ?1").Bind(1, id).Bind(2, $"{_artifactRoot}/{id}").Run();
        foreach (Label label in labels)
            Upsert(db, id, label);
        return id;
    }

    private static Page<Experiment> ReadPage(Database database, SqlText sql, int most, long offset)
    {
        var found = ImmutableArray.CreateBuilder<Experiment>();
        bool isMore = false;
        using Statement statement = sql.Prepare(database);
        foreach (Row row in statement.Query())
        {
            if (found.Count == most)
            {
                isMore = true;
                break;
            }
            found.Add(Read(database, row));
        }
        return new Page<Experiment>(found.DrainToImmutable(), isMore ? PageToken.Write(offset + most) : null);
    }

    private static Experiment Usable(Experiment experiment) => experiment.Stage == LifecycleStage.Active
        ? experiment
        : throw TrackingException.Invalid($"The experiment {experiment.Id} must be in the 'active' state. Current state is deleted.");

    private static void CheckLabel(Label label)
    {
        Rules.CheckKey(label.Key, "key");
        Rules.Fit(label.Value, Rules.ExperimentLabelLength, "value", truncates: false);
    }

    private static void Move(WriteTurn turn, long id, LifecycleStage from, LifecycleStage to)
    {
        if (StageOf(turn.Database, id, missingIsError: false) != from)
            throw TrackingException.Missing($"No {(from == LifecycleStage.Active ? "active" : "deleted")} Experiment with id={id} exists");
        long now = turn.Now;
        turn.Database.Prepare("UPDATE experiment SET stage = ?2, updated = ?3 WHERE id = ?1").Bind(1, id).Bind(2, Words.Of(to)).Bind(3, now).Run();
        turn.Database.Prepare("UPDATE run SET stage = ?2, deleted = ?3 WHERE experiment = ?1")
            .Bind(1, id).Bind(2, Words.Of(to)).Bind(3, to == LifecycleStage.Deleted ? now : (long?)null).Run();
    }

    private static LifecycleStage? StageOf(Database database, long id, bool missingIsError = true)
    {
        string? stage = database.Prepare("SELECT stage FROM experiment WHERE id = ?1").Bind(1, id).QueryText();
        if (stage is null && missingIsError)
            throw TrackingException.Missing($"No Experiment with id={id} exists");
        return stage is null ? null : Words.Stage(stage);
    }

    private static void Upsert(Database database, long id, Label label) =>
        database.Prepare("INSERT INTO experiment_label (experiment, key, value) VALUES (?1, ?2, ?3) ON CONFLICT (experiment, key) DO UPDATE SET value = excluded.value")
            .Bind(1, id).Bind(2, label.Key).Bind(3, label.Value).Run();

    private static Experiment? Load(Database database, long id)
    {
        foreach (Row row in database.Prepare($"SELECT {Columns} FROM experiment e WHERE e.id = ?1").Bind(1, id).Query())
            return Read(database, row);
        return null;
    }

    private static Experiment Read(Database database, Row row)
    {
        long id = row.Long(0);
        var labels = ImmutableArray.CreateBuilder<Label>();
        foreach (Row label in database.Prepare("SELECT key, value FROM experiment_label WHERE experiment = ?1 ORDER BY key").Bind(1, id).Query())
            labels.Add(new Label(label.Text(0), label.Text(1)));
        return new Experiment(id, row.Text(1), row.Text(2), Words.Stage(row.Text(3)), row.Long(4), row.Long(5), labels.DrainToImmutable());
    }

    private static string Column(string key) => key switch
    {
        "name" => "name",
        "experiment_id" => "id",
        "creation_time" => "created",
        _ => "updated",
    };
}
