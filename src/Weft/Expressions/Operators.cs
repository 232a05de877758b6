using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;
using Weft.Values;

namespace Weft.Expressions;

/// <summary>What each operator and function does to values. Numbers mix as in Python: an integer and a float give a float, <c>/</c> always gives one.</summary>
internal static class Operators
{
    /// <summary>An integer power or product with more digits than this is refused.</summary>
    private const int MaxBits = 100_000;

    public static Evaluated Apply(Expr.Apply apply, ImmutableArray<Value> arguments)
    {
        Value a = arguments[0];
        Value? b = arguments.Length > 1 ? arguments[1] : null;
        Value? result = apply.Op switch
        {
            Op.Not => a is Value.Bool truth ? Value.Of(!truth.Is) : null,
            Op.Negate => a switch
            {
                Value.Int i => new Value.Int(-i.Number),
                Value.Float f => Value.Of(-f.Number),
                Value.Duration d => new Value.Duration(-d.Length),
                _ => null,
            },
            Op.Equal => Value.Of(AreEqual(a, b!)),
            Op.NotEqual => Value.Of(!AreEqual(a, b!)),
            Op.Less => Compare(a, b!) is { } order ? Value.Of(order < 0) : Unordered(a, b!),
            Op.LessOrEqual => Compare(a, b!) is { } order ? Value.Of(order <= 0) : Unordered(a, b!),
            Op.Greater => Compare(a, b!) is { } order ? Value.Of(order > 0) : Unordered(a, b!),
            Op.GreaterOrEqual => Compare(a, b!) is { } order ? Value.Of(order >= 0) : Unordered(a, b!),
            Op.In => Contains(a, b!) is { } isIn ? Value.Of(isIn) : null,
            Op.NotIn => Contains(a, b!) is { } isIn ? Value.Of(!isIn) : null,
            Op.Add or Op.Subtract or Op.Multiply or Op.Divide or Op.FloorDivide or Op.Modulo or Op.Power => Arithmetic(apply.Op, a, b!),
            Op.Item => null,
            _ => Function(apply.Op, arguments),
        };
        if (result is not null)
            return new Evaluated.Is(result);
        return apply.Op == Op.Item ? Item(apply, a, b!) : Refuse(apply, arguments);
    }

    /// <summary><c>the text `x`</c>, <c>the integer 3</c>, <c>a list</c>: for messages.</summary>
    public static string Describe(Value value) => value switch
    {
        Value.Null => "null",
        Value.Bool b => b.Is ? "true" : "false",
        Value.Int i => $"the integer {i.Number}",
        Value.Float f => $"the number {Rendering.Number(f.Number)}",
        Value.Text { Content.Length: <= 40 } text => $"the text `{text.Content}`",
        Value.Text => "a long text",
        Value.Time => "a time",
        Value.Duration => "a duration",
        Value.List list => $"a list of {list.Items.Length}",
        Value.Map map => $"a map of {map.Entries.Count}",
        Value.Blob blob => blob.Kind == BlobKind.Folder ? "a folder" : "a file",
        _ => value.GetType().Name,
    };

    /// <summary>Numbers are equal when they are the same number; values of different types are not equal.</summary>
    private static bool AreEqual(Value a, Value b) => (a, b) switch
    {
        (Value.Int i, Value.Float f) => Same(i.Number, f.Number),
        (Value.Float f, Value.Int i) => Same(i.Number, f.Number),
        (Value.Float f, Value.Float g) => f.Number == g.Number,
        (Value.List l, Value.List m) => l.Items.Length == m.Items.Length && l.Items.Zip(m.Items).All(pair => AreEqual(pair.First, pair.Second)),
        _ => a == b,
    };

    private static bool Same(BigInteger i, double f) => double.IsFinite(f) && Math.Floor(f) == f && new BigInteger(f) == i;

    private static int? Compare(Value a, Value b) => (a, b) switch
    {
        (Value.Int i, Value.Int j) => i.Number.CompareTo(j.Number),
        (Value.Int or Value.Float, Value.Int or Value.Float) => CompareNumbers(Double(a), Double(b)),
        (Value.Text t, Value.Text u) => string.CompareOrdinal(t.Content, u.Content),
        (Value.Time t, Value.Time u) => t.Instant.CompareTo(u.Instant),
        (Value.Duration d, Value.Duration e) => d.Length.CompareTo(e.Length),
        _ => null,
    };

    private static int? CompareNumbers(double a, double b) => double.IsNaN(a) || double.IsNaN(b) ? null : a.CompareTo(b);

    /// <summary>A comparison with NaN is false, not a mistake.</summary>
    private static Value? Unordered(Value a, Value b) => IsNumber(a) && IsNumber(b) ? Value.Of(false) : null;

    private static bool? Contains(Value item, Value whole) => (item, whole) switch
    {
        (_, Value.List list) => list.Items.Any(one => AreEqual(one, item)),
        (Value.Text key, Value.Map map) => map.Entries.ContainsKey(key.Content),
        (Value.Text part, Value.Text text) => text.Content.Contains(part.Content, StringComparison.Ordinal),
        _ => null,
    };

