using Weft.Config.Composition;
using Weft.Text;

namespace Weft.Tests.Config.Composition;

/// <summary>
/// Every error that composing knows, each with the place that is to blame, the other places that have to do with it, and the remedy. A line is
/// <c>place: message</c>, then the notes and the hint behind bars.
/// </summary>
public sealed class ComposerErrorTests
{
    private const string Groups = "== config.yaml\ndefaults:\n  - db: a\n  - app/srv: x\n  - _self_\nlr: 1\nl: [1]\nm: {host: h}\n== db/a.yaml\nx: 1\n== db/b.yaml\nx: 2\n== app/srv/x.yaml\ny: 1\n== app/srv/big.yaml\ny: 2\n";

    [Theory]
    [InlineData("db=c", "<argument 1>:1:1: there is no configuration `db/c` | options: `a` or `b`")]
    [InlineData("app/srv=bigg", "<argument 1>:1:1: there is no configuration `app/srv/bigg` | did you mean `big`?")]
    [InlineData("srv=big", "<argument 1>:1:1: unknown key `srv`; no keys may be added here | a group of that name exists: use `app/srv=big`")]
    [InlineData("model/db=a", "<argument 1>:1:1: there is no group `model/db` | a group of that name exists: use `db=a`")]
    [InlineData("model/dc=a", "<argument 1>:1:1: there is no group `model/dc` | groups: `app/srv` or `db`")]
    [InlineData("app/srw=big", "<argument 1>:1:1: there is no group `app/srw` | did you mean `app/srv`?")]
    [InlineData("db@x=b", "<argument 1>:1:1: nothing in the defaults list has the group `db@x` | did you mean `db`? to append it to the defaults list, write `+db@x=b`")]
    [InlineData("lr@x=b", "<argument 1>:1:1: `lr@x` has the form of a group with a package, but there is no group `lr`")]
    [InlineData("~db=b", "<argument 1>:1:1: nothing in the defaults list is `db=b` | its option is `a`")]
    [InlineData("++db=b", "<argument 1>:1:1: `db` is a group, and `++` is for values | use `db=…` to change its option, `+db=…` to add it")]
    [InlineData("db=null", "<argument 1>:1:4: `db` is a group; its option is a text or a list of texts, found null | to remove it, write `~db`")]
    [InlineData("db=[a,1]", "<argument 1>:1:7: `db` is a group; its option is a text or a list of texts, found an integer in the list")]
    [InlineData("db=1", "<argument 1>:1:4: `db` is a group; its option is a text or a list of texts, found an integer | for an option of this name, write `db='1'`")]
    [InlineData("+db=b", "pkg://conf/config.yaml:2:5: `db` is set to `a` and to `b` | the other option is here <argument 1>:1:1 | to replace the option, write `db=b` without `+`")]
    [InlineData("lrr=1", "<argument 1>:1:1: unknown key `lrr`; no keys may be added here | did you mean `lr`? to add it, write `+lrr=1`")]
    [InlineData("m.hots=1", "<argument 1>:1:1: unknown key `m.hots`; no keys may be added here | did you mean `m.host`? to add it, write `+m.hots=1`")]
    [InlineData("hydra.runn.dir=x", "<argument 1>:1:1: unknown key `hydra.runn` in `HydraConf` | did you mean `hydra.run.dir`?")]
    [InlineData("hydra.job.num=x", "<argument 1>:1:15: `hydra.job.num`: `x` is text, expected an integer")]
    [InlineData("hydra.mode=x", "<argument 1>:1:12: `hydra.mode`: `x` is text, expected one of `RUN` or `MULTIRUN`")]
    [InlineData("+x=${lr", "<argument 1>:1:4: the interpolation is not closed: expected `}`")]
    [InlineData("+x=int(abc)", "<argument 1>:1:8: `abc` is not an integer")]
    [InlineData("+lr=2", "<argument 1>:1:2: `+` adds a key, and `lr` has a value already | to change it, write `lr=2`; to add or change it, `++lr=2`")]
    [InlineData("~nope", "<argument 1>:1:2: there is no `nope` to remove")]
    [InlineData("~lr=2", "<argument 1>:1:5: `lr` is `1`, not `2`, and is not removed | to remove it whatever it is, write `~lr`")]
    [InlineData("l.5=1", "<argument 1>:1:1: the list `l` has 1 item, there is no index 5 | it is set here pkg://conf/config.yaml:6:4")]
    [InlineData("lr=1,2", "<argument 1>:1:4: several values are a sweep, and this is a single run | for a list, write `lr=[1,2]`; for a text with commas, quote it; to sweep, add `--multirun`")]
    [InlineData("lr=range(3)", "<argument 1>:1:4: a range sweep stands in a single run | to sweep, add `--multirun`")]
    [InlineData("hydra.searchpath=x", "<argument 1>:1:18: `hydra.searchpath` is a list of texts, found `x` | write `hydra.searchpath=[PATH]`")]
    [InlineData("hydra.searchpath=[x://y]", "<argument 1>:1:19: no kind of source has the scheme `x://` | known: `file://`, `pkg://` and `structured://`")]
    public void A_word_is_refused_with_its_place_and_the_remedy(string word, string expected) => Assert.Equal(expected, Assert.Single(Told(Groups, word)));

