using Weft.Values;

namespace Weft.Records;

/// <summary>
/// Finds and lists executions, for commands and the server: by name, by the start of an id, the newest of a definition, by tag. What an
/// address means is decided above; here are its questions.
/// </summary>
internal sealed class ExecutionCatalog(Database db, TimeProvider clock)
{
    public ExecutionRow? ByName(string name) =>
        ExecutionColumns.ReadOne(db.Prepare($"SELECT {ExecutionColumns.List} FROM execution WHERE name = ?1").Bind(1, name));

    /// <summary>The executions whose id begins so, in any case, newest first; two at most, since two are ambiguous.</summary>
    public IReadOnlyList<ExecutionRow> ByIdPrefix(string prefix)
    {
        string upper = prefix.ToUpperInvariant();
        return ExecutionColumns.ReadAll(
            db.Prepare($"SELECT {ExecutionColumns.List} FROM execution WHERE id >= ?1 AND id < ?2 ORDER BY id DESC LIMIT 2").Bind(1, upper).Bind(2, upper + "~"));
    }

    /// <summary>The newest execution, or the newest of a definition; null when there is none.</summary>
    public ExecutionRow? Newest(string? definition = null) => definition is null
        ? ExecutionColumns.ReadOne(db.Prepare($"SELECT {ExecutionColumns.List} FROM execution ORDER BY id DESC LIMIT 1"))
        : ExecutionColumns.ReadOne(db.Prepare($"SELECT {ExecutionColumns.List} FROM execution WHERE definition = ?1 ORDER BY id DESC LIMIT 1").Bind(1, definition));

    /// <summary>Executions, newest first.</summary>
    /// <param name="unfinishedOnly">Only those that have not ended.</param>
    /// <param name="before">Continues a list after its last id; null begins it.</param>
    public IReadOnlyList<ExecutionRow> List(bool unfinishedOnly, string? before, int limit)
    {
        string open = unfinishedOnly ? "ended IS NULL AND " : "";
        return ExecutionColumns.ReadAll(
            db.Prepare($"SELECT {ExecutionColumns.List} FROM execution WHERE {open} id < ?1 ORDER BY id DESC LIMIT ?2").Bind(1, before ?? "~").Bind(2, limit));
    }

    /// <summary>Executions of the same definition that began before, newest first.</summary>
    public IReadOnlyList<ExecutionRow> Earlier(ExecutionRow than, int limit) => ExecutionColumns.ReadAll(
        db.Prepare($"SELECT {ExecutionColumns.List} FROM execution WHERE definition = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3")
            .Bind(1, than.Definition).Bind(2, than.Id.Value).Bind(3, limit));

    /// <summary>Names for did-you-mean and completion: of executions that begin so, newest first.</summary>
    public IReadOnlyList<string> Names(string prefix, int limit)
    {
        var names = new List<string>();
        foreach (Row row in db.Prepare("SELECT name FROM execution WHERE name >= ?1 AND name < ?2 ORDER BY id DESC LIMIT ?3").Bind(1, prefix).Bind(2, prefix + "~").Bind(3, limit).Query())
            names.Add(row.Text(0));
        return names;
    }

    /// <summary>Gives a tag to an execution, or to one node of it; a tag that stood elsewhere moves.</summary>
    public void MoveTag(string name, ExecutionId execution, NodePath? path) =>
        db.Prepare("""
            INSERT INTO tag (name, execution, path, moved) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (name) DO UPDATE SET execution = excluded.execution, path = excluded.path, moved = excluded.moved
            """)
            .Bind(1, name).Bind(2, execution.Value).Bind(3, path?.Text).Bind(4, clock.GetUtcNow().ToUnixTimeMilliseconds()).Run();

    /// <summary>False when there was no such tag.</summary>
    public bool RemoveTag(string name) => db.Prepare("DELETE FROM tag WHERE name = ?1").Bind(1, name).Run() == 1;

    public TagRow? FindTag(string name)
    {
        foreach (Row row in db.Prepare("SELECT name, execution, path, moved FROM tag WHERE name = ?1").Bind(1, name).Query())
            return ReadTag(row);
        return null;
    }

    /// <summary>All tags by name, or those of one execution.</summary>
    public IReadOnlyList<TagRow> Tags(ExecutionId? of = null)
    {
        var tags = new List<TagRow>();
        Statement select = of is { } execution
            ? db.Prepare("SELECT name, execution, path, moved FROM tag WHERE execution = ?1 ORDER BY name").Bind(1, execution.Value)
            : db.Prepare("SELECT name, execution, path, moved FROM tag ORDER BY name");
        foreach (Row row in select.Query())
            tags.Add(ReadTag(row));
        return tags;
    }

    /// <summary>
    /// Removes an execution with its nodes, attempts, events and tags, and its plan when no other has it. MLflow runs that it made stay.
    /// Within a write transaction.
    /// </summary>
    public void Remove(ExecutionId id)
    {
        foreach (string table in (string[])["node", "attempt", "event", "signal", "ingest", "tag"])
            db.Prepare($"DELETE FROM {table} WHERE execution = ?1").Bind(1, id.Value).Run();
        db.Prepare("DELETE FROM hold WHERE holder = ?1").Bind(1, id.Value).Run();
        db.Prepare("DELETE FROM execution WHERE id = ?1").Bind(1, id.Value).Run();
        db.Prepare("DELETE FROM plan WHERE NOT EXISTS (SELECT 1 FROM execution WHERE execution.plan = plan.digest)").Run();
    }

    private static TagRow ReadTag(Row row) =>
        new(row.Text(0), new ExecutionId(row.Text(1)), row.TextOrNull(2) is { } path ? new NodePath(path) : null, row.Time(3));
}

/// <summary>The columns of an execution, in the order in which they are read.</summary>
internal static class ExecutionColumns
{
    public const string List = "id, name, definition, key, plan, snapshot, state, owner, lease, port, token_hash, stop_asked, tally, created, ended";

    public static ExecutionRow? ReadOne(Statement select)
    {
        foreach (Row row in select.Query())
            return Read(row);
        return null;
    }

    public static IReadOnlyList<ExecutionRow> ReadAll(Statement select)
    {
        var rows = new List<ExecutionRow>();
        foreach (Row row in select.Query())
            rows.Add(Read(row));
        return rows;
    }

    private static ExecutionRow Read(Row row) => new(
        new ExecutionId(row.Text(0)), row.Text(1), row.Text(2), row.Text(3), Digest.Parse(row.Text(4)), row.TextOrNull(5), row.Text(6), row.TextOrNull(7),
        row.TimeOrNull(8), (int?)row.LongOrNull(9), row.TextOrNull(10), row.TextOrNull(11), row.TextOrNull(12), row.Time(13), row.TimeOrNull(14));
}
