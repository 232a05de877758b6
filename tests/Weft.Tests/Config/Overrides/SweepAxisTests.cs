using System.Numerics;
using Weft.Config.Nodes;
using Weft.Config.Overrides;
using Weft.Text;

namespace Weft.Tests.Config.Overrides;

public sealed class SweepAxisTests
{
    [Theory]
    [InlineData("k=range(1,2,0.1)", "1.0 1.1 1.2 1.3 1.4 1.5 1.6 1.7 1.8 1.9000000000000001")]
    [InlineData("k=range(3,0,-1)", "3 2 1")]
    [InlineData("k=range(0,1e-1,0.025)", "0.0 0.025 0.05 0.075 0.1")]
    [InlineData("k=range(0,0.4,0.1)", "0.0 0.1 0.2 0.3 0.4")]
    [InlineData("k=range(-0.3,0.3,0.1)", "-0.3 -0.19999999999999998 -0.09999999999999998 2.7755575615655784e-17 0.10000000000000003 0.20000000000000004")]
    [InlineData("k=range(0.001,-0.001,-0.0003)", "0.001 0.0007000000000000001 0.0004000000000000001 0.0001000000000000001 -0.00019999999999999987 -0.0004999999999999999 -0.0007999999999999998")]
    [InlineData("k=range(5e-324,2e-323,5e-324)", "5e-324 1e-323 1.5e-323")]
    [InlineData("k=range(1e308,1.7e308,3e307)", "1e+308 1.3e+308 1.6e+308")]
    [InlineData("k=sort(range(0,10,3),reverse=true)", "9 6 3 0")]
    [InlineData("k=sort(range(10,0,-3))", "1 4 7 10")]
    [InlineData("k=sort(range(0,1,0.3),reverse=true)", "0.8999999999999999 0.5999999999999999 0.29999999999999993 -5.5511151231248435e-17")]
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

    /// <summary>Expected: <c>decimal.Decimal</c> of Python 3.11, added 999,999 times.</summary>
    [Fact]
    public void A_range_of_floats_is_counted_without_adding_every_step()
    {
        SweepAxis axis = Axis("k=range(0,100000,0.1)")!;
        Assert.Equal(1_000_000, axis.Count);
        Assert.Equal("99999.90000000001", axis[999_999].ToString());
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
    [InlineData("k=range(1e20,2e20,1e-10)", "sweep/range", 3)]
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
