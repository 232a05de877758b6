using Weft.Sweeps;
using Weft.Text;

namespace Weft.Tests.Sweeps;

/// <summary>Random sweeps against a naive expansion that holds every point.</summary>
public sealed class SpaceBuilderLawTests
{
    private static readonly string[] Keys = ["a", "b.x", "c", "d", "e"];

    [Fact]
    public void A_space_has_the_points_of_the_naive_expansion_at_the_same_numbers()
    {
        for (int seed = 0; seed < 2_000; seed++)
        {
            var random = new Random(seed);
            List<Factor> factors = Factors(random);
            var diagnostics = new Diagnostics();
            var shape = new SweepShape
            {
                Zip = [.. factors.Where(factor => factor.Keys.Length > 1).Select(factor => Typed(string.Join(',', factor.Keys)))],
                When = [.. factors.Where(factor => factor.When is not null).Select(factor => Typed($"{factor.Keys[^1]}: {factor.When!.Value.Key} == {factor.When.Value.Value}"))],
                Where = random.Next(3) == 0 ? Typed($"{factors[0].Keys[0]} != 1 or {factors[^1].Keys[0]} == 0") : null,
            };
            Space? space = shape.Build(_ => Dimensions(factors), Typed("x").At, diagnostics);
            List<string> expected = [.. Expand(factors)
                .Where(point => shape.Where is null || point.Values.GetValueOrDefault(factors[0].Keys[0], -1) != 1 || point.Values.GetValueOrDefault(factors[^1].Keys[0], -1) == 0)
                .Select(point => $"{point.Number} {string.Join(' ', point.Values.Select(value => $"{value.Key}={value.Value}"))}")];
            if (expected.Count == 0)
                Assert.Equal("sweep/empty", Assert.Single(diagnostics).Id);
            else
                Assert.Equal(expected, space!.Points().Select(point => $"{point.Index} {string.Join(' ', point.Words.Select(word => word.Text))}"));
        }
    }

    /// <summary>One key, or two that go together; perhaps only where an earlier key has a value.</summary>
    private static List<Factor> Factors(Random random)
    {
        var factors = new List<Factor>();
        for (int next = 0; next < Keys.Length && (factors.Count == 0 || random.Next(4) > 0);)
        {
            int width = next + 1 < Keys.Length && random.Next(4) == 0 ? 2 : 1;
            (string, int)? when = factors.Count > 0 && random.Next(3) == 0 ? (factors[random.Next(factors.Count)].Keys[0], random.Next(3)) : null;
            factors.Add(new Factor(Keys[next..(next + width)], random.Next(1, 4), when));
            next += width;
        }
        return factors;
    }

    private static IEnumerable<Dimension> Dimensions(List<Factor> factors) => factors.SelectMany(factor => factor.Keys)
        .Select(key => new Axis(key, new Choices.Listed([.. Enumerable.Range(0, factors.Single(factor => factor.Keys.Contains(key)).Count).Select(value => $"{value}")]), Typed(key).At))
        .Select(axis => new Dimension([axis.Key], axis, axis.At));

    private static List<(long Number, OrderedDictionary<string, int> Values)> Expand(List<Factor> factors)
    {
        List<(long Number, OrderedDictionary<string, int> Values)> points = [(0, [])];
        foreach (Factor factor in factors)
        {
            points = [.. points.SelectMany(point =>
            {
                bool has = factor.When is not { } when || point.Values.GetValueOrDefault(when.Key, -1) == when.Value;
                return Enumerable.Range(0, has ? factor.Count : 1).Select(value =>
                {
                    var values = new OrderedDictionary<string, int>(point.Values);
                    foreach (string key in has ? factor.Keys : [])
                        values.Add(key, value);
                    return (point.Number * factor.Count + value, values);
                });
            })];
        }
        return points;
    }

    private static Excerpt Typed(string text) => Excerpt.OfArgument(1, text);

    private sealed record Factor(string[] Keys, int Count, (string Key, int Value)? When);
}
