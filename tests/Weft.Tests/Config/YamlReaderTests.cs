using Weft.Config.Yaml;
using Weft.Text;

namespace Weft.Tests.Config;

public sealed class YamlReaderTests
{
    [Fact]
    public void Nodes_carry_their_place()
    {
        YamlMapping root = Read("a: 1\nb:\n  - x\n  - 'y z'\n");
        YamlScalar item = Assert.IsType<YamlScalar>(Assert.IsType<YamlSequence>(root["b"]).Items[1]);
        Assert.Equal("y z", item.Text);
        Assert.False(item.IsPlain);
        Assert.Equal("f.yaml:4:5", item.At.ToString());
    }

    [Fact]
    public void Merge_keys_come_first_and_own_keys_win()
    {
        YamlMapping root = Read("base: &b {x: 1, y: 2}\nd:\n  z: 3\n  <<: *b\n  y: 4\n");
        var keys = Assert.IsType<YamlMapping>(root["d"]).Entries.Select(e => ((YamlScalar)e.Key).Text + "=" + ((YamlScalar)e.Value).Text);
        Assert.Equal(["x=1", "y=4", "z=3"], keys);
    }

    [Theory]
    [InlineData("a: 1\na: 2\n", "yaml/duplicate-key", "f.yaml:2:1")]
    [InlineData("a: [1, 2\nb: 3\n", "yaml/syntax", null)]
    [InlineData("a:\n\t- b\n", "yaml/syntax", null)]
    [InlineData("a: *x\n", "yaml/unknown-alias", "f.yaml:1:4")]
    [InlineData("a: &x [*x]\n", "yaml/recursive-alias", "f.yaml:1:8")]
    public void Broken_documents_are_diagnosed_with_their_place(string text, string id, string? place)
    {
        var diagnostics = new Diagnostics();
        YamlReader.Read(new Source("f.yaml", text), diagnostics);
        Diagnostic first = diagnostics.First();
        Assert.Equal(id, first.Id);
        if (place is not null)
            Assert.Equal(place, first.At.ToString());
    }

    [Fact]
    public void An_alias_bomb_is_refused_before_anything_walks_it()
    {
        string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
        for (int i = 1; i < 12; i++)
            text += $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n";
        var diagnostics = new Diagnostics();
        Assert.Null(YamlReader.Read(new Source("f.yaml", text), diagnostics));
        Assert.Equal("yaml/too-large", diagnostics.Single().Id);
    }

    [Fact]
    public void Depth_is_limited()
    {
        var diagnostics = new Diagnostics();
        Assert.Null(YamlReader.Read(new Source("f.yaml", new string('[', 100_000)), diagnostics));
        Assert.Equal("yaml/too-deep", diagnostics.Single().Id);
    }

    [Theory]
    [InlineData("jobs:\n  :\n    run-& echo\n")]
    [InlineData("a: [b\nc:\n  d: 1\n")]
    public void A_document_that_the_parser_leaves_in_the_middle_is_an_error(string text)
    {
        var diagnostics = new Diagnostics();
        Assert.Null(YamlReader.Read(new Source("f.yaml", text), diagnostics));
        Assert.Equal("yaml/syntax", diagnostics.Single().Id);
    }

    private static YamlMapping Read(string text)
    {
        var diagnostics = new Diagnostics();
        YamlNode? root = YamlReader.Read(new Source("f.yaml", text), diagnostics);
        Assert.Empty(diagnostics);
        return Assert.IsType<YamlMapping>(root);
    }
}
