using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>
/// Keeps workflows to their own number of tasks at a time (<see cref="WorkflowDefinition.Parallel"/>): a task counts in its own workflow and in those around it.
/// What finds one of them full is put aside, without holding up others, until a task there has ended.
/// </summary>
internal sealed class WorkflowLimits(Plan plan)
{
    private readonly Dictionary<NodePath, int> _running = [];
    private readonly Dictionary<NodePath, Queue<NodePath>> _aside = [];

    /// <summary>True when the place may start a task, or take another element of its sweep; else it is put aside.</summary>
    public bool MayStart(NodePath path)
    {
        foreach ((NodePath scope, int limit) in LimitsOf(path))
        {
            if (_running.GetValueOrDefault(scope) < limit)
                continue;
            if (!_aside.TryGetValue(scope, out Queue<NodePath>? waiting))
                _aside[scope] = waiting = new Queue<NodePath>();
            waiting.Enqueue(path);
            return false;
        }
        return true;
    }

    public void Started(NodePath path)
    {
        foreach ((NodePath scope, _) in LimitsOf(path))
            _running[scope] = _running.GetValueOrDefault(scope) + 1;
    }

    public void Ended(NodePath path)
    {
        foreach ((NodePath scope, _) in LimitsOf(path))
        {
            if (--_running[scope] == 0)
                _running.Remove(scope);
        }
    }

    /// <summary>Hands back what may be decided again: of each workflow as many places as have room. What they turn out not to need is the next one's.</summary>
    public bool TryRelease(Action<NodePath> decideAgain)
    {
        bool any = false;
        foreach ((NodePath scope, Queue<NodePath> waiting) in _aside)
        {
            int room = plan.WorkflowAt(scope)!.Parallel!.Value - _running.GetValueOrDefault(scope);
            for (; room > 0 && waiting.TryDequeue(out NodePath path); room--)
            {
                decideAgain(path);
                any = true;
            }
            if (waiting.Count == 0)
                _aside.Remove(scope);
        }
        return any;
    }

    /// <summary>The limited scopes around a place, the innermost first.</summary>
    private IEnumerable<(NodePath Scope, int Limit)> LimitsOf(NodePath path)
    {
        for (NodePath? scope = ScopeOf(path); scope is { } around; scope = ScopeOf(around))
        {
            if (plan.WorkflowAt(around)?.Parallel is { } limit)
                yield return (around, limit);
        }
    }

    /// <summary>The scope in which a node, or the sweep of an element, stands; null of the execution itself.</summary>
    private NodePath? ScopeOf(NodePath path) => path.IsRoot ? null : (plan.Find(path) ?? plan.Find(path.Parent))?.Scope;
}
