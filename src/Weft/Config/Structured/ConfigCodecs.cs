using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using Weft.Config.Nodes;
using Weft.Text;

namespace Weft.Config.Structured;

/// <summary>The C# types that a configuration can be read into. For generated code.</summary>
public static class ConfigCodecs
{
    /// <summary>A flag.</summary>
    public static ConfigCodec<bool> Bool { get; } = new Leaf<bool>(ConfigType.Bool, content => content.Bool);

    /// <summary>An integer of 32 bits; one outside of the range is refused.</summary>
    public static ConfigCodec<int> Int32 { get; } = Whole<int>(int.MinValue, int.MaxValue, number => (int)number);

    /// <summary>An integer of 64 bits; one outside of the range is refused.</summary>
    public static ConfigCodec<long> Int64 { get; } = Whole<long>(long.MinValue, long.MaxValue, number => (long)number);

    /// <summary>An integer of any size.</summary>
    public static ConfigCodec<BigInteger> BigInteger { get; } = new Leaf<BigInteger>(ConfigType.Int, content => content.Int);

    /// <summary>A float of 32 bits.</summary>
    public static ConfigCodec<float> Single { get; } = new Leaf<float>(ConfigType.Float, content => (float)content.Float);

    /// <summary>A float of 64 bits.</summary>
    public static ConfigCodec<double> Double { get; } = new Leaf<double>(ConfigType.Float, content => content.Float);

    /// <summary>A text.</summary>
    public static ConfigCodec<string> Text { get; } = new Leaf<string>(ConfigType.Str, content => content.Text);

    /// <summary>Bytes.</summary>
    public static ConfigCodec<byte[]> Bytes { get; } = new Leaf<byte[]>(ConfigType.Bytes, content => content.Bytes);

    /// <summary>Anything, as it stands: interpolations in it are not evaluated.</summary>
    public static ConfigCodec<ConfigNode> Node { get; } = new AnyNode();

    /// <summary>A member of an enumeration.</summary>
    /// <param name="members">Names and values in the order of declaration.</param>
    public static ConfigCodec<T> Enum<T>(string name, ReadOnlySpan<KeyValuePair<string, long>> members, Func<long, T> read) where T : struct =>
        new Leaf<T>(new EnumType(new EnumSchema(name, members)), content => read(content.Enum.Value));

    /// <summary>A record.</summary>
    public static ConfigCodec<T> Record<T>() where T : class, IConfigRecord<T> => RecordCodec<T>.Instance;

    /// <summary>A value of a class, or null.</summary>
    public static ConfigCodec<T?> Optional<T>(ConfigCodec<T> value) where T : class => new OptionalClass<T>(value);

    /// <summary>A value of a struct, or null.</summary>
    public static ConfigCodec<T?> OptionalValue<T>(ConfigCodec<T> value) where T : struct => new OptionalStruct<T>(value);

    /// <summary>A list.</summary>
    public static ConfigCodec<T[]> Array<T>(ConfigCodec<T> item) => new ListCodec<T, T[]>(item, items => [.. items]);

    /// <summary>A list.</summary>
    public static ConfigCodec<ImmutableArray<T>> ImmutableArray<T>(ConfigCodec<T> item) => new ListCodec<T, ImmutableArray<T>>(item, items => [.. items]);

    /// <summary>A list.</summary>
    public static ConfigCodec<List<T>> List<T>(ConfigCodec<T> item) => new ListCodec<T, List<T>>(item, items => items);

    /// <summary>A list.</summary>
    public static ConfigCodec<IReadOnlyList<T>> ReadOnlyList<T>(ConfigCodec<T> item) => new ListCodec<T, IReadOnlyList<T>>(item, items => items);

    /// <summary>A dictionary.</summary>
    public static ConfigCodec<Dictionary<TKey, T>> Dictionary<TKey, T>(ConfigCodec<TKey> key, ConfigCodec<T> value) where TKey : notnull =>
        new MapCodec<TKey, T, Dictionary<TKey, T>>(key, value, entries => new(entries));

