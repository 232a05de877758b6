using System.Collections.Immutable;
using System.Text;
using Weft.Config.Nodes;

namespace Weft.Analysis;

/// <summary>
/// The leaves of a configuration cut from its lines, as OmegaConf writes them: maps indented under their keys, lists of scalars, a scalar on one line. Ten thousand of
/// these files must be read in less than a second, most of their lines are the same, and reading YAML takes a hundred times as long. What looks in any way different
/// is left to be read as YAML. For one thread.
/// </summary>
internal sealed class ConfigLines
{
    /// <summary>Texts that are remembered; with more, what follows is not.</summary>
    private const int MostTexts = 1 << 16;

    /// <summary>Plain keys that YAML reads as something other than text.</summary>
    private static readonly HashSet<string> s_typedKeys = new(["true", "false", "yes", "no", "on", "off", "null", "y", "n"], StringComparer.OrdinalIgnoreCase);

    private readonly Dictionary<string, string> _paths = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string?> _values = new(StringComparer.Ordinal);
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private readonly List<Leaf> _leaves = [];
    private readonly List<(int Indent, string Prefix)> _levels = [];
    private readonly StringBuilder _items = new();
    private char[] _text = new char[4096];
    private char[] _joined = new char[256];

    /// <summary>A key whose value is not on its line; null when there is none.</summary>
    private string? _open;
    private int _openIndent;

    /// <summary>Where the items of the open key stand; -1 while it has none.</summary>
    private int _itemIndent;

    /// <summary>The leaves as <see cref="ConfigFields.Remember"/> gives them; null when the text must be read as YAML.</summary>
    public ImmutableArray<Leaf>? Cut(ReadOnlySpan<byte> text)
    {
        if (_text.Length < text.Length)
            _text = new char[text.Length * 2];
        int length = Encoding.UTF8.GetChars(text, _text);
        _leaves.Clear();
        _seen.Clear();
        _levels.Clear();
        _levels.Add((0, ""));
        _open = null;
        ReadOnlySpan<char> rest = _text.AsSpan(0, length);
        if (!IsPlain(rest))
            return null;
        while (!rest.IsEmpty)
        {
            int end = rest.IndexOf('\n');
            if (!Line(end < 0 ? rest : rest[..end]))
                return null;
            rest = end < 0 ? [] : rest[(end + 1)..];
        }
        Close();
        return [.. _leaves];
    }

    /// <summary>Only line feeds and characters that YAML prints as they are.</summary>
    private static bool IsPlain(ReadOnlySpan<char> text)
    {
        foreach (char c in text)
        {
            if (c is not ((>= ' ' and < '\x7f') or '\n' or (>= '\xa0' and < '\u2000') or (>= '\u2030' and < '\ud800')))
                return false;
        }
        return true;
    }

    private bool Line(ReadOnlySpan<char> line)
    {
        int indent = line.IndexOfAnyExcept(' ');
        if (indent < 0)
            return false;
        line = line[indent..];
        if (line.StartsWith("- "))
            return Item(indent, line[2..]);
        if (_open is not null && _itemIndent < 0 && indent > _openIndent)
        {
            _levels.Add((indent, _open + "."));
            _open = null;
        }
        Close();
        while (indent < _levels[^1].Indent)
            _levels.RemoveAt(_levels.Count - 1);
        int colon = line.IndexOf(':');
        if (indent != _levels[^1].Indent || colon <= 0 || PathOf(line[..colon]) is not { } path || !_seen.Add(path))
            return false;
        if (colon == line.Length - 1)
        {
            (_open, _openIndent, _itemIndent) = (path, indent, -1);
            return true;
        }
        if (line[colon + 1] != ' ' || JsonOf(line[(colon + 2)..]) is not { } json)
            return false;
        _leaves.Add(new Leaf(path, json));
        return true;
    }

    private bool Item(int indent, ReadOnlySpan<char> text)
    {
        if (_open is null || indent < _openIndent || (_itemIndent >= 0 && indent != _itemIndent) || JsonOf(text) is not { } json)
            return false;
        _items.Append(_itemIndent < 0 ? '[' : ',').Append(json);
        _itemIndent = indent;
        return true;
    }

    /// <summary>A key without a value is null; one with items is a list.</summary>
    private void Close()
    {
        if (_open is not null)
            _leaves.Add(new Leaf(_open, _itemIndent < 0 ? "null" : _items.Append(']').ToString()));
        _open = null;
        _items.Clear();
    }

    private string? PathOf(ReadOnlySpan<char> key)
    {
        foreach (char c in key)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '_')
                return null;
        }
        string prefix = _levels[^1].Prefix;
        if (_joined.Length < prefix.Length + key.Length)
            _joined = new char[(prefix.Length + key.Length) * 2];
        prefix.CopyTo(_joined);
        key.CopyTo(_joined.AsSpan(prefix.Length));
        ReadOnlySpan<char> path = _joined.AsSpan(0, prefix.Length + key.Length);
        if (_paths.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(path, out string? known))
            return known;
        if (!char.IsAsciiLetter(key[0]) || s_typedKeys.GetAlternateLookup<ReadOnlySpan<char>>().Contains(key))
            return null;
        string made = path.ToString();
        if (_paths.Count < MostTexts)
            _paths.Add(made, made);
        return made;
    }

    /// <summary>The JSON of a scalar, or of an empty map or list; null when it must be read as YAML.</summary>
    private string? JsonOf(ReadOnlySpan<char> text)
    {
        if (_values.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text, out string? known))
            return known;
        string written = text.ToString();
        string? json = Read(written);
        if (_values.Count < MostTexts)
            _values.Add(written, json);
        return json;
    }

    private static string? Read(string written)
    {
        if (written is "{}" or "[]")
            return written;
        if (written.Length == 0 || written.Contains("${", StringComparison.Ordinal))
            return null;
        if (written[0] is '\'' or '"')
        {
            string content = written.Length < 2 || written[^1] != written[0] ? "???" : written[1..^1];
            return content == "???" || content.AsSpan().ContainsAny(written[0], '\\') ? null : Leaf.JsonOf(Weft.Values.Value.Of(content));
        }
        bool isPlain = (char.IsAsciiLetterOrDigit(written[0]) || written[0] is '_' or '.' or '/' or '+' || (written[0] == '-' && written.Length > 1 && written[1] is not (' ' or '-')))
            && written[^1] is not (' ' or ':') && !written.Contains(": ", StringComparison.Ordinal) && !written.Contains(" #", StringComparison.Ordinal);
        return isPlain && PlainScalar.Resolve(written) is { Kind: ScalarKind.Null or ScalarKind.Bool or ScalarKind.Int or ScalarKind.Float or ScalarKind.Str } scalar
            ? Leaf.JsonOf(ConfigFields.ValueOf(scalar))
            : null;
    }
}
