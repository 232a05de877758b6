using Weft.Execution;
using Weft.Platform;
using Weft.Records;
using Weft.Storage;
using Weft.Text;
using Weft.Workflows;

namespace Weft.Cli;

/// <summary>The opened state of a project: <c>.weft</c> beside its files. Belongs to one thread.</summary>
internal sealed class ProjectStore : IDisposable
{
    private readonly ProjectRecords _opened;

    private ProjectStore(string root, ProjectRecords opened, string runtimeFolder, TimeProvider clock)
    {
        Root = root;
        _opened = opened;
        Clock = clock;
        Records = new ExecutionRecords(opened.Database, clock);
        Catalog = new ExecutionCatalog(opened.Database, clock);
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

    /// <summary>What is kept on this machine: the project's code, and outputs unless a plan keeps them elsewhere.</summary>
    public BlobStore Blobs => field ??= new FolderBlobStore(new StateFolder(FolderOf(Root)).Blobs, new FileHashes(null, Clock), Clock);

    /// <summary>Where the outputs of a plan lie.</summary>
    public BlobStore BlobsOf(Plan plan, Surroundings surroundings) => OutputStores.Open(Root, plan.Root.Store, new FileHashes(null, Clock), surroundings, Clock);

    public static string FolderOf(string root) => Path.Combine(root, StateFolder.Name);

    public static string DatabaseOf(string root) => new StateFolder(FolderOf(root)).Database;

    public static bool Exists(string root) => File.Exists(DatabaseOf(root));

    /// <summary>
    /// Opens the state of the project at <paramref name="root"/>, making it if it is not there. On a network file system another host may be the
    /// one that writes; then it can be read only.
    /// </summary>
    /// <param name="toWrite">Waits, up to half a minute, to see whether that host is still there.</param>
    /// <exception cref="DiagnosticException">It cannot be used, or was written by a newer version.</exception>
    public static ProjectStore Open(string root, Session session, bool toWrite = false)
    {
        string folder = FolderOf(root);
        try
        {
            string runtimeFolder = Machine.RuntimeFolder(session.Surroundings.Variable("XDG_RUNTIME_DIR"));
            bool hasSaid = false;
            ProjectRecords records = ProjectRecords.Open(new StateFolder(folder), toWrite, runtimeFolder, TimeProvider.System, Watch, CancellationToken.None);
            return new ProjectStore(root, records, runtimeFolder, TimeProvider.System);

            bool Watch(TimeSpan pause)
            {
                if (!hasSaid)
                    session.Say($"another host was the last to write {folder}: watching for up to {HostLease.ExpiryTime.TotalSeconds:0} s whether it is still there");
                hasSaid = true;
                return !CancellationToken.None.WaitHandle.WaitOne(pause);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or DatabaseException)
        {
            throw new DiagnosticException("store/unusable", $"cannot use `{folder}`: {error.Message}");
        }
    }

    /// <summary>Opens the state to read it; a project where nothing has run has none.</summary>
    public static ProjectStore OpenExisting(string root, Session session, bool toWrite = false) => Exists(root)
        ? Open(root, session, toWrite)
        : throw new DiagnosticException("store/missing", $"nothing has run in `{root}` yet", null, "`weft ls` lists what can be run");

    /// <summary>The plan that an execution was started with.</summary>
    public Plan PlanOf(ExecutionRow execution) =>
        PlanJson.Read(Records.ReadPlan(execution.Plan) ?? throw new DiagnosticException("store/no-plan", $"the plan of {execution.Name} is not in the store any more"));

    /// <summary>Another connection to the records, for who works beside this object's thread; the caller disposes it.</summary>
    public Database Connect() => _opened.Connect(CancellationToken.None);

    /// <summary>The digests of files that did not change; none on a network file system, where they may be another host's to write.</summary>
    public FileStatTable? OpenFileStats() => Place.IsShared ? null : new FileStatTable(Connect(), Root);

    public void Dispose() => _opened.Dispose();
}
