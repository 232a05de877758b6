using System.Globalization;
using System.Numerics;

namespace Weft.Config.Nodes;

/// <summary>
/// What a plain YAML scalar means to OmegaConf: PyYAML's YAML 1.1 rules, with its own floats (<c>1e3</c>) and without timestamps.
/// </summary>
internal static class PlainScalar
{
    /// <summary>The typed value of a scalar that is written without quotes.</summary>
    public static Scalar Resolve(string text)
    {
        if (text.Length == 0)
            return Scalar.Null;
        char first = text[0];
        if (first is '-' or '+' or '.' || char.IsAsciiDigit(first))
            return ResolveInt(text) ?? ResolveFloat(text) ?? Scalar.Of(text);
        return text switch
        {
            "~" or "null" or "Null" or "NULL" => Scalar.Null,
            "yes" or "Yes" or "YES" or "true" or "True" or "TRUE" or "on" or "On" or "ON" => Scalar.True,
            "no" or "No" or "NO" or "false" or "False" or "FALSE" or "off" or "Off" or "OFF" => Scalar.False,
            _ => Scalar.Of(text),
        };
    }

    /// <summary>The integer, or null: binary, octal, decimal, hexadecimal or sexagesimal, with underscores anywhere after the first digit.</summary>
    internal static Scalar? ResolveInt(string text)
    {
        bool isNegative = text[0] == '-';
        ReadOnlySpan<char> digits = text.AsSpan(text[0] is '-' or '+' ? 1 : 0);
        if (digits.Length == 0 || !char.IsAsciiDigit(digits[0]))
            return null;
        if (digits.Length > 2 && digits[0] == '0' && digits[1] is 'b' or 'x')
        {
            bool isHexadecimal = digits[1] == 'x';
            return OfBase(digits[2..], isHexadecimal ? 16 : 2, isNegative);
        }
        if (digits[0] == '0' && digits.Length > 1)
            return OfBase(digits[1..], 8, isNegative);
        if (digits.Contains(':'))
            return Sexagesimal(digits, isNegative);
        if (digits.ContainsAnyExcept("0123456789_"))
            return null;
        if (digits.Length < 18 && !digits.Contains('_'))
            return Scalar.Of(long.Parse(digits, CultureInfo.InvariantCulture) * (isNegative ? -1 : 1));
        var number = BigInteger.Parse(digits.ToString().Replace("_", ""), CultureInfo.InvariantCulture);
        return Scalar.Of(isNegative ? -number : number);
    }

