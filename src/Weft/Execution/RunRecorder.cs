using System.Collections.Immutable;
using Weft.Analysis;
using Weft.Records;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Tracking;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <param name="User">Who runs the execution.</param>
/// <param name="ProjectFolder">Where tasks run that have no folder of their own.</param>
/// <param name="ArtifactRoot">Where artifacts of new experiments go.</param>
internal sealed record RecordedBy(string User, string ProjectFolder, string ArtifactRoot);

/// <summary>
/// Makes the MLflow run of each task that ended: its parameters are the words of its point, its metrics the numbers among its results, its
/// labels the other results. Of a Hydra application that logs nothing itself, every job is a run with its composed configuration, and
/// Hydra's files are among its artifacts.
/// </summary>
internal sealed class RunRecorder(Database database, ExecutionRow execution, Plan plan, RecordedBy by, TimeProvider clock)
{
    /// <summary>File systems count time in ticks: a file may seem a little older than the moment before it was made.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(50);

    /// <summary>Settings by which a run of the same configuration is looked for; those that a job's words set come first.</summary>
    private const int MostCompared = 200;

    private readonly NodeRuns _runs = new(database, by.ArtifactRoot, by.ProjectFolder, clock);
    private readonly Dictionary<NodePath, ImmutableArray<HydraJob>> _jobs = [];
    private readonly Dictionary<NodePath, EndedAttempt> _last = [];

    /// <summary>Before the transaction that records the end: finds what Hydra wrote, which may take its time.</summary>
    /// <param name="workingFolder">Where the program ran.</param>
    /// <param name="log">What it wrote.</param>
    public void Look(EndedAttempt end, Invocation call, string workingFolder, string log)
    {
        _last[end.Id.Path] = end;
        DateTimeOffset since = end.Started - Tick;
        ImmutableArray<HydraJob> jobs = HydraOutputs.Find(call.Body, workingFolder, since);
        if (!jobs.IsEmpty)
            _jobs[end.Id.Path] = HydraOutcomes.Decide(jobs, since, StatusOf(end.Outcome), HydraOutcomes.ReadFailures(log));
    }

    /// <summary>Within the transaction that records the end.</summary>
    public void Record(NodeState state)
    {
        if (!IsRecorded(state))
            return;
        long ended = clock.GetUtcNow().ToUnixTimeMilliseconds();
        _last.Remove(state.Path, out EndedAttempt? last);
        // Of a task that failed nothing can be used by others, but what it reported before says how far it came.
        ImmutableSortedDictionary<string, Value> results = state.Phase.HasOutputs ? state.Outputs : last?.Results ?? Value.NoEntries;
        var run = new NodeRun(plan.ExperimentOf(state.Path), execution.Id, state.Path, NameOf(state.Path), StatusOf(state.Phase), (state.Started ?? state.Since).ToUnixTimeMilliseconds(), ended)
        {
            User = by.User,
            LastStarted = last?.Started.ToUnixTimeMilliseconds() ?? 0,
            Params = ParamsOf(state.Path),
            Metrics = MetricsOf(results, ended),
            Labels = LabelsOf(results),
        };
        ImmutableArray<HydraJob> jobs = _jobs.Remove(state.Path, out ImmutableArray<HydraJob> found) ? found : [];
        if (!jobs.IsEmpty && !_runs.HasOthers(run))
            RecordJobs(run, jobs);
        else if (!_runs.Record(run))
            CompleteOthers(_runs.Others(run), jobs);
    }

    private static bool IsRecorded(NodeState state) => state.Attempt > 0 && state.Tally is null && state.Phase.IsTerminal && state.Phase is not Phase.Reused;

    /// <summary>
    /// A run for each job. The command itself is a run beside them only if it has results; with one job it is that job.
    /// </summary>
    private void RecordJobs(NodeRun command, ImmutableArray<HydraJob> jobs)
    {
        jobs = [.. jobs.Where(job => !IsSkipped(command, job))];
        if (jobs is [var only])
        {
            _runs.Record(command with { Params = Merged(only, command.Params) }, only.CopyTo);
            return;
        }
        if (!command.Metrics.IsEmpty || !command.Labels.IsEmpty)
            _runs.Record(command);
        foreach (HydraJob job in jobs)
        {
            if (job.Status is not { } status)
                continue;
            long started = job.Started.ToUnixTimeMilliseconds();
            long ended = Math.Max(started, Math.Min(command.Ended, job.Ended?.ToUnixTimeMilliseconds() ?? command.Ended));
            _runs.Record(command with { Job = job.Name, Status = status, Started = started, Ended = ended, Params = Merged(job, []), Metrics = [], Labels = [] }, job.CopyTo);
        }
    }

    /// <summary>Whether the program found that it had done this job before, and made no run of it: that run says all there is to say.</summary>
    private bool IsSkipped(NodeRun command, HydraJob job)
    {
        ImmutableArray<Param> settings = ParamsOf(job.Settings);
        // What its words set is shared by the fewest.
        string[] set = [.. job.Overrides.Select(word => word.Split('=')[0].TrimStart('+'))];
        return !settings.IsEmpty && _runs.HasFinished(command.Experiment, [.. settings.OrderByDescending(setting => set.Contains(setting.Key)).Take(MostCompared)]);
    }

