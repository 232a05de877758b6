using System.Globalization;
using System.Text;
using Weft.Cli.CommandLine;
using Weft.Cli.Terminal;
using Weft.Execution;
using Weft.Platform;
using Weft.Records;
using Weft.Storage;
using Weft.Text;
using Weft.Values;
using Weft.Workflows;

namespace Weft.Cli.Commands;

/// <summary>
/// <c>weft gc</c>: removes what nobody needs any more: stored content without a holder, run folders without an execution, states of the code that no attempt
/// ran with, what clones share and virtual environments that were not used for long; with <c>--older</c> executions too. What runs and what a tag names is never taken.
/// </summary>
internal static class CollectCommand
{
    private const int Page = 500;

    private static readonly Flag DryRun = new("dry-run", 'n', null, "say what would be removed, remove nothing");

    private static readonly Flag Older = new("older", null, "AGE", "executions and cached results of longer ago too, and Python environments not used since: 30d, 12h, 2w");

    public static readonly Command Command = new("gc", "remove stored content that nothing needs any more", "", [DryRun, Older], Run)
    {
        Count = (0, 0),
        Detail = "What was stored within the last day is kept in any case. Recorded runs stay; `weft rm` deletes them.",
        Examples = [("weft gc --dry-run", "how many bytes it would free"), ("weft gc --older 30d", "with the logs and results of old executions")],
    };

    /// <summary>One kind of thing that was removed.</summary>
    private readonly record struct Removed(string What, int Count, long Bytes);

    private static int Run(Arguments arguments, Session session)
    {
        DateTimeOffset? before = arguments.SourceOf(Older) is { } age ? TimeProvider.System.GetUtcNow() - ReadAge(age) : null;
        using ProjectStore store = ProjectStore.OpenExisting(Launch.FindRoot(arguments, session), session, toWrite: true);
        bool isDry = arguments.Has(DryRun);
        // Executions and cached results first: what they needed is then needed by nobody, whether they went or only would go.
        Removed executions = Executions(store, before, isDry, out HashSet<string> gone);
        Removed cached = Cached(store, before, isDry, out HashSet<string> forgotten);
        var retention = new Retention(store.Records.Database, store.Clock, gone);
        Removed[] removed = [executions, cached, Folders(store, isDry), Snapshots(store, retention, gone, isDry), Blobs(store, retention, forgotten, isDry), Shared(store, isDry, session), Environments(before, isDry, session)];
        if (!isDry)
            (store.Records.Database as Records.Sqlite.SqliteDatabase)?.Checkpoint(shrink: true);
        Print(removed, isDry, session);
        return ExitCodes.Succeeded;
    }

    private static Removed Executions(ProjectStore store, DateTimeOffset? before, bool isDry, out HashSet<string> gone)
    {
        gone = new HashSet<string>(StringComparer.Ordinal);
        int count = 0;
        long bytes = 0;
        string? last = null;
        while (before is { } limit && store.Catalog.List(unfinishedOnly: false, last, Page) is { Count: > 0 } page)
        {
            last = page[^1].Id.Value;
            foreach (ExecutionRow row in page.Where(row => row.Ended < limit && store.Catalog.Tags(row.Id).Count == 0 && store.Executions.OwnerOf(row) is null && !IsKept(store, row)))
            {
                long size = FolderSize.Of(store.Place.FolderOf(row.Id).Root);
                if (!isDry && !ExecutionRemoval.Remove(store, row.Id))
                    continue;
                gone.Add(row.Id.Value);
                count++;
                bytes += size;
            }
        }
        return new Removed("executions", count, bytes);
    }

    /// <summary>Whether one of its tasks asks that its outputs be kept longer than they have been.</summary>
    private static bool IsKept(ProjectStore store, ExecutionRow row)
    {
        if (store.Records.ReadPlan(row.Plan) is not { } plan)
            return false;
        TimeSpan? longest = PlanJson.Read(plan).Closure.Tasks.Values.Max(task => task.Keep);
        return longest is { } keep && row.Ended + keep > store.Clock.GetUtcNow();
    }

    private static Removed Cached(ProjectStore store, DateTimeOffset? before, bool isDry, out HashSet<string> forgotten)
    {
        forgotten = new HashSet<string>(StringComparer.Ordinal);
        string folder = new StateFolder(store.Place.StateFolder).Cache;
        int count = 0;
        long bytes = 0;
        foreach (FileInfo file in before is not null && Directory.Exists(folder) ? new DirectoryInfo(folder).GetFiles("*.json") : [])
        {
            if (file.LastWriteTimeUtc >= before!.Value.UtcDateTime)
                continue;
            forgotten.Add(Path.GetFileNameWithoutExtension(file.Name));
            count++;
            bytes += file.Length;
            if (!isDry)
                file.Delete();
        }
        return new Removed("cached results", count, bytes);
    }

