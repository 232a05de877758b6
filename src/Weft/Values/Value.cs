using System.Collections.Immutable;
using System.Numerics;

namespace Weft.Values;

/// <summary>
/// Every value that flows between tasks, parameters and results: what is hashed into cache keys, written to records and compared in
/// conditions. Values are immutable and compare by content; an integer is never equal to a float.
/// </summary>
public abstract record Value
{
    private Value()
    {
    }

    public static readonly Value None = new Null();

    public sealed record Null : Value;

    public sealed record Bool(bool Is) : Value;

    /// <summary>An integer of any size.</summary>
    public sealed record Int(BigInteger Number) : Value;

    /// <summary>An IEEE double; NaN and infinities are values too.</summary>
    public sealed record Float(double Number) : Value;

    public sealed record Text(string Content) : Value;

    /// <summary>An instant in UTC.</summary>
    public sealed record Time(DateTimeOffset Instant) : Value;

    public sealed record Duration(TimeSpan Length) : Value;

    public sealed record List(ImmutableArray<Value> Items) : Value
    {
        public bool Equals(List? other) => other is not null && Items.AsSpan().SequenceEqual(other.Items.AsSpan());

        public override int GetHashCode()
        {
            var hash = new HashCode();
            foreach (Value item in Items)
                hash.Add(item);
            return hash.ToHashCode();
        }
    }

    /// <summary>Text keys in ordinal order: two maps with the same entries are the same value.</summary>
    public sealed record Map(ImmutableSortedDictionary<string, Value> Entries) : Value
    {
        public bool Equals(Map? other)
        {
            if (other is null || Entries.Count != other.Entries.Count)
                return false;
            foreach ((string key, Value value) in Entries)
            {
                if (!other.Entries.TryGetValue(key, out Value? theirs) || !value.Equals(theirs))
                    return false;
            }
            return true;
        }

        public override int GetHashCode()
        {
            var hash = new HashCode();
            foreach ((string key, Value value) in Entries)
            {
                hash.Add(key, StringComparer.Ordinal);
                hash.Add(value);
            }
            return hash.ToHashCode();
        }
    }

    /// <summary>A file, folder or table, known by the digest of its content.</summary>
    /// <param name="Size">Bytes; of a folder, of all its files together.</param>
    /// <param name="Uri">Where it came from, when it came from outside; not part of its identity.</param>
    public sealed record Blob(Digest Digest, long Size, BlobKind Kind, string? Uri = null) : Value
    {
        public bool Equals(Blob? other) => other is not null && Digest == other.Digest && Kind == other.Kind;

        public override int GetHashCode() => HashCode.Combine(Digest, Kind);
    }

    public static Value Of(bool value) => new Bool(value);

    public static Value Of(long value) => new Int(value);

    public static Value Of(double value) => new Float(value);

    public static Value Of(string value) => new Text(value);

    public static Value ListOf(IEnumerable<Value> items) => new List([.. items]);

    public static Value MapOf(IEnumerable<KeyValuePair<string, Value>> entries)
    {
        ImmutableSortedDictionary<string, Value>.Builder map = NoEntries.ToBuilder();
        foreach ((string key, Value value) in entries)
            map.Add(key, value);
        return new Map(map.ToImmutable());
    }

    public static ImmutableSortedDictionary<string, Value> NoEntries { get; } = Sorted.None<Value>();
}

public enum BlobKind
{
    File,
    Folder,
    Table,
}

/// <summary>A word of a command line with the value that it stands for: <c>lr=1e-3</c> is printed as written and compared as 0.001.</summary>
public readonly record struct Word(string Text, Value Typed);
