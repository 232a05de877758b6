using System.Text;
using System.Text.Json;
using Weft.Config.Overrides;
using Weft.Sweeps;
using Weft.Text;
using Weft.Values;

namespace Weft.Tests.Sweeps;

public sealed class HydraAxisTests
{
    [Fact]
    public void Points_are_those_of_the_basic_sweeper_with_typed_values()
    {
        Space space = Of("lr=0.1,2", "+db@x=glob(*)", "~a", "k={a:[1,null]}");
        Assert.Equal(4, space.Size);
        Point last = space.PointAt(3)!;
        Assert.Equal(["lr=2", "+db@x=q", "~a=null", "k={a:[1,null]}"], last.Words.Select(word => word.Text));
        Assert.Equal(Value.Of(2), last.Values["lr"]);
        Assert.Equal(Value.Of("q"), last.Values["db@x"]);
        Assert.Equal(Value.MapOf([KeyValuePair.Create("a", Value.ListOf([Value.Of(1), Value.None]))]), last.Values["k"]);
    }

    [Fact]
    public void A_written_space_reads_back_as_itself()
    {
        Space space = Of("lr=range(1000000000)", "db=glob([p,q])");
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
            space.Write(json);
        Assert.True(stream.Length < 300, Encoding.UTF8.GetString(stream.ToArray()));
        using JsonDocument document = JsonDocument.Parse(stream.ToArray());
        Space read = SpaceJson.Read(document.RootElement);
        Assert.Equal(space, read);
        Assert.Equal("lr=999999999 db=q", string.Join(' ', read.PointAt(read.Size - 1)!.Words.Select(word => word.Text)));
    }

    private static Space Of(params string[] words)
    {
        var diagnostics = new Diagnostics();
        BasicSweep? sweep = BasicSweep.Of(Override.ParseAll(words, diagnostics), _ => ["p", "q"], diagnostics);
        Assert.Empty(diagnostics);
        return HydraAxis.Of(sweep!);
    }
}
