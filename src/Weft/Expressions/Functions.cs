namespace Weft.Expressions;

/// <summary>How operators and functions are written: the one table that parser, printer and messages read.</summary>
internal static class Functions
{
    /// <summary>Callable by name, with the least and the greatest number of arguments.</summary>
    public static readonly Dictionary<string, (Op Op, int Least, int Most)> ByName = new(StringComparer.Ordinal)
    {
        ["abs"] = (Op.Abs, 1, 1),
        ["bool"] = (Op.Bool, 1, 1),
        ["count"] = (Op.Count, 1, 1),
        ["first"] = (Op.First, 1, 1),
        ["float"] = (Op.Float, 1, 1),
        ["int"] = (Op.Int, 1, 1),
        ["last"] = (Op.Last, 1, 1),
        ["len"] = (Op.Len, 1, 1),
        ["max"] = (Op.Max, 1, int.MaxValue),
        ["mean"] = (Op.Mean, 1, 1),
        ["merge"] = (Op.Merge, 2, 2),
        ["min"] = (Op.Min, 1, int.MaxValue),
        ["round"] = (Op.Round, 1, 2),
        ["str"] = (Op.Str, 1, 1),
        ["sum"] = (Op.Sum, 1, 1),
    };

    public static readonly Dictionary<Op, string> Names = ByName.ToDictionary(entry => entry.Value.Op, entry => entry.Key);

    /// <summary>Words that are no names.</summary>
    public static readonly HashSet<string> Keywords = new(StringComparer.Ordinal)
    {
        "and", "or", "not", "in", "if", "else", "over", "true", "false", "null", "True", "False", "None", "nan", "inf",
    };

    /// <summary>First words of a path that do not name a node.</summary>
    public static readonly Dictionary<string, Root> Roots = new(StringComparer.Ordinal)
    {
        ["inputs"] = Root.Input,
        ["params"] = Root.Input,
        ["item"] = Root.Item,
        ["words"] = Root.Words,
        ["outputs"] = Root.Output,
        ["best"] = Root.Best,
        ["run"] = Root.Run,
        ["secrets"] = Root.Secret,
        ["outside"] = Root.Outside,
    };

    /// <summary>The first word of a path by which a source of values is written; none of <see cref="Root.Node"/>.</summary>
    public static string NameOf(Root root) => root switch
    {
        Root.Input => "inputs",
        Root.Item => "item",
        Root.Words => "words",
        Root.Output => "outputs",
        Root.Best => "best",
        Root.Run => "run",
        Root.Secret => "secrets",
        Root.Outside => "outside",
        _ => "",
    };

    /// <summary>Binary operators: how they are written and how tightly they bind (1 loosest).</summary>
    public static (string Sign, int Level) Binary(Op op) => op switch
    {
        Op.Or => ("or", 2),
        Op.And => ("and", 3),
        Op.Equal => ("==", 5),
        Op.NotEqual => ("!=", 5),
        Op.Less => ("<", 5),
        Op.LessOrEqual => ("<=", 5),
        Op.Greater => (">", 5),
        Op.GreaterOrEqual => (">=", 5),
        Op.In => ("in", 5),
        Op.NotIn => ("not in", 5),
        Op.Add => ("+", 6),
        Op.Subtract => ("-", 6),
        Op.Multiply => ("*", 7),
        Op.Divide => ("/", 7),
        Op.FloorDivide => ("//", 7),
        Op.Modulo => ("%", 7),
        Op.Power => ("**", 9),
        _ => ("", 0),
    };

    public static bool IsName(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || !StartsName(text[0]))
            return false;
        foreach (char c in text)
        {
            if (!ContinuesName(c))
                return false;
        }
        return true;
    }

    public static bool StartsName(char c) => char.IsLetter(c) || c == '_';

    public static bool ContinuesName(char c) => char.IsLetterOrDigit(c) || c == '_';
}
