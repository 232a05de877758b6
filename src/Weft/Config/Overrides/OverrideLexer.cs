
namespace Weft.Config.Overrides;

/// <summary>The tokens of Hydra's override lexer, by their published names.</summary>
internal enum TokenKind
{
    End,

    /// <summary>A character that starts no token of the current mode.</summary>
    Unknown,

    // Both modes
    Equal,
    Colon,
    Id,

    // Key mode
    Tilde,
    Plus,
    At,
    Slash,
    KeySpecial,
    DotPath,

    // Value mode
    ParenOpen,
    ParenClose,
    Comma,
    BracketOpen,
    BracketClose,
    BraceOpen,
    BraceClose,
    Float,
    Int,
    Bool,
    Null,
    UnquotedChar,
    Escape,
    WhiteSpace,
    QuotedValue,
    Interpolation,
}

internal readonly record struct Token(TokenKind Kind, int Start, int Length)
{
    public int End => Start + Length;
}

/// <summary>
/// Cuts an override into tokens, as the published lexer grammar does: the longest token wins, at equal length the one that stands first in
/// the grammar. It starts in key mode and changes to value mode at the first <c>=</c>. White space around a separator belongs to the separator.
/// </summary>
internal ref struct OverrideLexer(ReadOnlySpan<char> text)
{

    private readonly ReadOnlySpan<char> _text = text;
    private int _at;
    private bool _inValue;

    /// <summary>Characters that a backslash takes their meaning from.</summary>
    public static bool IsEscapable(char c) => c is '\\' or '(' or ')' or '[' or ']' or '{' or '}' or ':' or '=' or ',' or ' ' or '\t';

    /// <summary>Characters that stand for themselves in a value without quotes; a backslash does so only where it escapes nothing.</summary>
    public static bool IsUnquoted(char c) => char.IsAsciiLetterOrDigit(c) || c == '_' || IsUnquotedChar(c);

    private static bool IsUnquotedChar(char c) => c is '/' or '-' or '\\' or '+' or '.' or '$' or '%' or '*' or '@' or '?' or '|';

    /// <summary>Starts in value mode, for reading a value by itself.</summary>
    public void EnterValueMode() => _inValue = true;

    public Token Next()
    {
        if (_at >= _text.Length)
            return new Token(TokenKind.End, _text.Length, 0);
        Token token = _inValue ? NextOfValue() : NextOfKey();
        _at = token.End;
        return token;
    }

    private Token NextOfKey()
    {
        char c = _text[_at];
        switch (c)
        {
            case '=':
                _inValue = true;
                return new Token(TokenKind.Equal, _at, SkipSpace(_at + 1) - _at);
            case '~':
                return new Token(TokenKind.Tilde, _at, 1);
            case '+':
                return new Token(TokenKind.Plus, _at, 1);
            case '@':
                return new Token(TokenKind.At, _at, 1);
            case ':':
                return new Token(TokenKind.Colon, _at, 1);
            case '/':
                return new Token(TokenKind.Slash, _at, 1);
        }
        int end = EndOfKeyPart(_at);
        if (end == _at)
            return new Token(TokenKind.Unknown, _at, 1);
        bool isPath = false;
        while (end < _text.Length && _text[end] == '.' && EndOfKeyPart(end + 1) is var next && next > end + 1)
        {
            end = next;
            isPath = true;
        }
        if (isPath)
            return new Token(TokenKind.DotPath, _at, end - _at);
        if (char.IsAsciiDigit(c))
            return new Token(TokenKind.Unknown, _at, 1);
        int id = c == '$' ? _at : EndOfId(_at);
        return new Token(id == end ? TokenKind.Id : TokenKind.KeySpecial, _at, end - _at);
    }

    /// <summary>KEY_SPECIAL or INT_UNSIGNED; the start itself when neither stands there.</summary>
    private readonly int EndOfKeyPart(int at)
    {
        if (at >= _text.Length)
            return at;
        char c = _text[at];
        if (char.IsAsciiLetter(c) || c is '_' or '$')
            return EndOfId(at, withDollars: true);
        return EndOfInteger(at);
    }

    private Token NextOfValue()
    {
        int start = _at;
        int at = SkipSpace(start);
        if (at < _text.Length)
        {
            // White space may stand before a closing bracket and on both sides of a separator.
            switch (_text[at])
            {
                case '(':
                    return new Token(TokenKind.ParenOpen, start, SkipSpace(at + 1) - start);
                case ',':
                    return new Token(TokenKind.Comma, start, SkipSpace(at + 1) - start);
                case ':':
                    return new Token(TokenKind.Colon, start, SkipSpace(at + 1) - start);
                case '=':
                    return new Token(TokenKind.Equal, start, SkipSpace(at + 1) - start);
                case ')':
                    return new Token(TokenKind.ParenClose, start, at + 1 - start);
                case ']':
                    return new Token(TokenKind.BracketClose, start, at + 1 - start);
                case '}':
                    return new Token(TokenKind.BraceClose, start, at + 1 - start);
            }
        }
        if (at > start)
            return new Token(TokenKind.WhiteSpace, start, at - start);
        switch (_text[start])
        {
            case '[':
                return new Token(TokenKind.BracketOpen, start, SkipSpace(start + 1) - start);
            case '{':
                return new Token(TokenKind.BraceOpen, start, SkipSpace(start + 1) - start);
            case '\'' or '"':
                return QuotedValue();
            default:
                return Word();
        }
    }

    /// <summary>
    /// FLOAT, INT, BOOL, NULL, ID, INTERPOLATION, ESC or UNQUOTED_CHAR: the longest.
    /// </summary>
    private readonly Token Word()
    {
        char c = _text[_at];
        if (char.IsAsciiLetter(c) || c == '_')
        {
            int end = EndOfId(_at);
            return new Token(KindOfWord(_text[_at..end]), _at, end - _at);
        }
        if (char.IsAsciiDigit(c) || c is '+' or '-' or '.')
        {
            int digits = c is '+' or '-' ? _at + 1 : _at;
            int asFloat = EndOfFloat(digits);
            int asInteger = EndOfInteger(digits);
            if (asFloat > digits && asFloat >= asInteger)
                return new Token(TokenKind.Float, _at, asFloat - _at);
            if (asInteger > digits)
                return new Token(TokenKind.Int, _at, asInteger - _at);
        }
        if (c == '$' && _at + 1 < _text.Length && _text[_at + 1] == '{')
        {
            int close = _text[(_at + 2)..].IndexOf('}');
            if (close > 0)
                return new Token(TokenKind.Interpolation, _at, close + 3);
        }
        if (c == '\\')
        {
            int end = _at;
            while (end + 1 < _text.Length && _text[end] == '\\' && IsEscapable(_text[end + 1]))
                end += 2;
            if (end > _at)
                return new Token(TokenKind.Escape, _at, end - _at);
        }
        return new Token(IsUnquotedChar(c) ? TokenKind.UnquotedChar : TokenKind.Unknown, _at, 1);
    }

    private static TokenKind KindOfWord(ReadOnlySpan<char> word)
    {
        switch (word.Length)
        {
            case 3 when word.Equals("inf", StringComparison.OrdinalIgnoreCase) || word.Equals("nan", StringComparison.OrdinalIgnoreCase):
                return TokenKind.Float;
            case 4 when word.Equals("true", StringComparison.OrdinalIgnoreCase):
            case 5 when word.Equals("false", StringComparison.OrdinalIgnoreCase):
                return TokenKind.Bool;
            case 4 when word.Equals("null", StringComparison.OrdinalIgnoreCase):
                return TokenKind.Null;
            default:
                return TokenKind.Id;
        }
    }

    /// <summary>Closed by the first equal quote that an even number of backslashes precedes.</summary>
    private readonly Token QuotedValue()
    {
        char quote = _text[_at];
        int backslashes = 0;
        for (int i = _at + 1; i < _text.Length; i++)
        {
            if (_text[i] == quote && backslashes % 2 == 0)
                return new Token(TokenKind.QuotedValue, _at, i + 1 - _at);
            backslashes = _text[i] == '\\' ? backslashes + 1 : 0;
        }
        return new Token(TokenKind.Unknown, _at, 1);
    }

    /// <summary>INT_UNSIGNED: <c>0 | [1-9] (('_')? DIGIT)*</c>.</summary>
    private readonly int EndOfInteger(int at)
    {
        if (at >= _text.Length || !char.IsAsciiDigit(_text[at]))
            return at;
        return _text[at] == '0' ? at + 1 : EndOfDigits(at);
    }

    /// <summary>FLOAT without its sign; the start itself when none stands there.</summary>
    private readonly int EndOfFloat(int start)
    {
        if (start + 3 <= _text.Length && KindOfWord(_text.Slice(start, 3)) == TokenKind.Float)
            return start + 3;
        int whole = EndOfInteger(start);
        int end = start;
        int mantissa = whole;
        if (whole < _text.Length && _text[whole] == '.')
        {
            int fraction = EndOfDigits(whole + 1);
            if (whole > start || fraction > whole + 1)
                end = mantissa = Math.Max(fraction, whole + 1);
        }
        if (mantissa > start && mantissa < _text.Length && _text[mantissa] is 'e' or 'E')
        {
            int digits = mantissa + 1;
            if (digits < _text.Length && _text[digits] is '+' or '-')
                digits++;
            int exponent = EndOfDigits(digits);
            if (exponent > digits)
                end = exponent;
        }
        return end;
    }

    /// <summary><c>DIGIT (('_')? DIGIT)*</c></summary>
    private readonly int EndOfDigits(int at)
    {
        if (at >= _text.Length || !char.IsAsciiDigit(_text[at]))
            return at;
        at++;
        while (at < _text.Length)
        {
            if (char.IsAsciiDigit(_text[at]))
                at++;
            else if (_text[at] == '_' && at + 1 < _text.Length && char.IsAsciiDigit(_text[at + 1]))
                at += 2;
            else
                break;
        }
        return at;
    }

    private readonly int EndOfId(int at, bool withDollars = false)
    {
        while (at < _text.Length && (char.IsAsciiLetterOrDigit(_text[at]) || _text[at] is '_' or '-' || (withDollars && _text[at] == '$')))
            at++;
        return at;
    }

    private readonly int SkipSpace(int at)
    {
        while (at < _text.Length && _text[at] is ' ' or '\t')
            at++;
        return at;
    }
}
