using Weft.Config.Composition;
using Weft.Config.Nodes;
using Weft.Text;

namespace Weft.Tests.Config.Composition;

public sealed class ComposerTests
{
    private const string Shop =
        """
        == config.yaml
        defaults:
          - db: mysql
          - app/cache: redis
          - _self_
        name: shop
        lr: 0.1
        == db/mysql.yaml
        host: localhost
        port: 3306
        == db/postgres.yaml
        host: pg
        == app/cache/redis.yaml
        ttl: 60
        == app/cache/none.yaml
        """;

    [Fact]
    public void Choices_and_values_are_overridden_in_one_go() =>
        Assert.Equal("db:\n  host: pg\nname: shop\nlr: 1\ntags:\n- a\n", new Conf(Shop).Yaml("db=postgres", "lr=1", "+tags=[a]", "~app/cache"));

    [Fact]
    public void Values_know_the_file_or_the_argument_that_set_them()
    {
        var composition = new Conf(Shop).Compose("lr=1", "db=postgres");
        Assert.Equal("pkg://conf/db/postgres.yaml:1:7", composition.Resolution.Select(composition.Config, "db.host").Node!.At.ToString());
        Assert.Equal("<argument 1>:1:4", composition.Resolution.Select(composition.Config, "lr").Node!.At.ToString());
        Assert.Equal("<argument 2>:1:1", composition.Defaults.Entries.Single(entry => entry.Path == "db/postgres").Node.ChosenAt.ToString());
    }

    [Fact]
    public void All_wrong_overrides_are_reported_with_place_and_remedy() =>
        Assert.Equal(
            """
            error: unknown key `lrr`; no keys may be added here
              --> <argument 1>:1:1
               |
            1  | lrr=1
               | ^^^
            hint: did you mean `lr`? to add it, write `+lrr=1`

            error: unknown key `cache`; no keys may be added here
              --> <argument 2>:1:1
               |
            1  | cache=none
               | ^^^^^
            hint: a group of that name exists: use `app/cache=none`

            error: `+` adds a key, and `name` has a value already
              --> <argument 3>:1:2
               |
            1  | +name=x
               |  ^^^^
            hint: to change it, write `name=x`; to add or change it, `++name=x`

            """.ReplaceLineEndings("\n"),
            new Conf(Shop).Refusal("lrr=1", "cache=none", "+name=x"));

    [Theory]
    [InlineData("db=mysqll", "there is no configuration `db/mysqll`", "did you mean `mysql`?")]
    [InlineData("db=null", "`db` is a group; its option is a text or a list of texts, found null", "to remove it, write `~db`")]
    [InlineData("db@backup=mysql", "nothing in the defaults list has the group `db@backup`", "did you mean `db`? to append it to the defaults list, write `+db@backup=mysql`")]
    [InlineData("~db=postgres", "nothing in the defaults list is `db=postgres`", "its option is `mysql`")]
    [InlineData("++db=mysql", "`db` is a group, and `++` is for values", "use `db=…` to change its option, `+db=…` to add it")]
    [InlineData("lr=1,2", "several values are a sweep, and this is a single run", "for a list, write `lr=[1,2]`; for a text with commas, quote it; to sweep, add `--multirun`")]
    [InlineData("~lr=2", "`lr` is `0.1`, not `2`, and is not removed", "to remove it whatever it is, write `~lr`")]
    [InlineData("~nope", "there is no `nope` to remove", null)]
    [InlineData("name@x=1", "`name@x` has the form of a group with a package, but there is no group `name`", null)]
    [InlineData("hydra.searchpath=abc", "`hydra.searchpath` is a list of texts, found `abc`", "write `hydra.searchpath=[PATH]`")]
    [InlineData("hydra.job.num=x", "`hydra.job.num`: `x` is text, expected an integer", null)]
    public void A_wrong_argument_says_what_is_there(string word, string message, string? hint)
    {
        var diagnostics = new Diagnostics();
        Assert.Null(new Conf(Shop).Composer.Compose("config", [word], RunMode.Run, diagnostics));
        Diagnostic only = Assert.Single(diagnostics);
        Assert.Equal((message, hint), (only.Message, only.Hint));
        Assert.Equal("<argument 1>", only.At!.Value.Source.Name);
    }

    [Fact]
    public void A_broken_option_shows_the_item_that_chose_it()
    {
        string printed = new Conf("== config.yaml\ndefaults:\n  - db: bad\n== db/bad.yaml\na: [1\n").Refusal();
        Assert.Contains("pkg://conf/db/bad.yaml:", printed);
        Assert.Contains("note: `db/bad` was chosen here\n  --> pkg://conf/config.yaml:2:5\n", printed);
    }

    [Theory]
    [InlineData("== config.yaml\ndefaults: [a]\n== a.yaml\ndefaults: [b]\n== b.yaml\ndefaults: [a]\n", "the defaults list of `a` leads back to it: a -> b -> a")]
    [InlineData("== config.yaml\ndefaults: [config]\n", "the defaults list of `config` leads back to it: config -> config")]
    public void Configurations_that_bring_themselves_are_reported(string files, string message) => Assert.Contains("error: " + message, new Conf(files).Refusal());

