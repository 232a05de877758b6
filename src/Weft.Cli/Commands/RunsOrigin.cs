using Weft.Analysis;
using Weft.Dialects;
using Weft.Tracking;

namespace Weft.Cli.Commands;

/// <summary>Where <c>weft runs</c> finds runs: the project's store, or a folder of MLflow's file store.</summary>
internal abstract class RunsOrigin : IDisposable
{
    /// <summary>Names of the experiments that have or may have runs.</summary>
    public abstract IReadOnlyList<string> Experiments { get; }

    /// <summary>The experiment to which a job of the project logs its runs, when the job is named otherwise; null when there is none.</summary>
    public virtual string? ExperimentOf(string job) => null;

    /// <summary>Whether any run has a metric of this name.</summary>
    public abstract bool IsMetric(string name);

    /// <summary>The runs of one experiment, or of all, that a filter selects, settings compared with numbers included; the second says whether there are more than <paramref name="most"/>.</summary>
    /// <exception cref="TrackingException">The filter or an order is wrong.</exception>
    public abstract (RunCollection Runs, bool HasMore) Find(string? experiment, string filter, IReadOnlyList<string> orders, int most);

    public abstract void Dispose();
}

internal sealed class StoredRuns : RunsOrigin
{
    private readonly IReadOnlyDictionary<string, string> _variables;
    private readonly ProjectStore _state;
    private readonly TrackingStore _store;
    private readonly Dictionary<long, string> _experiments;

    public StoredRuns(string root, Session session)
    {
        _variables = session.Surroundings.Variables;
        _state = ProjectStore.OpenExisting(root, session);
        _store = new TrackingStore(_state.Connect, new TrackingOptions("mlruns"), TimeProvider.System);
        _experiments = _store.Experiments.Search("", [], ViewType.ActiveOnly, 10_000, null).Items.ToDictionary(one => one.Id, one => one.Name);
    }

    public override IReadOnlyList<string> Experiments => [.. _experiments.Where(one => one.Key != 0).Select(one => one.Value)];

    public override string? ExperimentOf(string job) =>
        Project.Open(_state.Root, _variables).Runnables.FirstOrDefault(one => one.Name == job)?.Experiment is { } experiment && Experiments.Contains(experiment) ? experiment : null;

    public override bool IsMetric(string name) => _store.Search.IsMetric(name);

    public override (RunCollection, bool) Find(string? experiment, string filter, IReadOnlyList<string> orders, int most)
    {
        long[] among = [.. _experiments.Where(one => experiment is null || one.Value == experiment).Select(one => one.Key)];
        var runs = new List<Analysis.Run>();
        string? token = null;
        do
        {
            Page<Tracking.Run> page = _store.Search.Find(new RunQuery(among, filter, orders, Most: Math.Min(most - runs.Count, Rules.SearchPage), Token: token) { ComparesSettings = true });
            foreach (Tracking.Run run in page.Items)
                runs.Add(new Analysis.Run(new StoredRun(run, _experiments[run.Info.Experiment]) { PrefersFacts = true }));
            token = page.NextToken;
        }
        while (token is not null && runs.Count < most);
        return (new RunCollection(runs), token is not null);
    }

    public override void Dispose()
    {
        _store.DisposeAsync().AsTask().Wait();
        _state.Dispose();
    }
}

internal sealed class FolderRuns(RunCollection all) : RunsOrigin
{
    public override IReadOnlyList<string> Experiments { get; } = [.. all.Select(run => run.Experiment).Distinct().Order(StringComparer.Ordinal)];

    public override bool IsMetric(string name) => all.Any(run => run.Facts.Metrics.Any(metric => metric.Last.Key == name));

    public override (RunCollection, bool) Find(string? experiment, string filter, IReadOnlyList<string> orders, int most)
    {
        RunCollection runs = experiment is null ? all : all.Filter(run => run.Experiment == experiment);
        // As the store lists them: the newest first.
        RunCollection found = runs.Search(filter, [.. orders, "start_time DESC"]);
        return (found.Slice(0, Math.Min(most, found.Count)), found.Count > most);
    }

    public override void Dispose()
    {
    }
}
