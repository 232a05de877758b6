using System.Collections.Immutable;
using Weft.Config.Overrides;
using Weft.Config.Yaml;
using Weft.Expressions;
using Weft.Text;
using Weft.Values;

namespace Weft.Sweeps;

/// <summary>
/// Reads the space of a <c>sweep:</c> block of a native file.
/// <code>
/// grid:   {KEY: values, …}      all combinations
/// zip:    {KEY: values, …}      first with first, second with second; a list of such maps for several
/// list:   [{KEY: value, …}, …]  points one by one
/// each:   "KEY=values …"        words in HydraFlow's grammar
/// inner:  "KEY=values …"        words in HydraFlow's grammar whose values stay together: the program makes the runs itself
/// concat: [block, …]            blocks with these same keys, one after the other
/// when:   {KEY: condition, …}   the key has its values only where the condition holds, and is left out elsewhere
/// where:  condition             takes points out
/// random: {n: N, seed: S}       N of the points that are left (seed 0 unless given)
/// </code>
/// Values are a list, whose items mean what YAML says, or a text in HydraFlow's grammar (<c>"1:3:m"</c>). All dimensions of a block are
/// multiplied in the order in which they are written; the last varies fastest. Then <c>where</c>, then <c>random</c>.
/// </summary>
public sealed class SpaceReader
{
    private readonly Diagnostics _diagnostics;
    private readonly Naming _naming;

    private SpaceReader(Diagnostics diagnostics, Naming naming)
    {
        _diagnostics = diagnostics;
        _naming = naming with { Bare = Root.Item };
    }

    /// <summary>The keys that are read; those of the block's other concerns are its reader's.</summary>
    public static ImmutableArray<string> Keys { get; } = ["concat", "each", "grid", "inner", "list", "random", "when", "where", "zip"];

    /// <param name="block">The map of the block; keys other than <see cref="Keys"/> are ignored.</param>
    /// <returns>Null when something is wrong; diagnostics say what.</returns>
    public static Space? Read(YamlMapping block, Diagnostics diagnostics, Naming? naming = null)
    {
        int before = diagnostics.Errors;
        Space? space = new SpaceReader(diagnostics, naming ?? Naming.Plain).ReadBlock(block);
        return diagnostics.Errors > before ? null : space;
    }

    private Space? ReadBlock(YamlMapping block)
    {
        int before = _diagnostics.Errors;
        var builder = new SpaceBuilder(_diagnostics);
        foreach ((YamlScalar key, YamlNode value) in Entries(block))
            ReadDimensions(builder, key, value);
        // A condition of a key whose values are wrong would be reported as if the key were not there.
        if (_diagnostics.Errors > before)
            return null;
        foreach ((YamlScalar key, YamlNode conditions) in Entries(block))
        {
            if (key.Text != "when" || Map(conditions, "`when`") is not { } map)
                continue;
            foreach ((YamlScalar name, YamlNode text) in Entries(map))
            {
                if (Condition(text, $"the condition of `{name.Text}`") is { } condition)
                    builder.When(ScalarExcerpt.Of(name.Text, name.At), condition);
            }
        }
        if (builder.Build(block.At) is not { } space)
            return null;
        if (block["where"] is { } filter && Condition(filter, "`where`") is { } holds)
        {
            var where = new Where(space, holds, holds.At);
            where.Check(_diagnostics);
            space = where;
        }
        return block["random"] is { } random ? ReadRandom(random, space) : space;
    }

    private void ReadDimensions(SpaceBuilder builder, YamlScalar key, YamlNode value)
    {
        switch (key.Text)
        {
            case "grid" when Map(value, "`grid`") is { } grid:
                foreach (Dimension axis in Axes(grid))
                    builder.Add(axis);
                break;
            case "zip":
                foreach (YamlNode one in value is YamlSequence several ? several.Items : [value])
                {
                    ImmutableArray<Dimension> axes = Map(one, "`zip`") is { } map ? Axes(map) : [];
                    if (!axes.IsEmpty && SpaceBuilder.Together(axes, one.At, _diagnostics) is { } together)
                        builder.Add(together);
                }
                break;
            case "list" when List(value, "`list`") is { } points:
                builder.Add(Dimension.Of(ReadList(points), key.At));
                break;
            case "each":
                ReadEach(builder, value);
                break;
            case "inner":
                ReadInner(builder, value);
                break;
            case "concat" when List(value, "`concat`") is { } blocks:
                ImmutableArray<Space> parts = [.. blocks.Items.Select(ReadInnerBlock).OfType<Space>()];
                builder.Add(Dimension.Of(new Concat(parts, value.At), key.At));
                break;
        }
    }

