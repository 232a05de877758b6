using System.Buffers.Binary;

namespace Weft.Records;

/// <summary>Migration 7: the points of metrics, a row each in <c>metric</c> or 32 bytes each in <c>staged</c>, become <see cref="PointBytes"/>.</summary>
internal static class PointsToBlocks
{
    private const int OldPointSize = 4 * sizeof(long);

    public static void Move(Database db)
    {
        var points = new List<PointRow>();
        foreach ((long run, long key) in Pairs(db, "SELECT DISTINCT run, key FROM metric"))
        {
            points.Clear();
            foreach (Row row in db.Prepare("SELECT step, ts, value, nan FROM metric WHERE run = ?1 AND key = ?2").Bind(1, run).Bind(2, key).Query())
                points.Add(new PointRow(key, row.Long(0), row.Long(1), row.Double(2), row.Bool(3)));
            MetricSeries.Add(db, run, points);
        }
        foreach ((long id, _) in Pairs(db, "SELECT id, run FROM staged"))
        {
            points.Clear();
            foreach (Row row in db.Prepare("SELECT points FROM staged WHERE id = ?1").Bind(1, id).Query())
                ReadOld(row.Blob(0), points);
            var bytes = new byte[points.Count * PointBytes.Most];
            int length = PointBytes.Write([.. points], bytes);
            db.Prepare("UPDATE staged SET points = ?2 WHERE id = ?1").Bind(1, id).BindBlob(2, bytes.AsSpan(0, length)).Run();
        }
        db.Execute("DROP TABLE metric; ALTER TABLE metric_last DROP COLUMN count");
    }

    private static List<(long, long)> Pairs(Database db, string sql)
    {
        var found = new List<(long, long)>();
        foreach (Row row in db.Prepare(sql).Query())
            found.Add((row.Long(0), row.Long(1)));
        return found;
    }

    /// <summary>Number of the key times two, plus one for a NaN; step; timestamp; value. Little-endian.</summary>
    private static void ReadOld(ReadOnlySpan<byte> bytes, List<PointRow> points)
    {
        for (; bytes.Length >= OldPointSize; bytes = bytes[OldPointSize..])
        {
            long key = BinaryPrimitives.ReadInt64LittleEndian(bytes);
            points.Add(new PointRow(
                key >> 1, BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]), BinaryPrimitives.ReadDoubleLittleEndian(bytes[24..]),
                (key & 1) != 0));
        }
    }
}
