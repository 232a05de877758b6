using System.Globalization;
using System.Text;

namespace Weft.Dialects.HydraFlow;

/// <summary>Text literals as Python prints them: in single quotes, in double ones where that saves an escape.</summary>
public static class PythonText
{
    public static string Repr(string text)
    {
        char quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        var literal = new StringBuilder(text.Length + 2);
        literal.Append(quote);
        foreach (Rune rune in text.EnumerateRunes())
        {
            switch (rune.Value)
            {
                case '\\': literal.Append(@"\\"); break;
                case '\n': literal.Append(@"\n"); break;
                case '\r': literal.Append(@"\r"); break;
                case '\t': literal.Append(@"\t"); break;
                case int c when c == quote: literal.Append('\\').Append(quote); break;
                case int c when IsPrintable(rune): literal.Append(rune.ToString()); break;
                case int c when c <= 0xFF: literal.Append(CultureInfo.InvariantCulture, $"\\x{c:x2}"); break;
                case int c when c <= 0xFFFF: literal.Append(CultureInfo.InvariantCulture, $"\\u{c:x4}"); break;
                case int c: literal.Append(CultureInfo.InvariantCulture, $"\\U{c:x8}"); break;
            }
        }
        return literal.Append(quote).ToString();
    }

    /// <summary><c>['a', 'b']</c>.</summary>
    public static string Repr(IEnumerable<string> texts) => $"[{string.Join(", ", texts.Select(Repr))}]";

    private static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);
}
