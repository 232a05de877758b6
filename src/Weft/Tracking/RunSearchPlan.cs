using System.Collections.Immutable;
using Weft.Records;
using Weft.Tracking.Search;

namespace Weft.Tracking;

/// <summary>
/// Finds the ids of the runs that a search asks for, in order. A database's own planner guesses badly here, and the wrong side costs a hundred
/// times the right one, so the side is chosen by counting:
/// <list type="number">
/// <item>The runs that each group of clauses leaves are counted in its index, up to <see cref="CountLimit"/>. The fewest may drive: its runs are
/// looked up, tested against the rest and sorted.</item>
/// <item>Or the index of the order drives, when it has one (the start time, the value of a metric): its runs are tested one after the other
/// until the page is full. Runs without a value of the metric come after all others. How many must be walked follows from the counts.</item>
/// <item>Else all runs of the experiments are tested and sorted.</item>
/// </list>
/// Counts do not tell which clauses hold together. So a walk first glances at its nearest rows; when these do not fill the page, the runs that each clause leaves
/// are read into a set once, from its index, and the walk goes on against the sets: bits of our own (<see cref="RunMarks"/>) where indexes say all that is asked.
/// </summary>
internal sealed class RunSearchPlan
{
    /// <summary>Counting this far costs about a millisecond; what matches more runs is taken to match half of all.</summary>
    private const int CountLimit = 20_000;

    /// <summary>What a run that was looked up costs against one that was walked over.</summary>
    private const double LookUpCost = 2;

    /// <summary>How many rows of an order's index are tested one by one before sets are made, and how many for each run that is wanted.</summary>
    private const long Glance = 2_000, GlanceEach = 8;

    /// <summary>More experiments than this are not walked one by one.</summary>
    private const int MostBranches = 40;

    /// <summary>So many runs may be named one by one in a query.</summary>
    private const int MostNamed = 500;

    private readonly Reader _reader;
    private readonly IReadOnlyList<long> _experiments;
    private readonly ImmutableArray<Clause> _clauses;
    private readonly ImmutableArray<OrderKey> _orders;
    private readonly string[] _stages;
    private bool _usesSets;

    private RunSearchPlan(Reader reader, IReadOnlyList<long> experiments, ImmutableArray<Clause> clauses, ImmutableArray<OrderKey> orders, ViewType view)
    {
        _reader = reader;
        _experiments = [.. experiments.Distinct()];
        _clauses = clauses;
        // A key that nobody ever logged orders nothing: all runs miss it.
        _orders = [.. orders.Where(order => NeedsKey(order.Field) is not { } key || reader.Keys.Find(key) is not null)];
        _stages = view switch
        {
            ViewType.ActiveOnly => ["active"],
            ViewType.DeletedOnly => ["deleted"],
            _ => ["active", "deleted"],
        };
    }

    public static List<long> Find(
        Reader reader, IReadOnlyList<long> experiments, ImmutableArray<Clause> clauses, ImmutableArray<OrderKey> orders, ViewType view, long offset, int most)
    {
        if (experiments.Count == 0)
            return [];
        var plan = new RunSearchPlan(reader, experiments, clauses, orders, view);
        if (plan.CannotMatch())
            return [];
        bool fewBranches = plan._experiments.Count * plan._stages.Length <= MostBranches;
        bool walksNewest = fewBranches && plan._orders is [] or [{ Field: { Kind: FieldKind.Attribute, Key: "start_time" }, Ascending: false }];
        bool walksMetric = fewBranches && plan._orders is [{ Field.Kind: FieldKind.Metric }, .. var rest] && rest.All(order => order.Field.Key == "start_time");
        if (plan.Driver(walksNewest || walksMetric ? offset + most : long.MaxValue) is { } driver)
            return plan.Sorted(offset, most, driver);
        if (walksNewest)
            return plan.WalkNewest(offset, most);
        return walksMetric ? plan.WalkMetric(plan._orders[0], offset, most) : plan.Sorted(offset, most, driver: null);
    }