    private Space? ReadInnerBlock(YamlNode node)
    {
        if (Map(node, "a block of `concat`") is not { } block)
            return null;
        foreach ((YamlScalar key, _) in Entries(block))
        {
            if (!Keys.Contains(key.Text))
                _diagnostics.Error("sweep/unknown-key", $"unknown key `{key.Text}` in a block of `concat`", key.At, Suggest.HintOrList(key.Text, Keys, "it has"));
        }
        return ReadBlock(block);
    }

    private ImmutableArray<Dimension> Axes(YamlMapping map)
    {
        var axes = ImmutableArray.CreateBuilder<Dimension>();
        foreach ((YamlScalar key, YamlNode values) in Entries(map))
        {
            if (key.Text.Length == 0 || key.Text.Contains('='))
                _diagnostics.Error("sweep/key", $"`{key.Text}` cannot be a parameter: its words are `KEY=VALUE`", key.At);
            else if (ReadValues(values) is { } choices)
                axes.Add(Dimension.Of(new Axis(key.Text, choices, key.At), key.At));
        }
        return axes.ToImmutable();
    }

    private Choices? ReadValues(YamlNode values)
    {
        switch (values)
        {
            case YamlSequence list:
                return new Choices.Typed([.. list.Items.Select(item => new Word(TextOf(item), ValueOf(item)))]);
            case YamlScalar scalar when CoreScalar.Read(scalar) is Value.Text:
                return new SweepReader(_diagnostics).ReadValue(ScalarExcerpt.Of(scalar.Text, scalar.At));
            case YamlScalar scalar:
                return new Choices.Typed([new Word(TextOf(scalar), ValueOf(scalar))]);
            default:
                _diagnostics.Error("sweep/shape", $"expected a list of values or a text such as `1:3`, found {values.Kind}", values.At, "a map as a value stands in a list: `[{…}]`");
                return null;
        }
    }

    private Listing ReadList(YamlSequence points)
    {
        var read = ImmutableArray.CreateBuilder<Point>();
        foreach (YamlNode item in points.Items)
        {
            if (Map(item, "a point of `list`") is not { } map)
                continue;
            var parts = new PointParts();
            foreach ((YamlScalar key, YamlNode value) in Entries(map))
            {
                Value typed = ValueOf(value);
                parts.Add(new Word($"{key.Text}={TextOf(value)}", typed));
                parts.Add(Axis.NameOf(key.Text), typed);
            }
            read.Add(parts.ToPoint(read.Count));
        }
        return new Listing(read.ToImmutable(), points.At);
    }

    private void ReadEach(SpaceBuilder builder, YamlNode value)
    {
        if (TextOf(value, "each", "lr=1e-3,1e-4 seed=1:3") is not { } text)
            return;
        ImmutableArray<SweptWord> words = new SweepReader(_diagnostics).ReadEach(text);
        foreach (SweptWord word in words.IsDefault ? [] : words)
        {
            Space[] parts = [.. word.Parts.Select(part => new Axis(part.Key, part.Values, part.At))];
            builder.Add(Dimension.Of(parts is [var only] ? only : new Concat([.. parts], word.At), word.At));
        }
    }

    private void ReadInner(SpaceBuilder builder, YamlNode value)
    {
        if (TextOf(value, "inner", "seed=1:3") is not { } text)
            return;
        ImmutableArray<InnerWord> words = new SweepReader(_diagnostics).ReadAll(text);
        foreach (InnerWord word in words.IsDefault ? [] : words)
            builder.Add(Dimension.Of(new Axis(word.Key, new Choices.Listed([word.Value]), word.At) { RunsOfEach = word.InnerRuns }, word.At));
    }

