using System.Globalization;
using Weft.Records;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>
/// What people write behind the name of an execution: <c>train</c> a node, <c>7</c> a point of the only sweep, <c>train/7</c> or <c>train[7]</c> a point of that one.
/// </summary>
internal static class NodeAddress
{
    /// <summary>The node that is meant, touched or not; null when the execution has no such node.</summary>
    public static NodePath? Find(ExecutionRecords records, ExecutionRow execution, Plan plan, string text)
    {
        var sweeps = plan.Nodes.Where(node => node.Node is Node.Each).ToList();
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long index) && sweeps.Count == 1)
            return sweeps[0].Path.Element(index);
        int slash = text.LastIndexOf('/');
        if (slash > 0 && long.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out long number) && plan.Find(new NodePath(text[..slash]))?.Node is Node.Each)
            text = $"{text[..slash]}[{number.ToString(CultureInfo.InvariantCulture)}]";
        var path = new NodePath(text);
        if (plan.Find(path) is not null || records.FindNode(execution.Id, path) is not null)
            return path;
        return path.Index is { } element && plan.Find(path.Parent)?.Node is Node.Each { Over: Sweeps.Elements.Known known } && element < known.Space.Size ? path : null;
    }
}
