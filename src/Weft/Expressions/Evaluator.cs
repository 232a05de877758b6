using System.Collections.Immutable;
using Weft.Text;
using Weft.Values;

namespace Weft.Expressions;

/// <summary>
/// Evaluates an expression with what is known now. The law: whatever it says before everything is known stays true afterwards; an expression
/// that has a value at plan time has the same value on a node, and one that is wrong stays wrong. Therefore <c>and</c>, <c>or</c> and
/// <c>if</c> do not look at a side that cannot change the result, and nothing is called wrong that may turn out not to matter.
/// </summary>
public static class Evaluator
{
    /// <summary>Knows no reference at all: evaluates what is constant.</summary>
    public static readonly Lookup Nothing = reference => new Evaluated.Awaits([reference]);

    public static Evaluated Evaluate(Expr expression, Lookup lookup) => expression switch
    {
        Expr.Literal literal => new Evaluated.Is(literal.Value),
        Expr.Ref reference => lookup(reference),
        Expr.ListOf list => Combine(list.Items, lookup, (_, values) => new Evaluated.Is(new Value.List(values)), list),
        Expr.MapOf map => Combine([.. map.Entries.Select(entry => entry.Value)], lookup, (_, values) => new Evaluated.Is(MapOf(map, values)), map),
        Expr.Concat concat => Combine(concat.Parts, lookup, (_, values) => new Evaluated.Is(Value.Of(string.Concat(values.Select(Rendering.Write)))), concat),
        Expr.First first => First(first, lookup),
        Expr.Apply { Op: Op.And } and => Logical(and, lookup, decisive: false),
        Expr.Apply { Op: Op.Or } or => Logical(or, lookup, decisive: true),
        Expr.Apply { Op: Op.If } choice => Choice(choice, lookup),
        Expr.Apply { Op: Op.Over } over => Wrong(over, "expression/over", "`over` is only known in a selection"),
        Expr.Apply apply => Combine(apply.Arguments, lookup, static (expression, values) => Operators.Apply((Expr.Apply)expression, values), apply),
        _ => throw new InvalidOperationException($"no meaning for {expression.GetType().Name}"),
    };

    /// <summary>The references in an expression, in the order written, repeated ones included.</summary>
    public static IReadOnlyList<Expr.Ref> References(Expr expression)
    {
        var references = new List<Expr.Ref>();
        AddReferences(expression, references);
        return references;
    }

    /// <summary>As <see cref="References"/>, into a list that is used again.</summary>
    public static void AddReferences(Expr expression, List<Expr.Ref> references)
    {
        if (expression is Expr.Ref reference)
        {
            references.Add(reference);
            return;
        }
        foreach (Expr part in Parts(expression))
            AddReferences(part, references);
    }

    /// <summary>The expressions directly inside.</summary>
    public static IEnumerable<Expr> Parts(Expr expression) => expression switch
    {
        Expr.ListOf list => list.Items,
        Expr.MapOf map => map.Entries.Select(entry => entry.Value),
        Expr.Apply apply => apply.Arguments,
        Expr.Concat concat => concat.Parts,
        Expr.First first => first.Options,
        _ => [],
    };

    /// <summary>Follows the rest of a path into a value that is known.</summary>
    /// <param name="from">How many segments have been followed already.</param>
    public static Evaluated Follow(Expr.Ref reference, int from, Value value)
    {
        for (int i = from; i < reference.Path.Length; i++)
        {
            Segment segment = reference.Path[i];
            // A digit after a point is an index too: that is how some dialects write it.
            if (segment.Name is { } digits && value is Value.List && long.TryParse(digits, out long number))
                segment = Segment.Of(number);
            switch (value)
            {
                case Value.Map map when segment.Name is { } name:
                    if (!map.Entries.TryGetValue(name, out Value? entry))
                        return Wrong(reference, "expression/no-such-field", $"there is no `{name}` in `{Short(reference, i)}`", Suggest.HintOrList(name, [.. map.Entries.Keys], "it has"));
                    value = entry;
                    break;
                case Value.List list when segment.Name is null:
                    long index = segment.Index < 0 ? segment.Index + list.Items.Length : segment.Index;
                    if (index < 0 || index >= list.Items.Length)
                        return Wrong(reference, "expression/no-such-item", $"`{Short(reference, i)}` has {list.Items.Length} items, none at index {segment.Index}");
                    value = list.Items[(int)index];
                    break;
                default:
                    return Wrong(reference, "expression/no-such-field", $"`{Short(reference, i)}` is {Operators.Describe(value)}: it has no `{segment}`");
            }
        }
        return new Evaluated.Is(value);
    }

