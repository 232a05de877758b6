using Weft.Config.Nodes;
using Weft.Text;

namespace Weft.Tests.Config.Nodes;

public sealed class ConfigReaderTests
{
    [Fact]
    public void A_text_on_which_the_scanner_stands_still_is_an_error()
    {
        var diagnostics = new Diagnostics();
        Assert.Null(ConfigReader.Read(new Source("f.yaml", "- each:[ name=b\n  all: c\nx: 1\n"), diagnostics));
        Assert.Equal("yaml/syntax", Assert.Single(diagnostics).Id);
    }

    /// <summary>The scalars whose reading surprises people; the last column is Python's text of the value.</summary>
    [Theory]
    [InlineData("1e3", ScalarKind.Float, "1000.0")]
    [InlineData("1_0e3", ScalarKind.Float, "10000.0")]
    [InlineData(".5", ScalarKind.Float, "0.5")]
    [InlineData("-.5", ScalarKind.Str, "-.5")]
    [InlineData(".5e3", ScalarKind.Str, ".5e3")]
    [InlineData(".5e+3", ScalarKind.Float, "500.0")]
    [InlineData("017", ScalarKind.Int, "15")]
    [InlineData("08", ScalarKind.Str, "08")]
    [InlineData("0o17", ScalarKind.Str, "0o17")]
    [InlineData("0X1F", ScalarKind.Str, "0X1F")]
    [InlineData("0x1f", ScalarKind.Int, "31")]
    [InlineData("0b101", ScalarKind.Int, "5")]
    [InlineData("1_000", ScalarKind.Int, "1000")]
    [InlineData("1_", ScalarKind.Int, "1")]
    [InlineData("1:30", ScalarKind.Int, "90")]
    [InlineData("12:30:45", ScalarKind.Int, "45045")]
    [InlineData("0:0", ScalarKind.Str, "0:0")]
    [InlineData("1:60", ScalarKind.Str, "1:60")]
    [InlineData("1:30.5", ScalarKind.Float, "90.5")]
    [InlineData("1e400", ScalarKind.Float, "inf")]
    [InlineData("-.inf", ScalarKind.Float, "-inf")]
    [InlineData("inf", ScalarKind.Str, "inf")]
    [InlineData("nan", ScalarKind.Str, "nan")]
    [InlineData("None", ScalarKind.Str, "None")]
    [InlineData("~", ScalarKind.Null, "None")]
    [InlineData("nULL", ScalarKind.Str, "nULL")]
    [InlineData("yes", ScalarKind.Bool, "True")]
    [InlineData("yEs", ScalarKind.Str, "yEs")]
    [InlineData("n", ScalarKind.Str, "n")]
    [InlineData("1.10", ScalarKind.Float, "1.1")]
    [InlineData("2021-01-01", ScalarKind.Str, "2021-01-01")]
    [InlineData("123456789012345678901234567890", ScalarKind.Int, "123456789012345678901234567890")]
    [InlineData("'1'", ScalarKind.Str, "1")]
    [InlineData("???", ScalarKind.Missing, "???")]
    [InlineData("${x}", ScalarKind.Interpolation, "${x}")]
    public void Scalars_are_typed_by_yaml_1_1(string written, ScalarKind kind, string text)
    {
        ConfigNode value = Read($"v: {written}\n")["v"]!;
        Assert.Equal(kind, value.Content.Kind);
        Assert.Equal(text, value.Content.ToString());
    }

    [Fact]
    public void Values_and_keys_know_where_they_were_written()
    {
        var dict = Read("a:\n  b: [1, two]\n");
        ConfigNode item = Assert.IsType<ListConfig>(Assert.IsType<DictConfig>(dict["a"])["b"])[1];
        Assert.Equal("f.yaml:2:10", item.At.ToString());
        Assert.Equal("f.yaml:2:3", item.Parent!.KeyAt.ToString());
        Assert.Equal("a.b[1]", item.FullKey);
    }

    [Fact]
    public void Number_keys_may_repeat_and_differ_from_text_keys()
    {
        DictConfig dict = Read("1: a\n'1': b\n1: c\n");
        Assert.Equal(2, dict.Count);
        Assert.Equal("c", dict.Find(Scalar.Of(1))!.Content.Text);
        Assert.Equal("b", dict["1"]!.Content.Text);
    }

