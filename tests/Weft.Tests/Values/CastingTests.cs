using Weft.Values;

namespace Weft.Tests.Values;

public sealed class CastingTests
{
    [Theory]
    [InlineData("int")]
    [InlineData("list<map<str?>>")]
    [InlineData("union<int,list<none>>")]
    [InlineData("enum:small|large size")]
    [InlineData("record{lr:float,name:str?,inner:record{x:int}}")]
    [InlineData("file")]
    [InlineData("file:tar.gz")]
    [InlineData("dir:parquet")]
    [InlineData("dataset")]
    [InlineData("dataset:csv[a:int,b:list<str>]")]
    [InlineData("any")]
    public void A_type_reads_back_as_it_is_written(string text)
    {
        TypeExpr type = TypeParser.Parse(text);
        Assert.Equal(type, TypeParser.Parse(type.ToString()));
        Assert.Equal(type.GetHashCode(), TypeParser.Parse(text).GetHashCode());
        Assert.Equal(Castable.Yes, Casting.From(type, type));
    }

    [Theory]
    [InlineData("itn", "there is no type `itn`, did you mean `int`?")]
    [InlineData("list<int", "it ends where `>` was expected")]
    [InlineData("list", "it ends where `<` was expected")]
    [InlineData("int!", "found `!` where the end of the type was expected")]
    [InlineData("record{x}", "found `}` where `:` was expected")]
    [InlineData("record{x:int,x:str}", "the field `x` stands twice")]
    [InlineData("", "it ends where a type was expected")]
    public void What_is_no_type_is_explained(string text, string problem)
    {
        Assert.Null(TypeParser.Parse(text, out string? said));
        Assert.Equal(problem, said);
    }

    [Fact]
    public void Deep_types_are_refused_not_fatal() => Assert.Null(TypeParser.Parse(string.Concat(Enumerable.Repeat("list<", 100_000)), out _));

    [Theory]
    [InlineData("any", "int", Castable.Unproven)]
    [InlineData("int", "any", Castable.Yes)]
    [InlineData("none", "dataset", Castable.Yes)]
    [InlineData("union<int>", "int", Castable.Yes)]
    [InlineData("record{x:int,y:str}", "record{x:int}", Castable.Yes)]
    [InlineData("record{x:int}", "record{x:int,y:str}", Castable.No)]
    [InlineData("record{x:int}", "struct", Castable.Yes)]
    [InlineData("dataset:CSV", "dataset:csv", Castable.Yes)]
    [InlineData("list<str>", "list<enum:a|b>", Castable.Checked)]
    [InlineData("str?", "enum:a|b?", Castable.Checked)]
    [InlineData("file:csv", "dir", Castable.No)]
    public void Types_fit(string up, string down, Castable expected) => Assert.Equal(expected, Casting.From(TypeParser.Parse(up), TypeParser.Parse(down)));

    [Theory]
    [InlineData("int", "1", true)]
    [InlineData("float", "1", false)]
    [InlineData("list<int?>", "[1,null]", true)]
    [InlineData("list<int>", "[1,\"a\"]", false)]
    [InlineData("record{x:int,y:str?}", "{\"x\":1}", true)]
    [InlineData("record{x:int}", "{\"y\":1}", false)]
    [InlineData("enum:a|b", "\"c\"", false)]
    [InlineData("union<int,str>", "\"c\"", true)]
    [InlineData("struct", "{}", true)]
    public void Values_are_checked_against_types(string type, string json, bool accepted) => Assert.Equal(accepted, Casting.Accepts(TypeParser.Parse(type), CanonicalJson.Read(json)));

    [Fact]
    public void Values_read_back_as_they_were_written()
    {
        Value[] values =
        [
            Value.None, Value.Of(true), Value.Of(1L), Value.Of(1.0), Value.Of(1e300), Value.Of(-0.0001), Value.Of(double.NaN), Value.Of(double.NegativeInfinity), Value.Of("ü\n\u0000🧵"), Value.Of("\ud800x"),
            new Value.Int(System.Numerics.BigInteger.Pow(10, 50)), new Value.Time(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero).AddTicks(7)), new Value.Duration(TimeSpan.FromTicks(12345678901)),
            new Value.Blob(Digest.Of("x"), 7, BlobKind.Folder, "s3://b/x"), Value.ListOf([Value.Of(1L), Value.None]),
            Value.MapOf([new("$digest", Value.Of("not one")), new("a", Value.Of(2.5))]), Value.MapOf([new("$map", Value.MapOf([]))]), Value.MapOf([]),
        ];
        foreach (Value value in values.Append(Value.ListOf(values)))
        {
            using var stream = new MemoryStream();
            using (var json = new System.Text.Json.Utf8JsonWriter(stream))
                ValueJson.Write(json, value);
            using var document = System.Text.Json.JsonDocument.Parse(stream.ToArray());
            Value back = ValueJson.Read(document.RootElement);
            Assert.Equal(value, back);
            Assert.Equal(CanonicalJson.Write(value), CanonicalJson.Write(back));
        }
    }
}
