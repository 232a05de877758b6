using Weft.Values;

namespace Weft.Workflows;

/// <summary>
/// Decides what is to be done about one node. It is pure: the same plan, states and facts give the same step, on the submitter's machine and
/// on a node of a cluster.
/// </summary>
public static class Decision
{
    /// <param name="path">A node, an element of an <see cref="Node.Each"/>, or <see cref="NodePath.Root"/> for the execution itself.</param>
    /// <param name="states">What is known of any path; null when nothing has happened there.</param>
    public static Step Decide(Plan plan, NodePath path, Func<NodePath, NodeState?> states, Facts facts)
    {
        NodeState state = states(path) ?? new NodeState(path, Phase.Waiting);
        if (state.Phase.IsTerminal)
            return new Step.Wait();
        return facts.StopAskedBy is { } by ? new Step.Cancel(by) : new Step.Wait();
    }
}
