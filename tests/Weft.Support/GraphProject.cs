using Weft.Dialects;
using Weft.Execution;
using Weft.Platform;
using Weft.Records;
using Weft.Records.Sqlite;
using Weft.Storage;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Support;

/// <summary>A project with a <c>weft.yaml</c>, and the real loop over its real record and its real store.</summary>
internal sealed class GraphProject(string folder) : IDisposable
{
    private Database? _database;

    public int Parallel { get; init; } = 2;

    public CacheMode CacheMode { get; init; } = CacheMode.Enabled;

    /// <summary>Puts something around the records, the contents and the cache of an execution: faults.</summary>
    public Func<Database, Database> Wrap { get; init; } = database => database;

    public Func<BlobStore, BlobStore> WrapBlobs { get; init; } = blobs => blobs;

    public Func<string, CacheObjects> OpenCache { get; init; } = folder => new CacheObjects(folder);

    /// <summary>What a plan may know besides.</summary>
    public Func<Facts, Facts> Foresee { get; set; } = facts => facts;

    /// <summary>Where clones share results; null when they do not.</summary>
    public string? SharedFolder { get; init; }

    /// <summary>Has task hosts run the tasks: processes that see only the run folder.</summary>
    public bool Hosted { get; init; }

    public List<ExecutionEvent> Events { get; } = [];

    public Action<ExecutionEvent> OnEvent { get; set; } = _ => { };

    public string Folder { get; } = folder;

    public string StateFolder { get; } = Path.Combine(folder, ".weft");

    public ExecutionRecords Records => field ??= new ExecutionRecords(_database ??= OpenDatabase(), TimeProvider.System);

    public ExecutionCatalog Catalog => field ??= new ExecutionCatalog(_database ??= OpenDatabase(), TimeProvider.System);

    public ExecutionPlace Place => field ??= new ExecutionPlace(StateFolder, Machine.RuntimeFolder(Folder));

    public Executions Executions => field ??= new Executions(Place, Records, TimeProvider.System);

    public string Write(string path, string text)
    {
        string full = Path.Combine(Folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
        return full;
    }

    public string Read(string path) => File.ReadAllText(Path.Combine(Folder, path));

    /// <summary>Writes the file and runs a workflow of it to its end, as a new execution unless one was interrupted.</summary>
    public ExecutionEnd Run(string yaml, string name = "main", params string[] words)
    {
        Plan plan = PlanOf(yaml, name, words);
        using ExecutionStart start = Executions.Start(new ExecutionRequest { Definition = name, Plan = plan, PlanBody = PlanJson.Write(plan), WhenFinished = WhenFinished.StartNew });
        return Take(start, plan);
    }

    public ExecutionEnd Take(ExecutionStart start, Plan plan)
    {
        using RunningExecution run = Executions.Take(start, plan, new RunOptions
        {
            ProjectFolder = Folder,
            Environment = EnvironmentBlock.Current(),
            Parallel = Parallel,
            CacheMode = CacheMode,
            Blobs = WrapBlobs(new FolderBlobStore(new StateFolder(StateFolder).Blobs, new FileHashes(null, TimeProvider.System), TimeProvider.System)),
            Cache = OpenCache(new StateFolder(StateFolder).Cache),
            SharedFolder = SharedFolder,
            HostsAll = Hosted,
            HostProgram = [SweepProject.Program, "exec"],
            Publish = Publish,
        });
        return run.Wait();
    }

    public Plan PlanOf(string yaml, string name = "main", params string[] words)
    {
        Write("weft.yaml", yaml);
        var problems = new Diagnostics();
        Prepared? prepared = Project.Open(Folder, new Dictionary<string, string>()).Find(name, problems)?
            .Prepare(new Arguments { Overrides = [.. words.Select((word, i) => Excerpt.OfArgument(i + 1, word))] }, problems);
        Facts facts = Foresee(FactsOf(default));
        return prepared is null ? throw new DiagnosticException(problems)
            : Planner.Plan(new Closure(prepared.Definitions), prepared.Workflow, prepared.Inputs, facts, problems) ?? throw new DiagnosticException(problems);
    }

    /// <summary>What decisions may know of the files of the project.</summary>
    public Facts FactsOf(ExecutionId execution) =>
        new ProjectFiles(Folder, new FileHashes(null, TimeProvider.System)).AddTo(new Facts(execution, TimeProvider.System.GetUtcNow()));

    /// <summary>How it ended, with the reasons of failures: what an assertion compares with <c>Succeeded</c>.</summary>
    public static string Verdict(ExecutionEnd end) => end.State + string.Concat(end.Failures.Select(failure => $"; {failure.Examples[0]}: {failure.Reason} {failure.LastLine}"));

    public NodeState StateOf(ExecutionEnd end, string path) =>
        StateRows.FromRow(Records.FindNode(end.Id, new NodePath(path)) ?? throw new InvalidOperationException($"nothing is recorded of {path}"), null);

    /// <summary>The phases of nodes: <c>a=Succeeded b=Skipped</c>.</summary>
    public string Phases(ExecutionEnd end, params string[] paths) => string.Join(' ', paths.Select(path => $"{path}={Records.FindNode(end.Id, new NodePath(path))?.Phase ?? "-"}"));

    /// <summary>What a program wrote into the file of that name in its own folder, the only one of this execution.</summary>
    public string ResultOf(ExecutionEnd end, string file) =>
        File.ReadAllText(Directory.GetFiles(Path.Combine(StateFolder, "executions", end.Id.Value), file, SearchOption.AllDirectories).Single());

    public void Dispose() => _database?.Dispose();

    private void Publish(ExecutionEvent what)
    {
        Events.Add(what);
        OnEvent(what);
    }

    private Database OpenDatabase()
    {
        Directory.CreateDirectory(StateFolder);
        return Wrap(SqliteDatabase.Open(Path.Combine(StateFolder, "weft.db"), new SqliteOptions(), TimeProvider.System, CancellationToken.None));
    }
}
