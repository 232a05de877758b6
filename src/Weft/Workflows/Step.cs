using System.Collections.Immutable;
using Weft.Tasks;
using Weft.Values;

namespace Weft.Workflows;

/// <summary>What is to be done about a node now.</summary>
public abstract record Step
{
    private Step()
    {
    }

    /// <summary>Nothing, until something it depends on ends, a signal comes, or this time is reached.</summary>
    public sealed record Wait(DateTimeOffset? Until = null) : Step;

    /// <summary>It ends as <see cref="Phase.Skipped"/>.</summary>
    public sealed record Skip : Step;

    /// <summary>It ends as <see cref="Phase.Blocked"/>.</summary>
    public sealed record Block : Step;

    /// <summary>It ends as <see cref="Phase.Reused"/> with the outputs of the cache.</summary>
    public sealed record Reuse(string Key, ImmutableSortedDictionary<string, Value> Outputs) : Step;

    /// <summary>An attempt starts.</summary>
    /// <param name="Document">What the result is stored under in the cache; null when it is not.</param>
    public sealed record Start(Invocation Invocation, CacheDocument? Document) : Step
    {
        /// <summary>That of the document.</summary>
        public string? Key { get; } = Document?.Key();
    }

    /// <summary>An execution of its own starts; its end is this node's.</summary>
    public sealed record Launch(string LaunchPlan, ImmutableSortedDictionary<string, Value> Inputs) : Step;

    /// <summary>A scope opens: its nodes may start (<see cref="Plan.NodesIn"/>); or a sweep opens: its elements may be taken.</summary>
    /// <param name="Open">How many nodes the scope has, the handler left out; 0 for a sweep.</param>
    public sealed record Expand(int Open) : Step;

    /// <summary>A graph was made at run time: it is put in the place of its node (<see cref="Plan.Graft"/>), which then opens as a scope.</summary>
    public sealed record Graft(Fragment Fragment) : Step;

    /// <summary>The element of a sweep at this raw index is taken: its state is made, then it is decided like a node.</summary>
    public sealed record Take(long Index) : Step;

    /// <summary>No element of a sweep has a raw index below this one any more: a filter took them out.</summary>
    public sealed record Pass(long Next) : Step;

    /// <summary>A person or time is waited for; the node is <see cref="Phase.Running"/> from now on.</summary>
    public sealed record Ask(Node.Gate Gate) : Step;

    /// <summary>The attempt that runs is asked to end.</summary>
    public sealed record Stop(string Because) : Step;

    /// <summary>It ends as <see cref="Phase.Cancelled"/>.</summary>
    public sealed record Cancel(string By) : Step;

    /// <summary>It ends as <see cref="Phase.Succeeded"/>.</summary>
    public sealed record Finish(ImmutableSortedDictionary<string, Value> Outputs) : Step;

    /// <summary>It ends as <see cref="Phase.Failed"/>.</summary>
    public sealed record Fail(Outcome.Failed Why) : Step;
}
