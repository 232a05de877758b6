using System.Security.Cryptography;
using System.Text;
using Weft.Postgres;
using Weft.Postgres.Tests;
using Weft.Records;
using Weft.Support;
using Weft.Tracking;

namespace Weft.Tests
{
    /// <summary>Opens the records on PostgreSQL, in a schema for each test's folder.</summary>
    internal static class TestRecords
    {
        public static Database Open(TemporaryFolder folder) => PostgresStore.Connections(Address(folder), TimeProvider.System)();

        public static TrackingStore OpenStore(TemporaryFolder folder, TrackingOptions options) => PostgresStore.Open(Address(folder), options, TimeProvider.System);

        public static string Address(TemporaryFolder folder) =>
            PostgresServer.Shared.Address("t" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(folder.Root)))[..16]);
    }
}

namespace Weft.Server.Tests
{
    internal static class TestRecords
    {
        public static string Address(TemporaryFolder folder) => Weft.Tests.TestRecords.Address(folder);
    }
}
