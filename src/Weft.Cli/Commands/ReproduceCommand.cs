using System.Text.Json;
using Weft.Cli.CommandLine;
using Weft.Execution;
using Weft.Expressions;
using Weft.Records;
using Weft.Secrets;
using Weft.Snapshots;
using Weft.Text;
using Weft.Workflows;

namespace Weft.Cli.Commands;

/// <summary><c>weft reproduce</c>: brings back the tree that an execution ran with, uncommitted changes included, and runs its plan there.</summary>
internal static class ReproduceCommand
{
    private static readonly Flag Output = new("output", 'o', "DIR", "the folder for the tree (.weft/reproduced/NAME)");

    public static readonly Command Command = new("reproduce", "bring back the tree of an execution and run it again there", "REF", [Output, RunFlags.Parallel], Run)
    {
        Count = (1, 1),
        Detail = "The tree is that of the commit with the changes and the untracked files of that time; without git, that of the source\nfiles. Inputs that are no part of it are taken as they are now, and named.",
        Examples = [("weft reproduce wet-mongoose-1", "in a folder below .weft"), ("weft reproduce @champion -o /tmp/again", "elsewhere")],
    };

    private static int Run(Arguments arguments, Session session)
    {
        int parallel = arguments.Int(RunFlags.Parallel, least: 1) ?? 1;
        string root = Launch.FindRoot(arguments, session);
        using ProjectStore store = ProjectStore.OpenExisting(root, session);
        ExecutionRow row = Address.Find(store, arguments.Words[0]).Execution;
        string target = Path.GetFullPath(arguments.Value(Output) ?? Path.Combine(store.Place.StateFolder, "reproduced", row.Name), Launch.WorkingFolder(arguments, session));
        if (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any())
            throw new DiagnosticException("reproduce/not-empty", $"`{target}` is there already and not empty", arguments.SourceOf(Output)?.Whole, "remove it, or name another folder with `-o DIR`");
        IReadOnlyList<string> missing = Restore(store, row, target, arguments.Words[0]);
        foreach (string path in missing)
            session.Say($"warning: the content of {path} was not kept: it is as in the commit, or not there");
        session.Say($"the tree of {row.Name} is in {Path.GetRelativePath(session.Surroundings.WorkingFolder, target)}");

        Plan plan = store.PlanOf(row);
        foreach (string path in AddInputs(plan, root, target))
            session.Say($"{path} is no part of the code: it is taken as it is now");
        using ProjectStore again = ProjectStore.Open(target, session, toWrite: true);
        // Encrypted as they are: the key is the user's.
        string secrets = SecretStore.FileIn(store.Place.StateFolder);
        if (File.Exists(secrets))
            File.Copy(secrets, SecretStore.FileIn(again.Place.StateFolder), overwrite: true);
        var code = new CodeState(again);
        using ExecutionStart start = again.Executions.Start(new ExecutionRequest { Definition = row.Definition, Plan = plan, PlanBody = PlanJson.Write(plan), Snapshot = code.Take, Fresh = true });
        session.Say($"{start.Execution.Name} runs the plan of {row.Name}");
        return Foreground.Run(again, start, plan, new ForegroundOptions(parallel, IgnoreResources: false, CacheMode.Overwrite, code), session);
    }

    /// <summary>Copies the inputs from the project's folder that the tree does not have: data that git ignores, or that is no source.</summary>
    /// <returns>Their paths.</returns>
    private static List<string> AddInputs(Plan plan, string root, string target)
    {
        var added = new List<string>();
        IEnumerable<Expr.Ref> references = plan.Closure.Workflows.Values.SelectMany(workflow => workflow.Nodes).SelectMany(WorkflowShape.Expressions).SelectMany(Evaluator.References);
        foreach (string path in references.Where(one => one is { Root: Root.Outside, Path: [{ Name: Outside.File }, ..] }).Select(one => one.Path[1].Name!).Distinct(StringComparer.Ordinal))
        {
            // Those outside the project lie where they lay.
            string from = Path.GetFullPath(path, root), to = Path.GetFullPath(path, target);
            if (path.StartsWith('~') || !from.StartsWith(root + "/", StringComparison.Ordinal) || Path.Exists(to) || !Path.Exists(from))
                continue;
            OutputCopy.Live(from, to);
            added.Add(path);
        }
        return added;
    }

    private static IReadOnlyList<string> Restore(ProjectStore store, ExecutionRow row, string target, Source word)
    {
        string file = Path.Combine(store.Place.StateFolder, "snapshots", row.Snapshot + ".json");
        if (row.Snapshot is null || !File.Exists(file))
            throw new DiagnosticException("reproduce/no-tree", $"the state of the code was not kept with {row.Name}", word.Whole);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
        try
        {
            return new SnapshotContents(store.Root, store.Blobs).Restore(CodeSnapshot.Read(document.RootElement), target, CancellationToken.None);
        }
        catch (IOException error)
        {
            throw new DiagnosticException("reproduce/tree", $"the tree of {row.Name} cannot be brought back: {error.Message}", word.Whole);
        }
    }
}
