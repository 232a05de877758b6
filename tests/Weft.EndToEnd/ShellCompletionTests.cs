using Weft.Support;

namespace Weft.EndToEnd;

/// <summary>Completion of <c>weft</c> and of a C# application in real shells; bash stands with the commands it completes.</summary>
public sealed class ShellCompletionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public ShellCompletionTests()
    {
        _folder.Write("conf/config.yaml", "defaults: [{db: mysql}, _self_]\nport: 1\nname: x\n");
        _folder.Write("conf/db/mysql.yaml", "host: a\n");
        _folder.Write("conf/db/postgres.yaml", "host: b\n");
        _folder.Write("hydraflow.yaml", "jobs:\n  training:\n    run: echo\n    sets:\n      - each: a=1\n");
        string programs = Directory.CreateDirectory(_folder.Path("bin")).FullName;
        File.CreateSymbolicLink(Path.Combine(programs, "weft"), WeftProgram.Binary);
        File.CreateSymbolicLink(Path.Combine(programs, "classifier"), Repository.Path("artifacts/bin/Classifier/debug/classifier"));
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("weft config sho", "weft config show ")]
    [InlineData("weft complet", "weft completion ")]
    [InlineData("weft run --dry", "weft run --dry-run ")]
    [InlineData("weft run trai", "weft run training ")]
    [InlineData("weft config show db=p", "weft config show db=postgres ")]
    [InlineData("weft config show po", "weft config show port=")]
    [InlineData("weft config show +db=p", "weft config show +db=postgres ")]
    [InlineData("weft config explain db.", "weft config explain db.host ")]
    public void Zsh_completes_weft(string line, string expected) => Assert.Equal(expected + "|\n", Zsh("eval \"$(weft completion zsh)\"", line));

    [Fact]
    public void Zsh_completes_an_application() => Assert.Equal(
        "classifier optimizer|\nclassifier optimizer=adam |\nclassifier optimizer=adam optimizer.lr=0.05 |\nclassifier --experimental-rerun |\n",
        Zsh("eval \"$(classifier -sc install=zsh)\"", "classifier optim", "classifier optimizer=ad", "classifier optimizer=adam optimizer.lr=", "classifier --exp"));

    [Theory]
    [InlineData("weft config sho", "show")]
    [InlineData("weft complet", "completion")]
    [InlineData("weft run --dry", "--dry-run")]
    [InlineData("weft run trai", "training")]
    [InlineData("weft config show db=", "db=mysql db=postgres")]
    [InlineData("weft config show po", "port=")]
    [InlineData("weft config explain db.", "db.host")]
    public void Fish_completes_weft(string line, string expected) => Assert.Equal(expected, Fish("weft completion fish | source", line));

    [Theory]
    [InlineData("classifier optim", "optimizer. optimizer=")]
    [InlineData("classifier optimizer=", "optimizer=adam optimizer=sgd")]
    [InlineData("classifier optimizer=adam optimizer.lr=", "optimizer.lr=0.05")]
    [InlineData("classifier --exp", "--experimental-rerun")]
    public void Fish_completes_an_application(string line, string expected) => Assert.Equal(expected, Fish("classifier -sc install=fish | source", line));

    private string Zsh(string setUp, params string[] lines) =>
        Run("zsh", ["-f", Repository.Path("tests/Weft.EndToEnd/Programs/complete.zsh"), setUp, .. lines]);

    /// <summary>The candidates, without their descriptions.</summary>
    private string Fish(string setUp, string line) =>
        string.Join(' ', Run("fish", ["--no-config", "-c", $"{setUp}; complete -C '{line}'"]).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(found => found.Split('\t')[0]).Order(StringComparer.Ordinal));

    private string Run(string shell, string[] words)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/" + shell), $"needs {shell} (eng/install {shell})");
        ProgramResult result = WeftProgram.Finish(WeftProgram.StartProgram(_folder.Root, [new("PATH", $"{_folder.Path("bin")}:/usr/bin:/bin"), new("HOME", _folder.Root), new("TERM", "xterm")], shell, words));
        return result.Out.Length > 0 ? result.Out : result.ToString();
    }
}
