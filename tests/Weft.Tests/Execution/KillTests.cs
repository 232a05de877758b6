using Weft.Execution;
using Weft.Platform;
using Weft.Records;
using Weft.Support;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Tests.Execution;

/// <summary>Kills the process that runs a sweep, again and again, and its tasks as a reboot would; the account must come out as if nothing had happened.</summary>
public sealed class LocalKillTests() : KillTests(hosted: false);

public sealed class HostedKillTests() : KillTests(hosted: true);

public abstract class KillTests(bool hosted) : IDisposable
{
    private const string Command = "echo $1.$WEFT_ATTEMPT begin; echo $1.$WEFT_ATTEMPT >> begun; sleep 0.02; echo $1.$WEFT_ATTEMPT >> ended; echo sum=$1 > $WEFT_RESULTS";

    private readonly TemporaryFolder _folder = new();
    private readonly int _points = hosted ? 10 : 30;
    private readonly int _kills = hosted ? 8 : 25;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void After_many_kills_each_point_has_run_once_and_is_recorded_once()
    {
        var random = new Random(20261121);
        int kills = 0;
        for (int tries = 0; kills < _kills && tries < 2 * _kills + 10; tries++)
        {
            using ChildProcess weft = StartSweep(_points);
            // From before its first write to well into the sweep: the number of tasks begun since decides, not the clock.
            int begun = CountBegun();
            int killAt = begun + random.Next(0, 3);
            using var poller = new Poller();
            poller.Add(weft.Ended, weft);
            while (weft.Peek() is null && (CountBegun() < killAt || killAt == begun && random.Next(20) > 0))
                poller.Wait(TimeSpan.FromMilliseconds(2), []);
            kills += weft.Peek() is null ? 1 : 0;
            ProcessGroup.Signal(weft.Id, ProcessSignal.Kill);
            weft.Reap();
        }
        Assert.Equal(_kills, kills);
        Assert.Equal(0, RunToEnd(_points));
        AssertAccount(Enumerable.Range(0, _points).Select(point => $"{point}.1"));
    }

    [Fact]
    public void After_a_reboot_what_ran_is_lost_and_runs_again_under_the_next_number()
    {
        const string endless = "echo $1.$WEFT_ATTEMPT >> begun; test $WEFT_ATTEMPT = 2 || sleep 100; echo $1.$WEFT_ATTEMPT >> ended; echo sum=$1 > $WEFT_RESULTS";
        using (ChildProcess weft = StartSweep(2, endless))
        {
            using var poller = new Poller();
            while (CountBegun() < 2)
                poller.Wait(TimeSpan.FromMilliseconds(2), []);
            ProcessGroup.Signal(weft.Id, ProcessSignal.Kill);
            weft.Reap();
        }
        foreach (int process in StartedProcesses())
            ProcessGroup.Signal(process, ProcessSignal.Kill);

        using var project = new SweepProject(_folder.Root) { Hosted = hosted, Points = 2, Command = endless };
        ExecutionEnd end = project.Run();
        Assert.Equal(Phase.Succeeded, end.State);
        Assert.Equal(["0.1", "0.2", "1.1", "1.2"], File.ReadAllLines(_folder.Path("begun")).Order());
        Assert.Equal(["Lost", "Succeeded"], project.Records.Attempts(end.Id, new NodePath("points[1]")).Select(attempt => attempt.State));
    }

    [Fact]
    public void A_running_task_is_adopted_with_its_log_and_its_code()
    {
        const string waits = "echo $1.$WEFT_ATTEMPT >> begun; echo before; while ! test -e go; do sleep 0.01; done; echo after; exit 5";
        using (ChildProcess weft = StartSweep(1, waits))
        {
            using var poller = new Poller();
            while (CountBegun() < 1)
                poller.Wait(TimeSpan.FromMilliseconds(2), []);
            ProcessGroup.Signal(weft.Id, ProcessSignal.Kill);
            weft.Reap();
        }
        using var project = new SweepProject(_folder.Root) { Hosted = hosted, Points = 1, Command = waits };
        using ExecutionStart start = project.Start();
        Assert.Equal(StartKind.Resumed, start.Kind);
        using RunningExecution run = project.Take(start);
        var opener = new Thread(() =>
        {
            while (run.Progress.Running == 0)
                Thread.Yield();
            File.WriteAllText(_folder.Path("go"), "");
        });
        opener.Start();
        ExecutionEnd end = run.Wait();
        opener.Join();
        Assert.True(Assert.Single(project.Events.OfType<ExecutionEvent.AttemptStarted>()).Adopted);
        Assert.Equal("before\nafter\n", project.ReadLog(end.Id, 0));
        AttemptRow attempt = Assert.Single(project.Records.Attempts(end.Id, new NodePath("points[0]")));
        Assert.Equal(5, attempt.End!.Exit);
    }

    private void AssertAccount(IEnumerable<string> attempts)
    {
        string[] expected = [.. attempts.Order()];
        Assert.Equal(expected, File.ReadAllLines(_folder.Path("begun")).Order());
        Assert.Equal(expected, File.ReadAllLines(_folder.Path("ended")).Order());
        using var project = new SweepProject(_folder.Root) { Hosted = hosted, Points = _points, Command = Command };
        using ExecutionStart start = project.Start();
        Assert.Equal(StartKind.NothingToDo, start.Kind);
        var nodes = new List<NodeRow>();
        project.Records.ReadNodes(start.Execution.Id, nodes.Add);
        Assert.Equal(_points + 2, nodes.Count);
        for (int i = 0; i < _points; i++)
        {
            NodeRow node = nodes.Single(node => node.Path.Text == $"points[{i}]");
            Assert.Equal(("Succeeded", $$"""{"sum":{{i}}}"""), (node.Phase, node.Outputs));
            Assert.Equal($"{i}.1 begin\n", project.ReadLog(start.Execution.Id, i));
            Assert.Single(project.Records.Attempts(start.Execution.Id, node.Path));
        }
    }

    private int RunToEnd(int points)
    {
        using ChildProcess weft = StartSweep(points);
        return weft.Reap().Code;
    }

    private ChildProcess StartSweep(int points, string command = Command) => ChildProcess.Start(new ProgramStart
    {
        Path = SweepProject.Program,
        Arguments = [SweepProject.Program, _folder.Root, points.ToString(), "2", command],
        Environment = hosted ? EnvironmentBlock.Current().With([new("SWEEP_HOSTED", "1")]) : EnvironmentBlock.Current(),
    });

    private int CountBegun() => File.Exists(_folder.Path("begun")) ? File.ReadAllBytes(_folder.Path("begun")).Count(b => b == '\n') : 0;

    /// <summary>The task hosts first, so that none sees its program's end.</summary>
    private IEnumerable<int> StartedProcesses()
    {
        string executions = _folder.Path(".weft/executions");
        foreach (string claim in Directory.GetFiles(executions, "claim", SearchOption.AllDirectories))
            yield return int.Parse(File.ReadAllText(claim).Split("process ")[1].Split(' ')[0]);
        foreach (string exits in Directory.GetFiles(executions, "exits", SearchOption.AllDirectories))
        {
            foreach (string line in File.ReadAllLines(exits).Where(line => line.StartsWith('s')))
                yield return int.Parse(line.Split(' ')[^1]);
        }
    }
}
