using System.Globalization;
using Weft.Platform;
using Weft.Execution;
using Weft.Records;
using Weft.Values;

namespace Weft.Cli.Commands;

/// <summary>Starts a process of ours that runs an execution without a terminal, in a session of its own.</summary>
internal static class Background
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(5);

    public static int Start(ProjectStore store, ExecutionStart start, int parallel, CommandLine.Arguments arguments, Session session)
    {
        ExecutionRow execution = start.Execution;
        start.Dispose();
        string self = Environment.ProcessPath ?? throw new InvalidOperationException("this process has no path");
        using ChildProcess child = ChildProcess.Start(new ProgramStart
        {
            Path = self,
            Arguments = [self, "resume", execution.Name, "--quiet", "--" + RunFlags.Checked.Name, "--jobs", parallel.ToString(CultureInfo.InvariantCulture), "--directory", store.Root,
                .. new[] { RunFlags.Rerun, RunFlags.NoCache }.Where(arguments.Has).Select(flag => "--" + flag.Name)],
            Environment = EnvironmentBlock.Current(),
            Folder = store.Root,
        });
        AwaitOwner(store, execution.Id, child);
        if (session.Json)
        {
            session.WriteJson(json =>
            {
                json.WriteStartObject();
                json.WriteString("execution", execution.Name);
                json.WriteString("id", execution.Id.Value);
                json.WriteNumber("process", child.Id);
                json.WriteEndObject();
            });
        }
        else
        {
            session.Out.WriteLine(execution.Name);
            session.Say($"hint: `weft logs {execution.Name} -f`, `weft attach {execution.Name}`, `weft stop {execution.Name}`");
        }
        return ExitCodes.Succeeded;
    }

    /// <summary>Whoever follows it next, or stops it, finds its owner.</summary>
    private static void AwaitOwner(ProjectStore store, ExecutionId id, ChildProcess child)
    {
        using var never = new ManualResetEventSlim();
        while (child.Peek() is null && store.Records.Find(id) is { Ended: null } row && store.Executions.OwnerOf(row) is null)
            never.Wait(Pace);
    }
}
