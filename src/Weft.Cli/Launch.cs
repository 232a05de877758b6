using System.Collections.Immutable;
using Weft.Cli.CommandLine;
using Weft.Cli.Commands;
using Weft.Dialects;
using Weft.Dialects.Hydra;
using Weft.Expressions;
using Weft.Platform;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Cli;

/// <summary>From typed words to a plan: finds the definition, works the arguments in, plans. Starts nothing and writes nothing.</summary>
internal sealed record Launch(string Root, Runnable Runnable, Prepared Prepared)
{
    /// <summary>What came of composing the points of the programs that name a configuration; empty before they were checked.</summary>
    public ImmutableArray<ConfigurationCheck> Configurations { get; private set; } = [];

    /// <summary>The folder of the project around the working folder.</summary>
    /// <exception cref="DiagnosticException">There is none.</exception>
    public static string FindRoot(Arguments arguments, Session session)
    {
        string folder = WorkingFolder(arguments, session);
        return Dialects.Project.FindRoot(folder) ?? throw new DiagnosticException("project/none", $"no project in `{folder}` or above it", null,
            "a project has a `weft.yaml` or a `hydraflow.yaml`, or a command can be run as it is: `weft run -m -- python train.py lr=0.1,0.2`");
    }

    public static string WorkingFolder(Arguments arguments, Session session)
    {
        string folder = session.Surroundings.WorkingFolder;
        if (arguments.SourceOf(GlobalFlags.Directory) is not { } given)
            return folder;
        string path = Path.GetFullPath(given.Text, folder);
        return Directory.Exists(path) ? path : throw new DiagnosticException("cli/no-folder", $"no folder `{given.Text}`", given.Whole);
    }

    /// <summary>Reads <c>NAME [KEY=VALUE …] [-- WORDS]</c>, or <c>-- COMMAND</c> for one that no file names.</summary>
    /// <exception cref="DiagnosticException">All that is wrong with it.</exception>
    public static Launch Read(CommandLine.Arguments arguments, Session session)
    {
        var diagnostics = new Diagnostics();
        (string root, Runnable? runnable, int used) = Find(arguments, session, diagnostics);
        Prepared? prepared = runnable?.Prepare(
            new Dialects.Arguments
            {
                Overrides = [.. arguments.Words.Skip(used).Select(word => Excerpt.Of(word.Whole))],
                Extra = runnable is AdHoc ? [] : [.. (arguments.Rest ?? []).Select(word => word.Text)],
                IsMultirun = arguments.Has(RunFlags.Multirun),
                Shape = ShapeOf(arguments, runnable, diagnostics),
                ExpandsInner = arguments.Has(RunFlags.ExpandInner),
            },
            diagnostics);
        if (diagnostics.HasErrors || prepared is null)
            throw new DiagnosticException(diagnostics);
        bool isSilent = diagnostics.Count == 0 && prepared.Notes.IsEmpty && !(prepared.MayTakeEarlierResults && EarlierResults.AreNeeded(prepared.Definitions));
        if (diagnostics.Count > 0)
            session.Report(diagnostics);
        prepared = WithEarlierResults(prepared, root, runnable!.Name, diagnostics, session);
        foreach (string note in prepared.Notes)
            session.Say(note);
        return new Launch(root, runnable!, prepared) { CacheMode = RunFlags.CacheModeOf(arguments), IsSilent = isSilent };
    }

    private static SweepShape ShapeOf(CommandLine.Arguments arguments, Runnable? runnable, Diagnostics diagnostics)
    {
        var shape = new SweepShape
        {
            Zip = All(RunFlags.Zip),
            When = All(RunFlags.When),
            Then = All(RunFlags.Then),
            Where = arguments.SourceOf(RunFlags.Where) is { } where ? Excerpt.Of(where.Whole) : null,
        };
        if (!shape.IsPlain && runnable is not null and not AdHoc)
            diagnostics.Error("cli/sweep-shape", "`--zip`, `--when`, `--then` and `--where` shape the sweep of a command behind `--`", null, $"write the sweep of `{runnable.Name}` in its file");
        else if (!shape.IsPlain && !arguments.Has(RunFlags.Multirun))
            diagnostics.Error("cli/sweep-shape", "`--zip`, `--when`, `--then` and `--where` need `-m`");
        return shape;

        ImmutableArray<Excerpt> All(Flag flag) => [.. arguments.All(flag).Select(value => Excerpt.Of(value.Whole))];
    }

    /// <summary>What a workflow takes of earlier executions is looked up now, and said.</summary>
    private static Prepared WithEarlierResults(Prepared prepared, string root, string name, Diagnostics diagnostics, Session session)
    {
        if (!prepared.MayTakeEarlierResults || !EarlierResults.AreNeeded(prepared.Definitions))
            return prepared;
        using ProjectStore? store = ProjectStore.Exists(root) ? ProjectStore.Open(root, session) : null;
        prepared = prepared with { Definitions = new EarlierResults(store, name, diagnostics, session.Say).Resolve(prepared.Definitions) };
        return diagnostics.HasErrors ? throw new DiagnosticException(diagnostics) : prepared;
    }

