using System.Collections.Immutable;
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
    /// <summary>How many raw indices there are, holes included.</summary>
    public abstract long Size { get; }

    /// <summary>The point at a raw index from 0 to <see cref="Size"/> - 1, or null where a filter took it out.</summary>
    public abstract Point? PointAt(long index);

    /// <summary>Writes how this space is made, as one JSON object with a <c>kind</c>; <see cref="SpaceJson.Read"/> reads it.</summary>
    public abstract void Write(Utf8JsonWriter json);
}

/// <summary>One point of a sweep.</summary>
/// <param name="Index">Its raw index in the space.</param>
/// <param name="Words">As they go on a command line, in order; a key may come more than once.</param>
/// <param name="Values">By parameter: what expressions see as <c>item</c>, what is recorded and compared.</param>
public sealed record Point(long Index, ImmutableArray<Word> Words, ImmutableSortedDictionary<string, Value> Values);

/// <summary>Points that were written down one by one; each is known by its place in the list.</summary>
public sealed record Listing(ImmutableArray<Point> Points, Span At) : Space(At)
{
    public override long Size => Points.Length;

    public override Point? PointAt(long index) => Points[(int)index];

    public override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("kind", "listing");
        json.WriteStartArray("points");
        foreach (Point point in Points)
        {
            json.WriteStartObject();
            json.WriteStartArray("words");
            foreach (Word word in point.Words)
            {
                json.WriteStartArray();
                json.WriteStringValue(word.Text);
                json.WriteRawValue(CanonicalJson.Write(word.Typed));
                json.WriteEndArray();
            }
            json.WriteEndArray();
            json.WritePropertyName("values");
            json.WriteRawValue(CanonicalJson.Write(new Value.Map(point.Values)));
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
                [.. point.GetProperty("words").EnumerateArray().Select(word => new Word(word[0].GetString()!, CanonicalJson.Read(word[1])))],
                ((Value.Map)CanonicalJson.Read(point.GetProperty("values"))).Entries));
        }
        return new Listing(points.ToImmutable(), at);
    }
}
