using Weft.Config.Composition;

namespace Weft.Tests.Config.Composition;

public sealed class ExplanationTests
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
        == db/mysql.yaml
        defaults:
          - base
          - _self_
        host: localhost
        == db/base.yaml
        host: nowhere
        == db/postgres.yaml
        host: pg
        == exp/one.yaml
        # @package _global_
        defaults:
          - override /db: postgres
        port: 1
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
        url = ${db.host}:${.port} (pkg://conf/config.yaml:5:6)
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
    public void What_is_not_there_is_not_explained() => Assert.Null(Explanation.Of(new Conf(Files).Compose(), "db.hots"));

    private static string Lines(string key, params string[] words) =>
        string.Join('\n', Explanation.Of(new Conf(Files).Compose(words), key)!.Lines().Select(line => line.At is null ? line.Message : $"{line.Message} ({line.At})"));
}
