using System.Collections.Immutable;
using Weft.Sweeps;
using Weft.Values;

namespace Weft.Workflows;

/// <summary>
/// The account of one execution in memory: the state of every place that was touched, and which places have to be decided next. It belongs to
/// one loop: that asks <see cref="TryNext"/>, gives the path to <see cref="Decision.Decide"/>, hands the step to <see cref="Apply"/>, and
/// tells <see cref="AttemptEnded"/>. Every call costs what it changes, never the size of the plan or of a sweep.
/// </summary>
public sealed class Frontier
{
    private readonly Dictionary<NodePath, NodeState> _states = [];
    private readonly Dictionary<NodePath, int> _awaited = [];
    private readonly HashSet<NodePath> _running = [];
    private readonly HashSet<NodePath> _openScopes = [];

    /// <summary>Places that may end or stop without anything being started: they come first.</summary>
    private readonly Queue<NodePath> _urgent = new();

    /// <summary>Nodes and elements that may start.</summary>
    private readonly Queue<NodePath> _ready = new();

    /// <summary>Sweeps that may have another element; asked last, so that no more elements are taken than can start.</summary>
    private readonly Queue<NodePath> _takers = new();

    private readonly HashSet<NodePath> _queued = [];

    private readonly Action<NodeState> _changed;

    /// <param name="changed">Is told every new state, for a record of them.</param>
    public Frontier(Plan plan, Action<NodeState>? changed = null)
    {
        Plan = plan;
        _changed = changed ?? (_ => { });
        Enqueue(_urgent, NodePath.Root);
    }

    public Plan Plan { get; }

    /// <summary>Attempts, questions and executions of their own that have begun and not ended.</summary>
    public IReadOnlyCollection<NodePath> Running => _running;

    public bool IsFinished => State(NodePath.Root) is { Phase.IsTerminal: true };

    /// <summary>Places that have been touched.</summary>
    public IReadOnlyDictionary<NodePath, NodeState> States => _states;

    public NodeState? State(NodePath path) => _states.GetValueOrDefault(path);

    /// <summary>The next place to decide.</summary>
    /// <param name="mayStart">False while there is no slot for another attempt: then only what needs none is given.</param>
    public bool TryNext(bool mayStart, out NodePath path)
    {
        while (_urgent.TryDequeue(out path) || (mayStart && (_ready.TryDequeue(out path) || _takers.TryDequeue(out path))))
        {
            _queued.Remove(path);
            if (!IsPast(path))
                return true;
        }
        return false;
    }

    /// <summary>Gives a place back whose step was a start when there was no slot for it.</summary>
    public void Defer(NodePath path) => Enqueue(_ready, path);

    /// <summary>Takes a place up again: a signal came, a time was reached, a reservation ended.</summary>
    public void Wake(NodePath path) => Enqueue(_urgent, path);

    /// <summary>Takes up everything that runs or is open: the execution was asked to stop.</summary>
    public void WakeAll()
    {
        foreach (NodePath path in _running)
            Enqueue(_urgent, path);
        foreach (NodePath scope in _openScopes)
            WakeScope(scope);
    }

    /// <summary>
    /// Makes the change of state that a step means. Of <see cref="Step.Start"/>, <see cref="Step.Launch"/> and <see cref="Step.Ask"/> it notes the
    /// intent; <see cref="Step.Wait"/> and <see cref="Step.Stop"/> change nothing here.
    /// </summary>
    public void Apply(NodePath path, Step step, DateTimeOffset now)
    {
        NodeState state = State(path) ?? new NodeState(path, Phase.Waiting);
        switch (step)
        {
            case Step.Start start:
                Set(state with
                {
                    Phase = Phase.Submitted, Attempt = start.Invocation.Id.Number, End = null, Outputs = Value.NoEntries, Key = start.Key, Since = now, Started = state.Started ?? now,
                });
                _running.Add(path);
                break;
            case Step.Launch or Step.Ask:
                Set(state with { Phase = Phase.Running, Attempt = step is Step.Launch ? 1 : 0, Since = now, Started = now });
                _running.Add(path);
                if (step is Step.Ask)
                    Enqueue(_urgent, path);
                break;
            case Step.Expand expand:
                Open(state, expand.Open, now);
                break;
            case Step.Graft graft:
                Plan.Graft(path, graft.Fragment);
                Open(state, graft.Fragment.Open, now);
                break;
            case Step.Take take:
                Set(state with { Tally = state.Tally!.Took(take.Index) });
                Set(new NodeState(path.Element(take.Index), Phase.Ready) { Since = now });
                Enqueue(_ready, path.Element(take.Index));
                Enqueue(_takers, path);
                break;
            case Step.Pass pass:
                Set(state with { Tally = state.Tally! with { Next = pass.Next } });
                Enqueue(_takers, path);
                break;
            case Step.Skip:
                End(state with { Phase = Phase.Skipped, Since = now });
                break;
            case Step.Block:
                End(state with { Phase = Phase.Blocked, Since = now });
                break;
            case Step.Reuse reuse:
                End(state with { Phase = Phase.Reused, Outputs = reuse.Outputs, Key = reuse.Key, Since = now });
                break;
            case Step.Finish finish:
                End(state with { Phase = Phase.Succeeded, Outputs = finish.Outputs, End = new Outcome.Succeeded(), Since = now });
                break;
            case Step.Fail fail:
                End(state with { Phase = Phase.Failed, End = fail.Why, Since = now });
                break;
            case Step.Cancel cancel:
                End(state with { Phase = Phase.Cancelled, End = new Outcome.Cancelled(cancel.By), Since = now });
                break;
        }
    }

