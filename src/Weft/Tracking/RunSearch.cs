using System.Collections.Immutable;
using Weft.Records;
using Weft.Text;
using Weft.Tracking.Search;

namespace Weft.Tracking;

/// <summary>Which runs are asked for.</summary>
/// <param name="Experiments">None means no runs.</param>
/// <param name="Filter">In the language of <see cref="SearchParser"/>; empty: all.</param>
/// <param name="Orders">Each <c>field [ASC|DESC]</c>; then newest first, then by id.</param>
/// <param name="Most">1 to 50,000.</param>
/// <param name="Token">Of the page before.</param>
public sealed record RunQuery(
    IReadOnlyList<long> Experiments, string Filter = "", IReadOnlyList<string>? Orders = null, ViewType View = ViewType.ActiveOnly, int Most = 1000, string? Token = null)
{
    /// <summary>The filter may compare params with numbers, which MLflow's servers refuse.</summary>
    public bool ComparesSettings { get; init; }
}

/// <summary>Takes one found run and its data as JSON (see <see cref="RunJson"/>); the bytes are valid during the call.</summary>
internal delegate void RunVisitor(RunInfo run, ReadOnlySpan<byte> summary);

/// <summary>
/// Lists of runs. The search finds the ids first (<see cref="RunSearchPlan"/> decides from which index), then each run is read with its
/// ready-made summary; a summary that is missing is made for the answer, and kept by the writer afterwards.
/// </summary>
public sealed class RunSearch
{
    private const int SummariesPerTurn = 100;

    private readonly WriteLoop _writer;
    private readonly ReaderPool _readers;
    private readonly Settling _settling;

    internal RunSearch(WriteLoop writer, ReaderPool readers, Settling settling)
    {
        _settling = settling;
        _writer = writer;
        _readers = readers;
    }

    /// <summary>Whether a metric was ever logged under this name.</summary>
    public bool IsMetric(string name)
    {
        _settling.SettleAll();
        return _readers.Read(reader => reader.Keys.Find(name) is { } key && reader.Database.Prepare("SELECT 1 FROM metric_last WHERE key = ?1 LIMIT 1").Bind(1, key).Any());
    }

    /// <summary>One page of runs with all their data.</summary>
    public Page<Run> Find(RunQuery query)
    {
        Parsed parsed = Parse(query);
        _settling.SettleAll();
        return _readers.Read(reader =>
        {
            List<long> ids = Find(reader, query, parsed);
            return new Page<Run>(ManyRuns.Read(reader.Database, ids.GetRange(0, Math.Min(ids.Count, query.Most))), NextToken(query, parsed, ids.Count));
        }, oneState: true);
    }

    /// <summary>One page of runs, handed out one by one; returns the token of the next page.</summary>
    internal string? Visit(RunQuery query, RunVisitor visit)
    {
        Parsed parsed = Parse(query);
        _settling.SettleAll();
        var missing = new List<RunId>();
        string? next = _readers.Read(reader =>
        {
            List<long> ids = Find(reader, query, parsed);
            Statement select = reader.Database.Prepare($"SELECT {RunStore.Columns}, r.summary FROM run r WHERE r.id = ?1");
            foreach (long id in ids.Take(query.Most))
            {
                foreach (Row row in select.Bind(1, id).Query())
                {
                    RunInfo info = RunReader.Info(row);
                    if (!row.IsNull(10))
                    {
                        visit(info, row.Blob(10));
                        continue;
                    }
                    visit(info, RunReader.MakeSummary(reader.Database, info));
                    missing.Add(info.Id);
                }
            }
            return NextToken(query, parsed, ids.Count);
        }, oneState: true);
        foreach (RunId[] some in missing.Chunk(SummariesPerTurn))
            _writer.Post(turn => KeepSummaries(turn, some));
        return next;
    }

    /// <summary>The runs of a page, and one more when there are more. Comparisons that no index answers are made here, with the values of one param of all runs.</summary>
    private static List<long> Find(Reader reader, RunQuery query, Parsed parsed)
    {
        ILookup<bool, Clause> clauses = parsed.Clauses.ToLookup(SettingComparison.Is);
        if (!clauses[true].Any())
            return RunSearchPlan.Find(reader, query.Experiments, parsed.Clauses, parsed.Orders, query.View, parsed.Offset, query.Most + 1);
        List<long> ids = RunSearchPlan.Find(reader, query.Experiments, [.. clauses[false]], parsed.Orders, query.View, 0, int.MaxValue);
        foreach (Clause clause in clauses[true])
        {
            var held = new HashSet<long>();
            foreach (Row row in reader.Database.Prepare("SELECT run, value FROM param WHERE key = ?1").Bind(1, reader.Keys.Find(clause.Field.Key) ?? -1).Query())
            {
                if (SettingComparison.Holds(clause, row.Text(1)))
                    held.Add(row.Long(0));
            }
            ids.RemoveAll(id => !held.Contains(id));
        }
        int from = (int)Math.Min(parsed.Offset, ids.Count);
        return ids.GetRange(from, Math.Min(query.Most + 1, ids.Count - from));
    }

    private static void KeepSummaries(WriteTurn turn, RunId[] ids)
    {
        foreach (RunId id in ids)
        {
            if (RunStore.FindInfo(turn.Database, id) is { } run)
                RunReader.StoreSummary(turn, run);
        }
    }

    private static Parsed Parse(RunQuery query)
    {
        if (query.Most is < 1 or > Rules.SearchPage)
            throw TrackingException.Invalid($"Invalid value {query.Most} for parameter 'max_results' supplied: It must be at least 1 and at most {Rules.SearchPage}");
        var diagnostics = new Diagnostics();
        ImmutableArray<Clause> clauses = SearchParser.Filter(query.ComparesSettings ? SearchSchema.RunsInMemory : SearchSchema.Runs, new Source("<filter>", query.Filter), diagnostics);
        TrackingException.ThrowIfAny(diagnostics, "filter");
        ImmutableArray<OrderKey> orders = SearchParser.Orders(SearchSchema.Runs, query.Orders ?? [], diagnostics);
        TrackingException.ThrowIfAny(diagnostics, "order_by");
        return new Parsed(clauses, orders, PageToken.Read(query.Token));
    }

    private static string? NextToken(RunQuery query, Parsed parsed, int found) => found > query.Most ? PageToken.Write(parsed.Offset + query.Most) : null;

    private readonly record struct Parsed(ImmutableArray<Clause> Clauses, ImmutableArray<OrderKey> Orders, long Offset);
}
