using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;

namespace Weft.Config.Nodes;

/// <summary>
/// Values as Python writes and reads them: <c>str</c>, <c>repr</c>, <c>float</c> and <c>int</c>. Hydra users see these texts on command lines and
/// in joined interpolations: <c>True</c>, <c>None</c>, <c>1000.0</c>, <c>[1, 'a']</c>.
/// </summary>
internal static class PythonText
{
    /// <summary><c>str(value)</c>.</summary>
    public static string Str(Scalar value) => value.Kind switch
    {
        ScalarKind.Null => "None",
        ScalarKind.Bool => value.Bool ? "True" : "False",
        ScalarKind.Int => value.TryGetInt64(out long small) ? small.ToString(CultureInfo.InvariantCulture) : value.Int.ToString(CultureInfo.InvariantCulture),
        ScalarKind.Float => Float(value.Float),
        ScalarKind.Bytes => Bytes(value.Bytes),
        ScalarKind.Enum => value.Enum.ToString(),
        ScalarKind.Missing => "???",
        ScalarKind.Container => "",
        _ => value.Text,
    };

    /// <summary><c>repr(value)</c>.</summary>
    public static string Repr(Scalar value) => value.Kind switch
    {
        ScalarKind.Str or ScalarKind.Interpolation => Quoted(value.Text),
        ScalarKind.Missing => "'???'",
        ScalarKind.Path => $"PosixPath({Quoted(value.Text)})",
        ScalarKind.Enum => $"<{value.Enum}: {value.Enum.Value}>",
        _ => Str(value),
    };

    /// <summary><c>str(node)</c>: containers as Python literals, with interpolations as written.</summary>
    public static string Str(ConfigNode node)
    {
        if (node is ValueNode)
            return Str(node.Content);
        var text = new StringBuilder();
        AppendRepr(text, node);
        return text.ToString();
    }

    /// <summary><c>repr</c> of a float: the shortest digits that give it back, with an exponent below 1e-4 and from 1e16.</summary>
    public static string Float(double value)
    {
        if (double.IsNaN(value))
            return "nan";
        if (double.IsInfinity(value))
            return value > 0 ? "inf" : "-inf";
        string shortest = value.ToString("R", CultureInfo.InvariantCulture);
        string sign = shortest[0] == '-' ? "-" : "";
        (string digits, int exponent) = Decompose(shortest.AsSpan(sign.Length));
        if (exponent is >= -4 and < 16)
        {
            if (exponent < 0)
                return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
            if (digits.Length <= exponent + 1)
                return $"{sign}{digits}{new string('0', exponent + 1 - digits.Length)}.0";
            return $"{sign}{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
        }
        string mantissa = digits.Length == 1 ? digits : $"{digits[0]}.{digits[1..]}";
        return $"{sign}{mantissa}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
    }