    /// <summary>Swept words as HydraFlow writes them; null and a problem when the value is no text.</summary>
    private Excerpt? TextOf(YamlNode value, string key, string example)
    {
        if (value is YamlScalar scalar)
            return ScalarExcerpt.Of(scalar.Text, scalar.At);
        _diagnostics.Error("sweep/shape", $"`{key}` is a text such as `{example}`, found {value.Kind}", value.At);
        return null;
    }

    private Draw? ReadRandom(YamlNode node, Space space)
    {
        YamlNode? count = node is YamlMapping map ? map["n"] : node;
        YamlNode? seed = (node as YamlMapping)?["seed"];
        foreach ((YamlScalar key, _) in node is YamlMapping entries ? Entries(entries) : [])
        {
            if (key.Text is not ("n" or "seed"))
                _diagnostics.Error("sweep/unknown-key", $"unknown key `{key.Text}` in `random`", key.At, "it has: `n` and `seed`");
        }
        if (Number(count) is not { } n || n < 1)
        {
            _diagnostics.Error("sweep/random", "`random` needs the number of points, 1 or more", (count ?? node).At, "write `random: {n: 20, seed: 1}`");
            return null;
        }
        if (seed is not null && Number(seed) is null)
            _diagnostics.Error("sweep/random", "the seed of `random` is a whole number", seed.At);
        return new Draw(space, n, Number(seed) ?? 0, node.At);
    }

    private static long? Number(YamlNode? node) => node is YamlScalar scalar && CoreScalar.Read(scalar) is Value.Int { Number: var number } && number >= long.MinValue && number <= long.MaxValue ? (long)number : null;

    private Expr? Condition(YamlNode node, string what)
    {
        if (node is YamlScalar scalar)
            return ExprParser.Parse(scalar.Text, scalar.At, _diagnostics, _naming);
        _diagnostics.Error("sweep/shape", $"{what} is an expression such as `lr > 0.01`, found {node.Kind}", node.At);
        return null;
    }

    private YamlMapping? Map(YamlNode node, string what)
    {
        if (node is not YamlMapping)
            _diagnostics.Error("sweep/shape", $"{what} is a map of parameters, found {node.Kind}", node.At);
        return node as YamlMapping;
    }

    private YamlSequence? List(YamlNode node, string what)
    {
        if (node is not YamlSequence)
            _diagnostics.Error("sweep/shape", $"{what} is a list, found {node.Kind}", node.At);
        return node as YamlSequence;
    }

    private IEnumerable<(YamlScalar Key, YamlNode Value)> Entries(YamlMapping map)
    {
        foreach (YamlEntry entry in map.Entries)
        {
            if (entry.Key is YamlScalar key)
                yield return (key, entry.Value);
            else
                _diagnostics.Error("sweep/key", $"expected the name of a parameter, found {entry.Key.Kind}", entry.Key.At);
        }
    }

    /// <summary>As written; lists and maps as an override of Hydra's grammar.</summary>
    private static string TextOf(YamlNode node) => node switch
    {
        YamlScalar scalar when CoreScalar.Read(scalar) is Value.Null => "null",
        YamlScalar scalar => scalar.Text,
        _ => ElementOf(node).ToString(),
    };

    private static Element ElementOf(YamlNode node) => node switch
    {
        YamlSequence list => new Element.List([.. list.Items.Select(ElementOf)]),
        YamlMapping map => new Element.Map([.. map.Entries.Select(entry => new MapEntry(new Element.Text(TextOf(entry.Key)), ElementOf(entry.Value)))]),
        YamlScalar scalar => CoreScalar.Read(scalar) switch
        {
            Value.Null => new Element.Null(),
            Value.Bool flag => new Element.Bool(flag.Is),
            Value.Int integer => new Element.Int(integer.Number),
            Value.Float number => new Element.Float(number.Number),
            _ => new Element.Text(scalar.Text, Quote.Single),
        },
        _ => new Element.Null(),
    };

    private static Value ValueOf(YamlNode node) => node switch
    {
        YamlScalar scalar => CoreScalar.Read(scalar),
        YamlSequence list => Value.ListOf(list.Items.Select(ValueOf)),
        YamlMapping map => Value.MapOf(map.Entries.Select(entry => KeyValuePair.Create(TextOf(entry.Key), ValueOf(entry.Value)))),
        _ => Value.None,
    };
}
