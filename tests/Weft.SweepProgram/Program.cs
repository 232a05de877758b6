using System.Diagnostics;
using Weft.Execution;
using Weft.Platform;
using Weft.Support;
using Weft.Values;
using Weft.Workflows;

// Runs or resumes a sweep of a command in a folder, in a process of its own that tests can kill: FOLDER POINTS PARALLEL COMMAND [WORD…].
// Of a COMMAND alone, a shell gets it, with the point's number as $1. Prints what it was told, and how it ended.
if (args[0] == "exec")
{
    // A task host: exec PROJECT-FOLDER RUN-FOLDER PATH NUMBER.
    using var host = new TaskHost(new RunFolder(args[2]), new HostSurroundings(args[1], EnvironmentBlock.Current()) { EnvironmentFolder = Path.Combine(args[1], ".weft", "environments"), Secret = name => $"value of {name}" });
    host.Run(new AttemptId(new ExecutionId(Path.GetFileName(args[2])), new NodePath(args[3]), int.Parse(args[4])));
    return 0;
}
using var project = new SweepProject(args[0])
{
    Points = long.Parse(args[1]),
    Parallel = int.Parse(args[2]),
    Command = args[3],
    Words = args.Length > 4 ? args[3..] : null,
    KeepsEvents = false,
    Hosted = Environment.GetEnvironmentVariable("SWEEP_HOSTED") is not null,
};
long started = Stopwatch.GetTimestamp();
using ExecutionStart start = project.Start();
foreach (string message in start.Messages)
    Console.WriteLine(message);
if (start.Kind is StartKind.NothingToDo)
    return 0;
if (start.Kind is StartKind.RunsAlready)
    return 3;
try
{
    using RunningExecution run = project.Take(start);
    ExecutionEnd end = run.Wait();
    Console.WriteLine($"{end.State} {end.Progress.Done} of {end.Progress.Total} in {Stopwatch.GetElapsedTime(started).TotalMilliseconds:0} ms, {Environment.WorkingSet >> 20} MB, {GC.GetTotalMemory(forceFullCollection: true) >> 10} kB live, {GC.CollectionCount(0)} {GC.CollectionCount(2)} collections");
    return end.State == Phase.Succeeded ? 0 : 1;
}
catch (ExecutionTakenException taken)
{
    Console.WriteLine(taken.Message);
    return 3;
}
