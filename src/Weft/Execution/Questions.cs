using Weft.Records;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>The approvals that an execution waits for.</summary>
internal static class Questions
{
    /// <summary>Those that nobody has answered yet.</summary>
    public static IReadOnlyList<NodePath> Open(ExecutionRecords records, ExecutionRow execution, Plan plan)
    {
        var open = new List<NodePath>();
        records.ReadNodes(execution.Id, node =>
        {
            if (node.Phase == nameof(Phase.Running) && plan.Find(node.Path)?.Node is Node.Gate { Kind: GateKind.Approve })
                open.Add(node.Path);
        });
        return open;
    }

    /// <summary>The question that is meant: the node itself, or the one before it. Null when neither asks anything.</summary>
    public static NodePath? Of(Plan plan, NodePath path)
    {
        if (plan.Find(path)?.Node is Node.Gate)
            return path;
        NodePath before = path.Child("approve");
        return plan.Find(before)?.Node is Node.Gate ? before : null;
    }
}
