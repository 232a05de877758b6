using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Weft.Dialects;
using Weft.Dialects.HydraFlow;
using Weft.Expressions;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Micro;

/// <summary>Figures of size, each of which a plan or a sweep must keep: seconds of one run, and the memory that is in use at its end.</summary>
internal static class Figures
{
    private static readonly Span Nowhere = Expr.Nowhere;

    public static int Run(TextWriter output)
    {
        foreach (int side in (ReadOnlySpan<int>)[100, 1000])
            Measure(output, $"{side * side:N0} points enumerated", () => Enumerate(side));
        Measure(output, "a sweep of 1,000,000 points planned, as one node", () => Assert(Plan([Sweep(1000)]).Nodes.Length == 1));
        foreach (int tasks in (ReadOnlySpan<int>)[1_000, 100_000])
            Measure(output, $"{tasks:N0} tasks planned, each after the one before", () => Assert(Plan(Chain(tasks)).Nodes.Length == tasks));
        return 0;
    }

    /// <summary>The least of five, after the code was made: what is measured is the work.</summary>
    private static void Measure(TextWriter output, string name, Action act)
    {
        double least = double.MaxValue;
        for (int round = 0; round < 5; round++)
        {
            long started = Stopwatch.GetTimestamp();
            act();
            least = Math.Min(least, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-52} {least,9:F1} ms  {GC.GetTotalMemory(forceFullCollection: true) >> 20,4} MB in use, {Environment.WorkingSet >> 20} MB resident"));
    }

    private static void Enumerate(int side)
    {
        long words = 0;
        foreach (Point point in SpaceOf(side).Points())
            words += point.Words.Length;
        Assert(words == 2L * side * side);
    }

    /// <summary>Read from the text that a user writes.</summary>
    private static Space SpaceOf(int side)
    {
        var diagnostics = new Text.Diagnostics();
        var source = new Source("hydraflow.yaml", $"jobs:\n  job:\n    run: python app.py\n    sets:\n      - each: a=1:{side} b=1:{side}\n");
        HydraFlowFile file = HydraFlowReader.Read(source, ImmutableDictionary<string, string>.Empty, diagnostics)!;
        return JobSweepReader.Read(file.Jobs[0], Arguments.None, diagnostics)!.Space;
    }

    private static Node.Each Sweep(int side) => new(new NodeId("sweep"), new Elements.Known(SpaceOf(side)), new Callee(CalleeKind.Task, "task", Nowhere), Nowhere);

    private static IEnumerable<Node> Chain(int count)
    {
        for (int i = 0; i < count; i++)
        {
            yield return new Node.Use(new NodeId($"n{i}"), new Callee(CalleeKind.Task, "task", Nowhere), Nowhere)
            {
                After = i == 0 ? [] : [new Edge(new NodeId($"n{i - 1}"), EdgeRule.Succeeded)],
            };
        }
    }

    private static Plan Plan(IEnumerable<Node> nodes)
    {
        var task = new TaskDefinition("task", new TaskBody.Command([Expr.Of("true")]), Nowhere);
        var closure = new Closure([new Definition.OfTask(task), new Definition.OfWorkflow(new WorkflowDefinition("main", [.. nodes], Nowhere))]);
        return Planner.Plan(closure, "main", Value.NoEntries, new Facts(default, DateTimeOffset.UnixEpoch), new Text.Diagnostics())!;
    }

    private static void Assert(bool holds)
    {
        if (!holds)
            throw new InvalidOperationException("this measures something else than it says");
    }
}