    private static Value? Arithmetic(Op op, Value a, Value b) => (op, a, b) switch
    {
        (Op.Add, Value.Text t, Value.Text u) => Value.Of(t.Content + u.Content),
        (Op.Add, Value.List l, Value.List m) => new Value.List(l.Items.AddRange(m.Items)),
        (Op.Add, Value.Duration d, Value.Duration e) => new Value.Duration(d.Length + e.Length),
        (Op.Subtract, Value.Duration d, Value.Duration e) => new Value.Duration(d.Length - e.Length),
        (Op.Divide, Value.Int or Value.Float, Value.Int or Value.Float) => Double(b) == 0 ? null : Value.Of(Double(a) / Double(b)),
        (_, Value.Int i, Value.Int j) => Integer(op, i.Number, j.Number),
        (_, Value.Int or Value.Float, Value.Int or Value.Float) => Real(op, Double(a), Double(b)),
        _ => null,
    };

    private static Value? Integer(Op op, BigInteger a, BigInteger b)
    {
        switch (op)
        {
            case Op.Add:
                return new Value.Int(a + b);
            case Op.Subtract:
                return new Value.Int(a - b);
            case Op.Multiply:
                return a.GetBitLength() + b.GetBitLength() > MaxBits ? null : new Value.Int(a * b);
            case Op.FloorDivide or Op.Modulo when b.IsZero:
                return null;
            case Op.FloorDivide or Op.Modulo:
                BigInteger quotient = BigInteger.DivRem(a, b, out BigInteger rest);
                if (!rest.IsZero && rest.Sign != b.Sign)
                {
                    quotient--;
                    rest += b;
                }
                return new Value.Int(op == Op.Modulo ? rest : quotient);
            case Op.Power when b.Sign < 0:
                return a.IsZero ? null : Value.Of(Math.Pow((double)a, (double)b));
            case Op.Power:
                return b > MaxBits || (long)b * a.GetBitLength() > MaxBits ? null : new Value.Int(BigInteger.Pow(a, (int)b));
            default:
                return null;
        }
    }

    private static Value? Real(Op op, double a, double b) => op switch
    {
        Op.Add => Value.Of(a + b),
        Op.Subtract => Value.Of(a - b),
        Op.Multiply => Value.Of(a * b),
        Op.FloorDivide => b == 0 ? null : Value.Of(Math.Floor(a / b)),
        Op.Modulo => b == 0 ? null : Value.Of(a - b * Math.Floor(a / b)),
        Op.Power => Value.Of(Math.Pow(a, b)),
        _ => null,
    };

    private static Evaluated Item(Expr.Apply apply, Value whole, Value key)
    {
        switch (whole, key)
        {
            case (Value.Map map, Value.Text name) when map.Entries.TryGetValue(name.Content, out Value? entry):
                return new Evaluated.Is(entry);
            case (Value.List list, Value.Int number):
                BigInteger index = number.Number.Sign < 0 ? number.Number + list.Items.Length : number.Number;
                if (index.Sign >= 0 && index < list.Items.Length)
                    return new Evaluated.Is(list.Items[(int)index]);
                break;
        }
        return Evaluator.Wrong(apply, "expression/no-such-item", $"{Describe(whole)} has nothing at {Describe(key)}");
    }

    private static Value? Function(Op op, ImmutableArray<Value> arguments)
    {
        Value a = arguments[0];
        return op switch
        {
            Op.Abs => a switch
            {
                Value.Int i => new Value.Int(BigInteger.Abs(i.Number)),
                Value.Float f => Value.Of(Math.Abs(f.Number)),
                Value.Duration d => new Value.Duration(d.Length.Duration()),
                _ => null,
            },
            Op.Len => a switch
            {
                Value.List list => Value.Of((long)list.Items.Length),
                Value.Map map => Value.Of((long)map.Entries.Count),
                Value.Text text => Value.Of((long)text.Content.Length),
                _ => null,
            },
            Op.First => a is Value.List { Items: [Value first, ..] } ? first : null,
            Op.Last => a is Value.List { Items: [.., Value last] } ? last : null,
            Op.Str => Value.Of(Rendering.Write(a)),
            Op.Bool => a switch
            {
                Value.Bool => a,
                Value.Text { Content: "true" or "True" } => Value.Of(true),
                Value.Text { Content: "false" or "False" } => Value.Of(false),
                _ => null,
            },
            Op.Int => ToInt(a),
            Op.Float => a switch
            {
                Value.Int i => Value.Of((double)i.Number),
                Value.Float => a,
                Value.Text text when double.TryParse(text.Content, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) => Value.Of(number),
                _ => null,
            },
            Op.Round => Round(a, arguments.Length > 1 ? arguments[1] : null),
            Op.Merge => a is Value.Map below && arguments[1] is Value.Map above ? Merge(below, above) : null,
            Op.Min or Op.Max => Extreme(arguments.Length > 1 ? arguments : Items(a), op == Op.Max ? 1 : -1),
            Op.Count => Items(a) is { IsDefault: false } items ? Value.Of((long)items.Length) : null,
            Op.Sum => Total(Items(a)),
            Op.Mean => Items(a) is { IsDefaultOrEmpty: false } items && Total(items) is { } total ? Value.Of(Double(total) / items.Length) : null,
            _ => null,
        };
    }

