using System.Text.Json;
using Weft.Snapshots;
using Weft.Storage;
using Weft.Text;
using Weft.Workflows;

namespace Weft.Cli;

/// <summary>A plan in a file, with the state of the code that it was made for: a contract that is kept as it is, or refused with what has changed since.</summary>
internal static class PlanFile
{
    private const int MostNamed = 10;

    public static void Write(string file, Plan plan, string root)
    {
        using FileStream stream = File.Create(file);
        using var json = new Utf8JsonWriter(stream);
        json.WriteStartObject();
        json.WritePropertyName("plan");
        PlanJson.Write(json, plan);
        json.WritePropertyName("code");
        CodeOf(root, file).Write(json);
        json.WriteEndObject();
    }

    /// <summary>The state of the project's code without the plan file itself, which may lie among it.</summary>
    private static CodeSnapshot CodeOf(string root, string file)
    {
        CodeSnapshot snapshot = new SnapshotReader(root, FileHashes.Read).Take(CancellationToken.None);
        return snapshot with { Files = snapshot.Files.Remove(Path.GetRelativePath(root, file)) };
    }

    /// <summary>Reads a plan and makes sure that it still holds.</summary>
    /// <exception cref="DiagnosticException">It is no plan, or something that it relies on has changed.</exception>
    public static Plan Read(Source word, string root, Session session, TimeProvider clock)
    {
        string file = Path.GetFullPath(word.Text, session.Surroundings.WorkingFolder);
        if (!File.Exists(file))
            throw new DiagnosticException("plan/no-file", $"there is no file `{word.Text}`", word.Whole, "`weft plan NAME -o FILE` makes one");
        Plan plan;
        CodeSnapshot code;
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file), new JsonDocumentOptions { MaxDepth = 1000 });
            plan = PlanJson.Read(document.RootElement.GetProperty("plan"));
            code = CodeSnapshot.Read(document.RootElement.GetProperty("code"));
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
        {
            throw new DiagnosticException("plan/unreadable", $"`{word.Text}` is no plan of this version: {error.Message}", word.Whole);
        }
        Check(plan, code, file, word, root, session, clock);
        return plan;
    }

    private static void Check(Plan plan, CodeSnapshot code, string file, Source word, string root, Session session, TimeProvider clock)
    {
        var problems = new Diagnostics();
        Facts facts = PlanFacts.Of(root, plan.Root.Project, plan.Root.Store, CacheMode.Enabled, session, clock);
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
        IReadOnlyList<string> files = CodeOf(root, file).ChangedSince(code, (a, b) => new SnapshotReader(root, FileHashes.Read).ChangedBetween(a, b, CancellationToken.None));
        foreach (string path in files.Take(MostNamed))
            changed = changed.WithNote($"`{path}` changed", null);
        if (files.Count > MostNamed)
            changed = changed.WithNote($"so did {files.Count - MostNamed} more files", null);
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
