using System.Text;
using System.Text.Json;
using Weft.Config.Composition;

namespace Weft.Tests.Config.Composition;

public sealed class ProvenanceTests
{
    private const string Files =
        """
        == config.yaml
        defaults:
          - db: mysql
          - exp: null
          - _self_
        url: ${db.host}:${.port}
        port: 80
        which: port
        chosen: ${${which}}
        mirror: ${db}
        later: ???
        bad: ${db.hots}
        == db/mysql.yaml
        defaults:
          - base
          - _self_
        host: localhost
        tags: [a, b]
        == db/base.yaml
        host: nowhere
        user: ???
        == db/postgres.yaml
        host: pg
        == exp/one.yaml
        # @package _global_
        defaults:
          - override /db: postgres
        port: 1
        db:
          host: ???
        """;

    [Fact]
    public void A_value_names_every_file_that_set_it_and_who_chose_them() => Assert.Equal(
        """
        db.host = localhost (pkg://conf/db/mysql.yaml:4:7)
          set by `db/mysql` (pkg://conf/db/mysql.yaml:4:7)
            chosen by `db: mysql` (pkg://conf/config.yaml:2:5)
          over nowhere of `db/base` (pkg://conf/db/base.yaml:1:7)
            brought by the defaults list of `db/mysql` (pkg://conf/db/mysql.yaml:2:5)
            chosen by `db: mysql` (pkg://conf/config.yaml:2:5)
        """, Lines("db.host"));

    [Fact]
    public void An_interpolation_is_followed_and_an_argument_named() => Assert.Equal(
        """
        url = pg:8  from ${db.host}:${.port} (pkg://conf/config.yaml:5:6)
          set by `config` (pkg://conf/config.yaml:5:6)
          db.host = pg (pkg://conf/db/postgres.yaml:1:7)
            set by `db/postgres` (pkg://conf/db/postgres.yaml:1:7)
              chosen by `db: postgres` (pkg://conf/exp/one.yaml:3:5)
          port = 8 (<argument 2>:1:6)
            set by the argument `port=8` (<argument 2>:1:1)
            over 80 of `config` (pkg://conf/config.yaml:6:7)
            over 1 of `exp/one` (pkg://conf/exp/one.yaml:4:7)
              chosen by `exp: one` (<argument 1>:1:1)
        """, Lines("url", "exp=one", "port=8"));

    [Fact]
    public void A_computed_key_is_followed_to_where_it_leads() => Assert.Equal(
        """
        chosen = 80  from ${${which}} (pkg://conf/config.yaml:8:9)
          set by `config` (pkg://conf/config.yaml:8:9)
          which = port (pkg://conf/config.yaml:7:8)
            set by `config` (pkg://conf/config.yaml:7:8)
          port = 80 (pkg://conf/config.yaml:6:7)
            set by `config` (pkg://conf/config.yaml:6:7)
        """, Lines("chosen"));

    [Fact]
    public void A_key_behind_an_interpolation_is_explained_through_it() => Assert.Equal(
        [
            "mirror = a map of 2 keys  from ${db}",
            "db.host = pg",
        ], Explain("mirror.host", "+db.x=1", "exp=one").Select(explanation => explanation.Lines().First().Message));

    [Fact]
    public void A_map_stands_for_the_values_below_it_and_an_empty_key_for_all_but_hydra()
    {
        Assert.Equal(["db.host", "db.user", "db.tags[0]", "db.tags[1]"], Explain("db").Select(explanation => explanation.Key));
        Assert.Equal(["db.host", "db.user", "db.tags[0]", "db.tags[1]", "url", "port", "which", "chosen", "mirror", "later", "bad"], Explain("").Select(explanation => explanation.Key));
        Assert.NotEmpty(Explain("hydra.run.dir"));
        Assert.Equal("hydra.job.name = app\n  set by Hydra when it composes", Lines("hydra.job.name"));
    }

    [Fact]
    public void A_failing_interpolation_says_why() => Assert.Equal(
        "bad = ${db.hots}, which fails: interpolation key `db.hots` not found (pkg://conf/config.yaml:11:6)\n  set by `config` (pkg://conf/config.yaml:11:6)", Lines("bad"));

    [Fact]
    public void What_is_not_there_is_not_explained()
    {
        Assert.Empty(Explain("db.hots"));
        Assert.Empty(Explain("port.x"));
        Assert.Equal("did you mean `host`?", Provenance.Nearest(new Conf(Files).Compose(), "db.hots"));
    }

    [Fact]
    public void Every_configuration_is_walked_once_for_all_keys()
    {
        var provenance = new Provenance(new Conf(Files).Compose());
        int keys = provenance.ExplainBelow("").Count();
        int all = provenance.Visited;
        Assert.Equal(keys, provenance.ExplainBelow("").Count());
        Assert.Equal(all, provenance.Visited);
    }

    [Fact]
    public void The_JSON_holds_the_whole_chain()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
            new Provenance(new Conf(Files).Compose("port=8")).Explain("port")!.Write(json);
        Assert.Equal(
            """{"key":"port","written":8,"value":8,"file":"\u003Cargument 1\u003E","line":1,"column":6,"settings":[{"config":"config","value":80,"file":"pkg://conf/config.yaml","line":6,"column":7,"chosen":[]},{"argument":"port=8","value":8,"file":"\u003Cargument 1\u003E","line":1,"column":1,"chosen":[]}],"references":[]}""",
            Encoding.UTF8.GetString(stream.ToArray()));
    }

    private static Explanation[] Explain(string key, params string[] words) => [.. new Provenance(new Conf(Files).Compose(words)).ExplainBelow(key)];

    private static string Lines(string key, params string[] words) =>
        string.Join('\n', Explain(key, words).SelectMany(explanation => explanation.Lines()).Select(line => line.At is null ? line.Message : $"{line.Message} ({line.At})"));
}
