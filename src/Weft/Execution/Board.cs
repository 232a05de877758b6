using System.Collections.Immutable;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Execution;

/// <summary>Decides about one node; <see cref="Decision.Decide"/>, or a table in a test.</summary>
internal delegate Step Decider(Plan plan, NodePath path, Func<NodePath, NodeState?> states, Facts facts);

/// <summary>
/// What is known of an execution while it runs, and what has to be decided next: it asks <see cref="Decision.Decide"/> about every node that
/// something happened to, applies each step to the states and hands out what must be done in the world. No I/O, no clock.
/// Elements of a sweep are taken one by one as there is room to run them, and forgotten when they have ended: memory does not grow with a sweep.
/// </summary>
internal sealed class Board
{
    private readonly Plan _plan;
    private readonly Decider _decide;
    private readonly Func<NodePath, NodeState?> _recorded;
    private readonly Dictionary<NodePath, NodeState> _states = [];
    private readonly Dictionary<NodePath, ImmutableArray<PlanNode>> _scopes = [];
    private readonly Queue<NodePath> _queue = [];
    private readonly HashSet<NodePath> _queued = [];
    private readonly Dictionary<NodePath, DateTimeOffset> _timers = [];
    private readonly List<NodePath> _sweeps = [];
    private readonly LinkedList<Step.Start> _held = [];
    private readonly HashSet<NodePath> _heldPaths = [];
    private readonly HashSet<NodePath> _touched = [];

    /// <param name="recorded">Finds the state of a node that has ended and was forgotten; null when nothing has happened there.</param>
    public Board(Plan plan, Decider decide, Func<NodePath, NodeState?> recorded)
    {
        _plan = plan;
        _decide = decide;
        _recorded = recorded;
        foreach (IGrouping<NodePath, PlanNode> scope in plan.Nodes.GroupBy(node => node.Scope))
            _scopes[scope.Key] = [.. scope];
    }

    /// <summary>The state of the execution itself.</summary>
    public NodeState Root => Find(NodePath.Root) ?? new NodeState(NodePath.Root, Phase.Waiting);

    /// <summary>Starts that were decided and wait for room.</summary>
    public int Held => _held.Count;

    /// <summary>The next time at which a decision may change without anything happening.</summary>
    public DateTimeOffset? NextTimer => _timers.Count == 0 ? null : _timers.Values.Min();

    /// <summary>The states that changed since the last call, for the record.</summary>
    public List<NodeState> TakeTouched()
    {
        List<NodeState> touched = [.. _touched.Select(path => _states[path])];
        _touched.Clear();
        foreach (NodeState state in touched)
        {
            if (state.Phase.IsTerminal && state.Path.Index is not null)
                Forget(state.Path);
        }
        return touched;
    }

    /// <summary>Begins from the root, or goes on from states that were recorded: all but ended elements.</summary>
    public void Load(IEnumerable<NodeState> states)
    {
        foreach (NodeState state in states)
        {
            _states[state.Path] = state;
            if (!state.Phase.IsTerminal)
                Enqueue(state.Path);
            if (state is { Phase: Phase.Running, Tally: not null, Path.IsRoot: false } && IsSweep(state.Path))
                _sweeps.Add(state.Path);
        }
        foreach (NodeState state in _states.Values.Where(state => state is { Phase: Phase.Running, Tally: not null }).ToList())
            EnqueueScope(state.Path);
        Enqueue(NodePath.Root);
    }

    /// <summary>Records how an attempt ended; what follows from it is decided by the next <see cref="Advance"/>.</summary>
    public void Ended(EndedAttempt end)
    {
        NodeState state = _states[end.Id.Path];
        Set(state with { End = end.Outcome, Outputs = end.Outputs, Since = end.Ended });
        Enqueue(end.Id.Path);
    }

    /// <summary>
    /// The start of an attempt that was decided before: decides about its node as it stood then. Null when the plan starts no such attempt.
    /// </summary>
    /// <param name="previous">How the attempt before it ended; null for the first.</param>
    public Step.Start? StartAgain(AttemptId id, Outcome? previous, Facts facts)
    {
        NodeState before = Known(id.Path) with { Phase = previous is null ? Phase.Waiting : Phase.Running, Attempt = id.Number - 1, End = previous };
        return _decide(_plan, id.Path, path => path == id.Path ? before : Find(path), facts) is Step.Start begin && begin.Invocation.Id == id ? begin : null;
    }

