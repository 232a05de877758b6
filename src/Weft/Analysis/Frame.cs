using System.Collections;
using System.Collections.Immutable;
using System.Text.Json;
using Weft.Config.Nodes;
using Weft.Values;

namespace Weft.Analysis;

/// <summary>What all values of a column are; null may stand among them.</summary>
public enum ColumnType
{
    /// <summary>No value at all, or only nulls.</summary>
    Null,

    /// <summary>True or false.</summary>
    Bool,

    /// <summary>Integers of any size.</summary>
    Int,

    /// <summary>Numbers, of which one at least is no integer.</summary>
    Float,

    /// <summary>Texts.</summary>
    Text,

    /// <summary>Lists.</summary>
    List,

    /// <summary>Values of several types, or maps.</summary>
    Any,
}

/// <summary>A named column of a frame.</summary>
/// <param name="Name">Unique in its frame.</param>
/// <param name="Values">One for each row.</param>
public sealed record Column(string Name, ImmutableArray<Value> Values) : IReadOnlyList<Value>
{
    /// <summary>The type of its values.</summary>
    public ColumnType Type { get; } = TypeOf(Values);

    /// <summary>Number of rows.</summary>
    public int Count => Values.Length;

    /// <summary>The value of a row, from 0.</summary>
    public Value this[int row] => Values[row];

    /// <summary>Its numbers; NaN where a value is null.</summary>
    /// <exception cref="InvalidCastException">A value is neither a number nor null.</exception>
    public double[] ToNumbers() =>
        [.. Values.Select(value => FieldOrder.NumberOf(value) ?? (value is Value.Null ? double.NaN : throw new InvalidCastException($"the column `{Name}` holds {ConfigFields.TextOf(value)}, which is no number")))];

    /// <summary>Its values as texts; null where a value is null.</summary>
    public string?[] ToTexts() => [.. Values.Select(value => value is Value.Null ? null : ConfigFields.TextOf(value))];

    /// <summary>The rows' values in order.</summary>
    public IEnumerator<Value> GetEnumerator() => ((IEnumerable<Value>)Values).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static ColumnType TypeOf(ImmutableArray<Value> values)
    {
        ColumnType type = ColumnType.Null;
        foreach (Value value in values)
        {
            ColumnType one = value switch
            {
                Value.Null => type,
                Value.Bool => ColumnType.Bool,
                Value.Int => ColumnType.Int,
                Value.Float => ColumnType.Float,
                Value.Text => ColumnType.Text,
                Value.List => ColumnType.List,
                _ => ColumnType.Any,
            };
            if (type == ColumnType.Null || type == one)
                type = one;
            else
                type = (type, one) is (ColumnType.Int, ColumnType.Float) or (ColumnType.Float, ColumnType.Int) ? ColumnType.Float : ColumnType.Any;
        }
        return type;
    }
}

/// <summary>A table of named, typed columns of one length. Immutable, and made to be handed on: as CSV, as JSON lines, or column by column.</summary>
public sealed class Frame
{
    private readonly Dictionary<string, Column> _byName;

    /// <summary>A frame of these columns, in their order.</summary>
    /// <exception cref="ArgumentException">Two have one name, or they are not of one length.</exception>
    public Frame(params ImmutableArray<Column> columns)
    {
        Columns = columns;
        _byName = new Dictionary<string, Column>(columns.Length, StringComparer.Ordinal);
        foreach (Column column in columns)
        {
            if (!_byName.TryAdd(column.Name, column))
                throw new ArgumentException($"a frame has one column `{column.Name}`, found two", nameof(columns));
            if (column.Count != columns[0].Count)
                throw new ArgumentException($"the columns of a frame have one length: `{columns[0].Name}` has {columns[0].Count} rows, `{column.Name}` has {column.Count}", nameof(columns));
        }
    }

    /// <summary>Its columns in order.</summary>
    public ImmutableArray<Column> Columns { get; }

    /// <summary>Number of rows; 0 without columns.</summary>
    public int Rows => Columns.IsEmpty ? 0 : Columns[0].Count;

    /// <summary>The column of a name.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public Column this[string name] => _byName.TryGetValue(name, out Column? column) ? column : throw new KeyNotFoundException($"the frame has no column `{name}`");

