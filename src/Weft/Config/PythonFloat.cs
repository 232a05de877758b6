using System.Globalization;

namespace Weft.Config;

/// <summary>
/// The text of a float as Python writes it (<c>repr</c>): the shortest digits that read back to the same number, always with a point or an
/// exponent; the exponent form from 1e16 up and below 1e-4, with at least two exponent digits. Hydra's job strings and OmegaConf's
/// string interpolation are made of it.
/// </summary>
public static class PythonFloat
{
    public static string Repr(double number)
    {
        if (double.IsNaN(number))
            return "nan";
        if (double.IsInfinity(number))
            return number > 0 ? "inf" : "-inf";

        // "E16" style with the shortest digits: d.ddddE+xxx.
        Span<char> buffer = stackalloc char[32];
        number.TryFormat(buffer, out int length, "R", CultureInfo.InvariantCulture);
        ReadOnlySpan<char> text = buffer[..length];
        bool isNegative = text[0] == '-';
        if (isNegative)
            text = text[1..];

        Span<char> digits = stackalloc char[24];
        (int count, int pointAt) = SplitDigits(text, digits);
        ReadOnlySpan<char> significant = digits[..count];
        string sign = isNegative ? "-" : "";
        int exponent = pointAt - 1;
        if (count > 0 && significant[0] != '0' && exponent is < -4 or >= 16)
            return sign + WithExponent(significant, exponent);
        if (pointAt <= 0)
            return $"{sign}0.{new string('0', -pointAt)}{significant}";
        return pointAt >= count
            ? $"{sign}{significant}{new string('0', pointAt - count)}.0"
            : $"{sign}{significant[..pointAt]}.{significant[pointAt..]}";
    }

    private static string WithExponent(ReadOnlySpan<char> digits, int exponent)
    {
        string fraction = digits.Length > 1 ? $".{digits[1..]}" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");
    }

    /// <summary>
    /// Digits of <c>123.45</c> or <c>1.5E-07</c> without leading and trailing zeros, and where the point stands counted from their start.
    /// </summary>
    private static (int Count, int PointAt) SplitDigits(ReadOnlySpan<char> text, Span<char> digits)
    {
        int exponent = 0;
        int e = text.IndexOf('E');
        if (e >= 0)
        {
            exponent = int.Parse(text[(e + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            text = text[..e];
        }
        int count = 0;
        int pointAt = -1;
        int skipped = 0;
        foreach (char c in text)
        {
            if (c == '.')
                pointAt = count - skipped;
            else if (c == '0' && count == 0)
                skipped += pointAt >= 0 ? 1 : 0;
            else
                digits[count++] = c;
        }
        if (count == 0)
        {
            digits[0] = '0';
            return (1, 1);
        }
        if (pointAt < 0)
            pointAt = count;
        else if (skipped > 0)
            pointAt = -skipped;
        while (count > 1 && digits[count - 1] == '0')
            count--;
        return (count, pointAt + exponent);
    }
}
