using System.Runtime.InteropServices;

namespace Weft.Records.Sqlite;

/// <summary>SQLite's result codes (https://www.sqlite.org/rescode.html) as failures that say what may help.</summary>
internal static unsafe class SqliteFailure
{
    private const int Perm = 3, Busy = 5, Locked = 6, ReadOnly = 8, Io = 10, Corrupt = 11, Full = 13, CannotOpen = 14, Constraint = 19, NotADatabase = 26;
    private const int DuplicateKey = Constraint | (6 << 8), DuplicateValue = Constraint | (8 << 8), DuplicateRow = Constraint | (10 << 8);
    private const int SharedMemorySize = Io | (19 << 8);
    private const int NoSpace = 28, QuotaExceeded = 122;

    /// <param name="code">The extended result code of the call that failed, which must be the last on <paramref name="database"/>.</param>
    /// <param name="verb">What was tried: "open", "use".</param>
    public static DatabaseException Make(int code, nint database, string path, string verb)
    {
        string words = database == 0 ? $"code {code}" : Marshal.PtrToStringUTF8((nint)SqliteNative.ErrorMessage(database)) ?? "";
        int system = database == 0 ? 0 : SqliteNative.SystemError(database);
        DatabaseFault fault = Classify(code, system);
        string remedy = fault switch
        {
            DatabaseFault.Busy => "another process is writing to it; try again when that is done",
            DatabaseFault.Full => "the disk is full: free some space; what was committed is kept",
            DatabaseFault.ReadOnly => "the file or its folder cannot be written: check owner and permissions",
            DatabaseFault.Unreachable => "check that its folder exists and can be read and written",
            DatabaseFault.Corrupt => "the file is damaged or is no database; move it away, or restore it from a backup",
            _ => "",
        };
        return new DatabaseException(fault, $"cannot {verb} the database {path}: {words}" + (remedy.Length == 0 ? "" : $"; {remedy}"));
    }

    private static DatabaseFault Classify(int code, int system) => code switch
    {
        DuplicateKey or DuplicateValue or DuplicateRow => DatabaseFault.Duplicate,
        // The shared memory beside the log cannot grow: on Linux, always for want of space.
        SharedMemorySize => DatabaseFault.Full,
        _ => (code & 0xff) switch
        {
            Busy or Locked => DatabaseFault.Busy,
            Constraint => DatabaseFault.Constraint,
            Full => DatabaseFault.Full,
            Io or CannotOpen when system is NoSpace or QuotaExceeded => DatabaseFault.Full,
            ReadOnly or Perm => DatabaseFault.ReadOnly,
            CannotOpen => DatabaseFault.Unreachable,
            Corrupt or NotADatabase => DatabaseFault.Corrupt,
            Io => DatabaseFault.Io,
            _ => DatabaseFault.Other,
        },
    };
}
