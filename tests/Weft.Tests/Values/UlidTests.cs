using Weft.Support;
using Weft.Values;

namespace Weft.Tests.Values;

public sealed class UlidTests
{
    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    [Fact]
    public void Begins_with_the_milliseconds_and_ends_with_what_no_other_has()
    {
        var clock = new ManualTimeProvider();
        clock.Pass(DateTimeOffset.FromUnixTimeMilliseconds(1469918176385) - clock.GetUtcNow());
        HashSet<string> made = [.. Enumerable.Range(0, 1000).Select(_ => Ulid.New(clock))];
        Assert.Equal(1000, made.Count);
        Assert.All(made, ulid => Assert.StartsWith("01ARYZ6S41", ulid, StringComparison.Ordinal));
        Assert.All(made, ulid => Assert.Equal(26, ulid.Length));
    }

    [Fact]
    public void Every_place_of_the_random_part_takes_every_letter()
    {
        string[] made = [.. Enumerable.Range(0, 2000).Select(i => i % 2 == 0 ? Ulid.New(TimeProvider.System) : Ulid.Derive("01ARYZ6S41TSV4RRFFQ69G5FAV", i))];
        for (int place = 10; place < 26; place++)
            Assert.Equal(Alphabet, string.Concat(made.Select(ulid => ulid[place]).Distinct().Order()));
    }

    [Fact]
    public void Derived_ones_keep_the_time_and_differ_by_index_and_by_origin()
    {
        string[] origins = ["01ARYZ6S41TSV4RRFFQ69G5FAV", "01ARYZ6S41TSV4RRFFQ69G5FAW"];
        var made = new HashSet<string>();
        foreach (string origin in origins)
        {
            for (long index = -1; index < 50_000; index++)
                Assert.True(made.Add(Ulid.Derive(origin, index)));
        }
        Assert.All(made.Take(100), ulid => Assert.StartsWith("01ARYZ6S41", ulid, StringComparison.Ordinal));
        Assert.Equal(Ulid.Derive(origins[0], 7), Ulid.Derive(origins[0], 7));
    }
}
