using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Weft.Records;

namespace Weft.Tracking;

/// <summary>Reads whole runs: a few each by itself, many with one query for each kind of data, which costs a tenth.</summary>
internal static class ManyRuns
{
    /// <summary>Fewer are read one by one.</summary>
    private const int Few = 50;

    /// <summary>The rows of other runs that may lie among those that are wanted, for each of them.</summary>
    private const int MostBetween = 8;

    /// <param name="ids">The store's numbers of runs that are there.</param>
    /// <returns>In the order of <paramref name="ids"/>.</returns>
    public static ImmutableArray<Run> Read(Database db, List<long> ids)
    {
        if (ids.Count < Few || ids.Max() - ids.Min() > (long)ids.Count * MostBetween)
            return [.. ids.Select(id => RunReader.Complete(db, One(db, id)))];
        return new Columns(db, ids).Read(ids);
    }

    private static RunInfo One(Database db, long id)
    {
        foreach (Row row in db.Prepare($"SELECT {RunStore.Columns} FROM run r WHERE r.id = ?1").Bind(1, id).Query())
            return RunReader.Info(row);
        throw new InvalidOperationException($"the run {id} has gone while it was read");
    }

    /// <summary>The data of the runs from the first number to the last, by run.</summary>
    private sealed class Columns(Database db, List<long> ids)
    {
        private readonly Dictionary<long, RunInfo> _infos = new(ids.Count);
        private readonly Dictionary<long, string> _names = [];
        private readonly Dictionary<long, List<MetricSummary>> _metrics = [];
        private readonly Dictionary<long, List<Param>> _params = [];
        private readonly Dictionary<long, List<Label>> _labels = [];

        /// <summary>Runs with what few have: datasets and models.</summary>
        private readonly HashSet<long> _special = [];

        public ImmutableArray<Run> Read(List<long> order)
        {
            foreach (Row row in Select($"SELECT {RunStore.Columns} FROM run r WHERE r.id BETWEEN ?1 AND ?2"))
                _infos.Add(row.Long(0), RunReader.Info(row));
            foreach (Row row in db.Prepare("SELECT id, name FROM key").Query())
                _names.Add(row.Long(0), row.Text(1));
            foreach (Row row in Select("SELECT run, key, value, nan, ts, step, min, max FROM metric_last WHERE run BETWEEN ?1 AND ?2"))
                Of(_metrics, row).Add(RunReader.Metric(_names[row.Long(1)], row, 2));
            foreach (Row row in Select("SELECT run, key, value FROM param WHERE run BETWEEN ?1 AND ?2"))
                Of(_params, row).Add(new Param(_names[row.Long(1)], row.Text(2)));
            foreach (Row row in Select("SELECT run, key, value FROM label WHERE run BETWEEN ?1 AND ?2"))
                Of(_labels, row).Add(new Label(_names[row.Long(1)], row.Text(2)));
            foreach (Row row in Select("SELECT run FROM dataset_input WHERE run BETWEEN ?1 AND ?2 UNION SELECT run FROM model_input WHERE run BETWEEN ?1 AND ?2 UNION SELECT run FROM model_output WHERE run BETWEEN ?1 AND ?2"))
                _special.Add(row.Long(0));
            var runs = ImmutableArray.CreateBuilder<Run>(order.Count);
            foreach (long id in order)
                runs.Add(_special.Contains(id) ? RunReader.Complete(db, _infos[id]) : Plain(id));
            return runs.MoveToImmutable();
        }

        private Run Plain(long id) => new(_infos[id])
        {
            Metrics = Sorted(_metrics, id, static metric => metric.Last.Key),
            Params = Sorted(_params, id, static param => param.Key),
            Labels = Sorted(_labels, id, static label => label.Key),
        };

        private Rows Select(string sql) => db.Prepare(sql).Bind(1, ids.Min()).Bind(2, ids.Max()).Query();

        private static List<T> Of<T>(Dictionary<long, List<T>> byRun, Row row) => CollectionsMarshal.GetValueRefOrAddDefault(byRun, row.Long(0), out _) ??= [];

        private static ImmutableArray<T> Sorted<T>(Dictionary<long, List<T>> byRun, long id, Func<T, string> name)
        {
            if (!byRun.TryGetValue(id, out List<T>? all))
                return [];
            if (all.Count > 1)
                all.Sort((a, b) => string.CompareOrdinal(name(a), name(b)));
            return [.. all];
        }
    }
}