    /// <summary>Folders of executions that are not in the records: a deletion that was interrupted. One that begins has its row before its folder.</summary>
    private static Removed Folders(ProjectStore store, bool isDry)
    {
        var state = new StateFolder(store.Place.StateFolder);
        int count = 0;
        long bytes = 0;
        foreach (string folder in Directory.Exists(state.Executions) ? Directory.GetDirectories(state.Executions) : [])
        {
            var id = new ExecutionId(Path.GetFileName(folder));
            if (store.Records.Find(id) is not null || Directory.GetLastWriteTimeUtc(folder) > TimeProvider.System.GetUtcNow().UtcDateTime - Retention.Grace || FileLock.IsHeld(store.Place.FolderOf(id).Lock))
                continue;
            count++;
            bytes += FolderSize.Of(folder);
            if (!isDry)
                Directory.Delete(folder, recursive: true);
        }
        return new Removed("folders without an execution", count, bytes);
    }

    private static Removed Snapshots(ProjectStore store, Retention retention, HashSet<string> gone, bool isDry)
    {
        string folder = Path.Combine(store.Place.StateFolder, "snapshots");
        HashSet<string> used = retention.UsedSnapshots();
        int count = 0;
        long bytes = 0;
        foreach (FileInfo file in Directory.Exists(folder) ? new DirectoryInfo(folder).GetFiles() : [])
        {
            if (used.Contains(Path.GetFileNameWithoutExtension(file.Name)) || file.LastWriteTimeUtc > TimeProvider.System.GetUtcNow().UtcDateTime - Retention.Grace)
                continue;
            string holder = $"snapshot:{Path.GetFileNameWithoutExtension(file.Name)}";
            gone.Add(holder);
            count++;
            bytes += file.Length;
            if (isDry)
                continue;
            using (Transaction write = store.Records.Database.BeginWrite(CancellationToken.None))
            {
                retention.Release(holder);
                write.Commit();
            }
            file.Delete();
        }
        return new Removed("states of the code", count, bytes);
    }

    /// <summary>What clones of the repository share and none has used for long.</summary>
    private static Removed Shared(ProjectStore store, bool isDry, Session session)
    {
        if (SharedFolder.Of(store.Root, session.Surroundings) is not { } folder || !Directory.Exists(folder))
            return new Removed("shared results", 0, 0);
        using var shared = new SharedResults(folder, store.Clock);
        (int entries, long bytes) = shared.Collect(isDry);
        return new Removed("shared results", entries, bytes);
    }

    /// <summary>Virtual environments of all projects of the user that no task has run in for long, and none runs in now.</summary>
    private static Removed Environments(DateTimeOffset? before, bool isDry, Session session)
    {
        DateTimeOffset unused = before ?? TimeProvider.System.GetUtcNow() - SharedResults.KeepTime;
        (int count, long bytes) = PythonEnvironments.Collect(session.Surroundings.EnvironmentFolder, unused, isDry);
        return new Removed("Python environments", count, bytes);
    }

    private static Removed Blobs(ProjectStore store, Retention retention, HashSet<string> forgotten, bool isDry)
    {
        var state = new StateFolder(store.Place.StateFolder);
        if (!Directory.Exists(state.Blobs))
            return new Removed("stored content", 0, 0);
        var blobs = new FolderBlobStore(state.Blobs, new FileHashes(null, store.Clock), store.Clock);
        if (!isDry)
            blobs.RemoveLeftovers();
        HashSet<Digest> named = retention.Named();
        using var cache = new CacheObjects(state.Cache);
        foreach ((string key, _) in cache.List().Where(entry => !forgotten.Contains(entry.Key)))
            Retention.AddNamed(Encoding.UTF8.GetString(cache.Find(key) ?? []), named);
        Removal removal = retention.Collect(blobs, named, isDry, CancellationToken.None);
        return new Removed("stored content", removal.Blobs, removal.Bytes);
    }

    private static void Print(Removed[] removed, bool isDry, Session session)
    {
        long total = removed.Sum(one => one.Bytes);
        if (session.Json)
        {
            session.WriteJson(json =>
            {
                json.WriteStartObject();
                json.WriteBoolean("dryRun", isDry);
                json.WriteNumber("bytes", total);
                json.WriteStartArray("removed");
                foreach (Removed one in removed)
                {
                    json.WriteStartObject();
                    json.WriteString("what", one.What);
                    json.WriteNumber("count", one.Count);
                    json.WriteNumber("bytes", one.Bytes);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
                json.WriteEndObject();
            });
            return;
        }
        var table = new Table("WHAT", "COUNT", "SIZE");
        foreach (Removed one in removed)
            table.Add(one.What, one.Count.ToString(CultureInfo.InvariantCulture), new ByteSize(one.Bytes).ToString());
        table.Print(session.Out, session.Surroundings.OutputIsTerminal ? session.Surroundings.Width : null, session.ColorsOut);
        session.Say($"{(isDry ? "would free" : "freed")} {new ByteSize(total)}");
    }

    private static TimeSpan ReadAge(Source age)
    {
        string text = age.Text;
        double days = text.Length < 2 ? 0 : text[^1] switch { 'h' => 1 / 24.0, 'd' => 1, 'w' => 7, _ => 0 };
        if (days > 0 && double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number) && number * days < 36500)
            return TimeSpan.FromDays(number * days);
        throw new DiagnosticException("cli/bad-age", $"`--older` takes a number of hours, days or weeks, found `{text}`", age.Whole, "`--older 30d`");
    }
}
