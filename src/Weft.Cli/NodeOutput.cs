using Weft.Execution;
using Weft.Storage;
using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Cli;

/// <summary>A file or folder that a node has given, or is making.</summary>
internal abstract record NodeOutput(NodePath Path, string Name)
{
    /// <summary>Known by its content, which does not change.</summary>
    /// <param name="Blobs">The store that has it.</param>
    internal sealed record Stored(NodePath Path, string Name, Value.Blob Blob, BlobStore Blobs) : NodeOutput(Path, Name);

    /// <summary>Of an attempt that runs, or ended without success: a file or folder of its own, as far as it came.</summary>
    internal sealed record SoFar(NodePath Path, string Name, string Place) : NodeOutput(Path, Name);

    /// <summary>Those of a node, or of every node of an execution.</summary>
    public static IReadOnlyList<NodeOutput> Of(ProjectStore store, Address address, Session session)
    {
        Plan plan = store.PlanOf(address.Execution);
        BlobStore blobs = store.BlobsOf(plan, session.Surroundings);
        var states = new Dictionary<NodePath, NodeState>();
        store.Records.ReadNodes(address.Execution.Id, row => states[row.Path] = StateRows.FromRow(row, last: null));
        RunFolder folder = store.Place.FolderOf(address.Execution.Id);
        Facts facts = new ProjectFiles(store.Root, new FileHashes(null, store.Clock)).AddTo(new Facts(address.Execution.Id, store.Clock.GetUtcNow())) with { CacheMode = CacheMode.Disabled, Folder = folder.Work };
        var found = new List<NodeOutput>();
        foreach (NodeState state in states.Values.Where(state => state.Tally is null && address.Covers(state.Path)))
        {
            foreach ((string name, Value value) in state.Outputs)
            {
                if (value is Value.Blob blob)
                    found.Add(new Stored(state.Path, name, blob, blobs));
            }
            if (state is { Phase.HasOutputs: false, Attempt: > 0 } && Decision.StartOf(plan, new AttemptId(address.Execution.Id, state.Path, state.Attempt), states.GetValueOrDefault, facts) is { } start)
                found.AddRange(Made(start.Invocation));
        }
        return found;
    }

    private static IEnumerable<NodeOutput> Made(Invocation call)
    {
        foreach (Declared output in call.Outputs)
        {
            if (output.Path is { } place && System.IO.Path.Exists(place))
                yield return new SoFar(call.Path, output.Name, place);
        }
    }
}
