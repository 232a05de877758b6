using System.Globalization;
using System.Numerics;
using System.Text;
using Weft.Values;

namespace Weft.Expressions;

/// <summary>How numbers and texts are written in an expression.</summary>
internal static class Literals
{
    public const int MostDigits = 1000;

    public static bool StartsNumber(ReadOnlySpan<char> text) =>
        text is [>= '0' and <= '9', ..] or ['.', >= '0' and <= '9', ..];

    // number = digits [ "." digits ] [ ("e" | "E") ["+" | "-"] digits ], with "_" between digits
    /// <returns>Null when it has more than <see cref="MostDigits"/>.</returns>
    public static Value? ReadNumber(ReadOnlySpan<char> text, ref int position)
    {
        int start = position;
        bool isWhole = true;
        Digits(text, ref position);
        // A point before a name is a step of a path, not part of the number.
        if (position < text.Length && text[position] == '.' && (position + 1 >= text.Length || !Functions.StartsName(text[position + 1])))
        {
            isWhole = false;
            position++;
            Digits(text, ref position);
        }
        if (position < text.Length && text[position] is 'e' or 'E')
        {
            int after = position + 1;
            if (after < text.Length && text[after] is '+' or '-')
                after++;
            if (after < text.Length && char.IsAsciiDigit(text[after]))
            {
                isWhole = false;
                position = after;
                Digits(text, ref position);
            }
        }
        if (position - start > MostDigits)
            return null;
        string digits = text[start..position].ToString().Replace("_", "", StringComparison.Ordinal);
        return isWhole
            ? new Value.Int(BigInteger.Parse(digits, CultureInfo.InvariantCulture))
            : Value.Of(double.Parse(digits, CultureInfo.InvariantCulture));
    }

    // text = quote { character | "\" escape } quote; the escapes are those of JSON, and \'
    /// <param name="position">At the opening quote, then after the closing one.</param>
    /// <param name="escape">Where an escape stands that is none; -1 when the text is not closed.</param>
    /// <returns>Null when something is wrong.</returns>
    public static string? ReadText(ReadOnlySpan<char> text, ref int position, out int escape)
    {
        escape = -1;
        char quote = text[position++];
        var content = new StringBuilder();
        while (position < text.Length && text[position] != quote)
        {
            char c = text[position++];
            if (c != '\\')
            {
                content.Append(c);
                continue;
            }
            if (position >= text.Length)
                return null;
            char kind = text[position++];
            if (kind == 'u' && position + 4 <= text.Length && ushort.TryParse(text.Slice(position, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort unit))
            {
                content.Append((char)unit);
                position += 4;
            }
            else if ("\"'\\/bfnrt".IndexOf(kind, StringComparison.Ordinal) is >= 0 and int known)
            {
                content.Append("\"'\\/\b\f\n\r\t"[known]);
            }
            else
            {
                escape = position - 2;
                return null;
            }
        }
        if (position >= text.Length)
            return null;
        position++;
        return content.ToString();
    }

    private static void Digits(ReadOnlySpan<char> text, ref int position)
    {
        while (position < text.Length && (char.IsAsciiDigit(text[position]) || (text[position] == '_' && position > 0 && char.IsAsciiDigit(text[position - 1]))))
            position++;
    }
}
