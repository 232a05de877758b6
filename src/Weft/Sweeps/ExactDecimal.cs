using System.Globalization;
using System.Numerics;
using System.Text;

namespace Weft.Sweeps;

/// <summary>
/// A decimal number of any size, exactly as written: <see cref="Units"/> × 10^<see cref="Exponent"/>. Ranges are counted in these, so that
/// <c>0:0.3:0.1</c> ends at 0.3 and nothing drifts.
/// </summary>
/// <param name="IsInteger">Written without point and exponent.</param>
internal readonly record struct ExactDecimal(BigInteger Units, int Exponent, bool IsInteger)
{
    /// <summary>Longer numbers are slips, and quadratic work.</summary>
    public const int MaxDigits = 4300;

    public static readonly ExactDecimal Zero = new(0, 0, true);

    /// <summary>The units at a smaller exponent.</summary>
    public BigInteger UnitsAt(int exponent) => Units * BigInteger.Pow(10, Exponent - exponent);

    /// <summary>
    /// Reads a number by Python's rules: blanks around it, a sign, <c>_</c> between digits, decimal digits of any script; with a point or an
    /// exponent it is a fraction, else an integer. A fraction must be representable as a double: what a program reads must not become 0 or infinity.
    /// </summary>
    public static NumberFault TryParse(ReadOnlySpan<char> text, out ExactDecimal number)
    {
        number = Zero;
        text = text.Trim();
        if (text.Length > MaxDigits)
            return NumberFault.TooLong;
        var reader = new Reader(text);
        return reader.Read(out number);
    }

    public bool FitsDouble()
    {
        if (IsInteger || Units.IsZero)
            return true;
        double value = double.Parse($"{Units}e{Exponent}", CultureInfo.InvariantCulture);
        return double.IsFinite(value) && value != 0;
    }

    /// <summary>The digits of an integer. Those of a big one take the runtime milliseconds to begin with, so the others go another way.</summary>
    public static string Print(BigInteger units) => units >= long.MinValue && units <= long.MaxValue
        ? ((long)units).ToString(CultureInfo.InvariantCulture)
        : units.ToString(CultureInfo.InvariantCulture);

    /// <summary>How many digits are needed to write units without the zeros at their end.</summary>
    public static int SignificantDigits(BigInteger units) =>
        units.IsZero ? 1 : Print(BigInteger.Abs(units)).AsSpan().TrimEnd('0').Length;

    /// <summary>
    /// C's <c>%.{precision}g</c> of units × 10^exponent, which must need no more than <paramref name="precision"/> digits: an exponent form below
    /// 1e-4 and from 10^precision on, no zeros at the end.
    /// </summary>
    public static string Format(BigInteger units, int exponent, int precision)
    {
        if (units.IsZero)
            return "0";
        string all = Print(BigInteger.Abs(units));
        int magnitude = all.Length - 1 + exponent;
        ReadOnlySpan<char> digits = all.AsSpan().TrimEnd('0');
        var text = new StringBuilder(all.Length + 8);
        if (units.Sign < 0)
            text.Append('-');
        if (magnitude < -4 || magnitude >= precision)
        {
            text.Append(digits[0]);
            if (digits.Length > 1)
                text.Append('.').Append(digits[1..]);
            text.Append('e').Append(magnitude < 0 ? '-' : '+').Append(CultureInfo.InvariantCulture, $"{Math.Abs(magnitude):00}");
        }
        else if (magnitude < 0)
            text.Append("0.").Append('0', -magnitude - 1).Append(digits);
        else if (digits.Length <= magnitude + 1)
            text.Append(digits).Append('0', magnitude + 1 - digits.Length);
        else
            text.Append(digits[..(magnitude + 1)]).Append('.').Append(digits[(magnitude + 1)..]);
        return text.ToString();
    }

    /// <summary>One pass over <c>[sign] digits [ "." digits ] [ "e" [sign] digits ]</c>.</summary>
    private ref struct Reader(ReadOnlySpan<char> text)
    {
        private readonly ReadOnlySpan<char> _text = text;
        private readonly StringBuilder _digits = new();
        private int _at;

        public NumberFault Read(out ExactDecimal number)
        {
            number = Zero;
            bool isNegative = ReadSign();
            int whole = ReadDigits(_digits);
            int fraction = 0;
            bool hasPoint = _at < _text.Length && _text[_at] == '.';
            if (hasPoint)
            {
                _at++;
                fraction = ReadDigits(_digits);
            }
            if (whole < 0 || fraction < 0 || whole + fraction == 0)
                return NumberFault.NotANumber;
            bool hasExponent = _at < _text.Length && _text[_at] is 'e' or 'E';
            long exponent = 0;
            if (hasExponent && !ReadExponent(out exponent))
                return NumberFault.NotANumber;
            if (_at < _text.Length)
                return NumberFault.NotANumber;
            string digits = _digits.ToString();
            // Numbers as people write them fit a long, which is read in a fraction of the time.
            BigInteger units = digits.Length < 19 ? long.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture) : BigInteger.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
            if (units.IsZero)
                exponent = fraction;
            if (Math.Abs(exponent) > 2 * MaxDigits)
                return exponent > 0 ? NumberFault.TooLarge : NumberFault.TooSmall;
            number = new ExactDecimal(isNegative ? -units : units, (int)exponent - fraction, !hasPoint && !hasExponent);
            if (!number.FitsDouble())
                return exponent > 0 ? NumberFault.TooLarge : NumberFault.TooSmall;
            return NumberFault.None;
        }

        private bool ReadSign()
        {
            if (_at >= _text.Length || _text[_at] is not ('+' or '-'))
                return false;
            return _text[_at++] == '-';
        }

        private bool ReadExponent(out long exponent)
        {
            _at++;
            bool isNegative = ReadSign();
            var digits = new StringBuilder();
            int count = ReadDigits(digits);
            ReadOnlySpan<char> significant = digits.ToString().AsSpan().TrimStart('0');
            exponent = significant.Length > 9 ? int.MaxValue : significant.Length == 0 ? 0 : long.Parse(significant, CultureInfo.InvariantCulture);
            if (isNegative)
                exponent = -exponent;
            return count > 0;
        }

        /// <summary>How many digits were read, -1 when an underscore stands anywhere but between two of them.</summary>
        private int ReadDigits(StringBuilder digits)
        {
            int count = 0;
            bool isSeparated = true;
            for (; _at < _text.Length; _at++)
            {
                if (_text[_at] == '_')
                {
                    if (isSeparated)
                        return -1;
                    isSeparated = true;
                }
                else if (DigitAt(_at) is { } digit)
                {
                    digits.Append((char)('0' + digit));
                    count++;
                    isSeparated = false;
                }
                else
                    break;
            }
            return isSeparated && count > 0 ? -1 : count;
        }

        private readonly int? DigitAt(int index)
        {
            int digit = CharUnicodeInfo.GetDecimalDigitValue(_text[index]);
            return digit < 0 ? null : digit;
        }
    }
}

internal enum NumberFault
{
    None,
    NotANumber,
    TooLong,
    TooLarge,
    TooSmall,
}
