using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Weft.Platform;
using Weft.Support;

namespace Weft.Conformance.Areas;

/// <summary>
/// Judges HydraFlow's command line by the real program: each case gets a folder with its files, and children that note how they were called. Words for the
/// program stand after <c>--</c> here. What a case prints when it fails is not compared, only that it fails and starts what it should.
/// </summary>
internal static partial class HydraFlowCli
{
    private static readonly string Program = Environment.GetEnvironmentVariable("WEFT_BINARY") is { Length: > 0 } given ? given : Path.Combine(AppContext.BaseDirectory, "Weft.Cli");

    private static readonly JsonSerializerOptions PlainJson = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static IEnumerable<CaseResult> Judge(JsonElement document) =>
        document.GetProperty("vectors").EnumerateArray().AsParallel().AsOrdered().WithDegreeOfParallelism(2).Select(JudgeOne).ToList();

    private static CaseResult JudgeOne(JsonElement json)
    {
        using var place = new TemporaryFolder();
        Recorded recorded = Recorded.Read(json);
        recorded.Lay(place);
        (string[] words, bool isMoved) = OurWords(recorded.Words);
        Ours ours = Ours.Run(recorded, place, words);
        string? differs = Difference(recorded, ours);
        if (differs is null)
        {
            return isMoved
                ? new CaseResult(recorded.Id, Verdict.KnownDifference, "words for the program stand after `--`, so that a mistyped flag is refused and not passed on")
                : new CaseResult(recorded.Id, Verdict.Passed);
        }
        return KnownDifference(recorded, ours) is { } reason
            ? new CaseResult(recorded.Id, Verdict.KnownDifference, reason)
            : new CaseResult(recorded.Id, Verdict.Failed, $"weft {string.Join(' ', words)}: {differs}\n{ours.Out}{ours.Error}");
    }

    /// <summary><c>run NAME WORDS [--dry-run]</c> becomes <c>run NAME [--dry-run] -- WORDS</c>.</summary>
    private static (string[] Words, bool IsMoved) OurWords(string[] words)
    {
        if (words is not ["run", ..])
            return (words, false);
        int end = Array.IndexOf(words, "--");
        string[] before = end < 0 ? words[1..] : words[1..end];
        string[] typed = [.. before.Where(word => word != "--dry-run")];
        string[] extra = [.. typed.Skip(1), .. end < 0 ? [] : words[(end + 1)..]];
        string[] ours = ["run", .. typed.Take(1), .. before.Contains("--dry-run") ? ["--dry-run"] : Array.Empty<string>(), .. extra.Length > 0 ? ["--", .. extra] : Array.Empty<string>()];
        return (ours, typed.Length > 1);
    }

    /// <summary>The first thing that is not as recorded, or null.</summary>
    private static string? Difference(Recorded recorded, Ours ours)
    {
        if (recorded.Fails != (ours.ExitCode != 0))
            return $"exit code {ours.ExitCode}";
        if (!recorded.Calls.SequenceEqual(ours.Calls))
            return $"expected the calls {string.Join(" | ", recorded.Calls)}, got {string.Join(" | ", ours.Calls)}";
        if (recorded.FilesLeft != ours.FilesLeft)
            return $"{ours.FilesLeft} temporary files are left";
        if (!recorded.Fails && recorded.Out is { } text && text != Normal(ours.Out, ours.Folder))
            return $"expected {text}";
        return recorded.Parts.FirstOrDefault(part => !ours.Out.Contains(part, StringComparison.Ordinal)) is { } missing ? $"`{missing}` was not printed" : null;
    }

    /// <summary>The rule by which ours is another outcome, with what ours must be then; null when there is none.</summary>
    private static string? KnownDifference(Recorded recorded, Ours ours)
    {
        bool succeeds = ours.ExitCode == 0;
        switch (recorded.Words)
        {
            case []:
                return succeeds && ours.Out.Contains("weft run", StringComparison.Ordinal) ? "without words the commands are listed" : null;
            case ["--version"]:
                return succeeds && VersionLine().IsMatch(ours.Out) ? "the name and the version are ours" : null;
            case [.., "--help"]:
                return succeeds && ours.Out.Contains("usage", StringComparison.OrdinalIgnoreCase) ? "help texts are ours" : null;
            case ["show", ..] when !recorded.Fails:
                return (succeeds || ours.Error.StartsWith("error: ", StringComparison.Ordinal)) && JobNames(recorded.Out!).All(name => ours.Out.Contains($"{name}: hydraflow", StringComparison.Ordinal)) ? "`show` says what a job is, what it would run and what is wrong with it; the file itself can be read" : null;
            case ["run", ..] when recorded.Out?.StartsWith("Job not found", StringComparison.Ordinal) == true && recorded.Folder.Length > 0:
                return succeeds && ours.Out.Length > 0 ? "the file is looked for in the folders above too" : null;
        }
        bool startsAsRecorded = recorded.Calls.SequenceEqual(ours.Calls.Take(recorded.Calls.Length));
        if (recorded.Exception.Length > 0 && recorded.Words.Contains("--dry-run") && succeeds && ours.Calls.Length == 0)
            return "a dry run runs none of the user's code, so a function that cannot be imported is found when it is to be called";
        if (Account().Match(ours.Error) is { Success: true } account && startsAsRecorded && ours.ExitCode == 1 && ours.Calls.Length == Number(account, 1) + Number(account, 2))
            return "a command that fails fails the run; the others are run all the same, until too many have failed";
        if (recorded.Exception is { Length: > 0 } error && (error.StartsWith("Unicode", StringComparison.Ordinal) || error.Contains("limit", StringComparison.Ordinal)) && startsAsRecorded && succeeds)
            return "programs may write what they like";
        if (startsAsRecorded && recorded.Fails != succeeds && recorded.Parts.Length > 0 && ours.Out == ours.ReadLogs())
            return "what programs write is shown as it is";
        return null;
    }

