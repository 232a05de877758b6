using System.Collections.Immutable;
using Weft.Values;

namespace Weft.Tasks;

/// <summary>
/// One attempt, ready to be started: everything that a task host needs and nothing that it must look up, except the values of secrets. It is
/// computed from plan, path and index by whoever runs it, and never stored.
/// </summary>
/// <param name="Body">What to run, with every word and variable known.</param>
/// <param name="Folder">The attempt's own folder (WEFT_RUN_DIR).</param>
/// <param name="Rank">Which of several machines this is; null when there is one.</param>
public sealed record Invocation(AttemptId Id, string Task, CallBody Body, string Folder, Rank? Rank = null)
{
    public NodePath Path => Id.Path;

    /// <summary>Variables that the task declares; the host adds its own (WEFT_…).</summary>
    public ImmutableSortedDictionary<string, string> Env { get; init; } = Sorted.None<string>();

    public ImmutableArray<string> Secrets { get; init; } = [];

    /// <summary>Inputs that are values, after defaults: what WEFT_PARAMS holds and what a handler or a C# task is called with.</summary>
    public ImmutableSortedDictionary<string, Value> Inputs { get; init; } = Value.NoEntries;

    /// <summary>Parameters of the point, in the order of its words: what is recorded as params of its run.</summary>
    public ImmutableArray<Word> Words { get; init; } = [];

    /// <summary>Inputs that are files or folders, and where the program finds them.</summary>
    public ImmutableArray<Staged> Staged { get; init; } = [];

    /// <summary>Outputs that must exist at the end.</summary>
    public ImmutableArray<Declared> Outputs { get; init; } = [];

    /// <summary>The file whose path is the last word of the command; null for none.</summary>
    public LineFile? Lines { get; init; }

    public Resources Needs { get; init; } = Resources.None;

    public Limits Limits { get; init; } = Limits.None;

    public Workspace Workspace { get; init; } = Workspace.Project;

    /// <summary>The folder in which it starts, relative to its workspace; null for the workspace itself.</summary>
    public string? WorkingFolder { get; init; }

    /// <summary>A virtual environment or an interpreter, relative to the project's folder; its programs come first.</summary>
    public string? Python { get; init; }

    /// <summary>A file of requirements, relative to the project's folder; the host replaces it by a <see cref="Python"/> that has them.</summary>
    public string? Requirements { get; init; }

    /// <summary>Environment modules that are loaded before the program.</summary>
    public ImmutableArray<string> Modules { get; init; } = [];

    /// <summary>Shell lines that run before the program, after its modules.</summary>
    public string? Setup { get; init; }

    /// <summary>It has a folder that outlives its attempts.</summary>
    public bool KeepsCheckpoints { get; init; }

    /// <summary>The folder that a private workspace is, in the attempt's own.</summary>
    public const string PrivateFolder = "project";
}

/// <summary>A file that the host writes before the start into the folder in which the program starts, and removes at the end.</summary>
/// <param name="Name">The same for every computation of the same attempt.</param>
/// <param name="Content">The lines without their ends, made while they are written: there may be more than memory holds.</param>
public sealed record LineFile(string Name, IEnumerable<string> Content);

/// <summary>What a task host starts.</summary>
public abstract record CallBody
{
    private CallBody()
    {
    }

    /// <summary>A program; the first word names it.</summary>
    public sealed record Command(ImmutableArray<string> Words) : CallBody;

    /// <summary>A bash script.</summary>
    public sealed record Shell(string Script) : CallBody;

    public sealed record Python(string File, string Handler) : CallBody;

    public sealed record Managed(string Symbol) : CallBody;
}

/// <summary>An output that the program must leave.</summary>
/// <param name="Path">Where it is written, absolute; null for a value, which comes through WEFT_RESULTS.</param>
/// <param name="IsFixed">The path is the program's own choice, perhaps in the user's checkout: the output is copied from there.</param>
public sealed record Declared(string Name, TypeExpr Type, string? Path, bool IsFixed = false)
{
    /// <summary>The name as the variables of programs have it (<c>WEFT_OUTPUT_NAME</c>): capitals, and <c>_</c> for every other sign and letter.</summary>
    public static string InVariables(string name) => string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToUpperInvariant(c) : '_'));
}

/// <summary>One of the machines of an attempt, from 0.</summary>
public readonly record struct Rank(int Number, int Of);
