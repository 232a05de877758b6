using Weft.Applications;
using Weft.Config.Composition;
using Weft.Config.Overrides;

namespace Weft.Tests.Applications;

public sealed class WeftAppTests : IDisposable
{
    private readonly AppRun _app = new();

    public void Dispose() => _app.Dispose();

    [Fact]
    public void A_job_gets_its_record_folder_and_log()
    {
        _app.Task = (config, job) =>
        {
            job.Log.Info($"training {config.Title}");
            job.Log.Debug("not told");
            File.WriteAllText(job.Path("model.txt"), "m");
        };
        Assert.Equal(0, _app.Run("opt.lr=0.5", "hydra.run.dir=out"));
        Assert.Equal(new AppConfig { Opt = new OptConfig("sgd", 0.5) { Momentum = 0.9 }, Seed = 2, Title = "sgd-2" }, Assert.Single(_app.Configs));
        Assert.Equal("opt:\n  name: sgd\n  lr: 0.5\n  momentum: 0.9\nseed: 2\ntitle: ${opt.name}-${seed}\n", File.ReadAllText(_app.Folder.Path("out/.hydra/config.yaml")));
        Assert.Equal("- opt.lr=0.5\n", File.ReadAllText(_app.Folder.Path("out/.hydra/overrides.yaml")));
        Assert.StartsWith("hydra:\n", File.ReadAllText(_app.Folder.Path("out/.hydra/hydra.yaml")));
        Assert.EndsWith("][app][INFO] - training sgd-2\n", File.ReadAllText(_app.Folder.Path("out/app.log")));
        Assert.Equal(File.ReadAllText(_app.Folder.Path("out/app.log")), _app.Output);
        Assert.True(File.Exists(_app.Folder.Path("out/model.txt")));
        Assert.Equal("", _app.Error);
    }

    [Theory]
    [InlineData("sed=1", "error: unknown key `sed` in `AppConfig`", "hint: did you mean `seed`?")]
    [InlineData("opt.lr=fast", "error: `opt.lr`: `fast` is text, expected a number", "  --> <argument 1>:1:8")]
    [InlineData("opt=sdg", "error: there is no configuration `opt/sdg`", "")]
    [InlineData("seed=99999999999", "error: `seed`: 99999999999 is not in the range from -2147483648 to 2147483647", "  --> <argument 1>:1:6")]
    [InlineData("opt.name=???", "error: `opt.name` must be given a value; it is `???`", "")]
    public void A_configuration_that_does_not_fit_the_record_starts_nothing(string word, string message, string more)
    {
        Assert.Equal(1, _app.Run(word, "hydra.run.dir=out"));
        Assert.Contains(message, _app.Error);
        Assert.Contains(more, _app.Error);
        Assert.Empty(_app.Configs);
        Assert.False(Directory.Exists(_app.Folder.Path("out")));
    }

    [Fact]
    public void A_key_of_a_file_that_the_record_has_not_is_shown_in_the_file()
    {
        _app.Folder.Write("conf/opt/adam.yaml", "name: adam\nlearning_rate: 1\n");
        Assert.Equal(1, _app.Run("opt=adam"));
        Assert.Contains("unknown key `opt.learning_rate` in `OptConfig`", _app.Error);
        Assert.Contains("conf/opt/adam.yaml:2:1", _app.Error);
    }

    [Fact]
    public void All_jobs_of_a_sweep_are_checked_before_the_first()
    {
        Assert.Equal(1, _app.Run("-m", "seed=1,99999999999", "hydra.sweep.dir=m"));
        Assert.StartsWith("job 1 of the sweep (seed=99999999999) does not compose\n", _app.Error);
        Assert.Empty(_app.Configs);
    }

    [Fact]
    public void Configuration_is_printed_as_the_record_has_it()
    {
        Assert.Equal(0, _app.Run("--cfg", "job", "--resolve", "opt=adam"));
        Assert.Equal("opt:\n  name: adam\n  lr: 0.001\n  momentum: null\nseed: 2\ntitle: adam-2\n", _app.Output);
        Assert.Equal(0, _app.Run("--cfg", "job", "-p", "opt"));
        Assert.Equal("# @package opt\nname: sgd\nlr: 0.1\nmomentum: 0.9\n", _app.Output);
        Assert.Equal(0, _app.Run("--version"));
        Assert.StartsWith("app ", _app.Output);
    }

