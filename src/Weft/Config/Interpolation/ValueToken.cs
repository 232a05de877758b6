using System.Globalization;
using System.Numerics;
using Weft.Config.Nodes;

namespace Weft.Config.Interpolation;

internal enum ValueTokenKind
{
    /// <summary>The end, or a character that no token begins with.</summary>
    None,
    Interpolation,
    BraceOpen,
    BraceClose,
    Quote,
    Comma,
    BracketOpen,
    BracketClose,
    Colon,
    Float,
    Int,
    Bool,
    Null,
    UnquotedChar,
    Id,
    Escape,
    Blanks,
}

/// <summary>
/// A token of the lexer mode VALUE_MODE (OmegaConfGrammarLexer.g4): the longest match, and of equally long ones the first in the order of
/// the kinds above. Commas, colons and brackets take the blanks around them along.
/// </summary>
internal readonly record struct ValueToken(ValueTokenKind Kind, int Start, int End)
{
    public bool IsPrimitive => Kind is ValueTokenKind.Colon or >= ValueTokenKind.Float;

    public static ValueToken Read(ReadOnlySpan<char> text, int at)
    {
        if (at >= text.Length)
            return new(ValueTokenKind.None, at, at);
        int blanks = SkipBlanks(text, at);
        if (blanks > at)
        {
            // A token that may begin with blanks is longer than the blanks.
            return (blanks < text.Length ? text[blanks] : '\0') switch
            {
                ',' => new(ValueTokenKind.Comma, at, SkipBlanks(text, blanks + 1)),
                ':' => new(ValueTokenKind.Colon, at, SkipBlanks(text, blanks + 1)),
                ']' => new(ValueTokenKind.BracketClose, at, blanks + 1),
                '}' => new(ValueTokenKind.BraceClose, at, blanks + 1),
                _ => new(ValueTokenKind.Blanks, at, blanks),
            };
        }
        switch (text[at])
        {
            case '$' when at + 1 < text.Length && text[at + 1] == '{':
                return new(ValueTokenKind.Interpolation, at, at + 2);
            case '{':
                return new(ValueTokenKind.BraceOpen, at, SkipBlanks(text, at + 1));
            case '}':
                return new(ValueTokenKind.BraceClose, at, at + 1);
            case '\'' or '"':
                return new(ValueTokenKind.Quote, at, at + 1);
            case ',':
                return new(ValueTokenKind.Comma, at, SkipBlanks(text, at + 1));
            case '[':
                return new(ValueTokenKind.BracketOpen, at, SkipBlanks(text, at + 1));
            case ']':
                return new(ValueTokenKind.BracketClose, at, at + 1);
            case ':':
                return new(ValueTokenKind.Colon, at, SkipBlanks(text, at + 1));
            default:
                return ReadPrimitive(text, at);
        }
    }

    /// <summary>The value of this token when it stands alone.</summary>
    public Scalar TypedValue(ReadOnlySpan<char> text)
    {
        ReadOnlySpan<char> own = text[Start..End];
        return Kind switch
        {
            ValueTokenKind.Null => Scalar.Null,
            ValueTokenKind.Bool => Scalar.Of(own.Length == 4),
            ValueTokenKind.Int => Scalar.Of(BigInteger.Parse(own.ToString().Replace("_", ""), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture)),
            ValueTokenKind.Float => Scalar.Of(PythonText.ParseFloat(own) ?? double.NaN),
            ValueTokenKind.Escape => Scalar.Of(Unescape(own)),
            _ => Scalar.Of(own.ToString()),
        };
    }

    private static string Unescape(ReadOnlySpan<char> escapes) =>
        string.Create(escapes.Length / 2, escapes, static (chars, escapes) =>
        {
            for (int i = 0; i < chars.Length; i++)
                chars[i] = escapes[2 * i + 1];
        });

    private static ValueToken ReadPrimitive(ReadOnlySpan<char> text, int at)
    {
        ReadOnlySpan<char> rest = text[at..];
        int escapes = EscapeLength(rest);
        if (escapes > 0)
            return new(ValueTokenKind.Escape, at, at + escapes);
        int word = IdLength(rest);
        int number = NumberLength(rest, out bool isFloat);
        if (number > 0 && number >= word)
            return new(isFloat ? ValueTokenKind.Float : ValueTokenKind.Int, at, at + number);
        if (word > 0)
        {
            ReadOnlySpan<char> id = rest[..word];
            ValueTokenKind kind = id.Equals("true", StringComparison.OrdinalIgnoreCase) || id.Equals("false", StringComparison.OrdinalIgnoreCase) ? ValueTokenKind.Bool
                : id.Equals("null", StringComparison.OrdinalIgnoreCase) ? ValueTokenKind.Null
                : ValueTokenKind.Id;
            return new(kind, at, at + word);
        }
        return @"/-\+.$%*@?|".Contains(text[at]) ? new(ValueTokenKind.UnquotedChar, at, at + 1) : new(ValueTokenKind.None, at, at);
    }

    /// <summary><c>ESC</c>: a run of backslashes with a character that they free of its meaning.</summary>
    private static int EscapeLength(ReadOnlySpan<char> text)
    {
        int at = 0;
        while (at + 1 < text.Length && text[at] == '\\' && @"\()[]{}:=, ".Contains(text[at + 1]) | text[at + 1] == '\t')
            at += 2;
        return at;
    }

    /// <summary><c>ID: (CHAR|'_') (CHAR|DIGIT|'_'|'-')*</c>.</summary>
    private static int IdLength(ReadOnlySpan<char> text)
    {
        if (!char.IsAsciiLetter(text[0]) && text[0] != '_')
            return 0;
        int at = 1;
        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] is '_' or '-'))
            at++;
        return at;
    }

    /// <summary>
    /// <c>INT: [+-]? INT_UNSIGNED</c> or <c>FLOAT: [+-]? (POINT_FLOAT | EXPONENT_FLOAT | inf | nan)</c>, whichever is longer; 0 when neither.
    /// </summary>
    private static int NumberLength(ReadOnlySpan<char> text, out bool isFloat)
    {
        isFloat = false;
        int at = text[0] is '+' or '-' ? 1 : 0;
        ReadOnlySpan<char> name = text[at..Math.Min(at + 3, text.Length)];
        if (name.Equals("inf", StringComparison.OrdinalIgnoreCase) || name.Equals("nan", StringComparison.OrdinalIgnoreCase))
        {
            isFloat = true;
            return at + 3;
        }
        int start = at;
        at = SkipUnsigned(text, at);
        bool hasInt = at > start;
        if (at < text.Length && text[at] == '.')
        {
            int fraction = SkipDigits(text, at + 1);
            if (hasInt || fraction > at + 1)
            {
                isFloat = true;
                at = fraction;
            }
        }
        if (at == start)
            return 0;
        if (at < text.Length && text[at] is 'e' or 'E')
        {
            int exponent = at + 1;
            if (exponent < text.Length && text[exponent] is '+' or '-')
                exponent++;
            int end = SkipDigits(text, exponent);
            if (end > exponent)
            {
                isFloat = true;
                at = end;
            }
        }
        return at;
    }

    /// <summary><c>INT_UNSIGNED: '0' | [1-9] (('_')? DIGIT)*</c>.</summary>
    private static int SkipUnsigned(ReadOnlySpan<char> text, int at) =>
        at >= text.Length || !char.IsAsciiDigit(text[at]) ? at
        : text[at] == '0' ? at + 1
        : SkipDigits(text, at);

    /// <summary><c>DIGIT (('_')? DIGIT)*</c>.</summary>
    private static int SkipDigits(ReadOnlySpan<char> text, int at)
    {
        if (at >= text.Length || !char.IsAsciiDigit(text[at]))
            return at;
        at++;
        while (at < text.Length && (char.IsAsciiDigit(text[at]) || (text[at] == '_' && at + 1 < text.Length && char.IsAsciiDigit(text[at + 1]))))
            at++;
        return at;
    }

    private static int SkipBlanks(ReadOnlySpan<char> text, int at)
    {
        while (at < text.Length && text[at] is ' ' or '\t')
            at++;
        return at;
    }
}