    /// <summary>A clause on a key that was never logged holds for no run.</summary>
    private bool CannotMatch() => _clauses.Any(clause =>
        clause.Comparison != Comparison.IsNull && NeedsKey(clause.Field) is { } key && _reader.Keys.Find(key) is null);

    private static string? NeedsKey(in Field field) => field.Kind is FieldKind.Metric or FieldKind.Param or FieldKind.Tag ? field.Key : null;

    private long Key(in Field field) => _reader.Keys.Find(field.Key) ?? -1;

    /// <summary>A query of the run numbers of the most selective clauses, if looking them up is cheaper than walking the order.</summary>
    /// <param name="wanted">How many matches the walk would have to find.</param>
    private Action<SqlText>? Driver(long wanted)
    {
        if (_clauses.IsEmpty)
            return null;
        Action<SqlText>? best = null;
        long fewest = long.MaxValue;
        double all = Math.Max(1, _reader.Database.Prepare("SELECT max(id) FROM run").QueryLong() ?? 1);
        double matching = 1;
        foreach (IGrouping<(FieldKind, string), Clause> group in _clauses.GroupBy(clause => (clause.Field.Kind, clause.Field.Key)))
        {
            long found = CountLimit + 1;
            if (Source([.. group]) is { } source)
            {
                var count = new SqlText().Add("SELECT count(*) FROM (");
                source(count);
                found = Conditions.Count(_reader.Database, count.Add(" LIMIT ").Value(CountLimit + 1L).Add(") few")) ?? 0;
                if (found <= CountLimit && found < fewest)
                    (best, fewest) = (source, found);
            }
            matching *= found > CountLimit ? 0.5 : Math.Min(1, found / all);
        }
        double walked = matching == 0 ? all : Math.Min(all, wanted / matching);
        return best is not null && fewest * LookUpCost <= walked ? best : null;
    }

    /// <summary>The run numbers that clauses on one field leave, from an index; null when none answers them.</summary>
    private Action<SqlText>? Source(Clause[] clauses)
    {
        Field field = clauses[0].Field;
        if (field is { Kind: FieldKind.Attribute, Key: "run_id" })
        {
            Clause? named = clauses.FirstOrDefault(clause => clause.Comparison is Comparison.Equal or Comparison.In);
            return named is null ? null : sql => Conditions.Compare(sql.Add("SELECT d.id AS run FROM run d WHERE "), "d.run_id", named);
        }
        Clause[] usable = field.Kind switch
        {
            FieldKind.Metric => [.. clauses.Where(clause => clause.Comparison != Comparison.NotEqual)],
            FieldKind.Param or FieldKind.Tag => [.. clauses.Where(clause => clause.Comparison == Comparison.Equal)],
            FieldKind.Dataset => [.. clauses.Where(clause => clause.Comparison is Comparison.Equal or Comparison.In)],
            _ => [],
        };
        if (usable.Length == 0)
            return null;
        if (field.Kind == FieldKind.Dataset)
            return sql => DatasetRows(sql.Add("SELECT i.run AS run "), usable[0]);
        return sql =>
        {
            bool isMetric = field.Kind == FieldKind.Metric;
            sql.Add($"SELECT d.run AS run FROM {Table(field.Kind)} d WHERE d.key = ").Value(Key(field));
            if (isMetric)
                sql.Add(" AND d.nan = 0 AND d.experiment IN ").Values(_experiments);
            foreach (Clause clause in usable)
            {
                Conditions.Compare(sql.Add(" AND "), "d.value", clause);
                if (!isMetric)
                    sql.Add(" AND {head d.value} = {head ").Value(clause.Text).Add("}");
            }
        };
    }

