using Weft.Dialects;
using Weft.Dialects.Hydra;
using Weft.Support;
using Weft.Text;
using Weft.Workflows;

namespace Weft.Tests.Dialects.Hydra;

public sealed class ConfigurationCheckTests : IDisposable
{
    private const string Program = "import hydra\n@hydra.main(config_path=\"conf\", config_name=\"config\")\ndef main(cfg): pass\n";

    private readonly TemporaryFolder _folder = new();
    private readonly Diagnostics _diagnostics = [];

    public ConfigurationCheckTests()
    {
        _folder.Write("train.py", Program);
        _folder.Write("conf/config.yaml", "defaults: [{db: a}, _self_]\nlr: 1\nseed: 0\n");
        _folder.Write("conf/db/a.yaml", "x: 1\n");
        _folder.Write("conf/db/b.yaml", "x: 2\n");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_job_of_every_command_is_composed()
    {
        Assert.Equal("conf/config.yaml: all 30 configurations compose", Check("each: db=a,b lr=1:5\n        all: seed=1:3"));
        Assert.Empty(_diagnostics);
    }

    [Fact]
    public void A_wrong_value_is_shown_where_it_was_written_with_the_first_point_that_has_it()
    {
        Check("each: db=a,c lr=1:3\n        all: sed=1:3");
        Assert.Equal(
            """
            error: unknown key `sed`; no keys may be added here
              --> hydraflow.yaml:6:14
               |
            6  |         all: sed=1:3
               |              ^^^^^^^
            note: in the point 0 of the sweep: `db=a lr=1 sed=1`, and in 8 more
            hint: did you mean `seed`? to add it, write `+sed=1`

            error: there is no configuration `db/c`
              --> hydraflow.yaml:5:15
               |
            5  |       - each: db=a,c lr=1:3
               |               ^^^^^^
            note: in the point 3 of the sweep: `db=c lr=1 sed=1,2,3`, and in 2 more
            hint: options: `a` or `b`

            """, DiagnosticPrinter.Print(_diagnostics));
    }

    [Fact]
    public void Of_a_large_sweep_the_first_points_and_every_value_of_every_key_are_composed()
    {
        Assert.Equal("conf/config.yaml: 2,000 of 2,000,000 configurations checked: the first 1,000 points, and of every key all values up to 10,000; the others ahead of their start", Check("each: db=a,b lr=1:1000 seed=1:1000"));
        Check("each: db=a,b,c lr=1:1000 seed=1:1000");
        Assert.Equal("there is no configuration `db/c`", Assert.Single(_diagnostics).Message);
    }

    [Theory]
    [InlineData("python3 train.py --config-name other", "conf/other.yaml: all 2 configurations compose")]
    [InlineData("python3 train.py -cd more other=1", "conf/config.yaml: all 2 configurations compose")]
    [InlineData("python3 -m train", "conf/config.yaml: all 2 configurations compose")]
    [InlineData("python3 train.py --config-path pkg://x", null)]
    [InlineData("python3 plain.py", null)]
    [InlineData("bash train.sh", null)]
    public void The_program_or_its_flags_say_which_configuration_it_is(string command, string? expected)
    {
        _folder.Write("conf/other.yaml", "lr: 1\n");
        _folder.Write("more/m/x.yaml", "");
        _folder.Write("plain.py", "print(1)\n");
        Assert.Equal(expected, Check("each: lr=1,2", command.Replace(" other=1", " +m=x")));
        Assert.Empty(_diagnostics);
    }

    [Fact]
    public void A_folder_that_is_not_there_is_an_error()
    {
        _folder.Write("train.py", Program.Replace("\"conf\"", "\"config\""));
        Assert.Null(Check("each: lr=1"));
        Assert.Equal("`train.py` takes its configurations from `config`, which is no folder", Assert.Single(_diagnostics).Message);
    }

    [Fact]
    public void What_Python_adds_while_it_runs_is_not_known_here_and_so_nothing_is_refused()
    {
        _folder.Write("train.py", "import hydra\nfrom pkg import register\n" + Program);
        _folder.Write("pkg/__init__.py", "from .schema import Config\n");
        _folder.Write("pkg/schema.py", "from hydra.core.config_store import ConfigStore\n");
        Assert.Equal("not checked against conf/config.yaml: `pkg/schema.py` adds configurations while it runs", Check("each: nope=1"));
        _folder.Write("pkg/schema.py", "");
        Assert.Equal("not checked against conf/config.yaml: there is no configuration `hydra/launcher/joblib`", Check("each: lr=1\n        add: hydra/launcher=joblib"));
        Assert.Empty(_diagnostics);
    }

    [Fact]
    public void Hydras_own_rules_for_sweeps_hold()
    {
        Assert.Equal("conf/config.yaml: all 6 configurations compose", AdHoc(isSweep: true, "python3", "train.py", "-m", "lr=1,2", "seed=range(3)"));
        AdHoc(isSweep: false, "python3", "train.py", "lr=1,2");
        Assert.Equal("several values are a sweep, and this is a single run", Assert.Single(_diagnostics).Message);
    }

    [Fact]
    public void What_the_configuration_itself_sweeps_is_composed_too()
    {
        _folder.Write("conf/config.yaml", "defaults:\n  - db: ???\n  - _self_\nlr: 1\nseed: 0\nhydra:\n  sweeper:\n    params:\n      db: a,c\n      lr: 1,2,3\n");
        Assert.Equal("conf/config.yaml: all 12 configurations compose", AdHoc(isSweep: true, "python3", "train.py", "-m", "seed=1,2"));
        Assert.Equal("there is no configuration `db/c`", Assert.Single(_diagnostics).Message);
    }

    [Fact]
    public void The_rest_of_a_large_sweep_is_composed_a_window_ahead_of_the_points_that_start()
    {
        string options = string.Join(',', Enumerable.Range(0, 12_000).Select(i => i == 11_500 ? "c" : "a"));
        ConfigurationsAhead ahead = Run($"each: db={options}")!.Ahead!;
        Assert.Empty(_diagnostics);
        Assert.Equal("t", ahead.Node.Text);
        Assert.False(ahead.IsDue(0));
        Assert.True(ahead.IsDue(1));
        Assert.Empty(ahead.Check(9_000));
        Assert.Equal(10_000, ahead.Composed);
        Assert.Equal("there is no configuration `db/c`", Assert.Single(ahead.Check(10_600)).Message);
        Assert.Empty(ahead.Check(11_900));
        Assert.Equal(12_000, ahead.Composed);
        Assert.False(ahead.IsDue(11_999));
    }

    [Fact]
    public void A_recorded_plan_is_checked_as_its_job_is()
    {
        Prepared prepared = PrepareJob("each: db=a,b lr=1:3\n        all: sed=1:3\n        add: +note=x");
        Plan plan = PlanJson.Read(PlanJson.Write(Planner.Plan(new Closure(prepared.Definitions), prepared.Workflow, prepared.Inputs, new Facts(default, default), _diagnostics)!));
        ConfigurationCheck check = ConfigurationCheck.Run(Assert.Single(CommandPoints.Of(plan, _folder.Root)), new Dictionary<string, string>(), _diagnostics)!;
        Assert.Equal("conf/config.yaml: all 18 configurations compose", check.ToString());
        Assert.Equal("unknown key `sed`; no keys may be added here", Assert.Single(_diagnostics).Message);
    }

    [Fact]
    public void The_rest_of_a_sweep_is_composed_without_its_first_points()
    {
        CommandPoints small = Assert.Single(PrepareJob("each: lr=1:10").Points);
        Assert.Null(ConfigurationCheck.RestOf(small, new Dictionary<string, string>()));
        CommandPoints large = Assert.Single(PrepareJob("each: sed=1 lr=1:12_000").Points);
        ConfigurationsAhead rest = ConfigurationCheck.RestOf(large, new Dictionary<string, string>())!;
        Assert.Equal("unknown key `sed`; no keys may be added here", Assert.Single(rest.Check(5_000)).Message);
        Assert.Equal(6_000, rest.Composed);
    }

    [Fact]
    public void The_points_of_a_task_of_a_native_file_are_composed()
    {
        _folder.Write("prepare.py", "");
        _folder.Write("weft.yaml",
            """
            weft: 1
            tasks:
              prepare:
                run: python3 prepare.py ${{ outputs.data }}
                outputs: {data: d/}
              train:
                run: python3 train.py seed=3 lr=${{ inputs.data }}
                inputs: {data: prepare.data}
                args: hydra
                sweep:
                  grid: {db: [a, c], lr: [1, 2]}
            """);
        CommandPoints points = Assert.Single(Prepare("main").Points, points => points.Node.Text == "train");
        Assert.Equal("conf/config.yaml: all 4 configurations compose", ConfigurationCheck.Run(points, new Dictionary<string, string>(), _diagnostics)!.ToString());
        Diagnostic only = Assert.Single(_diagnostics);
        Assert.Equal(("there is no configuration `db/c`", 11), (only.Message, only.At!.Value.Position.Line));
    }

    private string? Check(string set, string command = "python3 train.py") => Run(set, command)?.ToString();

    private ConfigurationCheck? Run(string set, string command = "python3 train.py")
    {
        return ConfigurationCheck.Run(Assert.Single(PrepareJob(set, command).Points), new Dictionary<string, string>(), _diagnostics);
    }

    private Prepared PrepareJob(string set, string command = "python3 train.py")
    {
        _folder.Write("hydraflow.yaml", $"jobs:\n  t:\n    run: {command}\n    sets:\n      - {set}\n");
        return Prepare("t");
    }

    private Prepared Prepare(string name) =>
        Project.Open(_folder.Root, new Dictionary<string, string>()).Find(name, _diagnostics)!.Prepare(Weft.Dialects.Arguments.None, _diagnostics)!;

    private string? AdHoc(bool isSweep, params string[] words)
    {
        var command = new AdHoc([.. words.Select((word, i) => Excerpt.OfArgument(i + 1, word))], _folder.Root);
        Prepared prepared = command.Prepare(new Weft.Dialects.Arguments { IsMultirun = isSweep }, [])!;
        return ConfigurationCheck.Run(Assert.Single(prepared.Points), new Dictionary<string, string>(), _diagnostics)?.ToString();
    }
}
