using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Weft.Cli.Terminal;
using Weft.Dialects.Hydra;
using Weft.Execution;
using Weft.Platform;
using Weft.Records;
using Weft.Workflows;

namespace Weft.Cli.Commands;

/// <param name="Parallel">Tasks at a time.</param>
/// <param name="Code">The state of the project's code.</param>
internal sealed record ForegroundOptions(int Parallel, bool IgnoreResources, CacheMode CacheMode, CodeState Code)
{
    /// <summary>Told how it ended, before that is printed.</summary>
    public Action<ExecutionEnd> Ended { get; init; } = _ => { };

    /// <summary>The sweeps whose configurations are composed while they run.</summary>
    public ImmutableArray<ConfigurationsAhead> Ahead { get; init; } = [];
}

/// <summary>Runs an execution in this process and shows it, until it ends. When the terminal goes away it is run on, unseen: `weft attach` follows it.</summary>
internal static class Foreground
{
    public static int Run(ProjectStore store, ExecutionStart start, Plan plan, ForegroundOptions options, Session session)
    {
        ExecutionRow execution = start.Execution;
        string user = Environment.UserName;
        RunningExecution? running = null;
        // The output thread asks for progress from the start, the execution comes a moment later.
        using var output = new LiveOutput(session, prefixed: options.Parallel > 1, () => Volatile.Read(ref running)?.Progress ?? new ExecutionProgress(0, 0, 0, 0, 0, TimeSpan.Zero));
        DateTimeOffset since = store.Clock.GetUtcNow();
        RunFolder folder = store.Place.FolderOf(execution.Id);
        using var keeping = new RunKeeping(options.Code, () => new EnvironmentFiles(folder).Write(plan, store.Root, session.Surroundings.Variables, since), session);
        using ComposingAhead? ahead = options.Ahead.IsEmpty ? null : new ComposingAhead(options.Ahead, text => Volatile.Read(ref running)?.Say(text));
        string runsFolder = Path.Combine(store.Root, "mlruns");
        using var door = new TrackingDoor(store, folder.Root, runsFolder, [.. plan.Closure.Tasks.Values.SelectMany(task => task.Secrets).Distinct()], session);
        using Notices? notices = plan.Closure.Tasks.Values.Any(task => task.Notice is not null) ? new Notices(execution, plan, session.Say) : null;
        RunningExecution run;
        try
        {
            run = store.Executions.Take(start, plan, new RunOptions
            {
                Variables = call => door.Variables(call.Id, plan.ExperimentOf(call.Path)),
                ArtifactRoot = runsFolder,
                Parallel = options.Parallel,
                IgnoreResources = options.IgnoreResources,
                CacheMode = options.CacheMode,
                SharedFolder = plan.Root is { Project: null } or { Store: not null } ? null : SharedFolder.Of(store.Root, session.Surroundings),
                FileDigests = session.DigestsOf(store.Root),
                ProjectFolder = store.Root,
                Blobs = plan.Root.Store is null ? null : store.BlobsOf(plan, session.Surroundings),
                Environment = EnvironmentBlock.Current(),
                EnvironmentFolder = session.Surroundings.EnvironmentFolder,
                HostProgram = Environment.ProcessPath is { } program ? [program, "exec"] : [],
                TerminalInput = options.Parallel == 1 && session.Surroundings.InputIsTerminal,
                Snapshot = options.Code.Take(),
                Publish = entry =>
                {
                    output.Publish(entry);
                    if (entry is ExecutionEvent.NodeEnded ended)
                        notices?.Ended(ended);
                    if (entry is not ExecutionEvent.AttemptStarted started)
                        return;
                    keeping.Begin();
                    ahead?.Started(started.Id.Path);
                },
                User = user,
            });
        }
        catch (ExecutionTakenException taken)
        {
            session.Say($"{execution.Name} runs already in {taken.Owner}: `weft attach {execution.Name}` follows it");
            return ExitCodes.BadInput;
        }
        using (run)
        {
            door.Reopen();
            Volatile.Write(ref running, run);
            using var interrupt = On(PosixSignal.SIGINT, () => run.Stop(user));
            using var terminate = On(PosixSignal.SIGTERM, () => run.Stop(user));
            using var hangUp = On(PosixSignal.SIGHUP, output.Silence);
            ExecutionEnd end = run.Wait();
            if (end.State == Phase.Cancelled)
                keeping.Cancel();
            keeping.Dispose();
            output.Dispose();
            options.Ended(end);
            return output.IsSilent ? Closing.CodeOf(end) : Closing.Print(end, session);
        }
    }

    /// <summary>The exit code of an execution that has ended before.</summary>
    public static int ReportFinished(ExecutionRow execution, Session session)
    {
        if (session.Json)
        {
            session.WriteJson(json =>
            {
                json.WriteStartObject();
                json.WriteString("execution", execution.Name);
                json.WriteString("id", execution.Id.Value);
                json.WriteString("state", execution.State);
                json.WriteBoolean("nothingToDo", true);
                json.WriteEndObject();
            });
        }
        return ExitCodes.Succeeded;
    }

    private static PosixSignalRegistration On(PosixSignal signal, Action act) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        act();
    });
}
