using System.Numerics;
using System.Text.Json;
using Weft.Text;

namespace Weft.Sweeps;

/// <summary>
/// All points in an order that the seed decides: index i is some index of the inner space, computed, so nothing is stored. The order of a
/// seed never changes, as executions that were begun with it go on with it.
/// </summary>
public sealed record Shuffle(Space Of, long Seed, Span At) : Space(At)
{
    private readonly Permutation _order = new(Of.Size, Seed);

    // Not settable in a copy, since the order would stay as it was.
    public Space Of { get; } = Of;

    public long Seed { get; } = Seed;

    public override long Size => Of.Size;

    internal override bool HasHoles => Of.HasHoles;

    internal override IEnumerable<string> Parameters => Of.Parameters;

    internal override bool Append(long index, ref PointParts parts) => Of.Append(_order[index], ref parts);

    public override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("kind", "shuffle");
        json.WritePropertyName("of");
        Of.Write(json);
        json.WriteNumber("seed", Seed);
        json.WriteEndObject();
    }

    internal static Shuffle Read(JsonElement json, Span at) => new(SpaceJson.Read(json.GetProperty("of")), json.GetProperty("seed").GetInt64(), at);

    public bool Equals(Shuffle? other) => other is not null && Of == other.Of && Seed == other.Seed;

    public override int GetHashCode() => HashCode.Combine(Of, Seed);
}

/// <summary>
/// Some of the points, none twice, chosen by the seed. Points that a filter took out are not drawn: when the space is filtered, the indices
/// drawn are found on first use and kept.
/// </summary>
public sealed record Draw(Space Of, long Count, long Seed, Span At) : Space(At)
{
    private readonly Permutation _order = new(Of.Size, Seed);
    private readonly Lazy<long[]?> _drawn = new(() => Of.HasHoles ? Find(Of, Math.Min(Count, Of.Size), new Permutation(Of.Size, Seed)) : null);

    public Space Of { get; } = Of;

    public long Count { get; } = Count;

    public long Seed { get; } = Seed;

    /// <summary>Fewer points than that are there when the filter leaves fewer.</summary>
    public override long Size => Math.Min(Count, Of.Size);

    internal override bool HasHoles => Of.HasHoles;

    internal override IEnumerable<string> Parameters => Of.Parameters;

    internal override bool Append(long index, ref PointParts parts)
    {
        if (_drawn.Value is not { } drawn)
            return Of.Append(_order[index], ref parts);
        return index < drawn.Length && Of.Append(drawn[index], ref parts);
    }

    public override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("kind", "draw");
        json.WritePropertyName("of");
        Of.Write(json);
        json.WriteNumber("count", Count);
        json.WriteNumber("seed", Seed);
        json.WriteEndObject();
    }

    internal static Draw Read(JsonElement json, Span at) =>
        new(SpaceJson.Read(json.GetProperty("of")), json.GetProperty("count").GetInt64(), json.GetProperty("seed").GetInt64(), at);

    public bool Equals(Draw? other) => other is not null && Of == other.Of && Count == other.Count && Seed == other.Seed;

    public override int GetHashCode() => HashCode.Combine(Of, Count, Seed);

    private static long[] Find(Space of, long count, Permutation order)
    {
        var drawn = new List<long>();
        for (long i = 0; i < of.Size && drawn.Count < count; i++)
        {
            var parts = new PointParts();
            if (of.Append(order[i], ref parts))
                drawn.Add(order[i]);
        }
        return [.. drawn];
    }
}

/// <summary>
/// A permutation of 0 to size − 1 that is computed and not stored: a Feistel network over the next power of four, walked until it falls into
/// the range (Black and Rogaway, Ciphers with Arbitrary Finite Domains, 2002).
/// </summary>
internal readonly struct Permutation(long size, long seed)
{
    private const int Rounds = 6;

    private readonly int _halfBits = size <= 1 ? 0 : (BitOperations.Log2((ulong)size - 1) + 2) / 2;

    public long this[long index]
    {
        get
        {
            if (_halfBits == 0)
                return index;
            do
                index = Step(index);
            while (index >= size);
            return index;
        }
    }

    private long Step(long index)
    {
        ulong mask = (1UL << _halfBits) - 1;
        ulong left = (ulong)index >> _halfBits, right = (ulong)index & mask;
        for (int round = 0; round < Rounds; round++)
            (left, right) = (right, left ^ (Mix((ulong)seed + (ulong)round * 0x9E3779B97F4A7C15, right) & mask));
        return (long)(left << _halfBits | right);
    }

    /// <summary>SplitMix64 of the sum.</summary>
    private static ulong Mix(ulong key, ulong value)
    {
        ulong z = key + (value + 1) * 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