    /// <summary>An attempt, or an execution of its own, has ended; it is judged by the next decision.</summary>
    /// <param name="outputs">What it gave, when it succeeded.</param>
    public void AttemptEnded(NodePath path, Outcome end, ImmutableSortedDictionary<string, Value> outputs, DateTimeOffset now)
    {
        Set(_states[path] with { Phase = Phase.Running, End = end, Outputs = outputs, Since = now });
        _running.Remove(path);
        Enqueue(_urgent, path);
    }

    /// <summary>
    /// Goes on from states that were recorded: of every place that was touched, but ended elements whose results nobody gathers. What was
    /// submitted counts as running until <see cref="AttemptEnded"/> says otherwise.
    /// </summary>
    public void Restore(IEnumerable<NodeState> states)
    {
        List<NodeState> all = [.. states];
        foreach (NodeState state in all)
            _states[state.Path] = state;
        // Outer scopes first: a node inside what grew is only found once that is in its place again.
        foreach (NodeState state in all.Where(state => state.Tally is not null).OrderBy(state => state.Path.Text.Length))
            Regrow(state);
        foreach (NodeState state in all)
        {
            if (state.Phase.IsTerminal)
                continue;
            if (state.Tally is not null)
                Reopen(state);
            else if (state.End is not null)
                Enqueue(_urgent, state.Path);
            else if (state.Phase is Phase.Submitted or Phase.Running)
                Resume(state.Path);
            else if (state.Path.Index is not null)
                Enqueue(_ready, state.Path);
        }
    }

    private void Regrow(NodeState state)
    {
        if (Plan.Find(state.Path) is { Node: Node.Grow } node && Fragment.Grow(Plan.ClosureAt(node.Scope), state.Outputs, out Fragment? fragment) is null)
            Plan.Graft(state.Path, fragment!);
    }

    private void Resume(NodePath path)
    {
        _running.Add(path);
        if (Plan.Find(path)?.Node is Node.Gate)
            Enqueue(_urgent, path);
    }

    private void Reopen(NodeState state)
    {
        NodePath path = state.Path;
        if (!path.IsRoot && Plan.Find(path)?.Node is Node.Each)
        {
            Enqueue(state.Tally!.Open == 0 ? _urgent : _takers, path);
            return;
        }
        _openScopes.Add(path);
        WorkflowShape shape = Plan.ShapeAt(path);
        foreach (Node node in shape.Order)
        {
            NodePath child = path.Child(node.Id.Text);
            if (node.Id == shape.Workflow.Handler || State(child) is { Phase: not (Phase.Waiting or Phase.Ready) })
                continue;
            int awaited = shape.Dependencies(node.Id).Count(need => State(path.Child(need.Id.Text)) is not { Phase.IsTerminal: true });
            if (awaited == 0)
                Enqueue(_ready, child);
            else
                _awaited[child] = awaited;
        }
        if (state.Tally!.Open == 0)
            Closing(path, shape);
    }

    private void Set(NodeState state)
    {
        _states[state.Path] = state;
        _changed(state);
    }

    private void Open(NodeState state, int open, DateTimeOffset now)
    {
        NodePath path = state.Path;
        Set(state with { Phase = Phase.Running, Tally = new Tally(Open: open), Since = now, Started = now });
        if (!path.IsRoot && Plan.Find(path)?.Node is Node.Each)
        {
            Enqueue(_takers, path);
            return;
        }
        _openScopes.Add(path);
        WorkflowShape shape = Plan.ShapeAt(path);
        foreach (Node node in shape.Order)
        {
            if (node.Id == shape.Workflow.Handler)
                continue;
            NodePath child = path.Child(node.Id.Text);
            int awaited = shape.DependencyCount(node.Id);
            if (awaited == 0)
                Enqueue(_ready, child);
            else
                _awaited[child] = awaited;
        }
        if (open == 0)
            Closing(path, shape);
    }

