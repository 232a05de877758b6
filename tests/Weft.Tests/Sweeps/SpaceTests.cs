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
    public void How_a_space_is_made_can_be_written_and_read()
    {
        var read = new SweepReader(new Diagnostics());
        Choices choices = read.ReadValue(Excerpt.OfArgument(1, "1:9:k,(0.1:0.3:0.1,x)_(a,b),'q'"))!;
        Space space = new Concat(
        [
            new Product([new Axis("a", choices, Expr.Nowhere), new Axis("b", new Choices.Suffixed(choices, "px"), Expr.Nowhere)], Fastest.First, Expr.Nowhere),
            new Zip([Of("c", "1"), new Axis("d", new Choices.Typed([new Word("1", Value.Of("1"))]), Expr.Nowhere)], Expr.Nowhere),
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
