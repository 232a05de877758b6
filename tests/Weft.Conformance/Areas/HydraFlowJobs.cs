using System.Text.Json;
using System.Text.RegularExpressions;
using Weft.Dialects;
using Weft.Dialects.HydraFlow;
using Weft.Text;

namespace Weft.Conformance.Areas;

/// <summary>
/// Judges whole jobs: the argument lists and the text of a dry run. Where ours are not the recorded ones, the naive expansion must give the
/// recorded lists by the original's rules and ours by the rulings of this project.
/// </summary>
internal static partial class HydraFlowJobs
{
    private const string Ulid = "01JABCDEFGHJKMNPQRSTVWXYZ0";

    private static readonly Dictionary<string, string> NoVariables = [];

    public static IEnumerable<CaseResult> Judge(JsonElement document)
    {
        string version = document.GetProperty("version").GetString()!;
        string release = version[..version.LastIndexOf('.')];
        return document.GetProperty("vectors").EnumerateArray().Select(one => Judge(one, release));
    }

    private static CaseResult Judge(JsonElement one, string release)
    {
        string id = one.GetProperty("id").GetString()!;
        JsonElement dryRun = one.GetProperty("dry_run");
        bool isFailure = dryRun.GetProperty("exit_code").GetInt32() != 0;
        string expected = isFailure ? "error" : HydraFlowSyntax.Write(one.GetProperty("batches"));
        string? yaml = one.GetProperty("yaml").GetString();
        string job = one.GetProperty("job").GetString()!;
        string[] extra = [.. one.GetProperty("extra_args").EnumerateArray().Select(word => word.GetString()!)];
        (string ours, string text) = Ours(yaml, job, extra);

        if (ours == expected)
        {
            string recorded = isFailure ? "" : dryRun.GetProperty("stdout").GetString()!;
            if (isFailure || text == recorded)
                return new CaseResult(id, Verdict.Passed);
            // Releases 0.10 and 0.11 printed words without quotes, and calls on two lines.
            if (release is "0.10" or "0.11" && text == TodaysText(one.GetProperty("batches"), yaml!, job, extra))
                return new CaseResult(id, Verdict.KnownDifference, "the text of a dry run is that of today's release, with words quoted as a shell needs them");
            return new CaseResult(id, Verdict.Failed, $"dry run: expected {recorded}, got {text}");
        }
        if (isFailure && one.TryGetProperty("mode", out JsonElement mode) && mode.GetString() == "call" && one.TryGetProperty("batches", out JsonElement batches) && ours == HydraFlowSyntax.Write(batches))
            return new CaseResult(id, Verdict.KnownDifference, "a dry run runs no code of the user, so a function that cannot be imported is found when it is called");
        if (yaml is not null && Naive(new NaiveJob(new NaiveSweep(false, release != "0.23"), release, isRuled: false), yaml, job) is var original
            && original == expected && Naive(new NaiveJob(new NaiveSweep(true, IsOlder(yaml, release)), release, isRuled: true), yaml, job) == ours)
        {
            return new CaseResult(id, Verdict.KnownDifference, "files of every generation are read, with the order and grouping that HydraFlow's pages show and exact ranges");
        }
        return new CaseResult(id, Verdict.Failed, $"expected {expected}, got {ours}");
    }

    private static string TodaysText(JsonElement batches, string yaml, string jobKey, string[] extra)
    {
        HydraFlowJob job = HydraFlowReader.Read(new Source("hydraflow.yaml", yaml), NoVariables, new Diagnostics())!.Jobs.First(one => one.Key == jobKey);
        List<string> command = [.. Words(job.Command!.Text), .. extra];
        IEnumerable<List<string>> lists = batches.EnumerateArray().Select(list => list.EnumerateArray().Select(word => word.GetString()!).ToList());
        return string.Concat(lists.Select(list => job.Kind == JobKind.Call
            ? $"{command[0]}([{string.Join(", ", command.Skip(1).Concat(list).Select(word => $"'{word}'"))}])\n"
            : ShellWords.Join([.. command, .. list]).Replace("'hydra.sweep.dir=multirun/<ULID>'", "hydra.sweep.dir=multirun/<ULID>") + "\n"));
    }

    private static bool IsOlder(string yaml, string release) => release != "0.23" || yaml.Contains("steps:", StringComparison.Ordinal);

    private static (string Lists, string Text) Ours(string? yaml, string jobKey, string[] extra)
    {
        var diagnostics = new Diagnostics();
        HydraFlowFile? file = yaml is null ? null : HydraFlowReader.Read(new Source("hydraflow.yaml", yaml), NoVariables, diagnostics);
        if (file?.Jobs.FirstOrDefault(job => job.Key == jobKey) is not { } job)
            return ("error", "");
        if (new JobRunnable(job, "<CWD>").Prepare(new Arguments { Extra = [.. extra] }, diagnostics) is not { } prepared)
            return ("error", "");
        int command = job.Kind == JobKind.Submit ? 0 : Words(job.Command!.Text).Count + extra.Length;
        var lists = prepared.Words(Ulid).Select(words => words.Skip(command).Select(Normal));
        // A submitted file has no line feed at its end; the original's printing adds one.
        string text = string.Concat(prepared.DryRun(Ulid).Select(line => Normal(line) + "\n"));
        return (HydraFlowSyntax.Write(JsonSerializer.SerializeToElement(lists)), text);
    }

    private static string Naive(NaiveJob naive, string yaml, string job)
    {
        try
        {
            return naive.Expand(yaml, job) is { } lists ? HydraFlowSyntax.Write(JsonSerializer.SerializeToElement(lists)) : "error";
        }
        catch (NaiveSweep.Wrong)
        {
            return "error";
        }
    }

    private static List<string> Words(string text) => [.. ShellWords.Split(Excerpt.OfArgument(1, text), new Diagnostics()).Select(word => word.Text)];

    private static string Normal(string text) => TemporaryFile().Replace(SweepFolder().Replace(text, "multirun/<ULID>"), "<CWD>/tmp<RANDOM>");

    [GeneratedRegex("multirun/[0-9A-HJKMNP-TV-Z]{26}")]
    private static partial Regex SweepFolder();

    [GeneratedRegex("'?<CWD>/tmp[a-z0-9_]{8}'?")]
    private static partial Regex TemporaryFile();
}
