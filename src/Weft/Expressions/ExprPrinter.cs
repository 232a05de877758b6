using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Weft.Values;

namespace Weft.Expressions;

/// <summary>
/// Writes an expression so that it reads back as the same one, with no brackets that are not needed. A text made of parts
/// (<see cref="Expr.Concat"/>) is written as a template; templates and <see cref="Expr.First"/> have no form inside an expression and are shown,
/// not read back.
/// </summary>
public static class ExprPrinter
{
    /// <param name="bare">As of <see cref="ExprParser.Parse(string, Weft.Text.Span, Weft.Text.Diagnostics, Naming)"/>.</param>
    public static string Print(Expr expression, Root bare = Root.Node)
    {
        var text = new StringBuilder();
        Print(text, expression, bare, 0);
        return text.ToString();
    }

    /// <param name="level">How tightly the surroundings bind: looser operators are put in brackets.</param>
    private static void Print(StringBuilder text, Expr expression, Root bare, int level)
    {
        switch (expression)
        {
            case Expr.Literal literal:
                bool isNegative = literal.Value is Value.Int { Number.Sign: < 0 } || (literal.Value is Value.Float f && double.IsNegative(f.Number) && !double.IsNaN(f.Number));
                Bracketed(text, isNegative && level > 8, () => PrintValue(text, literal.Value));
                break;
            case Expr.Ref reference:
                PrintPath(text, reference, bare);
                break;
            case Expr.ListOf list:
                text.Append('[');
                Joined(text, list.Items, bare);
                text.Append(']');
                break;
            case Expr.MapOf map:
                text.Append('{');
                for (int i = 0; i < map.Entries.Length; i++)
                {
                    text.Append(i > 0 ? ", " : "");
                    CanonicalJson.WriteText(text, map.Entries[i].Key);
                    text.Append(": ");
                    Print(text, map.Entries[i].Value, bare, 1);
                }
                text.Append('}');
                break;
            case Expr.Concat concat:
                text.Append(Template.Print(concat));
                break;
            case Expr.First first:
                text.Append("first of (");
                Joined(text, first.Options, bare);
                text.Append(')');
                break;
            case Expr.Apply apply:
                PrintApply(text, apply, bare, level);
                break;
            default:
                throw new InvalidOperationException($"no text for {expression.GetType().Name}");
        }
    }

    private static void PrintApply(StringBuilder text, Expr.Apply apply, Root bare, int level)
    {
        (string sign, int own) = Functions.Binary(apply.Op);
        if (own > 0)
        {
            Bracketed(text, own < level || (own == 5 && level == 5), () =>
            {
                // Comparisons do not chain; ** takes its right side first, all others their left.
                Print(text, apply.Arguments[0], bare, own is 5 ? 6 : own is 9 ? 10 : own);
                text.Append(' ').Append(sign).Append(' ');
                Print(text, apply.Arguments[1], bare, own is 9 ? 8 : own + 1);
            });
            return;
        }
        switch (apply.Op)
        {
            case Op.Not:
                Bracketed(text, level > 4, () =>
                {
                    text.Append("not ");
                    Print(text, apply.Arguments[0], bare, 4);
                });
                break;
            case Op.Negate:
                // A minus before a number would become part of it.
                bool isNumber = apply.Arguments[0] is Expr.Literal;
                Bracketed(text, level > 8, () => Bracketed(text.Append('-'), isNumber, () => Print(text, apply.Arguments[0], bare, isNumber ? 0 : 8)));
                break;
            case Op.If:
                Bracketed(text, level > 1, () =>
                {
                    Print(text, apply.Arguments[1], bare, 2);
                    text.Append(" if ");
                    Print(text, apply.Arguments[0], bare, 2);
                    text.Append(" else ");
                    Print(text, apply.Arguments[2], bare, 1);
                });
                break;
            case Op.Item:
                Print(text, apply.Arguments[0], bare, 10);
                text.Append('[');
                Print(text, apply.Arguments[1], bare, 0);
                text.Append(']');
                break;
            case Op.Over:
                Bracketed(text, level > 0, () =>
                {
                    Print(text, apply.Arguments[0], bare, 10);
                    text.Append(" over ");
                    text.AppendJoin(", ", apply.Arguments.Skip(1).Select(name => Name(((Value.Text)((Expr.Literal)name).Value).Content)));
                });
                break;
            default:
                text.Append(Functions.Names[apply.Op]).Append('(');
                Joined(text, apply.Arguments, bare);
                text.Append(')');
                break;
        }
    }

    private static void PrintPath(StringBuilder text, Expr.Ref reference, Root bare)
    {
        int from = 0;
        if (reference.Root == bare && reference.Path.Length > 0)
        {
            string first = reference.Path[0].Name ?? "";
            text.Append(bare == Root.Node && Functions.Roots.ContainsKey(first) ? $"`{first}`" : Name(first));
            from = 1;
        }
        else
        {
            text.Append(Functions.NameOf(reference.Root));
        }
        for (int i = from; i < reference.Path.Length; i++)
        {
            Segment segment = reference.Path[i];
            if (segment.Name is not { } name)
            {
                text.Append(CultureInfo.InvariantCulture, $"[{segment.Index}]");
            }
            else if (Functions.IsName(name))
            {
                text.Append('.').Append(name);
            }
            else
            {
                text.Append('[');
                CanonicalJson.WriteText(text, name);
                text.Append(']');
            }
        }
    }

    private static string Name(string name) => Functions.IsName(name) && !Functions.Keywords.Contains(name) ? name : $"`{name}`";

    private static void PrintValue(StringBuilder text, Value value)
    {
        switch (value)
        {
            case Value.Float f when double.IsFinite(f.Number):
                text.Append(Rendering.Number(f.Number));
                break;
            case Value.Float f:
                text.Append(double.IsNaN(f.Number) ? "nan" : f.Number > 0 ? "inf" : "-inf");
                break;
            case Value.List list:
                text.Append('[');
                for (int i = 0; i < list.Items.Length; i++)
                {
                    text.Append(i > 0 ? ", " : "");
                    PrintValue(text, list.Items[i]);
                }
                text.Append(']');
                break;
            case Value.Map map:
                text.Append('{');
                bool first = true;
                foreach ((string key, Value item) in map.Entries)
                {
                    text.Append(first ? "" : ", ");
                    first = false;
                    CanonicalJson.WriteText(text, key);
                    text.Append(": ");
                    PrintValue(text, item);
                }
                text.Append('}');
                break;
            default:
                CanonicalJson.Write(text, value);
                break;
        }
    }

    private static void Joined(StringBuilder text, ImmutableArray<Expr> items, Root bare)
    {
        for (int i = 0; i < items.Length; i++)
        {
            text.Append(i > 0 ? ", " : "");
            // Among several, the names after an `over` would swallow the next item.
            Print(text, items[i], bare, items.Length > 1 ? 1 : 0);
        }
    }

    private static void Bracketed(StringBuilder text, bool needed, Action inner)
    {
        text.Append(needed ? "(" : "");
        inner();
        text.Append(needed ? ")" : "");
    }
}
