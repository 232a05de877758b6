using System.Collections.Immutable;
using System.Numerics;
using System.Text.Json;
using Weft.Text;
using Weft.Values;

namespace Weft.Sweeps;

/// <summary>
/// The points of a sweep, known by how they are made and never held as a whole. A point is known by its raw index, which never changes its
/// meaning: a filter leaves holes, it does not renumber.
/// </summary>
/// <param name="At">Where the sweep was written.</param>
public abstract record Space(Span At)
{
    /// <summary>No sweep is larger; a space beyond it is refused by whoever reads it.</summary>
    public const long MaxSize = 1_000_000_000_000;

    /// <summary>How many raw indices there are, holes included. Numbers above <see cref="MaxSize"/> only say that there are too many.</summary>
    public abstract long Size { get; }

    /// <summary>
    /// How many runs the programs make of all points: a program that is handed a comma list sweeps itself. A space that filters or draws counts its indices.
    /// </summary>
    public virtual BigInteger Runs => Size;

    /// <summary>The point at a raw index from 0 to <see cref="Size"/> - 1, or null where a filter took it out.</summary>
    public Point? PointAt(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Size);
        var parts = new PointParts();
        return Append(index, ref parts) ? parts.ToPoint(index) : null;
    }

    /// <summary>The points that are there, in the order of their indices; made while they are read.</summary>
    public IEnumerable<Point> Points()
    {
        for (long i = 0; i < Size; i++)
        {
            if (PointAt(i) is { } point)
                yield return point;
        }
    }

    /// <summary>Writes how this space is made, as one JSON object with a <c>kind</c>; <see cref="SpaceJson.Read"/> reads it.</summary>
    public abstract void Write(Utf8JsonWriter json);

    /// <summary>True when some indices may have no point.</summary>
    internal virtual bool HasHoles => false;

    /// <summary>The parameters that points may have, repeated ones included.</summary>
    internal abstract IEnumerable<string> Parameters { get; }

    /// <summary>Adds the words and values of the point at an index; false when a filter took it out.</summary>
    internal abstract bool Append(long index, ref PointParts parts);

    /// <summary>
    /// Indices of points among which every value of every parameter appears, as far as that can be told without making all points; at most
    /// <paramref name="most"/> of each part.
    /// </summary>
    internal virtual IEnumerable<long> Cover(int most)
    {
        for (long i = 0; i < Size && i < most; i++)
            yield return i;
    }

    /// <summary>A product that stays above <see cref="MaxSize"/> once it is there.</summary>
    private protected static long Multiply(long left, long right) => left > 0 && right > long.MaxValue / left ? long.MaxValue : left * right;

    private protected static long Sum(ImmutableArray<Space> parts)
    {
        Int128 sum = 0;
        foreach (Space part in parts)
            sum += part.Size;
        return sum > long.MaxValue ? long.MaxValue : (long)sum;
    }
}

/// <summary>One point of a sweep.</summary>
public sealed class Point
{
    private readonly KeyValuePair<string, Value>[] _given = [];
    private ImmutableSortedDictionary<string, Value>? _values;

    public Point(long index, ImmutableArray<Word> words, ImmutableSortedDictionary<string, Value> values)
        : this(index, words, []) => _values = values;

    /// <param name="given">Of two values of one parameter the later counts.</param>
    internal Point(long index, ImmutableArray<Word> words, KeyValuePair<string, Value>[] given)
    {
        Index = index;
        Words = words;
        _given = given;
    }

    /// <summary>Its raw index in the space.</summary>
    public long Index { get; }

    /// <summary>As they go on a command line, in order; a key may come more than once.</summary>
    public ImmutableArray<Word> Words { get; }

    /// <summary>By parameter: what expressions see as <c>item</c>, what is recorded and compared. Sorted when first asked for: who prints a million commands does not.</summary>
    public ImmutableSortedDictionary<string, Value> Values => _values ??= Sort(_given);

    /// <summary>How many runs its program makes of it.</summary>
    public long Runs { get; init; } = 1;

    private static ImmutableSortedDictionary<string, Value> Sort(KeyValuePair<string, Value>[] given)
    {
        ImmutableSortedDictionary<string, Value>.Builder values = Value.NoEntries.ToBuilder();
        foreach ((string parameter, Value value) in given)
            values[parameter] = value;
        return values.ToImmutable();
    }
}

/// <summary>A point while its parts are put together.</summary>
internal struct PointParts()
{
    private Word[] _words = [];
    private KeyValuePair<string, Value>[] _values = [];
    private int _wordCount;
    private int _valueCount;
    private long _runs = 1;

    /// <summary>The program makes so many runs of this part, for each of the other parts.</summary>
    public void Multiply(long runs) => _runs = (Int128)_runs * runs is var product && product > long.MaxValue ? long.MaxValue : (long)product;

    public void Add(Word word)
    {
        if (_wordCount == _words.Length)
            Array.Resize(ref _words, Math.Max(4, _wordCount * 2));
        _words[_wordCount++] = word;
    }

    public void Add(string parameter, Value value)
    {
        if (_valueCount == _values.Length)
            Array.Resize(ref _values, Math.Max(4, _valueCount * 2));
        _values[_valueCount++] = KeyValuePair.Create(parameter, value);
    }

    public readonly Point ToPoint(long index) => new(index, ImmutableArray.Create(_words.AsSpan(0, _wordCount)), _values[.._valueCount]) { Runs = _runs };
}

/// <summary>Points that were written down one by one; each is known by its place in the list.</summary>
public sealed record Listing(ImmutableArray<Point> Items, Span At) : Space(At)
{
    public override long Size => Items.Length;

    internal override IEnumerable<string> Parameters => Items.SelectMany(point => point.Values.Keys);

    internal override bool Append(long index, ref PointParts parts)
    {
        foreach (Word word in Items[(int)index].Words)
            parts.Add(word);
        foreach ((string parameter, Value value) in Items[(int)index].Values)
            parts.Add(parameter, value);
        return true;
    }

    public override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("kind", "listing");
        json.WriteStartArray("points");
        foreach (Point point in Items)
        {
            json.WriteStartObject();
            json.WriteStartArray("words");
            foreach (Word word in point.Words)
            {
                json.WriteStartArray();
                json.WriteStringValue(word.Text);
                ValueJson.Write(json, word.Typed);
                json.WriteEndArray();
            }
            json.WriteEndArray();
            json.WritePropertyName("values");
            ValueJson.WriteEntries(json, point.Values);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    internal static Listing Read(JsonElement json, Span at)
    {
        var points = ImmutableArray.CreateBuilder<Point>();
        foreach (JsonElement point in json.GetProperty("points").EnumerateArray())
        {
            points.Add(new Point(
                points.Count,
                [.. point.GetProperty("words").EnumerateArray().Select(word => new Word(word[0].GetString()!, ValueJson.Read(word[1])))],
                ValueJson.ReadEntries(point.GetProperty("values"))));
        }
        return new Listing(points.ToImmutable(), at);
    }

    public bool Equals(Listing? other) => other is not null && Items.AsSpan().SequenceEqual(other.Items.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Items.Length, At);
}
