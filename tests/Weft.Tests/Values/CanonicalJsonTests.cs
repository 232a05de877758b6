using Weft.Values;

namespace Weft.Tests.Values;

public sealed class CanonicalJsonTests
{
    [Theory] // the numbers of RFC 8785, appendix B, and ECMAScript's limits of plain notation
    [InlineData(0.0, "0")]
    [InlineData(1.0, "1")]
    [InlineData(0.001, "0.001")]
    [InlineData(5e-324, "5e-324")]
    [InlineData(1.7976931348623157e308, "1.7976931348623157e+308")]
    [InlineData(9007199254740992.0, "9007199254740992")]
    [InlineData(295147905179352830000.0, "295147905179352830000")]
    [InlineData(1e21, "1e+21")]
    [InlineData(999999999999999900000.0, "999999999999999900000")]
    [InlineData(1e-6, "0.000001")]
    [InlineData(1e-7, "1e-7")]
    [InlineData(9.999999999999997e-7, "9.999999999999997e-7")]
    [InlineData(333333333.33333329, "333333333.3333333")]
    [InlineData(-1.5, "-1.5")]
    public void Numbers_are_written_as_ECMAScript_writes_them(double number, string expected) =>
        Assert.Equal(expected, CanonicalJson.Number(number));

    [Fact]
    public void What_is_written_reads_back_as_the_same_value()
    {
        Value value = Value.MapOf([
            new("b", Value.ListOf([Value.Of(1), Value.Of(0.5), Value.None, Value.Of(true)])),
            new("a", Value.Of("ü \"x\" \u0001\n")),
            new("d", new Value.Duration(TimeSpan.FromSeconds(1.5))),
            new("n", Value.Of(double.NaN)),
            new("f", new Value.Blob(Digest.Of("x"), 1, BlobKind.File)),
        ]);
        Assert.Equal(value, CanonicalJson.Read(CanonicalJson.Write(value)));
    }
}
