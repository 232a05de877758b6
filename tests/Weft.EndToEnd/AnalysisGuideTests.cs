using System.Text.RegularExpressions;
using Weft.Support;

namespace Weft.EndToEnd;

/// <summary>The guide on the analysis of results, run as it stands: its job, its commands, its outputs.</summary>
public sealed class AnalysisGuideTests : IDisposable
{
    private const string Page = "docs/guides/analysis.md";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_commands_of_the_guide_print_what_it_shows()
    {
        _folder.Write("hydraflow.yaml", Regex.Match(File.ReadAllText(Repository.Path(Page)), "```yaml\n(.*?)```", RegexOptions.Singleline).Groups[1].Value);
        File.Copy(Repository.Path("tests/Weft.EndToEnd/Programs/hydra_app.py"), _folder.Path("train.py"));
        Assert.True(ConsolePage.Check(Page, _folder.Root, ("weft", WeftProgram.Binary)) >= 12);
    }
}
