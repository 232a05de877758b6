using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Weft.Platform;
using Weft.Support;

namespace Weft.EndToEnd;

/// <summary>Full disks, folders that cannot be written, programs that misbehave: what a user sees of each, and what is left.</summary>
public sealed class HardshipTests : IDisposable
{
    /// <summary>A number of seconds that no other process of this machine sleeps.</summary>
    private static readonly int Nap = 1_000_000 + Environment.ProcessId;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_full_disk_is_named_and_running_again_finishes_when_there_is_room()
    {
        using Mount? disk = Mount.Memory(_folder.Path(".weft"), "1m");
        Assert.SkipWhen(disk is null, "mounting needs root");
        string[] words = ["run", "-m", "-j", "2", "--", "sh", "-c", "head -c 20000 /dev/zero | tr '\\0' x", "sh", $"i={string.Join(',', Enumerable.Range(0, 100))}"];
        ProgramResult full = WeftProgram.Run(_folder.Root, words);
        Assert.True(full.ExitCode == 1, full.ToString());
        Assert.DoesNotContain("this is a bug", full.Error);
        Assert.Matches("(No space left on device|disk is full)", full.Error);
        disk.Resize("200m");
        // What ran on the full disk could not write its own log either and has failed: that is tried again by the run after this one.
        ProgramResult again = WeftProgram.Run(_folder.Root, words);
        Assert.True(again.ExitCode is 0 or 1, again.Error);
        Assert.Matches(@"(100 done|\d+ done, [12] failed) in", again.Error);
        again = WeftProgram.Run(_folder.Root, words);
        Assert.True(again.ExitCode == 0, again.Error);
        Assert.Matches("(100 done|nothing to do)", again.Error);
    }

    [Fact]
    public void A_state_folder_that_cannot_be_written_is_named_and_nothing_starts()
    {
        Directory.CreateDirectory(_folder.Path(".weft"));
        using Mount? readOnly = Mount.ReadOnly(_folder.Path(".weft"));
        Assert.SkipWhen(readOnly is null, "mounting needs root");
        ProgramResult result = Sweep("echo > began");
        Assert.True(result.ExitCode == 2, result.ToString());
        Assert.StartsWith($"error: cannot use `{_folder.Path(".weft")}`: ", result.Error);
        Assert.False(File.Exists(_folder.Path("began")));
    }

    [Fact]
    public void What_a_program_reported_before_it_failed_is_recorded()
    {
        ProgramResult result = WeftProgram.Run(_folder.Root, "run", "-m", "-q", "--", "sh", "-c", "echo acc=0.25 > $WEFT_RESULTS; exit $0", "3", "i=1,2");
        Assert.True(result.ExitCode == 1, result.ToString());
        Assert.Equal(2, Regex.Count(WeftProgram.Run(_folder.Root, "runs", "--columns", "i,acc").Out, @"failed +[12] +0\.25 "));
    }

    [Fact]
    public void A_program_that_vanishes_fails_the_points_that_need_it()
    {
        MakeExecutable("tool", "#!/bin/sh\nrm tool\n");
        ProgramResult result = WeftProgram.Run(_folder.Root, "run", "-m", "--", "./tool", "i=1,2");
        Assert.True(result.ExitCode == 1, result.ToString());
        Assert.Contains("there is no program `./tool`", result.Error);
        Assert.Contains("1 done, 1 failed", result.Error);
    }

    [Fact]
    public void A_program_that_is_not_there_is_an_error_before_anything_starts()
    {
        ProgramResult result = WeftProgram.Run(_folder.Root, "run", "-m", "--", "./tool", "i=1,2");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("runs `./tool`, which is no program of this machine", result.Error);
        Assert.False(Directory.Exists(_folder.Path(".weft")));
    }

    [Fact]
    public void Output_that_is_no_text_is_handed_on_byte_by_byte()
    {
        using Process weft = Start("printf 'a\\377\\376[bold]b\\n'; printf 'no end'");
        var bytes = new MemoryStream();
        weft.StandardOutput.BaseStream.CopyTo(bytes);
        Assert.True(weft.WaitForExit(WeftProgram.Deadline));
        Assert.Equal([(byte)'a', 0xFF, 0xFE, .. "[bold]b\nno end\n"u8], bytes.ToArray());
    }

