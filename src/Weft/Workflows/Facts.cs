using System.Collections.Immutable;
using Weft.Expressions;
using Weft.Tasks;
using Weft.Values;

namespace Weft.Workflows;

/// <summary>What a decision may know of the world besides the plan and the states. All of it is asked for, none of it is changed.</summary>
public sealed record Facts(ExecutionId Execution, DateTimeOffset Now)
{
    /// <summary>What the cache has under a key.</summary>
    public Func<string, CacheAnswer> Cache { get; init; } = _ => CacheAnswer.Nothing;

    public CacheMode CacheMode { get; init; } = CacheMode.Enabled;

    /// <summary>The first part of every cache key: whose cache it is.</summary>
    public string CacheScope { get; init; } = "default/development";

    /// <summary>The digests of files; null when one of them is missing.</summary>
    public Func<FileSet, FileDigests?> Files { get; init; } = _ => null;

    /// <summary>The project's folder, absolute.</summary>
    public string ProjectFolder { get; init; } = "";

    /// <summary>A value from outside the graph (<see cref="Root.Outside"/>).</summary>
    public Lookup Outside { get; init; } = reference => Evaluator.Wrong(reference, "expression/outside", $"`{reference}` is not known here");

    /// <summary>The answer to a gate; null while there is none.</summary>
    public Func<NodePath, Signal?> Signals { get; init; } = _ => null;

    /// <summary>The own folder of an attempt.</summary>
    public Func<AttemptId, string> Folder { get; init; } = id => id.Path.Text;

    /// <summary>Who asked the execution to stop; null when nobody did.</summary>
    public string? StopAskedBy { get; init; }
}

/// <summary>What the cache answers.</summary>
public abstract record CacheAnswer
{
    private CacheAnswer()
    {
    }

    /// <summary>It has none, or cannot be asked: then the task runs.</summary>
    public static readonly CacheAnswer Nothing = new Miss();

    public sealed record Hit(ImmutableSortedDictionary<string, Value> Outputs) : CacheAnswer
    {
        /// <summary>When the result was made; null when that is not known.</summary>
        public DateTimeOffset? Made { get; init; }

        /// <summary>Whether a rule takes a result of this age.</summary>
        public bool IsYoungEnough(CacheRule rule, DateTimeOffset now) => rule.MaxAge is not { } most || Made is not { } made || now - made <= most;
    }

    public sealed record Miss : CacheAnswer;

    /// <summary>Another one is making it now; only for tasks of single flight.</summary>
    public sealed record Reserved(DateTimeOffset Until) : CacheAnswer;
}

/// <summary>How an execution uses the cache.</summary>
public enum CacheMode
{
    Enabled,

    /// <summary>Runs everything and replaces the entries.</summary>
    Overwrite,

    /// <summary>Neither reads nor writes.</summary>
    Disabled,
}

/// <summary>The answer to a gate.</summary>
/// <param name="Value">Of an approval true or false; of an input the value.</param>
public sealed record Signal(Value Value, string By, DateTimeOffset When);