    /// <summary>The float, or null.</summary>
    internal static Scalar? ResolveFloat(string text)
    {
        switch (text)
        {
            case ".inf" or ".Inf" or ".INF" or "+.inf" or "+.Inf" or "+.INF":
                return Scalar.Of(double.PositiveInfinity);
            case "-.inf" or "-.Inf" or "-.INF":
                return Scalar.Of(double.NegativeInfinity);
            case ".nan" or ".NaN" or ".NAN":
                return Scalar.Of(double.NaN);
        }
        if (text.Contains(':'))
            return SexagesimalFloat(text);
        if (!IsFloat(text))
            return null;
        string plain = text.Replace("_", "");
        return double.TryParse(plain, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? Scalar.Of(value) : null;
    }

    /// <summary>
    /// <c>[-+]?D(_D)*.[0-9_]*([eE][-+]?D)?</c>, <c>[-+]?D(_D)*[eE][-+]?D</c> or <c>.D(_D)*([eE][-+]D)?</c>; PyYAML's own rules also take
    /// underscores anywhere before a dot, then with a signed exponent only.
    /// </summary>
    private static bool IsFloat(ReadOnlySpan<char> text)
    {
        if (text[0] == '.')
        {
            int fraction = SkipDigits(text, 1);
            return fraction > 1 && char.IsAsciiDigit(text[1]) && IsExponent(text[fraction..], mustHaveSign: true);
        }
        int start = text[0] is '-' or '+' ? 1 : 0;
        int whole = SkipDigits(text, start);
        if (whole == start || text[start] == '_')
            return false;
        bool isGrouped = text[whole - 1] != '_' && !text[start..whole].Contains("__", StringComparison.Ordinal);
        if (whole < text.Length && text[whole] == '.')
            return IsExponent(text[SkipDigits(text, whole + 1)..], mustHaveSign: !isGrouped);
        return isGrouped && whole < text.Length && IsExponent(text[whole..], mustHaveSign: false);
    }

    /// <summary>Nothing, or an exponent and then nothing.</summary>
    private static bool IsExponent(ReadOnlySpan<char> text, bool mustHaveSign)
    {
        if (text.Length == 0)
            return true;
        if (text[0] is not ('e' or 'E'))
            return false;
        text = text[1..];
        bool hasSign = text.Length > 0 && text[0] is '-' or '+';
        if (hasSign)
            text = text[1..];
        return (hasSign || !mustHaveSign) && text.Length > 0 && !text.ContainsAnyExceptInRange('0', '9');
    }

    private static int SkipDigits(ReadOnlySpan<char> text, int at)
    {
        while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '_'))
            at++;
        return at;
    }

    private static Scalar? OfBase(ReadOnlySpan<char> digits, int radix, bool isNegative)
    {
        BigInteger number = 0;
        bool hasDigit = false;
        foreach (char c in digits)
        {
            if (c == '_')
                continue;
            int digit = char.IsAsciiHexDigit(c) ? Convert.ToInt32(c.ToString(), 16) : 99;
            if (digit >= radix)
                return null;
            hasDigit = true;
            number = number * radix + digit;
        }
        return hasDigit || radix == 8 ? Scalar.Of(isNegative ? -number : number) : null;
    }

    /// <summary><c>[1-9][0-9_]*(:[0-5]?[0-9])+</c>.</summary>
    private static Scalar? Sexagesimal(ReadOnlySpan<char> text, bool isNegative)
    {
        BigInteger number = 0;
        int index = 0;
        foreach (Range range in text.Split(':'))
        {
            ReadOnlySpan<char> part = text[range];
            bool isFine = index++ == 0
                ? part.Length > 0 && part[0] is >= '1' and <= '9' && !part.ContainsAnyExcept("0123456789_")
                : IsSixty(part);
            if (!isFine)
                return null;
            number = number * 60 + BigInteger.Parse(part.ToString().Replace("_", ""), CultureInfo.InvariantCulture);
        }
        return Scalar.Of(isNegative ? -number : number);
    }

    /// <summary><c>[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\.[0-9_]*</c>.</summary>
    private static Scalar? SexagesimalFloat(string text)
    {
        ReadOnlySpan<char> digits = text.AsSpan(text[0] is '-' or '+' ? 1 : 0);
        int dot = digits.IndexOf('.');
        if (dot < 0 || digits.Length == 0 || !char.IsAsciiDigit(digits[0]) || digits[(dot + 1)..].ContainsAnyExcept("0123456789_"))
            return null;
        double number = 0;
        int index = 0;
        foreach (Range range in digits[..dot].Split(':'))
        {
            ReadOnlySpan<char> part = digits[..dot][range];
            if (index++ == 0 ? part.ContainsAnyExcept("0123456789_") : !IsSixty(part))
                return null;
            number = number * 60 + double.Parse(part.ToString().Replace("_", ""), CultureInfo.InvariantCulture);
        }
        string fraction = "0." + digits[(dot + 1)..].ToString().Replace("_", "") + "0";
        number += double.Parse(fraction, CultureInfo.InvariantCulture);
        return Scalar.Of(text[0] == '-' ? -number : number);
    }

    private static bool IsSixty(ReadOnlySpan<char> part) => part.Length switch
    {
        1 => char.IsAsciiDigit(part[0]),
        2 => part[0] is >= '0' and <= '5' && char.IsAsciiDigit(part[1]),
        _ => false,
    };
}
