using System.Collections.Immutable;
using System.Text.Json;
using Weft.Support;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Conformance.Areas;

/// <summary>One recorded execution: played with pretended tasks, then compared with what was recorded.</summary>
internal sealed class FlyteExecution
{
    private readonly JsonElement _case;
    private readonly FlyteGraph _graph;
    private readonly JsonElement _given;
    private readonly JsonElement _expect;
    private readonly Dictionary<string, ImmutableSortedDictionary<string, Value>> _cache;
    private readonly Dictionary<string, int> _runs = [];
    private readonly Dictionary<string, string> _met = [];
    private readonly Dictionary<NodePath, NodeState> _inner = [];
    private readonly List<string> _problems = [];

    public FlyteExecution(JsonElement one, FlyteGraph graph, JsonElement execution, Dictionary<string, ImmutableSortedDictionary<string, Value>> cache)
    {
        _case = one;
        _graph = graph;
        _given = execution.GetProperty("given");
        _expect = execution.GetProperty("expect");
        _cache = cache;
    }

    private CacheMode Mode => _given.TryGetProperty("cacheMode", out JsonElement mode) ? Enum.Parse<CacheMode>(mode.GetString()!, ignoreCase: true) : CacheMode.Enabled;

    public CaseResult Judge(string name)
    {
        ImmutableSortedDictionary<string, Port> ports = _graph.Closure.Workflows["main"].In;
        var inputs = Value.NoEntries.AddRange(_given.GetProperty("inputs").EnumerateObject()
            .Select(input => KeyValuePair.Create(input.Name, FlyteOperations.Typed(CanonicalJson.Read(input.Value), ports[input.Name].Type))));
        InProcess play = Start("main", inputs, NodePath.Root);
        NodeState end = play.Play();
        Note(play, NodePath.Root);
        ComparePhase(end);
        if (_runs.Keys.Order().Select(path => $"{path}={_runs[path]}").ToList() is var runs)
            Same("runs", string.Join(' ', Object("runs").OrderBy(run => run.Name).Select(run => $"{run.Name}={run.Value.GetInt32()}")), string.Join(' ', runs));
        if (_expect.TryGetProperty("cache", out _))
            Same("cache", string.Join(' ', Object("cache").OrderBy(one => one.Name).Select(one => $"{one.Name}={one.Value.GetString()}")), string.Join(' ', _met.OrderBy(one => one.Key).Select(one => $"{one.Key}={one.Value}")));
        if (_expect.TryGetProperty("skipped", out JsonElement skipped))
            CompareSkipped(skipped);
        foreach (JsonProperty status in Object("status"))
            CompareStatus(status.Name, status.Value.GetString()!);
        if (_expect.TryGetProperty("failureNodeRan", out JsonElement ran))
            Same("failureNodeRan", ran.GetBoolean().ToString(), (play.Runs.GetValueOrDefault(new NodePath(FlyteGraph.Handler)) > 0).ToString());
        CompareOrder(play);
        CheckLaw(play, end);
        return new CaseResult(name, _problems.Count == 0 ? Verdict.Passed : Verdict.Failed, string.Join("; ", _problems));
    }

    private InProcess Start(string workflow, ImmutableSortedDictionary<string, Value> inputs, NodePath prefix)
    {
        var problems = new Diagnostics();
        Facts facts = FactsNow(prefix);
        Plan plan = Planner.Plan(_graph.Closure, workflow, inputs, facts, problems) ?? throw new DiagnosticException(problems);
        // What is played is what was written and read back.
        plan = PlanJson.Read(PlanJson.Write(plan));
        return new InProcess(plan, call => Attempt(call, prefix), () => facts)
        {
            Store = (key, outputs) => _cache[key] = outputs,
            Launch = (path, launch) =>
            {
                NodePath inner = Under(prefix, path);
                InProcess own = Start(plan.Closure.LaunchPlans[launch.LaunchPlan].Workflow, launch.Inputs, inner);
                NodeState end = own.Play();
                Note(own, inner);
                return (end.End!, end.Outputs);
            },
        };
    }

    private Facts FactsNow(NodePath prefix) => new(new ExecutionId("01JDXQ3M5Z8W4T6R2N9P7K1V0B"), DateTimeOffset.UnixEpoch)
    {
        CacheMode = Mode,
        Cache = key => _cache.TryGetValue(key, out ImmutableSortedDictionary<string, Value>? outputs) ? new CacheAnswer.Hit(outputs) : CacheAnswer.Nothing,
        Signals = path => _given.TryGetProperty("signals", out JsonElement signals) && signals.TryGetProperty(Under(prefix, path).Text, out JsonElement signal)
            ? new Signal(CanonicalJson.Read(signal), "someone", DateTimeOffset.UnixEpoch)
            : null,
    };

    private (Outcome, ImmutableSortedDictionary<string, Value>) Attempt(Invocation call, NodePath prefix)
    {
        if (_given.TryGetProperty("failTimes", out JsonElement times)
            && (times.TryGetProperty(Under(prefix, call.Path).Text, out JsonElement number) || times.TryGetProperty(call.Task, out number))
            && call.Id.Number <= number.GetInt32())
        {
            return (new Outcome.Failed(ErrorClass.User, "task/exit", "told to fail"), Value.NoEntries);
        }
        try
        {
            return (new Outcome.Succeeded(), FlyteOperations.Run(_case.GetProperty("tasks").GetProperty(call.Task), call.Inputs));
        }
        catch (ArithmeticException problem)
        {
            return (new Outcome.Failed(ErrorClass.User, "task/exit", problem.Message), Value.NoEntries);
        }
    }

