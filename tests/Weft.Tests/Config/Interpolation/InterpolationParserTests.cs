using Weft.Config.Interpolation;
using Weft.Config.Nodes;
using Weft.Config.Resolvers;

namespace Weft.Tests.Config.Interpolation;

public sealed class InterpolationParserTests
{
    [Theory]
    [InlineData("${a", 0, "the interpolation is not closed: expected `}`")]
    [InlineData("x ${a b}", 5, "expected `}`, `.`, `[` or `:` in an interpolation, found a space")]
    [InlineData("${}", 2, "expected a key, found `}`")]
    [InlineData("${a..b}", 4, "expected a key, found `.`")]
    [InlineData("${a.[b]}", 4, "expected a key after `.`, found `[`")]
    [InlineData("${a[b}", 5, "expected `]`, found `}`")]
    [InlineData("${x${k}}", 4, "expected `}`, `.`, `[` or `:` in an interpolation, found `{`")]
    [InlineData("${f:[1,2}", 8, "expected `,` or `]`, found `}`")]
    [InlineData("${f:'a}", 4, "the quote is not closed: expected '")]
    [InlineData("${f:a=b}", 5, "expected `,` or `}`, found `=`")]
    [InlineData("${f:é}", 4, "expected a value, found `é`")]
    [InlineData("${f:{a}}", 6, "expected `:` after a key, found `}`")]
    [InlineData("${f:'a'b}", 7, "expected `,` or `}`, found `b`")]
    [InlineData("${.f:1}", 0, "`${.f` is no name of a resolver: expected letters, digits, `_`, `-` and dots between")]
    public void Errors_say_where_and_what(string text, int start, string message)
    {
        Assert.Null(Interpolated.Parse(text, out GrammarError error));
        Assert.Equal(message, error.Message);
        Assert.Equal(start, error.Start);
    }

    /// <summary>The type of an argument; what is not one token is text.</summary>
    [Theory]
    [InlineData("1", "1", ScalarKind.Int)]
    [InlineData("1_0", "10", ScalarKind.Int)]
    [InlineData("00", "00", ScalarKind.Str)]
    [InlineData("1e3", "1000.0", ScalarKind.Float)]
    [InlineData("+.5", "0.5", ScalarKind.Float)]
    [InlineData("iNf", "inf", ScalarKind.Float)]
    [InlineData("infinity", "infinity", ScalarKind.Str)]
    [InlineData("TRUE", "True", ScalarKind.Bool)]
    [InlineData("Null", "None", ScalarKind.Null)]
    [InlineData("null-x", "null-x", ScalarKind.Str)]
    [InlineData("a b", "a b", ScalarKind.Str)]
    [InlineData("a\\, b", "a, b", ScalarKind.Str)]
    [InlineData("'1'", "1", ScalarKind.Str)]
    [InlineData("'it\\'s'", "it's", ScalarKind.Str)]
    [InlineData("\"a\\\\\"", "a\\", ScalarKind.Str)]
    [InlineData("a:b", "a:b", ScalarKind.Str)]
    public void Arguments_are_typed(string argument, string text, ScalarKind kind)
    {
        ConfigNode? seen = null;
        Resolvers resolvers = Resolvers.Standard(new Dictionary<string, string>()).Add("see", call => seen = call.Arguments[0]);
        var root = new DictConfig();
        root.Put("v", new ValueNode(ConfigReader.OfText("${see: " + argument + " }", null, [])!.Value));
        new Resolution(resolvers).Get(root, Scalar.Of("v"), out _);
        Assert.Equal((kind, text), (seen!.Content.Kind, seen.Content.ToString()));
    }

    [Fact]
    public void Deep_nesting_is_an_error_and_not_a_crash()
    {
        foreach (string open in new[] { "${", "${f:[", "${f:{a:", "${f:\"${f:'" })
        {
            string text = string.Concat(Enumerable.Repeat(open, 20_000));
            Assert.Null(Interpolated.Parse(text.StartsWith("${f", StringComparison.Ordinal) ? text : "${" + text, out GrammarError error));
            Assert.NotEmpty(error.Message);
        }
    }
}
