using System.Collections.Immutable;
using System.Numerics;
using System.Text.Json;
using Weft.Text;

namespace Weft.Sweeps;

/// <summary>Which part of a product changes from one point to the next.</summary>
public enum Fastest
{
    Last,
    First,
}

/// <summary>Every point of each part with every point of the others. The words of a point stand in the order of the parts, whichever varies fastest.</summary>
public sealed record Product(ImmutableArray<Space> Parts, Fastest Fastest, Span At) : Space(At)
{
    private readonly long[] _strides = Strides(Parts, Fastest);

    // Not settable in a copy, since what is computed from them would stay as it was.
    public ImmutableArray<Space> Parts { get; } = Parts;

    public Fastest Fastest { get; } = Fastest;

    public override long Size { get; } = Parts.Aggregate(1L, (size, part) => Multiply(size, part.Size));

    public override BigInteger Runs => Parts.Aggregate(BigInteger.One, (runs, part) => runs * part.Runs);

    internal override bool HasHoles => Parts.Any(part => part.HasHoles);

    internal override IEnumerable<string> Parameters => Parts.SelectMany(part => part.Parameters);

    internal override bool Append(long index, ref PointParts parts)
    {
        for (int i = 0; i < Parts.Length; i++)
        {
            if (!Parts[i].Append(index / _strides[i] % Parts[i].Size, ref parts))
                return false;
        }
        return true;
    }

    internal override IEnumerable<long> Cover(int most)
    {
        if (Size == 0)
            yield break;
        yield return 0;
        for (int i = 0; i < Parts.Length; i++)
        {
            foreach (long index in Parts[i].Cover(most))
            {
                if (index > 0)
                    yield return index * _strides[i];
            }
        }
    }

    public override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("kind", "product");
        json.WriteString("fastest", Fastest == Fastest.Last ? "last" : "first");
        SpaceJson.WriteParts(json, Parts);
        json.WriteEndObject();
    }

    internal static Product Read(JsonElement json, Span at) =>
        new(SpaceJson.ReadParts(json), json.GetProperty("fastest").GetString() == "first" ? Fastest.First : Fastest.Last, at);

    public bool Equals(Product? other) => other is not null && Fastest == other.Fastest && Parts.AsSpan().SequenceEqual(other.Parts.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Size, Parts.Length, Fastest);

    /// <summary>How many indices pass before a part moves on.</summary>
    private static long[] Strides(ImmutableArray<Space> parts, Fastest fastest)
    {
        long[] strides = new long[parts.Length];
        long stride = 1;
        for (int i = 0; i < parts.Length; i++)
        {
            int part = fastest == Fastest.First ? i : parts.Length - 1 - i;
            strides[part] = stride;
            stride = Multiply(stride, parts[part].Size);
        }
        return strides;
    }
}

/// <summary>The first point of each part together, then the second, and so on. All parts have the same size.</summary>
public sealed record Zip(ImmutableArray<Space> Parts, Span At) : Space(At)
{
    public ImmutableArray<Space> Parts { get; } = Parts;

    public override long Size { get; } = Parts.IsEmpty ? 0 : Parts.Min(part => part.Size);

    internal override bool HasHoles => Parts.Any(part => part.HasHoles);

    internal override IEnumerable<string> Parameters => Parts.SelectMany(part => part.Parameters);

    internal override bool Append(long index, ref PointParts parts)
    {
        foreach (Space part in Parts)
        {
            if (!part.Append(index, ref parts))
                return false;
        }
        return true;
    }

    public override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("kind", "zip");
        SpaceJson.WriteParts(json, Parts);
        json.WriteEndObject();
    }

    internal static Zip Read(JsonElement json, Span at) => new(SpaceJson.ReadParts(json), at);

    public bool Equals(Zip? other) => other is not null && Parts.AsSpan().SequenceEqual(other.Parts.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Size, Parts.Length);
}

/// <summary>All points of the first part, then all of the second, and so on.</summary>
public sealed record Concat(ImmutableArray<Space> Parts, Span At) : Space(At)
{
    /// <summary>The first index after each part.</summary>
    private readonly long[] _ends = Ends(Parts);

    public ImmutableArray<Space> Parts { get; } = Parts;

    public override long Size { get; } = Sum(Parts);

    public override BigInteger Runs => Parts.Aggregate(BigInteger.Zero, (runs, part) => runs + part.Runs);

    internal override bool HasHoles => Parts.Any(part => part.HasHoles);

    internal override IEnumerable<string> Parameters => Parts.SelectMany(part => part.Parameters);

    internal override bool Append(long index, ref PointParts parts)
    {
        int part = Array.BinarySearch(_ends, index + 1);
        if (part < 0)
            part = ~part;
        // Empty parts end where the one before them does: the first of equal ends is the part that holds the index.
        while (part > 0 && _ends[part - 1] > index)
            part--;
        return Parts[part].Append(index - (part == 0 ? 0 : _ends[part - 1]), ref parts);
    }

    internal override IEnumerable<long> Cover(int most)
    {
        for (int i = 0; i < Parts.Length; i++)
        {
            foreach (long index in Parts[i].Cover(most))
                yield return index + (i == 0 ? 0 : _ends[i - 1]);
        }
    }

    public override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("kind", "concat");
        SpaceJson.WriteParts(json, Parts);
        json.WriteEndObject();
    }

    internal static Concat Read(JsonElement json, Span at) => new(SpaceJson.ReadParts(json), at);

    public bool Equals(Concat? other) => other is not null && Parts.AsSpan().SequenceEqual(other.Parts.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Size, Parts.Length);

    private static long[] Ends(ImmutableArray<Space> parts)
    {
        long[] ends = new long[parts.Length];
        Int128 end = 0;
        for (int i = 0; i < ends.Length; i++)
        {
            end += parts[i].Size;
            ends[i] = end > long.MaxValue ? long.MaxValue : (long)end;
        }
        return ends;
    }
}
