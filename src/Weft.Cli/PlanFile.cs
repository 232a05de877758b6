using System.Text.Json;
using Weft.Snapshots;
using Weft.Storage;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Cli;

/// <summary>A plan in a file: a contract that is kept as it is, or refused with what has changed since.</summary>
internal static class PlanFile
{
    /// <summary>The state of the project's code without the plan file itself, which may lie among it.</summary>
    public static Digest CodeOf(string root, string file)
    {
        CodeSnapshot snapshot = new SnapshotReader(root, FileHashes.Read).Take(CancellationToken.None);
        return (snapshot with { Files = snapshot.Files.Remove(Path.GetRelativePath(root, file)) }).Id;
    }

    /// <summary>Reads a plan and makes sure that it still holds.</summary>
    /// <exception cref="DiagnosticException">It is no plan, or something that it relies on has changed.</exception>
    public static Plan Read(Source word, string root, Session session, TimeProvider clock)
    {
        string file = Path.GetFullPath(word.Text, session.Surroundings.WorkingFolder);
        if (!File.Exists(file))
            throw new DiagnosticException("plan/no-file", $"there is no file `{word.Text}`", word.Whole, "`weft plan NAME -o FILE` makes one");
        Plan plan;
        try
        {
            plan = PlanJson.Read(File.ReadAllBytes(file));
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
        {
            throw new DiagnosticException("plan/unreadable", $"`{word.Text}` is no plan of this version: {error.Message}", word.Whole);
        }
        Check(plan, file, word, root, session, clock);
        return plan;
    }

    private static void Check(Plan plan, string file, Source word, string root, Session session, TimeProvider clock)
    {
        var problems = new Diagnostics();
        Facts facts = PlanFacts.Of(root, plan.Root.Project, CacheMode.Enabled, session.Surroundings, clock);
        Plan? now = Planner.Plan(plan.Closure, plan.Workflow, plan.Inputs, facts, problems);
        if (now is null)
            throw new DiagnosticException(problems);
        var changed = new Diagnostic("plan/changed", $"the plan in `{word.Text}` does not hold any more", word.Whole) { Hint = "plan again, and look at what changed: `weft plan`" };
        int before = changed.Notes.Length;
        foreach (PlanNode node in plan.Nodes)
        {
            string planned = Words(node.Forecast), found = now.Find(node.Path) is { } other ? Words(other.Forecast) : "not be there";
            if (planned != found)
                changed = changed.WithNote($"`{node.Path}` was to {planned}, now it would {found}", null);
        }
        if (plan.Code is { } code && code != CodeOf(root, file))
            changed = changed.WithNote("files of the project changed", null);
        if (changed.Notes.Length > before)
            throw new DiagnosticException(changed);
    }

    private static string Words(Forecast forecast) => forecast switch
    {
        Forecast.Run { Reused: > 0 } run => $"run all but {run.Reused} points",
        Forecast.Run => "run",
        Forecast.Reuse reuse => $"be reused ({reuse.Key})",
        Forecast.Skip => "be skipped",
        Forecast.Depends depends => "depend on " + string.Join(", ", depends.On.Select(path => path.IsRoot ? "inputs" : path.Text)),
        _ => "",
    };
}
