using System.Collections.Immutable;
using Weft.Config.Nodes;
using Weft.Dialects.Hydra;
using Weft.Expressions;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Dialects.HydraFlow;

/// <summary>A job of <c>hydraflow.yaml</c> as a workflow of one node: its command for each point of its sets.</summary>
/// <param name="folder">The project's folder, in which commands run.</param>
internal sealed class JobRunnable(HydraFlowJob job, string folder) : Runnable
{
    /// <summary>Calls the function that its first argument names with the list of the others.</summary>
    private const string CallCode =
        "import importlib,sys;m,_,f=sys.argv[1].rpartition('.');getattr(importlib.import_module(m),f)(sys.argv[2:])";

    /// <summary>In place of the ULID where only the form of the words counts.</summary>
    private const string AnyFolder = "00000000000000000000000000";

    public override string Name => job.Key;

    public override string Experiment => job.Name;

    public override string Kind => job.Kind switch
    {
        JobKind.Submit => "hydraflow submit",
        JobKind.Call => "hydraflow call",
        _ => "hydraflow run",
    };

    public override Span At => job.At;

    public override Prepared? Prepare(Arguments arguments, Diagnostics diagnostics)
    {
        if (JobSweepReader.Read(job, arguments, diagnostics) is not { } sweep)
            return null;
        return new Prepared(job.Key, () => Definitions(sweep))
        {
            Commands = sweep.Kind == JobKind.Submit ? 1 : sweep.Space.Size,
            InnerRuns = sweep.Space.Runs,
            DryRun = ulid => DryRun(sweep, ulid),
            Words = ulid => Lists(sweep, ulid).Select(list => (ImmutableArray<string>)[.. sweep.Kind == JobKind.Submit ? [] : sweep.Command, .. list]),
            Points = sweep.Kind == JobKind.Run ? [Points(sweep, arguments)] : [],
            PythonFunction = sweep.Function,
            Notes = sweep.Notes,
        };
    }

    private CommandPoints Points(JobSweep sweep, Arguments arguments) => new(
        sweep.Space, sweep.Command, point => sweep.Arguments(point, AnyFolder), folder,
        CommandPoints.PlacesOf(sweep.Space, arguments.Overrides.Select(word => word.At)), NodeNames.Of(job.Key), job.Command!.At);

    /// <summary>The argument lists, without the command.</summary>
    private static IEnumerable<string[]> Lists(JobSweep sweep, string ulid) =>
        sweep.Space.Points().Select(point => sweep.Arguments(point, Ulid.Derive(ulid, point.Index)));

    private IEnumerable<string> DryRun(JobSweep sweep, string ulid) => sweep.Kind switch
    {
        JobKind.Run => Lists(sweep, ulid).Select(list => ShellWords.Join([.. sweep.Command, .. list])),
        JobKind.Call => Lists(sweep, ulid).Select(list => $"{sweep.Command[0]}([{string.Join(", ", sweep.Command.Skip(1).Concat(list).Select(PythonText.Quoted))}])"),
        _ => Lists(sweep, ulid).Select(ShellWords.Join).DefaultIfEmpty("").Prepend(ShellWords.Join([.. sweep.Command, LineFile(ulid)])),
    };

    /// <summary>The file that a submitted program gets, in the working directory.</summary>
    private string LineFile(string ulid) => Path.Combine(folder, LineFiles.NameOf(new AttemptId(new ExecutionId(ulid), new NodePath(NodeNames.Of(job.Key).Text), 1)));

    private static ImmutableArray<Definition> Definitions(JobSweep sweep)
    {
        HydraFlowJob job = sweep.Job;
        string[] program = sweep.Kind == JobKind.Call ? ["python3", "-c", CallCode, .. sweep.Command] : [.. sweep.Command];
        IEnumerable<Expr> command = program.Select(word => Expr.Of(word));
        bool isBatch = sweep.Kind == JobKind.Submit;
        var task = new TaskDefinition(job.Key, new TaskBody.Command([.. isBatch ? command : command.Concat(Words(sweep))]), job.At)
        {
            Experiment = job.Name == job.Key ? null : job.Name,
            Lines = isBatch ? new Lines(sweep.Space, [.. Words(sweep)]) : null,
        };
        var callee = new Callee(CalleeKind.Task, task.Name, job.At);
        NodeId id = NodeNames.Of(job.Key);
        Node node = isBatch ? new Node.Use(id, callee, job.At) : new Node.Each(id, new Elements.Known(sweep.Space), callee, job.At);
        return [new Definition.OfTask(task), new Definition.OfWorkflow(new WorkflowDefinition(job.Key, [node], job.At))];
    }

    /// <summary>The argument list as expressions over its point; only the ULID is not known before it runs.</summary>
    private static IEnumerable<Expr> Words(JobSweep sweep)
    {
        if (!sweep.IsExpanded)
            yield return Expr.Of(JobSweep.Multirun);
        yield return Expr.To(Root.Words);
        if (!sweep.IsExpanded)
        {
            yield return Expr.Of(sweep.JobName);
            yield return new Expr.Concat([Expr.Of(JobSweep.SweepFolder), Expr.To(Root.Run, "ulid")], Expr.Nowhere);
        }
        if (sweep.AddParameter is { } parameter)
            yield return Expr.To(Root.Item, parameter);
        foreach (string word in sweep.Add)
            yield return Expr.Of(word);
    }
}
