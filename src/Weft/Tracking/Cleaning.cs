using Weft.Records;

namespace Weft.Tracking;

/// <summary>What was removed for good.</summary>
/// <param name="Locations">Where the artifacts of the removed runs lie: who keeps them removes them.</param>
public sealed record Cleaned(int Runs, int Experiments, IReadOnlyList<string> Locations);

/// <summary>
/// Removes for good what was deleted long ago: runs with their points, params, labels and inputs, then experiments that have no run left. A few at a time, so that
/// programs that log meanwhile do not wait; it may be broken off anywhere and done again.
/// </summary>
public sealed class Cleaning
{
    private const int AtOnce = 50;

    private readonly WriteLoop _writer;
    private readonly ReaderPool _readers;

    internal Cleaning(WriteLoop writer, ReaderPool readers)
    {
        _writer = writer;
        _readers = readers;
    }

    /// <param name="before">What was deleted before this instant.</param>
    /// <param name="isDry">Only counts.</param>
    public async Task<Cleaned> RemoveAsync(DateTimeOffset before, bool isDry)
    {
        long cutoff = before.ToUnixTimeMilliseconds();
        List<(long Row, string Id, string Uri)> runs = Runs(cutoff);
        List<long> experiments = Experiments(cutoff);
        if (!isDry)
        {
            foreach ((long Row, string Id, string Uri)[] some in runs.Chunk(AtOnce))
                await _writer.WriteAsync(turn => RemoveRuns(turn.Database, some));
            foreach (long experiment in experiments)
                await _writer.WriteAsync(turn => RemoveExperiment(turn.Database, experiment));
        }
        return new Cleaned(runs.Count, experiments.Count, [.. runs.Select(run => run.Uri)]);
    }

    private List<(long, string, string)> Runs(long cutoff) => _readers.Read(reader =>
    {
        var runs = new List<(long, string, string)>();
        foreach (Row row in reader.Database.Prepare("SELECT id, run_id, uri FROM run WHERE stage = 'deleted' AND deleted < ?1 ORDER BY id").Bind(1, cutoff).Query())
            runs.Add((row.Long(0), row.Text(1), row.Text(2)));
        return runs;
    });

    /// <summary>Deleted ones all of whose runs go, too; the first experiment stays always.</summary>
    private List<long> Experiments(long cutoff) => _readers.Read(reader =>
    {
        var experiments = new List<long>();
        Statement select = reader.Database.Prepare("""
            SELECT e.id FROM experiment e WHERE e.stage = 'deleted' AND e.updated < ?1 AND e.id <> 0
                AND NOT EXISTS (SELECT 1 FROM run r WHERE r.experiment = e.id AND NOT (r.stage = 'deleted' AND r.deleted < ?1)) ORDER BY e.id
            """);
        foreach (Row row in select.Bind(1, cutoff).Query())
            experiments.Add(row.Long(0));
        return experiments;
    });

    private static void RemoveRuns(Database db, IEnumerable<(long Row, string Id, string Uri)> runs)
    {
        foreach ((long row, string id, _) in runs)
        {
            // Somebody may have restored it since it was looked for.
            if (!db.Prepare("SELECT 1 FROM run WHERE id = ?1 AND stage = 'deleted'").Bind(1, row).Any())
                continue;
            foreach (string table in (string[])["staged", "series", "metric_last", "param", "label", "dataset_input", "dataset_input_label", "model_input", "model_output"])
                db.Prepare($"DELETE FROM {table} WHERE run = ?1").Bind(1, row).Run();
            db.Prepare("DELETE FROM trace_run WHERE run = ?1").Bind(1, id).Run();
            db.Prepare("UPDATE run SET parent = NULL WHERE parent = ?1").Bind(1, row).Run();
            db.Prepare("DELETE FROM run WHERE id = ?1").Bind(1, row).Run();
        }
    }

    private static void RemoveExperiment(Database db, long id)
    {
        if (!db.Prepare("SELECT 1 FROM experiment WHERE id = ?1 AND stage = 'deleted'").Bind(1, id).Any() || db.Prepare("SELECT 1 FROM run WHERE experiment = ?1").Bind(1, id).Any())
            return;
        foreach (string table in (string[])["trace_label", "trace_metadata", "trace_run", "assessment", "span"])
            db.Prepare($"DELETE FROM {table} WHERE trace IN (SELECT id FROM trace WHERE experiment = ?1)").Bind(1, id).Run();
        foreach (string table in (string[])["logged_model_metric", "logged_model_param", "logged_model_label"])
            db.Prepare($"DELETE FROM {table} WHERE model IN (SELECT id FROM logged_model WHERE experiment = ?1)").Bind(1, id).Run();
        foreach (string table in (string[])["trace", "logged_model", "dataset", "experiment_label"])
            db.Prepare($"DELETE FROM {table} WHERE experiment = ?1").Bind(1, id).Run();
        AccountStore.Rename(db, Subject.Experiment(id), to: null);
        db.Prepare("DELETE FROM experiment WHERE id = ?1").Bind(1, id).Run();
    }
}
