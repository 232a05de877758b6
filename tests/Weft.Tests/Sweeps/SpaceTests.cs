using System.Text;
using System.Text.Json;
using Weft.Expressions;
using Weft.Sweeps;
using Weft.Text;
using Weft.Values;

namespace Weft.Tests.Sweeps;

public sealed class SpaceTests
{
    private static Axis Of(string key, params string[] texts) => new(key, new Choices.Listed([.. texts]), Expr.Nowhere);

    private static IEnumerable<string> Words(Space space) => space.Points().Select(point => string.Join(' ', point.Words.Select(word => word.Text)));

    [Fact]
    public void A_product_keeps_the_order_of_its_words_whichever_part_varies_fastest()
    {
        Assert.Equal(["a=1 b=x", "a=1 b=y", "a=2 b=x", "a=2 b=y"], Words(new Product([Of("a", "1", "2"), Of("b", "x", "y")], Fastest.Last, Expr.Nowhere)));
        Assert.Equal(["a=1 b=x", "a=2 b=x", "a=1 b=y", "a=2 b=y"], Words(new Product([Of("a", "1", "2"), Of("b", "x", "y")], Fastest.First, Expr.Nowhere)));
        Assert.Equal([""], Words(new Product([], Fastest.Last, Expr.Nowhere)));
        Assert.Empty(Words(new Product([Of("a", "1"), Of("b")], Fastest.Last, Expr.Nowhere)));
    }

    [Fact]
    public void Parts_follow_one_another_or_go_together()
    {
        Assert.Equal(["a=1", "a=2", "b=x"], Words(new Concat([Of("a"), Of("a", "1", "2"), Of("c"), Of("b", "x"), Of("d")], Expr.Nowhere)));
        Assert.Equal(["a=1 b=x", "a=2 b=y"], Words(new Zip([Of("a", "1", "2"), Of("b", "x", "y")], Expr.Nowhere)));
    }

    [Fact]
    public void A_point_has_typed_values_by_parameter_and_the_later_of_two_counts()
    {
        var space = new Product([Of("+lr", "1e-3"), Of("n", "3"), Of("n", "4"), Of("flag", "True"), Of("id", "007"), Of("none", "null")], Fastest.Last, Expr.Nowhere);
        Point point = space.PointAt(0)!;
        Assert.Equal(Value.Of(0.001), point.Values["lr"]);
        Assert.Equal(Value.Of(4), point.Values["n"]);
        Assert.Equal(Value.Of(true), point.Values["flag"]);
        Assert.Equal(Value.Of("007"), point.Values["id"]);
        Assert.Equal(Value.None, point.Values["none"]);
        Assert.Equal(["+lr=1e-3", "n=3", "n=4", "flag=True", "id=007", "none=null"], point.Words.Select(word => word.Text));
    }

    [Fact]
    public void A_size_beyond_all_bounds_does_not_wrap_around()
    {
        Axis wide = new("a", new Choices.Ranged(new DecimalRange(0, 1, 0, Choices.MaxCount, 0), ""), Expr.Nowhere);
        var huge = new Product([wide, wide, wide, wide], Fastest.Last, Expr.Nowhere);
        Assert.Equal(long.MaxValue, huge.Size);
        Assert.Equal(long.MaxValue, new Concat([huge, huge], Expr.Nowhere).Size);
        Assert.Equal(["a=1", "a=999999999"], new Product([wide, wide], Fastest.First, Expr.Nowhere).PointAt(999_999_999_000_000_001)!.Words.Select(word => word.Text));
    }

    [Fact]
    public void A_filter_leaves_holes_and_does_not_renumber()
    {
        Where space = Filtered("not (model == 'large' and lr > 0.002)");
        Assert.Equal(6, space.Size);
        Assert.Equal([0L, 1, 2, 3, 4], space.Points().Select(point => point.Index));
        Assert.Null(space.PointAt(5));
        Assert.Equal(["model=large lr=0.001", "model=large lr=0.002"], Words(space).Skip(3));
        var diagnostics = new Diagnostics();
        space.Check(diagnostics);
        Assert.Empty(diagnostics);
    }

