using System.Collections;
using System.Collections.Immutable;
using Weft.Config.Overrides;
using Weft.Tracking;
using Weft.Values;

namespace Weft.Analysis;

/// <summary>How runs are loaded from a folder of MLflow's file store.</summary>
public sealed record FolderOptions
{
    /// <summary>Shell patterns (<c>*</c>, <c>?</c>, <c>[a-z]</c>, <c>[!a]</c>) of names of experiments, any of which may match; null: all.</summary>
    public IReadOnlyList<string>? Experiments { get; init; }

    /// <summary>
    /// A folder for an index, in which what was read is kept: the next load reads only runs that have changed. Null, the default: no index, and each run is read
    /// when it is first asked for something.
    /// </summary>
    public string? IndexFolder { get; init; }

    /// <summary>Makes <see cref="Run.Implementation"/> when it is first asked for; null: it is null.</summary>
    public Func<Run, object?>? Open { get; init; }
}

/// <summary>
/// Runs in an order. Nothing changes a collection: what filters, sorts or picks gives a new one of the same runs. Runs are read when they are asked for something.
/// A collection belongs to one thread at a time.
/// </summary>
/// <example><code>
/// RunCollection runs = RunCollection.FromFolder("mlruns").Filter(("model", "cnn"), ("lr", (0.01, 0.1)));
/// Frame table = runs.GroupBy("lr").Aggregate(Aggregation.Count, Aggregation.Mean("accuracy"));
/// table.WriteCsv(Console.Out);
/// </code></example>
public sealed class RunCollection : IReadOnlyList<Run>
{
    private readonly ImmutableArray<Run> _runs;

    /// <summary>A collection of these runs.</summary>
    public RunCollection(params ImmutableArray<Run> runs) => _runs = runs;

    /// <summary>A collection of these runs.</summary>
    public RunCollection(IEnumerable<Run> runs) => _runs = [.. runs];

    /// <summary>
    /// The runs of a folder that MLflow's file store or HydraFlow wrote: <c>mlruns/EXPERIMENT/RUN</c>. Deleted experiments are left out, deleted runs when an index is kept.
    /// </summary>
    /// <param name="folder">The folder <c>mlruns</c>.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public static RunCollection FromFolder(string folder, FolderOptions? options = null)
    {
        options ??= new FolderOptions();
        string root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (!Directory.Exists(root))
            throw new DirectoryNotFoundException($"there is no folder `{folder}`");
        if (options.IndexFolder is { } cache)
            return new RunCollection(new FolderIndex(root, Path.GetFullPath(cache), TimeProvider.System).Load(name => Matches(name, options.Experiments), CancellationToken.None).Select(source => new Run(source, options.Open)));
        return new RunCollection(FolderIndex.Experiments(root).Where(experiment => !experiment.IsDeleted && Matches(experiment.Name, options.Experiments))
            .SelectMany(experiment => experiment.Runs().Select(run => new Run(new FolderRun(Path.Combine(experiment.Folder, run), experiment), options.Open))));
    }

    /// <summary>Runs in their own folders, such as some of <c>mlruns/EXPERIMENT</c>.</summary>
    /// <exception cref="DirectoryNotFoundException">One of the folders is missing.</exception>
    public static RunCollection Load(IEnumerable<string> folders, Func<Run, object?>? open = null) => new(folders.Select(folder => Run.Load(folder, open)));

    /// <summary>The active runs of a tracking store, newest first.</summary>
    /// <param name="experiments">As <see cref="FolderOptions.Experiments"/>.</param>
    /// <param name="filter">In MLflow's search language: <c>metrics.acc > 0.9 and params.model = 'cnn'</c>; empty: all.</param>
    /// <exception cref="TrackingException">The filter is wrong.</exception>
    public static RunCollection FromStore(TrackingStore store, IReadOnlyList<string>? experiments = null, string filter = "")
    {
        var names = store.Experiments.Search("", [], ViewType.ActiveOnly, Rules.SearchPage, null).Items.Where(one => Matches(one.Name, experiments)).ToDictionary(one => one.Id, one => one.Name);
        var runs = ImmutableArray.CreateBuilder<Run>();
        string? token = null;
        do
        {
            Page<Tracking.Run> page = store.Search.Find(new RunQuery([.. names.Keys], filter, Most: Rules.SearchPage, Token: token));
            foreach (Tracking.Run run in page.Items)
                runs.Add(new Run(new StoredRun(run, names[run.Info.Experiment])));
            token = page.NextToken;
        }
        while (token is not null);
        return new RunCollection(runs.DrainToImmutable());
    }