    [Fact]
    public void A_line_of_a_hundred_megabytes_ends_well_and_stays_out_of_memory()
    {
        using Process weft = Start("head -c 100000000 /dev/zero | tr '\\0' x; echo; echo end; exit 3");
        long bytes = 0, mostMemory = 0;
        byte[] buffer = new byte[1 << 20];
        // What is shown of a long line is parted into lines of a size that terminals bear.
        for (int count; (count = weft.StandardOutput.BaseStream.Read(buffer)) > 0; bytes += count - buffer.AsSpan(0, count).Count((byte)'\n'))
            mostMemory = Math.Max(mostMemory, MemoryOf(weft.Id));
        string error = weft.StandardError.ReadToEnd();
        Assert.True(weft.WaitForExit(WeftProgram.Deadline));
        Assert.True(weft.ExitCode == 1, error);
        Assert.Matches("exit code 3 +end ", error);
        Assert.Equal(100_000_000 + "end".Length, bytes);
        Assert.InRange(mostMemory, 1, 180_000);
    }

    [Fact]
    public void A_program_that_ignores_the_request_to_end_is_killed_by_a_second_interrupt()
    {
        using Process weft = Start($"trap '' TERM INT; echo began > began; while :; do sleep {Nap}; done");
        WaitUntil(() => File.Exists(_folder.Path("began")));
        Signal(weft, "INT");
        WaitUntil(() => WeftProgram.Run(_folder.Root, "show", "-", "--json").Out.Contains("\"stopped by\""));
        Signal(weft, "INT");
        ProgramResult end = WeftProgram.Finish(weft);
        Assert.True(end.ExitCode == 130, end.ToString());
        Assert.Contains("was cancelled", end.Error);
        Assert.DoesNotContain($"sleep {Nap}", Processes());
    }

    [Fact]
    public void Processes_that_a_program_leaves_behind_are_ended_with_it()
    {
        ProgramResult result = Sweep($"sleep {Nap} & sleep {Nap} & echo left");
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.DoesNotContain($"sleep {Nap}", Processes());
    }

    [Fact]
    public void A_process_of_another_session_does_not_hold_up_the_run_and_is_told_of()
    {
        ProgramResult result = Sweep("setsid sh -c 'echo $$ > left.new; mv left.new left; exec sleep 4343' & while ! test -e left; do sleep 0.01; done");
        try
        {
            Assert.True(result.ExitCode == 0, result.ToString());
            Assert.Contains("another session", result.Error + result.Out);
        }
        finally
        {
            Platform.Command.Run(["kill", File.ReadAllText(_folder.Path("left")).Trim()], "/", null, CancellationToken.None);
        }
    }

    private ProgramResult Sweep(string script) => WeftProgram.Run(_folder.Root, "run", "--", "sh", "-c", script);

    private Process Start(string script)
    {
        Process process = WeftProgram.Start(_folder.Root, [], "run", "--", "sh", "-c", script);
        process.StandardInput.Close();
        return process;
    }

    private void MakeExecutable(string name, string text) =>
        File.SetUnixFileMode(_folder.Write(name, text), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    /// <summary>The most memory that a process has held so far, in kB; 0 of one that has ended.</summary>
    private static long MemoryOf(int process)
    {
        string status = $"/proc/{process}/status";
        string? line = File.Exists(status) ? File.ReadLines(status).FirstOrDefault(one => one.StartsWith("VmHWM:", StringComparison.Ordinal)) : null;
        return line is null ? 0 : long.Parse(line["VmHWM:".Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>The command lines of all processes of the machine.</summary>
    private static string Processes()
    {
        var all = new StringBuilder();
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            try
            {
                all.Append(File.ReadAllText(Path.Combine(folder, "cmdline")).Replace('\0', ' ')).Append('\n');
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // No process, or one that has just ended.
            }
        }
        return all.ToString();
    }

    private static void Signal(Process process, string name) =>
        Platform.Command.Run(["kill", $"-{name}", process.Id.ToString()], "/", null, TestContext.Current.CancellationToken);

    private static void WaitUntil(Func<bool> holds)
    {
        using var poller = new Poller();
        long started = Stopwatch.GetTimestamp();
        while (!holds())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < WeftProgram.Deadline, "waited too long");
            poller.Wait(TimeSpan.FromMilliseconds(20), []);
        }
    }
}
