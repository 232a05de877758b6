using System.Collections.Immutable;
using Weft.Records;

namespace Weft.Tracking;

/// <summary>A dataset of an experiment as a list shows it.</summary>
public readonly record struct DatasetSummary(long Experiment, string Name, string Digest, string? Context);

/// <summary>What runs read and what models they made.</summary>
public sealed class InputStore
{
    private const int MostSummaries = 1000;

    private readonly WriteLoop _writer;
    private readonly ReaderPool _readers;

    internal InputStore(WriteLoop writer, ReaderPool readers)
    {
        _writer = writer;
        _readers = readers;
    }

    /// <summary>
    /// Ties datasets and models to a run. A dataset that the experiment knows already is reused as it is; an edge that exists stays as it is.
    /// </summary>
    public Task LogInputsAsync(RunId id, IReadOnlyList<DatasetInput> datasets, IReadOnlyList<string> models)
    {
        for (int i = 0; i < datasets.Count; i++)
            Check(datasets[i], $"datasets[{i}]");
        return _writer.WriteAsync(turn =>
        {
            RunInfo run = RunStore.RequireActive(turn.Database, id);
            foreach (DatasetInput input in datasets.DistinctBy(input => (input.Dataset.Name, input.Dataset.Digest)))
                Tie(turn.Database, run, input);
            foreach (string model in models)
                turn.Database.Prepare("INSERT INTO model_input (run, model) VALUES (?1, ?2) ON CONFLICT DO NOTHING").Bind(1, run.Row).Bind(2, model).Run();
            RunStore.Touch(turn, run);
        });
    }

    public Task LogOutputsAsync(RunId id, IReadOnlyList<ModelOutput> models) => _writer.WriteAsync(turn =>
    {
        RunInfo run = RunStore.RequireActive(turn.Database, id);
        foreach (ModelOutput model in models)
        {
            turn.Database.Prepare("INSERT INTO model_output (run, model, step) VALUES (?1, ?2, ?3) ON CONFLICT (run, model) DO UPDATE SET step = excluded.step")
                .Bind(1, run.Row).Bind(2, model.ModelId).Bind(3, model.Step).Run();
        }
        RunStore.Touch(turn, run);
    });

    /// <summary>The different datasets of some experiments with the contexts they were used in, at most 1,000.</summary>
    public ImmutableArray<DatasetSummary> Summaries(IReadOnlyList<long> experiments) => _readers.Read(reader =>
    {
        var found = ImmutableArray.CreateBuilder<DatasetSummary>();
        SqlText sql = new SqlText().Add("""
            SELECT DISTINCT d.experiment, d.name, d.digest, l.value FROM dataset d JOIN dataset_input i ON i.dataset = d.id
            LEFT JOIN dataset_input_label l ON l.run = i.run AND l.dataset = i.dataset AND l.key = 'mlflow.data.context' WHERE d.experiment IN
            """).Values(experiments).Add(" ORDER BY 1, 2, 3, 4 LIMIT ").Value((long)MostSummaries);
        using Statement statement = sql.Prepare(reader.Database);
        foreach (Row row in statement.Query())
            found.Add(new DatasetSummary(row.Long(0), row.Text(1), row.Text(2), row.TextOrNull(3)));
        return found.DrainToImmutable();
    });

    internal static void Tie(Database db, RunInfo run, DatasetInput input)
    {
        Dataset dataset = input.Dataset;
        long number = db.Prepare("SELECT id FROM dataset WHERE experiment = ?1 AND name = ?2 AND digest = ?3")
            .Bind(1, run.Experiment).Bind(2, dataset.Name).Bind(3, dataset.Digest).QueryLong()
            ?? db.Prepare("INSERT INTO dataset (experiment, name, digest, source_type, source, schema, profile) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING id")
                .Bind(1, run.Experiment).Bind(2, dataset.Name).Bind(3, dataset.Digest).Bind(4, dataset.SourceType).Bind(5, dataset.Source)
                .Bind(6, dataset.Schema).Bind(7, dataset.Profile).QueryLong()!.Value;
        if (db.Prepare("INSERT INTO dataset_input (run, dataset) VALUES (?1, ?2) ON CONFLICT DO NOTHING").Bind(1, run.Row).Bind(2, number).Run() == 0)
            return;
        foreach (Label label in input.Labels)
        {
            db.Prepare("INSERT INTO dataset_input_label (run, dataset, key, value) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")
                .Bind(1, run.Row).Bind(2, number).Bind(3, label.Key).Bind(4, label.Value).Run();
        }
    }

    private static void Check(DatasetInput input, string path)
    {
        for (int i = 0; i < input.Labels.Length; i++)
        {
            Limit(input.Labels[i].Key, 255, $"{path}.tags[{i}].key");
            Limit(input.Labels[i].Value, 500, $"{path}.tags[{i}].value");
        }
        Limit(input.Dataset.Name, 500, path + ".dataset.name");
        Limit(input.Dataset.Digest, 36, path + ".dataset.digest");
        Limit(input.Dataset.Source, 65_535, path + ".dataset.source");
        Limit(input.Dataset.Schema ?? "", 1_048_575, path + ".dataset.schema");
        Limit(input.Dataset.Profile ?? "", 16_777_215, path + ".dataset.profile");
    }

    private static void Limit(string value, int limit, string path) => Rules.Fit(value, limit, path, truncates: false);
}