    /// <summary>A dictionary.</summary>
    public static ConfigCodec<IReadOnlyDictionary<TKey, T>> ReadOnlyDictionary<TKey, T>(ConfigCodec<TKey> key, ConfigCodec<T> value) where TKey : notnull =>
        new MapCodec<TKey, T, IReadOnlyDictionary<TKey, T>>(key, value, entries => new Dictionary<TKey, T>(entries));

    /// <summary>A dictionary.</summary>
    public static ConfigCodec<ImmutableDictionary<TKey, T>> ImmutableDictionary<TKey, T>(ConfigCodec<TKey> key, ConfigCodec<T> value) where TKey : notnull =>
        new MapCodec<TKey, T, ImmutableDictionary<TKey, T>>(key, value, entries => entries.ToImmutableDictionary());

    private static Leaf<T> Whole<T>(BigInteger least, BigInteger most, Func<BigInteger, T> convert) => new(ConfigType.Int, content => convert(content.Int))
    {
        Problem = content => content.Int < least || content.Int > most ? $"{content.Int} is not in the range from {least} to {most}" : null,
    };

    private sealed class Leaf<T>(ConfigType type, Func<Scalar, T> convert) : ConfigCodec<T>
    {
        public override ConfigType Type => type;

        public Func<Scalar, string?>? Problem { get; init; }

        internal override bool TryRead(ConfigNode node, ConfigBinder binder, [MaybeNullWhen(false)] out T value)
        {
            value = default;
            if (binder.ValueOf(node) is not { } found)
                return false;
            string? problem = found is not ValueNode ? Conversion.NotAScalar(type, found, out Scalar content) : Conversion.Problem(type, found.Content, out content) ?? Problem?.Invoke(content);
            if (problem is not null)
                return binder.Refuse(node, problem);
            value = convert(content);
            return true;
        }
    }

    private sealed class AnyNode : ConfigCodec<ConfigNode>
    {
        public override ConfigType Type => ConfigType.Any;

        internal override bool TryRead(ConfigNode node, ConfigBinder binder, [MaybeNullWhen(false)] out ConfigNode value) => (value = binder.ValueOf(node)) is not null;
    }

    private sealed class RecordCodec<T> : ConfigCodec<T> where T : class, IConfigRecord<T>
    {
        public static RecordCodec<T> Instance { get; } = new();

        // Asked for late: a record may have lists of itself.
        public override ConfigType Type => new StructuredType(T.Schema);

        internal override bool TryRead(ConfigNode node, ConfigBinder binder, [MaybeNullWhen(false)] out T value)
        {
            value = null;
            if (binder.ValueOf(node) is not { } found)
                return false;
            if (found is not DictConfig { IsSpecial: false } dict)
                return binder.Refuse(node, $"found {(found is ListConfig ? "a list" : $"`{found.Content}`")}, expected a `{T.Schema.Name}`");
            try
            {
                value = T.Read(new ConfigRecordReader(dict, binder));
            }
            catch (ArgumentException e)
            {
                // What the record's own constructor refuses is the user's to mend, in the configuration.
                return binder.Refuse(node, $"`{T.Schema.Name}` refuses it: {e.Message}");
            }
            return value is not null;
        }
    }

    private sealed class OptionalClass<T>(ConfigCodec<T> of) : ConfigCodec<T?> where T : class
    {
        public override ConfigType Type => of.Type.Optional;

        internal override bool TryRead(ConfigNode node, ConfigBinder binder, out T? value)
        {
            value = null;
            return binder.ValueOf(node) is { } found && (found.IsNull || of.TryRead(node, binder, out value));
        }
    }

    private sealed class OptionalStruct<T>(ConfigCodec<T> of) : ConfigCodec<T?> where T : struct
    {
        public override ConfigType Type => of.Type.Optional;

        internal override bool TryRead(ConfigNode node, ConfigBinder binder, out T? value)
        {
            value = null;
            if (binder.ValueOf(node) is not { } found)
                return false;
            if (found.IsNull)
                return true;
            bool isRead = of.TryRead(node, binder, out T read);
            value = read;
            return isRead;
        }
    }

    private sealed class ListCodec<T, TList>(ConfigCodec<T> item, Func<List<T>, TList> make) : ConfigCodec<TList>
    {
        public override ConfigType Type => new ListType(item.Type);