    private static int Number(Match match, int group) => int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    private static IEnumerable<string> JobNames(string shown) => shown.StartsWith("jobs:", StringComparison.Ordinal)
        ? JobKey().Matches(shown).Select(match => match.Groups[1].Value)
        : NameLine().Matches(shown).Select(match => match.Groups[1].Value);

    private static string Normal(string text, string folder) =>
        TemporaryFile().Replace(SweepFolder().Replace(text.Replace(folder, "<CWD>", StringComparison.Ordinal), "multirun/<ULID>"), "<CWD>/tmp<RANDOM>");

    private static string JsonText(JsonElement json) => JsonSerializer.Serialize(json, PlainJson);

    /// <summary>A case as it was recorded.</summary>
    /// <param name="Folder">Where the command is typed, relative to the case's folder.</param>
    /// <param name="Calls">What each child noted, as JSON.</param>
    /// <param name="Out">The whole standard output; null where it was not recorded.</param>
    /// <param name="Parts">Texts that are in the output.</param>
    private sealed record Recorded(string Id, string? Yaml, string Folder, string[] Words, bool Fails, string[] Calls, string? Out, string[] Parts, string Exception, int FilesLeft, JsonElement Files)
    {
        public static Recorded Read(JsonElement json) => new(
            json.GetProperty("id").GetString()!,
            json.GetProperty("yaml").GetString(),
            json.TryGetProperty("cwd", out JsonElement folder) ? folder.GetString()! : "",
            Texts(json, "argv"),
            json.GetProperty("exit_code").GetInt32() != 0,
            json.TryGetProperty("child_invocations", out JsonElement calls) ? [.. calls.EnumerateArray().Select(call => JsonText(call))] : [],
            json.TryGetProperty("stdout", out JsonElement text) ? text.GetString() : null,
            Texts(json, "stdout_contains"),
            json.TryGetProperty("uncaught_exception", out JsonElement error) ? error.GetString()! : "",
            json.TryGetProperty("temp_files_left", out JsonElement left) ? left.GetInt32() : 0,
            json.TryGetProperty("files", out JsonElement files) ? files : default);

        public void Lay(TemporaryFolder place)
        {
            Directory.CreateDirectory(place.Path(Folder));
            if (Yaml is not null)
                place.Write("hydraflow.yaml", Yaml);
            if (Files.ValueKind != JsonValueKind.Object)
                return;
            foreach (JsonProperty file in Files.EnumerateObject())
                File.SetUnixFileMode(place.Write(file.Name, file.Value.GetString()!), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        private static string[] Texts(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement texts) ? [.. texts.EnumerateArray().Select(text => text.GetString()!)] : [];
    }

    /// <summary>What our program made of it.</summary>
    private sealed record Ours(string Folder, int ExitCode, string Out, string Error, string[] Calls, int FilesLeft)
    {
        public static Ours Run(Recorded recorded, TemporaryFolder place, string[] words)
        {
            string notes = place.Path("notes.jsonl");
            string folder = place.Path(recorded.Folder).TrimEnd('/');
            CommandResult result = Command.Run([Program, .. words], folder, Environment(notes), CancellationToken.None);
            string[] calls = File.Exists(notes) ? [.. File.ReadLines(notes).Select(line => Normal(JsonText(JsonDocument.Parse(line).RootElement), folder))] : [];
            return new Ours(folder, result.Status.Code, result.Text, result.Error, calls, Directory.GetFiles(folder, "tmp*").Length);
        }

        public string ReadLogs() => Command.Run([Program, "logs", "-"], Folder, Environment(""), CancellationToken.None).Text;

        private static EnvironmentBlock Environment(string notes) => EnvironmentBlock.Current().With([new("LOG", notes), new("PATH", "/usr/bin:/bin"), new("NO_COLOR", "1")]);
    }

    [GeneratedRegex("multirun/[0-9A-HJKMNP-TV-Z]{26}")]
    private static partial Regex SweepFolder();

    [GeneratedRegex("'?<CWD>/tmp[a-z0-9_]{8}'?")]
    private static partial Regex TemporaryFile();

    [GeneratedRegex(@"^weft \d+\.\d+\.\d+")]
    private static partial Regex VersionLine();

    [GeneratedRegex(@"(\d+) done, (\d+) failed")]
    private static partial Regex Account();

    [GeneratedRegex(@"^  (\S+):$", RegexOptions.Multiline)]
    private static partial Regex JobKey();

    [GeneratedRegex(@"^name: (\S+)$", RegexOptions.Multiline)]
    private static partial Regex NameLine();
}
