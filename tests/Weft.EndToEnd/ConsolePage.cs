using System.Text.RegularExpressions;
using Weft.Support;

namespace Weft.EndToEnd;

/// <summary>A page of the documentation whose console blocks are run and compared, in files that its blocks of the form <c>```yaml file=NAME</c> hold.</summary>
internal static partial class ConsolePage
{
    /// <summary>Runs every command of a page in a folder, in order, and compares what a terminal would show.</summary>
    /// <param name="programs">Programs that the commands call, by name.</param>
    /// <returns>How many commands were run.</returns>
    public static int Check(string page, string folder, params (string Name, string Path)[] programs)
    {
        using var path = new TemporaryFolder();
        foreach ((string name, string target) in programs)
            File.CreateSymbolicLink(path.Path(name), target);
        int commands = 0;
        foreach (Match block in Block().Matches(File.ReadAllText(Repository.Path(page))))
        {
            if (block.Groups["file"].Value is { Length: > 0 } file)
            {
                File.WriteAllText(Path.Combine(folder, file), block.Groups["text"].Value + "\n");
                continue;
            }
            foreach ((string command, string expected) in Commands(block.Value))
            {
                commands++;
                ProgramResult result = WeftProgram.Finish(WeftProgram.StartProgram(folder, [new("PATH", $"{path.Root}:/usr/bin:/bin"), new("TZ", "UTC"), new("XDG_CACHE_HOME", path.Path("cache"))], "bash", "-c", $"({command}) 2>&1"));
                Assert.True(Even(expected, folder) == Even(result.Out, folder), $"{page}\n$ {command}\nexpected:\n{expected}\nfound:\n{result.Out}");
            }
        }
        return commands;
    }

    /// <summary>Each line with <c>$ </c> in a console block, and the lines up to the next.</summary>
    public static IEnumerable<(string Command, string Output)> Commands(string page)
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

    /// <summary>What differs from run to run is made equal: ids, names, times (with a date when midnight has passed), and the width of columns that follows from them.</summary>
    private static string Even(string text, string folder) =>
        Blanks().Replace(RowNumber().Replace(Milliseconds().Replace(ClockTime().Replace(Snapshot.Filter(text.Replace(folder, "<FOLDER>", StringComparison.Ordinal)), "<TIME>"), "<TIME>"), "<NAME>/N"), " ").Trim();

    /// <summary>A console block, or the content of a file.</summary>
    [GeneratedRegex(@"^```(?:console|[a-z]+ file=(?<file>\S+))\n(?<text>.*?)\n```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Block();

    [GeneratedRegex(@"```console\n(.*?)\n```", RegexOptions.Singleline)]
    private static partial Regex Console();

    [GeneratedRegex(@"\b\d\d:\d\d:\d\d\b")]
    private static partial Regex ClockTime();

    [GeneratedRegex(@"<TIME>,\d\d\d")]
    private static partial Regex Milliseconds();

    /// <summary>Runs of equal accuracy come in the order in which they ended.</summary>
    [GeneratedRegex(@"<NAME>/\d+")]
    private static partial Regex RowNumber();

    [GeneratedRegex(@"[ \t]+")]
    private static partial Regex Blanks();
}