    /// <summary>The runs of a driver, or all of the experiments, tested and sorted.</summary>
    private List<long> Sorted(long offset, int most, Action<SqlText>? driver)
    {
        _usesSets = driver is null;
        var sql = new SqlText().Add("SELECT r.id");
        var order = new List<string>();
        foreach (OrderKey key in _orders)
            AddOrder(sql, key, order);
        if (driver is null)
        {
            sql.Add(" FROM run r WHERE 1 = 1");
        }
        else
        {
            driver(sql.Add(" FROM (SELECT DISTINCT run FROM ("));
            sql.Add(") few) found CROSS JOIN run r WHERE r.id = found.run");
        }
        AddScope(sql.Add(" AND "), _experiments);
        AddClauses(sql);
        AddTail(sql, order);
        return Read(sql.Add(" LIMIT ").Value((long)most).Add(" OFFSET ").Value(offset));
    }

    /// <summary>Walks the index of the start time, one branch per experiment and stage, and merges the branches.</summary>
    private List<long> WalkNewest(long offset, int most)
    {
        if (!_clauses.IsEmpty && (_experiments, _stages) is ([var single], [var kept]))
        {
            SqlText far = new SqlText().Add("SELECT r.started FROM run r WHERE r.experiment = ").Value(single).Add(" AND r.stage = ").Value(kept)
                .Add(" ORDER BY r.started DESC LIMIT 1 OFFSET ").Value(GlanceLength(offset + most));
            if (Conditions.Count(_reader.Database, far) is { } boundary)
            {
                List<long> near = Merge([sql => Newest(sql, single, kept, boundary)], "", offset, most);
                if (near.Count == most)
                    return near;
                _usesSets = true;
            }
        }
        var branches = new List<Action<SqlText>>();
        foreach (long experiment in _experiments)
        {
            foreach (string stage in _stages)
            {
                branches.Add(sql => Newest(sql, experiment, stage, boundary: null));
            }
        }
        return Merge(branches, "started DESC, run_id", offset, most);
    }

    /// <param name="boundary">Only runs that started later.</param>
    private void Newest(SqlText sql, long experiment, string stage, long? boundary)
    {
        sql.Add("SELECT r.id AS id, r.started AS started, r.run_id AS run_id FROM run r WHERE r.experiment = ").Value(experiment).Add(" AND r.stage = ").Value(stage);
        if (boundary is { } started)
            sql.Add(" AND r.started > ").Value(started);
        AddClauses(sql);
        sql.Add(" ORDER BY r.started DESC, r.run_id");
    }

    /// <summary>Walks the values of a metric; when they are used up, the runs whose value is NaN, then those without one.</summary>
    private List<long> WalkMetric(OrderKey metric, long offset, int most)
    {
        string started = _orders.Length > 1 && _orders[1].Ascending ? "ASC" : "DESC";
        string direction = metric.Ascending ? "ASC" : "DESC";
        long key = Key(metric.Field);
        // A condition on the very value that is walked narrows the walk.
        ILookup<bool, Clause> clauses = _clauses.ToLookup(clause => clause.Field.Kind == FieldKind.Metric && clause.Field.Key == metric.Field.Key);
        SqlText From(SqlText sql, long experiment)
        {
            sql.Add(" WHERE s.experiment = ").Value(experiment).Add(" AND s.nan = 0 AND s.key = ").Value(key);
            foreach (Clause clause in clauses[true])
                Conditions.Compare(sql.Add(" AND "), "s.value", clause);
            return sql;
        }
        Action<SqlText> Branch(long experiment, double? boundary) => sql =>
        {
            From(sql.Add("SELECT r.id AS id, s.value AS value, r.started AS started, r.run_id AS run_id FROM metric_last s CROSS JOIN run r"), experiment);
            if (boundary is { } value)
                sql.Add(metric.Ascending ? " AND s.value < " : " AND s.value > ").Value(value);
            sql.Add(" AND r.id = s.run AND r.stage IN ").Values(_stages);
            foreach (Clause clause in clauses[false])
                AddClause(sql.Add(" AND "), clause, run: "s.run");
            sql.Add($" ORDER BY s.value {direction}, r.started {started}, r.run_id");
        };
        if (clauses[false].Any() && _experiments is [var single])
        {
            SqlText far = From(new SqlText().Add("SELECT s.value FROM metric_last s"), single).Add($" ORDER BY s.value {direction} LIMIT 1 OFFSET ").Value(GlanceLength(offset + most));
            if (Number(far) is { } boundary)
            {
                List<long> near = Merge([Branch(single, boundary)], "", offset, most);
                if (near.Count == most)
                    return near;
                if (clauses[false].All(CanMark))
                    return WalkMarks(metric, single, From, clauses, offset, most);
                _usesSets = true;
            }
        }
        List<Action<SqlText>> branches = [.. _experiments.Select(experiment => Branch(experiment, null))];
        List<long> found = Merge(branches, $"value {direction}, started {started}, run_id", offset, most);
        if (found.Count == most || clauses[true].Any())
            return found;
        long before = found.Count > 0 || offset == 0 ? offset + found.Count : Count(branches);
        found.AddRange(WithoutNumber(key, started, Math.Max(0, offset - before), most - found.Count));
        return found;
    }

