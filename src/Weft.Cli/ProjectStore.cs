using Weft.Execution;
using Weft.Platform;
using Weft.Records;
using Weft.Records.Sqlite;
using Weft.Storage;
using Weft.Text;
using Weft.Workflows;

namespace Weft.Cli;

/// <summary>The opened state of a project: <c>.weft</c> beside its files. Belongs to one thread.</summary>
internal sealed class ProjectStore : IDisposable
{
    private readonly ProjectRecords _records;

    private ProjectStore(string root, ProjectRecords records, string runtimeFolder, TimeProvider clock)
    {
        Root = root;
        _records = records;
        Clock = clock;
        Records = new ExecutionRecords(records.Database, clock);
        Catalog = new ExecutionCatalog(records.Database, clock);
        Place = new ExecutionPlace(FolderOf(root), runtimeFolder);
        Executions = new Executions(Place, Records, clock);
    }

    /// <summary>The project's folder.</summary>
    public string Root { get; }

    public TimeProvider Clock { get; }

    public ExecutionRecords Records { get; }

    public ExecutionCatalog Catalog { get; }

    public ExecutionPlace Place { get; }

    public Executions Executions { get; }

    public static string FolderOf(string root) => Path.Combine(root, StateFolder.Name);

    public static string DatabaseOf(string root) => Path.Combine(FolderOf(root), "weft.db");

    public static bool Exists(string root) => File.Exists(DatabaseOf(root));

    /// <summary>Opens the state of the project at <paramref name="root"/>, making it if it is not there.</summary>
    /// <exception cref="DiagnosticException">It cannot be written, or was written by a newer version.</exception>
    public static ProjectStore Open(string root, Session session)
    {
        string folder = FolderOf(root);
        try
        {
            string runtime = Machine.RuntimeFolder(session.Surroundings.Variable("XDG_RUNTIME_DIR"));
            using var never = new ManualResetEventSlim();
            ProjectRecords records = ProjectRecords.Open(new StateFolder(folder), runtime, TimeProvider.System, time =>
            {
                session.Say("waiting for another host to say that it still uses this project …");
                never.Wait(time);
                return true;
            }, CancellationToken.None);
            return new ProjectStore(root, records, runtime, TimeProvider.System);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or DatabaseException)
        {
            throw new DiagnosticException("store/unusable", $"cannot use `{folder}`: {error.Message}");
        }
    }

    /// <summary>Refuses to go on when another host writes the records now (on a network file system): then only reading is possible here.</summary>
    public ProjectStore ForWriting() => _records.Writer is { } other
        ? throw new DiagnosticException("store/other-host", $"`{other.Host}` has executions of this project running and alone writes its records now", null, $"run the command there, or wait until they end: `weft ps` shows them")
        : this;

    /// <summary>Opens the state to read it; a project where nothing has run has none.</summary>
    public static ProjectStore OpenExisting(string root, Session session) => Exists(root)
        ? Open(root, session)
        : throw new DiagnosticException("store/missing", $"nothing has run in `{root}` yet", null, "`weft ls` lists what can be run");

    /// <summary>The plan that an execution was started with.</summary>
    public Plan PlanOf(ExecutionRow execution) =>
        PlanJson.Read(Records.ReadPlan(execution.Plan) ?? throw new DiagnosticException("store/no-plan", $"the plan of {execution.Name} is not in the store any more"));

    /// <summary>The digests of files that did not change, on a connection of their own; none on a network file system, where only one may write.</summary>
    public FileStatTable? OpenFileStats() =>
        Place.IsShared ? null : new FileStatTable(SqliteDatabase.Open(DatabaseOf(Root), new SqliteOptions(), Clock, CancellationToken.None), Root);

    public void Dispose() => _records.Dispose();
}
