using Weft.Config.Composition;
using Weft.Text;

namespace Weft.Tests.Config.Composition;

public sealed class ConfigCheckTests
{
    [Fact]
    public void Every_option_is_composed_and_what_is_wrong_with_one_is_told_with_it() => Assert.Equal(
        [
            "`lr` must be given a value: it is `???`",
            "there is no configuration `db/nope` (with `db=bad`)",
            "interpolation key `db.host` not found (with `db=sqlite`)",
            "no defaults list of `config` leads to the group `idle`",
        ], Check(
            """
            == config.yaml
            defaults:
              - db: mysql
              - db@backup: mysql
              - _self_
            lr: ???
            url: ${db.host}
            == db/mysql.yaml
            host: localhost
            == db/sqlite.yaml
            file: x
            == db/bad.yaml
            defaults: [nope]
            == idle/a.yaml
            x: 1
            """, out _, out _));

    [Fact]
    public void A_file_that_nothing_leads_to_is_read_all_the_same() => Assert.Equal(
        ["key `a` stands twice in one map", "no defaults list of `config` leads to the group `idle`", "there is no configuration `idle/x` (with `+idle=y`)"],
        Check("== config.yaml\na: 1\n== idle/x.yml\n\n== idle/y.yaml\ndefaults: [x]\n== idle/z.yaml\na: 1\na: 2\n", out _, out _).Order(StringComparer.Ordinal));

    [Fact]
    public void A_choice_that_must_be_made_does_not_hide_what_is_wrong_with_its_options() => Assert.Equal(
        ["an option of `db` must be chosen: `db=OPTION`", "`db.x` must be given a value: it is `???` (with `db=a`)", "interpolation key `nope` not found (with `db=b`)"],
        Check("== config.yaml\ndefaults:\n  - db: ???\n== db/a.yaml\nx: ???\n== db/b.yaml\ny: ${nope}\n", out _, out _));

    [Fact]
    public void The_options_of_a_group_that_only_an_option_uses_are_tried_with_it() => Assert.Equal(
        ["interpolation key `nope` not found (with `db=b db/engine=bad`)"],
        Check("== config.yaml\ndefaults: [{db: a}]\n== db/a.yaml\nx: 1\n== db/b.yaml\ndefaults: [{engine: ok}]\n== db/engine/ok.yaml\nz: 1\n== db/engine/bad.yaml\nz: ${nope}\n", out _, out _));

    [Fact]
    public void Every_configuration_at_the_root_that_no_other_brings_is_a_primary_one()
    {
        Assert.Empty(Check("== train.yaml\ndefaults: [base, _self_]\na: 1\n== eval.yaml\ndefaults: [base]\n== base.yaml\nb: ${a}\na: 0\n", out int count, out IReadOnlyList<string> names));
        Assert.Equal(["eval", "train"], names);
        Assert.Equal(2, count);
    }

    [Fact]
    public void Cycles_of_interpolations_and_of_defaults_lists_are_found() => Assert.Equal(
        [
            "recursive interpolation: `a` -> `b` -> `a`",
            "the defaults list of `db/x` leads back to it: db/x -> db/y -> db/x (with `db=x`)",
        ],
        Check("== config.yaml\ndefaults: [{db: null}, _self_]\na: ${b}\nb: ${a}\n== db/x.yaml\ndefaults: [/db/y@_here_]\n== db/y.yaml\ndefaults: [/db/x@_here_]\n", out _, out _)
            .Where(line => !line.Contains("`db/y`")).Order(StringComparer.Ordinal));

    [Fact]
    public void What_a_base_leaves_open_is_told_only_where_it_stays_open() => Assert.Equal(
        ["`db.host` must be given a value: it is `???` (with `db=b`)"],
        Check("== config.yaml\ndefaults: [{db: a}]\n== db/base.yaml\nhost: ???\n== db/a.yaml\ndefaults: [base]\nhost: h\n== db/b.yaml\ndefaults: [/db/base@_here_]\n", out _, out _));

    [Fact]
    public void An_option_with_the_name_of_a_number_is_tried_in_quotes() => Assert.Equal(
        ["interpolation key `x` not found (with `db='1'`)"],
        Check("== config.yaml\ndefaults: [{db: a}]\n== db/a.yaml\n\n== db/1.yaml\ny: ${x}\n", out _, out _));

    [Fact]
    public void A_folder_with_hundreds_of_options_reads_each_file_once()
    {
        var files = new Dictionary<string, string> { ["config.yaml"] = "defaults:\n" + string.Concat(Enumerable.Range(0, 50).Select(i => $"  - g{i}: o0\n")) };
        for (int group = 0; group < 50; group++)
        {
            for (int option = 0; option < 6; option++)
                files[$"g{group}/o{option}.yaml"] = $"a: {option}\nb: ${{.a}}\n";
        }
        var conf = new Conf(files);
        var diagnostics = new Diagnostics();
        Assert.Equal(1 + 50 * 5, ConfigCheck.Run(conf.Composer, null, [], diagnostics).Compositions);
        Assert.Empty(diagnostics);
        Assert.Equal(301, conf.FilesRead);
    }

    private static IEnumerable<string> Check(string files, out int count, out IReadOnlyList<string> names)
    {
        var diagnostics = new Diagnostics();
        (names, count) = ConfigCheck.Run(new Conf(files).Composer, null, [], diagnostics);
        return diagnostics.Select(problem => problem.Message + string.Concat(problem.Notes.Where(note => note.Message.StartsWith("with")).Select(note => $" ({note.Message})")));
    }
}
