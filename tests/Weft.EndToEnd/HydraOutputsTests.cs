using System.Text.Json;
using Weft.Support;

namespace Weft.EndToEnd;

/// <summary>What Hydra writes beside a program is in the record when the task has ended: settings as columns, files as artifacts, each job a run.</summary>
public sealed class HydraOutputsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public HydraOutputsTests()
    {
        File.Copy(Repository.Path("tests/Weft.EndToEnd/Programs/hydra_app.py"), _folder.Path("app.py"));
        _folder.Write("hydraflow.yaml",
            """
            jobs:
              job:
                run: python3 app.py
                sets:
                  - each: width=100,300
                    all: optimizer.lr=1e-3,1e-2
            """);
    }

    public void Dispose() => _folder.Dispose();

    private ProgramResult Weft(params string[] words) => WeftProgram.Run(_folder.Root, [new("PATH", "/usr/bin:/bin"), new("XDG_CACHE_HOME", _folder.Path("cache"))], words);

    private List<JsonElement> Runs(params string[] words) => [.. JsonDocument.Parse(Weft(["runs", .. words, "--json"]).Out).RootElement.EnumerateArray()];

    private static string? Param(JsonElement run, string key) => run.GetProperty("params").TryGetProperty(key, out JsonElement value) ? value.GetString() : null;

    [Fact]
    public void Every_job_of_a_multirun_is_a_run_with_its_composed_configuration()
    {
        ProgramResult result = Weft("run", "job", "-j", "2");
        Assert.True(result.ExitCode == 0, result.ToString());
        List<JsonElement> runs = Runs("job", "--sort", "run_name");
        Assert.Equal(["0.0", "0.1", "1.0", "1.1"], runs.Select(run => run.GetProperty("name").GetString()!.Split('/')[1]));
        Assert.Equal(["100 0.001", "100 0.01", "300 0.001", "300 0.01"], runs.Select(run => $"{Param(run, "width")} {Param(run, "optimizer.lr")}"));
        Assert.All(runs, run => Assert.Equal(("768", "adam", "[0.9, 0.999]", "None"), (Param(run, "height"), Param(run, "optimizer.name"), Param(run, "optimizer.betas"), Param(run, "resume"))));
        Assert.Equal(2, Runs("job", "params.`optimizer.lr` = '0.01'").Count);
    }

    [Fact]
    public void Removing_the_folders_of_Hydra_loses_nothing()
    {
        Assert.Equal(0, Weft("run", "job").ExitCode);
        Directory.Delete(_folder.Path("multirun"), recursive: true);
        Assert.Equal(4, Runs("job", "width = '100' and height = '768'").Count + Runs("job", "width = '300'").Count);
        List<JsonElement> kept = Runs("--from", "mlruns", "job");
        Assert.Equal(4, kept.Count);
        Assert.Equal(4, Directory.GetFiles(_folder.Path("mlruns"), "job.log", SearchOption.AllDirectories).Length);
        Assert.Equal(4, Directory.GetFiles(_folder.Path("mlruns"), "overrides.yaml", SearchOption.AllDirectories).Length);
        Assert.Contains("\n  100      2\n", Weft("runs", "job", "--group", "width").Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_program_that_makes_its_own_runs_is_not_recorded_twice()
    {
        ProgramResult result = Weft("run", "job", "+track=true");
        Assert.True(result.ExitCode == 0, result.ToString());
        List<JsonElement> runs = Runs("job", "--sort", "area");
        Assert.Equal([76800, 76800, 230400, 230400], runs.Select(run => run.GetProperty("metrics").GetProperty("area").GetDouble()));
        Assert.Equal(["100 adam", "100 adam", "300 adam", "300 adam"], runs.Select(run => $"{Param(run, "width")} {Param(run, "optimizer.name")}"));

        // HydraFlow's decorator finds that all is done: no run is made of what was skipped.
        _folder.Write("skip", "");
        Assert.Equal(0, Weft("run", "job", "+track=true", "--fresh").ExitCode);
        Assert.Equal(4, Runs("job").Count);
        Assert.Equal(0, Weft("run", "job", "+track=true", "optimizer.lr=5", "--fresh").ExitCode);
        Assert.Equal(6, Runs("job").Count);
    }

    [Fact]
    public void Runs_of_programs_that_a_submitted_one_starts_have_their_configuration()
    {
        _folder.Write("hydraflow.yaml", "jobs:\n  job:\n    submit: sh submit.sh\n    sets:\n      - each: width=100,300\n        add: +track=true\n");
        _folder.Write("submit.sh", "while read -r line || [ -n \"$line\" ]; do eval \"python3 app.py $line\" || exit; done < \"$1\"\n");
        ProgramResult result = Weft("run", "job");
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Equal(["100", "300"], Runs("job").Select(run => Param(run, "width")).Order());
    }

    [Fact]
    public void A_command_that_runs_once_has_the_configuration_of_its_usual_folder()
    {
        Assert.Equal(0, Weft("run", "--", "python3", "app.py", "width=7", "+note=a b").ExitCode);
        Assert.Equal(0, Weft("run", "-m", "--", "python3", "app.py", "width=8,9").ExitCode);
        Assert.Equal(["7", "8", "9"], Runs().Select(run => Param(run, "width")).Order());
        Assert.Equal("a b", Param(Runs("width = '7'").Single(), "note"));
        Assert.All(Runs(), run => Assert.Equal("0.001", Param(run, "optimizer.lr")));
    }

    [Fact]
    public void Jobs_of_a_command_that_failed_and_was_resumed_are_recorded_once()
    {
        Assert.Equal(1, Weft("run", "job", "+fail=width=300").ExitCode);
        Assert.Equal(["FAILED", "FINISHED", "FINISHED", "KILLED"], Runs("job").Select(run => run.GetProperty("status").GetString()).Order());
        Assert.Equal(1, Weft("resume", "-").ExitCode);
        Assert.Equal(4, Runs("job").Count);
    }

    [Fact]
    public void Jobs_before_the_one_that_failed_have_finished()
    {
        Assert.Equal(1, Weft("run", "job", "+fail=optimizer.lr=0.01").ExitCode);
        Assert.Equal(["0.001 FINISHED", "0.001 FINISHED", "0.01 FAILED", "0.01 FAILED"], Runs("job").Select(run => $"{Param(run, "optimizer.lr")} {run.GetProperty("status").GetString()}").Order());
        Assert.Equal(2, Runs("job", "optimizer.lr < 0.005 and width >= 100").Count);
        Assert.Empty(Runs("--from", "mlruns", "job", "width > 300"));
    }
}
