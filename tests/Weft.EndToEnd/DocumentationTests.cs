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
        foreach (string file in Directory.GetFiles(Repository.Path("examples/digits")))
            File.Copy(file, Path.Combine(project, Path.GetFileName(file)));
        int commands = ConsolePage.Check("README.md", project, ("weft", WeftProgram.Binary));
        Assert.True(commands >= 6);
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

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();
}
