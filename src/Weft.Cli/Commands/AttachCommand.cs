using Weft.Cli.Remote;

namespace Weft.Cli.Commands;

internal static class AttachCommand
{
    public static readonly Command Command = new("attach", "follow an execution that runs in another process", "REF", [], Run)
    {
        Count = (1, 1),
        Detail = "Ctrl+C turns away and leaves it running; `weft stop REF` ends it.",
    };

    private static int Run(Arguments arguments, Session session)
    {
        using RemoteProject? remote = RemoteProject.Of(session);
        if (remote is not null)
            return RemoteCommands.Attach(remote, arguments.Words[0], session);
        using ProjectStore store = ProjectStore.OpenExisting(Launch.FindRoot(arguments, session), session);
        return Following.Run(store, Address.Find(store, arguments.Words[0]).Execution, asOwner: true, session);
    }
}
