using System.Globalization;
using System.Numerics;
using Weft.Values;

namespace Weft.Sweeps;

/// <summary>
/// What the text of a parameter means: an integer, a float, a boolean, null, else the text itself. The forms are those of Hydra's overrides,
/// so <c>007</c> and <c>'1'</c> are texts, <c>1_000</c> and <c>1e3</c> numbers.
/// </summary>
public static class TypedText
{
    public static Value Read(string text)
    {
        if (text.Length == 0)
            return Value.Of(text);
        char first = text[0];
        if (char.IsAsciiDigit(first) || first is '+' or '-' or '.')
            return ReadNumber(text) ?? Value.Of(text);
        if (text.Equals("true", StringComparison.OrdinalIgnoreCase))
            return Value.Of(true);
        if (text.Equals("false", StringComparison.OrdinalIgnoreCase))
            return Value.Of(false);
        if (text.Equals("null", StringComparison.OrdinalIgnoreCase))
            return Value.None;
        return ReadSpecial(text, 1) ?? Value.Of(text);
    }

    private static Value? ReadNumber(string text)
    {
        int sign = text[0] is '+' or '-' ? 1 : 0;
        ReadOnlySpan<char> digits = text.AsSpan(sign);
        if (digits.ContainsAnyExcept("0123456789_.eE+-"))
            return ReadSpecial(text[sign..], text[0] == '-' ? -1 : 1);
        string plain = text;
        if (digits.Contains('_'))
        {
            if (!HasGroupsOfDigits(digits))
                return null;
            plain = text.Replace("_", "", StringComparison.Ordinal);
            digits = plain.AsSpan(sign);
        }
        if (!digits.ContainsAnyExceptInRange('0', '9') && digits.Length > 0)
        {
            if (digits.Length > 1 && digits[0] == '0')
                return null;
            return long.TryParse(plain, CultureInfo.InvariantCulture, out long small) ? Value.Of(small) : new Value.Int(BigInteger.Parse(plain, CultureInfo.InvariantCulture));
        }
        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return double.TryParse(plain, Style, CultureInfo.InvariantCulture, out double number) ? Value.Of(number) : null;
    }

    private static Value? ReadSpecial(string text, int sign)
    {
        if (text.Equals("inf", StringComparison.OrdinalIgnoreCase))
            return Value.Of(sign * double.PositiveInfinity);
        return text.Equals("nan", StringComparison.OrdinalIgnoreCase) ? Value.Of(double.NaN) : null;
    }

    /// <summary>True when every underscore stands between two digits.</summary>
    private static bool HasGroupsOfDigits(ReadOnlySpan<char> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '_' && !(i > 0 && i + 1 < text.Length && char.IsAsciiDigit(text[i - 1]) && char.IsAsciiDigit(text[i + 1])))
                return false;
        }
        return true;
    }
}