    /// <summary>Number of runs.</summary>
    public int Count => _runs.Length;

    /// <summary>The run at a place, from 0; <c>runs[^1]</c> is the last.</summary>
    public Run this[int index] => index >= 0 && index < _runs.Length ? _runs[index] : throw new ArgumentOutOfRangeException(nameof(index), $"there are {_runs.Length} runs, no run {index}");

    /// <summary>One field of all runs, see <see cref="Run.Get(string)"/>.</summary>
    /// <exception cref="KeyNotFoundException">A run has no such field.</exception>
    public Column this[string key] => new(key, [.. _runs.Select(run => run.Get(key))]);

    /// <summary>Some runs in a row; with it <c>runs[1..3]</c> works.</summary>
    public RunCollection Slice(int start, int length) => new(_runs.Slice(start, length));

    /// <summary>The runs at these places, in this order; a place may be named twice.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such place.</exception>
    public RunCollection At(params IEnumerable<int> indices) => new(indices.Select(index => this[index]));

    /// <summary>The runs of which every field meets its condition. A field is looked at only where all before it held.</summary>
    /// <exception cref="KeyNotFoundException">A run has no such field.</exception>
    public RunCollection Filter(params IEnumerable<(string Key, Condition Is)> criteria)
    {
        IEnumerable<Run> left = _runs;
        foreach ((string key, Condition condition) in criteria)
            left = [.. left.Where(run => condition.Holds(run.Get(key)))];
        return new RunCollection(left);
    }

    /// <summary>The runs that meet a predicate, such as one of <see cref="Fields"/>.</summary>
    public RunCollection Filter(Func<Run, bool> holds) => new(_runs.Where(holds));

    /// <summary>The runs for which the mask is true.</summary>
    /// <param name="mask">One for each run.</param>
    /// <exception cref="ArgumentException">There are not as many as runs.</exception>
    public RunCollection Filter(IReadOnlyList<bool> mask)
    {
        if (mask.Count != _runs.Length)
            throw new ArgumentException($"a mask has one value for each of the {_runs.Length} runs, found {mask.Count}", nameof(mask));
        return new RunCollection(_runs.Where((_, i) => mask[i]));
    }

    /// <summary>The runs of which no field meets its condition.</summary>
    /// <exception cref="KeyNotFoundException">A run has no such field.</exception>
    public RunCollection Exclude(params IEnumerable<(string Key, Condition Is)> criteria)
    {
        IEnumerable<Run> left = _runs;
        foreach ((string key, Condition condition) in criteria)
            left = [.. left.Where(run => !condition.Holds(run.Get(key)))];
        return new RunCollection(left);
    }

    /// <summary>The runs that do not meet a predicate.</summary>
    public RunCollection Exclude(Func<Run, bool> holds) => new(_runs.Where(run => !holds(run)));

    /// <summary>The runs for which the mask is false.</summary>
    /// <exception cref="ArgumentException">There are not as many as runs.</exception>
    public RunCollection Exclude(IReadOnlyList<bool> mask) => Filter([.. mask.Select(one => !one)]);

    /// <summary>The runs that a filter of MLflow's search language selects, in the order of the keys.</summary>
    /// <param name="filter"><c>metrics.acc > 0.9 and params.model = 'cnn'</c>; leaves of the configuration count as params. Empty: all.</param>
    /// <param name="orders"><c>metrics.acc DESC</c>, …; none: as they stand. What has no such field comes last.</param>
    /// <exception cref="TrackingException">The filter or an order is wrong.</exception>
    public RunCollection Search(string filter, params IReadOnlyList<string> orders) => RunFilter.Apply(this, filter, orders);

