using System.Collections.Immutable;
using Weft.Records;
using Weft.Sweeps;
using Weft.Tracking;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>
/// Makes the MLflow run of each task that ended: its parameters are the words of its point, its metrics the numbers among its results, its
/// labels the other results. Called within the transaction that records the end.
/// </summary>
internal sealed class RunRecorder(Database database, ExecutionRow execution, Plan plan, string user, string artifactRoot, TimeProvider clock)
{
    private readonly NodeRuns _runs = new(database, artifactRoot, clock);

    public void Record(NodeState state)
    {
        if (state.Attempt == 0 || state.Tally is not null || !state.Phase.IsTerminal || state.Phase is Phase.Reused)
            return;
        long ended = clock.GetUtcNow().ToUnixTimeMilliseconds();
        _runs.Record(new NodeRun(plan.Workflow, execution.Id, state.Path, NameOf(state.Path), StatusOf(state.Phase), (state.Started ?? state.Since).ToUnixTimeMilliseconds(), ended)
        {
            User = user,
            Params = ParamsOf(state.Path),
            Metrics = [.. Numbers(state.Outputs).Select(pair => new MetricPoint(pair.Key, pair.Value, ended, 0))],
            Labels = [.. state.Outputs.Where(pair => pair.Value is Value.Text).Select(pair => new Label(pair.Key, ((Value.Text)pair.Value).Content))],
        });
    }

    /// <summary>The address of the node, by which <c>weft logs</c> and <c>weft show</c> find it: <c>wet-mongoose-1/7</c>.</summary>
    private string NameOf(NodePath path) => $"{execution.Name}/{(IsOnlyNode(path) ? path.Index!.Value.ToString(System.Globalization.CultureInfo.InvariantCulture) : path.Text)}";

    private bool IsOnlyNode(NodePath path) => path.Index is not null && plan.Nodes.Length == 1 && path.Parent == plan.Nodes[0].Path;

    private ImmutableArray<Param> ParamsOf(NodePath path)
    {
        if (path.Index is not { } index || plan.Find(path.Parent)?.Node is not Node.Each { Over: Elements.Known known } || known.Space.PointAt(index) is not { } point)
            return [.. plan.Inputs.Select(pair => new Param(pair.Key, TextOf(pair.Value)))];
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (Word word in point.Words)
        {
            int equals = word.Text.IndexOf('=', StringComparison.Ordinal);
            values[equals < 0 ? word.Text : word.Text[..equals].TrimStart('-', '+')] = equals < 0 ? "" : word.Text[(equals + 1)..];
        }
        return [.. values.Where(pair => pair.Key.Length > 0).Select(pair => new Param(pair.Key, pair.Value))];
    }

    private static IEnumerable<KeyValuePair<string, double>> Numbers(ImmutableSortedDictionary<string, Value> outputs)
    {
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
                yield return new(name, found);
        }
    }

    private static string TextOf(Value value) => value is Value.Text text ? text.Content : CanonicalJson.Write(value);

    private static RunStatus StatusOf(Phase phase) => phase switch
    {
        Phase.Succeeded => RunStatus.Finished,
        Phase.Failed => RunStatus.Failed,
        _ => RunStatus.Killed,
    };
}
