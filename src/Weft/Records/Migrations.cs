namespace Weft.Records;

/// <summary>One change of the tables, applied once and in order. An applied migration is never edited: a later one changes what it made.</summary>
/// <param name="Number">1, 2, 3 …: the format number of the database after it.</param>
/// <param name="Convert">What SQL alone cannot do, after the script.</param>
internal sealed record Migration(int Number, string Script, Action<Database>? Convert = null);

/// <summary>All migrations, and the check of a database's format on opening.</summary>
internal static class Migrations
{
    public static readonly IReadOnlyList<Migration> All =
    [
        new(1, Tables.First),
        new(2, ModelTables.All),
        new(3, """
            DROP INDEX metric_last_value;
            CREATE INDEX metric_last_value ON metric_last (experiment, key, nan, value, run);
            """),
        new(4, ModelTables.TraceLinks),
        new(5, Tables.Accounts),
        new(6, Tables.Staged),
        new(7, Tables.Series, PointsToBlocks.Move),
        new(8, "DROP TABLE secret"),
    ];

    /// <summary>The format that this version reads and writes.</summary>
    public static int Newest => All[^1].Number;

    /// <summary>Whether nothing needs to be done; takes no lock.</summary>
    /// <exception cref="DatabaseException"><see cref="DatabaseFault.Format"/>: a newer version wrote it.</exception>
    public static bool IsNewest(Database db)
    {
        int format = db.ReadFormat();
        if (format > Newest)
        {
            throw new DatabaseException(DatabaseFault.Format,
                $"the database {db.Location} has format {format}; this version of weft knows formats up to {Newest}: use the newer weft that wrote it");
        }
        return format == Newest;
    }

    /// <summary>Brings the database to this version's format in one transaction. Of several processes that try at once, one does the work.</summary>
    public static void Apply(Database db, CancellationToken cancel)
    {
        using Transaction change = db.BeginWrite(cancel);
        int format = db.ReadFormat();
        foreach (Migration migration in All.Where(migration => migration.Number > format))
        {
            db.Execute(migration.Script);
            migration.Convert?.Invoke(db);
            db.WriteFormat(migration.Number);
        }
        change.Commit();
    }
}
