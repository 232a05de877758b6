using Weft.Config.Composition;
using Weft.Text;

namespace Weft.Tests.Config.Composition;

public sealed class ConfigCheckTests
{
    [Fact]
    public void Every_option_is_composed_and_what_is_wrong_with_one_is_told_with_it()
    {
        var diagnostics = new Diagnostics();
        int count = ConfigCheck.Run(new Conf(
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
            """).Composer, "config", [], diagnostics);
        Assert.Equal(8, count);
        Assert.Equal(
            [
                "`lr` must be given a value: it is `???`",
                "there is no configuration `db/nope` (with `db=bad`)",
                "interpolation key `db.host` not found (with `db=sqlite`)",
                "no defaults list of `config` uses the group `idle`",
            ],
            diagnostics.Select(problem => problem.Message + string.Concat(problem.Notes.Where(note => note.Message.StartsWith("with")).Select(note => $" ({note.Message})"))));
    }
}
