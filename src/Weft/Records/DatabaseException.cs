namespace Weft.Records;

/// <summary>What kind of failure a database reported: the callers' remedies differ by it.</summary>
internal enum DatabaseFault
{
    /// <summary>Another process kept the lock beyond the deadline.</summary>
    Busy,

    /// <summary>
    /// The connection broke, or the database undid the transaction in favour of another: nothing of it was kept, and it may be done again.
    /// </summary>
    Lost,

    /// <summary>A unique or primary key exists already.</summary>
    Duplicate,

    /// <summary>Any other constraint: not null, check, foreign key.</summary>
    Constraint,

    /// <summary>The disk, or the database's own limit, is full.</summary>
    Full,

    /// <summary>The file or its folder cannot be written.</summary>
    ReadOnly,

    /// <summary>The file or server cannot be opened or reached.</summary>
    Unreachable,

    /// <summary>The file is damaged or is no database.</summary>
    Corrupt,

    /// <summary>The file was written by a newer version, or is in use by an older one.</summary>
    Format,

    /// <summary>Reading or writing failed below the database.</summary>
    Io,

    /// <summary>Anything else; the message holds the database's own words.</summary>
    Other,
}

/// <summary>A database could not do what it was asked. The message says what was tried, where, and what may help.</summary>
internal sealed class DatabaseException(DatabaseFault fault, string message, Exception? inner = null) : Exception(message, inner)
{
    public DatabaseFault Fault { get; } = fault;
}
