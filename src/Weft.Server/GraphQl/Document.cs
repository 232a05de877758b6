using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Weft.Server.GraphQl;

/// <summary>What a GraphQL query cannot be answered for, in a sentence.</summary>
internal sealed class GraphQlException(string message) : Exception(message);

/// <summary>A value of a query; variables are still names.</summary>
internal abstract record QueryValue
{
    private QueryValue()
    {
    }

    public sealed record Null : QueryValue;

    public sealed record Bool(bool Value) : QueryValue;

    /// <summary>Digits as they were written.</summary>
    public sealed record Number(string Digits) : QueryValue;

    /// <summary>A string or the name of an enumeration's member: both are text in JSON.</summary>
    public sealed record Text(string Value) : QueryValue;

    public sealed record Items(ImmutableArray<QueryValue> Values) : QueryValue;

    public sealed record Members(ImmutableArray<(string Name, QueryValue Value)> Values) : QueryValue;

    public sealed record Variable(string Name) : QueryValue;
}

/// <summary>A field that is asked for, or a fragment whose fields are.</summary>
/// <param name="Alias">The name in the answer.</param>
/// <param name="Fragment">The name of a fragment to put here; then there is no field.</param>
internal sealed record Selection(string Name, string Alias, ImmutableArray<(string Name, QueryValue Value)> Arguments, ImmutableArray<Selection> Fields, string? Fragment = null)
{
    public bool HasAlias => Alias != Name;
}

/// <param name="Defaults">Of variables.</param>
internal sealed record Operation(string Kind, string? Name, ImmutableArray<(string Name, QueryValue Value)> Defaults, ImmutableArray<Selection> Fields);

/// <summary>A document of GraphQL (October 2021), as far as web pages write it: operations, fragments, arguments, variables; directives are read over.</summary>
internal sealed record Document(ImmutableArray<Operation> Operations, IReadOnlyDictionary<string, ImmutableArray<Selection>> Fragments)
{
    public static Document Parse(string text)
    {
        var parser = new DocumentParser(text);
        return parser.ReadDocument();
    }
}

