using Npgsql;
using Weft.Records;
using Weft.Tracking;

namespace Weft.Postgres;

/// <summary>The tracking store on PostgreSQL.</summary>
public static class PostgresStore
{
    /// <summary>How many connections one process reads with; one more writes.</summary>
    private const int MostReaders = 16;

    /// <summary>Whether an address, as <c>--store</c> takes it, names a PostgreSQL server.</summary>
    public static bool IsAddress(string text) => PostgresLocation.IsAddress(text);

    /// <summary>The address as it may be shown: without its password.</summary>
    public static string Show(string address) => PostgresLocation.Parse(address).Shown;

    /// <summary>Opens the store, making its tables where there are none.</summary>
    /// <param name="address">As <c>postgresql://USER@HOST/DATABASE</c>.</param>
    /// <exception cref="Text.DiagnosticException">The address cannot be read.</exception>
    public static TrackingStore Open(string address, TrackingOptions options, TimeProvider clock) =>
        new(Connections(address, clock), options, clock, MostReaders);

    /// <summary>Version and place of the server, when it can be reached and used; a failure says why not.</summary>
    public static string Describe(string address, TimeProvider clock)
    {
        PostgresLocation location = PostgresLocation.Parse(address);
        using NpgsqlDataSource source = PostgresDatabase.Source(location);
        using var database = PostgresDatabase.Open(source, location, clock, CancellationToken.None);
        return $"PostgreSQL {database.ServerVersion}, format {database.ReadFormat()}, {location.Shown}";
    }

    /// <summary>What opens connections to the records.</summary>
    internal static Func<Database> Connections(string address, TimeProvider clock)
    {
        PostgresLocation location = PostgresLocation.Parse(address);
        NpgsqlDataSource source = PostgresDatabase.Source(location);
        return () => PostgresDatabase.Open(source, location, clock, CancellationToken.None);
    }
}