    [Fact]
    public void What_a_job_throws_fails_it_and_is_shown_with_its_stack_when_asked()
    {
        _app.Task = (_, _) => throw new InvalidOperationException("out of luck");
        Assert.Equal(1, _app.Run("seed=3", "hydra.run.dir=out"));
        Assert.Equal("error executing the job with overrides: ['seed=3']\nSystem.InvalidOperationException: out of luck\nhint: set the environment variable HYDRA_FULL_ERROR=1 for the stack trace\n", _app.Error);
        _app.Environment["HYDRA_FULL_ERROR"] = "1";
        Assert.Equal(1, _app.Run("seed=3", "hydra.run.dir=out"));
        Assert.Contains("   at Weft.Tests.Applications", _app.Error);
    }

    [Fact]
    public void A_job_is_run_again_from_what_it_saved_wherever_its_folder_is_now()
    {
        Assert.Equal(0, _app.Run("-m", "opt=adam", "seed=3,4", "hydra.sweep.dir=m", "hydra.job.chdir=false"));
        Directory.Move(_app.Folder.Path("m"), _app.Folder.Path("moved"));
        Directory.Delete(_app.Folder.Path("conf/opt"), recursive: true);
        Assert.Equal(0, _app.Run("--experimental-rerun", "moved/1/.hydra"));
        Assert.Equal(("adam", 4), (_app.Configs[0].Opt.Name, _app.Configs[0].Seed));
        Assert.Equal((_app.Folder.Path("moved/1"), 1L), (_app.Jobs[0].Folder, _app.Jobs[0].Number));
        Assert.Equal(["opt=adam", "seed=4"], _app.Jobs[0].Overrides);
        Assert.Equal(_app.Folder.Path("moved/1"), _app.Jobs[0].Composition.JobResolution.Select(_app.Jobs[0].Composition.Config, "hydra.runtime.output_dir").Node!.Content.Text);

        Assert.Equal(0, _app.Run("--experimental-rerun", "moved/0", "seed=9"));
        Assert.Equal(3, _app.Configs[0].Seed);
        Assert.Contains("the overrides given here are not looked at", _app.Error);
        Assert.Equal(1, _app.Run("--experimental-rerun", "moved/7"));
        Assert.Contains("there is no `" + _app.Folder.Path("moved/7/.hydra/config.yaml") + "`", _app.Error);
        Assert.Equal(1, _app.Run("--experimental-rerun", "config.pickle"));
        Assert.Contains("only Python reads", _app.Error);
    }

