using Weft.Config.Yaml;
using Weft.Text;

namespace Weft.Analysis;

/// <summary>
/// A <c>meta.yaml</c> of MLflow's file store: a flat map. Nearly all of its lines are <c>key: value</c>, plain or in quotes without escapes, and are cut
/// as they stand, since ten thousand of these files must be read in less than a second; a file with anything else in it is read as YAML.
/// </summary>
internal sealed class MetaFile
{
    private readonly Dictionary<string, string> _fields = new(StringComparer.Ordinal);

    private MetaFile()
    {
    }

    /// <summary>The value of a key as text, without its quotes; null when it is absent or null.</summary>
    public string? this[string key] => _fields.GetValueOrDefault(key);

    public long? Long(string key) => long.TryParse(this[key], out long number) ? number : null;

    /// <summary>Null when the text is no such file.</summary>
    public static MetaFile? Parse(string text)
    {
        var file = new MetaFile();
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            if (!line.IsEmpty && !file.Cut(line))
                return ReadYaml(text);
        }
        return file;
    }

    private bool Cut(ReadOnlySpan<char> line)
    {
        int colon = line.IndexOf(':');
        if (colon <= 0 || line[0] is ' ' or '#' or '-' or '\'' or '"' or '{' or '?' || (colon + 1 < line.Length && line[colon + 1] != ' '))
            return false;
        ReadOnlySpan<char> value = colon + 2 <= line.Length ? line[(colon + 2)..] : "";
        if (value.Length >= 2 && value[0] is '\'' or '"')
        {
            if (value[^1] != value[0] || value[1..^1].ContainsAny(value[0], '\\'))
                return false;
            value = value[1..^1];
        }
        else if (value.Length > 0 && (value[0] is '|' or '>' or '&' or '*' or '!' or '{' or '\'' or '"' || value.Contains(" #", StringComparison.Ordinal)))
        {
            return false;
        }
        else if (value is "null" or "~" or "")
        {
            return true;
        }
        _fields[line[..colon].ToString()] = value.ToString();
        return true;
    }

    private static MetaFile? ReadYaml(string text)
    {
        var problems = new Diagnostics();
        if (YamlReader.Read(new Source("meta.yaml", text), problems) is not YamlMapping map || problems.HasErrors)
            return null;
        var file = new MetaFile();
        foreach (YamlEntry entry in map.Entries)
        {
            if (entry is { Key: YamlScalar key, Value: YamlScalar value } && !(value.IsPlain && value.Text is "null" or "~" or ""))
                file._fields[key.Text] = value.Text;
        }
        return file;
    }
}
