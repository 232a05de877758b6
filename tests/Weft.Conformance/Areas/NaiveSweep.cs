using System.Globalization;
using System.Numerics;
using System.Text;

namespace Weft.Conformance.Areas;

/// <summary>
/// The sweep grammar once more, written from its description as plainly as can be: lists of texts, everything expanded. It computes in two
/// ways: as the original does (doubles, repeated addition, a tolerance past the stop), which must give the recorded value, and exactly, which
/// must give ours. Where the two differ there is a known difference; where they do not, ours must be the recorded value.
/// </summary>
public sealed class NaiveSweep(bool isExact, bool isStepInTheMiddle = false)
{
    private const int Endless = 100_000;

    private static readonly Dictionary<string, string> Exponents = new()
    {
        ["T"] = "e12", ["G"] = "e9", ["M"] = "e6", ["k"] = "e3", ["m"] = "e-3", ["u"] = "e-6", ["n"] = "e-9", ["p"] = "e-12", ["f"] = "e-15",
    };

    /// <summary>Thrown where the grammar says that the input is wrong.</summary>
    public sealed class Wrong(string why) : Exception(why);

    public List<string> Values(string text, string suffix = "") =>
        [.. List(text).Select(value => value + Exponents.GetValueOrDefault(suffix, suffix))];

    public string Collect(string word)
    {
        (string key, string suffix, string value) = Split(word);
        return Join(key, Values(value, suffix));
    }

    public List<string> Expand(string word)
    {
        if (!word.Contains('|'))
        {
            (string key, string suffix, string value) = Split(word);
            return [.. Values(value, suffix).Select(one => $"{key}={one}")];
        }
        string lastKey = "", lastSuffix = "";
        var words = new List<string>();
        foreach (string part in word.Split('|'))
        {
            string value = part;
            if (part.Contains('='))
                (lastKey, lastSuffix, value) = Split(part);
            else if (lastKey.Length == 0)
                throw new Wrong("no key");
            words.Add(Join(lastKey, Values(value, lastSuffix)));
        }
        return words;
    }

    /// <summary>The last word varies fastest, or the first one.</summary>
    public List<List<string>> ExpandAll(IEnumerable<string> words, bool firstFastest = false)
    {
        List<List<string>> all = [[]];
        foreach (List<string> choices in words.Select(Expand))
        {
            all = firstFastest
                ? [.. choices.SelectMany(choice => all.Select(before => (List<string>)[.. before, choice]))]
                : [.. all.SelectMany(before => choices.Select(choice => (List<string>)[.. before, choice]))];
        }
        return all;
    }

    private string Join(string key, List<string> values)
    {
        string word = $"{key}={string.Join(',', values)}";
        return isExact && Encoding.UTF8.GetByteCount(word) > 131_071 ? throw new Wrong("longer than any argument can be") : word;
    }

    private static (string Key, string Suffix, string Value) Split(string word)
    {
        string[] sides = word.Split('=');
        if (sides.Length != 2)
            throw new Wrong("not one `=`");
        string[] keys = sides[0].Split('/');
        if (keys.Length > 2)
            throw new Wrong("several slashes");
        return (keys[0], keys.Length == 2 ? keys[1] : "", sides[1]);
    }

    private List<string> List(string text)
    {
        var items = new List<string>();
        int square = 0, round = 0;
        bool isSingle = false, isDouble = false;
        string item = "";
        foreach (char c in text)
        {
            if (c == '\'' && !isDouble)
                isSingle = !isSingle;
            else if (c == '"' && !isSingle)
                isDouble = !isDouble;
            else if (!isSingle && !isDouble)
            {
                square += c == '[' ? 1 : c == ']' ? -1 : 0;
                round += c == '(' ? 1 : c == ')' ? -1 : 0;
                if (c == ',' && square == 0 && round == 0)
                {
                    items.Add(item);
                    item = "";
                    continue;
                }
            }
            item += c;
        }
        if (item.Length > 0)
            items.Add(item);
        return [.. items.SelectMany(Item)];
    }

