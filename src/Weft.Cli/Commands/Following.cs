using System.Runtime.InteropServices;
using Weft.Cli.Terminal;
using Weft.Execution;
using Weft.Records;
using Weft.Text;
using Weft.Workflows;

namespace Weft.Cli.Commands;

/// <summary>Shows an execution that another process runs, until it ends or the user turns away.</summary>
internal static class Following
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(200);

    private static readonly ManualResetEventSlim Interrupted = new();

    /// <summary>Waits a moment, less when the user interrupts.</summary>
    public static void Pause() => Interrupted.Wait(Pace);

    /// <param name="asOwner">Attached: the exit code is that of the execution, and its closing lines are shown.</param>
    public static int Run(ProjectStore store, ExecutionRow execution, bool asOwner, Session session)
    {
        Plan plan = store.PlanOf(execution);
        var follower = new ExecutionFollower(store.Executions, store.Records, execution.Id, plan, store.Clock);
        ExecutionProgress seen = follower.Progress();
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            context.Cancel = true;
            Interrupted.Set();
        });
        ExecutionEnd? end = null;
        using (var output = new LiveOutput(session, prefixed: true, asOwner ? () => Volatile.Read(ref seen) : null))
        {
            while (!Interrupted.IsSet && (end = follower.Look(output.Publish)) is null)
            {
                Volatile.Write(ref seen, follower.Progress());
                Pause();
            }
        }
        if (end is null)
        {
            session.Say($"{execution.Name} goes on: `weft attach {execution.Name}` follows it again, `weft stop {execution.Name}` ends it");
            return ExitCodes.Succeeded;
        }
        if (end.State == Phase.Running)
            throw new DiagnosticException("execution/interrupted", $"{execution.Name} was interrupted: no process runs it", null, $"`weft resume {execution.Name}` goes on with it");
        return asOwner ? Closing.Print(end, session) : ExitCodes.Succeeded;
    }
}
