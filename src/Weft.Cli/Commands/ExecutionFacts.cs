using System.Globalization;
using System.Text;
using Weft.Cli.Terminal;
using Weft.Execution;
using Weft.Records;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Cli.Commands;

/// <summary>What is shown of an execution, a node or a point: facts by name, and the nodes of an execution as a table.</summary>
internal sealed class ExecutionFacts
{
    /// <summary>A screen and a half; the rest is counted.</summary>
    private const int MostNodes = 60;

    private readonly List<(string Name, string Value)> _facts = [];
    private readonly List<(string Node, string State, string Took)> _nodes = [];
    private int _more;

    private ExecutionFacts()
    {
    }

    public static ExecutionFacts Of(ProjectStore store, ExecutionRow row, Session session)
    {
        string? owner = row.Ended is null ? store.Executions.OwnerOf(row) : null;
        ExecutionProgress progress = ProcessesCommand.ProgressOf(store, row);
        var shown = new ExecutionFacts();
        shown.Add("execution", row.Name);
        shown.Add("id", row.Id.Value);
        shown.Add("of", row.Definition);
        shown.Add("state", ProcessesCommand.State(row, owner));
        shown.Add("points", $"{progress.Done} done, {progress.Failed} failed, {progress.Other} not run, {progress.Total} in all{(progress.Runs == progress.Total ? "" : $" ({progress.RunsDone} of {progress.Runs} runs)")}");
        shown.Add("started", Amounts.Instant(row.Created, store.Clock));
        if (row.Ended is { } ended)
            shown.Add("took", Amounts.Duration(ended - row.Created));
        if (owner is not null)
            shown.Add("owner", owner);
        if (row.StopAsked is { } by)
            shown.Add("stopped by", by);
        shown.Add("plan", row.Plan.Short);
        if (row.Snapshot is { Length: >= 12 } snapshot)
            shown.Add("code", snapshot[..12]);
        shown.Add("folder", Path.GetRelativePath(session.Surroundings.WorkingFolder, store.Place.FolderOf(row.Id).Root));
        shown.AddNodes(store, row);
        return shown;
    }

    public static ExecutionFacts OfNode(ProjectStore store, ExecutionRow row, NodePath path, Session session)
    {
        NodeRow? node = store.Records.FindNode(row.Id, path);
        NodeState? state = node is null ? null : StateRows.FromRow(node, null);
        var shown = new ExecutionFacts();
        shown.Add("node", $"{row.Name}/{path}");
        shown.Add("state", state is null ? "not reached" : StateOf(state));
        if (path.Index is { } index && store.PlanOf(row).Find(path.Parent)?.Node is Node.Each { Over: Sweeps.Elements.Known known } && known.Space.PointAt(index) is { } point)
            shown.Add("words", string.Join(' ', point.Words.Select(word => word.Text)));
        foreach ((string name, Value value) in state?.Outputs ?? Value.NoEntries)
            shown.Add($"result {name}", Brief(value));
        foreach (AttemptRow attempt in store.Records.Attempts(row.Id, path))
        {
            shown.Add(string.Create(CultureInfo.InvariantCulture, $"attempt {attempt.Id.Number}"), string.Join(' ', new[] { attempt.State.ToLowerInvariant(), attempt.End?.Reason, TookOf(attempt) }.Where(part => part is { Length: > 0 })));
            shown.Add("log", Path.GetRelativePath(session.Surroundings.WorkingFolder, store.Executions.LogOf(attempt.Id)));
        }
        return shown;
    }

    public void Print(Session session)
    {
        if (session.Json)
        {
            session.WriteJson(json =>
            {
                json.WriteStartObject();
                foreach ((string name, string value) in _facts)
                    json.WriteString(name, value);
                if (_nodes.Count > 0)
                {
                    json.WriteStartArray("nodes");
                    foreach ((string node, string state, string took) in _nodes)
                    {
                        json.WriteStartObject();
                        json.WriteString("node", node);
                        json.WriteString("state", state);
                        if (took.Length > 0)
                            json.WriteString("took", took);
                        json.WriteEndObject();
                    }
                    json.WriteEndArray();
                }
                json.WriteEndObject();
            });
            return;
        }
        int width = _facts.Max(fact => fact.Name.Length);
        foreach ((string name, string value) in _facts)
            session.Out.WriteLine($"{name.PadRight(width)}  {value}");
        if (_nodes.Count == 0)
            return;
        var table = new Table("NODE", "STATE", "TOOK");
        foreach ((string node, string state, string took) in _nodes)
            table.Add(node, state, took);
        session.Out.WriteLine();
        table.Print(session.Out, session.Surroundings.OutputIsTerminal ? session.Surroundings.Width : null, session.ColorsOut);
        if (_more > 0)
            session.Out.WriteLine($"and {Amounts.Count(_more, "node")} more");
    }

    private void Add(string name, string value) => _facts.Add((name, value));

    private void AddNodes(ProjectStore store, ExecutionRow row)
    {
        foreach (PlanNode node in store.PlanOf(row).Nodes)
        {
            if (_nodes.Count == MostNodes)
            {
                _more++;
                continue;
            }
            NodeRow? found = store.Records.FindNode(row.Id, node.Path);
            string took = store.Records.Attempts(row.Id, node.Path) is [.., var last] ? TookOf(last) : "";
            _nodes.Add((node.Path.Text, found is null ? "waiting" : StateOf(StateRows.FromRow(found, null)), took));
        }
    }

    /// <summary>The phase, and of what holds others their count.</summary>
    private static string StateOf(NodeState state)
    {
        string phase = state.Phase.ToString().ToLowerInvariant();
        if (state.Tally is not { } tally)
            return phase;
        var text = new StringBuilder(phase);
        string done = tally.Reused > 0 ? $"done ({tally.Reused:N0} reused)" : "done";
        foreach ((long number, string what) in (ReadOnlySpan<(long, string)>)[(tally.Succeeded, done), (tally.Failed, "failed"), (tally.Open, "open"), (tally.Skipped, "skipped"), (tally.Blocked, "blocked"), (tally.Cancelled, "cancelled")])
        {
            if (number > 0)
                text.Append(CultureInfo.InvariantCulture, $"{(text.Length == phase.Length ? ": " : ", ")}{number:N0} {what}");
        }
        return text.ToString();
    }

    /// <summary>A value on one line: files by size and digest, lists by their length.</summary>
    private static string Brief(Value value) => value switch
    {
        Value.Blob blob => $"{(blob.Kind == BlobKind.Folder ? "folder" : "file")} of {new ByteSize(blob.Size)} ({blob.Digest.Short})",
        Value.Text text => text.Content,
        Value.List list => Amounts.Count(list.Items.Length, "value"),
        Value.Map map => string.Join(", ", map.Entries.Select(entry => $"{entry.Key}: {(entry.Value is Value.Map inner ? $"{{{Brief(inner)}}}" : Brief(entry.Value))}")),
        _ => CanonicalJson.Write(value),
    };

    private static string TookOf(AttemptRow attempt) => attempt is { Started: { } started, Ended: { } ended } ? Amounts.Duration(ended - started) : "";
}
