using Weft.Config.Nodes;
using Weft.Text;

namespace Weft.Tests.Config.Nodes;

public sealed class ConfigWriterTests
{
    /// <summary>Text of PyYAML's emitter, checked against release 6.0.</summary>
    [Theory]
    [InlineData("y", "'y'")]
    [InlineData("1_000", "'1_000'")]
    [InlineData("1e3", "'1e3'")]
    [InlineData("inf", "'inf'")]
    [InlineData("08", "'08'")]
    [InlineData("2001-01-01", "'2001-01-01'")]
    [InlineData("12:30", "'12:30'")]
    [InlineData("None", "None")]
    [InlineData("0o7", "0o7")]
    [InlineData("", "''")]
    [InlineData("~", "'~'")]
    [InlineData("a: b", "'a: b'")]
    [InlineData("it's", "it's")]
    [InlineData("'q'", "'''q'''")]
    [InlineData("a\tb", "\"a\\tb\"")]
    [InlineData("\0", "\"\\0\"")]
    [InlineData("a\n", "'a\n\n  '")]
    [InlineData("é 日本 😀", "é 日本 😀")]
    public void Strings_are_quoted_as_pyyaml_does(string text, string written)
    {
        var dict = new DictConfig();
        dict.Put("v", new ValueNode(Scalar.Of(text)));
        Assert.Equal($"v: {written}\n", dict.ToString());
    }

    [Theory]
    [InlineData(1.0, "1.0")]
    [InlineData(1e16, "1.0e+16")]
    [InlineData(1e15, "1000000000000000.0")]
    [InlineData(0.0001, "0.0001")]
    [InlineData(0.00001, "1.0e-05")]
    [InlineData(1.5e-10, "1.5e-10")]
    [InlineData(123456.789, "123456.789")]
    [InlineData(-0.0, "-0.0")]
    [InlineData(5e-324, "5.0e-324")]
    [InlineData(double.PositiveInfinity, ".inf")]
    [InlineData(double.NaN, ".nan")]
    public void Floats_have_a_dot_and_the_shortest_digits(double value, string written)
    {
        var dict = new DictConfig();
        dict.Put("v", new ValueNode(Scalar.Of(value)));
        Assert.Equal($"v: {written}\n", dict.ToString());
    }

    /// <summary>The parse of a printed value is the value: 5,000 random trees of awkward scalars, long texts and odd keys.</summary>
    [Fact]
    public void What_is_written_is_read_as_the_same()
    {
        const int Seed = 7;
        var random = new Random(Seed);
        for (int i = 0; i < 5_000; i++)
        {
            var root = new DictConfig();
            for (int k = random.Next(1, 4); k > 0; k--)
                root.Put(Scalar.Of(RandomText(random)), RandomNode(random, 0));
            string written = root.ToString();
            var diagnostics = new Diagnostics();
            ConfigNode? read = ConfigReader.Read(new Source("written", written), diagnostics);
            Assert.True(read is not null && Same(root, read), $"seed {Seed}, tree {i}:\n{written}\nread as\n{read}\n{diagnostics.FirstOrDefault()?.Message}");
        }
    }

    /// <summary>10,000 mutations of a document are read or refused.</summary>
    [Fact]
    public void Mutated_documents_never_crash_or_hang()
    {
        const string Document = "a: &x {b: [1, 'two', \"th\\u0072ee\"], c: null}\n? k\n: - <<: *x\n  - |\n   text\n   more\nv: ${a.b[0]}\nw: ???\n# end\n";
        const string Pieces = "{}[]:,-?&*!|>'\"%@`# \t\n$~=<.1ex\0\u0085é";
        const int Seed = 11;
        var random = new Random(Seed);
        for (int i = 0; i < 10_000; i++)
        {
            char[] text = Document.ToCharArray();
            for (int k = random.Next(1, 4); k > 0; k--)
                text[random.Next(text.Length)] = Pieces[random.Next(Pieces.Length)];
            var diagnostics = new Diagnostics();
            ConfigNode? read = ConfigReader.Read(new Source("f.yaml", new string(text)), diagnostics);
            Assert.Equal(read is null, diagnostics.HasErrors);
            _ = read?.ToString();
        }
    }

    private static ConfigNode RandomNode(Random random, int depth)
    {
        int choice = random.Next(depth > 3 ? 6 : 10);
        if (choice >= 8)
        {
            var list = new ListConfig();
            for (int k = random.Next(4); k > 0; k--)
                list.Add(RandomNode(random, depth + 1));
            return list;
        }
        if (choice >= 6)
        {
            var dict = new DictConfig();
            for (int k = random.Next(4); k > 0; k--)
                dict.Put(random.Next(5) == 0 ? Scalar.Of(random.Next(3)) : Scalar.Of(RandomText(random)), RandomNode(random, depth + 1));
            return dict;
        }
        return new ValueNode(choice switch
        {
            0 => Scalar.Of(BitConverter.Int64BitsToDouble(random.NextInt64())),
            1 => Scalar.Of(random.NextInt64()),
            2 => random.Next(3) switch { 0 => Scalar.Null, 1 => Scalar.True, _ => Scalar.Missing },
            _ => Scalar.Of(RandomText(random)),
        });
    }

    private static string RandomText(Random random)
    {
        string[] pieces = ["a", "word ", " ", "\n", ": ", "#", "- ", "'", "\"", "\\", "1", "e3", ".", "true", "é", "😀", "\t", "{", "]", "%", "\u00a0", "\u2028", "\x07", "~", "0x1", "_", "12:30", "$", "?"];
        string text = string.Concat(Enumerable.Range(0, random.Next(random.Next(10) == 0 ? 60 : 5)).Select(_ => pieces[random.Next(pieces.Length)]));
        return text.Replace("${", "$ {", StringComparison.Ordinal).Replace("???", "??", StringComparison.Ordinal);
    }

    private static bool Same(ConfigNode one, ConfigNode other)
    {
        if (one is DictConfig dict)
        {
            return other is DictConfig read && dict.Count == read.Count
                && dict.Zip<ConfigNode, ConfigNode>(read).All(pair => pair.First.Key.Equals(pair.Second.Key) && Same(pair.First, pair.Second));
        }
        if (one is ListConfig list)
            return other is ListConfig read && list.Count == read.Count && list.Zip(read).All(pair => Same(pair.First, pair.Second));
        return one.Content.Equals(other.Content);
    }
}
