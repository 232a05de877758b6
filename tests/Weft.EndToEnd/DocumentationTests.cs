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
        int commands = 0;
        foreach ((string command, string expected) in Commands(File.ReadAllText(Repository.Path("README.md"))))
        {
            commands++;
            string path = $"{Path.GetDirectoryName(WeftProgram.Binary)}:/usr/bin:/bin";
            // What a terminal would show: both streams.
            ProgramResult result = WeftProgram.Finish(WeftProgram.StartProgram(project, [new("PATH", path)], "sh", "-c", $"({command}) 2>&1"));
            Assert.True(Even(expected) == Even(result.Out), $"$ {command}\nexpected:\n{expected}\nfound:\n{result.Out}");
        }
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

    /// <summary>Each line with <c>$ </c> in a console block, and the lines up to the next.</summary>
    private static IEnumerable<(string Command, string Output)> Commands(string page)
    {
        foreach (Match block in Console().Matches(page))
        {
            foreach (string part in block.Groups[1].Value.Split("\n$ ").Select((part, i) => i == 0 ? part[2..] : part))
            {
                int end = part.IndexOf('\n');
                yield return end < 0 ? (part, "") : (part[..end], part[(end + 1)..]);
            }
        }
    }

    /// <summary>What differs from run to run is made equal: ids, names, times, and the width of columns that follows from them.</summary>
    private static string Even(string text) =>
        Blanks().Replace(RowNumber().Replace(ClockTime().Replace(Snapshot.Filter(text), "<CLOCK>"), "<NAME>/N"), " ").Trim();

    [GeneratedRegex(@"```console\n(.*?)\n```", RegexOptions.Singleline)]
    private static partial Regex Console();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\b\d\d:\d\d:\d\d\b")]
    private static partial Regex ClockTime();

    /// <summary>Runs of equal accuracy come in the order in which they ended.</summary>
    [GeneratedRegex(@"<NAME>/\d+")]
    private static partial Regex RowNumber();

    [GeneratedRegex(@"[ \t]+")]
    private static partial Regex Blanks();
}
