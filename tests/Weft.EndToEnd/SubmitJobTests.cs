using System.Diagnostics;
using System.Text.RegularExpressions;
using Weft.Platform;
using Weft.Support;

namespace Weft.EndToEnd;

/// <summary>Jobs with <c>submit</c>: one start of a program with a file of all commands, whatever becomes of weft meanwhile.</summary>
public sealed class SubmitJobTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public SubmitJobTests()
    {
        _folder.Write("submit.sh",
            """
            #!/bin/sh
            for last; do :; done
            echo "$@" > "began.$$.new"
            cat "$last" > "text.$$"
            mv "began.$$.new" "began.$$"
            while test -e wait; do sleep 0.02; done
            test -e "$last" || echo "the file is gone" >&2
            test ! -e fail
            """ + "\n");
        File.SetUnixFileMode(_folder.Path("submit.sh"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        _folder.Write("hydraflow.yaml",
            """
            jobs:
              job_submit:
                submit: ./submit.sh example.py
                sets:
                  - each: width=250:350:100
                    all: height=100,200
            """);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void One_program_is_started_with_a_file_of_all_commands()
    {
        ProgramResult result = Run("--", "now please");
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains("1 command (4 runs)", result.Error);
        Assert.Equal("example.py now please " + _folder.Path("tmpFILE"), Regex.Replace(Began().Single(), "tmp[0-9a-f]{8}$", "tmpFILE"));
        Assert.Equal(
            """
            --multirun width=250 height=100,200 hydra.job.name=job_submit hydra.sweep.dir=multirun/<ULID>
            --multirun width=350 height=100,200 hydra.job.name=job_submit hydra.sweep.dir=multirun/<ULID>
            """, Snapshot.Filter(File.ReadAllText(Directory.GetFiles(_folder.Root, "text.*").Single())));
        Assert.Empty(LeftOver());
        Assert.Contains("nothing to do", Run("--", "now please").Error);
    }

    [Fact]
    public void A_failing_program_fails_the_run_and_is_tried_again_by_resume()
    {
        _folder.Write("fail", "");
        ProgramResult result = Run();
        Assert.True(result.ExitCode == 1, result.ToString());
        Assert.Contains("exit code 1", result.Error);
        Assert.Empty(LeftOver());
        File.Delete(_folder.Path("fail"));
        Assert.Equal(0, WeftProgram.Run(_folder.Root, "resume", "-").ExitCode);
        Assert.Equal(2, Began().Length);
        Assert.Empty(LeftOver());
    }

    [Fact]
    public void After_a_kill_of_weft_the_program_keeps_its_file_until_it_ends()
    {
        _folder.Write("wait", "");
        using (Process weft = Start())
        {
            WaitUntil(() => Began().Length == 1);
            weft.Kill();
            weft.WaitForExit();
        }
        Assert.Single(LeftOver());
        using Process next = Start();
        File.Delete(_folder.Path("wait"));
        ProgramResult end = WeftProgram.Finish(next);
        Assert.True(end.ExitCode == 0, end.ToString());
        Assert.DoesNotContain("the file is gone", end.Out + end.Error);
        Assert.Single(Began());
        Assert.Empty(LeftOver());
    }

    [Fact]
    public void After_a_kill_of_everything_the_program_runs_again_and_no_file_is_left()
    {
        _folder.Write("wait", "");
        using (Process weft = Start())
        {
            WaitUntil(() => Began().Length == 1);
            weft.Kill(entireProcessTree: true);
            weft.WaitForExit();
        }
        File.Delete(_folder.Path("wait"));
        ProgramResult end = Run();
        Assert.True(end.ExitCode == 0, end.ToString());
        Assert.Equal(2, Began().Length);
        Assert.Empty(LeftOver());
    }

    private ProgramResult Run(params string[] words) => WeftProgram.Run(_folder.Root, ["run", "job_submit", .. words]);

    private Process Start()
    {
        Process process = WeftProgram.Start(_folder.Root, [], "run", "job_submit");
        process.StandardInput.Close();
        return process;
    }

    /// <summary>The words of each start.</summary>
    private string[] Began() => [.. Directory.GetFiles(_folder.Root, "began.*").Where(path => !path.EndsWith(".new")).Select(path => File.ReadAllText(path).TrimEnd())];

    private string[] LeftOver() => Directory.GetFiles(_folder.Root, "tmp*");

    private static void WaitUntil(Func<bool> holds)
    {
        using var poller = new Poller();
        long started = Stopwatch.GetTimestamp();
        while (!holds())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < WeftProgram.Deadline, "waited too long");
            poller.Wait(TimeSpan.FromMilliseconds(5), []);
        }
    }
}
