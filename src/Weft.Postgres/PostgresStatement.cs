using System.Text;
using Npgsql;
using NpgsqlTypes;
using Weft.Records;

namespace Weft.Postgres;

/// <summary>
/// One command of a connection; Npgsql prepares it on the server when it is used again. Rows are read as they come. PostgreSQL reads one
/// query at a time, so when another statement runs while rows are left, those are taken into memory first (<see cref="Park"/>).
/// </summary>
internal sealed class PostgresStatement(PostgresDatabase database, NpgsqlCommand command) : Statement
{
    private const uint Bool = 16, Int8 = 20, Int2 = 21, Int4 = 23, Numeric = 1700, Float8 = 701;

    private NpgsqlDataReader? _reader;
    private uint[] _types = [];

    /// <summary>The row the loop stands on, then those to come, when they were taken into memory.</summary>
    private Queue<object?[]>? _parked;

    private object?[]? _row;
    private bool _isReading;

    public override Statement Bind(int parameter, long value) => Set(parameter, value, NpgsqlDbType.Bigint);

    public override Statement Bind(int parameter, double value) => Set(parameter, value, NpgsqlDbType.Double);

    public override Statement Bind(int parameter, string? value) => value is null ? BindNull(parameter) : Set(parameter, value, NpgsqlDbType.Text);

    public override Statement BindUtf8(int parameter, ReadOnlySpan<byte> text) => Set(parameter, Encoding.UTF8.GetString(text), NpgsqlDbType.Text);

    public override Statement BindBlob(int parameter, ReadOnlySpan<byte> bytes) => Set(parameter, bytes.ToArray(), NpgsqlDbType.Bytea);

    public override Statement BindNull(int parameter)
    {
        NpgsqlParameter slot = Slot(parameter);
        slot.Value = DBNull.Value;
        return this;
    }

    public override int Run()
    {
        RefuseReading();
        return Math.Max(0, database.Run(command.ExecuteNonQuery));
    }

    public override void Post()
    {
        RefuseReading();
        if (!database.IsWithin)
            throw new InvalidOperationException("a statement is posted only within a transaction");
        var posted = new NpgsqlBatchCommand(command.CommandText);
        foreach (NpgsqlParameter parameter in command.Parameters)
            posted.Parameters.Add(parameter.Clone());
        database.Post(posted);
    }

    public override void Dispose()
    {
        End();
        command.Dispose();
    }

    /// <summary>Takes the rows that are left into memory, so that the connection is free.</summary>
    internal void Park()
    {
        database.Leave(this);
        if (_reader is not { } reader)
            return;
        _reader = null;
        using (reader)
        {
            object?[]? row = _row = _types.Length > 0 && _isOnRow ? Take(reader) : null;
            _parked = new Queue<object?[]>();
            database.Translated(() =>
            {
                while (reader.Read())
                    _parked.Enqueue(Take(reader));
                return row;
            });
        }
    }

    protected internal override void Start()
    {
        RefuseReading();
        NpgsqlDataReader reader = database.Run(() => command.ExecuteReader(), reading: this);
        _reader = reader;
        _isReading = true;
        _isOnRow = false;
        _parked = null;
        _row = null;
        if (_types.Length != reader.FieldCount)
            _types = new uint[reader.FieldCount];
        for (int i = 0; i < _types.Length; i++)
            _types[i] = reader.GetDataTypeOID(i);
    }

    protected internal override bool Next()
    {
        if (_reader is { } reader)
            return _isOnRow = database.Translated(reader.Read);
        _row = null;
        return _parked is not null && _parked.TryDequeue(out _row);
    }

    protected internal override void End()
    {
        if (!_isReading)
            return;
        _isReading = false;
        _parked = null;
        _row = null;
        database.Leave(this);
        if (_reader is not { } reader)
            return;
        _reader = null;
        database.Translated(() =>
        {
            reader.Dispose();
            return true;
        });
    }

    protected internal override bool IsNull(int column) => _reader is { } reader ? reader.IsDBNull(column) : _row![column] is null;

    protected internal override long Long(int column)
    {
        if (IsNull(column))
            return 0;
        if (_reader is not { } reader)
            return ToLong(_row![column]!);
        return _types[column] switch
        {
            Int8 => reader.GetInt64(column),
            Int4 => reader.GetInt32(column),
            Int2 => reader.GetInt16(column),
            Bool => reader.GetBoolean(column) ? 1 : 0,
            _ => ToLong(reader.GetValue(column)),
        };
    }

    protected internal override double Double(int column)
    {
        if (IsNull(column))
            return 0;
        if (_reader is { } reader)
            return _types[column] == Float8 ? reader.GetDouble(column) : ToDouble(reader.GetValue(column));
        return ToDouble(_row![column]!);
    }

    protected internal override string Text(int column)
    {
        if (IsNull(column))
            return "";
        return _reader is { } reader ? reader.GetString(column) : (string)_row![column]!;
    }

    protected internal override ReadOnlySpan<byte> Utf8(int column)
    {
        if (IsNull(column))
            return [];
        return _reader is { } reader ? reader.GetFieldValue<byte[]>(column) : Encoding.UTF8.GetBytes((string)_row![column]!);
    }

    protected internal override ReadOnlySpan<byte> Blob(int column)
    {
        if (IsNull(column))
            return [];
        return _reader is { } reader ? reader.GetFieldValue<byte[]>(column) : (byte[])_row![column]!;
    }

    private bool _isOnRow;

    private static object?[] Take(NpgsqlDataReader reader)
    {
        var row = new object?[reader.FieldCount];
        for (int i = 0; i < row.Length; i++)
            row[i] = reader.IsDBNull(i) ? null : reader.GetValue(i);
        return row;
    }

    private static long ToLong(object value) => value switch
    {
        long number => number,
        int number => number,
        short number => number,
        bool truth => truth ? 1 : 0,
        decimal number => (long)number,
        double number => (long)number,
        _ => throw new InvalidOperationException($"a column of type {value.GetType().Name} was read as an integer"),
    };

    private static double ToDouble(object value) => value switch
    {
        double number => number,
        decimal number => (double)number,
        _ => ToLong(value),
    };

    private PostgresStatement Set(int parameter, object value, NpgsqlDbType type)
    {
        NpgsqlParameter slot = Slot(parameter);
        slot.NpgsqlDbType = type;
        slot.Value = value;
        return this;
    }

    private NpgsqlParameter Slot(int parameter)
    {
        RefuseReading();
        while (command.Parameters.Count < parameter)
            command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Unknown, Value = DBNull.Value });
        return command.Parameters[parameter - 1];
    }

    private void RefuseReading()
    {
        if (_isReading)
            throw new InvalidOperationException("the statement is being read from: leave that loop first");
    }
}
