using System.Runtime.CompilerServices;
using Weft.Postgres;
using Weft.Records.Sqlite;
using Weft.Tracking;

namespace Weft.Server;

/// <summary>Opens the records wherever they are. PostgreSQL's driver is loaded only for an address that names it.</summary>
internal static class Stores
{
    /// <summary>Whether the records are on a server, not in a file.</summary>
    public static bool IsRemote(string database) => database.Contains("://", StringComparison.Ordinal);

    public static TrackingStore Open(string database, TrackingOptions options, TimeProvider clock) =>
        IsRemote(database) ? OpenRemote(database, options, clock) : TrackingStore.Open(database, options, clock);

    /// <summary>The address for messages: a password in it is not shown.</summary>
    public static string Show(string database) => IsRemote(database) ? ShowRemote(database) : database;

    /// <summary>What is there, for people; opens it, and makes its tables where there are none.</summary>
    public static string Describe(string database, TimeProvider clock)
    {
        if (IsRemote(database))
            return DescribeRemote(database, clock);
        using SqliteDatabase file = SqliteDatabase.Open(database, new SqliteOptions(), clock, CancellationToken.None);
        return $"SQLite, format {file.ReadFormat()}, {file.Location}";
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string DescribeRemote(string address, TimeProvider clock) => PostgresStore.Describe(address, clock);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TrackingStore OpenRemote(string address, TrackingOptions options, TimeProvider clock) => PostgresStore.Open(address, options, clock);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string ShowRemote(string address) => PostgresStore.Show(address);
}
