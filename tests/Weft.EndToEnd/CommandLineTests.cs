using Weft.Support;

namespace Weft.EndToEnd;

public sealed class CommandLineTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Version_is_one_line()
    {
        ProgramResult result = WeftProgram.Run(_folder.Root, "--version");
        Assert.Equal(0, result.ExitCode);
        Assert.Matches(@"^weft \d+\.\d+\.\d+(\+[0-9a-f]{8})?\n$", result.Out);
    }

    [Fact]
    public void Help_fits_a_screen()
    {
        string overview = WeftProgram.Run(_folder.Root, "--help").Out;
        Assert.True(overview.Split('\n').Length <= 50, overview);
        Assert.All(overview.Split('\n'), line => Assert.True(line.Length <= 100, line));
    }

    [Fact]
    public void An_unknown_command_is_answered_with_the_nearest_one()
    {
        ProgramResult result = WeftProgram.Run(_folder.Root, "complation", "bash");
        Assert.Equal(2, result.ExitCode);
        Assert.Equal("", result.Out);
        Assert.Equal(
            """
            error: no command `complation`
              --> <argument 1>:1:1
               |
            1  | complation
               | ^^^^^^^^^^
            hint: did you mean `completion`?

            """, result.Error);
    }

    [Fact]
    public void Several_wrong_flags_are_reported_at_once()
    {
        ProgramResult result = WeftProgram.Run(_folder.Root, "completion", "bash", "--jsn", "--colour", "red");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("did you mean `--json`?", result.Error, StringComparison.Ordinal);
        Assert.Contains("did you mean `--color`?", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public void Completion_scripts_are_valid_shell(string shell)
    {
        ProgramResult script = WeftProgram.Run(_folder.Root, "completion", shell);
        Assert.Equal(0, script.ExitCode);
        string file = _folder.Write("c." + shell, script.Out);
        if (shell == "bash")
            Assert.Equal(0, WeftProgram.Finish(WeftProgram.StartProgram(_folder.Root, [], "bash", "-n", file)).ExitCode);
        Assert.Contains("completion", script.Out, StringComparison.Ordinal);
    }
}
