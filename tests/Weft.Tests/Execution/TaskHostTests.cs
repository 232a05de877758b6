using System.Text;
using Weft.Execution;
using Weft.Platform;
using Weft.Secrets;
using Weft.Support;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Tests.Execution;

public sealed class TaskHostTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Secrets_reach_the_program_and_not_the_log()
    {
        using var project = new SweepProject(_folder.Root)
        {
            Command = """echo "key: $API_KEY"; printf 'value of '; sleep 0.05; echo "API_KEY and value of API"; test -n "$API_KEY" && exit 4""",
            Task = task => task with { Secrets = ["API_KEY"] },
        };
        ExecutionEnd end = project.Run();
        Assert.Equal("key: ***\n*** and value of API\n", project.ReadLog(end.Id, 0));
        Assert.Equal(("exit code 4", "*** and value of API"), (end.Failures[0].Reason, end.Failures[0].LastLine));
    }

    [Fact]
    public void An_attempt_that_is_submitted_twice_runs_once()
    {
        using var project = new SweepProject(_folder.Root) { Command = "echo ran >> ran" };
        using ExecutionStart start = project.Start();
        RunFolder folder = project.Place.FolderOf(start.Execution.Id);
        AttemptId id = SweepProject.AttemptOf(start.Execution.Id, 0);
        Assert.Equal(HostResult.Ended, NewHost(folder).Run(id));
        Assert.Equal(HostResult.NotOurs, NewHost(folder).Run(id));
        Assert.Equal("ran\n", File.ReadAllText(_folder.Path("ran")));
    }

    [Fact]
    public void Host_and_giver_up_cannot_both_say_how_an_attempt_ended()
    {
        var attempt = new AttemptFolder(_folder.Path("attempt"));
        var id = new AttemptId(new ExecutionId("E"), new NodePath("a"), 1);
        DateTimeOffset at = DateTimeOffset.UnixEpoch;
        Assert.True(attempt.TryEnd(new EndedAttempt(id, new Outcome.Lost(), at, at)));
        Assert.False(attempt.TryEnd(new EndedAttempt(id, new Outcome.Succeeded(), at, at) { Outputs = Value.NoEntries.Add("x", Value.Of(1)) }));
        Assert.IsType<Outcome.Lost>(attempt.ReadEnd(id)!.Outcome);
    }

    [Fact]
    public void An_end_is_read_back_as_it_was_written()
    {
        var attempt = new AttemptFolder(_folder.Path("attempt"));
        var id = new AttemptId(new ExecutionId("E"), new NodePath("a"), 2);
        var end = new EndedAttempt(id, new Outcome.Failed(Weft.Tasks.ErrorClass.User, "task/exit", "exit code 3") { ExitCode = 3, LastLines = ["one", "two"] }, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddSeconds(5))
        {
            Results = Value.NoEntries.Add("acc", Value.Of(0.5)),
            Warnings = ["careful"],
        };
        attempt.TryEnd(end);
        EndedAttempt read = attempt.ReadEnd(id)!;
        var failed = Assert.IsType<Outcome.Failed>(read.Outcome);
        Assert.Equal((3, "exit code 3", "one two"), (failed.ExitCode, failed.Reason, string.Join(' ', failed.LastLines)));
        Assert.Equal((end.Started, end.Ended, "careful"), (read.Started, read.Ended, Assert.Single(read.Warnings)));
        Assert.Equal(Value.Of(0.5), read.Results["acc"]);
    }

    [Theory]
    [InlineData("hunter2", "a hunter2 b", "a *** b")]
    [InlineData("hunter2", "hunterhunter22", "hunter***2")]
    [InlineData("aab", "aaab aaaab", "a*** aa***")]
    [InlineData("hunter2", "ends with hunter", "ends with hunter")]
    public void A_secret_is_masked_wherever_the_stream_is_cut(string secret, string text, string expected)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            var mask = new Mask([Encoding.UTF8.GetBytes(secret)]);
            var output = new List<byte>();
            mask.Push(bytes.AsSpan(0, cut), output);
            mask.Push(bytes.AsSpan(cut), output);
            mask.End(output);
            Assert.Equal(expected, Encoding.UTF8.GetString([.. output]));
        }
    }

    private TaskHost NewHost(RunFolder folder) => new(folder, new HostSurroundings(_folder.Root, EnvironmentBlock.Current()) { EnvironmentFolder = _folder.Path("environments") });
}
