using System.Text.RegularExpressions;
using Weft.Support;

namespace Weft.EndToEnd;

/// <summary>The console blocks of the documentation are run and compared, and its links resolve: a page that nothing tests will lie.</summary>
public sealed partial class DocumentationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_tour_of_the_README_is_real_output()
    {
        string project = _folder.Path("digits");
        Directory.CreateDirectory(project);
        foreach (string file in (IEnumerable<string>)[.. Directory.GetFiles(Repository.Path("examples/digits")), .. Directory.GetFiles(Repository.Path("examples/digits/study")), .. Directory.GetFiles(Repository.Path("examples/classifier/conf"), "*.yaml", SearchOption.AllDirectories)])
            _folder.Write(Path.GetRelativePath(Repository.Path("examples"), file), File.ReadAllText(file));
        int commands = ConsolePage.Check("README.md", project, ("weft", WeftProgram.Binary));
        Assert.True(commands >= 14);
    }

    /// <summary>Files of a page are blocks that begin with their language and path: <c>```yaml conf/config.yaml</c>.</summary>
    [Theory]
    [InlineData("composition")]
    [InlineData("overrides")]
    [InlineData("interpolation")]
    public void The_files_of_a_page_about_configurations_give_what_it_shows(string name)
    {
        string page = $"docs/concepts/{name}.md";
        foreach (Match file in PageFile().Matches(File.ReadAllText(Repository.Path(page))))
            _folder.Write(file.Groups[1].Value, file.Groups[2].Value);
        Assert.InRange(ConsolePage.Check(page, _folder.Root, ("weft", WeftProgram.Binary)), 3, 20);
    }

    [Theory]
    [InlineData("artifacts")]
    [InlineData("plans")]
    [InlineData("workspaces")]
    public void The_pages_about_graphs_are_real_output(string name) =>
        Assert.InRange(ConsolePage.Check($"docs/concepts/{name}.md", _folder.Root, ("weft", WeftProgram.Binary)), 4, 20);

    [Fact]
    public void The_guide_to_a_first_study_is_real_output()
    {
        foreach (string file in Directory.GetFiles(Repository.Path("examples/digits/study")))
            File.Copy(file, _folder.Path(Path.GetFileName(file)));
        Assert.True(ConsolePage.Check("docs/guides/first-study.md", _folder.Root, ("weft", WeftProgram.Binary)) >= 12);
    }

    [Fact]
    public void The_guide_for_those_who_come_from_HydraFlow_is_real_output()
    {
        File.Copy(Repository.Path("tests/Weft.EndToEnd/Programs/hydra_app.py"), _folder.Path("app.py"));
        Assert.True(ConsolePage.Check("docs/guides/coming-from-hydraflow.md", _folder.Root, ("weft", WeftProgram.Binary)) >= 12);
    }

    [Fact]
    public void The_guide_to_import_and_export_is_real_output()
    {
        string project = _folder.Path("project");
        void Write(string file, string text) => _folder.Write("project/mlruns/" + file, text);
        Write("1/meta.yaml", "artifact_location: /data/mlruns/1\ncreation_time: 1\nexperiment_id: '1'\nlast_update_time: 1\nlifecycle_stage: active\nname: iris\n");
        foreach ((string id, string name, string rate, string accuracy, long start) in (IEnumerable<(string, string, string, string, long)>)[("a1", "wise-owl", "0.1", "0.9", 1_795_168_920_000), ("b2", "shy-fox", "0.2", "0.7", 1_795_168_800_000)])
        {
            Write($"1/{id}/meta.yaml", $"artifact_uri: /data/mlruns/1/{id}/artifacts\nend_time: {start + 90_000}\nexperiment_id: '1'\nlifecycle_stage: active\nrun_id: {id}\nrun_name: {name}\nstart_time: {start}\nstatus: 3\nuser_id: anna\n");
            Write($"1/{id}/params/lr", rate);
            Write($"1/{id}/metrics/acc", $"1 0.5 0\n2 {accuracy} 1\n");
        }
        Write("models/clf/meta.yaml", "creation_timestamp: 1\nlast_updated_timestamp: 1\nname: clf\n");
        int commands = ConsolePage.Check("docs/guides/import-export.md", project, ("weft", WeftProgram.Binary));
        Assert.Equal(5, commands);
    }

    [Fact]
    public void Every_link_between_pages_resolves()
    {
        string[] pages = [.. Directory.GetFiles(Repository.Path("docs"), "*.md", SearchOption.AllDirectories), Repository.Path("README.md"), Repository.Path("CONTRIBUTING.md")];
        string[] broken = [.. pages.SelectMany(page => Link().Matches(File.ReadAllText(page))
            .Select(match => match.Groups[1].Value.Split('#')[0])
            .Where(target => target.Length > 0 && !target.Contains("://", StringComparison.Ordinal) && !Path.Exists(Path.Combine(Path.GetDirectoryName(page)!, target)))
            .Select(target => $"{Path.GetFileName(page)} -> {target}"))];
        Assert.Empty(broken);
    }

    [Fact]
    public void Every_excerpt_of_an_example_is_verbatim()
    {
        (string Page, string File, string Code)[] excerpts = [.. Directory.GetFiles(Repository.Path("docs"), "*.md", SearchOption.AllDirectories).Append(Repository.Path("README.md"))
            .SelectMany(page => Excerpt().Matches(File.ReadAllText(page)).Select(match => (Path.GetFileName(page), match.Groups[1].Value, match.Groups[2].Value)))];
        Assert.NotEmpty(excerpts);
        Assert.All(excerpts, excerpt => Assert.Contains(excerpt.Code, File.ReadAllText(Repository.Path(excerpt.File))));
    }

    [GeneratedRegex(@"```cs (\S+)\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Excerpt();

    [GeneratedRegex(@"```(?:yaml|py) (\S+)\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex PageFile();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();
}