    /// <summary>Something outside changed (a stop, a signal): everything that is open is decided again.</summary>
    public void Reconsider()
    {
        foreach (NodeState state in _states.Values)
        {
            if (!state.Phase.IsTerminal)
                Enqueue(state.Path);
        }
    }

    /// <summary>
    /// Decides until nothing more follows. <paramref name="start"/> is offered each attempt that may start and says whether there was room; what found none is
    /// offered again by the next call, before anything new.
    /// </summary>
    /// <param name="hasRoom">Whether one more attempt could start now: elements of sweeps are only taken while it is so.</param>
    /// <param name="stop">An attempt that runs shall end.</param>
    public void Advance(Facts facts, Func<bool> hasRoom, Func<Step.Start, bool> start, Action<NodePath, string> stop)
    {
        foreach ((NodePath path, DateTimeOffset due) in _timers.ToList())
        {
            if (due <= facts.Now)
            {
                _timers.Remove(path);
                Enqueue(path);
            }
        }
        if (facts.StopAskedBy is not null)
        {
            _held.Clear();
            _heldPaths.Clear();
        }
        OfferHeld(facts, start);
        do
        {
            while (_queue.TryDequeue(out NodePath path))
            {
                _queued.Remove(path);
                DecideOn(path, facts, hasRoom, start, stop);
            }
        }
        while (TakeElements(facts, hasRoom));
    }

    private void OfferHeld(Facts facts, Func<Step.Start, bool> start)
    {
        for (LinkedListNode<Step.Start>? held = _held.First; held is not null;)
        {
            LinkedListNode<Step.Start>? next = held.Next;
            if (start(held.Value))
            {
                _held.Remove(held);
                _heldPaths.Remove(held.Value.Invocation.Path);
                Submitted(held.Value, facts);
            }
            held = next;
        }
    }

    /// <summary>Takes one element of the first sweep that has one, as long as there is room for it.</summary>
    private bool TakeElements(Facts facts, Func<bool> hasRoom)
    {
        if (_held.Count > 0 || !hasRoom())
            return false;
        foreach (NodePath sweep in _sweeps)
        {
            if (_decide(_plan, sweep, Find, facts) is Step.Take take)
            {
                Take(sweep, take.Index, facts);
                return true;
            }
        }
        return false;
    }

    private void DecideOn(NodePath path, Facts facts, Func<bool> hasRoom, Func<Step.Start, bool> start, Action<NodePath, string> stop)
    {
        if (Find(path) is { Phase.IsTerminal: true } || _heldPaths.Contains(path))
            return;
        switch (_decide(_plan, path, Find, facts))
        {
            case Step.Wait wait:
                if (wait.Until is { } until)
                    _timers[path] = until;
                break;
            case Step.Take take:
                if (_held.Count == 0 && hasRoom())
                {
                    Take(path, take.Index, facts);
                    Enqueue(path);
                }
                break;
            case Step.Start begin:
                if (start(begin))
                    Submitted(begin, facts);
                else
                    Hold(begin, facts);
                break;
            case Step.Expand expand:
                Expand(path, expand, facts);
                break;
            case Step.Ask:
                Set(Known(path) with { Phase = Phase.Running, Since = facts.Now });
                Enqueue(path);
                break;
            case Step.Stop because:
                stop(path, because.Because);
                break;
            case Step.Skip:
                End(Known(path) with { Phase = Phase.Skipped }, facts);
                break;
            case Step.Block:
                End(Known(path) with { Phase = Phase.Blocked }, facts);
                break;
            case Step.Reuse reuse:
                End(Known(path) with { Phase = Phase.Reused, Key = reuse.Key, Outputs = reuse.Outputs }, facts);
                break;
            case Step.Cancel cancel:
                End(Known(path) with { Phase = Phase.Cancelled, End = new Outcome.Cancelled(cancel.By) }, facts);
                break;
            case Step.Finish finish:
                End(Known(path) with { Phase = Phase.Succeeded, Outputs = finish.Outputs }, facts);
                break;
            case Step.Fail fail:
                End(Known(path) with { Phase = Phase.Failed, End = fail.Why }, facts);
                break;
            case Step.Launch launch:
                End(Known(path) with { Phase = Phase.Failed, End = new Outcome.Failed(Tasks.ErrorClass.System, "task/launch-plan", $"the launch plan `{launch.LaunchPlan}` is an execution of its own, which the local engine does not start") }, facts);
                break;
        }
    }

