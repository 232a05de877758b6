using System.Collections.Immutable;
using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Config.Overrides;
using Weft.Text;

namespace Weft.Config.Composition;

/// <summary>
/// Tells where the values of one composition come from. Every configuration of the defaults list and every argument is walked once, when the first
/// value is asked for; after that a value costs no more than its own chain.
/// </summary>
internal sealed class Provenance(Composition composition)
{
    /// <summary>How far references of references are followed.</summary>
    private const int MaxDepth = 20;

    private readonly Place _root = new();
    private readonly List<(ConfigNode From, ConfigNode To)> _followed = [];
    private bool _isRead;

    /// <summary>Nodes of configurations and arguments that were walked: the measure of work in tests.</summary>
    public int Visited { get; private set; }

    /// <summary>Explains the value under a key; null when there is none.</summary>
    public Explanation? Explain(string key) => Find(composition.Config, ConfigPath.Split(key)) is { } node ? Explain(node) : null;

    /// <summary>
    /// Explains every value below a key, in the order of the configuration, made while they are read; of the whole configuration without the
    /// <c>hydra</c> node when the key is empty. A key of a value, an empty container or an interpolation gives that one; one that is not there, none.
    /// </summary>
    public IEnumerable<Explanation> ExplainBelow(string key)
    {
        if (key.Length == 0)
            return composition.Config.Where(child => child.Key.AsString != "hydra").SelectMany(Leaves).Select(Explain);
        List<string> path = ConfigPath.Split(key);
        return Find(composition.Config, path) is { } node ? Leaves(node).Select(Explain) : ExplainBehind(path);
    }

    /// <summary>The hint for a key that is not there: the nearest one, or those beside it.</summary>
    public static string? Nearest(Composition composition, string key)
    {
        Selected selected = composition.JobResolution.Select(composition.Config, key);
        return selected is { Container: DictConfig container, Key: { } last } ? Suggest.HintOrList(last, [.. container.Keys.Select(other => other.ToString())], "keys there") : null;
    }

    /// <summary>A key that leads through an interpolation: that one, and then what stands where it leads.</summary>
    private IEnumerable<Explanation> ExplainBehind(List<string> path)
    {
        for (int length = path.Count - 1; length > 0; length--)
        {
            List<string> begin = path[..length];
            if (Find(composition.Config, begin) is not { } node)
                continue;
            if (!node.IsInterpolation)
                yield break;
            yield return Explain(node);
            if (composition.JobResolution.Dereference(node, out _) is not { } target || target.Root != composition.Config)
                yield break;
            List<string> rest = [.. PathOf(target), .. path[length..]];
            foreach (Explanation behind in Find(composition.Config, rest) is { } found ? Leaves(found).Select(Explain) : ExplainBehind(rest))
                yield return behind;
            yield break;
        }
    }

    private Explanation Explain(ConfigNode node)
    {
        Read();
        return Explain(node, [], 0);
    }

    private Explanation Explain(ConfigNode node, HashSet<ConfigNode> seen, int depth)
    {
        seen.Add(node);
        var references = ImmutableArray.CreateBuilder<Explanation>();
        ConfigNode? value = node;
        Diagnostic? problem = null;
        if (node.IsInterpolation)
        {
            value = Evaluate(node, out problem);
            foreach (ConfigNode target in _followed.Where(step => step.From == node).Select(step => step.To).Distinct().ToList())
            {
                if (depth < MaxDepth && target.Root == composition.Config && !seen.Contains(target))
                    references.Add(Explain(target, seen, depth + 1));
            }
        }
        return new Explanation(node.FullKey, node, value, problem, SettingsOf(node), references.ToImmutable());
    }

    private ConfigNode? Evaluate(ConfigNode node, out Diagnostic? problem)
    {
        _followed.Clear();
        Resolution resolution = composition.JobResolution;
        resolution.Followed = (from, to) => _followed.Add((from, to));
        ConfigNode? value = resolution.Dereference(node, out problem);
        resolution.Followed = null;
        return value;
    }

    /// <summary>Who set it, in the order of merging. What says <c>???</c> leaves the value that is there.</summary>
    private ImmutableArray<Setting> SettingsOf(ConfigNode node)
    {
        Place? place = _root;
        foreach (string key in PathOf(node))
            place = place?.Below.GetValueOrDefault(key);
        if (place is null)
            return [];
        ImmutableArray<Setting> given = [.. place.Settings.Where(setting => !setting.Value.IsMissing)];
        return given.IsEmpty && node.IsMissing ? [.. place.Settings] : given;
    }

    private void Read()
    {
        if (_isRead)
            return;
        _isRead = true;
        foreach (ResultDefault entry in composition.Defaults.Entries)
        {
            if (composition.ContentOf(entry) is { } content)
                Walk(content, _root.At(entry.Package.Length == 0 ? [] : entry.Package.Split('.')), entry, null);
        }
        foreach (Override item in composition.Overrides)
        {
            if (item.Value is null || item.IsSweep || item.Kind == OverrideKind.Delete || composition.IsChoice(item))
                continue;
            if (ElementNodes.ToNode(item.Value, []) is { } value)
                Walk(value, _root.At(item.Key.Length == 0 ? [] : ConfigPath.Split(item.Key)), null, item);
        }
    }

    private void Walk(ConfigNode node, Place place, ResultDefault? entry, Override? argument)
    {
        Visited++;
        place.Settings.Add(new Setting(node, argument is not null ? argument.At : Explanation.PlaceOf(node), entry, argument));
        if (node.IsSpecial)
            return;
        if (node is DictConfig dict)
        {
            foreach (ConfigNode child in dict)
                Walk(child, place.To(child.Key.ToString()), entry, argument);
        }
        else if (node is ListConfig list)
        {
            foreach (ConfigNode item in list)
                Walk(item, place.To(item.Key.ToString()), entry, argument);
        }
    }

    private static ConfigNode? Find(ConfigNode node, List<string> path)
    {
        ConfigNode? current = node;
        foreach (string key in path)
        {
            current = current is DictConfig or ListConfig && !current.IsSpecial ? Access.ByText(current, key, out _) : null;
            if (current is null)
                return null;
        }
        return current;
    }

    private static IEnumerable<ConfigNode> Leaves(ConfigNode node) => node switch
    {
        DictConfig { IsSpecial: false, Count: > 0 } dict => dict.SelectMany(Leaves),
        ListConfig { IsSpecial: false, Count: > 0 } list => list.SelectMany(Leaves),
        _ => [node],
    };

    private static List<string> PathOf(ConfigNode node)
    {
        var keys = new List<string>();
        for (ConfigNode current = node; current.Parent is { } parent; current = parent)
            keys.Add(current.Key.ToString());
        keys.Reverse();
        return keys;
    }

    /// <summary>What was said about one key, and the keys below it.</summary>
    private sealed class Place
    {
        public List<Setting> Settings { get; } = [];

        public Dictionary<string, Place> Below { get; } = new(StringComparer.Ordinal);

        public Place To(string key)
        {
            if (!Below.TryGetValue(key, out Place? place))
                Below.Add(key, place = new Place());
            return place;
        }

        public Place At(IEnumerable<string> keys) => keys.Aggregate(this, (place, key) => place.To(key));
    }
}
