using System.Diagnostics;
using Weft.Platform;
using Weft.Support;

namespace Weft.EndToEnd;

/// <summary>Kills, hang-ups and crowds: what the published program makes of them.</summary>
public sealed class CrashTests : IDisposable
{
    private const string Work = """
        #!/bin/sh
        echo "begin $1"
        echo "$1" >> begun
        sleep 0.03
        echo "$1" >> ended
        """;

    private readonly TemporaryFolder _folder = new();

    public CrashTests()
    {
        _folder.Write("work.sh", Work + "\n");
        File.SetUnixFileMode(_folder.Path("work.sh"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Twenty_five_kills_during_a_sweep_leave_the_account_of_an_undisturbed_one()
    {
        const int points = 60;
        // bench/kills runs this for many seeds.
        int seed = int.TryParse(Environment.GetEnvironmentVariable("WEFT_KILL_SEED"), out int given) ? given : 60;
        var random = new Random(seed);
        int kills = 0;
        for (int tries = 0; kills < 25 && tries < 75; tries++)
        {
            using Process weft = Start(points);
            int killAt = CountBegun() + random.Next(0, 3);
            WaitUntil(() => weft.HasExited || (CountBegun() >= killAt && random.Next(4) == 0));
            kills += weft.HasExited ? 0 : 1;
            weft.Kill();
            weft.WaitForExit();
        }
        Assert.True(kills == 25, $"{kills} kills with the seed {seed}");
        ProgramResult end = Run(points);
        Assert.True(end.ExitCode == 0, end.ToString());
        AssertAccount(points);
        ProgramResult list = WeftProgram.Run(_folder.Root, "ps", "-a", "--json");
        Assert.Contains("\"done\": 60", list.Out);
    }

    [Fact]
    public void Of_several_that_run_the_same_at_once_one_runs_it_and_the_others_say_so()
    {
        const int points = 12;
        Process[] started = [.. Enumerable.Range(0, 4).Select(_ => Start(points))];
        ProgramResult[] results = [.. started.Select(WeftProgram.Finish)];
        Assert.Single(results, result => result.Error.Contains(": 12 commands, recorded in"));
        Assert.Equal(3, results.Count(result => result.Error.Contains("runs already in") || result.Error.Contains("nothing to do")));
        AssertAccount(points);
    }

    [Fact]
    public void An_interrupt_ends_the_execution_as_cancelled_and_running_again_finishes_it()
    {
        const int points = 40;
        using Process weft = Start(points);
        WaitUntil(() => CountBegun() >= 2);
        Signal(weft, "INT");
        ProgramResult stopped = WeftProgram.Finish(weft);
        Assert.True(stopped.ExitCode == 130, stopped.ToString());
        ProgramResult end = Run(points);
        Assert.True(end.ExitCode == 0, end.ToString());
        Assert.Contains("resuming", end.Error);
        Assert.Equal(Enumerable.Range(0, points).Select(i => $"i={i}").Order(), File.ReadAllLines(_folder.Path("ended")).Distinct().Order());
    }

    [Fact]
    public void A_lost_terminal_does_not_end_the_execution()
    {
        const int points = 12;
        using Process weft = Start(points);
        WaitUntil(() => CountBegun() >= 1);
        Signal(weft, "HUP");
        ProgramResult end = WeftProgram.Finish(weft);
        Assert.True(end.ExitCode == 0, end.ToString());
        AssertAccount(points);
    }

    [Fact]
    public void A_reader_that_turns_away_does_not_end_the_execution()
    {
        const int points = 12;
        using Process weft = Start(points);
        weft.StandardOutput.ReadLine();
        weft.StandardOutput.Close();
        Assert.True(weft.WaitForExit(WeftProgram.Deadline));
        Assert.Equal(0, weft.ExitCode);
        AssertAccount(points);
    }

    private void AssertAccount(int points)
    {
        string[] expected = [.. Enumerable.Range(0, points).Select(i => $"i={i}").Order()];
        Assert.Equal(expected, File.ReadAllLines(_folder.Path("begun")).Order());
        Assert.Equal(expected, File.ReadAllLines(_folder.Path("ended")).Order());
    }

    private ProgramResult Run(int points) => WeftProgram.Run(_folder.Root, Words(points));

    private Process Start(int points)
    {
        Process process = WeftProgram.Start(_folder.Root, [], Words(points));
        process.StandardInput.Close();
        return process;
    }

    private static string[] Words(int points) => ["run", "-m", "-j", "2", "--", "./work.sh", $"i={string.Join(',', Enumerable.Range(0, points))}"];

    private static void Signal(Process process, string name) =>
        Command.Run(["kill", $"-{name}", process.Id.ToString()], "/", null, TestContext.Current.CancellationToken);

    private static void WaitUntil(Func<bool> holds)
    {
        using var poller = new Poller();
        long started = Stopwatch.GetTimestamp();
        while (!holds())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < WeftProgram.Deadline, "waited too long");
            poller.Wait(TimeSpan.FromMilliseconds(2), []);
        }
    }

    private int CountBegun() => File.Exists(_folder.Path("begun")) ? File.ReadAllBytes(_folder.Path("begun")).Count(b => b == '\n') : 0;
}
