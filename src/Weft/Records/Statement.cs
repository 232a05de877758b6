namespace Weft.Records;

/// <summary>
/// One prepared statement of one <see cref="Database"/>. Parameters are bound by their number, from 1; columns are read by their place, from 0.
/// <code>
/// db.Prepare("UPDATE execution SET state = ?2 WHERE id = ?1").Bind(1, id).Bind(2, state).Run();
/// foreach (Row row in db.Prepare("SELECT name, created FROM execution").Query())
///     Show(row.Text(0), row.Long(1));
/// </code>
/// Bound values stay until bound again, so a loop binds only what changes. A statement is used by one loop at a time: running the statement
/// that one is reading from is refused.
/// </summary>
internal abstract class Statement : IDisposable
{
    public abstract Statement Bind(int parameter, long value);

    /// <summary>Binds a number. SQLite stores a NaN as null: keep a flag beside a value that may be one.</summary>
    public abstract Statement Bind(int parameter, double value);

    public abstract Statement Bind(int parameter, string? value);

    /// <summary>Binds text that is UTF-8 already.</summary>
    public abstract Statement BindUtf8(int parameter, ReadOnlySpan<byte> text);

    public abstract Statement BindBlob(int parameter, ReadOnlySpan<byte> bytes);

    public abstract Statement BindNull(int parameter);

    public Statement Bind(int parameter, long? value) => value is { } number ? Bind(parameter, number) : BindNull(parameter);

    public Statement Bind(int parameter, double? value) => value is { } number ? Bind(parameter, number) : BindNull(parameter);

    public Statement Bind(int parameter, bool value) => Bind(parameter, value ? 1L : 0L);

    /// <summary>Runs the statement to its end and says how many rows it inserted, changed or deleted.</summary>
    public abstract int Run();

    /// <summary>
    /// As <see cref="Run"/> where nobody asks for the count: a database behind a network may send several of these together, at the latest
    /// before the next <see cref="Run"/>, <see cref="Query"/> or commit, and reports a failure only then. Only within a transaction.
    /// </summary>
    public abstract void Post();

    /// <summary>Reads the rows, in a <c>foreach</c>; leaving the loop ends the reading.</summary>
    public Rows Query()
    {
        Start();
        return new Rows(this);
    }

    /// <summary>The first column of the first row as a number; null when there is no row or it holds none.</summary>
    public long? QueryLong()
    {
        foreach (Row row in Query())
            return row.LongOrNull(0);
        return null;
    }

    /// <summary>The first column of the first row as text; null when there is no row or it holds none.</summary>
    public string? QueryText()
    {
        foreach (Row row in Query())
            return row.TextOrNull(0);
        return null;
    }

    /// <summary>Whether there is a row.</summary>
    public bool Any()
    {
        foreach (Row _ in Query())
            return true;
        return false;
    }

    public abstract void Dispose();

    /// <summary>Begins reading: what <see cref="Rows"/> stands on.</summary>
    protected internal abstract void Start();

    /// <summary>Moves to the next row; false after the last.</summary>
    protected internal abstract bool Next();

    /// <summary>Ends reading, wherever it stands.</summary>
    protected internal abstract void End();

    protected internal abstract bool IsNull(int column);

    protected internal abstract long Long(int column);

    protected internal abstract double Double(int column);

    protected internal abstract string Text(int column);

    protected internal abstract ReadOnlySpan<byte> Utf8(int column);

    protected internal abstract ReadOnlySpan<byte> Blob(int column);
}

/// <summary>The rows of a running query, for one <c>foreach</c>.</summary>
internal readonly ref struct Rows(Statement statement)
{
    public Row Current => new(statement);

    public Rows GetEnumerator() => this;

    public bool MoveNext() => statement.Next();

    public void Dispose() => statement.End();
}

/// <summary>The row a query stands on. Spans are valid until the loop moves on. A null reads as 0, an empty text, no bytes.</summary>
internal readonly ref struct Row(Statement statement)
{
    public bool IsNull(int column) => statement.IsNull(column);

    public long Long(int column) => statement.Long(column);

    public int Int(int column) => checked((int)statement.Long(column));

    public bool Bool(int column) => statement.Long(column) != 0;

    public double Double(int column) => statement.Double(column);

    public string Text(int column) => statement.Text(column);

    public ReadOnlySpan<byte> Utf8(int column) => statement.Utf8(column);

    public ReadOnlySpan<byte> Blob(int column) => statement.Blob(column);

    public long? LongOrNull(int column) => IsNull(column) ? null : Long(column);

    public double? DoubleOrNull(int column) => IsNull(column) ? null : Double(column);

    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    /// <summary>A time that is stored as Unix milliseconds.</summary>
    public DateTimeOffset Time(int column) => DateTimeOffset.FromUnixTimeMilliseconds(Long(column));

    public DateTimeOffset? TimeOrNull(int column) => IsNull(column) ? null : Time(column);
}
