using System.Collections.Immutable;
using System.Text;
using Weft.Analysis;
using Weft.Config.Nodes;
using Weft.Text;

namespace Weft.Tests.Analysis;

/// <summary>Lines are cut only where that gives what reading YAML gives.</summary>
public sealed class ConfigLinesTests
{
    private static readonly string[] s_values =
        ["1", "1.0", "-3", "1e-3", "1e3", ".5", "-.5", "0x1f", "0o7", "012", "1_000", "12:30:45", "2026-11-01", "true", "False", "yes", "off", "null", "~", "Null", "nan", ".nan", ".inf", "-.inf",
         "adam", "/data/a b", "a:b", "a: b", "b:", "a #b", "a#b", "#b", "'x'", "'it''s'", "\"x\"", "\"a\\tb\"", "'${x}'", "${model}", "a${model}", "???", "'???'", "[]", "{}", "[1, 2]", "{a: 1}", "&a 1", "*a", "!!str 1",
         "|", ">-", "- 1", "-", "--", "...", "---", "%x", "@x", "`x", "größe", "日本", "😀", "a\u2028b", "a\tb", "", "\u00a0", "null ", "=", "<<", "?", "? a", ",", "a, b", "x]", "'", "''", "\"\"", "+1", "1e400", "123456789012345678901234567890"];

    [Fact]
    public void Every_value_is_as_yaml_reads_it()
    {
        int cut = 0;
        foreach (string value in s_values)
        {
            foreach (string text in (string[])[$"a: {value}\n", $"a:\n- {value}\n- 2\nb: 1\n", $"m:\n  a: {value}\n  b: x\nc: 1", $"a: 1\n{value}: 2\n"])
                cut += Check(text) ? 1 : 0;
        }
        Assert.True(cut > 100, $"only {cut} were cut");
    }

    [Theory]
    [InlineData("")]
    [InlineData("a: 1\n\nb: 2\n")]
    [InlineData("a: 1\n# remark\n")]
    [InlineData("a:\nb: 1\n")]
    [InlineData("a:\n  b:\n    c: 1\n  d: 2\ne: 3\n")]
    [InlineData("a:\n    b: 1\n    c: 2\n")]
    [InlineData("a:\n  b: 1\n c: 2\n")]
    [InlineData("a: 1\n  b: 2\n")]
    [InlineData("a:\n- 1\n- 2\n")]
    [InlineData("a:\n  - 1\n  - 2\nb: 3\n")]
    [InlineData("a:\n- 1\n  - 2\n")]
    [InlineData("a:\n- b: 1\n")]
    [InlineData("a: text that\n  goes on\n")]
    [InlineData("a:\n  text below\n")]
    [InlineData("a: 'open\n  closed'\n")]
    [InlineData("a: 1\na: 2\n")]
    [InlineData("a:\n  b: 1\na:\n  c: 2\n")]
    [InlineData("a.b: 1\na:\n  b: 2\n")]
    [InlineData("1: x\ntrue: y\nnull: z\n")]
    [InlineData("- 1\n- 2\n")]
    [InlineData("---\na: 1\n")]
    [InlineData("a: 1\r\nb: 2\r\n")]
    [InlineData("a:\n  b: {}\n  c: []\n")]
    [InlineData("only text\n")]
    public void Every_shape_is_as_yaml_reads_it(string text) => Check(text);

    [Fact]
    public void What_omegaconf_writes_is_cut()
    {
        const string text = "width: 100\nmodel:\n  name: cnn\n  layers:\n  - 1\n  - 2.0\n  empty: {}\n  none: null\npath: /data/x\ndropout: 0.0\nnote: 'yes'\n";
        Assert.True(Check(text));
        Assert.Equal(["width 100", "model.name \"cnn\"", "model.layers [1,2.0]", "model.empty {}", "model.none null", "path \"/data/x\"", "dropout 0.0", "note \"yes\""],
            new ConfigLines().Cut(Encoding.UTF8.GetBytes(text))!.Value.Select(leaf => $"{leaf.Path} {leaf.Json}"));
    }

    /// <returns>Whether it was cut.</returns>
    private static bool Check(string text)
    {
        if (new ConfigLines().Cut(Encoding.UTF8.GetBytes(text)) is not { } cut)
            return false;
        var problems = new Diagnostics();
        ImmutableArray<Leaf> read = ConfigReader.Read(new Source("config.yaml", text), problems) is DictConfig config ? ConfigFields.Remember(config, Run.NewResolution()) : default;
        Assert.False(problems.HasErrors, $"cut, but no YAML: {text}");
        Assert.False(read.IsDefault, $"cut, but no map: {text}");
        Assert.Equal(read, cut);
        return true;
    }
}
