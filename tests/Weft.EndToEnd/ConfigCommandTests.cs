using Weft.Support;

namespace Weft.EndToEnd;

/// <summary><c>weft config</c> and <c>weft check</c> on a Hydra folder.</summary>
public sealed class ConfigCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public ConfigCommandTests()
    {
        _folder.Write("conf/config.yaml", "defaults:\n  - db: mysql\n  - _self_\nurl: ${db.host}:${port}\nport: 80\n");
        _folder.Write("conf/db/mysql.yaml", "host: localhost\n");
        _folder.Write("conf/db/postgres.yaml", "host: pg\n");
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("db:\n  host: localhost\nurl: ${db.host}:${port}\nport: 80\n")]
    [InlineData("db:\n  host: pg\nurl: pg:8\nport: 8\n", "db=postgres", "port=8", "--resolve")]
    [InlineData("# @package db\nhost: localhost\n", "-p", "db")]
    [InlineData("8\n", "-p", "port", "port=8")]
    [InlineData("{\n  \"host\": \"pg\"\n}\n", "-p", "db", "--json", "db=postgres")]
    [InlineData("mysql\n", "--cfg", "hydra", "-p", "hydra.runtime.choices.db")]
    public void A_configuration_is_shown(string expected, params string[] words)
    {
        ProgramResult result = WeftProgram.Run(_folder.Root, ["config", "show", .. words]);
        Assert.Equal("", result.Error);
        Assert.Equal(expected, result.Out);
    }

    [Fact]
    public void A_value_is_explained_with_its_chain() => Assert.Equal(
        """
        url = pg:80  from ${db.host}:${port}  conf/config.yaml:4:6
          set by `config`                     conf/config.yaml:4:6
          db.host = pg                        conf/db/postgres.yaml:1:7
            set by `db/postgres`              conf/db/postgres.yaml:1:7
              chosen by `db: postgres`        <argument 4>:1:1
          port = 80                           conf/config.yaml:5:7
            set by `config`                   conf/config.yaml:5:7

        """,
        WeftProgram.Run(_folder.Root, "config", "explain", "url", "db=postgres").Out);

    [Fact]
    public void From_a_folder_below_the_nearest_conf_is_taken_and_another_can_be_named()
    {
        _folder.Write("src/deep/main.py", "");
        _folder.Write("other/train.yaml", "a: 1\n");
        Assert.Equal("80\n", WeftProgram.Run(_folder.Path("src/deep"), "config", "show", "-p", "port").Out);
        Assert.Equal("a: 1\n", WeftProgram.Run(_folder.Path("src/deep"), "config", "show", "--config-path", "../../other").Out);
        Assert.Equal("80\n", WeftProgram.Run(_folder.Path("src/deep"), "config", "show", "--config-dir", "../../other", "-p", "port").Out);
    }

    [Fact]
    public void What_is_wrong_has_its_place_and_the_remedy()
    {
        ProgramResult result = WeftProgram.Run(_folder.Root, "config", "show", "db=postgrse", "-p", "db");
        Assert.Equal(2, result.ExitCode);
        Assert.Equal(
            """
            error: there is no configuration `db/postgrse`
              --> <argument 3>:1:1
               |
            1  | db=postgrse
               | ^^^^^^^^^^^
            hint: did you mean `postgres`?

            """, result.Error);
    }

    [Fact]
    public void Where_there_is_no_conf_the_folder_that_may_be_meant_is_named()
    {
        using var other = new TemporaryFolder();
        other.Write("configs/a.yaml", "");
        ProgramResult result = WeftProgram.Run(other.Root, "config", "show");
        Assert.Equal(2, result.ExitCode);
        Assert.Equal($"error: no folder `conf` in `{other.Root}` or above it\nhint: name the folder of configurations: `--config-path configs`\n", result.Error);
    }

    [Fact]
    public void A_folder_is_checked_as_a_whole()
    {
        Assert.Equal((0, "", "2 compositions of `config`: nothing wrong\n"), Result("check"));
        _folder.Write("conf/db/bad.yaml", "host: ${hots}\n");
        (int code, string output, string error) = Result("check");
        Assert.Equal((2, ""), (code, output));
        Assert.Equal(
            """
            error: interpolation key `hots` not found
              --> conf/db/bad.yaml:1:7
               |
            1  | host: ${hots}
               |       ^^^^^^^
            note: with `db=bad`

            """, error);
        Assert.Contains("\"id\": \"config/interpolation-key\"", Result("check", "--json").Out);
    }

    [Theory]
    [InlineData("weft config show db=p", "postgres")]
    [InlineData("weft config show po", "port=")]
    [InlineData("weft config explain db.", "db.host")]
    [InlineData("weft config ex", "explain")]
    [InlineData("weft check db=m", "mysql")]
    public void The_shell_completes_groups_options_and_keys(string line, string expected)
    {
        string script = _folder.Write("complete.bash", WeftProgram.Run(_folder.Root, "completion", "bash").Out);
        string[] words = line.Replace("=", " = ", StringComparison.Ordinal).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string run = $"weft() {{ '{WeftProgram.Binary}' \"$@\"; }}; source '{script}'; COMP_LINE='{line}'; COMP_POINT={line.Length}; COMP_WORDS=({string.Join(' ', words)}); COMP_CWORD={words.Length - 1}; _weft; printf '%s\\n' \"${{COMPREPLY[@]}}\"";
        ProgramResult result = WeftProgram.Finish(WeftProgram.StartProgram(_folder.Root, [], "bash", "-c", run));
        Assert.Equal((expected + "\n", ""), (result.Out, result.Error));
    }

    private (int Code, string Out, string Error) Result(params string[] words)
    {
        ProgramResult result = WeftProgram.Run(_folder.Root, words);
        return (result.ExitCode, result.Out, result.Error);
    }
}
