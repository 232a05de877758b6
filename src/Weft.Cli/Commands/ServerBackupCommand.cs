using System.Runtime.CompilerServices;
using Weft.Records.Sqlite;
using Weft.Server;
using Weft.Text;

namespace Weft.Cli.Commands;

/// <summary><c>weft server backup</c>: the records as they are at one instant, while servers and runs go on.</summary>
internal static class ServerBackupCommand
{
    public static readonly Command Command = new("server backup", "copy the records into a file while servers and runs go on", "FILE", [StoreChoice.Flag], Run)
    {
        Count = (1, 1),
        Detail = "The copy is one state of the SQLite records, compacted. Artifacts are files: copy their folder after it. Of PostgreSQL, pg_dump makes backups.",
    };

    private static int Run(Arguments arguments, Session session)
    {
        string target = Path.GetFullPath(arguments.Word(0)!, session.Surroundings.WorkingFolder);
        if (File.Exists(target))
            throw new DiagnosticException("server/backup-exists", $"`{arguments.Word(0)}` is there already", arguments.Words[0].Whole, "give another name; an old backup is never written over");
        if (!Directory.Exists(Path.GetDirectoryName(target)))
            throw new DiagnosticException("server/backup-folder", $"the folder of `{arguments.Word(0)}` is not there", arguments.Words[0].Whole);
        return Copy(StoreChoice.Of(arguments, session, ServerCommand.RootOf(arguments, session)), target, session);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Copy(string store, string target, Session session)
    {
        if (Stores.IsRemote(store))
            throw new DiagnosticException("server/backup-postgres", "records on PostgreSQL are backed up by its own tools", null, "pg_dump");
        string part = target + ".weft-part";
        File.Delete(part);
        try
        {
            using (SqliteDatabase database = SqliteDatabase.Open(store, new SqliteOptions(), TimeProvider.System, CancellationToken.None))
                database.BackUp(part);
            File.SetUnixFileMode(part, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.Move(part, target);
        }
        catch
        {
            File.Delete(part);
            throw;
        }
        session.Say($"{new FileInfo(target).Length} bytes");
        return ExitCodes.Succeeded;
    }
}
