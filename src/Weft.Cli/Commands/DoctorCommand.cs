using System.Runtime.CompilerServices;
using Weft.Dialects;
using Weft.Platform;
using Weft.Records;
using Weft.Records.Sqlite;
using Weft.Server;
using Weft.Values;

namespace Weft.Cli.Commands;

/// <summary><c>weft doctor</c>: what Weft finds on this machine, and what of it will hurt.</summary>
internal static class DoctorCommand
{
    private const long LittleSpace = 1L << 30;

    public static readonly Command Command = new("doctor", "check this machine and project for what runs need", "", [StoreChoice.Flag], Run) { Count = (0, 0) };

    private static int Run(Arguments arguments, Session session)
    {
        string folder = Launch.WorkingFolder(arguments, session);
        string root = Project.FindRoot(folder) ?? folder;
        bool fine = true;
        Say("weft", CommandTable.Version, null);
        Say("machine", $"{Machine.HostName}, {Machine.Processors:0.##} processors, {new ByteSize(Machine.MemoryBytes)} memory granted to this process", null);
        Say("project", root, Project.FindRoot(folder) is null ? "no definition file here or above" : null);
        bool network = FileSystems.IsNetwork(root);
        Say("file system", $"{FileSystems.TypeOf(root)}, {new ByteSize(FileSystems.FreeBytes(root))} free",
            FileSystems.FreeBytes(root) < LittleSpace ? "less than 1 GB is free" : network ? "on a network: one host at a time owns an execution" : null);
        Say("locks", Machine.RuntimeFolder(session.Surroundings.Variable("XDG_RUNTIME_DIR")), null);
        Say("sqlite", SqliteDatabase.Library, null);
        if (StoreChoice.Given(arguments, session, root) is { } store)
        {
            (string found, string? problem) = DescribeStore(store);
            Say("store", found, problem);
        }
        Tool("python3", "Python tasks will not start");
        Tool("git", "code states are taken by walking the folder");
        return fine ? ExitCodes.Succeeded : ExitCodes.Failed;

        void Tool(string name, string without)
        {
            string? path = Executables.Find(name, session.Surroundings.Variable("PATH"), root);
            Say(name, path ?? "not found", path is null ? without : null);
        }

        void Say(string what, string found, string? problem)
        {
            fine &= problem is null;
            session.Out.WriteLine($"{(problem is null ? "ok  " : "look")}  {what,-12} {found}{(problem is null ? "" : ": " + problem)}");
        }
    }

    /// <summary>Apart, so that the drivers are loaded only when a store is asked for.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (string Found, string? Problem) DescribeStore(string store)
    {
        try
        {
            return (Stores.Describe(store, TimeProvider.System), null);
        }
        catch (DatabaseException failure)
        {
            return (Stores.Show(store), failure.Message);
        }
    }
}
