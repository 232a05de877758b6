using System.Collections;
using System.Text;

namespace Weft.Platform;

/// <summary>
/// The environment variables of a child, ready to be handed over. The variables that all children of an execution share are encoded once;
/// <see cref="With"/> adds those of one attempt. Immutable.
/// </summary>
public sealed class EnvironmentBlock
{
    private readonly byte[] _bytes;
    private readonly int[] _starts;

    private EnvironmentBlock(byte[] bytes, int[] starts)
    {
        _bytes = bytes;
        _starts = starts;
    }

    internal ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Where each zero-ended <c>NAME=value</c> begins.</summary>
    internal ReadOnlySpan<int> Starts => _starts;

    /// <summary>The variables of this process. Read it once, at the edge.</summary>
    public static EnvironmentBlock Current()
    {
        var variables = new List<KeyValuePair<string, string>>();
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
            variables.Add(new((string)entry.Key, (string?)entry.Value ?? ""));
        return Of(variables);
    }

    public static EnvironmentBlock Of(IEnumerable<KeyValuePair<string, string>> variables) => new EnvironmentBlock([], []).With(variables);

    /// <summary>This block with more variables; a name that is here already gets the new value.</summary>
    public EnvironmentBlock With(IEnumerable<KeyValuePair<string, string>> variables)
    {
        var latest = new Dictionary<string, string>();
        foreach ((string name, string value) in variables)
            latest[name] = value;
        if (latest.Count == 0)
            return this;
        var added = new List<byte[]>(latest.Count);
        int size = _bytes.Length;
        foreach ((string name, string value) in latest)
        {
            added.Add(Encoding.UTF8.GetBytes($"{name}={value}\0"));
            size += added[^1].Length;
        }
        byte[] bytes = new byte[size];
        int[] starts = new int[_starts.Length + added.Count];
        size = 0;
        int count = 0;
        for (int i = 0; i < _starts.Length; i++)
        {
            ReadOnlySpan<byte> entry = _bytes.AsSpan(_starts[i]..(i + 1 < _starts.Length ? _starts[i + 1] : _bytes.Length));
            ReadOnlySpan<byte> name = entry[..(entry.IndexOf((byte)'=') + 1)];
            bool replaced = false;
            foreach (byte[] other in added)
                replaced |= other.AsSpan().StartsWith(name);
            if (!replaced)
                Append(entry);
        }
        foreach (byte[] entry in added)
            Append(entry);
        return new EnvironmentBlock(bytes[..size], starts[..count]);

        void Append(ReadOnlySpan<byte> entry)
        {
            starts[count++] = size;
            entry.CopyTo(bytes.AsSpan(size));
            size += entry.Length;
        }
    }

    /// <summary>The value of a variable, or null.</summary>
    public string? this[string name]
    {
        get
        {
            byte[] prefix = Encoding.UTF8.GetBytes(name + "=");
            for (int i = 0; i < _starts.Length; i++)
            {
                ReadOnlySpan<byte> entry = _bytes.AsSpan(_starts[i]);
                if (entry.StartsWith(prefix))
                    return Encoding.UTF8.GetString(entry[prefix.Length..entry.IndexOf((byte)0)]);
            }
            return null;
        }
    }
}
