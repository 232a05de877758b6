using System.Numerics;
using Weft.Config.Nodes;
using Weft.Config.Overrides;
using Weft.Text;

namespace Weft.Tests.Config.Overrides;

public sealed class SweepAxisTests
{
    [Theory]
    [InlineData("k=range(1,2,0.1)", "1.0 1.1 1.2 1.3 1.4 1.5 1.6 1.7 1.8 1.9")]
    [InlineData("k=range(3,0,-1)", "3 2 1")]
    [InlineData("k=range(0,1e-1,0.025)", "0.0 0.025 0.05 0.075")]
    [InlineData("k=sort(range(0,10,3),reverse=true)", "9 6 3 0")]
    [InlineData("k=sort(range(10,0,-3))", "1 4 7 10")]
    [InlineData("k=sort(range(0,1,0.3),reverse=true)", "0.9 0.6 0.3 0.0")]
    [InlineData("k=1", "1")]
    [InlineData("~k", "null")]
    [InlineData("db=glob([s*,m?sql],exclude=*x)", "mysql sqlite")]
    public void Values_come_in_order(string text, string values)
    {
        SweepAxis axis = Axis(text)!;
        Assert.Equal(values, string.Join(' ', axis.Values));
        Assert.Equal(values.Split(' ').Length, axis.Count);
    }

    [Fact]
    public void A_range_of_any_size_is_never_listed()
    {
        SweepAxis axis = Axis("k=range(1000000000000000000000)")!;
        Assert.Equal(BigInteger.Pow(10, 21), axis.Count);
        Assert.Equal("k=999999999999999999999", axis.Word(axis.Count - 1));
    }

    [Fact]
    public void Shuffling_keeps_every_value_and_is_the_same_each_time()
    {
        string[] once = [.. Axis("k=shuffle(range(100))")!.Values.Select(value => value.ToString())];
        Assert.Equal(once, Axis("k=shuffle(range(100))")!.Values.Select(value => value.ToString()));
        Assert.NotEqual(Enumerable.Range(0, 100).Select(i => i.ToString()), once);
        Assert.Equal(100, once.Distinct().Count());
    }

    [Theory]
    [InlineData("k=interval(0,1)", "sweep/interval", 3)]
    [InlineData("k=range(0,5,0)", "sweep/range", 3)]
    [InlineData("k=range(0,inf)", "sweep/range", 3)]
    [InlineData("k=[1,choice(1,2)]", "sweep/nested", 6)]
    [InlineData("k=choice(1,2),3", "sweep/nested", 3)]
    [InlineData("k=shuffle(range(1000000000))", "sweep/too-many-to-shuffle", 3)]
    public void Sweeps_without_separate_values_are_diagnosed(string text, string id, int column)
    {
        var diagnostics = new Diagnostics();
        Assert.Null(Axis(text, diagnostics));
        Diagnostic only = Assert.Single(diagnostics);
        Assert.Equal((id, column), (only.Id, only.At!.Value.Position.Column));
    }

    [Theory]
    [InlineData(1.0, "1.0")]
    [InlineData(-0.0, "-0.0")]
    [InlineData(1e16, "1e+16")]
    [InlineData(123456789012345680.0, "1.2345678901234568e+17")]
    [InlineData(9999999999999998.0, "9999999999999998.0")]
    [InlineData(0.0001, "0.0001")]
    [InlineData(0.00001, "1e-05")]
    [InlineData(1.5e-10, "1.5e-10")]
    [InlineData(1e300, "1e+300")]
    [InlineData(5e-324, "5e-324")]
    [InlineData(100.25, "100.25")]
    [InlineData(0.00012345, "0.00012345")]
    public void Floats_are_written_as_Python_writes_them(double number, string text) => Assert.Equal(text, PythonText.Float(number));

    private static SweepAxis? Axis(string text, Diagnostics? diagnostics = null) =>
        SweepAxis.Of(Override.Parse(Source.OfArgument(1, text), [])!, _ => ["mysql", "postgres", "sqlite", "sqlx"], diagnostics ?? []);
}