    [Theory]
    [InlineData("outputs")]
    [InlineData("multirun", "-m")]
    public void Programs_that_start_in_the_same_second_do_not_share_a_folder(string usual, params string[] words)
    {
        var start = new DateTimeOffset(2026, 3, 1, 23, 59, 58, TimeSpan.Zero);
        Parallel.For(0, 6, i =>
        {
            using var output = new StringWriter();
            WeftAppOptions options = new()
            {
                ConfigPath = _app.Folder.Path("conf"), Name = "app", Output = output, Error = output, WorkingFolder = _app.Folder.Root, Environment = new Dictionary<string, string>(), Time = new StoppedTime(start),
            };
            Assert.Equal(0, WeftApp.Run<AppConfig>([.. words, $"seed={i}"], (_, _) => { }, options));
        });
        string[] folders = [.. Directory.GetFiles(_app.Folder.Path(usual), "overrides.yaml", SearchOption.AllDirectories)];
        Assert.Equal(["- seed=0", "- seed=1", "- seed=2", "- seed=3", "- seed=4", "- seed=5"], folders.Select(file => File.ReadAllText(file).Trim()).Order());
        Assert.Equal(
            ["2026-03-01/23-59-58", "2026-03-01/23-59-59", "2026-03-02/00-00-00", "2026-03-02/00-00-01", "2026-03-02/00-00-02", "2026-03-02/00-00-03"],
            Directory.GetDirectories(_app.Folder.Path(usual), "*-*-*", SearchOption.AllDirectories).Select(folder => Path.GetRelativePath(_app.Folder.Path(usual), folder)).Where(folder => folder.Contains('/')).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Callbacks_are_told_in_order_and_may_fail()
    {
        var told = new List<string>();
        _app.Folder.Write("conf/config.yaml", "defaults:\n  - opt: sgd\n  - _self_\nhydra:\n  callbacks:\n    a:\n      _target_: app.Tell\n      name: A${seed}\n    log:\n      _target_: " + CallbackRegistry.LogJobReturn + "\n");
        _app.Options = _app.Options with { Callbacks = new CallbackRegistry().Add("app.Tell", entry => new Tell(entry["name"]!.Content.Text, told)).Always(new Tell("B", told)) };
        _app.Task = (_, job) => job.Result = 0.25;
        Assert.Equal(0, _app.Run("hydra.run.dir=out"));
        Assert.Equal(["A1 compose", "B compose", "A1 run start", "B run start", "A1 job start", "B job start", "B job end 0.25", "A1 job end 0.25", "B run end", "A1 run end"], told);
        Assert.Equal("Succeeded with return value: 0.25\n", _app.Output);
        Assert.Equal(10, _app.Error.Split("warning: the callback `Tell` failed: I only watch").Length - 1);

        told.Clear();
        Assert.Equal(0, _app.Run("-m", "opt.lr=5", "hydra.sweep.dir=m"));
        Assert.Equal(["A1 compose", "B compose", "A1 multirun start", "B multirun start", "A1 compose", "B compose", "A1 job start", "B job start", "B job end 0.25", "A1 job end 0.25", "B multirun end", "A1 multirun end"], told);
        Assert.Equal(1, _app.Run("hydra.callbacks.a._target_=app.Tel"));
        Assert.Contains("no callback is registered as `app.Tel`", _app.Error);
    }

    [Fact]
    public void Environment_and_verbosity_of_a_job_are_its_own()
    {
        string? seen = null;
        _app.Task = (_, job) =>
        {
            seen = Environment.GetEnvironmentVariable("WEFT_TEST_OF_APPS");
            job.Log.Write(LogLevel.Debug, "deep", "inner");
            job.Log.Debug("shallow");
        };
        Assert.Equal(0, _app.Run("+hydra.job.env_set.WEFT_TEST_OF_APPS=on", "hydra.verbose=inner", "hydra.run.dir=out"));
        Assert.Equal("on", seen);
        Assert.Null(Environment.GetEnvironmentVariable("WEFT_TEST_OF_APPS"));
        Assert.EndsWith("][inner][DEBUG] - deep\n", _app.Output);
        Assert.Equal(0, _app.Run("hydra.verbose=true", "hydra.run.dir=out", "hydra/job_logging=stdout"));
        Assert.Equal("deep\nshallow\n", _app.Output);
    }

    [Fact]
    public void Numbers_are_reported_to_weft_when_it_runs_the_program()
    {
        _app.Task = (config, job) => job.Report("accuracy", 0.5);
        Assert.Equal(0, _app.Run("hydra.run.dir=out"));
        _app.Environment["WEFT_RESULTS"] = _app.Folder.Path("results");
        Assert.Equal(0, _app.Run("hydra.run.dir=out"));
        Assert.Equal("accuracy=0.5\n", File.ReadAllText(_app.Folder.Path("results")));
    }

    [Fact]
    public void Records_and_resources_are_configurations_too()
    {
        var store = new ConfigStore();
        store.Store<OptConfig>("plain", "opt");
        _app.Options = _app.Options with { Store = store };
        Assert.Equal(0, _app.Run("opt=plain", "opt.name=x", "hydra.run.dir=out"));
        Assert.Equal(new OptConfig("x"), _app.Configs[0].Opt);
        _app.Options = _app.Options with { ConfigPath = "pkg://conf_of_test", Resources = typeof(WeftAppTests).Assembly };
        Assert.Equal(0, _app.Run("hydra.run.dir=out"));
        Assert.Equal(new OptConfig("embedded", 3), _app.Configs[0].Opt);
    }

    [Theory]
    [InlineData("%(message)s", "m")]
    [InlineData("[%(name)s] %(levelname)-8s|%(levelno)5d|%(what)s %", "[n] WARNING |   30|%(what)s %")]
    public void A_log_line_is_formatted_as_Python_does(string format, string line) =>
        Assert.Equal(line, JobLog.Format(format, LogLevel.Warning, "n", "m", DateTimeOffset.UnixEpoch));

    private sealed class StoppedTime(DateTimeOffset now) : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => now;
    }

    private sealed class Tell(string name, List<string> told) : IHydraCallback
    {
        public void OnComposeConfig(Composition composition, string? configName, IReadOnlyList<Override> overrides) => Say("compose");

        public void OnRunStart(Composition composition, string? configName) => Say("run start");

        public void OnRunEnd(Composition composition, string? configName, JobReturn job) => Say("run end");

        public void OnMultirunStart(Composition composition, string? configName) => Say("multirun start");

        public void OnMultirunEnd(Composition composition, string? configName) => Say("multirun end");

        public void OnJobStart(HydraJob job) => Say("job start");

        public void OnJobEnd(JobReturn job) => Say(FormattableString.Invariant($"job end {job.Value}"));

        private void Say(string what)
        {
            told.Add($"{name} {what}");
            throw new InvalidOperationException("I only watch");
        }
    }
}
