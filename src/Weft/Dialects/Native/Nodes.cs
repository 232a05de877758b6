using System.Collections.Immutable;
using Weft.Config.Yaml;
using Weft.Text;
using Weft.Values;

namespace Weft.Dialects.Native;

/// <summary>
/// What stands behind the keys of a map that was checked before: a node of another form than the key's counts as absent, as its problem has been
/// reported.
/// </summary>
internal static class Nodes
{
    extension(YamlMapping? map)
    {
        public YamlMapping? MapOf(string key) => map?[key] as YamlMapping;

        public ImmutableArray<YamlNode> ItemsOf(string key) => map?[key] is YamlSequence list ? list.Items : [];

        /// <summary>A scalar as it is written, whatever its type; null when it is absent or empty.</summary>
        public string? TextOf(string key) => map?[key] is YamlScalar scalar && CoreScalar.Read(scalar) is not Value.Null ? scalar.Text : null;

        public bool? FlagOf(string key) => map?[key] is YamlScalar scalar && CoreScalar.Read(scalar) is Value.Bool flag ? flag.Is : null;

        public long? WholeOf(string key) => map?[key] is YamlScalar scalar && CoreScalar.Read(scalar) is Value.Int { Number: var number } && number >= 0 && number <= long.MaxValue ? (long)number : null;

        public double? NumberOf(string key) => map?[key] is YamlScalar scalar
            ? CoreScalar.Read(scalar) switch { Value.Int whole => (double)whole.Number, Value.Float number => number.Number, _ => null }
            : null;

        /// <summary>A list of texts, or one text.</summary>
        public ImmutableArray<string> TextsOf(string key) => map?[key] switch
        {
            YamlSequence list => [.. list.Items.OfType<YamlScalar>().Select(item => item.Text)],
            YamlScalar scalar when CoreScalar.Read(scalar) is not Value.Null => [scalar.Text],
            _ => [],
        };

        /// <summary>The entries of a map whose keys are texts.</summary>
        public IEnumerable<(string Name, YamlNode Value, Span At)> EntriesOf(string key)
        {
            foreach (YamlEntry entry in map.MapOf(key)?.Entries ?? [])
            {
                if (entry.Key is YamlScalar { Text.Length: > 0 } name)
                    yield return (name.Text, entry.Value, name.At);
            }
        }

        /// <summary>The keys of a map that are texts.</summary>
        public HashSet<string> NamesOf(string key)
        {
            var names = new HashSet<string>(StringComparer.Ordinal);
            foreach ((string name, _, _) in map.EntriesOf(key))
                names.Add(name);
            return names;
        }
    }

    /// <summary>A node as a value.</summary>
    public static Value ToValue(YamlNode node) => node switch
    {
        YamlScalar scalar => CoreScalar.Read(scalar),
        YamlSequence list => Value.ListOf(list.Items.Select(ToValue)),
        YamlMapping map => Value.MapOf(map.Entries.Where(entry => entry.Key is YamlScalar).DistinctBy(entry => ((YamlScalar)entry.Key).Text).Select(entry => KeyValuePair.Create(((YamlScalar)entry.Key).Text, ToValue(entry.Value)))),
        _ => Value.None,
    };
}