    private void Note(InProcess play, NodePath prefix)
    {
        foreach ((NodePath path, int runs) in play.Runs.Where(run => run.Key.Text != FlyteGraph.Handler))
            _runs[Under(prefix, path).Text] = runs;
        foreach ((NodePath path, string met) in play.Cache)
            _met[Under(prefix, path).Text] = met;
        foreach ((NodePath path, NodeState state) in play.Frontier.States)
            _inner[Under(prefix, path)] = state;
    }

    private void ComparePhase(NodeState end)
    {
        Same("phase", _expect.GetProperty("phase").GetString()!, end.Phase == Phase.Succeeded ? "SUCCEEDED" : "FAILED");
        if (end.Phase == Phase.Succeeded && _expect.TryGetProperty("outputs", out JsonElement outputs))
            Same("outputs", CanonicalJson.Write(CanonicalJson.Read(outputs)), CanonicalJson.Write(new Value.Map(end.Outputs)));
        if (end.End is not Outcome.Failed { Cause: { } cause })
            return;
        // The vectors name the node of the main workflow in which it happened, or the very node.
        if (_expect.TryGetProperty("failedNode", out JsonElement failed) && !Above(failed.GetString()!, cause.Path.Text))
            Same("failedNode", failed.GetString()!, cause.Path.Text);
        if (_expect.TryGetProperty("reason", out JsonElement reason))
            Same("reason", reason.GetString()!, FlyteWorkflows.ReasonOf(cause.Code) ?? cause.Code);
    }

    private static bool Above(string node, string path) => path == node || path.StartsWith(node + "/", StringComparison.Ordinal) || path.StartsWith(node + "[", StringComparison.Ordinal);

    /// <summary>The arms not taken; the handler and the arm that fails are no branches.</summary>
    private void CompareSkipped(JsonElement expected) => Same(
        "skipped",
        string.Join(' ', expected.EnumerateArray().Select(one => one.GetString()!).Order()),
        string.Join(' ', _inner.Values.Where(state => state.Phase == Phase.Skipped && !state.Path.Text.EndsWith("/fail", StringComparison.Ordinal)).Select(state => state.Path.Text).Where(path => path.Contains("/case", StringComparison.Ordinal) || path.EndsWith("/else", StringComparison.Ordinal)).Order()));

    private void CompareStatus(string node, string expected)
    {
        Phase[] phases = [.. _inner.Where(state => state.Key.Text == node || (state.Key.Text.StartsWith(node + "/", StringComparison.Ordinal) && !_inner.ContainsKey(new NodePath(node)))).Select(state => state.Value.Phase)];
        string ours = phases.Contains(Phase.Failed) ? "FAILED"
            : phases.Any(phase => phase.HasOutputs) ? "SUCCEEDED"
            : phases.Contains(Phase.Cancelled) ? "ABORTED"
            : phases.Any(phase => phase is Phase.Skipped or Phase.Blocked) ? "SKIPPED" : "NOT_STARTED";
        if (expected == "NOT_STARTED_OR_ABORTED" && ours is "ABORTED" or "SKIPPED" or "NOT_STARTED")
            return;
        Same($"status of {node}", expected, ours);
    }

    private void CompareOrder(InProcess play)
    {
        foreach ((string first, string second) in FlyteWorkflows.Pairs(_case.GetProperty("expect").GetProperty("mustPrecede")))
        {
            int end = play.Trace.FindLastIndex(one => one.IsEnd && FlyteWorkflows.Collapse(one.Path.Text) == first);
            int start = play.Trace.FindIndex(one => !one.IsEnd && FlyteWorkflows.Collapse(one.Path.Text) == second);
            if (start >= 0 && (end < 0 || end > start))
                _problems.Add($"{first} must have ended before {second} starts");
        }
    }

    /// <summary>What is forecast to run is executed when nothing fails, and nothing is executed that was not forecast to run or to depend.</summary>
    private void CheckLaw(InProcess play, NodeState end)
    {
        foreach (PlanNode node in play.Plan.Nodes)
        {
            NodeState? state = play.Frontier.State(node.Path);
            bool isExecuted = play.Trace.Contains((node.Path, false)) && state?.Phase != Phase.Reused;
            if (node.Forecast is Forecast.Run && end.Phase == Phase.Succeeded && !isExecuted && node.Node is not Node.Gate)
                _problems.Add($"{node.Path} was to run and did not");
            if (node.Forecast is Forecast.Reuse or Forecast.Skip && isExecuted)
                _problems.Add($"{node.Path} was not to run and did");
        }
    }

    private IEnumerable<JsonProperty> Object(string name) => _expect.TryGetProperty(name, out JsonElement value) ? value.EnumerateObject() : [];

    private void Same(string what, string expected, string ours)
    {
        if (expected != ours)
            _problems.Add($"{what}: expected `{expected}`, ours `{ours}`");
    }

    private static NodePath Under(NodePath prefix, NodePath path) => path.IsRoot ? prefix : prefix.IsRoot ? path : prefix.Child(path.Text);
}
