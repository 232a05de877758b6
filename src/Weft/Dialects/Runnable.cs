using System.Collections.Immutable;
using System.Numerics;
using Weft.Dialects.Hydra;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Dialects;

/// <summary>Something of a project that has a name and can be run, whatever kind of file it comes from.</summary>
public abstract class Runnable
{
    public abstract string Name { get; }

    /// <summary>The experiment of its runs, unless a task names another.</summary>
    public virtual string Experiment => Name;

    /// <summary>For listings: <c>hydraflow run</c>, <c>hydraflow call</c>, …</summary>
    public abstract string Kind { get; }

    /// <summary>Where it is declared.</summary>
    public abstract Span At { get; }

    /// <summary>The keys that <c>KEY=VALUE</c> words may have, where they are known; for completion.</summary>
    public virtual IEnumerable<string> Keys => [];

    /// <summary>Works the arguments in and reads all that was left unread. Null when anything is wrong; the diagnostics say what.</summary>
    public abstract Prepared? Prepare(Arguments arguments, Diagnostics diagnostics);
}

/// <summary>What the planner takes, and what can be said of it before anything is planned.</summary>
/// <param name="Workflow">The name of the workflow among the definitions that is to be run.</param>
/// <param name="Define">Makes the definitions: a dry run needs none.</param>
public sealed record Prepared(string Workflow, Func<ImmutableArray<Definition>> Define)
{
    /// <summary>The workflow with all that it uses.</summary>
    public ImmutableArray<Definition> Definitions { get => field.IsDefault ? field = Define() : field; init; }

    /// <summary>Whether the definitions may take results of earlier executions, which are looked up before anything is planned.</summary>
    public bool MayTakeEarlierResults { get; init; }

    /// <summary>How many programs or functions are started.</summary>
    public required long Commands { get; init; }

    /// <summary>How many runs come of it when the programs sweep themselves.</summary>
    public required BigInteger InnerRuns { get; init; }

    /// <summary>The lines of a dry run, made while they are read. The ULID stands for the execution's.</summary>
    public required Func<string, IEnumerable<string>> DryRun { get; init; }

    /// <summary>The words of each command, made while they are read; the lines of the file where one command gets them all in a file.</summary>
    public required Func<string, IEnumerable<ImmutableArray<string>>> Words { get; init; }

    /// <summary>The Python function that each command calls with the list of its words, where its path stands; null when none is called.</summary>
    public Excerpt? PythonFunction { get; init; }

    /// <summary>By node the words of each command, where a program of the user's own gets them: not where it gets a file, or a function is called.</summary>
    public ImmutableArray<CommandPoints> Points { get; init; } = [];

    /// <summary>The folder of configurations that definitions were composed from, absolute; null when none were.</summary>
    public string? ConfigFolder { get; init; }

    /// <summary>Values for the inputs of the workflow; those left out take their defaults.</summary>
    public ImmutableSortedDictionary<string, Value> Inputs { get; init; } = Value.NoEntries;

    /// <summary>Running it once more when it has succeeded is a new execution, whose cached work is reused; else there is nothing to do.</summary>
    public bool RunsAgain { get; init; }

    /// <summary>Why it can be shown but not run; null when it can.</summary>
    public Diagnostic? Obstacle { get; init; }

    /// <summary>What the user should know: which sweep an argument replaced.</summary>
    public ImmutableArray<string> Notes { get; init; } = [];
}
