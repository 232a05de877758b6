using System.Collections.Immutable;
using Weft.Execution;
using Weft.Expressions;
using Weft.Platform;
using Weft.Records;
using Weft.Records.Sqlite;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Support;

/// <summary>
/// A project whose only workflow sweeps a shell command over the numbers from 0, and the real loop over its real record: for tests that stop, kill and
/// resume executions. In the command <c>$1</c> is the number.
/// </summary>
internal sealed class SweepProject(string folder) : IDisposable
{
    /// <summary>The program that does the same in a process of its own, and hosts tasks.</summary>
    public static readonly string Program = Repository.Path("artifacts/bin/Weft.SweepProgram/debug/Weft.SweepProgram");

    private Database? _database;

    /// <summary>The attributes of the task; set them before the first use.</summary>
    public Func<TaskDefinition, TaskDefinition> Task { get; init; } = task => task;

    public long Points { get; init; } = 1;

    public string Command { get; init; } = "true";

    /// <summary>The words of the command; null for a shell with <see cref="Command"/>.</summary>
    public string[]? Words { get; init; }

    public FailureBudget Budget { get; init; } = new(StopAfter: null, MinSuccess: 1);

    public int Parallel { get; init; } = 2;

    /// <summary>Whether <see cref="Events"/> are kept.</summary>
    public bool KeepsEvents { get; init; } = true;

    /// <summary>Has task hosts run the tasks: processes that see only the run folder.</summary>
    public bool Hosted { get; init; }

    public List<ExecutionEvent> Events { get; } = [];

    public Func<Database, Database> Wrap { get; init; } = database => database;

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    public string Folder { get; } = folder;

    public string StateFolder { get; } = Path.Combine(folder, ".weft");

    public ExecutionRecords Records => field ??= new ExecutionRecords(_database ??= Wrap(OpenDatabase()), Clock);

    /// <summary>Behaves as on a file system that other hosts see.</summary>
    public bool Shared { get; init; }

    public ExecutionPlace Place => field ??= new ExecutionPlace(StateFolder, Machine.RuntimeFolder(Folder)) { IsShared = Shared };

    /// <summary>Makes the workflow; null for the sweep alone.</summary>
    public Func<Span, TaskDefinition, WorkflowDefinition>? Workflow { get; init; }

    /// <summary>What stands in place of the sweep: any definitions with a workflow <c>main</c>.</summary>
    public Definition[]? Definitions { get; init; }

    public Executions Executions => field ??= new Executions(Place, Records, Clock);

    public Plan Plan => field ??= MakePlan();

    public ExecutionStart Start(bool fresh = false) =>
        Executions.Start(new ExecutionRequest { Definition = "sweep", Plan = Plan, PlanBody = PlanJson.Write(Plan), Fresh = fresh });

    public RunningExecution Take(ExecutionStart start) => Executions.Take(start, Plan, Options);

    public RunningExecution Take(ExecutionId id) => Executions.Take(id, Plan, Options);

    private RunOptions Options => new()
    {
        ProjectFolder = Folder,
        Environment = EnvironmentBlock.Current(),
        Parallel = Parallel,
        HostsAll = Hosted,
        HostProgram = [Program, "exec"],
        Publish = KeepsEvents ? Events.Add : _ => { },
        Clock = Clock,
    };

    /// <summary>Starts or resumes, and runs to the end.</summary>
    public ExecutionEnd Run()
    {
        using ExecutionStart start = Start();
        using RunningExecution run = Take(start);
        return run.Wait();
    }

    public string ReadLog(ExecutionId execution, long point, int attempt = 1)
    {
        using var log = RawFile.OpenRead(Executions.LogOf(AttemptOf(execution, point, attempt)));
        byte[] bytes = new byte[RandomAccess.GetLength(log)];
        RandomAccess.Read(log, bytes, 0);
        return System.Text.Encoding.UTF8.GetString(bytes);
    }

    public static AttemptId AttemptOf(ExecutionId execution, long point, int attempt = 1) => new(execution, new NodePath("points").Element(point), attempt);

    public void Dispose() => _database?.Dispose();

    private SqliteDatabase OpenDatabase()
    {
        Directory.CreateDirectory(StateFolder);
        return SqliteDatabase.Open(Path.Combine(StateFolder, "weft.db"), new SqliteOptions(), Clock, CancellationToken.None);
    }

    private Plan MakePlan()
    {
        Span at = Expr.Nowhere;
        ImmutableArray<Expr> words = Words is not null
            ? [.. Words.Select(word => Expr.Of(word))]
            : [Expr.Of("sh"), Expr.Of("-c"), Expr.Of(Command), Expr.Of("sh"), Expr.To(Root.Item, "i")];
        TaskDefinition task = Task(new TaskDefinition("point", new TaskBody.Command(words), at));
        var each = new Node.Each(new NodeId("points"), new Elements.Known(new Axis("i", new Choices.Typed([.. Enumerable.Range(0, (int)Points).Select(i => new Word($"{i}", Value.Of(i)))]), at)), new Callee(CalleeKind.Task, "point", at), at) { Budget = Budget };
        WorkflowDefinition workflow = Workflow?.Invoke(at, task) ?? new WorkflowDefinition("main", [each], at);
        var diagnostics = new Diagnostics();
        var facts = new Facts(default, Clock.GetUtcNow());
        return Planner.Plan(new Closure(Definitions ?? [new Definition.OfTask(task), new Definition.OfWorkflow(workflow)]), "main", Value.NoEntries, facts, diagnostics)
            ?? throw new DiagnosticException(diagnostics);
    }
}
