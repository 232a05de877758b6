using System.Collections.Immutable;
using System.Text;
using Weft.Config.Nodes;

namespace Weft.Config.Interpolation;

/// <summary>
/// Recursive descent over OmegaConf's interpolation grammar (OmegaConfGrammarParser.g4, release 2.3): one method per rule, named as there.
/// Its lexer has modes; here the rule that is being read decides which token function is asked, see <see cref="ValueToken"/>. The first
/// error ends the parse. Nesting is limited to <see cref="MaxDepth"/>.
/// </summary>
internal ref struct InterpolationParser
{
    public const int MaxDepth = 200;

    private readonly ReadOnlySpan<char> _text;
    private int _at;
    private int _depth;
    private GrammarError? _error;

    private InterpolationParser(string text) => _text = text;

    /// <summary><c>configValue: text EOF</c>, for a value that contains <c>${</c>.</summary>
    public static InterpolationTree? ParseConfigValue(string text, out GrammarError error)
    {
        var parser = new InterpolationParser(text);
        InterpolationTree? tree = parser.Text(quote: '\0');
        error = parser._error ?? default;
        return parser._error is null ? tree : null;
    }

    /// <summary><c>singleElement: element EOF</c>, the text of <c>oc.decode</c>.</summary>
    public static InterpolationTree? ParseSingleElement(string text, out GrammarError error)
    {
        var parser = new InterpolationParser(text);
        InterpolationTree? tree = parser.Element();
        if (tree is not null && parser._at < text.Length)
            parser.Fail(parser._at, $"one value ends here; found {parser.Found()} after it");
        error = parser._error ?? default;
        return parser._error is null ? tree : null;
    }

    /// <summary>
    /// <c>text: (interpolation | ANY_STR | ESC | ESC_INTER | TOP_ESC | QUOTED_ESC)+</c>, up to the end or the closing quote, which is not read.
    /// Backslashes mean something only directly before <c>${</c> and, in quotes, before the quote.
    /// </summary>
    private InterpolationTree? Text(char quote)
    {
        int start = _at;
        var parts = ImmutableArray.CreateBuilder<InterpolationTree>();
        var literal = new StringBuilder();
        int literalStart = _at;
        while (_at < _text.Length && (quote == '\0' || _text[_at] != quote))
        {
            int slashes = CountBackslashes();
            int next = _at + slashes;
            if (StartsInterpolation(next))
            {
                literal.Append('\\', slashes / 2);
                _at = next;
                if (slashes % 2 == 1)
                {
                    literal.Append("${");
                    _at += 2;
                    continue;
                }
                FlushLiteral(literal, literalStart, parts);
                if (Interpolation() is not { } inner)
                    return null;
                parts.Add(inner);
                literalStart = _at;
            }
            else if (slashes > 0)
            {
                AppendBackslashes(literal, slashes, next, quote);
            }
            else
            {
                literal.Append(_text[_at++]);
            }
        }
        FlushLiteral(literal, literalStart, parts);
        if (parts.Count == 0)
            return new InterpolationTree.Literal(start, _at - start, Scalar.Of(""));
        if (parts.Count == 1 && (quote == '\0' || parts[0] is InterpolationTree.Literal))
            return parts[0];
        return new InterpolationTree.Joined(start, _at - start, parts.DrainToImmutable(), IsQuoted: quote != '\0');
    }

    /// <summary>A run of backslashes that no <c>${</c> follows: kept, but halved before the closing quote, which an odd one escapes.</summary>
    private void AppendBackslashes(StringBuilder literal, int slashes, int next, char quote)
    {
        _at = next;
        if (quote == '\0' || next >= _text.Length || _text[next] != quote)
        {
            literal.Append('\\', slashes);
            return;
        }
        literal.Append('\\', slashes / 2);
        if (slashes % 2 == 1)
        {
            literal.Append(quote);
            _at++;
        }
    }

    private readonly void FlushLiteral(StringBuilder literal, int start, ImmutableArray<InterpolationTree>.Builder parts)
    {
        if (literal.Length == 0)
            return;
        parts.Add(new InterpolationTree.Literal(start, _at - start, Scalar.Of(literal.ToString())));
        literal.Clear();
    }

    /// <summary><c>interpolation: interpolationNode | interpolationResolver</c>. What follows the first key decides which.</summary>
    private InterpolationTree? Interpolation()
    {
        if (++_depth > MaxDepth)
            return Fail(_at, $"interpolations and lists nest more than {MaxDepth} levels deep");
        int start = _at;
        _at += 2;
        SkipBlanks();
        int dots = 0;
        while (At('.'))
        {
            dots++;
            _at++;
        }
        var steps = ImmutableArray.CreateBuilder<PathStep>();
        if (!ConfigKey(steps))
            return null;
        while (At('.') || At('['))
        {
            if (At('.') && ++_at < _text.Length && _text[_at] == '[')
                return Fail(_at, "expected a key after `.`, found `[`");
            if (!ConfigKey(steps))
                return null;
        }
        int afterBlanks = _at;
        while (afterBlanks < _text.Length && _text[afterBlanks] is ' ' or '\t')
            afterBlanks++;
        InterpolationTree? tree = null;
        if (afterBlanks < _text.Length && _text[afterBlanks] == '}')
        {
            _at = afterBlanks + 1;
            tree = new InterpolationTree.Node(start, _at - start, dots, steps.DrainToImmutable());
        }
        else if (afterBlanks < _text.Length && _text[afterBlanks] == ':')
        {
            tree = InterpolationResolver(start, afterBlanks, dots, steps);
        }
        else
        {
            Fail(_at, _at < _text.Length ? $"expected `}}`, `.`, `[` or `:` in an interpolation, found {Found()}" : "the interpolation is not closed: expected `}`", _at < _text.Length ? _at : start);
        }
        _depth--;
        return tree;
    }

    /// <summary>
    /// <c>(configKey | BRACKET_OPEN configKey BRACKET_CLOSE)</c> with <c>configKey: interpolation | ID | INTER_KEY</c>. A key is either text or an
    /// interpolation, never both.
    /// </summary>
    private bool ConfigKey(ImmutableArray<PathStep>.Builder steps)
    {
        bool isBracketed = At('[');
        if (isBracketed)
            _at++;
        if (StartsInterpolation(_at))
        {
            int start = _at;
            if (Interpolation() is not { } inner)
                return false;
            steps.Add(new PathStep(_text[start.._at].ToString(), isBracketed, inner));
        }
        else
        {
            int start = _at;
            while (_at < _text.Length && !@"\{}()[]:. '""".Contains(_text[_at]) && _text[_at] != '\t')
                _at++;
            if (_at == start)
                return Fail(_at, _at < _text.Length ? $"expected a key, found {Found()}" : "expected a key, found the end of the text") is not null;
            steps.Add(new PathStep(_text[start.._at].ToString(), isBracketed, null));
        }
        if (isBracketed)
        {
            if (!At(']'))
                return Fail(_at, $"expected `]`, found {Found()}") is not null;
            _at++;
        }
        return true;
    }

    /// <summary>
    /// <c>interpolationResolver: INTER_OPEN resolverName COLON sequence? BRACE_CLOSE</c> and
    /// <c>resolverName: (interpolation | ID) (DOT (interpolation | ID))*</c>; the name has been read as a path.
    /// </summary>
    private InterpolationTree? InterpolationResolver(int start, int colon, int dots, ImmutableArray<PathStep>.Builder name)
    {
        foreach (PathStep part in name)
        {
            if (dots > 0 || part.IsBracketed || (part.Inner is null && !IsId(part.Text)))
                return Fail(start, $"`{_text[start..colon]}` is no name of a resolver: expected letters, digits, `_`, `-` and dots between", start);
        }
        _at = colon + 1;
        SkipBlanks();
        if (Sequence('}') is not { } arguments)
            return null;
        if (!CloseWith('}', start, "the interpolation is not closed: expected `}`"))
            return null;
        return new InterpolationTree.Call(start, _at - start, name.DrainToImmutable(), arguments);
    }

    /// <summary>
    /// <c>sequence: (element (COMMA element?)*) | (COMMA element?)+</c>, or nothing at all. An empty slot is an empty text.
    /// </summary>
    private ImmutableArray<InterpolationTree>? Sequence(char close)
    {
        var items = ImmutableArray.CreateBuilder<InterpolationTree>();
        if (AtClose(close))
            return [];
        while (true)
        {
            ValueToken token = PeekValueToken();
            if (token.Kind == ValueTokenKind.Comma || AtClose(close))
            {
                items.Add(new InterpolationTree.Literal(_at, 0, Scalar.Of("")));
            }
            else
            {
                if (Element() is not { } element)
                    return null;
                items.Add(element);
            }
            token = PeekValueToken();
            if (token.Kind != ValueTokenKind.Comma)
                return items.DrainToImmutable();
            _at = token.End;
        }
    }

    /// <summary><c>element: primitive | quotedValue | listContainer | dictContainer</c>.</summary>
    private InterpolationTree? Element()
    {
        if (++_depth > MaxDepth)
            return Fail(_at, $"interpolations and lists nest more than {MaxDepth} levels deep");
        ValueToken token = PeekValueToken();
        InterpolationTree? tree = token.Kind switch
        {
            ValueTokenKind.Quote => QuotedValue(),
            ValueTokenKind.BracketOpen => ListContainer(token),
            ValueTokenKind.BraceOpen => DictContainer(token),
            _ => Primitive(),
        };
        _depth--;
        return tree;
    }

    /// <summary><c>quotedValue: (QUOTE_OPEN_SINGLE | QUOTE_OPEN_DOUBLE) text? MATCHING_QUOTE_CLOSE</c>.</summary>
    private InterpolationTree? QuotedValue()
    {
        int start = _at;
        char quote = _text[_at++];
        if (Text(quote) is not { } text)
            return null;
        if (_at >= _text.Length)
            return Fail(start, $"the quote is not closed: expected {quote}");
        _at++;
        return text with { Start = start, Length = _at - start };
    }

    /// <summary><c>listContainer: BRACKET_OPEN sequence? BRACKET_CLOSE</c>.</summary>
    private InterpolationTree? ListContainer(ValueToken open)
    {
        _at = open.End;
        if (Sequence(']') is not { } items || !CloseWith(']', open.Start, "the list is not closed: expected `]`"))
            return null;
        return new InterpolationTree.List(open.Start, _at - open.Start, items);
    }

    /// <summary>
    /// <c>dictContainer: BRACE_OPEN (dictKeyValuePair (COMMA dictKeyValuePair)*)? BRACE_CLOSE</c> and
    /// <c>dictKeyValuePair: dictKey COLON element</c>.
    /// </summary>
    private InterpolationTree? DictContainer(ValueToken open)
    {
        _at = open.End;
        var entries = ImmutableArray.CreateBuilder<KeyValuePair<Scalar, InterpolationTree>>();
        while (!AtClose('}') || entries.Count > 0)
        {
            if (DictKey() is not { } key)
                return null;
            ValueToken colon = PeekValueToken();
            if (colon.Kind != ValueTokenKind.Colon)
                return Fail(_at, $"expected `:` after a key, found {Found()}");
            _at = colon.End;
            if (Element() is not { } value)
                return null;
            entries.Add(new(key.Value, value));
            ValueToken comma = PeekValueToken();
            if (comma.Kind != ValueTokenKind.Comma)
                break;
            _at = comma.End;
        }
        if (!CloseWith('}', open.Start, "the dictionary is not closed: expected `}`"))
            return null;
        return new InterpolationTree.Dict(open.Start, _at - open.Start, entries.DrainToImmutable());
    }

    /// <summary><c>dictKey</c>: as <see cref="Primitive"/>, without colons and interpolations.</summary>
    private InterpolationTree.Literal? DictKey()
    {
        InterpolationTree? key = Primitive(isKey: true);
        return key as InterpolationTree.Literal;
    }

    /// <summary>
    /// <c>primitive: (ID | NULL | INT | FLOAT | BOOL | UNQUOTED_CHAR | COLON | ESC | WS | interpolation)+</c>. One token alone keeps its type; several
    /// are text.
    /// </summary>
    private InterpolationTree? Primitive(bool isKey = false)
    {
        int start = _at;
        var parts = ImmutableArray.CreateBuilder<InterpolationTree>();
        var literal = new StringBuilder();
        int literalStart = _at;
        ValueToken only = default;
        int tokens = 0;
        while (true)
        {
            ValueToken token = PeekValueToken();
            if (token.Kind == ValueTokenKind.Interpolation && !isKey)
            {
                FlushLiteral(literal, literalStart, parts);
                if (Interpolation() is not { } inner)
                    return null;
                parts.Add(inner);
                literalStart = _at;
            }
            else if (token.IsPrimitive && !(isKey && token.Kind == ValueTokenKind.Colon))
            {
                only = token;
                _at = token.End;
                AppendToken(literal, token);
            }
            else
            {
                break;
            }
            tokens++;
        }
        if (tokens == 0)
            return Fail(_at, _at < _text.Length ? $"expected a {(isKey ? "key" : "value")}, found {Found()}" : "expected a value, found the end of the text");
        if (tokens == 1)
            return parts.Count == 1 ? parts[0] : new InterpolationTree.Literal(start, _at - start, only.TypedValue(_text));
        FlushLiteral(literal, literalStart, parts);
        if (parts is [InterpolationTree.Literal text])
            return text;
        return new InterpolationTree.Joined(start, _at - start, parts.DrainToImmutable(), IsQuoted: false);
    }

    private readonly void AppendToken(StringBuilder literal, ValueToken token)
    {
        if (token.Kind != ValueTokenKind.Escape)
        {
            literal.Append(_text[token.Start..token.End]);
            return;
        }
        for (int i = token.Start + 1; i < token.End; i += 2)
            literal.Append(_text[i]);
    }

    private readonly ValueToken PeekValueToken() => ValueToken.Read(_text, _at);

    /// <summary>At the closing character, blanks before it included.</summary>
    private readonly bool AtClose(char close)
    {
        int at = _at;
        while (at < _text.Length && _text[at] is ' ' or '\t')
            at++;
        return at < _text.Length && _text[at] == close;
    }

    private bool CloseWith(char close, int open, string unclosed)
    {
        if (!AtClose(close))
            return Fail(_at, _at >= _text.Length ? unclosed : $"expected `,` or `{close}`, found {Found()}", _at >= _text.Length ? open : _at) is not null;
        SkipBlanks();
        _at++;
        return true;
    }

    private void SkipBlanks()
    {
        while (_at < _text.Length && _text[_at] is ' ' or '\t')
            _at++;
    }

    private readonly bool At(char c) => _at < _text.Length && _text[_at] == c;

    private readonly bool StartsInterpolation(int at) => at + 1 < _text.Length && _text[at] == '$' && _text[at + 1] == '{';

    private readonly int CountBackslashes()
    {
        int at = _at;
        while (at < _text.Length && _text[at] == '\\')
            at++;
        return at - _at;
    }

    private static bool IsId(string text) =>
        text.Length > 0 && (char.IsAsciiLetter(text[0]) || text[0] == '_') && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');

    private readonly string Found()
    {
        if (_at >= _text.Length)
            return "the end of the text";
        return _text[_at] switch
        {
            '\t' => "a tab",
            '\n' or '\r' => "a line break",
            ' ' => "a space",
            _ => $"`{(char.IsHighSurrogate(_text[_at]) && _at + 1 < _text.Length ? _text.Slice(_at, 2).ToString() : _text[_at].ToString())}`",
        };
    }

    /// <summary>Keeps the first error and gives null, so that a rule can end with it.</summary>
    private InterpolationTree? Fail(int at, string message, int? from = null)
    {
        int start = from ?? at;
        _error ??= new GrammarError(start, Math.Max(Math.Min(at + 1, _text.Length) - start, 0), message);
        return null;
    }
}
