using Npgsql;
using Weft.Records;

namespace Weft.Postgres;

/// <summary>PostgreSQL's error codes (appendix A of its manual) and broken connections as failures that say what may help.</summary>
internal static class PostgresFailure
{
    /// <param name="verb">What was tried: "open", "use".</param>
    public static DatabaseException Make(Exception failure, string location, string verb)
    {
        DatabaseFault fault = Classify(failure, verb);
        string remedy = fault switch
        {
            DatabaseFault.Busy => "others are using it; try again when they are done",
            DatabaseFault.Full => "the server's disk is full: free some space there; what was committed is kept",
            DatabaseFault.ReadOnly => "the user may only read there, or the server is a standby",
            DatabaseFault.Unreachable => "check address, user and password, and that the server runs",
            DatabaseFault.Corrupt => "restore the database from a backup",
            _ => "",
        };
        string words = failure is PostgresException said ? said.MessageText : failure.GetBaseException().Message;
        return new DatabaseException(fault, $"cannot {verb} the database {location}: {words}" + (remedy.Length == 0 ? "" : $"; {remedy}"), failure);
    }

    /// <summary>Whether opening may work a moment later: the server is starting or stopping, full of connections, or not there for now.</summary>
    public static bool IsPassing(Exception failure) => failure is PostgresException said
        ? said.SqlState is PostgresErrorCodes.CannotConnectNow or PostgresErrorCodes.TooManyConnections or PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown
        : true;

    private static DatabaseFault Classify(Exception failure, string verb)
    {
        if (failure is not PostgresException said)
            return verb == "open" ? DatabaseFault.Unreachable : DatabaseFault.Lost;
        return said.SqlState switch
        {
            PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected => DatabaseFault.Lost,
            PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.TooManyConnections => DatabaseFault.Busy,
            PostgresErrorCodes.UniqueViolation => DatabaseFault.Duplicate,
            PostgresErrorCodes.DiskFull => DatabaseFault.Full,
            PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.InsufficientPrivilege => DatabaseFault.ReadOnly,
            PostgresErrorCodes.IoError => DatabaseFault.Io,
            PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted => DatabaseFault.Corrupt,
            PostgresErrorCodes.CharacterNotInRepertoire => DatabaseFault.Constraint,
            "25P03" => DatabaseFault.Lost,
            ['2', '3', ..] => DatabaseFault.Constraint,
            ['0', '8', ..] or ['5', '7', 'P', ..] => verb == "open" ? DatabaseFault.Unreachable : DatabaseFault.Lost,
            ['2', '8', ..] or PostgresErrorCodes.InvalidCatalogName => DatabaseFault.Unreachable,
            _ => DatabaseFault.Other,
        };
    }
}
