using System.Collections.Immutable;
using Weft.Text;
using Weft.Workflows;

namespace Weft.Dialects.Native;

/// <summary>A workflow of <c>weft.yaml</c>, or one task of <c>main</c> with all that it depends on.</summary>
/// <param name="workflow">The workflow's name.</param>
/// <param name="task">The task that is wanted; null for the whole.</param>
/// <param name="warnings">What is said of the file whenever something of it is run.</param>
internal sealed class WorkflowRunnable(WeftFile file, string workflow, string? task, Span at, IReadOnlyDictionary<string, string> environment, ImmutableArray<Diagnostic> warnings) : Runnable
{
    public override string Name => task ?? workflow;

    public override string Kind => task is null ? "weft workflow" : "weft task";

    public override Span At => at;

    public override Prepared? Prepare(Arguments arguments, Diagnostics diagnostics)
    {
        int before = diagnostics.Errors;
        WorkflowScope scope = WorkflowReader.ScopeOf(file, workflow, diagnostics);
        Changes changes = Changes.Read(file, scope, arguments, environment, diagnostics);
        ImmutableArray<Definition> definitions = WorkflowReader.Read(file, scope, task, changes, diagnostics);
        if (diagnostics.Errors > before)
            return null;
        foreach (Diagnostic warning in warnings.Where(Concerns))
            diagnostics.Add(warning);
        var closure = new Closure(definitions);
        var lines = new CommandLines(closure, workflow, changes.Inputs);
        long commands = lines.Count;
        return new Prepared(workflow, () => definitions)
        {
            MayTakeEarlierResults = true,
            Inputs = changes.Inputs,
            RunsAgain = true,
            Commands = commands,
            InnerRuns = lines.Runs,
            DryRun = _ => lines.Texts(),
            Words = _ => lines.Words(),
            Points = [.. lines.Points(file.Folder)],
            Notes = changes.Notes,
            ConfigFolder = file.Root.TextOf("config") is { } config ? Path.GetDirectoryName(Path.GetFullPath(config, file.Folder)) : null,
            Obstacle = ObstacleOf(definitions),
        };
    }

    public override IEnumerable<string> Keys
    {
        get
        {
            WorkflowScope scope = WorkflowReader.ScopeOf(file, workflow, []);
            return scope.In.Keys.Concat(scope.SweptKeys()).Distinct();
        }
    }

    /// <summary>Whether a warning is about what is run, and not about the rest of the file.</summary>
    private bool Concerns(Diagnostic warning) => warning.At is { } at && new[] { file.Root["env"], file.Root["tasks"], file.Root["workflows"] }
        .Any(node => node is not null && at.Start >= node.At.Start && at.End <= node.At.End);

    /// <summary>An engine that this version has not.</summary>
    private Diagnostic? ObstacleOf(ImmutableArray<Definition> definitions)
    {
        foreach (Node node in definitions.OfType<Definition.OfWorkflow>().SelectMany(one => one.Workflow.Nodes))
        {
            if (node.With.Engine is not { } engine || engine == EngineProfile.Local.Name)
                continue;
            string? kind = file.Root.MapOf("engines").MapOf(engine).TextOf("kind");
            if (kind == "local")
                continue;
            return kind is null
                ? new Diagnostic("weft/unknown-engine", $"there is no engine `{engine}`", node.At) { Hint = Suggest.HintOrList(engine, ["local", .. file.Root.NamesOf("engines")], "engines") }
                : new Diagnostic("weft/engine-not-yet", $"`{node.Id}` is to run on `{engine}`, and {kind} is not supported yet", node.At) { Hint = $"leave `engine` out to run it on this machine; `weft run TASK` runs a task that does not need `{engine}`" };
        }
        return null;
    }
}
