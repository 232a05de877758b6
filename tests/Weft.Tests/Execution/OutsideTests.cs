using Weft.Execution;
using Weft.Records;
using Weft.Support;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Tests.Execution;

/// <summary>What comes from outside while an execution runs: answers of people, other hosts.</summary>
public sealed class OutsideTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true, Phase.Succeeded)]
    [InlineData(false, Phase.Failed)]
    public void A_gate_waits_for_the_answer_of_another_process(bool approved, Phase expected)
    {
        using var project = NewProjectWithGate();
        using ExecutionStart start = project.Start();
        using RunningExecution run = project.Take(start);
        var person = new Thread(() =>
        {
            using var other = NewProjectWithGate();
            while (other.Records.FindNode(start.Execution.Id, new NodePath("ok"))?.Phase != nameof(Phase.Running))
                Thread.Yield();
            Assert.True(other.Executions.Answer(start.Execution.Id, new NodePath("ok"), Value.Of(approved), "ann"));
            Assert.False(other.Executions.Answer(start.Execution.Id, new NodePath("ok"), Value.Of(!approved), "bob"));
        });
        person.Start();
        Assert.Equal(expected, run.Wait().State);
        person.Join();
    }

    [Fact]
    public void An_execution_that_another_host_owns_is_left_to_it_until_its_lease_is_old()
    {
        using var project = new SweepProject(_folder.Root) { Shared = true };
        using ExecutionStart start = project.Start();
        Own(project, start.Execution, "process 1 on elsewhere");
        Assert.Equal("process 1 on elsewhere", project.Executions.OwnerOf(project.Records.Find(start.Execution.Id)!));
        Assert.Throws<ExecutionTakenException>(() => project.Take(start));
    }

    [Fact]
    public void Tasks_that_may_still_run_on_another_host_are_not_run_again_here()
    {
        using var project = new SweepProject(_folder.Root) { Shared = true, Clock = new ShiftedClock(TimeSpan.FromHours(-1)) };
        using ExecutionStart start = project.Start();
        Own(project, start.Execution, "process 1 on elsewhere");
        using (Transaction write = project.Records.Database.BeginWrite(CancellationToken.None))
        {
            project.Records.Intend(SweepProject.AttemptOf(start.Execution.Id, 0), null, "local", "Submitted");
            write.Commit();
        }
        start.Dispose();
        using var later = new SweepProject(_folder.Root) { Shared = true };
        var taken = Assert.Throws<ExecutionTakenException>(() => later.Take(start.Execution.Id));
        Assert.Contains("its tasks may still run there", taken.Message);
    }

    private SweepProject NewProjectWithGate() => new(_folder.Root)
    {
        Workflow = (at, _) => new WorkflowDefinition("main", [new Node.Gate(new NodeId("ok"), GateKind.Approve, at)], at),
    };

    private static void Own(SweepProject project, ExecutionRow row, string owner)
    {
        using Transaction write = project.Records.Database.BeginWrite(CancellationToken.None);
        project.Records.TakeOwnership(row.Id, row.Owner, owner);
        write.Commit();
    }

    private sealed class ShiftedClock(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + by;
    }
}
