using System.Collections.Immutable;
using Weft.Config.Yaml;
using Weft.Text;

namespace Weft.Dialects.Native;

/// <summary>One key of a section.</summary>
/// <param name="Doc">A sentence or two for the reference and the schema.</param>
internal sealed record Key(string Name, Form Form, string Doc)
{
    public bool IsRequired { get; init; }

    /// <summary>As it is written; null when leaving the key out means nothing in particular.</summary>
    public string? Default { get; init; }

    /// <summary>
    /// The key is part of the language, but this version does nothing with it: what is done instead, as the end of a sentence. Its value is checked, and
    /// whoever uses it is warned.
    /// </summary>
    public string? Later { get; init; }
}

/// <summary>The keys that may stand in one map of <c>weft.yaml</c>.</summary>
/// <param name="Name">As the reference and the schema name it.</param>
/// <param name="Doc">What such a map is.</param>
/// <param name="OneOf">Keys of which at most one may stand.</param>
internal sealed record Section(string Name, string Doc, ImmutableArray<Key> Keys, ImmutableArray<string> OneOf = default)
{
    /// <summary>Keys of which at least one must stand.</summary>
    public ImmutableArray<string> AnyOf { get; init; } = [];

    /// <summary>Its name in the schema, where it is a part of a URI.</summary>
    public string Definition => Name.Replace(' ', '-');

    public void Check(YamlMapping map, string place, Diagnostics problems)
    {
        YamlEntry? chosen = null;
        foreach (YamlEntry entry in map.Entries)
        {
            string name = entry.Key is YamlScalar scalar ? scalar.Text : "";
            if (Find(name) is not { } key)
            {
                problems.Error("weft/unknown-key", $"unknown key {(entry.Key is YamlScalar ? $"`{name}`" : "that is no text")} in {place}", entry.Key.At,
                    Suggest.HintOrList(name, [.. Keys.Select(known => known.Name)], "known keys") ?? $"`weft check --schema` describes {Name}");
                continue;
            }
            if (key.Later is { } instead)
                problems.Warning("weft/not-yet", $"`{name}` of {place} is not supported yet: {instead}", entry.Key.At);
            key.Form.Check(entry.Value, $"`{name}` of {place}", problems);
            if (OneOf.IsDefault || !OneOf.Contains(name))
                continue;
            if (chosen is { } first)
                problems.Add(new Diagnostic("weft/one-of", $"`{((YamlScalar)first.Key).Text}` and `{name}` both stand in {place}: one of {Suggest.List(OneOf)} is expected", entry.Key.At).WithNote("the first one is here", first.Key.At));
            else
                chosen = entry;
        }
        foreach (Key key in Keys)
        {
            if (key.IsRequired && map[key.Name] is null)
                problems.Error("weft/missing-key", $"{place} has no `{key.Name}`", map.At.Part(0, Math.Min(1, map.At.Length)), $"it needs `{key.Name}:` and {key.Form.Noun}");
        }
        if (!AnyOf.IsEmpty && AnyOf.All(name => map[name] is null))
            problems.Error("weft/missing-key", $"{place} has none of {Suggest.List(AnyOf, "and")}", map.At.Part(0, Math.Min(1, map.At.Length)));
    }

    private Key? Find(string name)
    {
        foreach (Key key in Keys)
        {
            if (key.Name == name)
                return key;
        }
        return null;
    }
}
