using System.Globalization;
using System.Numerics;

namespace Weft.Config.Overrides;

/// <summary>
/// The values of a range sweep, by index and without a list of them. Integers stay integers; with any float the arithmetic is decimal, on
/// the shortest text of each number, so that <c>range(1,2,0.1)</c> gives 1.9 and never a value past the stop.
/// </summary>
internal sealed class RangeValues
{
    private readonly BigInteger _start;
    private readonly BigInteger _step;

    /// <summary>Power of ten by which start, stop and step are scaled to integers; null when they are integers.</summary>
    private readonly int? _scale;

    private RangeValues(BigInteger start, BigInteger stop, BigInteger step, int? scale)
    {
        _start = start;
        _step = step;
        _scale = scale;
        BigInteger distance = step.Sign > 0 ? stop - start : start - stop;
        BigInteger size = BigInteger.Abs(step);
        Count = distance.Sign <= 0 ? 0 : (distance + size - 1) / size;
    }

    public BigInteger Count { get; }

    public bool IsDescending => _step.Sign < 0;

    /// <summary>Null, and why, when the range has no end or no direction.</summary>
    public static RangeValues? Of(Element.Range range, out string? problem)
    {
        problem = null;
        Element[] numbers = [range.Start, range.Stop, range.Step];
        if (numbers.Any(number => number is Element.Float value && !double.IsFinite(value.Number)))
        {
            problem = "the range has no end";
            return null;
        }
        RangeValues? values = null;
        if (!numbers.Any(number => number is Element.Float))
        {
            if (Integer(range.Step) is { IsZero: false } step)
                values = new RangeValues(Integer(range.Start), Integer(range.Stop), step, null);
        }
        else
        {
            (BigInteger Digits, int Exponent)[] decimals = [.. numbers.Select(Decimal)];
            int scale = decimals.Min(number => number.Exponent);
            BigInteger[] scaled = [.. decimals.Select(number => number.Digits * BigInteger.Pow(10, number.Exponent - scale))];
            if (!scaled[2].IsZero)
                values = new RangeValues(scaled[0], scaled[1], scaled[2], scale);
        }
        problem = values is null ? "the step of the range is 0" : null;
        return values;
    }

    public Element this[BigInteger index]
    {
        get
        {
            BigInteger value = _start + index * _step;
            return _scale is { } scale ? new Element.Float(FromDecimal(value, scale)) : new Element.Int(value);
        }
    }

    /// <summary>The same values in the other order.</summary>
    public Element.Range Turned(Element.Range range)
    {
        BigInteger last = _start + (Count - 1) * _step;
        return range with { Start = Number(last), Stop = Number(_start - _step), Step = Number(-_step) };
    }

    /// <summary>To the nearest double; infinity when it is too large.</summary>
    public static double ToDouble(BigInteger number) =>
        BigInteger.Abs(number) <= 1L << 53 ? (double)number : double.Parse(number.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private Element Number(BigInteger value) => _scale is { } scale ? new Element.Float(FromDecimal(value, scale)) : new Element.Int(value);

    private static BigInteger Integer(Element element) => element is Element.Int integer ? integer.Number : element is Element.Bool { Is: true } ? 1 : 0;

    /// <summary>The decimal that the shortest text of a number stands for.</summary>
    private static (BigInteger Digits, int Exponent) Decimal(Element element)
    {
        if (element is not Element.Float number)
            return (Integer(element), 0);
        string shortest = number.Number.ToString("R", CultureInfo.InvariantCulture);
        int e = shortest.IndexOf('E', StringComparison.Ordinal);
        int exponent = e < 0 ? 0 : int.Parse(shortest.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string digits = e < 0 ? shortest : shortest[..e];
        int point = digits.IndexOf('.', StringComparison.Ordinal);
        if (point >= 0)
            exponent -= digits.Length - point - 1;
        return (BigInteger.Parse(digits.Replace(".", "", StringComparison.Ordinal), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture), exponent);
    }

    private static double FromDecimal(BigInteger digits, int scale) =>
        double.Parse(string.Create(CultureInfo.InvariantCulture, $"{digits}E{scale}"), NumberStyles.Float, CultureInfo.InvariantCulture);
}
