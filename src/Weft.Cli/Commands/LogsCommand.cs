using Microsoft.Win32.SafeHandles;
using Weft.Cli.CommandLine;
using Weft.Cli.Remote;
using Weft.Platform;
using Weft.Records;
using Weft.Values;

namespace Weft.Cli.Commands;

/// <summary><c>weft logs</c>: what tasks have written, byte by byte as they wrote it.</summary>
internal static class LogsCommand
{
    private static readonly Flag Follow = new("follow", 'f', null, "go on until the execution ends");

    private static readonly Flag Failed = new("failed", null, null, "only of points that failed");

    public static readonly Command Command = new("logs", "print the output of an execution, a node or a point", "REF", [Follow, Failed], Run)
    {
        Count = (1, 1),
        Examples = [("weft logs -", "of the newest execution"), ("weft logs wet-mongoose-1/7 -f", "of one point, while it runs")],
    };

    private static int Run(Arguments arguments, Session session)
    {
        using RemoteProject? remote = RemoteProject.Of(session);
        if (remote is not null)
            return RemoteCommands.Logs(remote, arguments.Words[0], arguments.Has(Follow), arguments.Has(Failed), session);
        using ProjectStore store = ProjectStore.OpenExisting(Launch.FindRoot(arguments, session), session);
        Address address = Address.Find(store, arguments.Words[0]);
        bool isOne = address.Path is { } one && store.Records.Attempts(address.Execution.Id, one).Count > 0;
        if (arguments.Has(Follow) && address.Path is null)
            return Following.Run(store, address.Execution, asOwner: false, session);
        int printed = 0;
        foreach (AttemptRow attempt in Attempts(store, address, arguments.Has(Failed)))
        {
            printed++;
            Print(store, attempt, title: !isOne, arguments.Has(Follow), session);
        }
        if (printed == 0)
            session.Say(arguments.Has(Failed) ? "no point has failed" : "nothing has started yet");
        return ExitCodes.Succeeded;
    }

    /// <summary>The last attempt of each node, or the one that was named.</summary>
    private static IEnumerable<AttemptRow> Attempts(ProjectStore store, Address address, bool failedOnly)
    {
        var paths = new List<NodePath>();
        if (address.Path is { } path && store.Records.Attempts(address.Execution.Id, path).Count > 0)
            paths.Add(path);
        else
            store.Records.ReadNodes(address.Execution.Id, row => { if (row.Attempt > 0 && IsBelow(row.Path, address.Path)) paths.Add(row.Path); });
        paths.Sort((a, b) => a.Index is { } i && b.Index is { } j && a.Parent == b.Parent ? i.CompareTo(j) : a.CompareTo(b));
        foreach (NodePath found in paths)
        {
            AttemptRow? attempt = address.Attempt is { } number
                ? store.Records.Attempts(address.Execution.Id, found).FirstOrDefault(one => one.Id.Number == number)
                : (store.Records.Attempts(address.Execution.Id, found) is [.., var last] ? last : null);
            if (attempt is not null && (!failedOnly || attempt.End?.Class is not null))
                yield return attempt;
        }
    }

    private static bool IsBelow(NodePath path, NodePath? top) =>
        top is null || path == top || path.Text.StartsWith(top.Value.Text + "/", StringComparison.Ordinal) || path.Text.StartsWith(top.Value.Text + "[", StringComparison.Ordinal);

    private static void Print(ProjectStore store, AttemptRow attempt, bool title, bool follow, Session session)
    {
        if (title)
            session.Out.WriteLine($"==> {attempt.Id.Path}#{attempt.Id.Number} <==");
        session.Out.Flush();
        string path = store.Executions.LogOf(attempt.Id);
        if (!File.Exists(path))
            return;
        using SafeFileHandle file = RawFile.OpenRead(path);
        long offset = Copy(file, 0, session.OutStream);
        while (follow && store.Records.Attempts(attempt.Id.Execution, attempt.Id.Path).Any(one => one.Id == attempt.Id && one.Ended is null))
        {
            session.OutStream.Flush();
            Following.Pause();
            offset = Copy(file, offset, session.OutStream);
        }
        Copy(file, offset, session.OutStream);
        session.OutStream.Flush();
    }

    private static long Copy(SafeFileHandle file, long offset, Stream output)
    {
        byte[] buffer = new byte[64 * 1024];
        int count;
        while ((count = RandomAccess.Read(file, buffer, offset)) > 0)
        {
            output.Write(buffer, 0, count);
            offset += count;
        }
        return offset;
    }
}