    /// <summary>One item of a list: its commas outside parentheses are its own.</summary>
    public List<string> Item(string item)
    {
        if (item.Contains('('))
            return Product(item);
        string suffix = "";
        int colon = item.LastIndexOf(':');
        if (colon >= 0 && item.Length >= 3)
        {
            string last = item[(colon + 1)..];
            suffix = last.StartsWith('e') || last.StartsWith('E') ? last : Exponents.GetValueOrDefault(last, "");
            if (suffix.Length > 0)
                item = item[..colon];
        }
        if (!item.Contains(':'))
            return [item + suffix];
        return [.. Range(item).Select(number => number is "0" or "0." or "0.0" ? number : number + suffix)];
    }

    private List<string> Product(string item)
    {
        if (isExact && HasNestedParentheses(item))
            throw new Wrong("nested parentheses");
        if (isExact && item.StartsWith("log(", StringComparison.Ordinal) && item.Contains(':'))
            throw new Wrong("a logarithmic range, which does not exist");
        List<string> all = [""];
        foreach (string piece in item.Split('(', ')').Where(piece => piece.Length > 0))
        {
            List<string> choices = Exponents.TryGetValue(piece, out string? exponent) ? [exponent] : List(piece);
            all = [.. choices.SelectMany(choice => all.Select(before => before + choice))];
        }
        return all;
    }

    private static bool HasNestedParentheses(string item)
    {
        bool isOpen = false;
        foreach (char c in item)
        {
            if (c == '(' && isOpen)
                return true;
            isOpen = c == '(' || (isOpen && c != ')');
        }
        return false;
    }

    /// <summary>The texts of a range without suffix.</summary>
    public List<string> Range(string text)
    {
        string[] fields = text.Split(':');
        if (isExact && fields.Length > 3)
            throw new Wrong("more than three numbers");
        Number[] numbers = [.. fields.Select(Number.Parse)];
        (Number start, Number stop, Number step) = (numbers[0], numbers[1], numbers.Length > 2 ? numbers[2] : Number.Parse("1"));
        if (isStepInTheMiddle && numbers.Length > 2)
            (stop, step) = (step, stop);
        if (step.Double == 0)
            throw new Wrong("step zero");
        if ((step.Double > 0 && start.CompareTo(stop) > 0) || (step.Double < 0 && start.CompareTo(stop) < 0))
            throw new Wrong("direction");
        if (isExact && numbers.Any(number => !double.IsFinite(number.Double) || (number.Double == 0 && !number.Units.IsZero)))
            throw new Wrong("no double");
        int before = fields.Max(field => field.TrimStart('+', '-').Split('.', 'e', 'E')[0].Length);
        int after = fields.Max(field => field.Contains('.') ? field[(field.IndexOf('.') + 1)..].Split('e')[0].Length : 0);
        bool isInteger = start.IsInteger && stop.IsInteger && step.IsInteger;
        return isExact ? ExactRange(start, stop, step, Math.Max(1, before + after), isInteger) : OriginalRange(start, stop, step, Math.Max(1, before + after), isInteger);
    }

    private static List<string> OriginalRange(Number start, Number stop, Number step, int precision, bool isInteger)
    {
        double tolerance = Math.Min(Math.Abs(start.Double), Math.Abs(stop.Double)) * 1e-5;
        var values = new List<string>();
        BigInteger whole = start.Units;
        double current = start.Double;
        while (step.Double > 0 ? current <= stop.Double + tolerance : current >= stop.Double - tolerance)
        {
            if (values.Count == Endless || (!isInteger && current + step.Double == current))
                throw new Wrong("does not end");
            values.Add(isInteger ? whole.ToString(CultureInfo.InvariantCulture) : current.ToString("G" + precision, CultureInfo.InvariantCulture).Replace('E', 'e'));
            whole += isInteger ? step.Units : 0;
            current = isInteger ? (double)whole : current + step.Double;
        }
        return values;
    }