    [Theory]
    [InlineData("lr + 1", "sweep/condition")]
    [InlineData("model > 1", "expression/")]
    [InlineData("modle == 'x'", "sweep/unknown-parameter")]
    [InlineData("lr > 5", "sweep/empty")]
    public void A_condition_that_makes_no_sense_is_found_before_the_start(string condition, string id)
    {
        var diagnostics = new Diagnostics();
        Filtered(condition).Check(diagnostics);
        Assert.StartsWith(id, Assert.Single(diagnostics).Id);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(10)]
    [InlineData(1000)]
    public void A_shuffle_has_every_point_once_in_an_order_that_the_seed_decides(int size)
    {
        Axis axis = new("a", new Choices.Ranged(new DecimalRange(0, 1, 0, size, 0), ""), Expr.Nowhere);
        List<string> one = [.. Words(new Shuffle(axis, 1, Expr.Nowhere))], again = [.. Words(new Shuffle(axis, 1, Expr.Nowhere))], other = [.. Words(new Shuffle(axis, 2, Expr.Nowhere))];
        Assert.Equal(one, again);
        Assert.Equal(Words(axis).Order(), one.Order());
        Assert.Equal(Words(axis).Order(), other.Order());
        if (size >= 10)
            Assert.NotEqual(one, other);
    }

    [Fact]
    public void A_draw_takes_points_that_are_there_and_none_twice()
    {
        Axis axis = new("a", new Choices.Ranged(new DecimalRange(0, 1, 0, 1_000_000, 0), ""), Expr.Nowhere);
        List<string> drawn = [.. Words(new Draw(axis, 100, 7, Expr.Nowhere))];
        Assert.Equal(100, drawn.Distinct().Count());
        // Spread over the whole range: each tenth of it is hit (the chance of missing one is below 1 in 3,000 for a fair draw; the seed is fixed).
        Assert.Equal(10, drawn.Select(word => int.Parse(word[2..]) / 100_000).Distinct().Count());

        var filtered = new Draw(Filtered("lr > 0.001"), 3, 1, Expr.Nowhere);
        Assert.Equal(3, filtered.Size);
        Assert.Equal(3, filtered.Points().Count());
        Assert.Equal(4, new Draw(Filtered("lr > 0.001"), 100, 1, Expr.Nowhere).Points().Count());
    }

    private static Where Filtered(string condition)
    {
        var source = new Source("weft.yaml", condition);
        Expr expression = ExprParser.Parse(condition, source.Whole, new Diagnostics(), Root.Item)!;
        return new Where(new Product([Of("model", "small", "large"), Of("lr", "0.001", "0.002", "0.003")], Fastest.Last, source.Whole), expression, source.Whole);
    }

    [Fact]
    public void How_a_space_is_made_can_be_written_and_read()
    {
        var read = new SweepReader(new Diagnostics());
        Choices choices = read.ReadValue(Excerpt.OfArgument(1, "1:9:k,(0.1:0.3:0.1,x)_(a,b),'q'"))!;
        Space space = new Concat(
        [
            new Product([new Axis("a", choices, Expr.Nowhere), new Axis("b", new Choices.Suffixed(choices, "px"), Expr.Nowhere)], Fastest.First, Expr.Nowhere),
            new Zip([Of("c", "1"), new Axis("d", new Choices.Typed([new Word("1", Value.Of("1"))]), Expr.Nowhere)], Expr.Nowhere),
            new Shuffle(new Draw(Filtered("lr > 0.001"), 3, 5, Expr.Nowhere), 6, Expr.Nowhere),
            new Listing([new Point(0, [new Word("w", Value.None)], Value.NoEntries.Add("add", Value.ListOf([Value.Of("x")])))], Expr.Nowhere),
        ], Expr.Nowhere);
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
            space.Write(json);
        using JsonDocument document = JsonDocument.Parse(Encoding.UTF8.GetString(buffer.ToArray()));
        Space again = SpaceJson.Read(document.RootElement);
        Assert.Equal(space.Size, again.Size);
        Assert.Equal(Words(space), Words(again));
        Assert.Equal(Value.Of("1"), again.PointAt(choices.Count * choices.Count)!.Values["d"]);
        Assert.InRange(buffer.Length, 1, 2000);
    }
}
