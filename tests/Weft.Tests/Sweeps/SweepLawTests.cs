using System.Text;
using Weft.Conformance.Areas;
using Weft.Sweeps;
using Weft.Text;

namespace Weft.Tests.Sweeps;

/// <summary>Laws that hold for every text, against the grammar read in the plainest way.</summary>
public sealed class SweepLawTests
{
    private const int Seed = 20261121;

    [Fact]
    public void Every_index_gives_what_the_naive_expansion_has_there()
    {
        var random = new Random(Seed);
        int good = 0;
        for (int i = 0; i < 1500; i++)
        {
            string text = RandomValue(random, 3);
            List<string>? expected = Naive(text);
            var diagnostics = new Diagnostics();
            Choices? choices = new SweepReader(diagnostics).ReadValue(Excerpt.OfArgument(1, text));
            Assert.True((choices is null || diagnostics.HasErrors) == (expected is null), $"seed {Seed}, case {i}: {text}");
            if (expected is null || choices is null)
                continue;
            good++;
            Assert.Equal(expected.Count, choices.Count);
            Assert.Equal(expected, choices.All());
            if (expected.Count > 0)
            {
                int one = random.Next(expected.Count);
                Assert.Equal(expected[one], choices[one]);
            }
        }
        Assert.InRange(good, 500, 1500);
    }

    [Fact]
    public void Mutilated_text_is_read_or_refused_exactly_as_by_the_naive_reading()
    {
        var random = new Random(Seed + 1);
        for (int i = 0; i < 2000; i++)
        {
            var text = new StringBuilder(RandomValue(random, 3));
            for (int cut = random.Next(4); cut > 0 && text.Length > 0; cut--)
            {
                int at = random.Next(text.Length);
                if (random.Next(2) == 0)
                    text.Remove(at, 1);
                else
                    text.Insert(at, ":,()[]'\"ek-.1_ |=/\0é"[random.Next(19)]);
            }
            string word = "k=" + text;
            List<string>? expected = NaiveWord(word);
            var diagnostics = new Diagnostics();
            SweptWord? swept = new SweepReader(diagnostics).ReadEachWord(Excerpt.OfArgument(1, word));
            Assert.True((swept is null || diagnostics.HasErrors) == (expected is null), $"seed {Seed}, case {i}: {word}\n{DiagnosticPrinter.Print(diagnostics)}");
            if (expected is not null)
                Assert.Equal(expected, swept!.Parts.SelectMany(part => part.Values.All().Select(value => $"{part.Key}={value}")));
        }
    }

    [Fact]
    public void A_text_has_as_many_points_as_the_product_of_its_choices()
    {
        var random = new Random(Seed + 2);
        for (int i = 0; i < 300; i++)
        {
            string[] written = [.. Enumerable.Range(0, random.Next(1, 4)).Select(key => $"k{key}={RandomValue(random, 1)}")];
            var reader = new SweepReader(new Diagnostics());
            var words = reader.ReadEach(Excerpt.OfArgument(1, ShellWords.Join(written)));
            if (words.IsDefault)
                continue;
            var space = new Product([.. words.Select(word => new Axis(word.Parts[0].Key, word.Parts[0].Values, word.At))], Fastest.Last, words[0].At);
            long product = words.Aggregate(1L, (count, word) => count * word.Count);
            Assert.Equal(product, space.Size);
            if (product > 1000)
                continue;
            List<List<string>> expected = new NaiveSweep(isExact: true).ExpandAll(written);
            Assert.Equal(expected, space.Points().Select(point => point.Words.Select(word => word.Text).ToList()));
            Assert.Equal(Enumerable.Range(0, (int)product).Select(index => (long)index), space.Points().Select(point => point.Index));
        }
    }

    private static List<string>? Naive(string text)
    {
        try
        {
            return new NaiveSweep(isExact: true).Values(text);
        }
        catch (NaiveSweep.Wrong)
        {
            return null;
        }
    }

    private static List<string>? NaiveWord(string word)
    {
        try
        {
            return new NaiveSweep(isExact: true).Expand(word);
        }
        catch (NaiveSweep.Wrong)
        {
            return null;
        }
    }

    private static string RandomValue(Random random, int items) => string.Join(',', Enumerable.Range(0, random.Next(1, items + 1)).Select(_ => RandomItem(random, 2)));

    private static string RandomItem(Random random, int depth)
    {
        string[] literals = ["a", "adam", "0.5", "1e-3", "'x,y'", "[1,2]", "", "-1", "true"];
        string[] suffixes = ["", "", ":k", ":m", ":e-2", ":T"];
        switch (random.Next(depth > 0 ? 5 : 3))
        {
            case 0:
                return literals[random.Next(literals.Length)];
            case 1:
                int start = random.Next(-5, 120);
                return $"{start}:{start + random.Next(12)}{(random.Next(2) == 0 ? "" : ":" + random.Next(1, 4))}{suffixes[random.Next(suffixes.Length)]}";
            case 2:
                int digits = random.Next(1, 4);
                decimal scale = (decimal)Math.Pow(10, -digits);
                decimal from = random.Next(-40, 40) * scale, step = random.Next(1, 9) * scale * (random.Next(4) == 0 ? -1 : 1);
                decimal to = from + step * random.Next(9) + (random.Next(3) == 0 ? step / 3 : 0);
                string sign = random.Next(4) == 0 ? "e-" + random.Next(3) : "";
                return FormattableString.Invariant($"{from}{sign}:{decimal.Round(to, digits + 1)}{sign}:{step}{sign}{suffixes[random.Next(suffixes.Length)]}");
            case 3:
                return $"({string.Join(',', Enumerable.Range(0, random.Next(1, 4)).Select(_ => RandomItem(random, 0)))})";
            default:
                return $"{(random.Next(2) == 0 ? "x" : "")}({RandomItem(random, 0)},{RandomItem(random, 0)}){"_ekm-"[random.Next(5)]}({RandomItem(random, 0)})";
        }
    }
}
