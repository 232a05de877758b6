using Weft.Execution;
using Weft.Records;
using Weft.Support;
using Weft.Values;

namespace Weft.Tests.Execution;

/// <summary>
/// A graph with files through every call of its stores that can go wrong: records, contents, cache. Whichever is the last of a process, the next one ends the
/// execution with the same contents, and no program that has ended runs again.
/// </summary>
public sealed class GraphFaultTests
{
    private const string Yaml = """
        weft: 1
        project: faults
        tasks:
          a: {script: 'echo a >> ran; echo one > ${{ outputs.f }}', outputs: {f: f.txt}}
          b: {script: 'echo b >> ran; cat ${{ inputs.f }} ${{ inputs.f }} > ${{ outputs.g }}/two', inputs: {f: a.f}, outputs: {g: g/}}
        """;

    [Fact]
    public void A_process_that_dies_at_any_call_of_a_store_loses_nothing()
    {
        for (int failAt = 1; RunUntilFault(failAt, Fault.Die, out TemporaryFolder folder); failAt++)
        {
            using (folder)
                AssertEnd(folder, ["a", "b"], $"dead at call {failAt}");
        }
    }

    [Fact]
    public void A_store_that_fails_at_any_call_leaves_an_execution_that_can_be_finished()
    {
        for (int failAt = 1; RunUntilFault(failAt, Fault.Fail, out TemporaryFolder folder); failAt++)
        {
            using (folder)
            {
                // A task whose files could not be placed or stored has failed: that one is tried again.
                AssertEnd(folder, null, $"failed at call {failAt}");
                Assert.InRange(File.ReadAllLines(folder.Path("ran")).Length, 2, 3);
            }
        }
    }

    /// <returns>False when the execution came to its end before that many calls.</returns>
    private static bool RunUntilFault(int failAt, Fault fault, out TemporaryFolder folder)
    {
        folder = new TemporaryFolder();
        FaultyDatabase? database = null;
        using var project = new GraphProject(folder.Root)
        {
            Wrap = inner => database = new FaultyDatabase(inner, failAt, fault),
            WrapBlobs = blobs => new FaultyBlobStore(blobs, database!),
            OpenCache = cache => new FaultyCache(cache, database!),
        };
        try
        {
            project.Run(Yaml);
        }
        catch (DiedException)
        {
        }
        catch (DatabaseException error)
        {
            Assert.Equal(DatabaseFault.Full, error.Fault);
        }
        if (database!.HasFailed)
            return true;
        folder.Dispose();
        return false;
    }

    private static void AssertEnd(TemporaryFolder folder, string[]? ran, string where)
    {
        using var next = new GraphProject(folder.Root);
        ExecutionEnd end = next.Run(Yaml);
        Assert.True(GraphProject.Verdict(end) == "Succeeded", $"{where}: {GraphProject.Verdict(end)}");
        if (ran is not null)
            Assert.True(ran.SequenceEqual(File.ReadAllLines(folder.Path("ran")).Order()), $"{where}: {string.Join(' ', File.ReadAllLines(folder.Path("ran")))}");
        Assert.Equal(Digest.Of("one\n"), ((Value.Blob)next.StateOf(end, "a").Outputs["f"]).Digest);
        Assert.Equal(Digest.Of($"weft-tree 1\nf {Digest.Of("one\none\n").Hex} 8 \"two\"\n"), ((Value.Blob)next.StateOf(end, "b").Outputs["g"]).Digest);
        // Once more: everything is there, nothing runs.
        ExecutionEnd again = next.Run(Yaml);
        Assert.Equal("a=Reused b=Reused", next.Phases(again, "a", "b"));
        Assert.Empty(Directory.GetFiles(Path.Combine(next.StateFolder, "cache"), ".*"));
    }
}