    private void Submitted(Step.Start begin, Facts facts) =>
        Set(Known(begin.Invocation.Path) with
        {
            Phase = Phase.Submitted,
            Attempt = begin.Invocation.Id.Number,
            End = null,
            Key = begin.Document?.Key(),
            Since = facts.Now,
            Started = Known(begin.Invocation.Path).Started ?? facts.Now,
        });

    private void Hold(Step.Start begin, Facts facts)
    {
        _held.AddLast(begin);
        _heldPaths.Add(begin.Invocation.Path);
        NodeState state = Known(begin.Invocation.Path);
        if (state.Phase != Phase.Ready)
            Set(state with { Phase = Phase.Ready, Since = facts.Now });
    }

    private void Expand(NodePath path, Step.Expand expand, Facts facts)
    {
        NodeState state = Known(path);
        Set(state with { Phase = Phase.Running, Tally = (state.Tally ?? new Tally()).Opened(expand.Open), Since = facts.Now });
        if (IsSweep(path))
            _sweeps.Add(path);
        EnqueueScope(path);
        Enqueue(path);
    }

    private void Take(NodePath sweep, long index, Facts facts)
    {
        NodeState state = Known(sweep);
        Set(state with { Tally = (state.Tally ?? new Tally()).Took(index) });
        NodePath element = sweep.Element(index);
        Set(new NodeState(element, Phase.Waiting) { Since = facts.Now });
        Enqueue(element);
    }

    private void End(NodeState state, Facts facts)
    {
        Set(state with { Since = facts.Now });
        _timers.Remove(state.Path);
        _sweeps.Remove(state.Path);
        if (state.Path.IsRoot)
            return;
        NodePath above = ScopeOf(state.Path);
        if (Find(above) is { } scope && CountsIn(above, state.Path))
            Set(scope with { Tally = (scope.Tally ?? new Tally()).Ended(state) });
        Enqueue(above);
        if (state.Path.Index is null)
            EnqueueScope(above);
    }

    /// <summary>Drops an ended element and all nodes inside it; who asks for them again reads the record.</summary>
    private void Forget(NodePath path)
    {
        _states.Remove(path);
        if (!_scopes.Remove(path, out ImmutableArray<PlanNode> inside))
            return;
        foreach (PlanNode node in inside)
            Forget(node.Path);
    }

    private bool CountsIn(NodePath scope, NodePath path) =>
        !scope.IsRoot || _plan.Root.Handler is not { } handler || path != NodePath.Root.Child(handler.Text);

    private void EnqueueScope(NodePath scope)
    {
        foreach (PlanNode node in _scopes.GetValueOrDefault(scope, []))
        {
            if (Find(node.Path) is not { Phase: not Phase.Waiting })
                Enqueue(node.Path);
        }
    }

    /// <summary>The node, element or root that a path counts in.</summary>
    private NodePath ScopeOf(NodePath path) => path.Index is not null ? path.Parent : _plan.Find(path)?.Scope ?? path.Parent;

    private bool IsSweep(NodePath path) => _plan.Find(path)?.Node is Node.Each || _scopes.GetValueOrDefault(ScopeOf(path), []).Any(node => node.Path == path && node.Node is Node.Each);

    private NodeState? Find(NodePath path) =>
        _states.TryGetValue(path, out NodeState? state) ? state : path.Text.Contains('[') ? _recorded(path) : null;

    private NodeState Known(NodePath path) => Find(path) ?? new NodeState(path, Phase.Waiting);

    private void Set(NodeState state)
    {
        _states[state.Path] = state;
        _touched.Add(state.Path);
    }

    private void Enqueue(NodePath path)
    {
        if (_queued.Add(path))
            _queue.Enqueue(path);
    }
}
