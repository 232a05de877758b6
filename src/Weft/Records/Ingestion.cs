using Weft.Storage;
using Weft.Values;

namespace Weft.Records;

/// <summary>Puts one record of a log into the tables. Called within the transaction that also remembers that it was done.</summary>
internal delegate void FoldRecord(ReadOnlySpan<byte> body);

/// <summary>
/// Folds files of run folders into the tables, each record exactly once, however many processes fold at the same time and wherever one of
/// them dies: one transaction moves the file's offset from where the reader began and holds what was read; who finds the offset moved has
/// been overtaken, and begins again behind it.
/// </summary>
internal sealed class Ingestion(Database db)
{
    /// <summary>Bytes of records that one transaction takes at most, if there is more than one.</summary>
    private const long BatchBytes = 4 << 20;

    /// <summary>How many bytes of a file are in the tables.</summary>
    public long Folded(ExecutionId execution, string file) =>
        db.Prepare("SELECT folded FROM ingest WHERE execution = ?1 AND file = ?2").Bind(1, execution.Value).Bind(2, file).QueryLong() ?? 0;

    /// <summary>
    /// Within a write transaction: takes the part of a file between two offsets for this transaction. False when it was taken since
    /// <paramref name="from"/> was read; then nothing of it may be written.
    /// </summary>
    public bool Advance(ExecutionId execution, string file, long from, long to)
    {
        db.Prepare("INSERT INTO ingest (execution, file, folded) VALUES (?1, ?2, 0) ON CONFLICT (execution, file) DO NOTHING")
            .Bind(1, execution.Value).Bind(2, file).Run();
        return db.Prepare("UPDATE ingest SET folded = ?4 WHERE execution = ?1 AND file = ?2 AND folded = ?3")
            .Bind(1, execution.Value).Bind(2, file).Bind(3, from).Bind(4, to).Run() == 1;
    }

    /// <summary>Folds all whole records that a log has now.</summary>
    /// <param name="file">The name of the log within the execution's folder: its identity, wherever the folder lies.</param>
    /// <param name="path">Where it lies now; a missing file has no records.</param>
    /// <returns>How many records this call folded, and whether the file ends in half a record.</returns>
    public (int Records, bool HasTornTail) Fold(ExecutionId execution, string file, string path, FoldRecord fold, CancellationToken cancel)
    {
        int count = 0;
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            long from = Folded(execution, file);
            using RecordLogReader? reader = RecordLogReader.Open(path, from);
            if (reader is null)
                return (count, false);
            IReadOnlyList<byte[]> bodies = ReadBatch(reader);
            if (bodies.Count == 0)
                return (count, reader.HasTornTail);
            using Transaction turn = db.BeginWrite(cancel);
            if (!Advance(execution, file, from, reader.Offset))
                continue;
            foreach (byte[] body in bodies)
                fold(body);
            turn.Commit();
            count += bodies.Count;
        }
    }

    /// <summary>Reads before the transaction begins, so that a slow file system holds up nobody.</summary>
    private static List<byte[]> ReadBatch(RecordLogReader reader)
    {
        var bodies = new List<byte[]>();
        for (long bytes = 0; bytes < BatchBytes && reader.Next(); bytes += reader.Body.Length)
            bodies.Add(reader.Body.ToArray());
        return bodies;
    }
}
