using System.Text;
using System.Text.Json;
using Weft.Config.Yaml;
using Weft.Sweeps;
using Weft.Text;
using Weft.Values;

namespace Weft.Tests.Sweeps;

public sealed class SpaceReaderTests
{
    [Theory]
    // All combinations in the order written; the last key varies fastest.
    [InlineData("grid: {a: [1, 2], b: [x, y]}", "0 a=1 b=x|1 a=1 b=y|2 a=2 b=x|3 a=2 b=y")]
    [InlineData("grid: {lr: '1:3:m', n: 7}", "0 lr=1e-3 n=7|1 lr=2e-3 n=7|2 lr=3e-3 n=7")]
    [InlineData("grid: {layers: [[64, 64], [a b]], on: [yes, ~]}", "0 layers=[64,64] on=yes|1 layers=[64,64] on=null|2 layers=['a b'] on=yes|3 layers=['a b'] on=null")]
    // First with first.
    [InlineData("zip: {a: [1, 2], b: [x, y]}", "0 a=1 b=x|1 a=2 b=y")]
    [InlineData("zip: [{a: [1, 2], b: [x, y]}, {c: '1:2', d: '3:4'}]", "0 a=1 b=x c=1 d=3|1 a=1 b=x c=2 d=4|2 a=2 b=y c=1 d=3|3 a=2 b=y c=2 d=4")]
    [InlineData("zip: {a: [1, 2], b: [x, y]}\ngrid: {s: '1:2'}", "0 a=1 b=x s=1|1 a=1 b=x s=2|2 a=2 b=y s=1|3 a=2 b=y s=2")]
    [InlineData("grid: {s: '1:2'}\nlist: [{a: 1}, {a: 2, b: 3}]", "0 s=1 a=1|1 s=1 a=2 b=3|2 s=2 a=1|3 s=2 a=2 b=3")]
    [InlineData("each: a=1:2 b=x,y", "0 a=1 b=x|1 a=1 b=y|2 a=2 b=x|3 a=2 b=y")]
    // One block after the other.
    [InlineData("concat: [{grid: {m: [small], lr: [1, 2]}}, {list: [{m: large}]}]", "0 m=small lr=1|1 m=small lr=2|2 m=large")]
    [InlineData("grid: {s: [7]}\nconcat: [{grid: {m: [a]}}, {zip: {m: [b, c]}}]", "0 s=7 m=a|1 s=7 m=b|2 s=7 m=c")]
    // A filter leaves holes; numbers keep their meaning.
    [InlineData("grid: {m: [small, large], lr: [0.1, 0.2]}\nwhere: not (m == 'large' and lr > 0.1)", "0 m=small lr=0.1|1 m=small lr=0.2|2 m=large lr=0.1")]
    [InlineData("grid: {opt.lr: [1, 2], opt: [a]}\nwhere: opt.lr > 1 and opt == 'a'", "1 opt.lr=2 opt=a")]
    [InlineData("grid: {db/engine: [a, b]}\nwhere: '`db/engine` == \"b\"'", "1 db/engine=b")]
    // A conditional parameter: its values where the condition holds, one point without it elsewhere.
    [InlineData("grid: {opt: [sgd, adam], mu: [0.8, 0.9], s: [1, 2]}\nwhen: {mu: opt == 'sgd'}",
        "0 opt=sgd mu=0.8 s=1|1 opt=sgd mu=0.8 s=2|2 opt=sgd mu=0.9 s=1|3 opt=sgd mu=0.9 s=2|4 opt=adam s=1|5 opt=adam s=2")]
    [InlineData("grid: {opt: [sgd, adam], mu: [0.8, 0.9]}\nwhen: {mu: opt == 'sgd'}\nwhere: mu == null or mu > 0.8", "1 opt=sgd mu=0.9|2 opt=adam")]
    [InlineData("grid: {a: [1, 2, 3], b: [1, 2], c: [1, 2]}\nwhen: {b: a > 1, c: b == 2}", "0 a=1|4 a=2 b=1|6 a=2 b=2 c=1|7 a=2 b=2 c=2|8 a=3 b=1|10 a=3 b=2 c=1|11 a=3 b=2 c=2")]
    [InlineData("parallel: 8\nselect: max(x)\ngrid: {a: [1]}", "0 a=1")]
    public void A_block_is_the_space_that_it_describes(string yaml, string points)
    {
        (Space? space, Diagnostics diagnostics) = Read(yaml);
        Assert.Empty(diagnostics);
        Assert.Equal(points.Split('|'), Show(space!));
        Assert.Equal(Show(space!), Show(Again(space!)));
    }

