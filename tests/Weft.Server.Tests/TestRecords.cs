using Weft.Support;

namespace Weft.Server.Tests;

/// <summary>Where a test's server has its records: in a SQLite file. The tests of PostgreSQL have another class of this name.</summary>
internal static class TestRecords
{
    public static string Address(TemporaryFolder folder) => folder.Path("weft.db");
}