    /// <summary>Whether an index tells which runs a clause leaves.</summary>
    private static bool CanMark(Clause clause) => clause.Field.Kind is FieldKind.Metric or FieldKind.Param or FieldKind.Tag && clause.Comparison != Comparison.IsNull;

    /// <summary>The same walk against marks of the runs that the other clauses leave.</summary>
    /// <param name="from">Writes what is walked: the values of the metric in an experiment.</param>
    /// <param name="clauses">Those on the walked value, and the others.</param>
    private List<long> WalkMarks(OrderKey metric, long experiment, Func<SqlText, long, SqlText> from, ILookup<bool, Clause> clauses, long offset, int most)
    {
        RunMarks? marks = null;
        foreach (Clause clause in clauses[false])
        {
            RunMarks some = RunMarks.Of(_reader.Database, SelectRuns(new SqlText(), clause));
            if (marks is null)
                marks = some;
            else
                marks.IntersectWith(some);
        }
        foreach (string stage in new[] { "active", "deleted" }.Except(_stages))
            marks!.ExceptWith(RunMarks.Of(_reader.Database, new SqlText().Add("SELECT r.id FROM run r WHERE r.experiment = ").Value(experiment).Add(" AND r.stage = ").Value(stage)));
        bool isOldestFirst = _orders.Length > 1 && _orders[1].Ascending;
        var found = new List<(long Run, double Value)>();
        using (Statement walk = from(new SqlText().Add("SELECT s.run, s.value FROM metric_last s"), experiment).Add(metric.Ascending ? " ORDER BY s.value" : " ORDER BY s.value DESC").Prepare(_reader.Database))
        {
            foreach (Row row in walk.Query())
            {
                if (!marks!.Remove(row.Long(0)))
                    continue;
                // Of equal values all are needed: they are ordered by something else.
                double value = row.Double(1);
                if (found.Count >= offset + most && value != found[^1].Value)
                    break;
                found.Add((row.Long(0), value));
            }
        }
        SortEqual(found, offset, offset + most, isOldestFirst);
        List<long> page = [.. found.Skip((int)Math.Min(offset, int.MaxValue)).Take(most).Select(run => run.Run)];
        if (page.Count < most && !clauses[true].Any())
            page.AddRange(WithoutNumber(Key(metric.Field), isOldestFirst ? "ASC" : "DESC", Math.Max(0, offset - found.Count), most - page.Count, marks));
        return page;
    }

    /// <summary>Orders runs of the same value, of which some are on a page, by their start and their id.</summary>
    private void SortEqual(List<(long Run, double Value)> found, long first, long end, bool isOldestFirst)
    {
        for (int i = 0, next; i < Math.Min(found.Count, end); i = next)
        {
            next = i + 1;
            while (next < found.Count && found[next].Value == found[i].Value)
                next++;
            if (next == i + 1 || next <= first)
                continue;
            var sorted = new List<(long Run, long Started, string Id)>();
            foreach ((long Run, double Value)[] some in found.GetRange(i, next - i).Chunk(MostNamed))
            {
                using Statement starts = new SqlText().Add("SELECT r.id, r.started, r.run_id FROM run r WHERE r.id IN ").Values(some.Select(run => run.Run)).Prepare(_reader.Database);
                foreach (Row row in starts.Query())
                    sorted.Add((row.Long(0), row.Long(1), row.Text(2)));
            }
            sorted.Sort((a, b) => (isOldestFirst ? a.Started.CompareTo(b.Started) : b.Started.CompareTo(a.Started)) is var order and not 0 ? order : string.CompareOrdinal(a.Id, b.Id));
            for (int k = 0; k < sorted.Count; k++)
                found[i + k] = (sorted[k].Run, found[i + k].Value);
        }
    }

