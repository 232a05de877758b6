using Weft.Records;
using Weft.Values;

namespace Weft.Execution;

/// <summary>A file or folder that a node gave.</summary>
internal readonly record struct StoredOutput(NodePath Node, string Name, Value.Blob Blob)
{
    /// <summary>The name it gets where nobody says another: with the ending that the program gave it.</summary>
    public string FileName => Name + Tasks.Staged.EndingOf(Blob);

    public string KindName => Blob.Kind == BlobKind.Folder ? "folder" : "file";
}

/// <summary>What the nodes of an execution have given so far.</summary>
internal static class StoredOutputs
{
    /// <summary>The files and folders of one node with its points, or of all nodes.</summary>
    public static IReadOnlyList<StoredOutput> Of(ExecutionRecords records, ExecutionRow execution, NodePath? node)
    {
        var found = new List<StoredOutput>();
        records.ReadNodes(execution.Id, row =>
        {
            if (row.Outputs is null || row.Tally is not null || (node is { } wanted && wanted != row.Path && wanted != row.Path.Parent))
                return;
            foreach ((string name, Value value) in StateRows.ReadValues(row.Outputs))
            {
                if (value is Value.Blob blob)
                    found.Add(new StoredOutput(row.Path, name, blob));
            }
        });
        return found;
    }
}