    private void End(NodeState ended)
    {
        NodePath path = ended.Path;
        bool wasDone = _states.TryGetValue(path, out NodeState? before) && before.Phase.IsTerminal;
        Set(ended);
        _running.Remove(path);
        _openScopes.Remove(path);
        _awaited.Remove(path);
        if (wasDone || path.IsRoot)
            return;
        if (Plan.Find(path) is not { } node)
        {
            EndElement(ended);
            return;
        }
        WorkflowShape shape = Plan.ShapeAt(node.Scope);
        foreach (Node dependent in shape.Dependents(node.Node.Id))
        {
            NodePath next = node.Scope.Child(dependent.Id.Text);
            if (_awaited.TryGetValue(next, out int awaited) && (_awaited[next] = awaited - 1) == 0)
            {
                _awaited.Remove(next);
                Enqueue(_ready, next);
            }
        }
        if (node.Node.Id == shape.Workflow.Handler)
        {
            Enqueue(_urgent, node.Scope);
            return;
        }
        NodeState scope = _states[node.Scope];
        Tally tally = scope.Tally!.Ended(ended);
        Set(scope with { Tally = tally });
        if (tally.Failed == 1 && ended.Phase == Phase.Failed && shape.Workflow.Policy == OnFailure.Stop)
            WakeScope(node.Scope);
        if (tally.Open == 0)
            Closing(node.Scope, shape);
    }

    private void EndElement(NodeState ended)
    {
        NodePath array = ended.Path.Parent;
        PlanNode node = Plan.Find(array)!;
        var each = (Node.Each)node.Node;
        NodeState state = _states[array];
        Tally tally = state.Tally!.Ended(ended).Judged(each, ended);
        if (each.Over is Elements.Known { Space: var space } && ended.Path.Index is { } point && ended.Phase.HasOutputs && space.Runs != space.Size)
            tally = tally with { Runs = (tally.Runs ?? 0) + (space.PointAt(point)?.Runs ?? 0) };
        Set(state with { Tally = tally });
        // The state of an ended point is kept only where its results will be gathered: a long sweep stays small.
        if (!Plan.ShapeAt(node.Scope).IsGathered(each.Id))
            _states.Remove(ended.Path);
        if (each.Body.Kind == CalleeKind.Workflow)
            Forget(ended.Path);
        Enqueue(tally.Open == 0 ? _urgent : _takers, array);
    }

    /// <summary>Drops the states inside an element that has ended.</summary>
    private void Forget(NodePath scope)
    {
        if (Plan.WorkflowAt(scope) is not { } workflow)
            return;
        foreach (Node node in workflow.Nodes)
        {
            NodePath path = scope.Child(node.Id.Text);
            if (_states.Remove(path))
                Forget(path);
        }
    }

    private void Closing(NodePath scope, WorkflowShape shape)
    {
        if (shape.Workflow.Handler is { } handler && State(scope.Child(handler.Text)) is not { Phase.IsTerminal: true })
            Enqueue(_urgent, scope.Child(handler.Text));
        else
            Enqueue(_urgent, scope);
    }

    /// <summary>Something failed and stops the rest: all that has not ended is decided again, also in the scopes inside.</summary>
    private void WakeScope(NodePath scope)
    {
        foreach (NodePath open in _openScopes)
        {
            if (!IsInside(open, scope))
                continue;
            foreach (Node node in Plan.ShapeAt(open).Order)
            {
                NodePath path = open.Child(node.Id.Text);
                if (State(path) is not { Phase.IsTerminal: true } && node.Id != Plan.ShapeAt(open).Workflow.Handler)
                    Enqueue(_urgent, path);
            }
        }
        foreach (NodePath path in _running)
        {
            if (IsInside(path, scope))
                Enqueue(_urgent, path);
        }
    }

    private static bool IsInside(NodePath path, NodePath scope) =>
        scope.IsRoot || path == scope || (path.Text.StartsWith(scope.Text, StringComparison.Ordinal) && path.Text[scope.Text.Length] is '/' or '[');

    /// <summary>It has ended, or what it belonged to has: nothing is left to decide.</summary>
    private bool IsPast(NodePath path)
    {
        if (_states.TryGetValue(path, out NodeState? state))
            return state.Phase.IsTerminal;
        if (path.IsRoot)
            return false;
        // An element has a state from the moment it is taken; a node has none yet, but its scope has.
        return path.Index is not null || Plan.Find(path) is not { } node || State(node.Scope) is not { Phase.IsTerminal: false };
    }

    /// <summary>A place stands in one queue at a time; what is urgent is also decided when it waits for a slot.</summary>
    private void Enqueue(Queue<NodePath> queue, NodePath path)
    {
        if (_queued.Add(path) || queue == _urgent)
            queue.Enqueue(path);
    }
}
