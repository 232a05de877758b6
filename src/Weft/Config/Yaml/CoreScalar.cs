using System.Globalization;
using System.Numerics;
using Weft.Values;

namespace Weft.Config.Yaml;

/// <summary>
/// What a scalar of a native file means, by the core schema of YAML 1.2 (10.3.2): <c>yes</c>, <c>on</c>, <c>1_000</c> and <c>12:30</c> are texts,
/// <c>0o17</c> and <c>0x1F</c> integers. Quoted and block scalars are texts, whatever stands in them.
/// </summary>
internal static class CoreScalar
{
    public static Value Read(YamlScalar scalar) => scalar.IsPlain ? Read(scalar.Text) : Value.Of(scalar.Text);

    private static Value Read(string text)
    {
        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return Value.None;
            case "true" or "True" or "TRUE":
                return Value.Of(true);
            case "false" or "False" or "FALSE":
                return Value.Of(false);
            case ".nan" or ".NaN" or ".NAN":
                return Value.Of(double.NaN);
        }
        return ReadNumber(text) ?? Value.Of(text);
    }

    private static Value? ReadNumber(string text)
    {
        if (text.StartsWith("0o", StringComparison.Ordinal))
            return Based(text.AsSpan(2), 8);
        if (text.StartsWith("0x", StringComparison.Ordinal))
            return Based(text.AsSpan(2), 16);
        int sign = text[0] is '+' or '-' ? 1 : 0;
        ReadOnlySpan<char> rest = text.AsSpan(sign);
        if (rest is ".inf" or ".Inf" or ".INF")
            return Value.Of(text[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity);
        if (rest.IsEmpty)
            return null;
        if (!rest.ContainsAnyExceptInRange('0', '9'))
            return new Value.Int(BigInteger.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));
        return IsFloat(rest) ? Value.Of(double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture)) : null;
    }

    private static Value? Based(ReadOnlySpan<char> digits, int radix)
    {
        BigInteger number = 0;
        foreach (char digit in digits)
        {
            if (!char.IsAsciiHexDigit(digit) || Convert.ToInt32(digit.ToString(), 16) >= radix)
                return null;
            number = number * radix + Convert.ToInt32(digit.ToString(), 16);
        }
        return digits.IsEmpty ? null : new Value.Int(number);
    }

    // ( "." digits | digits [ "." [ digits ] ] ) [ ( "e" | "E" ) [ "-" | "+" ] digits ]
    private static bool IsFloat(ReadOnlySpan<char> text)
    {
        int at = Digits(text, 0);
        bool hasDigits = at > 0;
        if (at < text.Length && text[at] == '.')
        {
            int end = Digits(text, at + 1);
            hasDigits |= end > at + 1;
            at = end;
        }
        if (!hasDigits)
            return false;
        if (at == text.Length)
            return true;
        if (text[at] is not ('e' or 'E'))
            return false;
        at++;
        if (at < text.Length && text[at] is '+' or '-')
            at++;
        return at < text.Length && Digits(text, at) == text.Length;
    }

    private static int Digits(ReadOnlySpan<char> text, int at)
    {
        while (at < text.Length && char.IsAsciiDigit(text[at]))
            at++;
        return at;
    }
}
