using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Weft.Support;

/// <summary>
/// Compares a long text with the file beside the test, <c>Test.NAME.txt</c>. With UPDATE_SNAPSHOTS=1 the file is written instead: read the
/// difference before it is committed. Ids, times and paths are made equal by the filters first.
/// </summary>
public static partial class Snapshot
{
    public static void Match(string text, string name, [CallerFilePath] string caller = "")
    {
        string file = Path.Combine(Path.GetDirectoryName(caller)!, $"{Path.GetFileNameWithoutExtension(caller)}.{name}.txt");
        string actual = Filter(text);
        if (Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") == "1")
        {
            File.WriteAllText(file, actual);
            return;
        }
        string expected = File.Exists(file) ? File.ReadAllText(file) : "";
        if (expected != actual)
            throw new InvalidOperationException($"{Path.GetFileName(file)} differs; expected:\n{expected}\nfound:\n{actual}");
    }

    /// <summary>ULIDs, memorable names, clock times and durations replaced by placeholders.</summary>
    public static string Filter(string text)
    {
        text = text.Replace(Repository.Root, "<REPO>", StringComparison.Ordinal);
        text = UlidText().Replace(text, "<ULID>");
        text = TimeText().Replace(text, "<TIME>");
        text = NameText().Replace(text, "<NAME>");
        return DurationText().Replace(text, "<DURATION>");
    }

    [GeneratedRegex(@"\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b")]
    private static partial Regex UlidText();

    [GeneratedRegex(@"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?")]
    private static partial Regex TimeText();

    [GeneratedRegex(@"\b[a-z]+-[a-z]+-\d+\b")]
    private static partial Regex NameText();

    [GeneratedRegex(@"\b\d+(\.\d+)? ?(ms|s|min|h)\b")]
    private static partial Regex DurationText();
}
