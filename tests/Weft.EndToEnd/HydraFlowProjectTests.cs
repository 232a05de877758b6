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
        Assert.Contains("succeeded: 2 done (6 runs) in", result.Error, StringComparison.Ordinal);
        Assert.Equal(["100", "100", "200", "200", "300", "300"], Runs("job_sequential").Select(run => run.GetProperty("params").GetProperty("height").GetString()).Order());
    }

    [Fact]
    public void The_name_of_a_job_is_the_experiment_of_its_runs()
    {
        _folder.Write("hydraflow.yaml",
            """
            jobs:
              job:
                name: iris
                run: sh -c 'echo "$MLFLOW_EXPERIMENT_NAME $2"' --
                sets:
                  - each: a=1,2
            """);
        ProgramResult result = Weft("run", "job");
        Assert.Equal("iris a=1\niris a=2\n", result.Out);
        Assert.Equal(2, Runs("iris").Count);
        // The job's own name leads there too.
        Assert.Equal(2, Runs("job").Count);
        Assert.Contains("no experiment `jib` has runs here", Weft("runs", "jib").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_code_that_ran_is_kept()
    {
        Assert.Equal(0, Weft("run", "job_sequential").ExitCode);
        string snapshot = File.ReadAllText(Assert.Single(Directory.GetFiles(_folder.Path(".weft/snapshots"))));
        JsonElement files = JsonDocument.Parse(snapshot).RootElement.GetProperty("files");
        Assert.Equal(["app.py", "hydraflow.yaml"], files.EnumerateObject().Select(file => file.Name));
        string digest = files.GetProperty("app.py").GetProperty("content").GetString()!["sha256:".Length..];
        Assert.Equal(File.ReadAllBytes(_folder.Path("app.py")), File.ReadAllBytes(_folder.Path($".weft/blobs/{digest[..2]}/{digest[2..]}")));
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
    public void A_resumed_command_keeps_its_folder_and_the_counts_are_those_of_the_runs_inside()
    {
        _folder.Write("hydraflow.yaml",
            """
            jobs:
              job:
                run: sh -c 'test -e fixed || test "$2" = width=100 || exit 3; exec python3 app.py "$@"' --
                sets:
                  - each: width=100|200,300,400
                    all: height=100:300:100
            """);
        Assert.Matches(@"(?m)^job +hydraflow run +2 +12 ", Weft("ls").Out);
        ProgramResult failed = Weft("run", "job");
        Assert.Equal(1, failed.ExitCode);
        Assert.Contains("2 commands (12 runs)", failed.Error, StringComparison.Ordinal);
        Assert.Contains("1 done (3 runs), 1 failed", failed.Error, StringComparison.Ordinal);
        string first = Assert.Single(Folders());

        _folder.Write("fixed", "");
        ProgramResult resumed = Weft("resume", "-");
        Assert.True(resumed.ExitCode == 0, resumed.ToString());
        Assert.Contains("1 finished point (3 runs) is kept", resumed.Error, StringComparison.Ordinal);
        Assert.Contains("2 done (12 runs)", resumed.Error, StringComparison.Ordinal);
        Assert.Contains(first, Folders());
        Assert.Equal(12, Jobs());
        JsonElement execution = JsonDocument.Parse(Weft("ps", "-a", "--json").Out).RootElement[0];
        Assert.Equal((12, 12), (execution.GetProperty("runs").GetInt32(), execution.GetProperty("runsDone").GetInt32()));
    }

    [Fact]
    public void A_command_that_failed_within_its_sweep_finds_its_folder_again()
    {
        Assert.Equal(1, Weft("run", "job_sequential", "fail=height=200").ExitCode);
        string[] folders = Folders();
        Assert.Equal(2, folders.Length);
        Assert.Equal(1, Weft("resume", "-").ExitCode);
        Assert.Equal(folders, Folders());
    }

    [Fact]
    public void A_program_that_is_no_hydra_application_gets_each_run_as_a_command_of_its_own()
    {
        _folder.Write("hydraflow.yaml", "jobs:\n  job:\n    run: echo\n    sets:\n      - each: a=1,2\n        all: b=3:4\n");
        ProgramResult result = Weft("run", "job", "--expand-inner", "a=5", "--", "first");
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Equal("first a=5 b=3\nfirst a=5 b=4\n", result.Out);
        Assert.Contains("`a=5` replaces the sweep `a=1,2` (hydraflow.yaml:5:15)", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_command_that_no_file_names_is_swept_where_its_words_hold_several_values()
    {
        File.Delete(_folder.Path("hydraflow.yaml"));
        ProgramResult result = Weft("run", "-m", "--", "echo", "--lr=1e-4,1e-3", "x", "--seed=1:2", "b=[1,2]");
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Equal("--lr=1e-4 x --seed=1 b=[1,2]\n--lr=1e-4 x --seed=2 b=[1,2]\n--lr=1e-3 x --seed=1 b=[1,2]\n--lr=1e-3 x --seed=2 b=[1,2]\n", result.Out);
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
        Assert.Contains("1 done (3 runs), 1 failed", failed.Error, StringComparison.Ordinal);
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

    private string[] Folders() => [.. Directory.GetDirectories(_folder.Path("multirun")).Order()];

    /// <summary>Hydra's job folders: multirun/ULID/NUMBER.</summary>
    private int Jobs() => Directory.GetDirectories(_folder.Path("multirun")).Sum(sweep => Directory.GetDirectories(sweep).Count(job => File.Exists(Path.Combine(job, ".hydra/config.yaml"))));

    private List<JsonElement> Runs(string experiment) => [.. JsonDocument.Parse(Weft("runs", experiment, "--json").Out).RootElement.EnumerateArray()];
}
