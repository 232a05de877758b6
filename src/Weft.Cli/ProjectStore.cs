using Weft.Execution;
using Weft.Platform;
using Weft.Records;
using Weft.Records.Sqlite;
using Weft.Text;
using Weft.Workflows;

namespace Weft.Cli;

/// <summary>The opened state of a project: <c>.weft</c> beside its files. Belongs to one thread.</summary>
internal sealed class ProjectStore : IDisposable
{
    private const string FolderName = ".weft";

    private ProjectStore(string root, Database database, Surroundings surroundings, TimeProvider clock)
    {
        Root = root;
        Database = database;
        Clock = clock;
        Records = new ExecutionRecords(database, clock);
        Catalog = new ExecutionCatalog(database, clock);
        Place = new ExecutionPlace(FolderOf(root), Machine.RuntimeFolder(surroundings.Variable("XDG_RUNTIME_DIR")));
        Executions = new Executions(Place, Records, clock);
    }

    /// <summary>The project's folder.</summary>
    public string Root { get; }

    public Database Database { get; }

    public TimeProvider Clock { get; }

    public ExecutionRecords Records { get; }

    public ExecutionCatalog Catalog { get; }

    public ExecutionPlace Place { get; }

    public Executions Executions { get; }

    public static string FolderOf(string root) => Path.Combine(root, FolderName);

    public static string DatabaseOf(string root) => Path.Combine(FolderOf(root), "weft.db");

    public static bool Exists(string root) => File.Exists(DatabaseOf(root));

    /// <summary>Opens the state of the project at <paramref name="root"/>, making it if it is not there.</summary>
    /// <exception cref="DiagnosticException">It cannot be written, or was written by a newer version.</exception>
    public static ProjectStore Open(string root, Session session)
    {
        string folder = FolderOf(root);
        try
        {
            if (!Directory.Exists(folder))
            {
                Directory.CreateDirectory(folder);
                // Nothing in it belongs into a repository, this file included.
                File.WriteAllText(Path.Combine(folder, ".gitignore"), "*\n");
            }
            SqliteDatabase database = SqliteDatabase.Open(DatabaseOf(root), new SqliteOptions(), TimeProvider.System, CancellationToken.None);
            return new ProjectStore(root, database, session.Surroundings, TimeProvider.System);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or DatabaseException)
        {
            throw new DiagnosticException("store/unusable", $"cannot use `{folder}`: {error.Message}");
        }
    }

    /// <summary>Opens the state to read it; a project where nothing has run has none.</summary>
    public static ProjectStore OpenExisting(string root, Session session) => Exists(root)
        ? Open(root, session)
        : throw new DiagnosticException("store/missing", $"nothing has run in `{root}` yet", null, "`weft ls` lists what can be run");

    /// <summary>The plan that an execution was started with.</summary>
    public Plan PlanOf(ExecutionRow execution) =>
        PlanJson.Read(Records.ReadPlan(execution.Plan) ?? throw new DiagnosticException("store/no-plan", $"the plan of {execution.Name} is not in the store any more"));

    public void Dispose() => Database.Dispose();
}
