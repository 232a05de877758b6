using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Weft.Cli;

/// <summary>
/// The environment variables of this process, with a note of those that were asked for, whether they are set or not. Used by several threads. They are read one by
/// one: to read all takes a few milliseconds, which most commands need not spend.
/// </summary>
internal sealed class NotedVariables : IReadOnlyDictionary<string, string>
{
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
    private Dictionary<string, string>? _whole;

    /// <summary>The names that were asked for, sorted; null when somebody read all of them.</summary>
    public string[]? Asked
    {
        get
        {
            lock (_asked)
                return _whole is not null ? null : [.. _asked.Order(StringComparer.Ordinal)];
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
        value = Environment.GetEnvironmentVariable(key);
        return value is not null;
    }

    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => Whole().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private Dictionary<string, string> Whole()
    {
        lock (_asked)
        {
            if (_whole is not null)
                return _whole;
            _whole = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
                _whole[(string)entry.Key] = (string?)entry.Value ?? "";
            return _whole;
        }
    }
}