    /// <summary>The only run that meets all conditions.</summary>
    /// <exception cref="InvalidOperationException">There is none, or more than one.</exception>
    public Run Get(params IEnumerable<(string Key, Condition Is)> criteria) => TryGet(criteria) ?? throw NotFound();

    /// <summary>The only run that meets all conditions; null when there is none.</summary>
    /// <exception cref="InvalidOperationException">There is more than one.</exception>
    public Run? TryGet(params IEnumerable<(string Key, Condition Is)> criteria) => Filter(criteria) switch
    {
        { Count: 0 } => null,
        { Count: 1 } one => one[0],
        { Count: var count } => throw new InvalidOperationException($"expected one run that meets the conditions, found {count}"),
    };

    /// <summary>The first run that meets all conditions.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public Run First(params IEnumerable<(string Key, Condition Is)> criteria) => Filter(criteria) is { Count: > 0 } found ? found[0] : throw NotFound();

    /// <summary>The last run that meets all conditions.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public Run Last(params IEnumerable<(string Key, Condition Is)> criteria) => Filter(criteria) is { Count: > 0 } found ? found[^1] : throw NotFound();

    /// <summary>One field of all runs, with <paramref name="other"/> where it is missing.</summary>
    public Column ToColumn(string key, Value other) => new(key, [.. _runs.Select(run => run.Get(key, other))]);

    /// <summary>One field of all runs, with what <paramref name="other"/> makes of a run where it is missing.</summary>
    public Column ToColumn(string key, Func<Run, Value> other) => new(key, [.. _runs.Select(run => run.Get(key, other))]);

    /// <summary>The different values of a field in ascending order: numbers and texts among themselves, values of several kinds by their text; null is the last.</summary>
    /// <exception cref="KeyNotFoundException">A run has no such field.</exception>
    public IReadOnlyList<Value> Unique(string key) => [.. this[key].Distinct(FieldOrder.Instance).Order(FieldSorting.Of(this[key]))];

    /// <summary>How many different values a field has.</summary>
    /// <exception cref="KeyNotFoundException">A run has no such field.</exception>
    public int CountUnique(string key) => this[key].Distinct(FieldOrder.Instance).Count();

    /// <summary>
    /// The runs in ascending order of a field, within it of the next, …; runs that are equal in all keep their order. Values of several kinds are ordered by their text; null comes last. Without
    /// keys nothing changes.
    /// </summary>
    /// <param name="keys">Fields, see <see cref="Run.Get(string)"/>.</param>
    /// <param name="isReversed">Descending: the whole order is turned round, that of equal runs too; null stays last.</param>
    /// <exception cref="KeyNotFoundException">A run has no such field.</exception>
    /// <exception cref="InvalidOperationException">A field holds lists or maps, which have no order.</exception>
    public RunCollection Sort(IReadOnlyList<string> keys, bool isReversed = false)
    {
        if (keys.Count == 0)
            return this;
        Column[] columns = [.. keys.Select(key => this[key])];
        IOrderedEnumerable<int>? order = null;
        IEnumerable<int> start = Enumerable.Range(0, Count);
        foreach (Column column in columns)
        {
            IComparer<Value> comparer = FieldSorting.Of(column, isReversed);
            order = order is null ? (isReversed ? start.Reverse() : start).OrderBy(i => column[i], comparer) : order.ThenBy(i => column[i], comparer);
        }
        return At(order!);
    }

    /// <summary>As the other, ascending.</summary>
    public RunCollection Sort(params IEnumerable<string> keys) => Sort([.. keys], isReversed: false);

    /// <summary>What the function makes of each run, when it is asked for.</summary>
    public IEnumerable<T> Map<T>(Func<Run, T> make) => _runs.Select(make);

    /// <summary>Some runs, each at most once, in a random order that the seed decides.</summary>
    /// <param name="count">From 1 to <see cref="Count"/>.</param>
    /// <param name="seed">The same seed gives the same runs.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are not as many runs.</exception>
    public RunCollection Sample(int count, int seed) => count >= 1 && count <= Count
        ? Shuffle(seed).Slice(0, count)
        : throw new ArgumentOutOfRangeException(nameof(count), $"a sample of {Count} runs has from 1 to {Count}, not {count}");

