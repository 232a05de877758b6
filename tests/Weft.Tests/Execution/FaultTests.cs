using Weft.Execution;
using Weft.Records;
using Weft.Support;
using Weft.Workflows;

namespace Weft.Tests.Execution;

/// <summary>Whatever write of the record goes wrong or is the last one, the next process brings the execution to the same end.</summary>
public sealed class FaultTests
{
    [Theory]
    [InlineData(Fault.Die)]
    [InlineData(Fault.Fail)]
    public void A_fault_at_any_write_and_then_a_resume_give_the_same_end(Fault fault)
    {
        for (int failAt = 1; ; failAt++)
        {
            using var folder = new TemporaryFolder();
            bool wentWrong = RunUntilFault(folder, failAt, fault);
            using var next = NewProject(folder);
            using ExecutionStart start = next.Start();
            if (start.Kind != StartKind.NothingToDo)
            {
                using RunningExecution run = next.Take(start);
                Assert.Equal(Phase.Failed, run.Wait().State);
            }
            AssertEnd(folder, next, start, failAt);
            if (!wentWrong)
                return;
        }
    }

    private static bool RunUntilFault(TemporaryFolder folder, int failAt, Fault fault)
    {
        FaultyDatabase? database = null;
        using var project = NewProject(folder, inner => database = new FaultyDatabase(inner, failAt, fault));
        try
        {
            project.Run();
        }
        catch (DiedException)
        {
        }
        catch (DatabaseException error)
        {
            Assert.Equal(DatabaseFault.Full, error.Fault);
        }
        return database!.HasFailed;
    }

    /// <summary>Three points, of which the one in the middle fails. A resume tries it again only if the execution had ended before.</summary>
    private static SweepProject NewProject(TemporaryFolder folder, Func<Database, Database>? wrap = null) => new(folder.Root)
    {
        Points = 3,
        Command = "echo $1.$WEFT_ATTEMPT >> ran; test $1 != 1",
        Wrap = wrap ?? (database => database),
    };

    private static void AssertEnd(TemporaryFolder folder, SweepProject project, ExecutionStart start, int failAt)
    {
        string[] ran = [.. File.ReadAllLines(folder.Path("ran")).Order()];
        // Each attempt ran exactly once, whatever was lost; only the failed point may have had a second one, after all had been recorded.
        Assert.True(ran is ["0.1", "1.1", "2.1"] or ["0.1", "1.1", "1.2", "2.1"], $"fault at write {failAt}: {string.Join(' ', ran)}");
        var phases = new List<string>();
        project.Records.ReadNodes(start.Execution.Id, row => phases.Add($"{row.Path} {row.Phase}"));
        Assert.Equal([" Failed", "points Failed", "points[0] Succeeded", "points[1] Failed", "points[2] Succeeded"], phases);
        Assert.Empty(project.Records.OpenAttempts(start.Execution.Id));
    }
}