    /// <param name="marked">Those that the clauses leave, when it is known; others may be among them.</param>
    private List<long> WithoutNumber(long key, string started, long offset, int most, RunMarks? marked = null)
    {
        long count = marked?.Count ?? long.MaxValue;
        if (count == 0)
            return [];
        _usesSets |= marked is not null;
        SqlText sql = new SqlText().Add("SELECT r.id FROM run r LEFT JOIN metric_last s ON s.run = r.id AND s.key = ").Value(key)
            .Add(" WHERE coalesce(s.nan, 2) > 0 AND ");
        AddScope(sql, _experiments);
        if (count <= MostNamed)
            sql.Add(" AND r.id IN ").Values(marked!.ToList());
        else
            AddClauses(sql);
        return Read(sql.Add($" ORDER BY coalesce(s.nan, 2), r.started {started}, r.run_id LIMIT ").Value((long)most).Add(" OFFSET ").Value(offset));
    }

    private static long GlanceLength(long wanted) => Math.Max(Glance, wanted * GlanceEach);

    private double? Number(SqlText sql)
    {
        using Statement statement = sql.Prepare(_reader.Database);
        foreach (Row row in statement.Query())
            return row.Double(0);
        return null;
    }

    private List<long> Merge(List<Action<SqlText>> branches, string order, long offset, int most)
    {
        var sql = new SqlText();
        if (branches is [var only])
        {
            only(sql);
        }
        else
        {
            string before = "SELECT id FROM (SELECT * FROM (";
            foreach (Action<SqlText> branch in branches)
            {
                branch(sql.Add(before));
                sql.Add(" LIMIT ").Value(offset + most).Add(") b");
                before = " UNION ALL SELECT * FROM (";
            }
            sql.Add(") merged ORDER BY ").Add(order);
        }
        return Read(sql.Add(" LIMIT ").Value((long)most).Add(" OFFSET ").Value(offset));
    }

    private long Count(List<Action<SqlText>> branches)
    {
        long count = 0;
        foreach (Action<SqlText> branch in branches)
        {
            var sql = new SqlText().Add("SELECT count(*) FROM (");
            branch(sql);
            count += Conditions.Count(_reader.Database, sql.Add(") counted")) ?? 0;
        }
        return count;
    }

    private void AddScope(SqlText sql, IEnumerable<long> experiments) =>
        sql.Add("r.experiment IN ").Values(experiments).Add(" AND r.stage IN ").Values(_stages);

    private void AddClauses(SqlText sql)
    {
        foreach (Clause clause in _clauses)
            AddClause(sql.Add(" AND "), clause);
    }

    /// <param name="run">The column of the run's number.</param>
    private void AddClause(SqlText sql, Clause clause, string run = "r.id")
    {
        Field field = clause.Field;
        switch (field.Kind)
        {
            case FieldKind.Attribute:
                // Run ids are lower case; others in a list are not looked for.
                if (field.Key == "run_id" && clause.Operand is Operand.Texts list)
                    clause = clause with { Operand = new Operand.Texts([.. list.Items.Where(id => !id.Any(char.IsUpper))]) };
                Conditions.Compare(sql, Column(field.Key), clause);
                break;
            case FieldKind.Dataset:
                sql.Add("EXISTS (SELECT 1 ");
                DatasetRows(sql, clause).Add($" AND i.run = {run})");
                break;
            case var _ when _usesSets:
                AddSet(sql, clause, run);
                break;
            default:
                string table = Table(field.Kind);
                Conditions.Mark(sql, clause, s =>
                {
                    s.Add($"FROM {table} c WHERE c.run = {run} AND c.key = ").Value(Key(field));
                    if (field.Kind == FieldKind.Metric)
                        s.Add(" AND c.nan = 0");
                }, "c.value");
                break;
        }
    }