        internal override bool TryRead(ConfigNode node, ConfigBinder binder, [MaybeNullWhen(false)] out TList value)
        {
            value = default;
            if (binder.ValueOf(node) is not { } found)
                return false;
            if (found is not ListConfig { IsSpecial: false } list)
                return binder.Refuse(node, "expected a list");
            var items = new List<T>(list.Count);
            foreach (ConfigNode one in list)
            {
                if (item.TryRead(one, binder, out T? read))
                    items.Add(read);
            }
            value = make(items);
            return items.Count == list.Count;
        }
    }

    private sealed class MapCodec<TKey, T, TMap>(ConfigCodec<TKey> key, ConfigCodec<T> element, Func<IEnumerable<KeyValuePair<TKey, T>>, TMap> make) : ConfigCodec<TMap>
        where TKey : notnull
    {
        public override ConfigType Type => new DictType(key.Type, element.Type);

        internal override bool TryRead(ConfigNode node, ConfigBinder binder, [MaybeNullWhen(false)] out TMap value)
        {
            value = default;
            if (binder.ValueOf(node) is not { } found)
                return false;
            if (found is not DictConfig { IsSpecial: false } dict)
                return binder.Refuse(node, "expected a dictionary");
            var entries = new Dictionary<TKey, T>();
            foreach (ConfigNode child in dict)
            {
                if (key.TryRead(new ValueNode(child.Key, child.KeyAt), binder, out TKey? name) && element.TryRead(child, binder, out T? read))
                    entries.Add(name, read);
            }
            value = make(entries);
            return entries.Count == dict.Count;
        }
    }
}

/// <summary>Defaults of properties, as nodes. For generated code.</summary>
public static class ConfigDefaults
{
    /// <summary>Null.</summary>
    public static ConfigNode Null() => new ValueNode(Scalar.Null);

    /// <summary>A flag.</summary>
    public static ConfigNode Of(bool value) => new ValueNode(Scalar.Of(value));

    /// <summary>An integer.</summary>
    public static ConfigNode Of(long value) => new ValueNode(Scalar.Of(value));

    /// <summary>A float.</summary>
    public static ConfigNode Of(double value) => new ValueNode(Scalar.Of(value));

    /// <summary>A text, as it is.</summary>
    public static ConfigNode Of(string value) => new ValueNode(Scalar.Of(value));

    /// <summary>Bytes.</summary>
    public static ConfigNode Of(byte[] value) => new ValueNode(Scalar.Of(value));

    /// <summary>What a configuration would mean by the text: <c>???</c> is missing, <c>${…}</c> an interpolation.</summary>
    /// <exception cref="FormatException">The program's text breaks the grammar of interpolations.</exception>
    public static ConfigNode Evaluated(string text)
    {
        var diagnostics = new Diagnostics();
        return new ValueNode(ConfigReader.OfText(text, null, diagnostics) ?? throw new FormatException($"the default `{text}`: {diagnostics.First().Message}"));
    }

    /// <summary>A list of these items.</summary>
    public static ConfigNode List(params ReadOnlySpan<ConfigNode> items)
    {
        var list = new ListConfig();
        foreach (ConfigNode item in items)
            list.Add(item);
        return list;
    }

    /// <summary>A dictionary of these entries.</summary>
    public static ConfigNode Map(params ReadOnlySpan<(ConfigNode Key, ConfigNode Value)> entries)
    {
        var map = new DictConfig();
        foreach ((ConfigNode key, ConfigNode value) in entries)
            map.Put(key.Content, value);
        return map;
    }

    /// <summary>A record with its defaults, some of them replaced.</summary>
    public static ConfigNode Record<T>(params ReadOnlySpan<(string Key, ConfigNode Value)> values) where T : class, IConfigRecord<T>
    {
        DictConfig record = Typed.Create(T.Schema, []);
        foreach ((string key, ConfigNode value) in values)
        {
            ConfigField field = T.Schema.Fields.First(field => field.Name == key);
            if (Typed.Wrap(field.Type, value, key, []) is { } wrapped)
                record.Put(key, wrapped);
        }
        return record;
    }
}