    private static List<string> ExactRange(Number start, Number stop, Number step, int precision, bool isInteger)
    {
        int scale = new[] { start.Scale, stop.Scale, step.Scale }.Max();
        BigInteger current = start.At(scale), last = stop.At(scale), by = step.At(scale);
        var values = new List<BigInteger>();
        for (; by.Sign > 0 ? current <= last : current >= last; current += by)
        {
            if (values.Count == Endless)
                throw new Wrong("too many");
            values.Add(current);
        }
        if (isInteger)
            return [.. values.Select(value => value.ToString(CultureInfo.InvariantCulture))];
        int needed = values.Max(value => BigInteger.Abs(value).ToString(CultureInfo.InvariantCulture).TrimEnd('0').Length);
        return [.. values.Select(value => General(value, scale, Math.Max(precision, needed)))];
    }

    /// <summary>%g of units / 10^scale, when precision digits write it exactly.</summary>
    private static string General(BigInteger units, int scale, int precision)
    {
        if (units.IsZero)
            return "0";
        string sign = units.Sign < 0 ? "-" : "";
        string digits = BigInteger.Abs(units).ToString(CultureInfo.InvariantCulture);
        int exponent = digits.Length - 1 - scale;
        if (exponent < -4 || exponent >= precision)
        {
            string mantissa = $"{digits[0]}.{digits[1..]}".TrimEnd('0').TrimEnd('.');
            return $"{sign}{mantissa}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }
        if (scale <= 0)
            return sign + digits + new string('0', -scale);
        string padded = digits.PadLeft(scale + 1, '0');
        string plain = $"{padded[..^scale]}.{padded[^scale..]}";
        return sign + plain.TrimEnd('0').TrimEnd('.');
    }

    /// <summary>A number as written: Units / 10^Scale, and the double that the original computes with.</summary>
    private readonly record struct Number(BigInteger Units, int Scale, bool IsInteger, double Double) : IComparable<Number>
    {
        public static Number Parse(string text)
        {
            if (text.Length == 0)
                return new Number(0, 0, true, 0);
            string ascii = string.Concat(text.Trim().Select(c => char.IsDigit(c) ? (char)('0' + char.GetNumericValue(c)) : c));
            for (int i = 0; i < ascii.Length; i++)
            {
                if (ascii[i] == '_' && !(i > 0 && i + 1 < ascii.Length && char.IsAsciiDigit(ascii[i - 1]) && char.IsAsciiDigit(ascii[i + 1])))
                    throw new Wrong("underscore");
            }
            ascii = ascii.Replace("_", "", StringComparison.Ordinal);
            const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
            if (ascii.Any(c => !char.IsAsciiDigit(c) && c is not ('+' or '-' or '.' or 'e' or 'E')) || !double.TryParse(ascii, Style, CultureInfo.InvariantCulture, out double value))
                throw new Wrong("not a number");
            string[] parts = ascii.Split('e', 'E');
            string[] sides = parts[0].Split('.');
            int exponent = parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0;
            string digits = sides[0] + (sides.Length > 1 ? sides[1] : "");
            BigInteger units = BigInteger.Parse(digits, CultureInfo.InvariantCulture);
            int scale = (sides.Length > 1 ? sides[1].Length : 0) - exponent;
            if (units.IsZero)
                scale = 0;
            return new Number(units, scale, !ascii.AsSpan().ContainsAny(".eE"), value);
        }

        public BigInteger At(int scale) => Units * BigInteger.Pow(10, scale - Scale);

        public int CompareTo(Number other)
        {
            int scale = Math.Max(Scale, other.Scale);
            return At(scale).CompareTo(other.At(scale));
        }
    }
}