    /// <summary>The same as a set of runs, which the database makes once.</summary>
    private void AddSet(SqlText sql, Clause clause, string run) =>
        SelectRuns(sql.Add(run).Add(clause.Comparison == Comparison.IsNull ? " NOT IN (" : " IN ("), clause).Add(")");

    /// <summary>The runs that have a value for which the clause holds; for <c>IS NULL</c>, any value.</summary>
    private SqlText SelectRuns(SqlText sql, Clause clause)
    {
        sql.Add($"SELECT c.run FROM {Table(clause.Field.Kind)} c WHERE c.key = ").Value(Key(clause.Field));
        if (clause.Field.Kind == FieldKind.Metric)
            sql.Add(" AND c.nan = 0 AND c.experiment IN ").Values(_experiments);
        if (clause.Comparison is not (Comparison.IsNull or Comparison.IsNotNull))
            Conditions.Compare(sql.Add(" AND "), "c.value", clause);
        return sql;
    }

    private static SqlText DatasetRows(SqlText sql, Clause clause)
    {
        if (clause.Field.Key == "context")
            return Conditions.Compare(sql.Add("FROM dataset_input_label i WHERE i.key = 'mlflow.data.context' AND "), "i.value", clause);
        return Conditions.Compare(sql.Add("FROM dataset d JOIN dataset_input i ON i.dataset = d.id WHERE "), "d." + clause.Field.Key, clause);
    }

    /// <summary>The columns that one key sorts by: numbers before NaN before nothing, in both directions.</summary>
    private void AddOrder(SqlText sql, OrderKey order, List<string> columns)
    {
        int n = columns.Count;
        string direction = order.Ascending ? "ASC" : "DESC";
        if (order.Field.Kind == FieldKind.Attribute)
        {
            sql.Add($", CASE WHEN {Column(order.Field.Key)} IS NULL THEN 1 ELSE 0 END AS n{n}, {Column(order.Field.Key)} AS k{n}");
        }
        else
        {
            string table = Table(order.Field.Kind);
            string rank = order.Field.Kind == FieldKind.Metric ? "o.nan" : "0";
            sql.Add($", coalesce((SELECT {rank} FROM {table} o WHERE o.run = r.id AND o.key = ").Value(Key(order.Field)).Add($"), 2) AS n{n}")
                .Add($", (SELECT o.value FROM {table} o WHERE o.run = r.id AND o.key = ").Value(Key(order.Field)).Add($") AS k{n}");
        }
        columns.Add($"n{n}, k{n} {direction}");
    }

    private void AddTail(SqlText sql, List<string> order)
    {
        sql.Add(" ORDER BY ");
        foreach (string columns in order)
            sql.Add(columns).Add(", ");
        if (!_orders.Any(key => key.Field is { Kind: FieldKind.Attribute, Key: "start_time" }))
            sql.Add("r.started DESC, ");
        sql.Add("r.run_id");
    }

    private List<long> Read(SqlText sql)
    {
        var found = new List<long>();
        using Statement statement = sql.Prepare(_reader.Database);
        foreach (Row row in statement.Query())
            found.Add(row.Long(0));
        return found;
    }

    private static string Table(FieldKind kind) => kind switch
    {
        FieldKind.Metric => "metric_last",
        FieldKind.Param => "param",
        _ => "label",
    };

    private static string Column(string key) => key switch
    {
        "run_id" => "r.run_id",
        "run_name" => "r.name",
        "status" => "r.status",
        "artifact_uri" => "r.uri",
        "user_id" => "r.user_id",
        "start_time" => "r.started",
        _ => "r.ended",
    };
}
