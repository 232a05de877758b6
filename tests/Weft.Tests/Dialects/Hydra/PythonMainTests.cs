using Weft.Dialects.Hydra;

namespace Weft.Tests.Dialects.Hydra;

public sealed class PythonMainTests
{
    [Theory]
    [InlineData("@hydra.main(config_path=\"conf\", config_name='config')", "conf", "config", null)]
    [InlineData("@hydra.main(version_base=\"1.2\", config_path='../conf', config_name=\"train\",)", "../conf", "train", "1.2")]
    [InlineData("@hydra.main('conf', 'config')", "conf", "config", null)]
    [InlineData("@hydra.main(\n    version_base=None,\n    config_path=None,\n    config_name=\"a/b\",  # why\n)", null, "a/b", null)]
    [InlineData("@hydra.main(config_path=os.path.join('a', 'b'), config_name=NAME)", null, null, null)]
    [InlineData("@hydra.main(config_path=\"a,b=c)\", config_name=\"x\")", "a,b=c)", "x", null)]
    [InlineData("from hydra import main\n@main(config_name=\"x\")", null, "x", null)]
    [InlineData("@hydra.main(", null, null, null)]
    [InlineData("@hydra.main(config_path=\"conf", null, null, null)]
    public void The_literal_arguments_of_the_decorator_are_read(string text, string? path, string? name, string? version) =>
        Assert.Equal(new PythonMain(path, name, version), PythonMain.Read("\nimport hydra\n" + text + "\ndef main(cfg): pass\n"));

    [Theory]
    [InlineData("print('@hydra.main(config_path=1)')")]
    [InlineData("@main(config_path='x')")]
    [InlineData("")]
    public void Another_program_has_none(string text) => Assert.Null(PythonMain.Read("\n" + text));

    [Fact]
    public void Imports_are_listed_with_what_they_take_from_a_module() => Assert.Equal(
        ["os", "a.b", "c", "d", "d.e", "d.f", ".g", ".g.h"],
        PythonMain.Imports("import os\nimport a.b, c\nfrom d import e, f\n    from .g import h\nimportant = 1\n"));
}
