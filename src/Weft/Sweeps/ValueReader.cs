using System.Collections.Immutable;
using Weft.Text;

namespace Weft.Sweeps;

/// <summary>How the three numbers of a range are ordered.</summary>
public enum RangeOrder
{
    /// <summary><c>start:stop:step</c></summary>
    StepLast,

    /// <summary><c>start:step:stop</c>, as HydraFlow's files with <c>steps</c> have it.</summary>
    StepInTheMiddle,
}

/// <summary>
/// Reads the right-hand side of a swept word.
/// <code>
/// value    = [ item { "," item } ]            commas inside quotes, [] and () do not separate
/// item     = product | range | scaled | literal
/// product  = any item containing "("
/// range    = field ":" field [ ":" field ] [ ":" suffix ]
/// scaled   = literal ":" suffix
/// field    = "" (0) | integer | decimal | exponent form
/// suffix   = SI letter | text beginning with e or E
/// </code>
/// One reader per value; what is wrong goes to the diagnostics, and the choices are null then.
/// </summary>
internal readonly struct ValueReader(Excerpt value, RangeOrder order, Diagnostics diagnostics)
{
    public Choices? Read() => ReadList(0, value.Text.Length);

    /// <summary>The text as one item: its commas, outside parentheses, are its own.</summary>
    public Choices? ReadSingle() => ReadItem(0, value.Text.Length);

    /// <summary>The text as a range without a suffix.</summary>
    public Choices? ReadSingleRange() => ReadRange(0, value.Text.Length, "");

    /// <summary>The exponent that a single letter stands for: <c>k</c> is <c>e3</c>. Case matters.</summary>
    public static string? ExponentOf(ReadOnlySpan<char> suffix) => suffix switch
    {
        "T" => "e12",
        "G" => "e9",
        "M" => "e6",
        "k" => "e3",
        "m" => "e-3",
        "u" => "e-6",
        "n" => "e-9",
        "p" => "e-12",
        "f" => "e-15",
        _ => null,
    };

    /// <summary>value = [ item { "," item } ]</summary>
    private Choices? ReadList(int start, int end)
    {
        var parts = new List<Choices>();
        bool isGood = true;
        foreach ((int itemStart, int itemEnd) in SplitAtCommas(value.Text.AsSpan(start, end - start)))
        {
            if (ReadItem(start + itemStart, start + itemEnd) is { } item)
                Append(parts, item);
            else
                isGood = false;
        }
        if (!isGood)
            return null;
        return parts.Count == 1 ? parts[0] : new Choices.Joined([.. parts]);
    }

    /// <summary>Neighbouring literals become one list.</summary>
    private static void Append(List<Choices> parts, Choices item)
    {
        if (item is Choices.Listed listed && parts.Count > 0 && parts[^1] is Choices.Listed before)
            parts[^1] = new Choices.Listed(before.Texts.AddRange(listed.Texts));
        else
            parts.Add(item);
    }

    /// <summary>
    /// The stretches between commas that stand outside quotes and brackets. An inner empty one counts, one empty at the end does not. Depths may
    /// fall below zero; a comma separates only where both are exactly zero.
    /// </summary>
    public static List<(int Start, int End)> SplitAtCommas(ReadOnlySpan<char> text)
    {
        var items = new List<(int, int)>();
        int square = 0, round = 0, start = 0;
        char quote = '\0';
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (quote != '\0')
            {
                if (c == quote)
                    quote = '\0';
                continue;
            }
            switch (c)
            {
                case '\'' or '"': quote = c; break;
                case '[': square++; break;
                case ']': square--; break;
                case '(': round++; break;
                case ')': round--; break;
                case ',' when square == 0 && round == 0:
                    items.Add((start, i));
                    start = i + 1;
                    break;
            }
        }
        if (start < text.Length)
            items.Add((start, text.Length));
        return items;
    }

    /// <summary>item = product | range | scaled | literal</summary>
    private Choices? ReadItem(int start, int end)
    {
        ReadOnlySpan<char> item = value.Text.AsSpan(start, end - start);
        if (item.Contains('('))
            return ReadProduct(start, end);
        if (!item.Contains(':'))
            return Literal(item.ToString());
        (int bodyLength, string suffix) = SplitSuffix(item);
        ReadOnlySpan<char> body = item[..bodyLength];
        return body.Contains(':') ? ReadRange(start, start + bodyLength, suffix) : Literal(string.Concat(body, suffix));
    }

    private static Choices.Listed Literal(string text) => new([text]);

    /// <summary>What stands after the last colon, when it is an SI letter or begins with e or E; else all of it is body.</summary>
    public static (int BodyLength, string Suffix) SplitSuffix(ReadOnlySpan<char> item)
    {
        int colon = item.Length < 3 ? -1 : item.LastIndexOf(':');
        if (colon < 0)
            return (item.Length, "");
        ReadOnlySpan<char> last = item[(colon + 1)..];
        if (last.Length > 0 && last[0] is 'e' or 'E')
            return (colon, last.ToString());
        return ExponentOf(last) is { } exponent ? (colon, exponent) : (item.Length, "");
    }

    /// <summary>Every stretch between parentheses, inside and outside alike, is a value of its own; the first varies fastest.</summary>
    private Choices? ReadProduct(int start, int end)
    {
        var parts = new List<Choices>();
        bool isGood = CheckParentheses(start, end);
        long count = 1;
        foreach ((int pieceStart, int pieceEnd) in SplitAtParentheses(value.Text.AsSpan(start, end - start)))
        {
            ReadOnlySpan<char> piece = value.Text.AsSpan(start + pieceStart, pieceEnd - pieceStart);
            if ((ExponentOf(piece) is { } exponent ? Literal(exponent) : ReadList(start + pieceStart, start + pieceEnd)) is not { } part)
            {
                isGood = false;
                continue;
            }
            parts.Add(part);
            if (count <= Choices.MaxCount)
                count *= part.Count;
        }
        if (isGood && count > Choices.MaxCount)
        {
            diagnostics.Error("sweep/too-many-values", $"more than {Choices.MaxCount:N0} values", value.SpanOf(start, end - start));
            return null;
        }
        return isGood ? new Choices.Combined([.. parts]) : null;
    }

    public static List<(int Start, int End)> SplitAtParentheses(ReadOnlySpan<char> text)
    {
        var pieces = new List<(int, int)>();
        int start = 0;
        for (int i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && text[i] is not ('(' or ')'))
                continue;
            if (i > start)
                pieces.Add((start, i));
            start = i + 1;
        }
        return pieces;
    }

    private bool CheckParentheses(int start, int end)
    {
        if (value.Text.AsSpan(start, end - start).StartsWith("log(", StringComparison.Ordinal) && value.Text.AsSpan(start, end - start).Contains(':'))
        {
            Fail("sweep/log-range", "there are no logarithmic ranges; this would read `log` as a part of every value", value.SpanOf(start, end - start),
                "list the values, or multiply powers: `(1,3)e-(1:4)`");
            return false;
        }
        int open = -1;
        for (int i = start; i < end; i++)
        {
            switch (value.Text[i])
            {
                case '(' when open >= 0:
                    diagnostics.Add(new Diagnostic("sweep/nested-parentheses", "parentheses do not nest in a swept value", value.SpanOf(i, 1))
                    {
                        Hint = "write the inner choices out, separated by commas",
                    }.WithNote("the outer one opens here", value.SpanOf(open, 1)));
                    return false;
                case '(':
                    open = i;
                    break;
                case ')' when open < 0:
                    diagnostics.Warning("sweep/unbalanced-parenthesis", "this `)` closes nothing", value.SpanOf(i, 1));
                    break;
                case ')':
                    open = -1;
                    break;
            }
        }
        if (open >= 0)
            diagnostics.Warning("sweep/unbalanced-parenthesis", "this `(` is not closed", value.SpanOf(open, 1));
        return true;
    }

    /// <summary>range = field ":" field [ ":" field ]</summary>
    private Choices? ReadRange(int start, int end, string suffix)
    {
        if (ReadFields(start, end) is not { } fields)
            return null;
        Span at = value.SpanOf(start, end - start);
        ExactDecimal from = fields.Start, to = fields.Stop, step = fields.Step;
        if (step.Units.IsZero)
            return Fail("sweep/zero-step", "the step of this range is zero", at);
        int direction = Compare(from, to);
        if (step.Units.Sign > 0 && direction > 0)
            return Fail("sweep/range-direction", "this range starts above its stop and counts up", at, fields.Count == 2 ? $"to count down write {Example(start, end)}" : "give a negative step");
        if (step.Units.Sign < 0 && direction < 0)
            return Fail("sweep/range-direction", "this range starts below its stop and counts down", at, "give a positive step");
        if (DecimalRange.Create(from, to, step, fields.Precision) is not { } range)
            return Fail("sweep/too-many-values", $"more than {Choices.MaxCount:N0} values", at);
        return new Choices.Ranged(range, suffix);
    }

    private string Example(int start, int end)
    {
        string range = value.Text[start..end];
        int colon = range.IndexOf(':', StringComparison.Ordinal);
        return order == RangeOrder.StepLast ? $"`{range}:-1`" : $"`{range[..colon]}:-1{range[colon..]}`";
    }

    private static int Compare(ExactDecimal left, ExactDecimal right)
    {
        int exponent = Math.Min(left.Exponent, right.Exponent);
        return left.UnitsAt(exponent).CompareTo(right.UnitsAt(exponent));
    }

    /// <summary>The numbers of a range, or null. Also used for a range alone, without commas and suffix.</summary>
    public RangeFields? ReadFields(int start, int end)
    {
        var numbers = new List<ExactDecimal>();
        int whole = 0, fraction = 0;
        bool isGood = true;
        for (int from = start; from <= end;)
        {
            int colon = value.Text.IndexOf(':', from, end - from);
            int to = colon < 0 ? end : colon;
            ReadOnlySpan<char> field = value.Text.AsSpan(from, to - from);
            whole = Math.Max(whole, DigitsBeforePoint(field));
            fraction = Math.Max(fraction, DigitsAfterPoint(field));
            if (ReadField(from, to) is { } number)
                numbers.Add(number);
            else
                isGood = false;
            from = to + 1;
        }
        if (!isGood)
            return null;
        if (numbers.Count > 3)
        {
            string shape = order == RangeOrder.StepLast ? "start:stop:step" : "start:step:stop";
            Fail("sweep/range-fields", $"a range has at most three numbers, `{shape}`; found {numbers.Count}", value.SpanOf(start, end - start));
            return null;
        }
        ExactDecimal second = numbers[1], third = numbers.Count > 2 ? numbers[2] : new ExactDecimal(1, 0, true);
        bool isSwapped = order == RangeOrder.StepInTheMiddle && numbers.Count > 2;
        return new RangeFields(numbers[0], isSwapped ? third : second, isSwapped ? second : third, numbers.Count, whole + fraction);
    }

    /// <summary>field = "" (0) | integer | decimal | exponent form</summary>
    private ExactDecimal? ReadField(int start, int end)
    {
        if (start == end)
            return ExactDecimal.Zero;
        Span at = value.SpanOf(start, end - start);
        string text = value.Text[start..end];
        switch (ExactDecimal.TryParse(text, out ExactDecimal number))
        {
            case NumberFault.None:
                return number;
            case NumberFault.TooLong:
                Fail("sweep/number-too-long", $"a number has at most {ExactDecimal.MaxDigits:N0} digits, found {text.Length:N0} characters", at);
                return null;
            case NumberFault.TooLarge:
                Fail("sweep/number-out-of-range", $"`{text}` is larger than any number a program can read", at);
                return null;
            case NumberFault.TooSmall:
                Fail("sweep/number-out-of-range", $"`{text}` is so small that a program reads 0", at);
                return null;
            default:
                Fail("sweep/not-a-number", $"`{text}` is not a number, and `:` makes a range", at, HintFor(text));
                return null;
        }
    }

    private static string? HintFor(string text)
    {
        if (text.Length > 1 && ExponentOf(text.AsSpan(text.Length - 1)) is not null && ExactDecimal.TryParse(text.AsSpan(0, text.Length - 1), out _) == NumberFault.None)
            return $"a suffix stands at the end of the range, after a colon: `start:stop:{text[^1]}`";
        if (text.Length == 1 && text[0] is 'K' or 'g' or 't' or 'U' or 'N' or 'P' or 'F' or 'μ' or 'µ')
            return "suffixes are T, G, M, k, m, u, n, p and f; upper and lower case differ";
        return null;
    }

    private Choices? Fail(string id, string message, Span at, string? hint = null)
    {
        diagnostics.Error(id, message, at, hint);
        return null;
    }

    /// <summary>Characters before the point, without sign and exponent.</summary>
    public static int DigitsBeforePoint(ReadOnlySpan<char> field)
    {
        field = field.TrimStart("+-");
        int end = field.IndexOfAny('.', 'e', 'E');
        return end < 0 ? field.Length : end;
    }

    /// <summary>Characters after the point up to a lower-case e: the rule counts the exponent of <c>1.5E3</c> in.</summary>
    public static int DigitsAfterPoint(ReadOnlySpan<char> field)
    {
        int point = field.IndexOf('.');
        if (point < 0)
            return 0;
        ReadOnlySpan<char> fraction = field[(point + 1)..];
        int end = fraction.IndexOf('e');
        return end < 0 ? fraction.Length : end;
    }
}

/// <param name="Count">How many numbers were written.</param>
/// <param name="Precision">The digits that the written numbers have at most, before and after the point.</param>
internal readonly record struct RangeFields(ExactDecimal Start, ExactDecimal Stop, ExactDecimal Step, int Count, int Precision);