    /// <summary>
    /// Runs that the program made itself get the settings that it did not log: of the configuration that is among their artifacts, or of the only job when there
    /// is one run of one job.
    /// </summary>
    private void CompleteOthers(IReadOnlyList<RunInfo> others, ImmutableArray<HydraJob> jobs)
    {
        foreach (RunInfo other in others)
        {
            if (_runs.FolderOf(other) is not { } artifacts)
                continue;
            if (HydraOutputs.ReadAt(artifacts) is { } own)
            {
                _runs.AddParams(other, ParamsOf(own.Settings));
            }
            else if (others.Count == 1 && jobs is [var only])
            {
                only.CopyTo(artifacts);
                _runs.AddParams(other, ParamsOf(only.Settings));
            }
        }
    }

    /// <summary>The leaves of a configuration as params: <c>optimizer.lr</c>, and its value as Python writes it.</summary>
    private static ImmutableArray<Param> ParamsOf(ImmutableArray<Leaf> settings) =>
        [.. settings.Where(leaf => !leaf.IsEmptyMap).Select(leaf => new Param(leaf.Path, Rules.Fit(ConfigFields.TextOf(leaf.Value), Rules.ParamLength, leaf.Path, truncates: true)))];

    /// <summary>The settings of a job, and the words that set none.</summary>
    private static ImmutableArray<Param> Merged(HydraJob job, ImmutableArray<Param> words)
    {
        ImmutableArray<Param> settings = ParamsOf(job.Settings);
        return [.. settings, .. words.Where(word => !settings.Any(setting => setting.Key == word.Key))];
    }

    /// <summary>The last values of the metrics that the program of a node logged to runs of its own.</summary>
    public ImmutableSortedDictionary<string, Value> LastMetrics(NodePath path) => _runs.LastMetrics(execution.Id, path);

    /// <summary>The address of the node, by which <c>weft logs</c> and <c>weft show</c> find it: <c>wet-mongoose-1/7</c>.</summary>
    private string NameOf(NodePath path) => $"{execution.Name}/{(IsOnlyNode(path) ? path.Index!.Value.ToString(System.Globalization.CultureInfo.InvariantCulture) : path.Text)}";

    private bool IsOnlyNode(NodePath path) => path.Index is not null && plan.Nodes.Length == 1 && path.Parent == plan.Nodes[0].Path;

    private ImmutableArray<Param> ParamsOf(NodePath path)
    {
        if (path.Index is not { } index || plan.Find(path.Parent)?.Node is not Node.Each { Over: Elements.Known known } || known.Space.PointAt(index) is not { } point)
            return InputsOf(plan);
        var values = new Dictionary<string, string>(point.Words.Length, StringComparer.Ordinal);
        foreach (Word word in point.Words)
        {
            int equals = word.Text.IndexOf('=', StringComparison.Ordinal);
            values[equals < 0 ? word.Text : word.Text[..equals].TrimStart('-', '+')] = equals < 0 ? "" : word.Text[(equals + 1)..];
        }
        var parameters = ImmutableArray.CreateBuilder<Param>(values.Count);
        foreach ((string name, string value) in values)
        {
            if (name.Length > 0)
                parameters.Add(new Param(name, value));
        }
        return parameters.DrainToImmutable();
    }

    private static ImmutableArray<Param> InputsOf(Plan plan)
    {
        var parameters = ImmutableArray.CreateBuilder<Param>(plan.Inputs.Count);
        foreach ((string name, Value value) in plan.Inputs)
            parameters.Add(new Param(name, TextOf(value)));
        return parameters.DrainToImmutable();
    }

    private static ImmutableArray<MetricPoint> MetricsOf(ImmutableSortedDictionary<string, Value> outputs, long ended)
    {
        var metrics = ImmutableArray.CreateBuilder<MetricPoint>();
        foreach ((string name, Value value) in outputs)
        {
            double? number = value switch
            {
                Value.Int i => (double)i.Number,
                Value.Float f => f.Number,
                Value.Bool b => b.Is ? 1 : 0,
                _ => null,
            };
            if (number is { } found)
                metrics.Add(new MetricPoint(name, found, ended, 0));
        }
        return metrics.DrainToImmutable();
    }

    private static ImmutableArray<Label> LabelsOf(ImmutableSortedDictionary<string, Value> outputs)
    {
        var labels = ImmutableArray.CreateBuilder<Label>();
        foreach ((string name, Value value) in outputs)
        {
            if (value is Value.Text text)
                labels.Add(new Label(name, text.Content));
        }
        return labels.DrainToImmutable();
    }

    private static string TextOf(Value value) => value is Value.Text text ? text.Content : CanonicalJson.Write(value);

    private static RunStatus StatusOf(Outcome outcome) => outcome switch
    {
        Outcome.Succeeded => RunStatus.Finished,
        Outcome.Failed => RunStatus.Failed,
        _ => RunStatus.Killed,
    };

    private static RunStatus StatusOf(Phase phase) => phase switch
    {
        Phase.Succeeded => RunStatus.Finished,
        Phase.Failed => RunStatus.Failed,
        _ => RunStatus.Killed,
    };
}
