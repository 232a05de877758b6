using Weft.Config.Composition;

namespace Weft.Tests.Config.Composition;

public sealed class OverrideCompletionTests
{
    private const string Files =
        """
        == config.yaml
        defaults:
          - db: mysql
          - db@backup: mysql
          - _self_
        lr: 0.1
        dims: [1, 2]
        data: {size: 1, seed: 2}
        == db/mysql.yaml
        host: h
        == db/postgres.yaml
        host: p
        == db/engine/fast.yaml
        f: 1
        """;

    [Theory]
    [InlineData("l", "lr=")]
    [InlineData("lr=", "lr=0.1")]
    [InlineData("lr=0", "")]
    [InlineData("d", "data. db. db/ db= db@backup= dims=")]
    [InlineData("db", "db. db/ db= db@backup=")]
    [InlineData("data.s", "data.seed= data.size=")]
    [InlineData("db=", "db=mysql db=postgres")]
    [InlineData("db=p", "db=postgres")]
    [InlineData("db@backup=m", "db@backup=mysql")]
    [InlineData("db=mysql,p", "db=mysql,postgres")]
    [InlineData("db/e", "db/engine=")]
    [InlineData("db/engine=", "db/engine=fast")]
    [InlineData("+db=m", "+db=mysql")]
    [InlineData("~lr", "~lr")]
    [InlineData("~db", "~db ~db. ~db/ ~db@backup")]
    [InlineData("hydra.run.", "hydra.run.dir=")]
    [InlineData("nope", "")]
    [InlineData("=", "")]
    [InlineData("a=b=c", "")]
    public void A_word_is_completed(string word, string expected) =>
        Assert.Equal(expected, string.Join(' ', new OverrideCompletion(new Conf(Files).Composer, "config", []).Complete(word)));

    [Fact]
    public void The_other_words_count_unless_they_are_broken()
    {
        Assert.Equal(["new="], new OverrideCompletion(new Conf(Files).Composer, "config", ["+new=1", "a=["]).Complete("n"));
        Assert.Equal(["lr="], new OverrideCompletion(new Conf(Files).Composer, "config", ["nope=1"]).Complete("lr"));
    }
}
