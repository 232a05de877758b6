using System.Reflection;
using System.Text;
using Weft.Text;

namespace Weft.Config.Composition;

/// <summary>
/// Configurations held as texts: Hydra's own, the resources embedded in an assembly (in place of Hydra's <c>pkg://</c>), the files of a test.
/// </summary>
internal sealed class TextConfigSource : IConfigSource
{
    private readonly Dictionary<string, string> _texts;
    private readonly HashSet<string> _groups = new(StringComparer.Ordinal) { "" };

    /// <param name="path">With a scheme: <c>pkg://NAME</c>.</param>
    /// <param name="texts">By path, with the ending: <c>db/mysql.yaml</c>.</param>
    public TextConfigSource(string provider, string path, IEnumerable<KeyValuePair<string, string>> texts)
    {
        Provider = provider;
        Path = path;
        _texts = new Dictionary<string, string>(texts, StringComparer.Ordinal);
        foreach (string file in _texts.Keys)
        {
            for (int slash = file.LastIndexOf('/'); slash > 0; slash = file.LastIndexOf('/', slash - 1))
                _groups.Add(file[..slash]);
        }
    }

    /// <summary>
    /// The resources of an assembly whose logical names begin with a folder: <c>conf/db/mysql.yaml</c>. In the project file:
    /// <c>&lt;EmbeddedResource Include="conf/**/*.yaml" LogicalName="conf/%(RecursiveDir)%(Filename)%(Extension)" /&gt;</c>.
    /// </summary>
    public static TextConfigSource OfResources(string provider, Assembly assembly, string folder)
    {
        string prefix = folder.TrimEnd('/') + "/";
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string name in assembly.GetManifestResourceNames())
        {
            string path = name.Replace('\\', '/');
            if (!path.StartsWith(prefix, StringComparison.Ordinal) || !path.EndsWith(ConfigText.Ending, StringComparison.Ordinal))
                continue;
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!, Encoding.UTF8);
            texts.Add(path[prefix.Length..], reader.ReadToEnd());
        }
        return new TextConfigSource(provider, "pkg://" + folder.TrimEnd('/'), texts);
    }

    public string Provider { get; }

    public string Path { get; }

    public bool IsAvailable => _texts.Count > 0;

    public bool HasGroup(string group) => _groups.Contains(group);

    public bool HasConfig(string path) => _texts.ContainsKey(ConfigText.FileName(path));

    public IEnumerable<string> Options(string group) =>
        Below(group, _texts.Keys).Where(name => name.EndsWith(ConfigText.Ending, StringComparison.Ordinal)).Select(name => name[..^ConfigText.Ending.Length]);

    public IEnumerable<string> Groups(string group) => Below(group, _groups);

    public ConfigDocument? Load(string path, Diagnostics diagnostics)
    {
        string file = ConfigText.FileName(path);
        return ConfigText.Read(new Source($"{Path}/{file}", _texts[file]), diagnostics);
    }

    private static IEnumerable<string> Below(string group, IEnumerable<string> paths)
    {
        string prefix = group.Length == 0 ? "" : group + "/";
        return paths.Where(path => path.Length > prefix.Length && path.StartsWith(prefix, StringComparison.Ordinal) && path.IndexOf('/', prefix.Length) < 0)
            .Select(path => path[prefix.Length..]);
    }
}
