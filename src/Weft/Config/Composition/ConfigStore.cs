using Weft.Config.Nodes;
using Weft.Config.Structured;
using Weft.Text;

namespace Weft.Config.Composition;

/// <summary>
/// Configurations that a program declares: records with their types, dictionaries, lists. It is the last source of a search path, and its
/// entries validate files of the same path.
/// </summary>
public sealed class ConfigStore : IConfigSource
{
    private readonly Dictionary<string, ConfigDocument> _entries = new(StringComparer.Ordinal);
    private readonly HashSet<string> _groups = new(StringComparer.Ordinal) { "" };

    public string Provider => "schema";

    public string Path => "structured://";

    public bool IsAvailable => true;

    /// <summary>Adds an entry, or replaces the one of the same path.</summary>
    /// <param name="node">Copied on every use.</param>
    /// <param name="group">Slash path of the group; null or empty for the root.</param>
    /// <param name="package">Acts as the header <c># @package</c> of a file.</param>
    public void Store(string name, ConfigNode node, string? group = null, string? package = null)
    {
        string path = string.IsNullOrEmpty(group) ? name : $"{group}/{name}";
        _entries[ConfigText.FileName(path)] = new ConfigDocument(node, package);
        for (string parent = group ?? ""; parent.Length > 0; parent = parent.Contains('/') ? parent[..parent.LastIndexOf('/')] : "")
            _groups.Add(parent);
    }

    /// <summary>Adds a record with its defaults.</summary>
    public void Store<T>(string name, string? group = null, string? package = null) where T : class, IConfigRecord<T> => Store(name, Typed.Create(T.Schema, []), group, package);

    public bool HasGroup(string group) => _groups.Contains(group.TrimEnd('/'));

    public bool HasConfig(string path) => _entries.ContainsKey(ConfigText.FileName(path));

    public IEnumerable<string> Options(string group)
    {
        string prefix = group.Length == 0 ? "" : group + "/";
        return _entries.Keys.Where(path => path.StartsWith(prefix, StringComparison.Ordinal) && path.IndexOf('/', prefix.Length) < 0)
            .Select(path => path[prefix.Length..^ConfigText.Ending.Length]);
    }

    public IEnumerable<string> Groups(string group)
    {
        string prefix = group.Length == 0 ? "" : group + "/";
        return _groups.Where(path => path.Length > prefix.Length && path.StartsWith(prefix, StringComparison.Ordinal) && path.IndexOf('/', prefix.Length) < 0)
            .Select(path => path[prefix.Length..]);
    }

    public ConfigDocument? Load(string path, Diagnostics diagnostics)
    {
        ConfigDocument entry = _entries[ConfigText.FileName(path)];
        return entry with { Root = entry.Root.Copy() };
    }
}
