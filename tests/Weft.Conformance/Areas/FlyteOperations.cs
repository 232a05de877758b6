using System.Collections.Immutable;
using System.Numerics;
using System.Text.Json;
using Weft.Expressions;
using Weft.Values;

namespace Weft.Conformance.Areas;

/// <summary>The built-in operations that the vectors' tasks pretend to run.</summary>
internal static class FlyteOperations
{
    /// <param name="task">The task as the vector declares it: its outputs are filled in the order written.</param>
    public static ImmutableSortedDictionary<string, Value> Run(JsonElement task, ImmutableSortedDictionary<string, Value> inputs)
    {
        string[] names = [.. task.GetProperty("out").EnumerateObject().Select(output => output.Name)];
        Value[] results = Results(task.GetProperty("op").GetString()!, inputs);
        return Value.NoEntries.AddRange(names.Zip(results).Select(pair => KeyValuePair.Create(pair.First, pair.Second)));
    }

    private static Value[] Results(string operation, ImmutableSortedDictionary<string, Value> inputs)
    {
        Value a = inputs.GetValueOrDefault("a") ?? inputs.Values.FirstOrDefault(Value.None);
        Value b = inputs.GetValueOrDefault("b") ?? inputs.Values.Skip(1).FirstOrDefault(Value.None);
        switch (operation)
        {
            case "inc":
                return [Calculate("a + 1", a, b)];
            case "double":
                return [Calculate("a * 2", a, b)];
            case "square":
                return [Calculate("a * a", a, b)];
            case "add" or "concat":
                return [Calculate("a + b", a, b)];
            case "mul":
                return [Calculate("a * b", a, b)];
            case "identity":
                return [a];
            case "is_even":
                return [Calculate("a % 2 == 0", a, b)];
            case "is_odd":
                return [Calculate("a % 2 != 0", a, b)];
            case "sum" or "sum_some":
                return [Calculate("sum(a)", a, b)];
            case "count":
                return [Calculate("len(a)", a, b)];
            case "range":
                return [Value.ListOf(Enumerable.Range(0, (int)((Value.Int)a).Number).Select(i => Value.Of((long)i)))];
            case "upper":
                return [Value.Of(((Value.Text)a).Content.ToUpperInvariant())];
            case "divmod":
                return [Calculate("a // b", a, b), Calculate("a % b", a, b)];
            case "mkrec":
                return [Value.MapOf([new("x", a), new("y", b)])];
            case "default_or":
                return [a is Value.Null ? b : a];
            case "void":
                return [];
            case "split2":
                return [Key(Config(inputs), "a"), Key(Config(inputs), "b")];
            case "lr" or "name":
                return [Key(Config(inputs), operation)];
            case "merge":
                return [Merge(inputs)];
            case "clean":
                return [Clean(inputs)];
            default:
                throw new NotSupportedException($"no operation `{operation}`");
        }
    }

    private static Value Calculate(string text, Value a, Value b)
    {
        Expr expression = Weft.Support.Graphs.Parse(text);
        return Evaluator.Evaluate(expression, reference => new Evaluated.Is(reference.Node.Text == "a" ? a : b)) switch
        {
            Evaluated.Is known => known.Value,
            Evaluated.Wrong wrong => throw new ArithmeticException(wrong.Why.Message),
            _ => throw new ArithmeticException(text),
        };
    }

    private static Value.Map Config(ImmutableSortedDictionary<string, Value> inputs) =>
        (inputs.GetValueOrDefault("cfg") ?? inputs.Values.First(value => value is Value.Map)) as Value.Map ?? new Value.Map(Value.NoEntries);

    private static Value Key(Value.Map map, string key) => map.Entries.GetValueOrDefault(key, Value.None);

    /// <summary>The config with the values of a map of dotted keys put in.</summary>
    private static Value Merge(ImmutableSortedDictionary<string, Value> inputs)
    {
        Value.Map config = Config(inputs);
        var overrides = (Value.Map)inputs.First(input => input.Value is Value.Map && !ReferenceEquals(input.Value, config)).Value;
        return overrides.Entries.Aggregate((Value)config, (whole, one) => Set(whole, one.Key.Split('.'), one.Value));
    }

    private static Value Set(Value whole, ReadOnlySpan<string> path, Value value)
    {
        if (path.IsEmpty)
            return value;
        ImmutableSortedDictionary<string, Value> entries = whole is Value.Map map ? map.Entries : Value.NoEntries;
        return new Value.Map(entries.SetItem(path[0], Set(entries.GetValueOrDefault(path[0], Value.None), path[1..], value)));
    }

    private static Value Clean(ImmutableSortedDictionary<string, Value> inputs)
    {
        Value.Map config = Config(inputs);
        string text = inputs.Values.OfType<Value.Text>().First().Content;
        if (Key(config, "strip") is Value.Bool { Is: true })
            text = text.Trim();
        return Value.Of(Key(config, "lower") is Value.Bool { Is: true } ? text.ToLowerInvariant() : text);
    }

    /// <summary>A value of JSON as the declared type has it: JSON does not tell 1 from 1.0.</summary>
    public static Value Typed(Value value, TypeExpr type) => (value, type) switch
    {
        (Value.Int i, _) when type == TypeExpr.Float => Value.Of((double)i.Number),
        (Value.Text t, _) when type == TypeExpr.Time => new Value.Time(DateTimeOffset.Parse(t.Content, System.Globalization.CultureInfo.InvariantCulture)),
        (Value.Int { Number: var seconds }, _) when type == TypeExpr.Duration => new Value.Duration(TimeSpan.FromSeconds((double)seconds)),
        (Value.Float f, _) when type == TypeExpr.Duration => new Value.Duration(TimeSpan.FromSeconds(f.Number)),
        (Value.Float f, _) when type == TypeExpr.Int && Math.Floor(f.Number) == f.Number => new Value.Int(new BigInteger(f.Number)),
        (Value.List list, TypeExpr.List of) => Value.ListOf(list.Items.Select(item => Typed(item, of.Of))),
        (Value.Map map, TypeExpr.Map of) => Value.MapOf(map.Entries.Select(entry => KeyValuePair.Create(entry.Key, Typed(entry.Value, of.Of)))),
        (Value.Map map, TypeExpr.Record of) => Value.MapOf(map.Entries.Select(entry => KeyValuePair.Create(entry.Key, Typed(entry.Value, of.Fields.GetValueOrDefault(entry.Key, TypeExpr.Any))))),
        (not Value.Null, TypeExpr.Optional of) => Typed(value, of.Of),
        _ => value,
    };
}