/// <summary>One method per rule of the grammar.</summary>
internal ref struct DocumentParser
{
    /// <summary>Beyond any limit a query is held to, and far below what the stack bears.</summary>
    private const int Deepest = 100;

    private readonly ReadOnlySpan<char> _text;
    private int _at;
    private int _depth;

    public DocumentParser(string text)
    {
        _text = text;
        SkipIgnored();
    }

    /// <summary>Document : Definition+</summary>
    public Document ReadDocument()
    {
        var operations = ImmutableArray.CreateBuilder<Operation>();
        var fragments = new Dictionary<string, ImmutableArray<Selection>>();
        while (_at < _text.Length)
        {
            if (Current == '{')
            {
                operations.Add(new Operation("query", null, [], ReadSelections()));
                continue;
            }
            string word = ReadName();
            if (word == "fragment")
            {
                string name = ReadName();
                ReadName();
                ReadName();
                SkipDirectives();
                fragments[name] = ReadSelections();
            }
            else if (word is "query" or "mutation")
            {
                operations.Add(ReadOperation(word));
            }
            else
            {
                throw Unexpected($"`{word}`", "query, mutation or fragment");
            }
        }
        return operations.Count > 0 ? new Document(operations.DrainToImmutable(), fragments) : throw new GraphQlException("Syntax Error: the document holds no operation");
    }

    /// <summary>OperationDefinition : OperationType Name? VariablesDefinition? Directives? SelectionSet</summary>
    private Operation ReadOperation(string kind)
    {
        string? name = IsNameStart(Current) ? ReadName() : null;
        var defaults = ImmutableArray.CreateBuilder<(string, QueryValue)>();
        if (TryTake('('))
        {
            while (!TryTake(')'))
            {
                Take('$');
                string variable = ReadName();
                Take(':');
                SkipType();
                if (TryTake('='))
                    defaults.Add((variable, ReadValue()));
                SkipDirectives();
            }
        }
        SkipDirectives();
        return new Operation(kind, name, defaults.DrainToImmutable(), ReadSelections());
    }

    /// <summary>SelectionSet : { Selection+ }</summary>
    private ImmutableArray<Selection> ReadSelections()
    {
        Enter();
        Take('{');
        var fields = ImmutableArray.CreateBuilder<Selection>();
        while (!TryTake('}'))
            ReadSelection(fields);
        _depth--;
        return fields.DrainToImmutable();
    }

    /// <summary>Selection : Field | FragmentSpread | InlineFragment</summary>
    private void ReadSelection(ImmutableArray<Selection>.Builder fields)
    {
        if (_text[_at..].StartsWith("..."))
        {
            _at += 3;
            SkipIgnored();
            if (IsNameStart(Current) && ReadName() is var word && word != "on")
            {
                SkipDirectives();
                fields.Add(new Selection("", "", [], [], word));
                return;
            }
            if (IsNameStart(Current))
                ReadName();
            SkipDirectives();
            fields.AddRange(ReadSelections());
            return;
        }
        string name = ReadName();
        string alias = name;
        if (TryTake(':'))
            name = ReadName();
        var arguments = ImmutableArray<(string, QueryValue)>.Empty;
        if (TryTake('('))
            arguments = ReadMembers(')');
        SkipDirectives();
        fields.Add(new Selection(name, alias, arguments, Current == '{' ? ReadSelections() : []));
    }

    private ImmutableArray<(string, QueryValue)> ReadMembers(char end)
    {
        var members = ImmutableArray.CreateBuilder<(string, QueryValue)>();
        while (!TryTake(end))
        {
            string name = ReadName();
            Take(':');
            members.Add((name, ReadValue()));
        }
        return members.DrainToImmutable();
    }

    private QueryValue ReadValue()
    {
        if (TryTake('$'))
            return new QueryValue.Variable(ReadName());
        if (TryTake('['))
        {
            Enter();
            var items = ImmutableArray.CreateBuilder<QueryValue>();
            while (!TryTake(']'))
                items.Add(ReadValue());
            _depth--;
            return new QueryValue.Items(items.DrainToImmutable());
        }
        if (TryTake('{'))
        {
            Enter();
            var members = new QueryValue.Members(ReadMembers('}'));
            _depth--;
            return members;
        }
        if (Current == '"')
            return new QueryValue.Text(ReadString());
        if (IsNameStart(Current))
        {
            return ReadName() switch
            {
                "null" => new QueryValue.Null(),
                "true" => new QueryValue.Bool(true),
                "false" => new QueryValue.Bool(false),
                string name => new QueryValue.Text(name),
            };
        }
        int start = _at;
        while (Current is '-' or '+' or '.' or 'e' or 'E' or (>= '0' and <= '9'))
            _at++;
        string digits = _text[start.._at].ToString();
        if (!double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out _))
            throw Unexpected(_at < _text.Length ? $"`{Current}`" : "the end", "a value");
        SkipIgnored();
        return new QueryValue.Number(digits);
    }

    private string ReadString()
    {
        if (_text[_at..].StartsWith("\"\"\""))
        {
            int end = _text[(_at + 3)..].IndexOf("\"\"\"");
            if (end < 0)
                throw new GraphQlException("Syntax Error: a string is not closed");
            string block = _text.Slice(_at + 3, end).ToString().Trim();
            _at += end + 6;
            SkipIgnored();
            return block;
        }
        var text = new StringBuilder();
        for (_at++; ; _at++)
        {
            if (_at >= _text.Length || Current == '\n')
                throw new GraphQlException("Syntax Error: a string is not closed");
            if (Current == '"')
                break;
            text.Append(Current == '\\' ? ReadEscape() : Current);
        }
        _at++;
        SkipIgnored();
        return text.ToString();
    }

    private char ReadEscape()
    {
        _at++;
        if (Current == 'u' && _at + 4 < _text.Length && ushort.TryParse(_text.Slice(_at + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort code))
        {
            _at += 4;
            return (char)code;
        }
        return Current switch
        {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\b',
            'f' => '\f',
            '"' or '\\' or '/' => Current,
            _ => throw new GraphQlException("Syntax Error: an unknown escape in a string"),
        };
    }

    /// <summary>Type : Name | [ Type ], each with an optional <c>!</c>. What a variable may hold is decided by where it is used.</summary>
    private void SkipType()
    {
        Enter();
        if (TryTake('['))
        {
            SkipType();
            Take(']');
        }
        else
        {
            ReadName();
        }
        TryTake('!');
        _depth--;
    }

    private void SkipDirectives()
    {
        while (TryTake('@'))
        {
            ReadName();
            if (TryTake('('))
                ReadMembers(')');
        }
    }

    private string ReadName()
    {
        int start = _at;
        if (!IsNameStart(Current))
            throw Unexpected(_at < _text.Length ? $"`{Current}`" : "the end", "a name");
        while (_at < _text.Length && (IsNameStart(Current) || char.IsAsciiDigit(Current)))
            _at++;
        string name = _text[start.._at].ToString();
        SkipIgnored();
        return name;
    }

    private readonly char Current => _at < _text.Length ? _text[_at] : '\0';

    private void Take(char c)
    {
        if (!TryTake(c))
            throw Unexpected(_at < _text.Length ? $"`{Current}`" : "the end", $"`{c}`");
    }

    private bool TryTake(char c)
    {
        if (Current != c)
            return false;
        _at++;
        SkipIgnored();
        return true;
    }

    /// <summary>White space, commas and comments mean nothing.</summary>
    private void SkipIgnored()
    {
        while (_at < _text.Length)
        {
            if (Current == '#')
            {
                while (_at < _text.Length && Current != '\n')
                    _at++;
            }
            else if (char.IsWhiteSpace(Current) || Current is ',' or '\uFEFF')
            {
                _at++;
            }
            else
            {
                return;
            }
        }
    }

    private void Enter()
    {
        if (++_depth > Deepest)
            throw new GraphQlException("Syntax Error: the query is nested too deeply");
    }

    private static bool IsNameStart(char c) => char.IsAsciiLetter(c) || c == '_';

    private readonly GraphQlException Unexpected(string found, string expected) => new($"Syntax Error: found {found} at character {_at + 1}, expected {expected}");
}
