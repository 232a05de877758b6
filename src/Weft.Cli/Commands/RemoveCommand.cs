using System.Collections.Immutable;
using Weft.Cli.CommandLine;
using Weft.Cli.Terminal;
using Weft.Records;
using Weft.Storage;
using Weft.Text;
using Weft.Tracking;
using Weft.Values;

namespace Weft.Cli.Commands;

/// <summary><c>weft rm</c>: deletes executions with their logs and results, or puts runs into the waste-paper basket.</summary>
internal static class RemoveCommand
{
    private static readonly Flag Runs = new("runs", null, null, "put the recorded runs of the executions into the basket too");

    private static readonly Flag DryRun = new("dry-run", 'n', null, "say what would be deleted, delete nothing");

    public static readonly Command Command = new("rm", "delete executions with their logs, or recorded runs", "REF …", [Runs, DryRun], Run)
    {
        Count = (1, int.MaxValue),
        Detail = "An execution that runs, and one that a tag names, is refused. Its recorded runs stay in `weft runs` unless --runs is given.\nThe start of a run's id deletes that run alone; deleted runs can be restored by MLflow's clients.",
        Examples = [("weft rm wet-mongoose-1", "its logs and results; its runs stay"), ("weft rm - --runs --dry-run", "what would go")],
    };

    private static int Run(Arguments arguments, Session session)
    {
        using ProjectStore store = ProjectStore.OpenExisting(Launch.FindRoot(arguments, session), session, toWrite: true);
        TrackingStore tracking = new(store.Connect, new TrackingOptions("mlruns"), TimeProvider.System);
        try
        {
            var problems = new Diagnostics();
            var executions = new List<ExecutionRow>();
            var runs = new List<RunInfo>();
            foreach (Source word in arguments.Words)
            {
                try
                {
                    Resolve(store, tracking, word, arguments.Has(Runs), executions, runs, problems);
                }
                catch (DiagnosticException unknown)
                {
                    problems.AddRange(unknown.Diagnostics);
                }
            }
            if (problems.HasErrors)
                throw new DiagnosticException(problems);
            Delete(store, tracking, executions, runs, arguments.Has(DryRun), session);
        }
        finally
        {
            tracking.DisposeAsync().AsTask().Wait();
        }
        return ExitCodes.Succeeded;
    }

    private static void Resolve(ProjectStore store, TrackingStore tracking, Source word, bool withRuns, List<ExecutionRow> executions, List<RunInfo> runs, Diagnostics problems)
    {
        ImmutableArray<RunInfo> byId = word.Text.All(char.IsAsciiHexDigitLower) && word.Text.Length >= 6 ? tracking.Runs.FindByPrefix(word.Text) : [];
        if (!byId.IsEmpty)
        {
            runs.AddRange(RunAddress.Find(store, tracking, word));
            return;
        }
        Address address = Address.Find(store, word);
        if (address.Path is not null)
            problems.Error("rm/node", $"`{word.Text}` is a part of {address.Execution.Name}: executions are deleted as a whole", word.Whole, $"`weft rm {address.Execution.Name}`");
        else if (store.Executions.OwnerOf(address.Execution) is { } owner)
            problems.Error("rm/running", $"{address.Execution.Name} runs in {owner}", word.Whole, $"`weft stop {address.Execution.Name}` ends it");
        else if (store.Catalog.Tags(address.Execution.Id) is [var tag, ..])
            problems.Error("rm/tagged", $"the tag `{tag.Name}` names {address.Execution.Name}", word.Whole, $"`weft tag {tag.Name} --delete` takes the tag away");
        else if (!executions.Exists(one => one.Id == address.Execution.Id))
        {
            executions.Add(address.Execution);
            if (withRuns)
                runs.AddRange(tracking.Runs.OfExecution(address.Execution.Id));
        }
    }

    private static void Delete(ProjectStore store, TrackingStore tracking, List<ExecutionRow> executions, List<RunInfo> runs, bool isDry, Session session)
    {
        long bytes = executions.Sum(execution => FolderSize.Of(store.Place.FolderOf(execution.Id).Root));
        if (!isDry)
        {
            foreach (RunInfo run in runs)
                tracking.Runs.DeleteAsync(run.Id).Wait();
            foreach (ExecutionRow execution in executions)
                ExecutionRemoval.Remove(store, execution.Id);
        }
        if (session.Json)
        {
            session.WriteJson(json =>
            {
                json.WriteStartObject();
                json.WriteBoolean("dryRun", isDry);
                json.WriteStartArray("executions");
                foreach (ExecutionRow execution in executions)
                    json.WriteStringValue(execution.Name);
                json.WriteEndArray();
                json.WriteStartArray("runs");
                foreach (RunInfo run in runs)
                    json.WriteStringValue(run.Id.Value);
                json.WriteEndArray();
                json.WriteNumber("bytes", bytes);
                json.WriteEndObject();
            });
            return;
        }
        string what = string.Join(" and ", ((string[])[executions.Count > 0 ? Amounts.Count(executions.Count, "execution") : "", runs.Count > 0 ? Amounts.Count(runs.Count, "run") : ""]).Where(part => part.Length > 0));
        session.Say($"{(isDry ? "would delete" : "deleted")} {what}{(executions.Count > 0 ? $", {new ByteSize(bytes)}" : "")}");
    }
}