    private static (string Root, Runnable? Runnable, int Used) Find(CommandLine.Arguments arguments, Session session, Diagnostics diagnostics)
    {
        bool isCommand = arguments.Rest is { Count: > 0 } && (arguments.Words.Count == 0 || arguments.Words[0].Text.Contains('=', StringComparison.Ordinal));
        if (isCommand)
        {
            string working = WorkingFolder(arguments, session);
            string folder = Dialects.Project.FindRoot(working) ?? working;
            return (folder, new AdHoc([.. arguments.Rest!.Select(word => Excerpt.Of(word.Whole))], folder), 0);
        }
        string root = FindRoot(arguments, session);
        Dialects.Project project = Dialects.Project.Open(root, session.Surroundings.Variables);
        if (arguments.Words.Count > 0)
            return (root, project.Find(arguments.Words[0].Text, diagnostics), 1);
        diagnostics.Error("cli/missing-word", $"expected `weft {arguments.Command.Name} {arguments.Command.Words}`", null,
            Suggest.HintOrList("", [.. project.Runnables.Select(runnable => runnable.Name)], "this project has") ?? "`weft ls` lists what can be run");
        return (root, null, 0);
    }

    /// <summary>The name under which its results are kept; null when it keeps none.</summary>
    public string? Project => Workflow?.Project;

    /// <summary>Where its outputs are kept; null for the project's state.</summary>
    public string? Store => Workflow?.Store;

    /// <summary>Nothing was said while it was read, and nothing of earlier executions looked up.</summary>
    public bool IsSilent { get; private init; }

    /// <summary>How results of earlier executions are used.</summary>
    public CacheMode CacheMode { get; init; } = CacheMode.Enabled;

    /// <summary>How much it is, in words: <c>1,000 commands</c>.</summary>
    public string Amount => Terminal.Amounts.Count(Prepared.Commands, "command") + Terminal.Amounts.OfRuns(Prepared.InnerRuns, Prepared.Commands);

    /// <summary>Plans it, with everything checked that can be before the start.</summary>
    /// <exception cref="DiagnosticException">All that is wrong with it.</exception>
    public Plan Plan(Session session, TimeProvider clock)
    {
        Surroundings surroundings = session.Surroundings;
        var diagnostics = new Diagnostics();
        if (Prepared.Obstacle is { } obstacle)
            throw new DiagnosticException(obstacle);
        Facts facts = PlanFacts.Of(Root, Project, Store, CacheMode, session, clock);
        Plan? plan = Planner.Plan(new Closure(Prepared.Definitions), Prepared.Workflow, Prepared.Inputs, facts, diagnostics);
        CheckSecrets(surroundings, diagnostics);
        var looked = new HashSet<string>(StringComparer.Ordinal);
        foreach (Definition definition in Prepared.Definitions)
        {
            // What brings its own programs is only known to have one when it runs.
            if (definition is Definition.OfTask { Task: { Python: null, Requirements: null, Setup: null, Modules.IsEmpty: true, Body: TaskBody.Command { Words: [Expr.Literal { Value: Value.Text program }, ..] } } task } && looked.Add(program.Content))
                CheckProgram(program.Content, task, surroundings, diagnostics);
        }
        if (!diagnostics.HasErrors)
            CheckConfigurations(surroundings, diagnostics);
        if (Prepared.PythonFunction is { } function && !diagnostics.HasErrors)
            PythonFunctionCheck.Check(function, Root, diagnostics);
        return plan is null || diagnostics.HasErrors ? throw new DiagnosticException(diagnostics) : plan;
    }

    private WorkflowDefinition? Workflow => Prepared.Definitions.OfType<Definition.OfWorkflow>().FirstOrDefault(one => one.Name == Prepared.Workflow)?.Workflow;

    /// <summary>Composes the configurations of the points, without starting their programs.</summary>
    public void CheckConfigurations(Surroundings surroundings, Diagnostics diagnostics) => Configurations = ConfigurationCheck.RunAll(Prepared.Points, surroundings.Variables, diagnostics);

    /// <summary>A secret that nobody has set is found out before anything starts.</summary>
    private void CheckSecrets(Surroundings surroundings, Diagnostics diagnostics)
    {
        TaskDefinition[] tasks = [.. Prepared.Definitions.OfType<Definition.OfTask>().Select(one => one.Task).Where(task => !task.Secrets.IsEmpty)];
        if (tasks.Length == 0)
            return;
        IReadOnlyList<string> names = Commands.SecretCommands.Open(Root, surroundings).Names;
        foreach (string name in tasks.SelectMany(task => task.Secrets).Distinct().Where(name => !names.Contains(name) && surroundings.Variable(name) is null))
            diagnostics.Error("run/no-secret", $"there is no secret `{name}`", tasks.First(task => task.Secrets.Contains(name)).At, Suggest.Hint(name, names) ?? $"`weft secret set {name}`");
    }

    private void CheckProgram(string program, TaskDefinition task, Surroundings surroundings, Diagnostics diagnostics)
    {
        if (Executables.Find(program, surroundings.Variable("PATH"), Root) is null)
        {
            diagnostics.Error("run/no-program", $"`{task.Name}` runs `{program}`, which is no program of this machine", task.At,
                program.Contains('/', StringComparison.Ordinal) ? $"paths are relative to {Root}; it must be executable" : "is it installed, and on the PATH of this shell?");
        }
    }
}