    [Theory]
    [InlineData("v: ${a\n", ConfigErrors.Grammar, "f.yaml:1:4")]
    [InlineData("v: x${a..b}\n", ConfigErrors.Grammar, "f.yaml:1:9")]
    [InlineData("null: 1\n", ConfigErrors.WrongKey, "f.yaml:1:1")]
    [InlineData("[1]: a\n", "yaml/key", "f.yaml:1:1")]
    [InlineData("v: !!set {a, b}\n", ConfigErrors.UnsupportedValue, "f.yaml:1:4")]
    [InlineData("v: !foo a\n", "yaml/tag", "f.yaml:1:4")]
    [InlineData("v: =\n", "yaml/tag", "f.yaml:1:4")]
    [InlineData("1\n", ConfigErrors.NotAContainer, "f.yaml:1:1")]
    [InlineData("a: 1\n'a': 2\n", "yaml/duplicate-key", "f.yaml:2:1")]
    public void What_no_configuration_holds_is_diagnosed_with_its_place(string text, string id, string place)
    {
        var diagnostics = new Diagnostics();
        Assert.Null(ConfigReader.Read(new Source("f.yaml", text), diagnostics));
        Assert.Equal((id, place), (diagnostics.First().Id, diagnostics.First().At.ToString()));
    }

    [Fact]
    public void All_errors_of_a_document_are_reported_at_once()
    {
        var diagnostics = new Diagnostics();
        ConfigReader.Read(new Source("f.yaml", "a: ${\nb: ${x\nc: !!set {d}\n"), diagnostics);
        Assert.Equal(3, diagnostics.Count);
    }

    [Theory]
    [InlineData("", "{}\n")]
    [InlineData("abc\n", "abc: null\n")]
    [InlineData("- 1\n- [2]\n", "- 1\n- - 2\n")]
    [InlineData("null\n", "{}\n")]
    public void Documents_that_are_no_map(string text, string yaml)
    {
        var diagnostics = new Diagnostics();
        Assert.Equal(yaml, ConfigReader.Read(new Source("f.yaml", text), diagnostics)!.ToString());
    }

    /// <summary>What PyYAML 6 reads inside brackets, or refuses there.</summary>
    [Theory]
    [InlineData("[-, 0]", "[-, 0]")]
    [InlineData("[-]", "[-]")]
    [InlineData("{-, a: -, b: [1, -]}", "{-: null, a: -, b: [1, -]}")]
    [InlineData("{?\"x\": 1}", "{x: 1}")]
    [InlineData("{a: 1, ?b c: 2, ?d}", "{a: 1, b c: 2, d: null}")]
    [InlineData("[?x: 1, ?\"y, z\" ]", "[{x: 1}, {'y, z': null}]")]
    [InlineData("[a, ? b : c]", "[a, {b: c}]")]
    [InlineData("{\"a\": 1, 'b', c}", "{a: 1, b: null, c: null}")]
    [InlineData("[-1, -a, a-]", "[-1, -a, a-]")]
    public void Inside_brackets_stands_what_PyYAML_reads(string text, string same) =>
        Assert.Equal(ConfigWriter.ToYaml(Read("k: " + same + "\n")), ConfigWriter.ToYaml(Read("k: " + text + "\n")));

    [Theory]
    [InlineData("{\"a\" 1}", 9, "1")]
    [InlineData("[\"a\" \"b\"]", 9, "\"b\"")]
    [InlineData("{a: 1, 'b' c, d: 2}", 15, "c")]
    [InlineData("[[a] b]", 9, "b")]
    [InlineData("[{a: 1} b]", 12, "b")]
    [InlineData("{? \"a\" 1}", 11, "1")]
    [InlineData("[&x \"a\" b]", 12, "b")]
    public void Two_values_side_by_side_inside_brackets_are_an_error(string text, int column, string second)
    {
        var diagnostics = new Diagnostics();
        Assert.Null(ConfigReader.Read(new Source("f.yaml", "k: " + text + "\n"), diagnostics));
        Diagnostic only = Assert.Single(diagnostics);
        Assert.Equal(("yaml/syntax", column, second), (only.Id, only.At!.Value.Position.Column, only.At.Value.Text.ToString()));
    }

    [Theory]
    [InlineData("[- a]")]
    [InlineData("[:]")]
    [InlineData("{,}")]
    [InlineData("[a?b]")]
    [InlineData("{a: ?x}")]
    [InlineData("[?, 1]")]
    [InlineData("[-a")]
    [InlineData("{'a' ")]
    public void What_PyYAML_or_OmegaConf_refuses_inside_brackets_is_refused(string text)
    {
        var diagnostics = new Diagnostics();
        Assert.Null(ConfigReader.Read(new Source("f.yaml", "k: " + text + "\n"), diagnostics));
        Assert.True(diagnostics.HasErrors);
    }

    [Fact]
    public void Places_behind_what_was_read_in_another_way_are_those_of_the_file()
    {
        DictConfig root = Read("a: {?x: 1, ?y: 2, z: [-, 3]}\nb: 4\n");
        Assert.Equal("f.yaml:1:16", ((DictConfig)root["a"]!)["y"]!.At.ToString());
        Assert.Equal("f.yaml:2:4", root["b"]!.At.ToString());
    }

    private static DictConfig Read(string text)
    {
        var diagnostics = new Diagnostics();
        ConfigNode? root = ConfigReader.Read(new Source("f.yaml", text), diagnostics);
        Assert.Empty(diagnostics);
        return Assert.IsType<DictConfig>(root);
    }
}