    [Fact]
    public void Items_of_a_list_mean_what_YAML_says()
    {
        Space space = Read("grid: {x: [1, 1.5, 1e-3, 007, 0x1F, 0o17, yes, true, '1', 2026-11-01, 1_000, .inf]}").Space!;
        Assert.Equal(
            [Value.Of(1), Value.Of(1.5), Value.Of(0.001), Value.Of(7), Value.Of(31), Value.Of(15), Value.Of("yes"), Value.Of(true), Value.Of("1"), Value.Of("2026-11-01"), Value.Of("1_000"), Value.Of(double.PositiveInfinity)],
            space.Points().Select(point => point.Values["x"]));
    }

    [Fact]
    public void A_random_part_is_drawn_from_what_the_filter_leaves()
    {
        Space space = Read("grid: {a: '1:1000', b: '1:1000'}\nwhere: a > 990\nrandom: {n: 5, seed: 3}").Space!;
        Assert.Equal(5, space.Points().Distinct().Count());
        Assert.All(space.Points(), point => Assert.True(((Value.Int)point.Values["a"]).Number > 990));
        Assert.Equal(3, Read("grid: {a: '1:3'}\nrandom: 10").Space!.Points().Count());
    }

    [Theory]
    [InlineData("zip: {a: [1, 2], b: [x]}", "sweep/unequal-lengths", "1:18", "`a` has 2 values, `b` has 1 value: what goes together has equally many")]
    [InlineData("grid: {model: [a]}\nwhere: modle == 'a'", "sweep/unknown-parameter", "2:8", "`modle` is no parameter of this sweep")]
    [InlineData("grid: {a: [1, 2]}\nwhere: a > 2", "sweep/empty", "2:8", "this condition holds for none of the 2 points")]
    [InlineData("grid: {a: [1, 2]}\nwhere: a + 1", "sweep/condition", "2:8", "expected this condition to be true or false, found the integer 2 for `a=1`")]
    [InlineData("grid: {a: [1], b: [2]}\nwhen: {a: b > 1}", "sweep/condition-order", "2:11", "`b` stands after `a`, whose values depend on it")]
    [InlineData("grid: {a: [1], b: [2]}\nwhen: {bb: a > 1}", "sweep/unknown-parameter", "2:8", "`bb` is no parameter of this sweep")]
    [InlineData("grid: {a: []}", "sweep/no-values", "1:8", "`a` has no values, so nothing would be run")]
    [InlineData("grid: {a: [1]}\nzip: {a: [1], b: [2]}", "sweep/repeated-parameter", "2:7", "`a` is swept twice")]
    [InlineData("grid: {+a: [1], a: [2]}", "sweep/repeated-parameter", "1:17", "`a` is swept twice")]
    [InlineData("grid: [1]", "sweep/shape", "1:7", "`grid` is a map of parameters, found a list")]
    [InlineData("grid: {a: {b: 1}}", "sweep/shape", "1:11", "expected a list of values or a text such as `1:3`, found a map")]
    [InlineData("concat: [{grdi: {a: [1]}}]", "sweep/unknown-key", "1:11", "unknown key `grdi` in a block of `concat`")]
    [InlineData("grid: {a=b: [1]}", "sweep/key", "1:8", "`a=b` cannot be a parameter: its words are `KEY=VALUE`")]
    [InlineData("grid: {a: '1:1000000000', b: '1:1000000000'}", "sweep/too-many-points", "1:1", "this sweep has more than 1,000,000,000,000 points")]
    [InlineData("grid: {a: [1]}\nrandom: {n: 0}", "sweep/random", "2:13", "`random` needs the number of points, 1 or more")]
    public void What_is_wrong_is_said_where_it_stands(string yaml, string id, string place, string message)
    {
        (Space? space, Diagnostics diagnostics) = Read(yaml);
        Assert.Null(space);
        Diagnostic first = diagnostics.First();
        Assert.Equal((id, place, message), (first.Id, first.At!.Value.Position.ToString(), first.Message));
    }

    private static (Space? Space, Diagnostics Diagnostics) Read(string yaml)
    {
        var diagnostics = new Diagnostics();
        var block = (YamlMapping)YamlReader.Read(new Source("weft.yaml", yaml), diagnostics)!;
        return (SpaceReader.Read(block, diagnostics), diagnostics);
    }

    private static Space Again(Space space)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
            space.Write(json);
        using JsonDocument document = JsonDocument.Parse(Encoding.UTF8.GetString(buffer.ToArray()));
        return SpaceJson.Read(document.RootElement);
    }

    private static IEnumerable<string> Show(Space space) => space.Points().Select(point => $"{point.Index} {string.Join(' ', point.Words.Select(word => word.Text))}");
}
