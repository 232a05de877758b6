using Weft.Execution;
using Weft.Platform;
using Weft.Records;
using Weft.Support;
using Weft.Workflows;

namespace Weft.Tests.Execution;

/// <summary>Programs that write what they like, disks that fill, folders that cannot be written: each has a clear outcome.</summary>
public sealed class HardshipTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Output_that_is_no_text_stays_as_it_is_and_its_last_line_can_be_read()
    {
        using var project = new SweepProject(_folder.Root) { Command = """printf 'a\377\376\033[31mb\rlast \303\251\200\n'; exit 1""" };
        ExecutionEnd end = project.Run();
        Assert.Equal("last é\uFFFD", end.Failures[0].LastLine);
        using var log = RawFile.OpenRead(project.Executions.LogOf(SweepProject.AttemptOf(end.Id, 0)));
        Assert.Equal(19, RandomAccess.GetLength(log));
    }

    [Fact]
    public void A_line_of_100_megabytes_costs_no_memory()
    {
        using var project = new SweepProject(_folder.Root) { Command = "head -c 100000000 /dev/zero | tr '\\0' x; exit 1" };
        long before = GC.GetAllocatedBytesForCurrentThread();
        ExecutionEnd end = project.Run();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8_000_000);
        Assert.Equal(501, end.Failures[0].LastLine.Length);
    }

    [Fact]
    public void An_executable_that_vanishes_fails_the_points_that_need_it()
    {
        string program = _folder.Write("tool", "#!/bin/sh\nrm tool\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using var project = new SweepProject(_folder.Root) { Points = 2, Parallel = 1, Words = ["./tool"] };
        ExecutionEnd end = project.Run();
        Assert.Equal((1, 1), (end.Progress.Done, end.Progress.Failed));
        Assert.Equal("there is no program `./tool`", end.Failures[0].Reason);
    }

    [Fact]
    public void A_script_without_its_interpreter_fails_with_code_127()
    {
        string program = _folder.Write("tool", "#!/nonexistent/python\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        using var project = new SweepProject(_folder.Root) { Words = ["./tool"] };
        ExecutionEnd end = project.Run();
        Assert.Equal("exit code 127", end.Failures[0].Reason);
    }

    [Fact]
    public void A_full_disk_ends_the_run_with_its_name_and_a_resume_goes_on_when_there_is_room()
    {
        using Mount? disk = Mount.Memory(_folder.Path(".weft"), "400k");
        Assert.SkipWhen(disk is null, "mounting needs root");
        using (var project = new SweepProject(_folder.Root) { Points = 400, Command = "true" })
        {
            var error = Assert.ThrowsAny<Exception>(() => project.Run());
            Assert.True(error is DatabaseException { Fault: DatabaseFault.Full } or IOException, error.ToString());
        }
        disk.Resize("200m");
        using var next = new SweepProject(_folder.Root) { Points = 400, Command = "true" };
        ExecutionEnd end = next.Run();
        Assert.Equal((Phase.Succeeded, 400), (end.State, end.Progress.Done));
        Assert.Empty(next.Records.OpenAttempts(end.Id));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_named()
    {
        Directory.CreateDirectory(_folder.Path(".weft"));
        using Mount? readOnly = Mount.ReadOnly(_folder.Path(".weft"));
        Assert.SkipWhen(readOnly is null, "mounting needs root");
        using var project = new SweepProject(_folder.Root);
        var error = Assert.ThrowsAny<DatabaseException>(() => project.Run());
        Assert.Contains(_folder.Path(".weft"), error.Message);
    }
}
