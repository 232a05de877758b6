using System.Collections.Immutable;
using Weft.Config.Nodes;
using Weft.Text;

namespace Weft.Config.Composition;

/// <summary>One item of a defaults list, as written.</summary>
/// <param name="At">Where; in an overriding argument for what <c>+group=option</c> appends.</param>
public abstract record DefaultsEntry(Span At)
{
    /// <summary>The place at which the configuration's own content is merged: <c>_self_</c>.</summary>
    public sealed record Self(Span At) : DefaultsEntry(At);

    /// <summary>A configuration by its path: <c>name</c>, <c>path/name@package</c>, <c>/absolute/name</c>.</summary>
    public sealed record Config(string Path, string? Package, Span At) : DefaultsEntry(At);

    /// <summary>A choice of a group: <c>[optional] [override] group@package: option</c>.</summary>
    public sealed record Group(string Name, string? Package, Choice Choice, Span At) : DefaultsEntry(At)
    {
        public bool IsOptional { get; init; }

        public bool IsOverride { get; init; }
    }
}

/// <summary>What a group is set to: one option, several, or none.</summary>
public readonly record struct Choice
{
    private Choice(string? option, ImmutableArray<string> options)
    {
        Option = option;
        Options = options;
    }

    public static Choice None => new(null, default);

    /// <summary>The option when there is one; null for none and for several.</summary>
    public string? Option { get; }

    /// <summary>Several options; default when there is one or none.</summary>
    public ImmutableArray<string> Options { get; }

    public bool IsList => !Options.IsDefault;

    public static Choice Of(string option) => new(option, default);

    public static Choice Of(ImmutableArray<string> options) => new(null, options);

    public override string ToString() => IsList ? $"[{string.Join(",", Options)}]" : Option ?? "null";
}

/// <summary>Reads the <c>defaults</c> of a configuration.</summary>
internal static class DefaultsReader
{
    private const string MalformedList = "compose/defaults-list";

    /// <param name="path">Of the configuration, for messages.</param>
    public static ImmutableArray<DefaultsEntry> Read(string path, ConfigNode defaults, Diagnostics diagnostics)
    {
        if (defaults is not ListConfig { IsSpecial: false } list)
        {
            string found = defaults is DictConfig ? "a map" : $"`{defaults.Content}`";
            diagnostics.Error(MalformedList, $"the defaults of `{path}` are a list, found {found}", Place(defaults));
            return [];
        }
        var entries = ImmutableArray.CreateBuilder<DefaultsEntry>(list.Count);
        foreach (ConfigNode item in list)
        {
            if (Entry(item, diagnostics) is { } entry)
                entries.Add(entry);
        }
        return entries.DrainToImmutable();
    }

    private static DefaultsEntry? Entry(ConfigNode item, Diagnostics diagnostics)
    {
        switch (item)
        {
            case DictConfig { IsSpecial: false, Count: 1 } single:
                return GroupEntry(single.First(), diagnostics);
            case DictConfig { IsSpecial: false } dict:
                string problem = dict.Count == 0 ? "an item of a defaults list names a group, found an empty map" : $"an item of a defaults list is one `group: option`, found {dict.Count} keys";
                diagnostics.Error(MalformedList, problem, Place(dict), dict.Count > 1 ? "begin each with `- `" : null);
                return null;
            case ValueNode { Content.Kind: ScalarKind.Str or ScalarKind.Interpolation or ScalarKind.Missing }:
                return ConfigEntry(item, diagnostics);
            default:
                diagnostics.Error(MalformedList, $"an item of a defaults list is `name` or `group: option`, found {Describe(item)}", Place(item));
                return null;
        }
    }

    private static DefaultsEntry? ConfigEntry(ConfigNode item, Diagnostics diagnostics)
    {
        (string path, string? package) = SplitPackage(item.Content.ToString());
        if (path == "_self_")
        {
            if (package is null)
                return new DefaultsEntry.Self(item.At);
            diagnostics.Error(MalformedList, "`_self_` is merged into the configuration's own package and takes no other", item.At);
            return null;
        }
        return new DefaultsEntry.Config(path, package, item.At);
    }

    private static DefaultsEntry.Group? GroupEntry(ConfigNode value, Diagnostics diagnostics)
    {
        if (value.Key.AsString is not { } key)
        {
            diagnostics.Error(MalformedList, $"the name of a group is a text, found `{value.Key}`", value.KeyAt);
            return null;
        }
        if (ReadChoice(value, diagnostics) is not { } choice)
            return null;
        (string words, string? package) = SplitPackage(key);
        string[] parts = words.Split(' ');
        var entry = new DefaultsEntry.Group(parts[^1], package, choice, value.KeyAt.Source is null ? value.At : value.KeyAt.To(value.At));
        foreach (string keyword in parts.AsSpan(0, parts.Length - 1))
        {
            if (keyword == "optional")
                entry = entry with { IsOptional = true };
            else if (keyword == "override")
                entry = entry with { IsOverride = true };
            else
            {
                diagnostics.Warning("compose/unknown-keyword", $"`{keyword}` is no keyword of a defaults list and is ignored", value.KeyAt, Suggest.Hint(keyword, ["optional", "override"]));
                break;
            }
        }
        return entry;
    }

    private static Choice? ReadChoice(ConfigNode value, Diagnostics diagnostics)
    {
        switch (value)
        {
            case { IsNull: true }:
                return Choice.None;
            case ValueNode { Content.Kind: ScalarKind.Str or ScalarKind.Missing or ScalarKind.Interpolation }:
                return Choice.Of(value.Content.ToString());
            case ListConfig { IsSpecial: false } list when list.All(item => item is ValueNode { Content.Kind: ScalarKind.Str or ScalarKind.Missing or ScalarKind.Interpolation }):
                return Choice.Of([.. list.Select(item => item.Content.ToString())]);
            case ListConfig list:
                ConfigNode wrong = list.First(item => item is not ValueNode { Content.Kind: ScalarKind.Str or ScalarKind.Missing or ScalarKind.Interpolation });
                diagnostics.Error(MalformedList, $"the options of a group are texts, found {Describe(wrong)}", Place(wrong));
                return null;
            default:
                diagnostics.Error(MalformedList, $"the option of a group is a text or a list of texts, found {Describe(value)}", Place(value), value is ValueNode ? "put it in quotes" : null);
                return null;
        }
    }

    /// <summary><c>group@package</c>; what follows a colon in the package (the renaming of Hydra 1.0) does not count.</summary>
    private static (string Name, string? Package) SplitPackage(string text)
    {
        int at = text.IndexOf('@');
        if (at < 0)
            return (text, null);
        string package = text[(at + 1)..];
        int colon = package.IndexOf(':');
        return (text[..at], colon < 0 ? package : package[..colon]);
    }

    private static string Describe(ConfigNode node) => node switch
    {
        DictConfig => "a map",
        ListConfig => "a list",
        _ => node.At.Source is null || node.At.Text.Contains('\n') ? $"`{node.Content}`" : $"`{node.At.Text}`",
    };

    private static Span? Place(ConfigNode node) => node.At.Source is null ? null : node.At;
}
