using System.Diagnostics;
using Weft.Support;

namespace Weft.EndToEnd;

/// <summary>
/// The configurations of a sweep are composed before its points start: all of a small one, of a large one the first points and then a window ahead. The
/// program is a shell script that names its folder of configurations as Hydra's programs do.
/// </summary>
public sealed class ConfigurationsAheadTests : IDisposable
{
    /// <summary>Point 40 waits for the file <c>go</c>, point 119 for <c>end</c>; all after it fail, so that the sweep gives up.</summary>
    private const string Program =
        """
        #!/bin/sh
        : <<'PYTHON'
        import hydra
        @hydra.main(config_path="conf", config_name="config")
        def main(cfg): pass
        PYTHON
        case "$*" in
          *"x=a0 y=b40 "*) echo waiting; until [ -e go ]; do sleep 0.02; done;;
          *"x=a1 y=b18 "*) until [ -e end ]; do sleep 0.02; done;;
          *) test ! -e end;;
        esac
        """;

    private readonly TemporaryFolder _folder = new();

    public ConfigurationsAheadTests()
    {
        _folder.Write("train.py", Program);
        _folder.Write("conf/config.yaml", "defaults:\n  - x: a0\n  - y: b0\n  - optional pair: ${x}${y}\n  - _self_\nlr: 1\n");
        _folder.Write("hydraflow.yaml", "jobs:\n  t:\n    run: sh train.py\n    sets:\n      - each: x=a(0:99) y=b(0:100)\n  small:\n    run: sh train.py\n    sets:\n      - each: lr=1,2\n");
        for (int i = 0; i <= 100; i++)
        {
            _folder.Write($"conf/x/a{i}.yaml", "");
            _folder.Write($"conf/y/b{i}.yaml", "");
        }
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("run", "small", "lr=1,2", "x=zz", "--dry-run")]
    [InlineData("run", "small", "lr=1,2", "x=zz")]
    [InlineData("run", "small", "lr=1,2", "x=zz", "-d")]
    public void A_point_that_does_not_compose_starts_nothing_and_prints_no_command(params string[] words)
    {
        ProgramResult result = WeftProgram.Run(_folder.Root, words);
        Assert.Equal((2, ""), (result.ExitCode, result.Out));
        Assert.Contains("error: there is no configuration `x/zz`", result.Error);
        Assert.False(Directory.Exists(_folder.Path(".weft")));
    }

    [Fact]
    public void A_large_sweep_says_that_a_later_point_does_not_compose_while_it_runs()
    {
        _folder.Write("conf/pair/a10b40.yaml", "defaults: [gone]\n");
        _folder.Write("go", "");
        using Process run = WeftProgram.Start(_folder.Root, [], "run", "t");
        Assert.Contains("1,090 of 10,100 configurations checked: the first 1,000 points", ReadUntil(run.StandardError, "configurations checked"));
        ReadUntil(run.StandardError, "in the point 1050 of the sweep: `x=a10 y=b40`");
        _folder.Write("end", "");
        Assert.Equal(1, WeftProgram.Finish(run).ExitCode);
    }

    [Fact]
    public void So_does_one_in_the_background_to_whoever_follows_it()
    {
        _folder.Write("conf/pair/a10b40.yaml", "defaults: [gone]\n");
        string name = WeftProgram.Run(_folder.Root, "run", "t", "-d").Out.Trim();
        Follow(name);
    }

    [Fact]
    public void A_resumed_sweep_is_checked_as_a_new_one()
    {
        _folder.Write("go", "");
        _folder.Write("end", "");
        Assert.Equal(1, WeftProgram.Run(_folder.Root, "run", "t", "--name", "large").ExitCode);
        File.Delete(_folder.Path("go"));
        File.Delete(_folder.Path("end"));
        _folder.Write("conf/pair/a0b3.yaml", "defaults: [gone]\n");
        ProgramResult refused = WeftProgram.Run(_folder.Root, "resume", "large");
        Assert.Equal((2, ""), (refused.ExitCode, refused.Out));
        Assert.Contains("in the point 3 of the sweep: `x=a0 y=b3`", refused.Error);
        File.Move(_folder.Path("conf/pair/a0b3.yaml"), _folder.Path("conf/pair/a10b40.yaml"));
        Assert.Equal("large", WeftProgram.Run(_folder.Root, "resume", "large", "-d").Out.Trim());
        Follow("large");
    }

    /// <summary>Follows from before a window is due: what is said then is shown.</summary>
    private void Follow(string name)
    {
        using Process attached = WeftProgram.Start(_folder.Root, [], "attach", name);
        ReadUntil(attached.StandardOutput, "waiting");
        _folder.Write("go", "");
        ReadUntil(attached.StandardError, "in the point 1050 of the sweep: `x=a10 y=b40`");
        _folder.Write("end", "");
        Assert.Equal(1, WeftProgram.Finish(attached).ExitCode);
    }

    private static string ReadUntil(StreamReader stream, string text)
    {
        var seen = new List<string>();
        using var deadline = new CancellationTokenSource(WeftProgram.Deadline);
        while (true)
        {
            string? line = stream.ReadLineAsync(deadline.Token).AsTask().GetAwaiter().GetResult();
            if (line is null)
                Assert.Fail($"`{text}` was not said, but:\n{string.Join('\n', seen)}");
            if (line.Contains(text, StringComparison.Ordinal))
                return line;
            seen.Add(line);
        }
    }
}