    [Fact]
    public void Words_that_cannot_be_read_do_not_hide_what_is_wrong_with_the_others() => Assert.Equal(
        ["<argument 2>:1:5: expected `,` or `]` in the list, found the end", "<argument 1>:1:1: there is no configuration `db/c` | options: `a` or `b`"],
        Told(Groups, "db=c", "a=[1"));

    [Theory]
    [InlineData("defaults: x\n", "config.yaml:1:11: the defaults of `config` are a list, found `x`")]
    [InlineData("defaults: {a: b}\n", "config.yaml:1:11: the defaults of `config` are a list, found a map")]
    [InlineData("defaults:\n  - a: b\n    c: d\n", "config.yaml:2:5: an item of a defaults list is one `group: option`, found 2 keys | begin each with `- `")]
    [InlineData("defaults: [{}]\n", "config.yaml:1:12: an item of a defaults list names a group, found an empty map")]
    [InlineData("defaults: [1]\n", "config.yaml:1:12: an item of a defaults list is `name` or `group: option`, found `1`")]
    [InlineData("defaults: [db: yes]\n", "config.yaml:1:16: the option of a group is a text or a list of texts, found `yes` | put it in quotes")]
    [InlineData("defaults: [db: [a, 1]]\n", "config.yaml:1:20: the options of a group are texts, found `1`")]
    [InlineData("defaults: [_self_@x]\n", "config.yaml:1:12: `_self_` is merged into the configuration's own package and takes no other")]
    [InlineData("defaults: [_self_, {db: a}, _self_]\n", "config.yaml:1:29: `_self_` stands twice in the defaults list of `config`")]
    [InlineData("defaults:\n  - db: ???\n", "config.yaml:2:5: an option of `db` must be chosen: `db=OPTION` | options: `a`, `ao` or `b`")]
    [InlineData("defaults: [{dc: a}]\n", "config.yaml:1:13: there is no configuration `dc/a` | there is no group `dc` on the search path (pkg://conf)")]
    [InlineData("defaults: [{db: aa}]\n", "config.yaml:1:13: there is no configuration `db/aa` | options: `a`, `ao` or `b`")]
    [InlineData("defaults: [{db: a}, {override dc: b}]\n", "config.yaml:1:22: nothing in the defaults list has the group `dc` (overridden in `config`) | did you mean `db`?")]
    [InlineData("defaults: [{db@x: a}, {override db: b}]\n", "config.yaml:1:24: nothing in the defaults list has the group `db` (overridden in `config`) | did you mean `db@x`?")]
    [InlineData("defaults: [{db: a}, {override db: b}, {app: c}]\n", "config.yaml:1:40: `app: c` stands behind an `override`; overrides are the end of a defaults list | the override is here config.yaml:1:22")]
    [InlineData("defaults: [{db: a}, {db: b}]\n", "config.yaml:1:13: `db` is set to `a` and to `b` | the other option is here config.yaml:1:22 | to replace the option, write `override db: b`")]
    [InlineData("defaults: [{db: a}, {db: a}]\n", "config.yaml:1:22: `db` stands more than once in the final defaults list | it stands here too config.yaml:1:13 | to replace the option, write `override db: a`")]
    [InlineData("defaults: [{db: '${x}'}]\n", "config.yaml:1:13: `${x}` does not give an option: interpolation key `x` not found | no group is chosen here")]
    [InlineData("defaults: [{app: a}, {db: '${defaults.0.app}'}]\n", "config.yaml:1:23: `${defaults.0.app}` is the form of Hydra 1.0 | name the group: `${GROUP}`")]
    [InlineData("defaults: [{app: a}, {db: '${app}o'}]\n", "db/ao.yaml:1:13: `db/ao` was chosen by an interpolation, when all other choices were made; it cannot override `db/app` | it was chosen here config.yaml:1:23")]
    [InlineData("defaults: [one]\n", "two.yaml:1:12: the defaults list of `one` leads back to it: one -> two -> one")]
    [InlineData("defaults: [search]\n", "search.yaml:1:9: `hydra.searchpath` is taken from the primary configuration only | `search` was chosen here config.yaml:1:12")]
    [InlineData("defaults: [twice]\n", "twice.yaml:2:1: key `x` stands twice in one map | it was first given here twice.yaml:1:1 | `twice` was chosen here config.yaml:1:12")]
    [InlineData("defaults: [map, list]\n", "list.yaml:1:4: cannot merge a list into a dictionary `x` | a dictionary was given here map.yaml:1:4 | `list` was chosen here config.yaml:1:17")]
    [InlineData("# @package a b\nx: 1\n", "config.yaml:1:1: `@package` of the header has more than one value | write `# @package NAME`")]
    [InlineData("# @package\nx: 1\n", "config.yaml:1:1: `@package` of the header has no value | write `# @package NAME`")]
    [InlineData("- a\n", "config.yaml:1:1: the primary configuration `config` is a map, found a list")]
    [InlineData("hydra: {run: {dirr: x}}\n", "config.yaml:1:15: unknown key `hydra.run.dirr` in `RunDir` | did you mean `dir`?")]
    public void A_file_is_refused_with_its_place_and_the_choice_that_brought_it(string config, string expected) => Assert.Equal(
        expected,
        Assert.Single(Told(
            $"== config.yaml\n{config}== db/a.yaml\n\n== db/b.yaml\n\n== app/a.yaml\n\n== db/ao.yaml\ndefaults: [{{override app: b}}]\n== one.yaml\ndefaults: [two]\n== two.yaml\ndefaults: [one]\n"
            + "== search.yaml\nhydra: {searchpath: [x]}\n== twice.yaml\nx: 1\nx: 2\n== map.yaml\nx: {a: 1}\n== list.yaml\nx: [1]\n")).Replace("pkg://conf/", ""));

