using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using Weft.Text;
using Weft.Values;

namespace Weft.Expressions;

/// <summary>
/// Text with expressions in it: <c>--lr=${{ inputs.lr }}</c>. Only <c>${{</c> is special; <c>$${{</c> is a literal one. A text that is one
/// expression and nothing else is that expression, whatever its type.
/// </summary>
public static class Template
{
    internal const string Open = "${{";

    private static readonly SearchValues<char> Plain = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789%+,-./:=@_");

    /// <returns>Null when an expression is wrong or not closed; every problem is in <paramref name="problems"/>.</returns>
    public static Expr? Parse(string text, Span at, Diagnostics problems, Naming? naming = null)
    {
        var parts = ImmutableArray.CreateBuilder<Expr>();
        return Read(text, 0, text.Length, at, problems, naming ?? Naming.Plain, parts) ? Whole(parts, at) : null;
    }

    /// <summary>
    /// A command line: split into words first (blanks part words; quotes and backslash keep blanks as in a shell), then each word is a
    /// template. A value never becomes several words, except that a list fills several where it is a whole word.
    /// </summary>
    public static ImmutableArray<Expr>? Words(string text, Span at, Diagnostics problems, Naming? naming = null) => new WordReader(text, at, problems, naming ?? Naming.Plain).Read();

    /// <summary>The words of a command with all values known: a list that is a whole word fills as many as it has items.</summary>
    public static IEnumerable<string> Fill(Expr word, Value value) => word is not Expr.Concat && value is Value.List list
        ? list.Items.Select(Rendering.Write)
        : [Rendering.Write(value)];

    /// <summary>An expression as the template that reads back as it.</summary>
    public static string Print(Expr expression) => expression switch
    {
        Expr.Literal { Value: Value.Text text } => text.Content.Replace(Open, "$" + Open, StringComparison.Ordinal),
        Expr.Concat concat => string.Concat(concat.Parts.Select(Print)),
        _ => "${{ " + ExprPrinter.Print(expression) + " }}",
    };

    /// <summary>A text as one word of a shell: as it is when it needs no quotes.</summary>
    public static string Quote(string text) => text.Length > 0 && !text.AsSpan().ContainsAnyExcept(Plain) ? text : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static bool Read(string text, int start, int end, Span at, Diagnostics problems, Naming naming, ImmutableArray<Expr>.Builder parts)
    {
        var literal = new StringBuilder();
        bool good = true;
        int i = start;
        while (i < end)
        {
            int skip = OpenLength(text, i);
            if (skip == Open.Length)
            {
                Flush(literal, parts, at);
                if (!ReadPart(text, ref i, end, at, problems, naming, parts, ref good))
                    return false;
                continue;
            }
            literal.Append(skip > 0 ? Open : text[i].ToString());
            i += Math.Max(skip, 1);
        }
        Flush(literal, parts, at);
        return good;
    }

    /// <summary>Reads <c>${{ expression }}</c>; false when it is not closed.</summary>
    internal static bool ReadPart(string text, ref int i, int end, Span at, Diagnostics problems, Naming naming, ImmutableArray<Expr>.Builder parts, ref bool good)
    {
        int start = i + Open.Length;
        int close = Close(text, start, end);
        if (close < 0)
        {
            problems.Add(new Diagnostic("template/unclosed", "`${{` has no closing `}}`", Place(text, at, i, Open.Length)) { Hint = "write `$${{` for a literal `${{`" });
            return false;
        }
        if (ExprParser.Parse(text, start, close - start, at, problems, naming) is { } part)
            parts.Add(part);
        else
            good = false;
        i = close + 2;
        return true;
    }

    /// <summary>How long the opening at this place is: 3, 4 when a dollar before it makes it literal, 0 when there is none.</summary>
    internal static int OpenLength(string text, int i)
    {
        if (text[i] != '$')
            return 0;
        if (string.CompareOrdinal(text, i, Open, 0, Open.Length) == 0)
            return Open.Length;
        return string.CompareOrdinal(text, i, "$" + Open, 0, Open.Length + 1) == 0 ? Open.Length + 1 : 0;
    }

    /// <summary>Where the <c>}}</c> is that closes the expression from <paramref name="i"/>: quotes and braces of maps are stepped over.</summary>
    private static int Close(string text, int i, int end)
    {
        int depth = 0;
        while (i < end)
        {
            char c = text[i];
            if (c is '\'' or '"' or '`')
            {
                i++;
                while (i < end && text[i] != c)
                    i += text[i] == '\\' && c != '`' ? 2 : 1;
            }
            else if (c == '{')
            {
                depth++;
            }
            else if (c == '}')
            {
                if (depth == 0)
                    return i + 1 < end && text[i + 1] == '}' ? i : -1;
                depth--;
            }
            i++;
        }
        return -1;
    }

    internal static void Flush(StringBuilder literal, ImmutableArray<Expr>.Builder parts, Span at)
    {
        if (literal.Length == 0)
            return;
        parts.Add(new Expr.Literal(Value.Of(literal.ToString()), at));
        literal.Clear();
    }

    internal static Expr Whole(ImmutableArray<Expr>.Builder parts, Span at) => parts.Count switch
    {
        0 => new Expr.Literal(Value.Of(""), at),
        1 => parts[0],
        _ => new Expr.Concat(parts.ToImmutable(), at),
    };

    internal static Span Place(string text, Span at, int start, int length)
    {
        int offset = at.Text.IndexOf(text, StringComparison.Ordinal);
        return offset < 0 ? at : at.Part(offset + start, length);
    }
}
