using System.Numerics;

namespace Weft.Sweeps;

/// <summary>
/// Evenly spaced decimal numbers, both ends included when the step meets them, computed by multiplication, so that value i costs the same as
/// the first and is exact.
/// </summary>
/// <param name="First">The first value in units of 10^<paramref name="Exponent"/>.</param>
/// <param name="Precision">Digits of <c>%g</c>; 0 for plain integers.</param>
internal sealed record DecimalRange(BigInteger First, BigInteger Step, int Exponent, long Count, int Precision)
{
    public string this[long index]
    {
        get
        {
            BigInteger units = First + Step * index;
            return Precision == 0 ? ExactDecimal.Print(units) : ExactDecimal.Format(units, Exponent, Precision);
        }
    }

    /// <summary>
    /// The range from start to stop. The step must not be zero and must lead from start to stop. Text is <c>%g</c> with
    /// <paramref name="precision"/> digits, or with as many more as it takes to write every value exactly; integers alone are written plainly.
    /// </summary>
    /// <returns>Null when there are more than <see cref="Choices.MaxCount"/> values.</returns>
    public static DecimalRange? Create(ExactDecimal start, ExactDecimal stop, ExactDecimal step, int precision)
    {
        int exponent = Math.Min(start.Exponent, Math.Min(stop.Exponent, step.Exponent));
        BigInteger first = start.UnitsAt(exponent);
        BigInteger by = step.UnitsAt(exponent);
        BigInteger count = (stop.UnitsAt(exponent) - first) / by + 1;
        if (count > Choices.MaxCount)
            return null;
        if (start.IsInteger && stop.IsInteger && step.IsInteger)
            return new DecimalRange(first, by, 0, (long)count, 0);

        // In the largest unit that writes every value, a zero at the end of a value is a digit less to write.
        bool isSingle = count.IsOne;
        while ((first % 10).IsZero && (isSingle ? !first.IsZero : (by % 10).IsZero))
        {
            first /= 10;
            by /= 10;
            exponent++;
        }
        var range = new DecimalRange(first, by, exponent, (long)count, Math.Max(1, precision));
        return range with { Precision = Math.Max(range.Precision, range.DigitsNeeded()) };
    }

    /// <summary>
    /// The most significant digits that any value has. Only the two values at each end can have them: of two neighbours at most one ends in
    /// zero, as first and step do not both, and digits before that grow towards the ends.
    /// </summary>
    private int DigitsNeeded()
    {
        int needed = 1;
        foreach (long index in (ReadOnlySpan<long>)[0, 1, Count - 2, Count - 1])
        {
            if (index >= 0 && index < Count)
                needed = Math.Max(needed, ExactDecimal.SignificantDigits(First + Step * index));
        }
        return needed;
    }
}