    /// <summary>A key with points that is none of the map itself leads into the maps inside, which are made where they are missing.</summary>
    internal static Value.Map Merge(Value.Map below, Value.Map above)
    {
        Value.Map merged = below;
        foreach ((string key, Value value) in above.Entries)
            merged = Put(merged, key, value);
        return merged;
    }

    private static Value.Map Put(Value.Map map, string path, Value value)
    {
        int point = path.IndexOf('.');
        if (point <= 0 || point == path.Length - 1 || map.Entries.ContainsKey(path))
            return new Value.Map(map.Entries.SetItem(path, value));
        string head = path[..point];
        Value.Map inner = map.Entries.GetValueOrDefault(head) as Value.Map ?? new Value.Map(Value.NoEntries);
        return new Value.Map(map.Entries.SetItem(head, Put(inner, path[(point + 1)..], value)));
    }

    /// <summary>The items of a list or the values of a map, those that are null left out; default when it is neither.</summary>
    private static ImmutableArray<Value> Items(Value value) => value switch
    {
        Value.List list => [.. list.Items.Where(item => item is not Value.Null)],
        Value.Map map => [.. map.Entries.Values.Where(item => item is not Value.Null)],
        _ => default,
    };

    private static Value? ToInt(Value value) => value switch
    {
        Value.Int => value,
        Value.Float f when double.IsFinite(f.Number) => new Value.Int(new BigInteger(Math.Truncate(f.Number))),
        Value.Bool b => Value.Of(b.Is ? 1L : 0L),
        Value.Text { Content.Length: <= 1000 } text when BigInteger.TryParse(text.Content, NumberStyles.AllowLeadingSign | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out BigInteger number) => new Value.Int(number),
        _ => null,
    };

    /// <summary>To the nearest, halves to the even one, as Python does; without a number of digits the result is an integer.</summary>
    private static Value? Round(Value value, Value? digits) => (value, digits) switch
    {
        (Value.Int, null or Value.Int { Number.Sign: >= 0 }) => value,
        (Value.Float f, null) when double.IsFinite(f.Number) => new Value.Int(new BigInteger(Math.Round(f.Number, MidpointRounding.ToEven))),
        (Value.Float f, Value.Int d) when d.Number >= 0 && d.Number <= 15 => Value.Of(Math.Round(f.Number, (int)d.Number, MidpointRounding.ToEven)),
        (Value.Float f, Value.Int d) when d.Number > 15 => f,
        _ => null,
    };

    private static Value? Extreme(ImmutableArray<Value> items, int sign)
    {
        if (items.IsDefaultOrEmpty)
            return null;
        Value best = items[0];
        foreach (Value item in items.AsSpan(1..))
        {
            if (best is Value.Float f && double.IsNaN(f.Number))
                best = item;
            else if (Compare(item, best) is { } order)
                best = order * sign > 0 ? item : best;
            else if (!IsNumber(item) || !IsNumber(best))
                return null;
        }
        return best;
    }

    private static Value? Total(ImmutableArray<Value> items)
    {
        if (items.IsDefault)
            return null;
        Value? total = Value.Of(0L);
        foreach (Value item in items)
        {
            total = Arithmetic(Op.Add, total, item is Value.Bool b ? Value.Of(b.Is ? 1L : 0L) : item);
            if (total is null)
                return null;
        }
        return total;
    }

    private static Evaluated Refuse(Expr.Apply apply, ImmutableArray<Value> arguments)
    {
        (string sign, _) = Functions.Binary(apply.Op);
        bool isZero = arguments.Length == 2 && IsNumber(arguments[1]) && Double(arguments[1]) == 0;
        if (apply.Op is Op.Divide or Op.FloorDivide or Op.Modulo && isZero && IsNumber(arguments[0]))
            return Evaluator.Wrong(apply, "expression/zero", $"{Describe(arguments[0])} cannot be divided by zero");
        string message = sign.Length > 0
            ? $"`{sign}` does not go with {Describe(arguments[0])} and {Describe(arguments[1])}"
            : $"`{(apply.Op is Op.Not or Op.Negate ? apply.Op == Op.Not ? "not" : "-" : Functions.Names[apply.Op])}` does not go with {string.Join(", ", arguments.Select(Describe))}";
        return Evaluator.Wrong(apply, "expression/type", message);
    }

    private static bool IsNumber(Value value) => value is Value.Int or Value.Float;

    private static double Double(Value value) => value switch
    {
        Value.Int i => (double)i.Number,
        Value.Float f => f.Number,
        _ => double.NaN,
    };
}
