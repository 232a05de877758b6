using System.Globalization;
using System.Numerics;

namespace Weft.Config.Overrides;

/// <summary>
/// The values of a range sweep, by index and without a list of them. Integers stay integers. With any float the values are those of Hydra 1.3, to the last
/// digit, so that its jobs have the same words: the step is added again and again to the start in Python's decimal numbers, which hold the floats exactly
/// and round every sum to 28 digits. <c>range(1,2,0.1)</c> ends with 1.9000000000000001.
/// </summary>
internal sealed class RangeValues
{
    /// <summary>Digits of a sum.</summary>
    private const int Precision = 28;

    private readonly BigInteger _start;
    private readonly BigInteger _stop;
    private readonly BigInteger _step;

    /// <summary>Start, stop and step count units of ten to this power; null when they are integers.</summary>
    private readonly int? _scale;

    private RangeValues(BigInteger start, BigInteger stop, BigInteger step, int? scale)
    {
        _start = start;
        _stop = stop;
        _step = step;
        _scale = scale;
    }

    public BigInteger Count { get; private set; }

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
        (BigInteger Digits, int Exponent)[] decimals = [.. numbers.Select(Decimal)];
        if (decimals[2].Digits.IsZero)
        {
            problem = "the step of the range is 0";
            return null;
        }
        int scale = decimals.Min(number => number.Exponent);
        BigInteger[] scaled = [.. decimals.Select(number => number.Digits * BigInteger.Pow(10, number.Exponent - scale))];
        var values = new RangeValues(scaled[0], scaled[1], scaled[2], numbers.Any(number => number is Element.Float) ? scale : null);
        if (values.CountAll() is not { } count)
        {
            problem = "the range has no end: its step is too small to change its values";
            return null;
        }
        values.Count = count;
        return values;
    }

    public Element this[BigInteger index] => Number(At(index));

    /// <summary>The same values in the other order.</summary>
    public Element.Range Turned(Element.Range range) =>
        range with { Start = Number(At(Count - 1)), Stop = Number(_start - _step), Step = Number(-_step) };

    /// <summary>To the nearest double; infinity when it is too large.</summary>
    public static double ToDouble(BigInteger number) =>
        BigInteger.Abs(number) <= 1L << 53 ? (double)number : double.Parse(number.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private BigInteger At(BigInteger index)
    {
        if (_scale is null)
            return _start + index * _step;
        BigInteger value = _start;
        for (BigInteger left = index; left > 0;)
        {
            value = Next(value, out BigInteger step, out BigInteger repeats);
            left--;
            BigInteger leap = BigInteger.Min(repeats, left);
            value += leap * step;
            left -= leap;
        }
        return value;
    }

    /// <summary>How many values come before the stop; null when it is never reached.</summary>
    private BigInteger? CountAll()
    {
        if (_scale is null)
            return StepsToStop(_start, _step);
        BigInteger count = 0;
        for (BigInteger value = _start; StepsToStop(value, _step) > 0;)
        {
            value = Next(value, out BigInteger step, out BigInteger repeats);
            count++;
            if (step.IsZero)
                return null;
            BigInteger leap = BigInteger.Min(repeats, StepsToStop(value, step));
            value += leap * step;
            count += leap;
        }
        return count;
    }

    /// <summary>How many times a step is added until the stop is reached or passed.</summary>
    private BigInteger StepsToStop(BigInteger value, BigInteger step)
    {
        BigInteger distance = step.Sign > 0 ? _stop - value : value - _stop;
        BigInteger size = BigInteger.Abs(step);
        return distance.Sign <= 0 ? 0 : (distance + size - 1) / size;
    }

    /// <summary>Adds the step once and rounds the sum.</summary>
    /// <param name="step">What further additions add: while the sum keeps its number of digits, each rounds the step in the same way.</param>
    /// <param name="repeats">How many additions surely do.</param>
    private BigInteger Next(BigInteger value, out BigInteger step, out BigInteger repeats)
    {
        BigInteger sum = value + _step;
        BigInteger unit = BigInteger.Pow(10, Math.Max(0, BigInteger.Abs(sum).ToString(CultureInfo.InvariantCulture).Length - Precision));
        sum = Rounded(sum, unit);
        step = Rounded(_step, unit);
        BigInteger size = BigInteger.Abs(sum);
        BigInteger room = step.Sign == sum.Sign ? unit * BigInteger.Pow(10, Precision) - 1 - size
            : unit.IsOne ? size
            : size - unit * (BigInteger.Pow(10, Precision - 1) + 1);
        repeats = step.IsZero || room.Sign < 0 ? 0 : room / BigInteger.Abs(step);
        return sum;
    }

    /// <summary>To the nearest multiple of a unit, of two equally near ones the even.</summary>
    private static BigInteger Rounded(BigInteger value, BigInteger unit)
    {
        BigInteger multiple = BigInteger.DivRem(value, unit, out BigInteger rest);
        int half = (BigInteger.Abs(rest) * 2).CompareTo(unit);
        if (half > 0 || (half == 0 && !multiple.IsEven))
            multiple += value.Sign;
        return multiple * unit;
    }

    private Element Number(BigInteger value) =>
        _scale is { } scale ? new Element.Float(double.Parse(string.Create(CultureInfo.InvariantCulture, $"{value}E{scale}"), NumberStyles.Float, CultureInfo.InvariantCulture)) : new Element.Int(value);

    /// <summary>The number as it is held, exactly.</summary>
    private static (BigInteger Digits, int Exponent) Decimal(Element element)
    {
        if (element is not Element.Float { Number: var number })
            return (element is Element.Int integer ? integer.Number : element is Element.Bool { Is: true } ? 1 : 0, 0);
        long bits = BitConverter.DoubleToInt64Bits(number);
        int biased = (int)(bits >> 52) & 0x7FF;
        BigInteger mantissa = (bits & 0xF_FFFF_FFFF_FFFF) | (biased == 0 ? 0 : 1L << 52);
        int exponent = Math.Max(biased, 1) - 1075;
        if (number < 0)
            mantissa = -mantissa;
        return exponent >= 0 ? (mantissa << exponent, 0) : (mantissa * BigInteger.Pow(5, -exponent), exponent);
    }
}