    internal static Evaluated.Wrong Wrong(Expr expression, string id, string message, string? hint = null) =>
        new(new Diagnostic(id, message, expression.At.Source.Name.Length > 0 ? expression.At : null) { Hint = hint });

    private static Evaluated Combine(ImmutableArray<Expr> parts, Lookup lookup, Func<Expr, ImmutableArray<Value>, Evaluated> whole, Expr expression)
    {
        var values = ImmutableArray.CreateBuilder<Value>(parts.Length);
        Evaluated? missing = null;
        foreach (Expr part in parts)
        {
            Evaluated one = Evaluate(part, lookup);
            if (one is Evaluated.Wrong)
                return one;
            if (one is Evaluated.Is known)
                values.Add(known.Value);
            else
                missing = Join(missing, one);
        }
        return missing ?? whole(expression, values.MoveToImmutable());
    }

    /// <summary>Of two that have no value: wrong above awaited above failed above skipped.</summary>
    private static Evaluated Join(Evaluated? one, Evaluated other) => (one, other) switch
    {
        (null, _) => other,
        (Evaluated.Wrong, _) => one,
        (_, Evaluated.Wrong) => other,
        (Evaluated.Awaits a, Evaluated.Awaits b) => new Evaluated.Awaits(a.On.AddRange(b.On)),
        (Evaluated.Awaits, _) => one,
        (_, Evaluated.Awaits) => other,
        (Evaluated.Absent { Failed: false }, Evaluated.Absent { Failed: true }) => other,
        _ => one,
    };

    private static Evaluated Logical(Expr.Apply apply, Lookup lookup, bool decisive)
    {
        Evaluated left = Truth(apply.Arguments[0], lookup);
        if (Decides(left))
            return left;
        Evaluated right = Truth(apply.Arguments[1], lookup);
        if (Decides(right))
            return right;
        return (left, right) switch
        {
            (Evaluated.Is, _) => right,
            (_, Evaluated.Is) => left,
            // Either side may still decide, so the other one's mistake may not matter.
            (Evaluated.Awaits, Evaluated.Wrong) => left,
            (Evaluated.Wrong, Evaluated.Awaits) => right,
            _ => Join(left, right),
        };

        bool Decides(Evaluated side) => side is Evaluated.Is { Value: Value.Bool b } && b.Is == decisive;
    }

    private static Evaluated Truth(Expr expression, Lookup lookup) => Evaluate(expression, lookup) switch
    {
        Evaluated.Is { Value: Value.Bool } truth => truth,
        Evaluated.Is known => Wrong(expression, "expression/type", $"a condition must be true or false, this is {Operators.Describe(known.Value)}", "compare it with something"),
        Evaluated other => other,
    };

    private static Evaluated Choice(Expr.Apply choice, Lookup lookup) => Truth(choice.Arguments[0], lookup) switch
    {
        Evaluated.Is { Value: Value.Bool condition } => Evaluate(choice.Arguments[condition.Is ? 1 : 2], lookup),
        Evaluated other => other,
    };

    private static Evaluated First(Expr.First first, Lookup lookup)
    {
        Evaluated? last = null;
        foreach (Expr option in first.Options)
        {
            last = Evaluate(option, lookup);
            if (last is not Evaluated.Absent { Failed: false })
                return last;
        }
        return last ?? Wrong(first, "expression/empty", "there is nothing to choose from");
    }

    private static Value.Map MapOf(Expr.MapOf map, ImmutableArray<Value> values)
    {
        var entries = Value.NoEntries.ToBuilder();
        for (int i = 0; i < values.Length; i++)
            entries[map.Entries[i].Key] = values[i];
        return new Value.Map(entries.ToImmutable());
    }

    private static string Short(Expr.Ref reference, int segments) => ExprPrinter.Print(reference with { Path = reference.Path[..segments] });
}
