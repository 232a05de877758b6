using System.Text;
using System.Text.Json;
using Weft.Records;

namespace Weft.Tracking.Search;

/// <summary>
/// Where a page of a metric's history starts. The token counts the points before it, as the tokens of MLflow's servers do, and names the place in the
/// series, so that no page reads what those before it have read: <c>{"offset": N, "place": [first, tail, timestamp, step, value, nan]}</c>, the value as
/// the number of its bits. One that only counts is taken, too.
/// </summary>
internal readonly record struct HistoryPage(long Offset, SeriesPlace? Place)
{
    /// <summary>How many points behind the place are on pages before.</summary>
    public long Skip => Place is null ? Offset : 0;

    public static HistoryPage Read(string? token)
    {
        long offset = PageToken.Read(token);
        if (string.IsNullOrEmpty(token))
            return default;
        using JsonDocument document = JsonDocument.Parse(PageToken.Decode(token));
        if (!document.RootElement.TryGetProperty("place"u8, out JsonElement place))
            return new HistoryPage(offset, null);
        var numbers = new long[6];
        bool isPlace = place.ValueKind == JsonValueKind.Array && place.GetArrayLength() == numbers.Length;
        for (int i = 0; isPlace && i < numbers.Length; i++)
            isPlace = place[i].ValueKind == JsonValueKind.Number && place[i].TryGetInt64(out numbers[i]);
        if (!isPlace)
            throw TrackingException.Invalid("Invalid page token, it names no place in a history");
        var point = new PointRow(0, Step: numbers[3], Timestamp: numbers[2], BitConverter.Int64BitsToDouble(numbers[4]), IsNan: numbers[5] != 0);
        return new HistoryPage(offset, new SeriesPlace(numbers[0], numbers[1], point));
    }

    /// <summary>The place in the series of a key.</summary>
    public SeriesPlace PlaceIn(long key) => Place is { After: { } point } place ? place with { After = point with { Key = key } } : SeriesPlace.Start;

    /// <summary>The token of the page after this one, which had <paramref name="taken"/> points.</summary>
    public string After(long taken, SeriesPlace behind)
    {
        PointRow last = behind.After ?? throw new ArgumentException("A page that ends has a point.", nameof(behind));
        long bits = BitConverter.DoubleToInt64Bits(last.Value);
        string json = $"{{\"offset\": {Offset + taken}, \"place\": [{behind.First}, {behind.Tail}, {last.Timestamp}, {last.Step}, {bits}, {(last.IsNan ? 1 : 0)}]}}";
        return Convert.ToBase64String(Encoding.UTF8.GetBytes(json));
    }
}
