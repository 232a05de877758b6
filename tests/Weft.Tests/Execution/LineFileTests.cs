using Weft.Execution;
using Weft.Expressions;
using Weft.Support;
using Weft.Sweeps;
using Weft.Tasks;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Tests.Execution;

/// <summary>A task that takes all points of a sweep at once, in a file.</summary>
public sealed class LineFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_program_gets_the_path_of_a_file_with_one_quoted_line_for_each_point(bool hosted)
    {
        using SweepProject project = Project("cp \"$1\" got; stat -c %a \"$1\" > mode; echo \"$1\" > path", hosted, Retry.Never, "a b", "it's", "");
        ExecutionEnd end = project.Run();
        Assert.Equal(Phase.Succeeded, end.State);
        Assert.Equal((1, 1), (end.Progress.Total, end.Progress.Done));
        string ulid(int index) => Ulid.Derive(end.Id.Value, index);
        Assert.Equal($"--x 'k=a b' {ulid(0)}\n--x 'k=it'\"'\"'s' {ulid(1)}\n--x k= {ulid(2)}", File.ReadAllText(_folder.Path("got")));
        Assert.Equal("600\n", File.ReadAllText(_folder.Path("mode")));
        Assert.Equal(_folder.Path(LineFiles.NameOf(new AttemptId(end.Id, new NodePath("points"), 1))) + "\n", File.ReadAllText(_folder.Path("path")));
        Assert.Empty(LeftOver());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Each_attempt_has_a_file_of_its_own(bool hosted)
    {
        using SweepProject project = Project("echo \"$1\" >> paths; test -e again || { touch again; exit 3; }", hosted, new Retry(1, ErrorClass.User), "x");
        Assert.Equal(Phase.Succeeded, project.Run().State);
        Assert.Equal(2, File.ReadAllLines(_folder.Path("paths")).Distinct().Count());
        Assert.Empty(LeftOver());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_failed_program_leaves_no_file(bool hosted)
    {
        using SweepProject project = Project("echo oh >&2; exit 7", hosted, Retry.Never, "x");
        ExecutionEnd end = project.Run();
        Assert.Equal((Phase.Failed, "exit code 7", "oh"), (end.State, end.Failures[0].Reason, end.Failures[0].LastLine));
        Assert.Empty(LeftOver());
    }

    [Fact]
    public void A_hundred_thousand_lines_are_written_while_they_are_made()
    {
        var points = new Product([new Axis("a", Range(1000), Expr.Nowhere), new Axis("b", Range(100), Expr.Nowhere)], Fastest.Last, Expr.Nowhere);
        using SweepProject project = Project("grep -c . \"$1\" > count; tail -n 1 \"$1\" > last", hosted: false, Retry.Never, points);
        Assert.Equal(Phase.Succeeded, project.Run().State);
        Assert.Equal("100000\n", File.ReadAllText(_folder.Path("count")));
        Assert.StartsWith("--x a=999 b=99 ", File.ReadAllText(_folder.Path("last")));
    }

    [Fact]
    public void A_plan_with_lines_is_read_back_as_it_was()
    {
        using SweepProject project = Project("true", hosted: false, Retry.Never, "a b", "c");
        byte[] json = PlanJson.Write(project.Plan);
        Assert.Equal(json, PlanJson.Write(PlanJson.Read(json)));
    }

    private SweepProject Project(string script, bool hosted, Retry retry, params string[] values) =>
        Project(script, hosted, retry, new Axis("k", new Choices.Listed([.. values]), Expr.Nowhere));

    private SweepProject Project(string script, bool hosted, Retry retry, Space points) => new(_folder.Root)
    {
        Words = ["sh", "-c", script, "sh"],
        Hosted = hosted,
        Task = task => task with { Retry = retry, Lines = new Lines(points, [Expr.Of("--x"), Expr.To(Root.Words), Expr.To(Root.Run, "ulid")]) },
        Workflow = (at, task) => new WorkflowDefinition("main", [new Node.Use(new NodeId("points"), new Callee(CalleeKind.Task, task.Name, at), at)], at),
    };

    private static Choices.Typed Range(int count) => new([.. Enumerable.Range(0, count).Select(i => new Word($"{i}", Value.Of(i)))]);

    private string[] LeftOver() => Directory.GetFiles(_folder.Root, "tmp*");
}