    /// <summary>All runs in a random order that the seed decides.</summary>
    public RunCollection Shuffle(int seed)
    {
        Run[] runs = [.. _runs];
        new Random(seed).Shuffle(runs);
        return new RunCollection(runs);
    }

    /// <summary>Sets a key of every run's configuration in memory, see <see cref="Run.Update(string, Func{Run, Value}, bool)"/>.</summary>
    /// <returns>This collection.</returns>
    public RunCollection Update(string key, Func<Run, Value> value, bool force = false)
    {
        foreach (Run run in _runs)
            run.Update(key, value, force);
        return this;
    }

    /// <summary>As the other, with one value for all.</summary>
    public RunCollection Update(string key, Value value, bool force = false) => Update(key, _ => value, force);

    /// <summary>A frame with a row for each run.</summary>
    /// <param name="fields">Its columns: keys, keys with what stands for them where they are missing, functions. None: every param, leaf of the configuration and metric that any run has.</param>
    /// <exception cref="KeyNotFoundException">A run has no such field.</exception>
    public Frame ToFrame(params IEnumerable<FrameField> fields)
    {
        FrameField[] all = [.. fields];
        if (all.Length == 0)
            all = [.. AllFields().Select(key => FrameField.Named(key, Value.None))];
        return new Frame([.. all.Select(field => new Column(field.Name, [.. _runs.Select(field.Of)]))]);
    }

    /// <summary>The frames that <paramref name="make"/> draws from the runs, below each other, with one column more for each key.</summary>
    public Frame Concat(Func<Run, Frame> make, params IEnumerable<FrameField> keys)
    {
        FrameField[] all = [.. keys];
        return Frame.Concat(_runs.Select(run => run.ToFrame(make, all)));
    }

    /// <summary>The runs of both, in order.</summary>
    public RunCollection Concat(RunCollection other) => new(_runs.AddRange(other._runs));

    /// <summary>The runs by the values of some fields, in the order in which these first appear: 1, 1.0 and true are one value, lists and maps are taken by content.</summary>
    /// <param name="keys">Fields, see <see cref="Run.Get(string)"/>; none: one group of all.</param>
    /// <exception cref="KeyNotFoundException">A run has no such field.</exception>
    public RunGroups GroupBy(params IEnumerable<string> keys) => RunGroups.Of(this, [.. keys.Select(FrameField.Named)]);

    /// <summary>As the other, by columns that may have a value for runs without the field.</summary>
    public RunGroups GroupBy(params IEnumerable<FrameField> fields) => RunGroups.Of(this, [.. fields]);

    /// <summary>Whether a name matches one of some shell patterns; null matches everything.</summary>
    internal static bool Matches(string name, IReadOnlyList<string>? patterns) => patterns is null || patterns.Any(pattern => ShellPattern.Matches(pattern, name));

    /// <summary>The names of all params, leaves of configurations and metrics, in the order in which runs first have them.</summary>
    internal IEnumerable<string> AllFields()
    {
        var parameters = new OrderedDictionary<string, bool>(StringComparer.Ordinal);
        var metrics = new OrderedDictionary<string, bool>(StringComparer.Ordinal);
        foreach (Run run in _runs)
        {
            foreach (Param param in run.Facts.Params)
                parameters.TryAdd(param.Key, true);
            foreach ((string path, _) in run.ConfigLeaves())
                parameters.TryAdd(path, true);
            foreach (MetricSummary metric in run.Facts.Metrics)
                metrics.TryAdd(metric.Last.Key, true);
        }
        return parameters.Keys.Concat(metrics.Keys.Where(key => !parameters.ContainsKey(key)));
    }

    /// <summary>The runs in order.</summary>
    public IEnumerator<Run> GetEnumerator() => ((IEnumerable<Run>)_runs).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary><c>RunCollection(Run, n=5)</c>, <c>RunCollection(empty)</c>.</summary>
    public override string ToString()
    {
        if (_runs.IsEmpty)
            return "RunCollection(empty)";
        string kind = _runs[0].ToString();
        return $"RunCollection({kind[..kind.IndexOf('(', StringComparison.Ordinal)]}, n={Count})";
    }

    private static InvalidOperationException NotFound() => new("no run meets the conditions");
}
