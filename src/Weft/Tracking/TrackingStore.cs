using Weft.Records;
using Weft.Records.Sqlite;

namespace Weft.Tracking;

/// <summary>How a tracking store works.</summary>
/// <param name="ArtifactRoot">
/// Where the artifacts of experiments without a location of their own go: a URI or an absolute path; each gets a folder named by its id.
/// </param>
/// <param name="TruncatesLongValues">Whether params and labels beyond their limits are cut (MLflow's default) or refused.</param>
public sealed record TrackingOptions(string ArtifactRoot, bool TruncatesLongValues = true);

/// <summary>
/// Experiments, runs and models as MLflow knows them, in one database that several processes may have open. Reading is done on the calling
/// thread with connections of a pool; all writing goes through one loop (<see cref="WriteLoop"/>), and a write has completed when its
/// transaction is committed. Thread-safe.
/// </summary>
public sealed class TrackingStore : IAsyncDisposable
{
    private readonly WriteLoop _writer;
    private readonly ReaderPool _readers;

    /// <param name="mostReaders">How many connections may read at a time.</param>
    internal TrackingStore(Func<Database> open, TrackingOptions options, TimeProvider clock, int mostReaders = int.MaxValue)
    {
        Database writing = open();
        EnsureDefault(writing, options, clock);
        _writer = new WriteLoop(writing, clock);
        _readers = new ReaderPool(open, mostReaders);
        Settling = new Settling(_writer, _readers);
        Experiments = new ExperimentStore(_writer, _readers, options.ArtifactRoot);
        Runs = new RunStore(_writer, _readers, Settling, options.TruncatesLongValues);
        History = new MetricHistory(_readers, Settling);
        Search = new RunSearch(_writer, _readers, Settling);
        Inputs = new InputStore(_writer, _readers);
        LoggedModels = new LoggedModelStore(_writer, _readers);
        Registry = new ModelRegistry(_writer, _readers);
        Traces = new TraceStore(_writer, _readers);
        Spans = new SpanStore(_writer, _readers);
        Assessments = new AssessmentStore(_writer, _readers);
        Accounts = new AccountStore(_writer, _readers);
        Cleaning = new Cleaning(_writer, _readers);
    }

    internal WriteLoop Writer => _writer;

    internal ReaderPool Readers => _readers;

    internal Settling Settling { get; }

    public ExperimentStore Experiments { get; }

    public RunStore Runs { get; }

    public MetricHistory History { get; }

    public RunSearch Search { get; }

    public InputStore Inputs { get; }

    public LoggedModelStore LoggedModels { get; }

    public ModelRegistry Registry { get; }

    public TraceStore Traces { get; }

    public SpanStore Spans { get; }

    public AssessmentStore Assessments { get; }

    public AccountStore Accounts { get; }

    public Cleaning Cleaning { get; }

    /// <summary>Opens the store in a SQLite file, making it if it is not there.</summary>
    /// <param name="path">A file in an existing folder.</param>
    public static TrackingStore Open(string path, TrackingOptions options, TimeProvider clock) =>
        new(() => SqliteDatabase.Open(path, new SqliteOptions(), clock, CancellationToken.None), options, clock);

    /// <summary>Writes what was handed over, then closes.</summary>
    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync();
        _readers.Dispose();
    }

    private static void EnsureDefault(Database database, TrackingOptions options, TimeProvider clock)
    {
        if (!database.CanWrite || database.Prepare("SELECT 1 FROM experiment WHERE id = 0").Any())
            return;
        using Transaction transaction = database.BeginWrite(CancellationToken.None);
        database.Prepare("INSERT INTO experiment (id, name, location, stage, created, updated) VALUES (0, 'Default', ?1, 'active', ?2, ?2) ON CONFLICT DO NOTHING")
            .Bind(1, options.ArtifactRoot.TrimEnd('/') + "/0").Bind(2, clock.GetUtcNow().ToUnixTimeMilliseconds()).Run();
        transaction.Commit();
    }
}
