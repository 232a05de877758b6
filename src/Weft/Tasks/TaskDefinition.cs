using System.Collections.Immutable;
using Weft.Expressions;
using Weft.Sweeps;
using Weft.Text;
using Weft.Values;

namespace Weft.Tasks;

/// <summary>
/// A unit of work as declared: what it takes and gives, what it runs, and under which conditions. It names no machine and no engine.
/// In its own expressions (<see cref="Body"/>, <see cref="Env"/>) <see cref="Root.Input"/> is the task's input.
/// </summary>
public sealed record TaskDefinition(string Name, TaskBody Body, Span At)
{
    public ImmutableSortedDictionary<string, Port> In { get; init; } = Port.None;

    public ImmutableSortedDictionary<string, Port> Out { get; init; } = Port.None;

    public Resources Needs { get; init; } = Resources.None;

    public Retry Retry { get; init; } = Retry.Never;

    public Limits Limits { get; init; } = Limits.None;

    public CacheRule Cache { get; init; } = CacheRule.Off;

    public Workspace Workspace { get; init; } = Workspace.Project;

    /// <summary>A file with one line for each point of a sweep, whose path is the last word of the command; null for none.</summary>
    public Lines? Lines { get; init; }

    /// <summary>Environment variables; a value that is none is not set.</summary>
    public ImmutableSortedDictionary<string, Expr> Env { get; init; } = Expr.NoBindings;

    /// <summary>Secrets that the program gets as environment variables of the same name.</summary>
    public ImmutableArray<string> Secrets { get; init; } = [];

    /// <summary>Ports on which the program serves something while it runs.</summary>
    public ImmutableArray<AppPort> Apps { get; init; } = [];

    /// <summary>The MLflow experiment of its runs; null for the one with the name of the workflow that is run.</summary>
    public string? Experiment { get; init; }

    /// <summary>The container image to run in, where an engine has containers.</summary>
    public string? Image { get; init; }

    /// <summary>A virtual environment or an interpreter, relative to the project's folder; its programs come first.</summary>
    public string? Python { get; init; }

    /// <summary>
    /// A file of requirements for pip, relative to the project's folder: the task runs in a virtual environment that has them, made with
    /// <see cref="Python"/> or the <c>python3</c> of the machine.
    /// </summary>
    public string? Requirements { get; init; }

    /// <summary>Environment modules that are loaded before the program, in this order.</summary>
    public ImmutableArray<string> Modules { get; init; } = [];

    /// <summary>Shell lines that run before the program, after its modules; null for none. One that fails ends the attempt.</summary>
    public string? Setup { get; init; }

    /// <summary>The folder in which it starts, relative to its workspace; null for the workspace itself.</summary>
    public string? WorkingFolder { get; init; }

    /// <summary>Who is told of its end; null for nobody.</summary>
    public Notice? Notice { get; init; }

    /// <summary>How long executions with it are left by a removal of old ones; null: they go with the others.</summary>
    public TimeSpan? Keep { get; init; }

    /// <summary>It has a folder that outlives its attempts, and exit code 75 asks for another one.</summary>
    public bool KeepsCheckpoints { get; init; }
}

/// <summary>Who is told that a task has ended.</summary>
/// <param name="On">The ends that are told: <c>succeeded</c>, <c>failed</c>, <c>cancelled</c>; empty for all.</param>
/// <param name="Urls">Addresses that get it as JSON.</param>
public sealed record Notice(ImmutableArray<string> On, ImmutableArray<string> Urls);

/// <summary>
/// All points of a sweep for one start of a program: a file with the words of each point on a line of its own, quoted as a shell reads them. It lies
/// in the folder in which the program starts, from just before the start to the end.
/// </summary>
/// <param name="Over">The points. In the words, <see cref="Root.Item"/>, <see cref="Root.Words"/> and <c>run.ulid</c> are those of the line's point.</param>
public sealed record Lines(Space Over, ImmutableArray<Expr> Words);

/// <summary>What a task runs.</summary>
public abstract record TaskBody
{
    private TaskBody()
    {
    }

    /// <summary>A program with its arguments, no shell: a value never becomes two words, except that a list fills several where it is the whole word.</summary>
    public sealed record Command(ImmutableArray<Expr> Words) : TaskBody;

    /// <summary>A script for bash; inserted values are quoted.</summary>
    public sealed record Shell(Expr Script) : TaskBody;

    /// <summary>A function of a Python file, called with the task's inputs by name.</summary>
    public sealed record Python(string File, string Handler) : TaskBody;

    /// <summary>A C# method known to the running program by this name.</summary>
    public sealed record Managed(string Symbol) : TaskBody;

    /// <summary>Fails with this text when it is reached: the else of a branch that allows none.</summary>
    public sealed record Fail(Expr Message) : TaskBody;
}

/// <summary>A named input or output of a task or workflow.</summary>
/// <param name="Default">The value of an input that is not bound; null when it must be bound (unless its type takes none).</param>
/// <param name="Path">
/// Of an output that is a file or folder: where the program writes it, relative to its own folder; null for a place that the task host chooses.
/// </param>
public sealed record Port(TypeExpr Type, Value? Default = null, string? Path = null, string? Doc = null)
{
    /// <summary>The <see cref="Path"/> is one that the program has fixed, relative to the folder in which it runs: the output is copied from there.</summary>
    public bool IsFixed { get; init; }

    public static ImmutableSortedDictionary<string, Port> None { get; } = Sorted.None<Port>();

    /// <summary>True when an input may be left out.</summary>
    public bool IsOptional => Default is not null || Type.TakesNone;
}

/// <summary>Where a task runs.</summary>
public enum Workspace
{
    /// <summary>In the project's folder.</summary>
    Project,

    /// <summary>In a folder of its own, filled from the code snapshot.</summary>
    Private,
}

/// <summary>A port that a program listens on.</summary>
/// <param name="Number">From 1 to 65535; null lets the task host choose.</param>
public sealed record AppPort(string Name, int? Number = null, string? UrlPath = null);
