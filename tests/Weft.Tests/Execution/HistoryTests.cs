using Weft.Execution;
using Weft.Records;
using Weft.Support;
using Weft.Tasks;
using Weft.Workflows;

namespace Weft.Tests.Execution;

/// <summary>The numbered events that followers read, and what a follower makes of them.</summary>
public sealed class HistoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_change_is_an_event_with_the_next_number()
    {
        using var project = new SweepProject(_folder.Root)
        {
            Points = 2,
            Parallel = 1,
            Command = "test $1 = 0 || test $WEFT_ATTEMPT = 2 || exit 3",
            Task = task => task with { Retry = new Retry(1, ErrorClass.User) },
        };
        ExecutionEnd end = project.Run();
        IReadOnlyList<EventRow> events = project.Records.Events(end.Id, after: 0, limit: 100);
        Assert.Equal(Enumerable.Range(1, events.Count).Select(i => (long)i), events.Select(entry => entry.Seq));
        Assert.Equal(
        [
            "taken", " opened", "points opened",
            "points[0] started", "points[0] succeeded", "points[1] started", "points[1] ended", "points[1] started", "points[1] succeeded",
            "points succeeded", " succeeded",
        ], events.Select(entry => entry.Path is { } path ? $"{path} {entry.Kind}" : entry.Kind));
        Assert.Equal([1, 1, 2], events.Where(entry => entry.Kind == History.Started).Select(History.AttemptOf));
        Assert.Equal(ProcessName.Own, events[0].Actor);
    }

    [Fact]
    public void A_failure_and_a_stop_are_told_with_reason_and_actor()
    {
        using var project = new SweepProject(_folder.Root) { Points = 2, Parallel = 1, Command = "test $1 = 0 && exit 3; echo > began; sleep 100" };
        using ExecutionStart start = project.Start();
        using RunningExecution run = project.Take(start);
        var stopper = new Thread(() =>
        {
            while (!File.Exists(_folder.Path("began")))
                Thread.Yield();
            run.Stop("ann");
        });
        stopper.Start();
        run.Wait();
        stopper.Join();
        IReadOnlyList<EventRow> events = project.Records.Events(start.Execution.Id, after: 0, limit: 100);
        Assert.Equal("""{"reason":"exit code 3"}""", Assert.Single(events, entry => entry.Kind == "failed" && entry.Path?.Index == 0).Body);
        Assert.Equal("ann", Assert.Single(events, entry => entry.Kind == History.StopAsked).Actor);
        Assert.Contains(events, entry => entry.Kind == "cancelled" && entry.Path?.Index == 1);
    }

    [Fact]
    public void What_others_have_to_say_reaches_who_follows()
    {
        using var project = new SweepProject(_folder.Root) { Points = 1, Command = "true" };
        using ExecutionStart start = project.Start();
        var follower = new ExecutionFollower(project.Executions, project.Records, start.Execution.Id, project.Plan, TimeProvider.System);
        var told = new List<ExecutionEvent>();
        Assert.Null(follower.Look(told.Add));
        using (RunningExecution run = project.Take(start))
        {
            run.Say("a “line”\nand another");
            run.Wait();
        }
        follower.Look(told.Add);
        Assert.Equal("a “line”\nand another", Assert.Single(told.OfType<ExecutionEvent.Said>()).Text);
    }

    [Fact]
    public void Who_follows_is_told_of_attempts_that_began_and_ended_between_two_looks()
    {
        using var project = new SweepProject(_folder.Root)
        {
            Points = 3,
            Command = "exit 3",
            Task = task => task with { Retry = new Retry(1, ErrorClass.User) },
        };
        using ExecutionStart start = project.Start();
        var follower = new ExecutionFollower(project.Executions, project.Records, start.Execution.Id, project.Plan, TimeProvider.System);
        var told = new List<ExecutionEvent>();
        Assert.Null(follower.Look(told.Add));
        using (RunningExecution run = project.Take(start))
            run.Wait();
        Assert.Equal(Phase.Failed, follower.Look(told.Add)!.State);
        string[] attempts = [.. from point in Enumerable.Range(0, 3) from number in new[] { 1, 2 } select $"points[{point}]#{number}"];
        Assert.Equal(attempts, told.OfType<ExecutionEvent.AttemptStarted>().Select(one => $"{one.Id.Path}#{one.Id.Number}").Order());
        Assert.Equal(attempts, told.OfType<ExecutionEvent.AttemptEnded>().Select(one => $"{one.Id.Path}#{one.Id.Number}").Order());
    }
}
