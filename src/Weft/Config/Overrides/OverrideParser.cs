using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;
using System.Text;
using Weft.Text;

namespace Weft.Config.Overrides;

/// <summary>
/// Reads one override by recursive descent: one method per rule of Hydra's published parser grammar, the rule quoted above it, one token of
/// look-ahead. Reading ends at the first error. Functions are evaluated while reading, as a call is a value.
/// </summary>
internal ref struct OverrideParser
{
    /// <summary>Levels of lists, maps and calls.</summary>
    public const int MaxDepth = 200;

    private readonly Source _source;
    private readonly Diagnostics _diagnostics;
    private OverrideLexer _lexer;
    private Token _token;
    private int _depth;
    private int _valueStart;

    private OverrideParser(Source source, Diagnostics diagnostics)
    {
        _source = source;
        _diagnostics = diagnostics;
        _lexer = new OverrideLexer(source.Text);
    }

    public static Override? Parse(Source source, Diagnostics diagnostics)
    {
        var parser = new OverrideParser(source, diagnostics);
        parser.Advance();
        return parser.Override();
    }

    /// <summary>Reads the part after <c>=</c> by itself; null when it is broken.</summary>
    public static Element? ParseValue(Source source, Diagnostics diagnostics)
    {
        var parser = new OverrideParser(source, diagnostics);
        parser._lexer.EnterValueMode();
        parser.Advance();
        Element? value = parser._token.Kind == TokenKind.End ? new Element.Text("") { At = source.Whole } : parser.Value();
        return value is not null && parser.ExpectEnd() ? value : null;
    }

    // override: (key EQUAL value? | TILDE key (EQUAL value?)? | PLUS PLUS? key EQUAL value?) EOF
    private Override? Override()
    {
        OverrideKind kind = OverrideKind.Change;
        if (_token.Kind == TokenKind.Tilde)
        {
            kind = OverrideKind.Delete;
            Advance();
        }
        else if (_token.Kind == TokenKind.Plus)
        {
            kind = OverrideKind.Add;
            Advance();
            if (_token.Kind == TokenKind.Plus)
            {
                kind = OverrideKind.ForceAdd;
                Advance();
            }
        }

        int keyStart = _token.Start;
        if (!Key(out string key, out string? package))
            return null;
        Span keyAt = _source.At(keyStart, _token.Start - keyStart);
        if (kind == OverrideKind.Delete && _token.Kind == TokenKind.End)
            return new Override { Kind = kind, Key = key, Package = package, At = _source.Whole, KeyAt = keyAt };
        if (_token.Kind != TokenKind.Equal)
        {
            FailAfterKey(keyAt, package is not null, kind);
            return null;
        }
        Advance();
        _valueStart = _token.Start;

        Element? value = _token.Kind == TokenKind.End ? new Element.Text("") { At = _source.At(_token.Start) } : Value();
        if (value is null || !ExpectEnd())
            return null;
        if (value is Element.Extension extension)
        {
            if (kind != OverrideKind.Change)
            {
                _diagnostics.Error("override/extend-list", "`extend_list` appends by itself and takes no prefix", _source.At(0, keyStart), $"write `{_source.Text[keyStart..]}`");
                return null;
            }
            kind = OverrideKind.ExtendList;
            value = new Element.List(extension.Items) { At = value.At };
        }
        return new Override { Kind = kind, Key = key, Package = package, Value = value, At = _source.Whole, KeyAt = keyAt };
    }

    // key: packageOrGroup (AT package)?
    private bool Key(out string key, out string? package)
    {
        package = null;
        if (!PackageOrGroup(out key))
            return false;
        if (_token.Kind == TokenKind.At)
        {
            Advance();
            package = Package();
        }
        return true;
    }

    // packageOrGroup: package | ID (SLASH ID)+
    private bool PackageOrGroup(out string key)
    {
        Token first = _token;
        key = Package();
        if (first.Kind != TokenKind.Id || _token.Kind != TokenKind.Slash)
            return true;
        while (_token.Kind == TokenKind.Slash)
        {
            Advance();
            if (_token.Kind != TokenKind.Id)
            {
                Fail($"expected the next part of the group path after `{Slice(first.Start, _token.Start)}`, found {Found()}");
                return false;
            }
            Advance();
        }
        key = Slice(first.Start, _token.Start);
        return true;
    }

    // package: ( | ID | KEY_SPECIAL | DOT_PATH)
    private string Package()
    {
        if (_token.Kind is not (TokenKind.Id or TokenKind.KeySpecial or TokenKind.DotPath))
            return "";
        string name = Slice(_token.Start, _token.End);
        Advance();
        return name;
    }

    // value: element | simpleChoiceSweep
    // simpleChoiceSweep: element (COMMA element)+
    private Element? Value()
    {
        int start = _token.Start;
        Element? first = Element();
        if (first is null || _token.Kind != TokenKind.Comma)
            return first;
        var items = ImmutableArray.CreateBuilder<Element>(4);
        items.Add(first);
        while (_token.Kind == TokenKind.Comma)
        {
            Advance();
            if (Element() is not { } item)
                return null;
            items.Add(item);
        }
        return new Element.Choice(items.DrainToImmutable()) { IsSimple = true, At = From(start) };
    }

    // element: primitive | listContainer | dictContainer | function
    private Element? Element()
    {
        switch (_token.Kind)
        {
            case TokenKind.BracketOpen:
                return Nested() ? ListContainer() : null;
            case TokenKind.BraceOpen:
                return Nested() ? DictContainer() : null;
            case TokenKind.Id:
                Token name = _token;
                Advance();
                return ElementAfterId(name);
            default:
                return Primitive(_token, isKey: false);
        }
    }

    /// <summary>A function when a parenthesis follows the name, else a primitive that starts with it.</summary>
    private Element? ElementAfterId(Token name)
    {
        if (_token.Kind == TokenKind.ParenOpen)
            return Nested() ? Function(name) : null;
        return Primitive(name, isKey: false, isTaken: true);
    }

    // function: ID POPEN (argName? element (COMMA argName? element)*)? PCLOSE
    // argName: ID EQUAL
    private Element? Function(Token name)
    {
        Advance();
        var arguments = new List<Argument>();
        if (_token.Kind != TokenKind.ParenClose)
        {
            while (true)
            {
                if (Argument() is not { } argument)
                    return null;
                arguments.Add(argument);
                if (_token.Kind != TokenKind.Comma)
                    break;
                Advance();
            }
        }
        if (_token.Kind != TokenKind.ParenClose)
        {
            Fail($"expected `,` or `)` in the call of `{Slice(name.Start, name.End)}`, found {Found()}");
            return null;
        }
        _depth--;
        Span call = _source.At(name.Start, _token.End - name.Start);
        Advance();
        Element? result = OverrideFunctions.Call(_source.At(name.Start, name.Length), call, arguments, _diagnostics);
        if (result is Element.Extension && (name.Start != _valueStart || _token.Kind == TokenKind.Comma))
        {
            _diagnostics.Error("override/extend-list", "`extend_list` stands only as the whole value of an override", call);
            return null;
        }
        return result;
    }

    private Argument? Argument()
    {
        if (_token.Kind != TokenKind.Id)
            return Element() is { } positional ? new Argument(null, positional) : null;
        Token name = _token;
        Advance();
        if (_token.Kind != TokenKind.Equal)
            return ElementAfterId(name) is { } value ? new Argument(null, value) : null;
        Advance();
        return Element() is { } named ? new Argument(_source.At(name.Start, name.Length), named) : null;
    }

    // listContainer: BRACKET_OPEN (element (COMMA element)*)? BRACKET_CLOSE
    private Element.List? ListContainer()
    {
        int start = _token.Start;
        Advance();
        var items = ImmutableArray.CreateBuilder<Element>();
        if (_token.Kind != TokenKind.BracketClose)
        {
            while (true)
            {
                if (Element() is not { } item)
                    return null;
                items.Add(item);
                if (_token.Kind != TokenKind.Comma)
                    break;
                Advance();
            }
        }
        if (_token.Kind != TokenKind.BracketClose)
        {
            Fail($"expected `,` or `]` in the list, found {Found()}");
            return null;
        }
        _depth--;
        Advance();
        return new Element.List(items.DrainToImmutable()) { At = From(start) };
    }

    // dictContainer: BRACE_OPEN (dictKeyValuePair (COMMA dictKeyValuePair)*)? BRACE_CLOSE
    private Element.Map? DictContainer()
    {
        int start = _token.Start;
        Advance();
        var entries = new MapBuilder();
        if (_token.Kind != TokenKind.BraceClose)
        {
            while (true)
            {
                if (DictKeyValuePair() is not { } entry)
                    return null;
                entries.Set(entry);
                if (_token.Kind != TokenKind.Comma)
                    break;
                Advance();
            }
        }
        if (_token.Kind != TokenKind.BraceClose)
        {
            Fail($"expected `,` or `}}` in the map, found {Found()}");
            return null;
        }
        _depth--;
        Advance();
        return new Element.Map(entries.ToImmutable()) { At = From(start) };
    }

    // dictKeyValuePair: dictKey COLON element
    private MapEntry? DictKeyValuePair()
    {
        if (Primitive(_token, isKey: true) is not { } key)
            return null;
        if (_token.Kind != TokenKind.Colon)
        {
            Fail($"expected `:` after the key `{key.At.Text}`, found {Found()}");
            return null;
        }
        Advance();
        return Element() is { } value ? new MapEntry(key, value) : null;
    }

    // primitive: QUOTED_VALUE | (ID | NULL | INT | FLOAT | BOOL | INTERPOLATION | UNQUOTED_CHAR | COLON | ESC | WS)+
    // dictKey: (ID | NULL | INT | FLOAT | BOOL | UNQUOTED_CHAR | ESC | WS)+
    /// <param name="isTaken">The first token was already passed.</param>
    private Element? Primitive(Token first, bool isKey, bool isTaken = false)
    {
        if (first.Kind == TokenKind.QuotedValue && !isKey)
        {
            Advance();
            return Quoted(first);
        }
        if (!IsPartOfPrimitive(first.Kind, isKey))
        {
            Fail(isKey ? $"expected a key without quotes, found {Found()}" : $"expected a value, found {Found()}");
            return null;
        }
        if (!isTaken)
            Advance();

        Token last = first;
        bool isSingle = true;
        bool hasEscapes = first.Kind == TokenKind.Escape;
        while (IsPartOfPrimitive(_token.Kind, isKey))
        {
            // White space at the end is dropped, in the middle it is kept.
            if (_token.Kind != TokenKind.WhiteSpace)
            {
                last = _token;
                isSingle = false;
                hasEscapes |= _token.Kind == TokenKind.Escape;
            }
            Advance();
        }
        Span at = _source.At(first.Start, last.End - first.Start);
        if (isSingle)
            return Typed(first, at);
        return new Element.Text(hasEscapes ? Unescape(at) : at.Text.ToString()) { At = at };
    }

    private static bool IsPartOfPrimitive(TokenKind kind, bool isKey) => kind switch
    {
        TokenKind.Id or TokenKind.Null or TokenKind.Int or TokenKind.Float or TokenKind.Bool => true,
        TokenKind.UnquotedChar or TokenKind.Escape or TokenKind.WhiteSpace => true,
        TokenKind.Interpolation or TokenKind.Colon => !isKey,
        _ => false,
    };

    /// <summary>What a token that stands alone means.</summary>
    private static Element Typed(Token token, Span at)
    {
        ReadOnlySpan<char> text = at.Text;
        return token.Kind switch
        {
            TokenKind.Int => new Element.Int(Integer(text)) { At = at },
            TokenKind.Float => new Element.Float(Float(text)) { At = at },
            TokenKind.Bool => new Element.Bool(text.Length == 4) { At = at },
            TokenKind.Null => new Element.Null { At = at },
            TokenKind.Escape => new Element.Text(Unescape(at)) { At = at },
            _ => new Element.Text(text.ToString()) { At = at },
        };
    }

    private static BigInteger Integer(ReadOnlySpan<char> text)
    {
        if (text.Length < 19 && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long small))
            return small;
        return BigInteger.Parse(WithoutUnderscores(text), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
    }

    private static double Float(ReadOnlySpan<char> text)
    {
        ReadOnlySpan<char> digits = text.TrimStart("+-");
        if (char.IsAsciiLetter(digits[0]))
        {
            if (digits[0] is 'n' or 'N')
                return double.NaN;
            return text[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
        }
        return double.Parse(text.Contains('_') ? WithoutUnderscores(text) : text, NumberStyles.Float, CultureInfo.InvariantCulture);
    }

    private static string WithoutUnderscores(ReadOnlySpan<char> text) => text.ToString().Replace("_", "", StringComparison.Ordinal);

    /// <summary>Text of several tokens with its escapes taken out; interpolations stay as written.</summary>
    private static string Unescape(Span at)
    {
        ReadOnlySpan<char> text = at.Text;
        var result = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '$' && i + 1 < text.Length && text[i + 1] == '{' && text[(i + 2)..].IndexOf('}') is > 0 and var close)
            {
                result.Append(text.Slice(i, close + 3));
                i += close + 2;
                continue;
            }
            if (text[i] == '\\' && i + 1 < text.Length && OverrideLexer.IsEscapable(text[i + 1]))
                i++;
            result.Append(text[i]);
        }
        return result.ToString();
    }

    /// <summary>Backslashes mean something only in front of the quote that encloses the text: there each pair is one.</summary>
    private readonly Element.Text Quoted(Token token)
    {
        Span at = _source.At(token.Start, token.Length);
        char quote = at.Text[0];
        ReadOnlySpan<char> text = at.Text[1..];
        Quote style = quote == '\'' ? Quote.Single : Quote.Double;
        if (!text.Contains('\\'))
            return new Element.Text(text[..^1].ToString(), style) { At = at };

        var result = new StringBuilder(text.Length);
        int backslashes = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\')
            {
                backslashes++;
                continue;
            }
            result.Append('\\', text[i] == quote ? backslashes / 2 : backslashes);
            backslashes = 0;
            if (i < text.Length - 1)
                result.Append(text[i]);
        }
        return new Element.Text(result.ToString(), style) { At = at };
    }

    private bool Nested()
    {
        if (_depth < MaxDepth)
        {
            _depth++;
            return true;
        }
        _diagnostics.Error("override/too-deep", $"more than {MaxDepth} nested levels", _source.At(_token.Start, _token.Length));
        return false;
    }

    private void Advance() => _token = _lexer.Next();

    private readonly string Slice(int start, int end) => _source.Text[start..end];

    /// <summary>From an offset to the end of the last token that was passed.</summary>
    private readonly Span From(int start)
    {
        int end = _token.Start;
        while (end > start && _source.Text[end - 1] is ' ' or '\t')
            end--;
        return _source.At(start, end - start);
    }

    private readonly bool ExpectEnd()
    {
        if (_token.Kind == TokenKind.End)
            return true;
        if (_token.Kind == TokenKind.WhiteSpace)
            Fail("expected the end after the value, found a space", "leave out the spaces around the value");
        else
            Fail($"expected the end or `,` after the value, found {Found()}", QuoteHint());
        return false;
    }

    private readonly string Found() => OverrideMessages.Found(_source, _token);

    private readonly void Fail(string message, string? hint = null)
    {
        // Behind a text in quotes, a quote that is never closed is the likelier cause: the text ended later than meant.
        OverrideLexer ahead = _lexer;
        Token next = ahead.Next();
        Token culprit = _token.Kind != TokenKind.Unknown && next.Kind == TokenKind.Unknown && _source.Text[next.Start] is '\'' or '"' ? next : _token;
        if (culprit.Kind == TokenKind.Unknown)
        {
            OverrideMessages.UnknownCharacter(_source, culprit, _diagnostics);
            return;
        }
        if (_token.Kind == TokenKind.BraceOpen && _token.Start > 0 && _source.Text[_token.Start - 1] == '$')
        {
            _diagnostics.Error("override/syntax", "the interpolation is not closed: expected `}`", _source.At(_token.Start - 1, 2));
            return;
        }
        _diagnostics.Error("override/syntax", message, _source.At(_token.Start, _token.Length), hint ?? QuoteHint());
    }

    private readonly string? QuoteHint() => OverrideMessages.QuoteHint(_source, _token.Start);

    private readonly void FailAfterKey(Span key, bool hasPackage, OverrideKind kind)
    {
        if (_token.Kind == TokenKind.Unknown)
            OverrideMessages.UnknownCharacter(_source, _token, _diagnostics);
        else
            OverrideMessages.AfterKey(_source, _token, key, hasPackage, kind, _diagnostics);
    }

    /// <summary>Collects entries; a repeated key keeps its place and takes the last value.</summary>
    private struct MapBuilder
    {
        /// <summary>Up to here a repeated key is looked for one by one.</summary>
        private const int Few = 8;

        private readonly List<MapEntry> _entries = [];
        private Dictionary<Element, int>? _index;

        public MapBuilder()
        {
        }

        public void Set(MapEntry entry)
        {
            int known = Find(entry.Key);
            if (known >= 0)
            {
                _entries[known] = _entries[known] with { Value = entry.Value };
                return;
            }
            _index?.Add(entry.Key, _entries.Count);
            _entries.Add(entry);
        }

        public readonly ImmutableArray<MapEntry> ToImmutable() => [.. _entries];

        private int Find(Element key)
        {
            if (_entries.Count < Few)
                return _entries.FindIndex(entry => PythonEquality.Instance.Equals(entry.Key, key));
            if (_index is null)
            {
                _index = new Dictionary<Element, int>(PythonEquality.Instance);
                for (int i = 0; i < _entries.Count; i++)
                    _index.Add(_entries[i].Key, i);
            }
            return _index.TryGetValue(key, out int found) ? found : -1;
        }
    }
}
