using Weft.Applications;
using Weft.Support;

namespace Weft.Tests.Applications;

public sealed class HydraProgramTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public HydraProgramTests()
    {
        _folder.Write("conf/config.yaml", "defaults:\n  - opt: sgd\n  - _self_\nlr: 0.1\nout: ${opt.name}-${lr}\n");
        _folder.Write("conf/opt/sgd.yaml", "name: sgd\n");
        _folder.Write("conf/opt/adam.yaml", "name: adam\n");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_run_is_decided_before_anything_is_written()
    {
        var run = Assert.IsType<HydraAction.Run>(Decide("lr=2", "hydra.run.dir=out/${lr}/${hydra:job.name}", "+hydra.job.env_set.THREADS=4"));
        Assert.Equal("out/2/app", run.Job.Folder);
        Assert.Equal([".hydra/config.yaml", ".hydra/hydra.yaml", ".hydra/overrides.yaml"], run.Job.Files.Select(file => file.Key));
        Assert.Equal("- lr=2\n", run.Job.Files[2].Value);
        Assert.Equal(KeyValuePair.Create("THREADS", "4"), Assert.Single(run.Job.Environment));
        Assert.Equal(_folder.Path("out/2/app/app.log"), Assert.Single(run.Job.LogFiles));
        Assert.False(Directory.Exists(_folder.Path("out")));
    }

    [Fact]
    public void Jobs_of_a_sweep_know_their_number_and_share_the_time()
    {
        var sweep = Assert.IsType<HydraAction.MultiRun>(Decide("-m", "lr=1,2", "opt=glob(*)", "hydra.sweep.dir=m/${now:%f}", "hydra.sweep.subdir=${hydra.job.num}-${opt.name}")).Sweep;
        Assert.Equal(4, sweep.Points.Size);
        HydraJob last = sweep.Job(3, [])!;
        Assert.Equal(sweep.Folder + "/3-sgd", last.Folder);
        Assert.Equal("3", last.Composition.JobResolution.Select(last.Composition.Config, "hydra.job.id").Node!.Content.Text);
        Assert.Equal(["lr=2", "opt=sgd"], last.Overrides);
    }

    [Fact]
    public async Task A_failed_job_lets_its_batch_finish_and_stops_the_next()
    {
        var numbers = new List<string>();
        var error = new StringWriter();
        var runner = new HydraRunner(_folder.Root, new StringWriter(), error, TimeProvider.System);
        int code = await runner.RunAsync(Decide("-m", "lr=1,2,3,4", "hydra.sweep.dir=m", "hydra.sweeper.max_batch_size=2"), (job, _) =>
        {
            numbers.Add(job.Folder);
            return job.Folder == "m/0" ? throw new InvalidOperationException("out of luck") : Task.FromResult<object?>(null);
        }, CancellationToken.None);
        Assert.Equal(1, code);
        Assert.Equal(["m/0", "m/1"], numbers);
        Assert.StartsWith("error executing the job with overrides: ['lr=1']\nSystem.InvalidOperationException: out of luck", error.ToString());
        Assert.StartsWith("hydra:\n", File.ReadAllText(_folder.Path("m/multirun.yaml")));
    }

    [Fact]
    public async Task A_point_that_does_not_compose_stops_the_batch_before_its_first_job()
    {
        var error = new StringWriter();
        int code = await new HydraRunner(_folder.Root, new StringWriter(), error, TimeProvider.System)
            .RunAsync(Decide("-m", "opt=sgd,sdg", "hydra.sweep.dir=m"), (_, _) => throw new InvalidOperationException("no job may run"), CancellationToken.None);
        Assert.Equal(1, code);
        Assert.StartsWith("job 1 of the sweep (opt=sdg) does not compose\nerror: there is no configuration `opt/sdg`", error.ToString());
    }

    [Theory]
    [InlineData("--cgf job", 2, "no flag `--cgf`")]
    [InlineData("--cfg jobs", 2, "`--cfg` is `job`, `hydra` or `all`, found `jobs`")]
    [InlineData("--cfg", 2, "`--cfg` needs a value")]
    [InlineData("--resolve", 1, "`--resolve` needs `--cfg` or `--help`")]
    [InlineData("--cfg job -m", 1, "`--run`, `--multirun`, `--cfg`, `--info` and `--shell-completion` exclude one another")]
    [InlineData("--cfg job -p optt", 1, "there is no package `optt` in the configuration")]
    [InlineData("lr=1,2 --zip lr", 1, "`--zip`, `--when`, `--then` and `--where` need `--multirun`")]
    [InlineData("-sc install=ksh", 1, "`--shell-completion` takes `install=SHELL`, `uninstall=SHELL` or `query=SHELL`, found `install=ksh`")]
    [InlineData("lr=1 lr=[", 1, "expected a value, found the end")]
    public void Wrong_command_lines_are_refused(string words, int code, string message)
    {
        var refused = Assert.IsType<HydraAction.Refuse>(Decide(words.Split(' ')));
        Assert.Equal((code, message), (refused.ExitCode, refused.Diagnostics.First().Message));
    }

    [Fact]
    public void Help_names_groups_options_and_values()
    {
        string help = Assert.IsType<HydraAction.Print>(Decide("--help", "opt=adam")).Output;
        Assert.Contains("\nopt: adam, sgd\n", help);
        Assert.Contains("\nopt:\n  name: adam\nlr: 0.1\n", help);
        Assert.Contains("\n--multirun,-m : Run a sweep of jobs\n", Assert.IsType<HydraAction.Print>(Decide("--hydra-help")).Output);
    }

    [Fact]
    public void Search_path_is_told_with_its_providers()
    {
        _folder.Write("more/opt/lamb.yaml", "name: lamb\n");
        string told = Assert.IsType<HydraAction.Print>(Decide("--info", "searchpath", "-cd", "more")).Output;
        Assert.Contains($"| main         | file://{_folder.Path("conf")} |", told);
        Assert.Contains($"| command-line | file://{_folder.Path("more")} |", told);
        Assert.Equal("opt:\n  name: lamb\nlr: 0.1\nout: lamb-0.1\n", Assert.IsType<HydraAction.Print>(Decide("--cfg", "job", "--resolve", "-cd", "more", "opt=lamb")).Output);
    }

    private HydraAction Decide(params string[] words) =>
        new HydraProgram { ConfigPath = "conf", ConfigName = "config", BaseFolder = _folder.Root, WorkingFolder = _folder.Root }.Decide(words);
}
