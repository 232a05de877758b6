using System.Collections.Immutable;
using System.Globalization;
using Weft.Records;

namespace Weft.Tracking.Exchange;

/// <summary>Our own store as the source.</summary>
/// <param name="artifactFolder">Where <c>mlflow-artifacts:/</c> lies on this machine.</param>
internal sealed class StoreSource(TrackingStore store, string artifactFolder) : RunSource
{
    private const int RunsPerPage = 500;
    private const string Proxied = "mlflow-artifacts:";

    public override IReadOnlyList<ExperimentEntry> Experiments()
    {
        var found = new List<ExperimentEntry>();
        string? token = null;
        do
        {
            Page<Experiment> page = store.Experiments.Search("", ["experiment_id ASC"], ViewType.All, Rules.SearchPage, token);
            found.AddRange(page.Items.Select(experiment => new ExperimentEntry(experiment.Id.ToString(CultureInfo.InvariantCulture), experiment)));
            token = page.NextToken;
        }
        while (token is not null);
        return found;
    }

    public override long? CountRuns(ExperimentEntry experiment) => store.Readers.Read(reader =>
        reader.Database.Prepare("SELECT count(*) FROM run WHERE experiment = ?1").Bind(1, experiment.Experiment.Id).QueryLong());

    public override IEnumerable<RunEntry> Runs(ExperimentEntry experiment, Predicate<RunId> skips)
    {
        store.Settling.SettleAll();
        long last = 0;
        while (true)
        {
            (List<RunEntry> page, long read, int count) = store.Readers.Read(reader => ReadPage(reader.Database, experiment.Experiment.Id, last, skips), oneState: true);
            foreach (RunEntry run in page)
                yield return run;
            if (count < RunsPerPage)
                yield break;
            last = read;
        }
    }

    public override IEnumerable<ReadOnlyMemory<MetricPoint>> Points(RunEntry run)
    {
        store.Settling.Settle(run.Run.Info.Id);
        foreach ((long key, string name) in store.Readers.Read(reader => KeysOf(reader.Database, run.Run.Info.Row)))
        {
            SeriesPlace place = SeriesPlace.Start;
            int length;
            do
            {
                (PointRow Point, SeriesPlace Behind)[] page = store.Readers.Read(
                    reader => MetricSeries.ReadFrom(reader.Database, run.Run.Info.Row, key, place).Take(PageLength).ToArray(), oneState: true);
                length = page.Length;
                if (length > 0)
                {
                    place = page[^1].Behind;
                    yield return Array.ConvertAll(page, read => MetricHistory.Point(name, read.Point));
                }
            }
            while (length == PageLength);
        }
    }

    public override IEnumerable<ModelEntry> Models()
    {
        string? token = null;
        do
        {
            // Prompts are models, too, and are left out of a search that does not ask for them.
            Page<RegisteredModel> page = store.Readers.Read(reader => ReadModels(reader.Database, token), oneState: true);
            foreach (RegisteredModel model in page.Items)
            {
                yield return new ModelEntry(model, store.Readers.Read(reader => ReadVersions(reader.Database, model.Name), oneState: true));
            }
            token = page.NextToken;
        }
        while (token is not null);
    }

    public override IEnumerable<LoggedModel> LoggedModels(ExperimentEntry experiment) => ById(
        "SELECT id FROM logged_model WHERE stage = 'active' AND experiment = ?1", experiment, LoggedModelStore.Require);

    public override IEnumerable<TraceEntry> Traces(ExperimentEntry experiment) => ById("SELECT id FROM trace WHERE experiment = ?1", experiment, ReadTrace);

    protected override string? ArtifactFolder(string location) => location.StartsWith(Proxied, StringComparison.Ordinal) && !location.StartsWith(Proxied + "//", StringComparison.Ordinal)
        ? Path.Combine(artifactFolder, location[Proxied.Length..].TrimStart('/'))
        : base.ArtifactFolder(location);

    /// <summary>What has a text for its id, page by page.</summary>
    private IEnumerable<T> ById<T>(string select, ExperimentEntry experiment, Func<Database, string, T> read)
    {
        string last = "";
        while (true)
        {
            (List<T> page, last) = store.Readers.Read(reader =>
            {
                var ids = new List<string>();
                foreach (Row row in reader.Database.Prepare($"{select} AND id > ?2 ORDER BY id LIMIT {RunsPerPage}").Bind(1, experiment.Experiment.Id).Bind(2, last).Query())
                    ids.Add(row.Text(0));
                return (ids.ConvertAll(id => read(reader.Database, id)), ids.Count > 0 ? ids[^1] : last);
            }, oneState: true);
            foreach (T item in page)
                yield return item;
            if (page.Count < RunsPerPage)
                yield break;
        }
    }

    private static TraceEntry ReadTrace(Database db, string id)
    {
        var runs = ImmutableArray.CreateBuilder<string>();
        foreach (Row row in db.Prepare("SELECT run FROM trace_run WHERE trace = ?1 ORDER BY run").Bind(1, id).Query())
            runs.Add(row.Text(0));
        return new TraceEntry(TraceStore.Require(db, id), SpanStore.Of(db, id), runs.DrainToImmutable());
    }

    private static (List<RunEntry> Page, long Last, int Count) ReadPage(Database db, long experiment, long last, Predicate<RunId> skips)
    {
        var infos = new List<(RunInfo Info, long? Deleted)>();
        int count = 0;
        Statement select = db.Prepare($"SELECT {RunStore.Columns}, r.deleted FROM run r WHERE r.experiment = ?1 AND r.id > ?2 ORDER BY r.id LIMIT {RunsPerPage}");
        foreach (Row row in select.Bind(1, experiment).Bind(2, last).Query())
        {
            count++;
            RunInfo info = RunReader.Info(row);
            last = info.Row;
            if (!skips(info.Id))
                infos.Add((info, row.LongOrNull(10)));
        }
        return ([.. infos.Select(run => new RunEntry(RunReader.Complete(db, run.Info)) { Deleted = run.Deleted })], last, count);
    }

    private static List<(long Key, string Name)> KeysOf(Database db, long run)
    {
        var found = new List<(long, string)>();
        foreach (Row row in db.Prepare("SELECT k.id, k.name FROM metric_last m JOIN key k ON k.id = m.key WHERE m.run = ?1 ORDER BY k.id").Bind(1, run).Query())
            found.Add((row.Long(0), row.Text(1)));
        return found;
    }

    private static Page<RegisteredModel> ReadModels(Database db, string? after)
    {
        const int most = 100;
        var ids = new List<long>();
        string? last = null;
        foreach (Row row in db.Prepare($"SELECT id, name FROM registered_model WHERE name > ?1 ORDER BY name LIMIT {most}").Bind(1, after ?? "").Query())
        {
            ids.Add(row.Long(0));
            last = row.Text(1);
        }
        return new Page<RegisteredModel>([.. ids.Select(id => RegistryReader.Model(db, id))], ids.Count == most ? last : null);
    }

    private static ImmutableArray<ModelVersion> ReadVersions(Database db, string name)
    {
        long id = db.Prepare("SELECT id FROM registered_model WHERE name = ?1").Bind(1, name).QueryLong()!.Value;
        var versions = new List<long>();
        foreach (Row row in db.Prepare("SELECT version FROM model_version WHERE model = ?1 ORDER BY version").Bind(1, id).Query())
            versions.Add(row.Long(0));
        return [.. versions.Select(version => RegistryReader.Version(db, id, version)!)];
    }
}
