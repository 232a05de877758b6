using System.Buffers;
using System.Collections.Immutable;
using Weft.Records;

namespace Weft.Tracking;

/// <summary>Reads what belongs to a run, and makes the summary that lists are served from.</summary>
internal static class RunReader
{
    /// <summary>From a row of <see cref="RunStore.Columns"/>.</summary>
    public static RunInfo Info(Row row) =>
        new(new RunId(row.Text(1)), row.Long(2), row.Text(3), row.Text(4), Words.Status(row.Text(5)), row.Long(6), row.LongOrNull(7), row.Text(8), Words.Stage(row.Text(9)))
        {
            Row = row.Long(0),
        };

    public static Run Complete(Database db, RunInfo info) => new(info)
    {
        Metrics = Metrics(db, info.Row),
        Params = Params(db, info.Row),
        Labels = Labels(db, info.Row),
        Datasets = Datasets(db, info.Row),
        ModelInputs = ModelInputs(db, info.Row),
        ModelOutputs = ModelOutputs(db, info.Row),
    };

    /// <summary>The run's data, inputs and outputs as JSON (see <see cref="RunJson"/>), ready-made or made now.</summary>
    public static byte[] Summary(Database db, RunInfo info)
    {
        foreach (Row row in db.Prepare("SELECT summary FROM run WHERE id = ?1 AND summary IS NOT NULL").Bind(1, info.Row).Query())
            return row.Blob(0).ToArray();
        return MakeSummary(db, info);
    }

    public static byte[] MakeSummary(Database db, RunInfo info)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        RunJson.WriteSummary(buffer, Complete(db, info));
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Makes the summary and keeps it, within a write.</summary>
    public static void StoreSummary(WriteTurn turn, RunInfo info)
    {
        StagedPoints.Settle(turn, info.Row);
        turn.Database.Prepare("UPDATE run SET summary = ?2 WHERE id = ?1").Bind(1, info.Row).BindBlob(2, MakeSummary(turn.Database, info)).Run();
    }

    private static ImmutableArray<MetricSummary> Metrics(Database db, long run)
    {
        var found = ImmutableArray.CreateBuilder<MetricSummary>();
        Statement metrics = db.Prepare("""
            SELECT k.name, m.value, m.nan, m.ts, m.step, m.min, m.max FROM metric_last m JOIN key k ON k.id = m.key WHERE m.run = ?1 ORDER BY k.name
            """);
        foreach (Row row in metrics.Bind(1, run).Query())
            found.Add(Metric(row.Text(0), row, 1));
        return found.DrainToImmutable();
    }

    /// <param name="first">The column of the value; behind it follow <c>nan, ts, step, min, max</c>.</param>
    public static MetricSummary Metric(string key, Row row, int first)
    {
        var last = new MetricPoint(key, row.Bool(first + 1) ? double.NaN : row.Double(first), row.Long(first + 2), row.Long(first + 3));
        return new MetricSummary(last, row.DoubleOrNull(first + 4) ?? double.NaN, row.DoubleOrNull(first + 5) ?? double.NaN);
    }

    private static ImmutableArray<Param> Params(Database db, long run)
    {
        var found = ImmutableArray.CreateBuilder<Param>();
        foreach (Row row in db.Prepare("SELECT k.name, p.value FROM param p JOIN key k ON k.id = p.key WHERE p.run = ?1 ORDER BY k.name").Bind(1, run).Query())
            found.Add(new Param(row.Text(0), row.Text(1)));
        return found.DrainToImmutable();
    }

    private static ImmutableArray<Label> Labels(Database db, long run)
    {
        var found = ImmutableArray.CreateBuilder<Label>();
        foreach (Row row in db.Prepare("SELECT k.name, l.value FROM label l JOIN key k ON k.id = l.key WHERE l.run = ?1 ORDER BY k.name").Bind(1, run).Query())
            found.Add(new Label(row.Text(0), row.Text(1)));
        return found.DrainToImmutable();
    }

    private static ImmutableArray<DatasetInput> Datasets(Database db, long run)
    {
        var found = ImmutableArray.CreateBuilder<DatasetInput>();
        Statement datasets = db.Prepare("""
            SELECT d.id, d.name, d.digest, d.source_type, d.source, d.schema, d.profile
            FROM dataset_input i JOIN dataset d ON d.id = i.dataset WHERE i.run = ?1 ORDER BY d.name, d.digest
            """);
        foreach (Row row in datasets.Bind(1, run).Query())
        {
            var labels = ImmutableArray.CreateBuilder<Label>();
            Statement marks = db.Prepare("SELECT key, value FROM dataset_input_label WHERE run = ?1 AND dataset = ?2 ORDER BY key");
            foreach (Row label in marks.Bind(1, run).Bind(2, row.Long(0)).Query())
                labels.Add(new Label(label.Text(0), label.Text(1)));
            found.Add(new DatasetInput(
                new Dataset(row.Text(1), row.Text(2), row.Text(3), row.Text(4), row.TextOrNull(5), row.TextOrNull(6)), labels.DrainToImmutable()));
        }
        return found.DrainToImmutable();
    }

    private static ImmutableArray<string> ModelInputs(Database db, long run)
    {
        var found = ImmutableArray.CreateBuilder<string>();
        foreach (Row row in db.Prepare("SELECT model FROM model_input WHERE run = ?1 ORDER BY model").Bind(1, run).Query())
            found.Add(row.Text(0));
        return found.DrainToImmutable();
    }

    private static ImmutableArray<ModelOutput> ModelOutputs(Database db, long run)
    {
        var found = ImmutableArray.CreateBuilder<ModelOutput>();
        foreach (Row row in db.Prepare("SELECT model, step FROM model_output WHERE run = ?1 ORDER BY step, model").Bind(1, run).Query())
            found.Add(new ModelOutput(row.Text(0), row.Long(1)));
        return found.DrainToImmutable();
    }
}
