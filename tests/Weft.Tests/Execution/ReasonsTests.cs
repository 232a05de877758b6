using Weft.Execution;
using Weft.Support;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Tests.Execution;

/// <summary>What <c>weft why</c> says of nodes for which nothing was started: the cause, and the node above with which it began.</summary>
public sealed class ReasonsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Of_what_was_not_started_the_node_above_that_failed_is_named()
    {
        const string File = """
            weft: 1
            on_failure: continue
            tasks:
              a: {script: exit 3}
              b: {run: echo b, needs: a}
              c: {run: echo c, needs: b}
              s: {run: 'echo ${{ inputs.i }}', sweep: {grid: {i: [1, 2]}}, needs: a}
            """;
        Assert.Equal(["failed", "exit code 3"], Why(File, "a").Take(2));
        Assert.Equal(["was not started", "`a`, which it needs, failed: exit code 3"], Why(File, "b"));
        Assert.Equal(["was not started", "`b`, which it needs, was not started", "as `a` failed: exit code 3"], Why(File, "c"));
        Assert.Equal(["was not started", "`a`, which it needs, failed: exit code 3"], Why(File, "s[1]"));
    }

    [Fact]
    public void Of_what_was_skipped_the_condition_and_what_it_saw_are_named()
    {
        const string File = """
            weft: 1
            tasks:
              m: {script: 'echo x=0.4 > "$WEFT_RESULTS"', outputs: {x: {type: float}}}
              n: {run: echo n, when: m.x > 0.9}
              o: {run: echo o, needs: n}
              p: {run: echo p, needs: o}
            """;
        Assert.Equal(["was skipped", "its condition `m.x > 0.9` does not hold: `m.x` is 0.4"], Why(File, "n"));
        Assert.Equal(["was skipped", "`n`, which it needs, was skipped", "its condition `m.x > 0.9` does not hold: `m.x` is 0.4"], Why(File, "o"));
        Assert.Equal(["was skipped", "`o`, which it needs, was skipped", "as `n` was skipped: its condition `m.x > 0.9` does not hold: `m.x` is 0.4"], Why(File, "p"));
    }

    [Fact]
    public void A_failure_elsewhere_that_stops_the_rest_is_named() => Assert.Equal(
        ["was not started", "`b`, which it needs, was not started", "`a` failed, and `main` stops then (`on_failure: continue` would finish what does not need it): exit code 1"],
        Why("""
            weft: 1
            tasks:
              a: {script: exit 1}
              b: {run: echo b}
              c: {run: echo c, needs: b}
            """, "c", parallel: 1));

    [Theory]
    [InlineData(false, new[] { "was not started", "`ship/approve`, which it needs, failed: `ship/approve` was rejected by ann" })]
    [InlineData(true, new[] { "ran" })]
    public void Of_a_question_the_answer_is_named(bool yes, string[] expected)
    {
        const string File = "weft: 1\ntasks: {ship: {run: echo s, approve: 'ship it?'}}\n";
        void Answer(GraphProject project)
        {
            using var other = new GraphProject(_folder.Root);
            Assert.True(other.Executions.Answer(other.Catalog.Newest()!.Id, new NodePath("ship/approve"), Value.Of(yes), "ann"));
        }
        Assert.Equal(expected, Why(File, "ship", onQuestion: Answer).Take(expected.Length));
        Assert.Equal(yes ? "was answered by ann" : "`ship/approve` was rejected by ann", Why(File, "ship/approve", onQuestion: Answer)[^1]);
    }

    [Theory]
    [InlineData("a", "b", "changed from a to b")]
    [InlineData(null, "b", "is new: b")]
    public void A_change_of_short_values_is_shown_whole(string? before, string after, string expected) => Assert.Equal(expected, Reasons.Change(before, after));

    [Fact]
    public void Of_long_values_the_part_that_differs_is_shown()
    {
        string same = new('x', 500);
        Assert.Equal($"changed from …{new string('x', 20)}1 end to …{new string('x', 20)}2 end", Reasons.Change(same + "1 end", same + "2 end"));
    }

    private List<string> Why(string file, string node, int parallel = 2, Action<GraphProject>? onQuestion = null)
    {
        using var project = new GraphProject(_folder.Root) { Parallel = parallel };
        project.OnEvent = what =>
        {
            if (what is ExecutionEvent.Said { Text: var text } && text.Contains("weft approve", StringComparison.Ordinal))
                onQuestion?.Invoke(project);
        };
        ExecutionEnd end = project.Run(file);
        Plan plan = project.PlanOf(file);
        return [.. new Reasons(project.Records, project.Place, null, project.Records.Find(end.Id)!, plan, time => "").Of(new NodePath(node))];
    }
}
