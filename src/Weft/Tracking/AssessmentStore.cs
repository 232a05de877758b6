using System.Collections.Immutable;
using Weft.Records;

namespace Weft.Tracking;

/// <summary>What somebody or something judged of a trace or of one of its spans.</summary>
/// <param name="Kind"><c>feedback</c>, <c>expectation</c> or <c>issue</c>.</param>
/// <param name="Value">What a search compares: text as it is, other values as JSON; null when there is only an error.</param>
/// <param name="Overrides">The assessment that this one replaces; that one is not valid while this one is there.</param>
/// <param name="Body">All of it, as MLflow's JSON without id, trace, times and validity.</param>
public sealed record Assessment(string Id, string Trace, string Name, string Kind, string? Value, string? Overrides, bool IsValid, long Created, long Updated, byte[] Body)
{
    /// <summary>The value when it is a number.</summary>
    public double? Number { get; init; }
}

/// <summary>Assessments of traces.</summary>
public sealed class AssessmentStore
{
    private const string Columns = "id, trace, name, kind, value, overrides, valid, created, updated, body, number";

    private readonly WriteLoop _writer;
    private readonly ReaderPool _readers;

    internal AssessmentStore(WriteLoop writer, ReaderPool readers)
    {
        _writer = writer;
        _readers = readers;
    }

    /// <summary>Stores an assessment of a trace that exists; its id and times are given here.</summary>
    public Task<Assessment> CreateAsync(Assessment assessment) => _writer.WriteAsync(turn =>
    {
        TraceStore.Require(turn.Database, assessment.Trace);
        return Add(turn.Database, assessment, turn.Now);
    });

    public Assessment Get(string trace, string id) => _readers.Read(reader => Require(reader.Database, trace, id));

    /// <summary>Changes an assessment by a function from what stands to what shall stand.</summary>
    public Task<Assessment> UpdateAsync(string trace, string id, Func<Assessment, Assessment> change) => _writer.WriteAsync(turn =>
    {
        Assessment changed = change(Require(turn.Database, trace, id)) with { Updated = turn.Now };
        turn.Database.Prepare("UPDATE assessment SET name = ?2, kind = ?3, value = ?4, valid = ?5, updated = ?6, body = ?7, number = ?8 WHERE id = ?1")
            .Bind(1, id).Bind(2, changed.Name).Bind(3, changed.Kind).Bind(4, changed.Value).Bind(5, changed.IsValid).Bind(6, changed.Updated)
            .BindBlob(7, changed.Body).Bind(8, changed.Number).Run();
        return changed;
    });

    /// <summary>Removes an assessment; the one that it replaced is valid again. One that is not there is no error.</summary>
    public Task DeleteAsync(string trace, string id) => _writer.WriteAsync(turn =>
    {
        TraceStore.Require(turn.Database, trace);
        if (Find(turn.Database, trace, id) is not { } assessment)
            return;
        if (assessment.Overrides is { } older)
            SetValid(turn.Database, older, isValid: true);
        turn.Database.Prepare("DELETE FROM assessment WHERE id = ?1").Bind(1, id).Run();
    });

    /// <summary>The assessments of a trace, oldest first.</summary>
    internal static ImmutableArray<Assessment> Of(Database database, string trace)
    {
        var found = ImmutableArray.CreateBuilder<Assessment>();
        foreach (Row row in database.Prepare($"SELECT {Columns} FROM assessment WHERE trace = ?1 ORDER BY created, id").Bind(1, trace).Query())
            found.Add(Read(row));
        return found.DrainToImmutable();
    }

    internal static Assessment Add(Database db, Assessment assessment, long now)
    {
        Assessment stored = assessment with { Id = assessment.Id.Length > 0 ? assessment.Id : "a-" + RunNames.NewId(), Created = now, Updated = now };
        if (stored.Overrides is { Length: > 0 } older)
        {
            Require(db, stored.Trace, older);
            SetValid(db, older, isValid: false);
        }
        Insert(db, stored);
        return stored;
    }

    /// <summary>Stores an assessment as it is, unless it is there.</summary>
    internal static void Insert(Database db, Assessment assessment) =>
        db.Prepare("""
            INSERT INTO assessment (id, trace, name, kind, value, overrides, valid, created, updated, body, number) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
            ON CONFLICT (id) DO NOTHING
            """)
            .Bind(1, assessment.Id).Bind(2, assessment.Trace).Bind(3, assessment.Name).Bind(4, assessment.Kind).Bind(5, assessment.Value).Bind(6, assessment.Overrides)
            .Bind(7, assessment.IsValid).Bind(8, assessment.Created).Bind(9, assessment.Updated).BindBlob(10, assessment.Body).Bind(11, assessment.Number).Run();

    private static void SetValid(Database db, string id, bool isValid) =>
        db.Prepare("UPDATE assessment SET valid = ?2 WHERE id = ?1").Bind(1, id).Bind(2, isValid).Run();

    private static Assessment Require(Database db, string trace, string id) =>
        Find(db, trace, id) ?? throw TrackingException.Missing($"Assessment with ID '{id}' not found for trace '{trace}'");

    private static Assessment? Find(Database db, string trace, string id)
    {
        foreach (Row row in db.Prepare($"SELECT {Columns} FROM assessment WHERE id = ?1 AND trace = ?2").Bind(1, id).Bind(2, trace).Query())
            return Read(row);
        return null;
    }

    private static Assessment Read(Row row) =>
        new(row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.TextOrNull(4), row.TextOrNull(5), row.Bool(6), row.Long(7), row.Long(8), row.Blob(9).ToArray())
        {
            Number = row.DoubleOrNull(10),
        };
}
