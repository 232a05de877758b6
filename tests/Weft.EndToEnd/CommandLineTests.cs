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
    public void Every_command_of_the_overview_has_its_own_help()
    {
        string[] names = [.. from line in WeftProgram.Run(_folder.Root, "--help").Out.Split('\n')
                             where line.StartsWith("  ", StringComparison.Ordinal)
                             let words = line[2..].Split("  ")[0].Split(' ', 2)
                             from second in words.Length == 1 ? [""] : words[1].StartsWith('[') ? [.. words[1].Trim('[', ']').Split('|'), ""] : words[1].Split('|')
                             select $"{words[0]} {second}".Trim()];
        Assert.Contains("artifacts put", names);
        Assert.Contains("server", names);
        Assert.True(names.Length > 30);
        Assert.All(names, name => Assert.StartsWith($"usage: weft {name}", WeftProgram.Run(_folder.Root, [.. name.Split(' '), "--help"]).Out));
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

    [Fact]
    public void Without_a_usable_library_of_the_system_the_records_are_kept_by_the_one_that_is_shipped()
    {
        Assert.Matches(@"(?m)^ok +sqlite +3\.\d+\.\d+, (the system's|shipped with weft)", WeftProgram.Run(_folder.Root, "doctor").Out);
        // The loader takes the first file of this name, and it is no library.
        _folder.Write("lib/libsqlite3.so.0", "nothing");
        KeyValuePair<string, string?>[] variables = [new("LD_LIBRARY_PATH", _folder.Path("lib"))];
        Assert.Matches(@"(?m)^ok +sqlite +3\.35\.5, shipped with weft", WeftProgram.Run(_folder.Root, variables, "doctor").Out);
        ProgramResult run = WeftProgram.Run(_folder.Root, variables, "run", "-m", "--", "true", "a=1,2,3");
        Assert.True(run.ExitCode == 0, run.ToString());
        // Both versions read what the other has written.
        Assert.Equal(4, WeftProgram.Run(_folder.Root, "runs", "true", "--csv").Out.TrimEnd().Split('\n').Length);
        ProgramResult again = WeftProgram.Run(_folder.Root, variables, "run", "--fresh", "-m", "--", "true", "a=1,2,3");
        Assert.True(again.ExitCode == 0, again.ToString());
    }
}
