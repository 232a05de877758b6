using System.Globalization;
using Weft.Values;

namespace Weft.Expressions;

/// <summary>How a value is written into a word or a text: as Python's <c>str</c> would, since most programs that read it are Python's.</summary>
public static class Rendering
{
    /// <summary>None is the empty text; lists and maps are JSON.</summary>
    public static string Write(Value value) => value switch
    {
        Value.Null => "",
        Value.Text text => text.Content,
        Value.Float f => Number(f.Number),
        Value.Time time => time.Instant.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFFZ", CultureInfo.InvariantCulture),
        Value.Duration duration => Number(duration.Length.TotalSeconds),
        _ => CanonicalJson.Write(value),
    };

    /// <summary>The shortest digits that read back, with a point or an exponent: <c>1.0</c>, <c>0.001</c>, <c>1e-05</c>, <c>1e+16</c>.</summary>
    public static string Number(double number)
    {
        if (!double.IsFinite(number))
            return double.IsNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";
        string sign = double.IsNegative(number) ? "-" : "";
        if (number == 0)
            return sign + "0.0";
        (string digits, int exponent) = CanonicalJson.Shortest(Math.Abs(number));
        if (exponent is > -4 and <= 0)
            return $"{sign}0.{new string('0', -exponent)}{digits}";
        if (exponent is > 0 and <= 16)
        {
            return digits.Length <= exponent
                ? $"{sign}{digits.PadRight(exponent, '0')}.0"
                : $"{sign}{digits[..exponent]}.{digits[exponent..]}";
        }
        int power = exponent - 1;
        string mantissa = digits.Length == 1 ? digits : $"{digits[0]}.{digits[1..]}";
        return string.Create(CultureInfo.InvariantCulture, $"{sign}{mantissa}e{(power < 0 ? '-' : '+')}{Math.Abs(power):00}");
    }
}