    [Fact]
    public void A_configuration_that_nests_itself_in_ever_new_packages_is_reported() =>
        Assert.Contains("leads back to it: tree/node -> tree/node", new Conf("== config.yaml\ndefaults: [{tree: node}]\n== tree/node.yaml\ndefaults:\n  - /tree@left: node\n").Refusal());

    [Fact]
    public void Nesting_that_an_override_ends_is_composed() =>
        Assert.Equal("tree:\n  left:\n    left:\n      leaf: true\n",
            new Conf("== config.yaml\ndefaults: [{tree: node}]\n== tree/node.yaml\ndefaults:\n  - /tree@left: node\n== tree/leaf.yaml\nleaf: true\n").Yaml("tree@tree.left.left=leaf"));

    [Fact]
    public void Hydra_node_holds_what_the_composition_knows()
    {
        var composition = new Conf(Shop).With(new ComposerOptions { JobName = "train", WorkingFolder = "/w" }).Compose("lr=2", "db=postgres", "hydra.job.chdir=true");
        string Read(string path) => PythonText.Str(composition.JobResolution.Select(composition.Config, "hydra." + path).Node!);
        Assert.Equal("train", Read("job.name"));
        Assert.Equal("db=postgres,lr=2", Read("job.override_dirname"));
        Assert.Equal("['lr=2', 'db=postgres']", Read("overrides.task"));
        Assert.Equal("['hydra.job.chdir=true']", Read("overrides.hydra"));
        Assert.Equal("postgres", Read("runtime.choices.db"));
        Assert.Equal("/w", Read("runtime.cwd"));
    }

    [Fact]
    public void Time_is_read_once_per_format()
    {
        var time = new SteppingTime();
        var composition = new Conf("== config.yaml\na: ${now:%H-%M-%S}\nb: ${now:%H-%M-%S}\nc: ${now:%Y}\n").With(new ComposerOptions { Time = time }).Compose();
        var resolved = (DictConfig)composition.Resolution.Resolve(composition.Job, [])!;
        Assert.Equal(resolved["a"]!.Content, resolved["b"]!.Content);
        Assert.Equal("2026", resolved["c"]!.Content.Text);
    }

    [Fact]
    public void Points_of_a_sweep_share_one_expansion()
    {
        var conf = new Conf(Shop);
        for (int i = 0; i < 100; i++)
            conf.Compose($"lr={i}");
        Assert.Equal(1, conf.Composer.Expansions);
        conf.Compose("lr=1", "db=postgres");
        Assert.Equal(2, conf.Composer.Expansions);
        Assert.Equal("db:\n  host: localhost\n  port: 3306\napp:\n  cache:\n    ttl: 60\nname: shop\nlr: 7\n", conf.Yaml("lr=7"));
    }

    [Fact]
    public void Long_lists_and_large_files_compose_in_linear_work()
    {
        var files = new Dictionary<string, string> { ["config.yaml"] = "defaults:\n" };
        for (int i = 0; i < 1000; i++)
        {
            files["config.yaml"] += $"  - g{i}: a\n";
            files[$"g{i}/a.yaml"] = string.Concat(Enumerable.Range(0, 10).Select(k => $"k{k}: {k}\n"));
        }
        var composition = new Conf(files).Compose("g999=a");
        Assert.Equal(1001, composition.Defaults.Entries.Count(entry => !entry.Path.StartsWith("hydra/", StringComparison.Ordinal)));
        Assert.Equal(1000, composition.Job.Count);
    }

    [Fact]
    public void An_interpolation_in_the_name_of_a_group_is_a_part_of_the_name() =>
        Assert.Equal("x: 1\n", new Conf("== config.yaml\ndefaults:\n  - db${b}:\n  - _self_\nx: 1\n").Yaml());

    [Fact]
    public void Sweeping_overrides_are_left_out_of_the_frame()
    {
        var diagnostics = new Diagnostics();
        var frame = new Conf("== config.yaml\ndefaults:\n  - db: ???\nlr: 0.1\n== db/a.yaml\n== db/b.yaml\n").Composer.Compose("config", ["db=a,b", "lr=choice(1,2)"], RunMode.MultiRun, diagnostics);
        Assert.Equal("lr: 0.1\n", ConfigWriter.ToYaml(frame!.Job));
        Assert.Null(new Conf(Shop).Composer.Compose("config", ["hydra.job.name=a,b"], RunMode.MultiRun, diagnostics));
        Assert.Equal("compose/hydra-sweep", diagnostics.Last().Id);
    }

    private sealed class SteppingTime : TimeProvider
    {
        private DateTimeOffset _now = new(2026, 11, 21, 10, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => _now += TimeSpan.FromSeconds(1);
    }
}