    [Fact]
    public void Items_that_are_wrong_are_all_told() => Assert.Equal(3, Told("== config.yaml\ndefaults: [1, {db: 2}, {}]\n").Length);

    [Theory]
    [InlineData("a: ${b}\nb: ${c.nope}\nc: {y: 1}\n", "2:4: interpolation key `c.nope` not found | `a` leads there 1:4")]
    [InlineData("a: ${db.hots}\ndb: {host: 1}\n", "1:4: interpolation key `db.hots` not found | did you mean `host`?")]
    [InlineData("a: ${l.7}\nl: [1, 2]\n", "1:4: interpolation key `l.7` not found | `l` has 2 items, counted from 0")]
    [InlineData("a: x${m}\nm: ???\n", "1:5: `${m}` leads to a value that is missing: `m` is `???` | it must be given here 2:4")]
    [InlineData("a: ${b.c}\nb: 1\n", "1:4: `${b.c}`: `b` is not a container and cannot hold `c` | this is no container 2:4")]
    [InlineData("a: ${b}\nb: ${a}\n", "1:4: recursive interpolation: `a` -> `b` -> `a` | `b` leads there 2:4")]
    [InlineData("a: ${a}\n", "1:4: recursive interpolation: `a` leads back to itself")]
    [InlineData("a: {b: '${a}'}\n", "1:9: `${a}` leads to a container that holds it")]
    [InlineData("a: ${..b}\n", "1:4: `${..b}` leads above the root")]
    [InlineData("a: ${oc.envv:X}\n", "1:4: no resolver is named `oc.envv` | did you mean `oc.env`?")]
    [InlineData("a: ${oc.env:X}\n", "1:4: `oc.env`: environment variable `X` is not set | set it, or give a default: `${oc.env:X,default}`")]
    public void An_interpolation_that_fails_shows_both_ends(string config, string expected)
    {
        var diagnostics = new Diagnostics();
        var composition = new Conf("== config.yaml\n" + config).Compose();
        Assert.Null(composition.JobResolution.Resolve(composition.Job, diagnostics));
        Assert.Equal(expected, Line(Assert.Single(diagnostics)).Replace("pkg://conf/config.yaml:", ""));
    }

    [Theory]
    [InlineData("app.srv=big", "<argument 1>:1:1: `app.srv` is replaced by a text; to choose from the group, its name has slashes | write `app/srv=big`")]
    [InlineData("m.host=big", null)]
    public void An_option_that_is_given_to_a_group_with_dots_is_warned_of(string word, string? expected)
    {
        var diagnostics = new Diagnostics();
        Assert.NotNull(new Conf(Groups).Composer.Compose("config", [word], RunMode.Run, diagnostics));
        Assert.Equal(expected, diagnostics.Select(Line).SingleOrDefault());
    }

    [Fact]
    public void What_the_primary_configuration_warns_of_is_told_once()
    {
        var diagnostics = new Diagnostics();
        new Conf("== config.yaml\ndefaults: [{optionl db: a}, _self_]\n== db/a.yaml\nx: 1\n").Composer.Compose("config", (string[])[], RunMode.Run, diagnostics);
        Assert.Equal("compose/unknown-keyword", Assert.Single(diagnostics).Id);
    }

    private static string[] Told(string files, params string[] words)
    {
        var diagnostics = new Diagnostics();
        Assert.Null(new Conf(files).Composer.Compose("config", words, RunMode.Run, diagnostics));
        return [.. diagnostics.Where(problem => problem.Severity == Severity.Error).Select(Line)];
    }

    private static string Line(Diagnostic problem) => string.Join(
        " | ", [$"{problem.At}: {problem.Message}", .. problem.Notes.Select(note => $"{note.Message} {note.At}".Trim()), .. problem.Hint is { } hint ? (string[])[hint] : []]);
}
