using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Weft.Cli;

/// <summary>The environment variables of this process, with a note of those that were asked for, whether they are set or not. Used by several threads.</summary>
internal sealed class NotedVariables(IReadOnlyDictionary<string, string> all) : IReadOnlyDictionary<string, string>
{
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
    private bool _isReadWhole;

    /// <summary>The names that were asked for, sorted; null when somebody read all of them.</summary>
    public string[]? Asked
    {
        get
        {
            lock (_asked)
                return _isReadWhole ? null : [.. _asked.Order(StringComparer.Ordinal)];
        }
    }

    public int Count => Whole().Count;

    public IEnumerable<string> Keys => Whole().Keys;

    public IEnumerable<string> Values => Whole().Values;

    public string this[string key] => TryGetValue(key, out string? value) ? value : throw new KeyNotFoundException($"no environment variable {key}");

    public bool ContainsKey(string key) => TryGetValue(key, out _);

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out string value)
    {
        lock (_asked)
            _asked.Add(key);
        return all.TryGetValue(key, out value);
    }

    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => Whole().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private IReadOnlyDictionary<string, string> Whole()
    {
        lock (_asked)
            _isReadWhole = true;
        return all;
    }
}
