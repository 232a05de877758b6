using Weft.Execution;
using Weft.Platform;
using Weft.Records;
using Weft.Support;
using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Tests.Execution;

/// <summary>What every execution does, whoever runs its tasks: this process, or task hosts that see only the run folder.</summary>
public sealed class LocalLoopTests() : LoopTests(hosted: false);

public sealed class HostedLoopTests() : LoopTests(hosted: true);

public abstract class LoopTests(bool hosted) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_point_runs_once_with_its_log_and_its_record()
    {
        using var project = new SweepProject(_folder.Root) { Hosted = hosted, Points = 5, Command = "echo point $1; echo $1 >> ran" };
        ExecutionEnd end = project.Run();
        Assert.Equal(Phase.Succeeded, end.State);
        Assert.Equal((5, 5, 0), (end.Progress.Total, end.Progress.Done, end.Progress.Failed));
        Assert.Equal(["0", "1", "2", "3", "4"], File.ReadAllLines(_folder.Path("ran")).Order());
        for (int i = 0; i < 5; i++)
            Assert.Equal($"point {i}\n", project.ReadLog(end.Id, i));
        AttemptRow attempt = Assert.Single(project.Records.Attempts(end.Id, new NodePath("points[3]")));
        Assert.Equal(("Succeeded", 0), (attempt.State, attempt.End!.Exit));
        Assert.Empty(project.Records.OpenAttempts(end.Id));
    }

    [Fact]
    public void A_program_gets_the_contract_and_gives_results()
    {
        using var project = new SweepProject(_folder.Root)
        {
            Hosted = hosted,
            Command = """echo "$WEFT_TASK $WEFT_ATTEMPT $PYTHONUNBUFFERED $(pwd)"; echo acc=0.5 > "$WEFT_RESULTS"; readlink /proc/$$/fd/0; ls /proc/$$/fd; cat""",
        };
        ExecutionEnd end = project.Run();
        // Under a host the lock is not the log's: it stays open in the program, as descriptor 4.
        Assert.Equal($"points[0] 1 1 {_folder.Root}\n/dev/null\n0\n1\n2\n{(hosted ? "4\n" : "")}", project.ReadLog(end.Id, 0));
        NodeRow node = project.Records.FindNode(end.Id, new NodePath("points[0]"))!;
        Assert.Equal("""{"acc":0.5}""", node.Outputs);
    }

    [Fact]
    public void A_failure_is_recorded_with_its_code_and_last_lines_and_grouped()
    {
        using var project = new SweepProject(_folder.Root) { Hosted = hosted, Points = 3, Command = "echo one; echo 'ValueError: bad' >&2; exit 3" };
        ExecutionEnd end = project.Run();
        Assert.Equal(Phase.Failed, end.State);
        FailureGroup group = Assert.Single(end.Failures);
        Assert.Equal(("exit code 3", "ValueError: bad", 3), (group.Reason, group.LastLine, group.Count));
        AttemptRow attempt = project.Records.Attempts(end.Id, new NodePath("points[0]"))[0];
        Assert.Equal(("Failed", "User", 3, "one\nValueError: bad"), (attempt.End!.State, attempt.End.Class, attempt.End.Exit, attempt.End.Tail));
    }

    [Fact]
    public void The_shell_around_a_program_leaves_no_word_in_its_log()
    {
        using var project = new SweepProject(_folder.Root) { Hosted = hosted, Command = "echo mine; kill -KILL $$" };
        ExecutionEnd end = project.Run();
        Assert.Equal("mine\n", project.ReadLog(end.Id, 0));
        Assert.Equal("exit code 137 (killed, or exited so)", end.Failures[0].Reason);
    }

    [Fact]
    public void No_more_points_start_after_too_many_failures()
    {
        using var project = new SweepProject(_folder.Root) { Hosted = hosted, Points = 50, Parallel = 1, Command = "echo x >> ran; exit 1", Budget = new(StopAfter: 3) };
        ExecutionEnd end = project.Run();
        Assert.Equal(Phase.Failed, end.State);
        Assert.Equal(4, File.ReadAllLines(_folder.Path("ran")).Length);
    }

    [Fact]
    public void A_failed_task_is_tried_again_as_often_as_it_may_be()
    {
        using var project = new SweepProject(_folder.Root)
        {
            Hosted = hosted,
            Command = """echo "attempt $WEFT_ATTEMPT"; test $WEFT_ATTEMPT = 3""",
            Task = task => task with { Retry = new Retry(Times: 2, On: ErrorClass.User) },
        };
        ExecutionEnd end = project.Run();
        Assert.Equal(Phase.Succeeded, end.State);
        Assert.Equal(["Failed", "Failed", "Succeeded"], project.Records.Attempts(end.Id, new NodePath("points[0]")).Select(attempt => attempt.State));
        Assert.Equal("attempt 2\n", project.ReadLog(end.Id, 0, attempt: 2));
    }

    [Fact]
    public void A_program_that_does_not_exist_fails_its_point_with_its_name()
    {
        using var project = new SweepProject(_folder.Root) { Hosted = hosted, Words = ["no-such-program-here"] };
        ExecutionEnd end = project.Run();
        Assert.Equal("there is no program `no-such-program-here` in PATH", end.Failures[0].Reason);
    }

    [Fact]
    public void A_task_beyond_its_time_limit_is_told_then_killed_with_all_it_started()
    {
        using var project = new SweepProject(_folder.Root)
        {
            Hosted = hosted,
            Command = "trap '' TERM; sleep 100 & echo up; wait; wait; sleep 100",
            Task = task => task with { Limits = new Limits(Attempt: TimeSpan.FromMilliseconds(300), Grace: TimeSpan.FromMilliseconds(200)) },
        };
        ExecutionEnd end = project.Run();
        AttemptRow attempt = project.Records.Attempts(end.Id, new NodePath("points[0]"))[0];
        Assert.Equal(("Failed", "Timeout"), (attempt.End!.State, attempt.End.Class));
        Assert.False(FileLock.IsHeld(project.Executions.LogOf(SweepProject.AttemptOf(end.Id, 0))));
    }

    [Fact]
    public void What_a_program_leaves_running_is_ended()
    {
        using var project = new SweepProject(_folder.Root)
        {
            Hosted = hosted,
            Command = "sh -c 'trap \"\" TERM; sleep 100' & echo done",
            Task = task => task with { Limits = new Limits(Grace: TimeSpan.FromMilliseconds(100)) },
        };
        ExecutionEnd end = project.Run();
        Assert.Equal(Phase.Succeeded, end.State);
        Assert.False(FileLock.IsHeld(project.Executions.LogOf(SweepProject.AttemptOf(end.Id, 0))));
    }

    [Fact]
    public void A_process_in_a_session_of_its_own_does_not_hold_up_the_execution()
    {
        using var project = new SweepProject(_folder.Root)
        {
            Hosted = hosted,
            Command = "setsid sleep 3 & echo done",
            Task = task => task with { Limits = new Limits(Grace: TimeSpan.FromMilliseconds(100)) },
        };
        Assert.Equal(Phase.Succeeded, project.Run().State);
        var ended = Assert.Single(project.Events.OfType<ExecutionEvent.AttemptEnded>());
        Assert.Contains("another session", Assert.Single(ended.Warnings));
    }

    [Fact]
    public void A_stop_ends_what_runs_and_starts_nothing_more()
    {
        using var project = new SweepProject(_folder.Root) { Hosted = hosted, Points = 10, Command = "echo x >> ran; sleep 100" };
        using ExecutionStart start = project.Start();
        using RunningExecution run = project.Take(start);
        var stopper = new Thread(() =>
        {
            while (run.Progress.Running < 2)
                Thread.Yield();
            run.Stop("ann");
        });
        stopper.Start();
        ExecutionEnd end = run.Wait();
        stopper.Join();
        Assert.Equal((Phase.Cancelled, "ann"), (end.State, end.StoppedBy));
        Assert.InRange(File.Exists(_folder.Path("ran")) ? File.ReadAllLines(_folder.Path("ran")).Length : 0, 0, 2);
        Assert.Equal("ann", project.Records.Find(end.Id)!.StopAsked);
    }

    [Fact]
    public void A_stop_also_ends_an_attempt_that_followed_another_one_at_once()
    {
        using var project = new SweepProject(_folder.Root)
        {
            Hosted = hosted,
            Command = """echo x >> ran; test $WEFT_ATTEMPT -eq 1 && exit 3; sleep 100""",
            Task = task => task with { Retry = new Retry(1, ErrorClass.User) },
        };
        using ExecutionStart start = project.Start();
        using RunningExecution run = project.Take(start);
        var stopper = new Thread(() =>
        {
            while (!File.Exists(_folder.Path("ran")) || new FileInfo(_folder.Path("ran")).Length < 4)
                Thread.Yield();
            run.Stop("ann");
        });
        stopper.Start();
        ExecutionEnd end = run.Wait();
        stopper.Join();
        Assert.Equal((Phase.Cancelled, "ann"), (end.State, end.StoppedBy));
    }

    [Fact]
    public void A_finished_execution_has_nothing_to_do_and_a_fresh_one_is_another()
    {
        using var project = new SweepProject(_folder.Root) { Hosted = hosted, Points = 2 };
        ExecutionEnd first = project.Run();
        using ExecutionStart again = project.Start();
        Assert.Equal(StartKind.NothingToDo, again.Kind);
        Assert.Contains("--fresh", Assert.Single(again.Messages));
        Assert.NotEqual(first.Id, project.Start(fresh: true).Execution.Id);
    }

    [Fact]
    public void An_execution_that_succeeded_has_nothing_to_resume_and_stays_so()
    {
        using var project = new SweepProject(_folder.Root) { Hosted = hosted, Points = 2 };
        ExecutionEnd first = project.Run();
        using ExecutionStart again = project.Executions.Reopen(first.Id);
        Assert.Equal(StartKind.NothingToDo, again.Kind);
        Assert.Equal($"{first.Name} has succeeded: nothing of it is left to do", Assert.Single(again.Messages));
        Assert.Equal(nameof(Phase.Succeeded), project.Records.Find(first.Id)!.State);
        Assert.NotNull(project.Records.Find(first.Id)!.Ended);
    }

    [Fact]
    public void Running_again_tries_what_failed_and_keeps_what_finished()
    {
        using var project = new SweepProject(_folder.Root) { Hosted = hosted, Points = 4, Command = "echo $1 >> ran; test $1 != 2 || test -e repaired" };
        ExecutionEnd first = project.Run();
        Assert.Equal(Phase.Failed, first.State);
        File.WriteAllText(_folder.Path("repaired"), "");
        using ExecutionStart start = project.Start();
        Assert.Equal((StartKind.Resumed, first.Id), (start.Kind, start.Execution.Id));
        Assert.Equal($"resuming {start.Execution.Name}, which did not succeed: 3 finished points are kept, 1 that failed or were stopped run again", Assert.Single(start.Messages));
        using RunningExecution run = project.Take(start);
        ExecutionEnd end = run.Wait();
        Assert.Equal((Phase.Succeeded, 4), (end.State, end.Progress.Done));
        Assert.Equal(["0", "1", "2", "2", "3"], File.ReadAllLines(_folder.Path("ran")).Order());
        Assert.Equal([1, 2], project.Records.Attempts(end.Id, new NodePath("points[2]")).Select(attempt => attempt.Id.Number));
    }

    [Fact]
    public void While_one_process_runs_an_execution_another_is_told_so()
    {
        using var project = new SweepProject(_folder.Root) { Hosted = hosted, Points = 2 };
        using ExecutionStart start = project.Start();
        using RunningExecution run = project.Take(start);
        using var other = new SweepProject(_folder.Root) { Hosted = hosted, Points = 2 };
        Assert.Equal(StartKind.RunsAlready, other.Start().Kind);
        Assert.Throws<ExecutionTakenException>(() => other.Take(start.Execution.Id));
        Assert.Equal(Phase.Succeeded, run.Wait().State);
    }

    [Fact]
    public void A_second_stop_kills_at_once()
    {
        using var project = new SweepProject(_folder.Root)
        {
            Hosted = hosted,
            Command = "trap '' TERM; echo up > up; while :; do sleep 1; done",
            Task = task => task with { Limits = new Limits(Grace: TimeSpan.FromHours(1)) },
        };
        using ExecutionStart start = project.Start();
        using RunningExecution run = project.Take(start);
        var stopper = new Thread(() =>
        {
            while (!File.Exists(_folder.Path("up")))
                Thread.Yield();
            run.Stop("ann");
            run.Stop("ann");
        });
        stopper.Start();
        Assert.Equal(Phase.Cancelled, run.Wait().State);
        stopper.Join();
    }

    [Fact]
    public void On_a_file_system_that_other_hosts_see_locks_stay_on_this_host()
    {
        using var project = new SweepProject(_folder.Root) { Hosted = hosted, Shared = true, Points = 3 };
        ExecutionEnd end = project.Run();
        Assert.Equal(Phase.Succeeded, end.State);
        Assert.False(File.Exists(_folder.Path($".weft/executions/{end.Id}/lock")));
    }
}
