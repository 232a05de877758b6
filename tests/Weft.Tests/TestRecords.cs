using Weft.Records;
using Weft.Records.Sqlite;
using Weft.Support;
using Weft.Tracking;

namespace Weft.Tests;

/// <summary>
/// Where the suites of the records open them: in a SQLite file of the test's folder. The tests of PostgreSQL compile the same suites with
/// another class of this name.
/// </summary>
internal static class TestRecords
{
    /// <summary>A connection; all for one folder are to the same records.</summary>
    public static Database Open(TemporaryFolder folder) => SqliteDatabase.Open(folder.Path("weft.db"), new SqliteOptions(), TimeProvider.System, default);

    public static TrackingStore OpenStore(TemporaryFolder folder, TrackingOptions options) => TrackingStore.Open(folder.Path("weft.db"), options, TimeProvider.System);
}