    /// <summary>Frames below each other. A column that one of them lacks is null in its rows.</summary>
    public static Frame Concat(params IEnumerable<Frame> frames)
    {
        var values = new OrderedDictionary<string, List<Value>>(StringComparer.Ordinal);
        int rows = 0;
        foreach (Frame frame in frames)
        {
            foreach (Column column in frame.Columns)
            {
                if (!values.TryGetValue(column.Name, out List<Value>? all))
                    values.Add(column.Name, all = []);
                all.AddRange(Enumerable.Repeat(Value.None, rows - all.Count));
                all.AddRange(column.Values);
            }
            rows += frame.Rows;
        }
        return new Frame([.. values.Select(column => new Column(column.Key, [.. column.Value, .. Enumerable.Repeat(Value.None, rows - column.Value.Count)]))]);
    }

    /// <summary>Writes a header and a line for each row as RFC 4180 has it: fields with commas, quotes or line breaks stand in quotes; null is an empty field.</summary>
    public void WriteCsv(TextWriter output)
    {
        WriteLine(output, Columns.Select(column => column.Name));
        for (int row = 0; row < Rows; row++)
            WriteLine(output, Columns.Select(column => CellOf(column[row])));
    }

    /// <summary>Writes an object with all columns for each row, each on a line of its own. NaN and the infinities are written as texts, since JSON has no numbers for them.</summary>
    public void WriteJsonLines(Stream output)
    {
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        for (int row = 0; row < Rows; row++)
        {
            json.WriteStartObject();
            foreach (Column column in Columns)
            {
                json.WritePropertyName(column.Name);
                WriteJson(json, column[row]);
            }
            json.WriteEndObject();
            json.Flush();
            output.WriteByte((byte)'\n');
            json.Reset();
        }
    }

    /// <summary>The frame as CSV.</summary>
    public override string ToString()
    {
        var text = new StringWriter { NewLine = "\n" };
        WriteCsv(text);
        return text.ToString();
    }

    internal static void WriteJson(Utf8JsonWriter json, Value value)
    {
        switch (value)
        {
            case Value.Null:
                json.WriteNullValue();
                break;
            case Value.Bool flag:
                json.WriteBooleanValue(flag.Is);
                break;
            case Value.Int integer:
                json.WriteRawValue(integer.Number.ToString());
                break;
            case Value.Float { Number: var number } when double.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            case Value.List list:
                json.WriteStartArray();
                foreach (Value item in list.Items)
                    WriteJson(json, item);
                json.WriteEndArray();
                break;
            case Value.Map map:
                json.WriteStartObject();
                foreach ((string key, Value item) in map.Entries)
                {
                    json.WritePropertyName(key);
                    WriteJson(json, item);
                }
                json.WriteEndObject();
                break;
            default:
                json.WriteStringValue(ConfigFields.TextOf(value));
                break;
        }
    }

    /// <summary>Flags as most readers of CSV know them; numbers as Python and YAML write them.</summary>
    private static string CellOf(Value value) => value switch
    {
        Value.Null => "",
        Value.Bool flag => flag.Is ? "true" : "false",
        Value.Float number => PythonText.Float(number.Number),
        _ => ConfigFields.TextOf(value),
    };

    /// <summary>A line of CSV.</summary>
    internal static void WriteLine(TextWriter output, IEnumerable<string> cells)
    {
        output.Write(string.Join(',', cells.Select(cell => cell.AsSpan().ContainsAny(",\"\r\n") ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : cell)));
        output.Write('\n');
    }
}

/// <summary>What one column of a frame is made from: a field of the runs, or a function of each.</summary>
public sealed class FrameField
{
    private FrameField(string name, Func<Run, Value> of)
    {
        Name = name;
        Of = of;
    }

    /// <summary>The name of the column.</summary>
    public string Name { get; }

    internal Func<Run, Value> Of { get; }

    /// <summary>A field of the runs, see <see cref="Run.Get(string)"/>; a run without it is a <see cref="KeyNotFoundException"/>.</summary>
    public static FrameField Named(string key) => new(key, run => run.Get(key));

    /// <summary>A field of the runs, and what stands for it where it is missing.</summary>
    public static FrameField Named(string key, Value other) => new(key, run => run.Get(key, other));

    /// <summary>A column of what the function makes of each run.</summary>
    public static FrameField Computed(string name, Func<Run, Value> make) => new(name, make);

    /// <summary>As <see cref="Named(string)"/>.</summary>
    public static implicit operator FrameField(string key) => Named(key);

    /// <summary>As <see cref="Named(string, Value)"/>.</summary>
    public static implicit operator FrameField((string Key, Value Other) field) => Named(field.Key, field.Other);
}
