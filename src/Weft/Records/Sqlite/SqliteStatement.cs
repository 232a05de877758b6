using System.Buffers;
using System.Text;

namespace Weft.Records.Sqlite;

/// <summary>A <c>sqlite3_stmt</c>. It lives no longer than its connection, which holds on to it, so the bare pointer is safe.</summary>
internal sealed unsafe class SqliteStatement : Statement
{
    private readonly SqliteDatabase _database;
    private nint _pointer;
    private bool _isReading;

    internal SqliteStatement(SqliteDatabase database, nint pointer)
    {
        _database = database;
        _pointer = pointer;
    }

    public override Statement Bind(int parameter, long value)
    {
        Check(SqliteNative.BindLong(Idle, parameter, value), parameter);
        return this;
    }

    public override Statement Bind(int parameter, double value)
    {
        Check(SqliteNative.BindDouble(Idle, parameter, value), parameter);
        return this;
    }

    public override Statement BindNull(int parameter)
    {
        Check(SqliteNative.BindNull(Idle, parameter), parameter);
        return this;
    }

    public override Statement Bind(int parameter, string? value)
    {
        if (value is null)
            return BindNull(parameter);
        byte[]? rented = null;
        Span<byte> buffer = value.Length <= 256 ? stackalloc byte[256 * 3] : rented = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(value.Length));
        BindUtf8(parameter, buffer[..Encoding.UTF8.GetBytes(value, buffer)]);
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented);
        return this;
    }

    public override Statement BindUtf8(int parameter, ReadOnlySpan<byte> text)
    {
        // An empty span has no address, and no address means null.
        byte none = 0;
        fixed (byte* first = text)
            Check(SqliteNative.BindText(Idle, parameter, first == null ? &none : first, text.Length, SqliteNative.Transient), parameter);
        return this;
    }

    public override Statement BindBlob(int parameter, ReadOnlySpan<byte> bytes)
    {
        byte none = 0;
        fixed (byte* first = bytes)
            Check(SqliteNative.BindBlob(Idle, parameter, first == null ? &none : first, bytes.Length, SqliteNative.Transient), parameter);
        return this;
    }

    public override int Run()
    {
        nint pointer = Idle;
        int code = SqliteNative.Step(pointer);
        // Rows of a RETURNING that nobody reads: SQLite has made all changes before the first.
        while (code == SqliteNative.Row)
            code = SqliteNative.Step(pointer);
        DatabaseException? failure = code == SqliteNative.Done ? null : _database.Failure(code);
        _ = SqliteNative.Reset(pointer);
        if (failure is not null)
            throw failure;
        return SqliteNative.Changes(_database.Pointer);
    }

    public override void Post() => Run();

    public override void Dispose()
    {
        if (_pointer == 0)
            return;
        _database.Release(_pointer);
        _pointer = 0;
    }

    protected internal override void Start()
    {
        _ = Idle;
        _isReading = true;
    }

    protected internal override bool Next()
    {
        int code = SqliteNative.Step(_pointer);
        if (code == SqliteNative.Row)
            return true;
        return code == SqliteNative.Done ? false : throw _database.Failure(code);
    }

    protected internal override void End()
    {
        if (!_isReading)
            return;
        _isReading = false;
        _ = SqliteNative.Reset(_pointer);
    }

    protected internal override bool IsNull(int column) => SqliteNative.ColumnType(_pointer, column) == SqliteNative.TypeNull;

    protected internal override long Long(int column) => SqliteNative.ColumnLong(_pointer, column);

    protected internal override double Double(int column) => SqliteNative.ColumnDouble(_pointer, column);

    protected internal override string Text(int column) => Encoding.UTF8.GetString(Utf8(column));

    // The pointer first, then the length: the other way round SQLite may convert in between.
    protected internal override ReadOnlySpan<byte> Utf8(int column)
    {
        byte* text = SqliteNative.ColumnText(_pointer, column);
        return new ReadOnlySpan<byte>(text, text == null ? 0 : SqliteNative.ColumnBytes(_pointer, column));
    }

    protected internal override ReadOnlySpan<byte> Blob(int column)
    {
        byte* bytes = SqliteNative.ColumnBlob(_pointer, column);
        return new ReadOnlySpan<byte>(bytes, bytes == null ? 0 : SqliteNative.ColumnBytes(_pointer, column));
    }

    private nint Idle
    {
        get
        {
            ObjectDisposedException.ThrowIf(_pointer == 0, this);
            if (_isReading)
                throw new InvalidOperationException("the statement is being read from: leave that loop first");
            return _pointer;
        }
    }

    private void Check(int code, int parameter)
    {
        if (code != SqliteNative.Ok)
            throw new InvalidOperationException($"cannot bind parameter {parameter}: {_database.Failure(code).Message}");
    }
}
