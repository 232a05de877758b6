using System.Text.Json;
using System.Text.RegularExpressions;
using Weft.Support;

namespace Weft.EndToEnd;

/// <summary>
/// A project like the one of HydraFlow's tutorial on automating workflows: a job run one by one and one whose program runs its jobs side by
/// side. The program is a stand-in that reads Hydra's words and writes Hydra's folders.
/// </summary>
public sealed class HydraFlowProjectTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public HydraFlowProjectTests()
    {
        File.Copy(Repository.Path("tests/Weft.EndToEnd/Programs/hydra_app.py"), _folder.Path("app.py"));
        _folder.Write("hydraflow.yaml",
            """
            jobs:
              job_sequential:
                run: python3 app.py
                add: hydra.job.chdir=false
                sets:
                  - each: width=100,300
                    all: height=100:300:100
              job_parallel:
                run: python3 app.py
                add: >-
                  hydra/launcher=joblib
                  hydra.launcher.n_jobs=3
                sets:
                  - each: width=200,400
                    all: height=100:300:100
            """);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_dry_run_prints_the_commands_and_touches_nothing()
    {
        ProgramResult result = Weft("run", "job_sequential", "--dry-run");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(
            """
            python3 app.py --multirun width=100 height=100,200,300 hydra.job.name=job_sequential hydra.sweep.dir=multirun/<ULID> hydra.job.chdir=false
            python3 app.py --multirun width=300 height=100,200,300 hydra.job.name=job_sequential hydra.sweep.dir=multirun/<ULID> hydra.job.chdir=false

            """, Snapshot.Filter(result.Out));
        Assert.False(Directory.Exists(_folder.Path(".weft")));
    }

    [Fact]
    public void A_job_runs_its_commands_one_after_the_other_and_each_makes_its_jobs()
    {
        ProgramResult result = Weft("run", "job_sequential");
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Equal(2, Regex.Count(result.Out, @"Launching 3 jobs locally"));
        Assert.Equal(6, Jobs());
        Assert.Contains("2 commands (6 runs)", result.Error, StringComparison.Ordinal);
        Assert.Matches(@"succeeded: 2 done in", result.Error);
        Assert.Equal(["100,200,300", "100,200,300"], Runs("job_sequential").Select(run => run.GetProperty("params").GetProperty("height").GetString()));
    }

    [Fact]
    public void A_program_with_a_launcher_of_its_own_is_handed_its_words()
    {
        ProgramResult result = Weft("run", "job_parallel", "-j", "2");
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Equal(6, Jobs());
        Assert.All(result.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Matches(@"^\[[01]\] ", line));
    }

    [Fact]
    public void Each_command_has_a_folder_of_its_own_that_stays_the_same_when_it_is_resumed()
    {
        Assert.Equal(0, Weft("run", "job_sequential").ExitCode);
        string[] folders = Directory.GetDirectories(_folder.Path("multirun"));
        Assert.Equal(2, folders.Length);
        Assert.All(folders, folder => Assert.Matches("^[0-9A-HJKMNP-TV-Z]{26}$", Path.GetFileName(folder)));
    }

    [Fact]
    public void What_has_finished_is_not_run_again_unless_asked()
    {
        Assert.Equal(0, Weft("run", "job_sequential").ExitCode);
        ProgramResult again = Weft("run", "job_sequential");
        Assert.Equal(0, again.ExitCode);
        Assert.Contains("nothing to do", again.Error, StringComparison.Ordinal);
        Assert.Contains("--fresh", again.Error, StringComparison.Ordinal);
        Assert.Equal(6, Jobs());
        Assert.Equal(0, Weft("run", "job_sequential", "--fresh").ExitCode);
        Assert.Equal(12, Jobs());
    }

    [Fact]
    public void A_failing_command_does_not_hide_and_is_tried_again_by_resume()
    {
        ProgramResult failed = Weft("run", "job_sequential", "fail=width=300");
        Assert.Equal(1, failed.ExitCode);
        Assert.Contains("1 done, 1 failed", failed.Error, StringComparison.Ordinal);
        Assert.Contains("asked to fail by width=300", failed.Error, StringComparison.Ordinal);

        _folder.Write("hydraflow.yaml", "jobs:\n  job:\n    run: sh -c 'test -e fixed || { echo not yet >&2; exit 3; }' --\n    sets:\n      - each: a=1:6\n");
        ProgramResult run = Weft("run", "job");
        Assert.Equal(1, run.ExitCode);
        // Three may fail; at the fourth no more start.
        Assert.Contains("4 failed, 2 not run", run.Error, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^ *4 +exit code 3 +not yet +/0, /1, /2, /3$", run.Error);
        _folder.Write("fixed", "");
        ProgramResult resumed = Weft("resume", "-");
        Assert.True(resumed.ExitCode == 0, resumed.ToString());
        Assert.Contains("6 done", resumed.Error, StringComparison.Ordinal);
        Assert.Equal(6, Runs("job").Count);
    }

    [Fact]
    public void Bad_files_are_explained_with_every_problem_at_once_and_nothing_starts()
    {
        _folder.Write("hydraflow.yaml",
            """
            jobs:
              job:
                run: python3 app.py
                sets:
                  - each: a=1:3 b=3:1
                    al: c=1
                  - each: d='x
                colour: red
            """);
        ProgramResult result = Weft("run", "job");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("hydraflow.yaml:6:9", result.Error, StringComparison.Ordinal);
        Assert.Contains("did you mean `all`?", result.Error, StringComparison.Ordinal);
        Assert.Contains("hydraflow.yaml:8:5", result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.Path(".weft")));
    }

    [Fact]
    public void An_execution_in_the_background_can_be_followed_and_stopped_from_elsewhere()
    {
        _folder.Write("hydraflow.yaml", "jobs:\n  slow:\n    run: sh -c 'echo began; exec sleep 600' --\n    sets:\n      - each: a=1,2\n");
        ProgramResult started = Weft("run", "slow", "-d", "-j", "2");
        Assert.True(started.ExitCode == 0, started.ToString());
        string name = started.Out.Trim();
        Assert.Matches("^[a-z]+-[a-z]+-[0-9]+$", name);
        WaitUntil(() => Weft("logs", name).Out.Split("began").Length == 3);
        Assert.Contains("running", Weft("ps").Out, StringComparison.Ordinal);
        ProgramResult stop = Weft("stop", name);
        Assert.True(stop.ExitCode == 0, stop.ToString());
        using JsonDocument list = JsonDocument.Parse(Weft("ps", "-a", "--json").Out);
        Assert.Equal("cancelled", list.RootElement[0].GetProperty("state").GetString());
        Assert.Contains("nothing runs", Weft("ps").Error, StringComparison.Ordinal);
    }

    private ProgramResult Weft(params string[] words) => WeftProgram.Run(_folder.Root, [new("PATH", "/usr/bin:/bin")], words);

    private static void WaitUntil(Func<bool> holds)
    {
        for (int i = 0; i < 300 && !holds(); i++)
            Thread.Sleep(50);
        Assert.True(holds());
    }

    /// <summary>Hydra's job folders: multirun/ULID/NUMBER.</summary>
    private int Jobs() => Directory.GetDirectories(_folder.Path("multirun")).Sum(sweep => Directory.GetDirectories(sweep).Count(job => File.Exists(Path.Combine(job, ".hydra/config.yaml"))));

    private List<JsonElement> Runs(string experiment) => [.. JsonDocument.Parse(Weft("runs", experiment, "--json").Out).RootElement.EnumerateArray()];
}
