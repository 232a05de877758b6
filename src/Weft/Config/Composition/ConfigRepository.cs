using System.Collections.Immutable;
using Weft.Config.Nodes;
using Weft.Text;

namespace Weft.Config.Composition;

/// <summary>
/// The configurations of a search path, each read once: its content without the defaults list, and the defaults list. The nodes are shared by
/// all compositions and never changed. Belongs to one thread at a time.
/// </summary>
internal sealed class ConfigRepository(ImmutableArray<IConfigSource> sources)
{
    /// <summary>What an application without a primary configuration starts from.</summary>
    public const string Empty = "_dummy_empty_config_";

    private readonly Dictionary<string, Read> _configs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, bool> _groups = new(StringComparer.Ordinal);

    public ImmutableArray<IConfigSource> Sources { get; } = sources;

    /// <summary>The configuration at a path; null when there is none or it is broken (then its diagnostics are added).</summary>
    public LoadedConfig? Load(string path, Diagnostics diagnostics)
    {
        if (!_configs.TryGetValue(path, out Read? read))
            _configs.Add(path, read = ReadFirst(path));
        diagnostics.AddRange(read.Problems);
        return read.Config;
    }

    public bool HasConfig(string path) => path == Empty || Sources.Any(source => source.HasConfig(path));

    public bool HasGroup(string group)
    {
        if (!_groups.TryGetValue(group, out bool has))
            _groups.Add(group, has = Sources.Any(source => source.HasGroup(group)));
        return has;
    }

    /// <summary>Names of the configurations in a group, over all sources, sorted.</summary>
    public IReadOnlyList<string> Options(string group) => Sorted(source => source.Options(group), group);

    /// <summary>Names of the groups directly in a group, over all sources, sorted.</summary>
    public IReadOnlyList<string> Groups(string group) => Sorted(source => source.Groups(group), group);

    private List<string> Sorted(Func<IConfigSource, IEnumerable<string>> names, string group) =>
        [.. Sources.Where(source => source.HasGroup(group)).SelectMany(names).Distinct().Order(StringComparer.Ordinal)];

    private Read ReadFirst(string path)
    {
        var problems = new Diagnostics();
        if (path == Empty)
            return new Read(new LoadedConfig(path, new DictConfig(), null, [], IsTyped: false), problems);
        if (Sources.FirstOrDefault(source => source.HasConfig(path)) is not { } source || source.Load(path, problems) is not { } document)
            return new Read(null, problems);
        ImmutableArray<DefaultsEntry> defaults = [];
        if (document.Root is DictConfig dict && dict["defaults"] is { } list)
        {
            dict.Remove(list.Key);
            defaults = DefaultsReader.Read(path, list, problems);
        }
        return new Read(problems.HasErrors ? null : new LoadedConfig(path, document.Root, document.Package, defaults, IsTyped: source is ConfigStore), problems);
    }

    private sealed record Read(LoadedConfig? Config, Diagnostics Problems);
}

/// <summary>A configuration as it was read.</summary>
/// <param name="Root">Its content without the defaults list; shared, not to be changed.</param>
/// <param name="Package">Of its header; null when there is none.</param>
/// <param name="IsTyped">It comes from the store.</param>
internal sealed record LoadedConfig(string Path, ConfigNode Root, string? Package, ImmutableArray<DefaultsEntry> Defaults, bool IsTyped)
{
    /// <summary>Whether it holds anything but a defaults list.</summary>
    public bool HasContent => Root is DictConfig { IsSpecial: false } dict && dict.Any(child => !child.IsMissing);
}
