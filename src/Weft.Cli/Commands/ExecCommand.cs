using System.Globalization;
using System.Runtime.InteropServices;
using Weft.Execution;
using Weft.Platform;
using Weft.Text;
using Weft.Values;

namespace Weft.Cli.Commands;

/// <summary>The task host: runs one attempt where it was placed, from the run folder alone. Engines type it, people do not.</summary>
internal static class ExecCommand
{
    public static readonly Command Command = new("exec", "run one attempt of an execution where it was placed", "PROJECT RUN-FOLDER PATH NUMBER", [], Run)
    {
        Count = (4, 4),
        Hidden = true,
    };

    private static int Run(Arguments arguments, Session session)
    {
        string[] words = [.. arguments.Words.Select(word => word.Text)];
        if (!int.TryParse(words[3], CultureInfo.InvariantCulture, out int number) || number < 1)
            throw new DiagnosticException("cli/attempt-number", $"`{words[3]}` is no number of an attempt, from 1", arguments.Words[3].Whole);
        string folder = Path.GetFullPath(words[1], session.Surroundings.WorkingFolder);
        if (!Directory.Exists(folder))
            throw new DiagnosticException("cli/no-folder", $"no folder `{words[1]}`", arguments.Words[1].Whole);
        using var host = new TaskHost(new RunFolder(folder), new HostSurroundings(words[0], EnvironmentBlock.Current()) 
        {
            Secret = name => SecretCommands.ValueOf(words[0], name, session.Surroundings),
            Store = (here, place) => OutputStores.Beyond(here, place, session.Surroundings, TimeProvider.System),
            EnvironmentFolder = session.Surroundings.EnvironmentFolder,
        });
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            host.Stop();
        });
        var id = new AttemptId(new ExecutionId(Path.GetFileName(folder)), new NodePath(words[2]), number);
        if (host.Run(id) == HostResult.NotOurs)
            session.Say($"{id} is run by another host, or has ended: nothing to do");
        return ExitCodes.Succeeded;
    }
}
