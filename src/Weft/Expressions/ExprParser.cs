using System.Collections.Immutable;
using Weft.Text;
using Weft.Values;

namespace Weft.Expressions;

/// <summary>
/// Reads the expression language: Python's operators and literals, paths (<c>train.best.val_acc</c>, <c>inputs.lr</c>, <c>rows[0].name</c>),
/// functions, and <c>mean(x) over seed</c>. One method per rule; the first problem of an expression is reported, with what was expected.
/// </summary>
public ref struct ExprParser
{
    /// <summary>Brackets and operators inside each other; deeper ones are refused, so that no input exhausts the stack.</summary>
    private const int MaxDepth = 100;

    /// <summary>Operators, items and calls of one expression.</summary>
    private const int MaxParts = 2000;

    private readonly ReadOnlySpan<char> _text;
    private readonly Span _at;
    private readonly int _base;
    private readonly Naming _naming;
    private readonly Diagnostics _problems;
    private int _position;
    private int _depth;
    private int _parts;
    private bool _failed;

    private ExprParser(string text, int start, int length, Span at, Naming naming, Diagnostics problems)
    {
        _text = text.AsSpan(0, start + length);
        _position = start;
        _at = at;
        _naming = naming;
        _problems = problems;
        // Where the source shows the text as it is, places are exact; where YAML's escapes stand between, the whole scalar is the place.
        _base = at.Text.IndexOf(text, StringComparison.Ordinal);
    }

    /// <param name="at">Where <paramref name="text"/> was written.</param>
    /// <param name="naming">How names are read; by default a path without a known first word is one of a node, and <c>-</c> is always an operator.</param>
    /// <returns>Null when something is wrong; then <paramref name="problems"/> says what.</returns>
    public static Expr? Parse(string text, Span at, Diagnostics problems, Naming? naming = null) => Parse(text, 0, text.Length, at, problems, naming ?? Naming.Plain);

    /// <summary>As above, for a part of a longer text: what stands between <c>${{</c> and <c>}}</c>.</summary>
    internal static Expr? Parse(string text, int start, int length, Span at, Diagnostics problems, Naming naming)
    {
        var parser = new ExprParser(text, start, length, at, naming, problems);
        Expr whole = parser.Expression();
        parser.Blanks();
        if (!parser._failed && parser._position < parser._text.Length)
            parser.Unexpected("the end of the expression");
        return parser._failed ? null : whole;
    }

    // expression = or [ "if" or "else" expression ]
    private Expr Expression()
    {
        if (!Enter())
            return Nothing();
        int start = Here();
        Expr value = Or();
        if (Word("if"))
        {
            Expr condition = Or();
            if (!Word("else"))
                Unexpected("`else`");
            value = Apply(Op.If, start, condition, value, Expression());
        }
        _depth--;
        return value;
    }

    // or = and { "or" and }
    private Expr Or()
    {
        int start = Here();
        Expr left = And();
        while (!_failed && Word("or"))
            left = Apply(Op.Or, start, left, And());
        return left;
    }

    // and = not { "and" not }
    private Expr And()
    {
        int start = Here();
        Expr left = Not();
        while (!_failed && Word("and"))
            left = Apply(Op.And, start, left, Not());
        return left;
    }

    // not = "not" not | comparison
    private Expr Not()
    {
        int start = Here();
        if (!Word("not"))
            return Comparison();
        if (!Enter())
            return Nothing();
        Expr inner = Not();
        _depth--;
        return Apply(Op.Not, start, inner);
    }

    // comparison = sum { ("==" | "!=" | "<" | "<=" | ">" | ">=" | ["not"] "in") sum }, where a < b < c means a < b and b < c
    private Expr Comparison()
    {
        int start = Here();
        Expr left = Sum();
        Expr? chain = null;
        while (!_failed && ComparisonSign() is { } op)
        {
            Expr right = Sum();
            Expr one = Apply(op, start, left, right);
            chain = chain is null ? one : Apply(Op.And, start, chain, one);
            left = right;
        }
        return chain ?? left;
    }

    private Op? ComparisonSign()
    {
        if (Sign("=="))
            return Op.Equal;
        if (Sign("!="))
            return Op.NotEqual;
        if (Sign("<="))
            return Op.LessOrEqual;
        if (Sign(">="))
            return Op.GreaterOrEqual;
        if (Sign("<"))
            return Op.Less;
        if (Sign(">"))
            return Op.Greater;
        if (Word("in"))
            return Op.In;
        int before = _position;
        if (Word("not"))
        {
            if (Word("in"))
                return Op.NotIn;
            _position = before;
        }
        return null;
    }

    // sum = product { ("+" | "-") product }
    private Expr Sum()
    {
        int start = Here();
        Expr left = Product();
        while (!_failed)
        {
            if (Sign("+"))
                left = Apply(Op.Add, start, left, Product());
            else if (Sign("-"))
                left = Apply(Op.Subtract, start, left, Product());
            else
                break;
        }
        return left;
    }

    // product = unary { ("*" | "/" | "//" | "%") unary }
    private Expr Product()
    {
        int start = Here();
        Expr left = Unary();
        while (!_failed)
        {
            if (!Ahead("**") && Sign("*"))
                left = Apply(Op.Multiply, start, left, Unary());
            else if (Sign("//"))
                left = Apply(Op.FloorDivide, start, left, Unary());
            else if (Sign("/"))
                left = Apply(Op.Divide, start, left, Unary());
            else if (Sign("%"))
                left = Apply(Op.Modulo, start, left, Unary());
            else
                break;
        }
        return left;
    }

    // unary = "-" unary | power; a minus before a number belongs to it, but for -2 ** 2
    private Expr Unary()
    {
        int start = Here();
        if (!Sign("-"))
            return Power();
        if (Literals.StartsNumber(_text[_position..]) || Ahead("inf"))
        {
            int before = _position;
            if (Primary() is Expr.Literal number && !Ahead("**") && !Ahead(".") && !Ahead("["))
            {
                return number.Value switch
                {
                    Value.Int i => new Expr.Literal(new Value.Int(-i.Number), From(start)),
                    Value.Float f => new Expr.Literal(new Value.Float(-f.Number), From(start)),
                    _ => number,
                };
            }
            _position = before;
        }
        if (!Enter())
            return Nothing();
        Expr inner = Unary();
        _depth--;
        return Apply(Op.Negate, start, inner);
    }

    // power = postfix [ "**" unary ]
    private Expr Power()
    {
        int start = Here();
        Expr left = Postfix();
        if (_failed || !Sign("**") || !Enter())
            return left;
        Expr right = Unary();
        _depth--;
        return Apply(Op.Power, start, left, right);
    }

    // postfix = primary { "." name | "[" expression "]" }
    private Expr Postfix()
    {
        int start = Here();
        Expr value = Primary();
        while (!_failed)
        {
            if (Sign("."))
            {
                if (Name() is not { } name)
                    return Unexpected("a name");
                value = Step(start, value, new Expr.Literal(Value.Of(name), From(start)));
            }
            else if (Sign("["))
            {
                Expr index = Expression();
                if (!Sign("]"))
                    return Unexpected("`]`");
                value = Step(start, value, index);
            }
            else
            {
                break;
            }
        }
        return value;
    }

    /// <summary>A step along a path is part of the reference when it is written out; an index that is computed is an operation.</summary>
    private Expr Step(int start, Expr value, Expr index)
    {
        if (value is Expr.Ref reference && index is Expr.Literal known)
        {
            if (known.Value is Value.Text name)
                return reference with { Path = reference.Path.Add(new Segment(name.Content)), At = From(start) };
            if (known.Value is Value.Int number && number.Number >= int.MinValue && number.Number <= int.MaxValue)
                return reference with { Path = reference.Path.Add(Segment.Of((long)number.Number)), At = From(start) };
        }
        return Apply(Op.Item, start, value, index);
    }

    // primary = number | text | constant | "(" expression ")" | list | map | call | path
    private Expr Primary()
    {
        Blanks();
        int start = _position;
        if (_failed || start >= _text.Length)
            return Unexpected("a value");
        char c = _text[start];
        if (Literals.StartsNumber(_text[start..]))
            return Number();
        switch (c)
        {
            case '\'' or '"':
                return Quoted(c) is { } text ? new Expr.Literal(Value.Of(text), From(start)) : Nothing();
            case '(':
                _position++;
                Expr inner = Expression();
                return Sign(")") ? inner : Unexpected("`)`");
            case '[':
                return List();
            case '{':
                return Map();
            case '`':
                return Name() is { } quoted ? Path(quoted, start, isQuoted: true) : Unexpected("a name in back quotes");
        }
        if (Functions.StartsName(c) && Name() is { } name)
            return Named(name, start);
        return Unexpected("a value");
    }

    private Expr Named(string name, int start)
    {
        switch (name)
        {
            case "true" or "True":
                return new Expr.Literal(Value.Of(true), From(start));
            case "false" or "False":
                return new Expr.Literal(Value.Of(false), From(start));
            case "null" or "None":
                return new Expr.Literal(Value.None, From(start));
            case "nan":
                return new Expr.Literal(Value.Of(double.NaN), From(start));
            case "inf":
                return new Expr.Literal(Value.Of(double.PositiveInfinity), From(start));
        }
        if (Functions.Keywords.Contains(name))
        {
            _position = start;
            return Unexpected("a value");
        }
        return Ahead("(") ? Call(name, start) : Path(name, start, isQuoted: false);
    }

    private Expr Path(string name, int start, bool isQuoted)
    {
        if (!isQuoted && _naming.Bare == Root.Node && Functions.Roots.TryGetValue(name, out Root root))
            return new Expr.Ref(root, [], From(start));
        return new Expr.Ref(_naming.Bare, [new Segment(name)], From(start));
    }

    // call = name "(" [ expression { "," expression } ] ")" [ "over" name { "," name } ]
    private Expr Call(string name, int start)
    {
        if (!Functions.ByName.TryGetValue(name, out (Op Op, int Least, int Most) function))
        {
            return Report(new Diagnostic("expression/unknown-function", $"there is no function `{name}`", From(start))
            {
                Hint = Suggest.HintOrList(name, Functions.ByName.Keys.Order(StringComparer.Ordinal).ToArray(), "functions") ?? "functions: " + string.Join(", ", Functions.ByName.Keys.Order(StringComparer.Ordinal)),
            });
        }
        Sign("(");
        ImmutableArray<Expr> arguments = Items(')', "`)`");
        if (_failed)
            return Nothing();
        if (arguments.Length < function.Least || arguments.Length > function.Most)
        {
            string expected = function.Most == int.MaxValue ? "at least one argument" : function.Least == function.Most ? "one argument" : "one or two arguments";
            return Report(new Diagnostic("expression/arguments", $"`{name}` takes {expected}, not {arguments.Length}", From(start)));
        }
        Expr call = Apply(function.Op, start, arguments);
        if (!Word("over"))
            return call;
        var over = ImmutableArray.CreateBuilder<Expr>();
        over.Add(call);
        do
        {
            Blanks();
            int nameStart = _position;
            if (Name() is not { } parameter)
                return Unexpected("the name of a parameter");
            over.Add(new Expr.Literal(Value.Of(parameter), From(nameStart)));
        }
        while (Sign(","));
        return Apply(Op.Over, start, over.ToImmutable());
    }

    // list = "[" [ expression { "," expression } [","] ] "]"
    private Expr List()
    {
        int start = _position++;
        ImmutableArray<Expr> items = Items(']', "`]`");
        if (_failed)
            return Nothing();
        return items.All(item => item is Expr.Literal)
            ? new Expr.Literal(Value.ListOf(items.Select(item => ((Expr.Literal)item).Value)), From(start))
            : new Expr.ListOf(items, From(start));
    }

    // map = "{" [ key ":" expression { "," key ":" expression } [","] ] "}"; key = name | text
    private Expr Map()
    {
        int start = _position++;
        var entries = ImmutableArray.CreateBuilder<KeyValuePair<string, Expr>>();
        while (!_failed && !Sign("}"))
        {
            if (entries.Count > 0 && !Sign(","))
                return Unexpected("`,` or `}`");
            if (Sign("}"))
                break;
            if ((Peek() is '\'' or '"' ? Quoted(Peek()) : Name()) is not { } key)
                return Unexpected("a key");
            if (!Sign(":"))
                return Unexpected("`:`");
            entries.Add(new(key, Expression()));
            if (!Part())
                return Nothing();
        }
        if (_failed)
            return Nothing();
        if (!entries.All(entry => entry.Value is Expr.Literal))
            return new Expr.MapOf(entries.ToImmutable(), From(start));
        var values = Value.NoEntries.ToBuilder();
        foreach ((string key, Expr value) in entries)
            values[key] = ((Expr.Literal)value).Value;
        return new Expr.Literal(new Value.Map(values.ToImmutable()), From(start));
    }

    private ImmutableArray<Expr> Items(char close, string expected)
    {
        var items = ImmutableArray.CreateBuilder<Expr>();
        string end = close.ToString();
        while (!_failed && !Sign(end))
        {
            if (items.Count > 0 && !Sign(","))
            {
                Unexpected("`,` or " + expected);
                break;
            }
            if (items.Count > 0 && Sign(end))
                break;
            items.Add(Expression());
            if (!Part())
                break;
        }
        return items.ToImmutable();
    }

    private Expr Number()
    {
        int start = _position;
        Value? number = Literals.ReadNumber(_text, ref _position);
        if (_position < _text.Length && Functions.ContinuesName(_text[_position]))
            return Unexpected("an operator after the number");
        return number is null
            ? Report(new Diagnostic("expression/too-long", $"a number has more than {Literals.MostDigits} digits", From(start)))
            : new Expr.Literal(number, From(start));
    }

    private string? Quoted(char quote)
    {
        Blanks();
        int start = _position;
        if (Literals.ReadText(_text, ref _position, out int escape) is { } text)
            return text;
        Report(escape < 0
            ? new Diagnostic("expression/unclosed-text", $"the text has no closing `{quote}`", At(start, 1))
            : new Diagnostic("expression/escape", $"`{_text.Slice(escape, 2)}` is no escape in a text", At(escape, 2)) { Hint = "write `\\\\` for a backslash" });
        return null;
    }

    // name = letter { letter | digit | "_" } | a known name with "-" in it | "`" { any } "`"
    private string? Name()
    {
        Blanks();
        int start = _position;
        if (_position < _text.Length && _text[_position] == '`')
        {
            int end = _text[(_position + 1)..].IndexOf('`');
            if (end <= 0)
                return null;
            _position += end + 2;
            return _text.Slice(start + 1, end).ToString();
        }
        if (_position >= _text.Length || !Functions.StartsName(_text[_position]))
            return null;
        while (_position < _text.Length && Functions.ContinuesName(_text[_position]))
            _position++;
        return _naming.Dashed is { Count: > 0 } dashed && Dashed(start, dashed) is { } known ? known : _text[start.._position].ToString();
    }

    /// <summary>The longest known name that stands from <paramref name="start"/> and goes beyond what was read; null when there is none.</summary>
    private string? Dashed(int start, IReadOnlySet<string> known)
    {
        int end = _position;
        while (end < _text.Length && (_text[end] == '-' || Functions.ContinuesName(_text[end])))
            end++;
        for (; end > _position; end = start + _text[start..end].LastIndexOf('-'))
        {
            string name = _text[start..end].ToString();
            if (!known.Contains(name))
                continue;
            _position = end;
            return name;
        }
        return null;
    }

    private void Blanks()
    {
        while (_position < _text.Length && char.IsWhiteSpace(_text[_position]))
            _position++;
    }

    private char Peek()
    {
        Blanks();
        return _position < _text.Length ? _text[_position] : '\0';
    }

    private bool Ahead(string sign)
    {
        Blanks();
        return _text[_position..].StartsWith(sign, StringComparison.Ordinal);
    }

    private bool Sign(string sign)
    {
        if (_failed || !Ahead(sign))
            return false;
        _position += sign.Length;
        return true;
    }

    private bool Word(string word)
    {
        if (_failed || !Ahead(word) || (_position + word.Length < _text.Length && Functions.ContinuesName(_text[_position + word.Length])))
            return false;
        _position += word.Length;
        return true;
    }

    private Expr Apply(Op op, int start, params ImmutableArray<Expr> arguments)
    {
        Part();
        return _failed ? Nothing() : new Expr.Apply(op, arguments, From(start));
    }

    private bool Part()
    {
        if (++_parts <= MaxParts)
            return !_failed;
        Report(new Diagnostic("expression/too-long", $"an expression has at most {MaxParts} parts", At(_position, 0)));
        return false;
    }

    private bool Enter()
    {
        if (++_depth <= MaxDepth)
            return !_failed;
        Report(new Diagnostic("expression/too-deep", $"an expression is nested at most {MaxDepth} deep", At(_position, 0)));
        return false;
    }

    private Expr Unexpected(string expected)
    {
        Blanks();
        if (_failed)
            return Nothing();
        if (_position >= _text.Length)
            return Report(new Diagnostic("expression/unexpected", $"the expression ends where {expected} was expected", At(_text.Length, 0)));
        int length = 1;
        while (_position + length < _text.Length && Functions.ContinuesName(_text[_position]) && Functions.ContinuesName(_text[_position + length]))
            length++;
        string found = _text.Slice(_position, length).ToString();
        string? hint = found switch
        {
            "&" => "write `and`",
            "|" => "write `or`",
            "!" => "write `not`",
            "=" => "write `==` to compare",
            "$" => "an expression by itself needs no `${{ }}`",
            _ => null,
        };
        return Report(new Diagnostic("expression/unexpected", $"found `{found}` where {expected} was expected", At(_position, length)) { Hint = hint });
    }

    private Expr Report(Diagnostic problem)
    {
        if (!_failed)
            _problems.Add(problem);
        _failed = true;
        return Nothing();
    }

    /// <summary>Stands where the text was wrong; it never leaves the parser.</summary>
    private readonly Expr Nothing() => new Expr.Literal(Value.None, _at);

    private int Here()
    {
        Blanks();
        return _position;
    }

    private readonly Span From(int start) => At(start, _position - start);

    private readonly Span At(int start, int length) => _base < 0 ? _at : _at.Part(_base + start, length);
}
