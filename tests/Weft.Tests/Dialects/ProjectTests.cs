using Weft.Dialects;
using Weft.Support;
using Weft.Text;

namespace Weft.Tests.Dialects;

public sealed class ProjectTests
{
    private static readonly Dictionary<string, string> NoVariables = [];

    [Fact]
    public void The_nearest_folder_with_definitions_is_the_project()
    {
        using var folder = new TemporaryFolder();
        folder.Write("hydraflow.yaml", "");
        folder.Write("a/b/c.txt", "");
        folder.Write("a/d/.dstack/workflows.yaml", "");
        Assert.Equal(folder.Root, Project.FindRoot(folder.Path("a/b")));
        Assert.Equal(folder.Path("a/d"), Project.FindRoot(folder.Path("a/d/.dstack")));
    }

    [Fact]
    public void Definitions_are_found_by_name_and_unknown_names_get_a_suggestion()
    {
        using var folder = new TemporaryFolder();
        folder.Write("hydraflow.yaml", "jobs:\n  train:\n    run: x\n  evaluate:\n    call: a.b\n");
        folder.Write("project.yaml", "kind: project\n");
        Project project = Project.Open(folder.Root, NoVariables);
        Assert.Equal(["train hydraflow run hydraflow.yaml:2:3", "evaluate hydraflow call hydraflow.yaml:4:3"], project.Runnables.Select(one => $"{one.Name} {one.Kind} {one.At}"));
        var diagnostics = new Diagnostics();
        Assert.Same(project.Runnables[0], project.Find("train", diagnostics));
        Assert.Same(project.Runnables[1], project.Find("hydraflow.yaml:evaluate", diagnostics));
        Assert.Empty(diagnostics);
        Assert.Null(project.Find("trian", diagnostics));
        Assert.Equal(
            "error: nothing named `trian` in this project\nnote: `project.yaml` is an MLRun file; MLRun is not supported yet\nhint: did you mean `train`?\n",
            DiagnosticPrinter.Print(diagnostics));
    }

    [Fact]
    public void A_broken_file_is_reported_where_a_name_is_not_found()
    {
        using var folder = new TemporaryFolder();
        folder.Write("hydraflow.yaml", "jobs:\n  train:\n    runn: x\n");
        Project project = Project.Open(folder.Root, NoVariables);
        var diagnostics = new Diagnostics();
        Assert.Null(project.Find("train", diagnostics));
        Assert.Equal("hydraflow/unknown-key", Assert.Single(diagnostics).Id);
    }
}