    /// <summary>A string as a Python literal: in single quotes, or in double quotes when it holds only single ones.</summary>
    public static string Quoted(string text)
    {
        char quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        var result = new StringBuilder(text.Length + 2).Append(quote);
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == quote || c == '\\')
                result.Append('\\').Append(c);
            else if (c is >= ' ' and < '\x7f')
                result.Append(c);
            else
                AppendEscaped(result, text, ref i);
        }
        return result.Append(quote).ToString();
    }

    /// <summary><c>float(text)</c>: blanks around, underscores between digits, <c>inf</c>, <c>infinity</c>, <c>nan</c>; null when it raises.</summary>
    public static double? ParseFloat(ReadOnlySpan<char> text)
    {
        if (Plain(text) is not { } plain)
            return null;
        ReadOnlySpan<char> unsigned = plain.AsSpan().TrimStart("+-");
        if (unsigned.Length < plain.Length - 1)
            return null;
        bool isNegative = plain.StartsWith('-');
        if (unsigned.Equals("inf", StringComparison.OrdinalIgnoreCase) || unsigned.Equals("infinity", StringComparison.OrdinalIgnoreCase))
            return isNegative ? double.NegativeInfinity : double.PositiveInfinity;
        if (unsigned.Equals("nan", StringComparison.OrdinalIgnoreCase))
            return double.NaN;
        const NumberStyles Styles = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        if (unsigned.Length == 0 || !(char.IsAsciiDigit(unsigned[0]) || unsigned[0] == '.'))
            return null;
        return double.TryParse(plain, Styles, CultureInfo.InvariantCulture, out double value) ? value : null;
    }

    /// <summary><c>int(text)</c>: blanks around, a sign, underscores between digits; null when it raises.</summary>
    public static BigInteger? ParseInt(ReadOnlySpan<char> text)
    {
        if (Plain(text) is not { } plain)
            return null;
        ReadOnlySpan<char> digits = plain.AsSpan(plain.Length > 0 && plain[0] is '+' or '-' ? 1 : 0);
        if (digits.Length is 0 or > 4300 || digits.ContainsAnyExceptInRange('0', '9'))
            return null;
        return BigInteger.Parse(plain, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
    }

    /// <summary>Number text without blanks around and without underscores between digits, in ASCII digits; null when it holds what no number holds.</summary>
    private static string? Plain(ReadOnlySpan<char> text)
    {
        text = text.Trim();
        if (text.Length > 10_000)
            return null;
        var plain = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == '_')
            {
                if (i == 0 || i + 1 == text.Length || !char.IsDigit(text[i - 1]) || !char.IsDigit(text[i + 1]))
                    return null;
                continue;
            }
            if (char.IsDigit(c))
                c = (char)('0' + CharUnicodeInfo.GetDecimalDigitValue(c));
            plain.Append(c);
        }
        return plain.ToString();
    }

    private static void AppendRepr(StringBuilder text, ConfigNode node)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (node.IsSpecial || node is ValueNode)
        {
            text.Append(Repr(node.Content));
            return;
        }
        string separator = "";
        if (node is DictConfig dict)
        {
            text.Append('{');
            foreach (ConfigNode child in dict)
            {
                text.Append(separator).Append(Repr(child.Key)).Append(": ");
                AppendRepr(text, child);
                separator = ", ";
            }
            text.Append('}');
            return;
        }
        text.Append('[');
        foreach (ConfigNode item in (ListConfig)node)
        {
            text.Append(separator);
            AppendRepr(text, item);
            separator = ", ";
        }
        text.Append(']');
    }

    /// <summary>The significant digits of <c>1.25E-05</c> or <c>0.125</c> and the power of ten of the first.</summary>
    private static (string Digits, int Exponent) Decompose(ReadOnlySpan<char> number)
    {
        int e = number.IndexOf('E');
        int exponent = e < 0 ? 0 : int.Parse(number[(e + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        ReadOnlySpan<char> mantissa = e < 0 ? number : number[..e];
        int dot = mantissa.IndexOf('.');
        string all = dot < 0 ? mantissa.ToString() : string.Concat(mantissa[..dot], mantissa[(dot + 1)..]);
        int whole = dot < 0 ? mantissa.Length : dot;
        string trimmed = all.TrimStart('0');
        if (trimmed.Length == 0)
            return ("0", 0);
        exponent += whole - 1 - (all.Length - trimmed.Length);
        return (trimmed.TrimEnd('0') is { Length: > 0 } digits ? digits : "0", exponent);
    }

    private static string Bytes(byte[] bytes)
    {
        char quote = bytes.AsSpan().Contains((byte)'\'') && !bytes.AsSpan().Contains((byte)'"') ? '"' : '\'';
        var text = new StringBuilder("b").Append(quote);
        foreach (byte b in bytes)
        {
            text.Append((char)b switch
            {
                '\t' => "\\t",
                '\n' => "\\n",
                '\r' => "\\r",
                '\\' => "\\\\",
                var c when c == quote => "\\" + c,
                >= ' ' and < '\x7f' => ((char)b).ToString(),
                _ => $"\\x{b:x2}",
            });
        }
        return text.Append(quote).ToString();
    }

    private static void AppendEscaped(StringBuilder result, string text, ref int i)
    {
        char c = text[i];
        int rune = char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]) ? char.ConvertToUtf32(c, text[++i]) : c;
        if (c is '\n' or '\r' or '\t')
            result.Append(c switch { '\n' => "\\n", '\r' => "\\r", _ => "\\t" });
        else if (IsPrintable(rune))
            result.Append(rune > 0xffff ? char.ConvertFromUtf32(rune) : c.ToString());
        else
            result.Append(rune switch { < 0x100 => $"\\x{rune:x2}", < 0x10000 => $"\\u{rune:x4}", _ => $"\\U{rune:x8}" });
    }

    private static bool IsPrintable(int rune) => CharUnicodeInfo.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);
}
