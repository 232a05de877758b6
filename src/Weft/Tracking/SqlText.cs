using System.Text;
using Weft.Records;

namespace Weft.Tracking;

/// <summary>A query that is put together at run time, with its parameters numbered as they come.</summary>
internal sealed class SqlText
{
    private readonly StringBuilder _text = new();
    private readonly List<object> _parameters = [];

    public SqlText Add(string sql)
    {
        _text.Append(sql);
        return this;
    }

    public SqlText Value(long value) => Parameter(value);

    public SqlText Value(double value) => Parameter(value);

    public SqlText Value(string value) => Parameter(value);

    /// <summary><c>(?1, ?2, …)</c></summary>
    public SqlText Values<T>(IEnumerable<T> values) where T : notnull
    {
        char before = '(';
        foreach (T value in values)
        {
            _text.Append(before);
            Parameter(value);
            before = ',';
        }
        _text.Append(before == '(' ? "(NULL)" : ")");
        return this;
    }

    /// <summary>The statement, bound; the caller disposes it.</summary>
    public Statement Prepare(Database database)
    {
        Statement statement = database.PrepareOnce(_text.ToString());
        for (int i = 0; i < _parameters.Count; i++)
        {
            switch (_parameters[i])
            {
                case long number:
                    statement.Bind(i + 1, number);
                    break;
                case double number:
                    statement.Bind(i + 1, number);
                    break;
                case string text:
                    statement.Bind(i + 1, text);
                    break;
            }
        }
        return statement;
    }

    public override string ToString() => _text.ToString();

    private SqlText Parameter(object value)
    {
        _parameters.Add(value);
        _text.Append('?').Append(_parameters.Count);
        return this;
    }
}
